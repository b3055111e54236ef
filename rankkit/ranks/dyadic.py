"""Floating-point arrays as the exact integers over a power of two that they are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from rankkit.arrays import Array, IntArray, widen


@dataclass(frozen=True)
class Dyadic:
    """The matrix ``whole * 2**exponent``, exactly; ``whole`` is a ``flint.fmpz_mat``."""

    whole: Any
    exponent: int

    @classmethod
    def of(cls, array: Array) -> Dyadic:
        """Take a two-dimensional float array exactly."""
        import flint

        values = widen(array)
        mantissa, exponent = np.frexp(values)
        digits = (mantissa * 2.0**53).astype(np.int64)  # exact: a float64 has 53 significant bits
        trailing = _trailing_zeros(digits)
        digits, exponent = digits >> trailing, exponent - 53 + trailing
        used = digits != 0
        low = int(exponent[used].min()) if used.any() else 0
        shift = np.where(used, exponent - low, 0)
        whole = [int(m) << int(s) for m, s in zip(digits.ravel(), shift.ravel(), strict=True)]
        return cls(flint.fmpz_mat(*values.shape, whole), low)

    def product(self, other: Dyadic) -> Dyadic:
        """Return ``self @ other.T``."""
        return Dyadic(self.whole * other.whole.transpose(), self.exponent + other.exponent)

    def row_maxima(self) -> Dyadic:
        """Return the largest number of each row, as a matrix of one column."""
        import flint

        return Dyadic(flint.fmpz_mat([[max(row)] for row in self.whole.tolist()]), self.exponent)

    def rows(self) -> list[list[int]]:
        """Return the integers as nested lists; multiply by 2**exponent for the numbers."""
        return [[int(a) for a in row] for row in self.whole.tolist()]

    def fractions(self) -> list[list[Fraction]]:
        """Return the numbers as nested lists of rationals."""
        up, down = max(self.exponent, 0), max(-self.exponent, 0)
        return [[Fraction(a << up, 1 << down) for a in row] for row in self.rows()]


def _trailing_zeros(digits: IntArray) -> IntArray:
    lowest = np.where(digits == 0, 1, digits & -digits)
    return np.frexp(lowest.astype(np.float64))[1].astype(np.int64) - 1
