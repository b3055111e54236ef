"""GGUF files: float tensors, and Q8_0, whose values (16-bit scale x 8-bit integer) are exact in float32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import IO, Any

import numpy as np

from rankkit.arrays import Array
from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored, bfloat16, byte_count, packed, size, take_at

_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?"}
_SCALARS |= {10: "<u8", 11: "<i8", 12: "<f8"}

_FLOATS = {0: "F32", 1: "F16", 28: "F64", 30: "BF16"}
_Q8_0, _Q8_0_BLOCK = 8, 32
_PACKED = {
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
}


def tensors(file: IO[bytes]) -> dict[str, Stored]:
    """Return the tensors of a GGUF file by name."""
    reader = _Reader(file, size(file))
    counts = _start(reader)
    metadata = _metadata(reader, counts[1])
    entries = [_entry(reader) for _ in range(reader.count(counts[0], at_least=24))]
    align = metadata.get("general.alignment", 32)
    if type(align) is not int or align < 1:
        raise LoadError(f"its alignment is {align!r}; wanted a positive integer")
    start = -(-reader.at // align) * align
    out: dict[str, Stored] = {}
    for name, shape, kind, offset in entries:
        if name in out:
            raise LoadError(f"it holds the tensor {name!r} twice")
        out[name] = _stored(reader, name, shape, kind, start + offset)
    return out


def metadata(file: IO[bytes]) -> dict[str, Any]:
    """Return the file's key-value pairs; arrays become lists."""
    reader = _Reader(file, size(file))
    return _metadata(reader, _start(reader)[1])


@dataclass
class _Reader:
    """Reads forward, and never more than the file holds."""

    file: IO[bytes]
    total: int
    at: int = 0

    def count(self, n: int, at_least: int) -> int:
        """Return ``n`` if that many items of ``at_least`` bytes can still follow."""
        if n * at_least > self.total - self.at:
            raise LoadError(
                f"it claims {n:,} more items at byte {self.at:,} than its {self.total:,} bytes can hold"
            )
        return n

    def bytes(self, n: int) -> bytes:
        self.at += self.count(n, at_least=1)
        return self.file.read(n)

    def number(self, dtype: str) -> Any:
        return self.numbers(dtype, 1)[0]

    def numbers(self, dtype: str, n: int) -> list[Any]:
        return np.frombuffer(self.bytes(n * np.dtype(dtype).itemsize), dtype).tolist()

    def string(self) -> str:
        return self.bytes(int.from_bytes(self.bytes(8), "little")).decode("utf-8", "replace")


def _start(reader: _Reader) -> tuple[int, int]:
    reader.file.seek(0)
    if reader.bytes(min(4, reader.total)) != b"GGUF":
        raise LoadError("it does not start like a GGUF file")
    version = reader.number("<u4")
    if version not in (2, 3):
        raise LoadError(f"it is GGUF version {version}; wanted 2 or 3, little-endian")
    return reader.number("<u8"), reader.number("<u8")


def _metadata(reader: _Reader, pairs: int) -> dict[str, Any]:
    out = {}
    for _ in range(reader.count(pairs, at_least=13)):
        key = reader.string()
        out[key] = _value(reader, reader.number("<u4"))
    return out


def _value(reader: _Reader, kind: int) -> Any:
    if kind == _STRING:
        return reader.string()
    if kind == _ARRAY:
        inner, n = reader.number("<u4"), reader.number("<u8")
        if inner == _STRING:
            return [reader.string() for _ in range(reader.count(n, at_least=8))]
        if inner in _SCALARS:
            return reader.numbers(_SCALARS[inner], reader.count(n, at_least=1))
        raise LoadError(f"its metadata holds an array of type {inner}, which is not read here")
    if kind not in _SCALARS:
        raise LoadError(f"its metadata holds a value of unknown type {kind}")
    return reader.number(_SCALARS[kind])


def _entry(reader: _Reader) -> tuple[str, tuple[int, ...], int, int]:
    name = reader.string()
    axes = reader.number("<u4")
    if axes > 8:
        raise LoadError(f"tensor {name!r} claims {axes:,} axes")
    shape = tuple(reader.numbers("<u8", axes)[::-1])  # GGUF writes the fastest axis first
    return name, shape, reader.number("<u4"), reader.number("<u8")


def _stored(reader: _Reader, name: str, shape: tuple[int, ...], kind: int, offset: int) -> Stored:
    if kind == _Q8_0 and shape and shape[-1] % _Q8_0_BLOCK == 0:
        word, need = "Q8_0", byte_count(shape, "u1") // _Q8_0_BLOCK * 34
        read: Any = partial(_read_q8_0, reader.file, offset, shape)
    elif kind in _FLOATS:
        word = _FLOATS[kind]
        dtype = bfloat16() if word == "BF16" else f"<f{int(word[1:]) // 8}"
        need = byte_count(shape, dtype)
        read = partial(take_at, reader.file, offset, shape, dtype)
    else:
        word, need = _PACKED.get(kind, f"type {kind}"), 0
        read = packed(word, also=" and Q8_0")
    if offset + need > reader.total:
        held = f"the file has {reader.total:,}; it was cut short"
        raise LoadError(f"tensor {name!r} needs {need:,} bytes at {offset:,} but {held}")
    return Stored(name, shape, word, read)


def _read_q8_0(file: IO[bytes], offset: int, shape: tuple[int, ...]) -> Array:
    blocks = byte_count(shape, "u1") // _Q8_0_BLOCK
    raw = take_at(file, offset, (blocks,), np.dtype([("scale", "<f2"), ("q", "i1", _Q8_0_BLOCK)]))
    with np.errstate(invalid="ignore"):  # an infinite scale is found where all numbers are checked
        return (raw["scale"].astype(np.float32)[:, None] * raw["q"]).reshape(shape)
