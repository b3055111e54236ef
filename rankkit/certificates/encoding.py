"""Numbers in certificates as JSON values that lose no bit."""

from __future__ import annotations

import base64
from fractions import Fraction
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker import files


def encode(values: FloatArray) -> dict[str, Any]:
    """Return an array as JSON: little-endian float64 numbers in base64, and their shape."""
    return {"float64": base64.b64encode(values.astype("<f8").tobytes()).decode(), "shape": list(values.shape)}


def array(field: Any) -> FloatArray:
    """Read an array back."""
    return np.asarray(field, dtype=np.float64) if isinstance(field, np.ndarray) else files.decode(field)


def hexadecimal(w: Fraction | float) -> str:
    """Return a weight as JSON: a float, or a fraction of two integers, in hexadecimal."""
    return f"{w.numerator:x}/{w.denominator:x}" if isinstance(w, Fraction) else float(w).hex()


def frozen(values: FloatArray) -> FloatArray:
    """Return a read-only copy in float64."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy
