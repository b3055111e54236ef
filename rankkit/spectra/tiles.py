"""The wanted matrix, a block at a time: f is applied while a tile of logits is in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.spectra.source import Source, log_sum_exp

#: Entries of a tile, and bytes of a block.
TILE, BLOCK = 2**18, 2**26


@dataclass(frozen=True)
class Gauge:
    """What is taken off the scores: ``unit`` times what is left is of size 1.

    Attributes
    ----------
    rows : numpy.ndarray (contexts, 1)
        Row means, log-normalisers, or zeros.
    columns : numpy.ndarray (classes,)
        Column means of what is left, or zeros.
    unit : float
        A power of two.
    removed : float
        If centred: bound on the norm of what was taken off, in the same unit.
    """

    rows: FloatArray
    columns: FloatArray
    unit: float
    removed: float

    @classmethod
    def of(cls, source: Source, center: str | None) -> Gauge:
        """Look at the scores once, block by block."""
        contexts, classes = source.shape
        rows, columns, largest = np.zeros((contexts, 1)), np.zeros(classes), 0.0
        for cut in arrays.row_blocks(contexts, 8 * classes, BLOCK // 4):
            block = source.rows(cut)
            size = power_of_two(float(np.abs(block).max()))
            largest = max(largest, size)
            if center is not None:
                block /= size
                means = block.mean(axis=1, keepdims=True)
                rows[cut] = means * size
                if center == "both":
                    block -= means
                    columns += block.sum(axis=0) / contexts * size
            elif source.normalised:
                rows[cut, 0] = log_sum_exp(block)
        unit = 1 / power_of_two(max(largest, float(np.abs(rows).max())))
        removed = 0.0
        if center is not None:
            removed = float(np.linalg.norm(rows * unit)) * np.sqrt(classes)
            removed += float(np.linalg.norm(columns * unit)) * np.sqrt(contexts)
        return cls(rows, columns, unit, removed)

    def blocks(self, source: Source, dtype: type[np.floating[Any]]) -> Iterator[Array]:
        """Yield the matrix times ``unit`` as (min(shape), some) blocks; the next overwrites the last."""
        tall = source.shape[0] > source.shape[1]
        short, long = sorted(source.shape)
        width = max(1, min(long, BLOCK // (np.dtype(dtype).itemsize * short)))
        height = max(1, TILE // width)
        buffer = np.empty((width, short) if tall else (short, width), dtype=dtype)
        for start in range(0, long, width):
            some = slice(start, min(start + width, long))
            here = slice(0, some.stop - start)
            for first in range(0, short, height):
                every = slice(first, min(first + height, short))
                rows, cols = (some, every) if tall else (every, some)
                tile = source.tile(rows, cols)
                tile *= self.unit
                tile -= self.rows[rows] * self.unit
                tile -= self.columns[cols] * self.unit
                buffer[(here, every) if tall else (every, here)] = tile
            yield buffer[here].T if tall else buffer[:, here]


def power_of_two(size: float) -> float:
    """Return a power of two near ``size`` (1 for zero), so that scaling by it rounds nothing."""
    return float(2.0 ** int(np.clip(np.frexp(size)[1], -1000, 1000))) if size > 0 else 1.0
