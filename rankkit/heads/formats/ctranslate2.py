"""CTranslate2's model.bin, version 6: named arrays one after the other, then aliases."""

from __future__ import annotations

from functools import partial
from typing import IO

from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored, byte_count, packed, size, take_at

VERSION = 6
_TYPES = {0: ("F32", "<f4"), 1: ("I8", "i1"), 2: ("I16", "<i2"), 3: ("I32", "<i4"), 4: ("F16", "<f2")}
_EXACT = ("F32", "F16")


def tensors(file: IO[bytes]) -> dict[str, Stored]:
    """Return the variables of a model by name, aliases included."""
    total = size(file)
    file.seek(0)
    version = _number(file, 4)
    if version != VERSION:
        raise LoadError(f"it is no CTranslate2 model of version {VERSION} (its first number is {version})")
    _string(file)
    _number(file, 4)
    out: dict[str, Stored] = {}
    for _ in range(_number(file, 4)):
        stored, end = _variable(file)
        if end > total:
            raise LoadError(f"variable {stored.name!r} ends at byte {end:,} of {total:,}; it was cut short")
        out[stored.name] = stored
        file.seek(end)
    for _ in range(_number(file, 4) if file.tell() < total else 0):
        alias, name = _string(file), _string(file)
        if name not in out:
            raise LoadError(f"alias {alias!r} stands for {name!r}, which is not there")
        out[alias] = out[name]
    return out


def _variable(file: IO[bytes]) -> tuple[Stored, int]:
    name = _string(file)
    shape = tuple(_number(file, 4) for _ in range(_number(file, 1)))
    kind, held = _number(file, 1), _number(file, 4)
    start = file.tell()
    if kind not in _TYPES:
        raise LoadError(f"variable {name!r} has the unknown type {kind}")
    word, dtype = _TYPES[kind]
    if byte_count(shape, dtype) != held:
        raise LoadError(f"variable {name!r}, {word} of shape {shape}, holds {held:,} bytes")
    read = partial(take_at, file, start, shape, dtype) if word in _EXACT else packed(word)
    return Stored(name, shape, word, read), start + held


def _number(file: IO[bytes], width: int) -> int:
    return int.from_bytes(_bytes(file, width), "little")


def _string(file: IO[bytes]) -> str:
    return _bytes(file, _number(file, 2)).rstrip(b"\0").decode("utf-8", "replace")


def _bytes(file: IO[bytes], n: int) -> bytes:
    out = file.read(n)
    if len(out) < n:
        raise LoadError("it ends in the middle of its header")
    return out
