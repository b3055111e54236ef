"""A tensor that is described but not yet read, and the one way to read numbers from a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from rankkit.arrays import Array
from rankkit.errors import LoadError

_CHUNK = 16 * 2**20


@dataclass(frozen=True)
class Stored:
    """One tensor of a file.

    ``dtype`` is the format's own word for it. ``read`` returns the numbers, or is why they are refused.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] | str

    def __str__(self) -> str:
        return f"{self.name}  {' x '.join(f'{n:,}' for n in self.shape)}  {self.dtype}"

    def numbers(self) -> Array:
        """Read the tensor, exactly as stored."""
        if isinstance(self.read, str):
            raise LoadError(f"tensor {self.name!r} cannot be taken: {self.read}")
        return self.read()


def packed(dtype: str, also: str = "") -> str:
    """Return why a packed tensor is refused; ``also`` names what else its format can give exactly."""
    return (
        f"it is stored as {dtype}, whose numbers mean something only with scales kept elsewhere; "
        f"only BF16, F16, F32, F64{also} are exact in float64: dequantise it first"
    )


def size(file: IO[bytes]) -> int:
    """Return the number of bytes in ``file``."""
    return file.seek(0, 2)


def byte_count(shape: Iterable[int], dtype: Any) -> int:
    """Return the bytes that ``shape`` takes, as a Python integer that cannot wrap around."""
    return math.prod(shape) * np.dtype(dtype).itemsize


def take(file: IO[bytes], shape: tuple[int, ...], dtype: Any) -> Array:
    """Read numbers from where ``file`` stands; the caller has checked that they are there."""
    raw = np.empty(byte_count(shape, dtype), np.uint8)
    view = raw.data
    done = 0
    while done < len(raw):
        got = file.readinto(view[done : done + _CHUNK])  # type: ignore[attr-defined]
        if not got:
            raise LoadError(f"it ends after {done:,} of a tensor's {len(raw):,} bytes; it was cut short")
        done += got
    try:
        return raw.view(dtype).reshape(shape)
    except (ValueError, OverflowError):  # an empty shape may still have an axis that NumPy cannot count
        raise LoadError(f"its shape {shape} is no array's") from None


def take_at(file: IO[bytes], offset: int, shape: tuple[int, ...], dtype: Any) -> Array:
    """Read numbers that start at byte ``offset``."""
    file.seek(offset)
    return take(file, shape, dtype)


def bfloat16() -> Any:
    """Return NumPy's bfloat16 dtype."""
    import ml_dtypes

    return ml_dtypes.bfloat16
