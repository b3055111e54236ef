"""Numbers in certificates as JSON values that lose no bit."""

from __future__ import annotations

import base64
from fractions import Fraction
from typing import Any

import numpy as np

from rankkit.arrays import Array, FloatArray, widen
from rankkit.certificates.checker import files
from rankkit.certificates.checker.exact import Integers


def encode(values: FloatArray) -> dict[str, Any]:
    """Return an array as JSON: little-endian float64 numbers in base64, and their shape."""
    return {"float64": base64.b64encode(values.astype("<f8").tobytes()).decode(), "shape": list(values.shape)}


def integers(values: Integers) -> dict[str, Any]:
    """Return a matrix of integers as JSON: hexadecimal, with blanks between, and its shape."""
    return {"integers": " ".join(f"{a:x}" for a in values.ravel().tolist()), "shape": list(values.shape)}


def array(field: Any) -> FloatArray:
    """Read an array back."""
    return np.asarray(field, dtype=np.float64) if isinstance(field, np.ndarray) else files.decode(field)


def hexadecimal(w: Fraction | float) -> str:
    """Return a weight as JSON: a float, or a fraction of two integers, in hexadecimal."""
    return f"{w.numerator:x}/{w.denominator:x}" if isinstance(w, Fraction) else float(w).hex()


def read_only(values: Array) -> FloatArray:
    """Return the same numbers in float64, read-only; those that are so already are not copied."""
    if values.dtype == np.float64 and not values.flags.writeable:
        return values
    return frozen(widen(values))


def frozen(values: FloatArray) -> FloatArray:
    """Return a read-only copy in float64."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy
