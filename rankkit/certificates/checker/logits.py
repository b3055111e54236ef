"""Logits H W^T + b in three ways: as residues modulo a number, rounded with a bound, and exactly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .exact import Floats, digits, integers
from .modular import Residues, as_residues, multiply, product, scalar

UNIT, SMALLEST = 2.0**-53, 2.0**-1074


def residue(q: Fraction, p: int) -> float:
    return scalar(q.numerator * pow(q.denominator, -1, p), p)


def residues(array: Floats, n: int) -> tuple[Residues, int]:
    """Return K modulo n < 2**61 and an exponent e with ``array == K * 2**e`` for whole numbers K."""
    whole, shift, e = digits(array)
    powers = as_residues([pow(2, s, n) for s in range(int(shift.max(initial=0)) + 1)], n)
    return multiply(as_residues(whole, n), powers[shift], n), e


class Logits(NamedTuple):
    """Logits H W^T; a bias is a last column of W beside ones in H."""

    H: Floats
    W: Floats

    @classmethod
    def of(cls, H: Floats, W: Floats, b: Floats | None) -> Logits:
        if b is None:
            return cls(H, W)
        return cls(np.column_stack([H, np.ones(len(H))]), np.column_stack([W, b]))

    def whole(self, n: int) -> tuple[Residues, int]:
        """Return K modulo n and e: the logits are K * 2**e."""
        (left, e), (right, g) = residues(self.H, n), residues(self.W, n)
        return product(left, np.ascontiguousarray(right.T), n), e + g

    def modulo(self, p: int) -> Residues:
        """Return the logits modulo an odd prime."""
        whole, e = self.whole(p)
        return multiply(whole, residue(Fraction(2) ** e, p), p)

    def exactly(self, i: int, j: int) -> Fraction:
        """Return one logit."""
        (h, e), (w, g) = integers(self.H[i]), integers(self.W[j])
        return Fraction(int(h @ w)) * Fraction(2) ** (e + g)

    def rounded(self) -> tuple[Floats, Floats]:
        """Return the logits in float64, and a bound on each one's error; infinite where they overflow."""
        with np.errstate(over="ignore", invalid="ignore"):
            out = self.H @ self.W.T
            if self._short():  # every sum is a whole number below 2**53, in units of one power of two
                return out, np.zeros_like(out)
            # a product of width r errs by at most r u |h||w|, and by r times the smallest number where terms
            # underflow; twice that covers the norms and sums here, which square nothing
            h, w = (np.hypot.reduce(X, axis=1) for X in (self.H, self.W))
            error = UNIT * np.outer(h, w) + SMALLEST * np.outer(h > 0, w > 0)
            error *= 2 * (self.H.shape[1] + 4)
        error[~np.isfinite(out) | ~np.isfinite(error)] = np.inf
        return np.nan_to_num(out), error

    def _short(self) -> bool:
        """Whether float64 products are exact: few bits in all, and nothing near the ends of the range."""
        bits = self.H.shape[1].bit_length()
        for X in (self.H, self.W):
            whole, shift, e = digits(X)
            bits += int(np.abs(whole).max()).bit_length() + int(shift.max())
            if not -400 < e < 400:
                return False
        return bits <= 53

    def segments(self, kinks: Sequence[float]) -> Any:
        """Return how many kinks are up to each logit, exactly."""
        at = np.asarray(kinks, dtype=np.float64)
        middle, error = self.rounded()
        low = np.searchsorted(at, middle - error, side="right")
        for i, j in np.argwhere(low != np.searchsorted(at, middle + error, side="right")).tolist():
            low[i, j] = bisect_right(kinks, self.exactly(i, j))
        return low
