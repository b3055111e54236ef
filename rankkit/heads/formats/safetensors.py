"""Safetensors files: a JSON header, then the bytes."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from itertools import pairwise
from typing import IO, Any

from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored, bfloat16, byte_count, packed, size, take_at

#: Longest header that the format allows.
HEADER_LIMIT = 100_000_000

_EXACT = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8}
_BITS |= {"U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8}


def tensors(file: IO[bytes]) -> dict[str, Stored]:
    """Return the tensors of a safetensors file by name, after checking that they tile the file exactly."""
    total = size(file)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if total < 8 or length > min(HEADER_LIMIT, total - 8):
        raise LoadError(
            f"its header claims {length:,} bytes of {total:,}; it is no safetensors file, or was cut short"
        )
    header = _json(file.read(length))
    header.pop("__metadata__", None)
    spans = {name: _span(name, entry) for name, entry in header.items()}
    _require_tiling(spans, total - 8 - length)
    return {name: _stored(file, name, entry, 8 + length + spans[name][0]) for name, entry in header.items()}


def _json(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_once)
    except LoadError:
        raise
    except (ValueError, RecursionError):
        raise LoadError("its safetensors header is not JSON") from None
    if not isinstance(header, dict):
        raise LoadError("its safetensors header is no table of tensors")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise LoadError(f"its header holds the name {name!r} twice")
    return out


def _span(name: str, entry: Any) -> tuple[int, int]:
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise LoadError(f"tensor {name!r} lacks dtype, shape or data_offsets") from None
    sane = (
        type(dtype) is str and type(shape) is list and all(type(n) is int and n >= 0 for n in [*shape, start])
    )
    if not sane:
        raise LoadError(f"tensor {name!r} has no sensible dtype, shape or offset")
    bits = _BITS.get(dtype)
    need = None if bits is None else byte_count(shape, "u1") * bits // 8
    if type(stop) is not int or stop < start or need not in (None, stop - start):
        raise LoadError(
            f"tensor {name!r}, {dtype} of shape {shape}, needs {need} bytes but spans {start} to {stop}"
        )
    return start, stop


def _require_tiling(spans: dict[str, tuple[int, int]], room: int) -> None:
    marks = [(0, 0), *sorted(spans.values()), (room, room)]
    for (_, stop), (start, _) in pairwise(marks):
        if start != stop:
            what = "overlap" if start < stop else "leave a gap"
            raise LoadError(
                f"its tensors {what} at byte {min(start, stop):,} of {room:,}: it is damaged or was cut short"
            )


def _stored(file: IO[bytes], name: str, entry: dict[str, Any], offset: int) -> Stored:
    word, shape = entry["dtype"], tuple(entry["shape"])
    if word != "BF16" and word not in _EXACT:
        return Stored(name, shape, word, packed(word))
    dtype = bfloat16() if word == "BF16" else _EXACT[word]
    return Stored(name, shape, word, partial(take_at, file, offset, shape, dtype))
