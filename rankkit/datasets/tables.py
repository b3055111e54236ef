"""Weights that a package keeps in 8 bits with scales of its own, decoded to float32 as the package does."""

from __future__ import annotations

from functools import partial
from typing import IO

import numpy as np

from rankkit.arrays import Array
from rankkit.heads.formats import npy, onnx
from rankkit.heads.formats.stored import Stored


def interleaved(file: IO[bytes]) -> dict[str, Stored]:
    """Return the table that is dealt out over ``q1`` ... ``qK``: row i is in block i mod K."""
    found = npy.members(file)
    blocks = [found[f"q{k + 1}"] for k in range(found["scale"].shape[0])]
    rows, d = blocks[0].shape
    read = partial(_deal, blocks, found["scale"], found["lo"])
    return {"table": Stored("table", (len(blocks) * rows, d), "U8", read)}


def _deal(blocks: list[Stored], scale: Stored, low: Stored) -> Array:
    scales, lows = scale.numbers(), low.numbers()
    rows, d = blocks[0].shape
    table = np.empty((len(blocks) * rows, d), np.float32)
    for k, block in enumerate(blocks):
        table[k :: len(blocks)] = block.numbers() * scales[k] + lows[k]
    return table


def quantised(file: IO[bytes]) -> dict[str, Stored]:
    """Return a graph's tensors; ``X_quantized``, ``X_scale`` and ``X_zero_point`` become ``X``."""
    from onnx import numpy_helper

    found = onnx.tensors(file)
    raw = {tensor.name: tensor for tensor in onnx.parse(file).graph.initializer}
    for whole in [name for name in raw if name.endswith("_quantized")]:
        name = whole.removesuffix("_quantized")

        def read(q: str = whole, scale: str = f"{name}_scale", zero: str = f"{name}_zero_point") -> Array:
            part = [numpy_helper.to_array(raw[key]).astype(np.float32) for key in (q, zero, scale)]
            return (part[0] - part[1]) * part[2]

        found[name] = Stored(name, tuple(raw[whole].dims), "U8", read)
    return found
