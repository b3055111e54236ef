"""NumPy's .npy and .npz files, without pickle and without trusting a header."""

from __future__ import annotations

import ast
import lzma
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import IO

import numpy as np

from rankkit.arrays import Array
from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored, byte_count, size, take

#: What a header may take: an array of numbers needs about 100 bytes.
HEADER_LIMIT = 10_000

#: A member that unpacks to more than this, and to this many times its packed size, is taken for a zip bomb.
BOMB_BYTES = 64 * 2**20
BOMB_RATIO = 200

_Layout = tuple[tuple[int, ...], bool, np.dtype]  # shape, Fortran order, dtype

_ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,  # a compression method or zip version that Python lacks
    RuntimeError,  # an encrypted member
)


def tensors(file: IO[bytes]) -> dict[str, Stored]:
    """Return the one array of a .npy file, under the name ``array``."""
    total = size(file)
    file.seek(0)
    layout = _header(file)
    start = file.tell()

    def read() -> Array:
        file.seek(start)
        return _numbers(file, layout)

    return {"array": _stored("array", layout, total - start, read)}


def members(file: IO[bytes]) -> dict[str, Stored]:
    """Return the arrays of a .npz file by name."""
    try:
        archive = zipfile.ZipFile(file)
        out: dict[str, Stored] = {}
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name == info.filename:
                continue
            if name in out:
                raise LoadError(f"it holds the array {name!r} twice")
            out[name] = _member(archive, info, name)
    except LoadError:
        raise
    except _ZIP_TROUBLE as error:
        raise LoadError(f"it is not a sound .npz file ({error})") from None
    if not out:
        raise LoadError("it is a zip file without .npy members, so no .npz file")
    return out


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Stored:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise LoadError(f"member {info.filename!r} is compressed in a way that NumPy does not write")
    if info.file_size > max(BOMB_BYTES, BOMB_RATIO * info.compress_size):
        raise LoadError(
            f"member {info.filename!r} would unpack {info.compress_size:,} bytes into {info.file_size:,}; "
            "weights never shrink that much. If it is genuine, save it again with numpy.savez"
        )
    with archive.open(info) as opened:
        layout = _header(opened)
        start = opened.tell()
    read = partial(_read_member, archive, info, start, layout)
    return _stored(name, layout, info.file_size - start, read)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, start: int, layout: _Layout) -> Array:
    try:
        with archive.open(info) as opened:
            opened.read(start)
            array = _numbers(opened, layout)
            opened.read(1)  # the checksum is compared at the end of the member
    except LoadError:
        raise
    except _ZIP_TROUBLE as error:
        raise LoadError(f"member {info.filename!r} is damaged ({error})") from None
    return array


def _header(file: IO[bytes]) -> _Layout:
    start = file.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY":
        raise LoadError("it does not start like a .npy file")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > HEADER_LIMIT:
        raise LoadError(f"its .npy header claims {length:,} bytes; no array needs {HEADER_LIMIT:,}")
    text = file.read(length)
    if len(text) < length:
        raise LoadError("its .npy header is cut short")
    try:
        with warnings.catch_warnings():  # Python's parser warns about odd literals; they are refused below
            warnings.simplefilter("ignore")
            fields = ast.literal_eval(text.decode("latin1").strip())
            descr, fortran, shape = fields["descr"], fields["fortran_order"], fields["shape"]
            dtype = np.dtype(descr) if isinstance(descr, str) else None
    except (SyntaxError, ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError):
        raise LoadError("its .npy header cannot be read") from None
    if dtype is None or dtype.fields or dtype.shape or not dtype.itemsize:
        raise LoadError("it holds a structured array; wanted a plain array of numbers")
    sane = type(fortran) is bool and type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape)
    if not sane:
        raise LoadError("its .npy header gives no sensible shape")
    return shape, fortran, dtype


def _numbers(file: IO[bytes], layout: _Layout) -> Array:
    shape, fortran, dtype = layout
    return take(file, shape[::-1], dtype).T if fortran else take(file, shape, dtype)


def _stored(name: str, layout: _Layout, held: int, read: Callable[[], Array]) -> Stored:
    shape, _, dtype = layout
    if dtype.hasobject:
        why = "it holds Python objects, which NumPy stores as pickle, and pickle can run code; save numbers"
        return Stored(name, shape, "object", why)
    if byte_count(shape, dtype) != held:
        claimed = f"{byte_count(shape, dtype):,} bytes of numbers"
        raise LoadError(f"the header of {name!r} claims {claimed} but the file holds {held:,}")
    if dtype.kind == "V":
        why = "NumPy forgets dtypes such as bfloat16 and float8 when it saves them; save it as float32"
        return Stored(name, shape, str(dtype), why)
    return Stored(name, shape, str(dtype), read)
