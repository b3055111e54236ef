"""Arithmetic modulo a number of up to 61 bits, exactly, in int64 and float64.

A float64 quotient tells which multiple of p to subtract, and int64 arithmetic, which is exact modulo 2**64,
subtracts it from a product that is longer. Matrix products are those of limbs of 21 bits, in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

LIMB = 21
TERMS = 2**11  # of a sum of products of two limbs, at most 2**40 each; up to three such sums are added


def reduce(x: Ints, p: int) -> Ints:
    """Return residues from -p/2 to p/2 of integers below 2**62."""
    return np.asarray(x - np.rint(x * (1 / p)).astype(np.int64) * p)


def multiply(x: Ints, y: Any, p: int) -> Ints:
    """Return the elementwise product of residues."""
    high, low = y >> 30, y & (2**30 - 1)
    return reduce(_times(_times(x, high, p), 2**30, p) + _times(x, low, p), p)


def _times(x: Ints, y: Any, p: int) -> Ints:
    """Multiply residues by numbers below 2**31: the quotient is below 2**31 too, and off by one at most."""
    quotient = np.rint(x.astype(np.float64) * (np.asarray(y, dtype=np.float64) / p)).astype(np.int64)
    return np.asarray(x * y - quotient * p)


def product(A: Ints, B: Ints, p: int) -> Ints:
    """Return the matrix product of residues."""
    if A.shape[1] > TERMS:
        return reduce(product(A[:, :TERMS], B[:TERMS], p) + product(A[:, TERMS:], B[TERMS:], p), p)
    left, right = _limbs(A), _limbs(B)
    out = np.zeros((A.shape[0], B.shape[1]), dtype=np.int64)
    for level in reversed(range(5)):
        pairs = [(left[i], right[level - i]) for i in range(3) if 0 <= level - i < 3]
        total = sum(a @ b for a, b in pairs)
        out = _times(out, 2**LIMB, p) + np.asarray(total).astype(np.int64)
    return reduce(out, p)


def _limbs(x: Ints) -> list[npt.NDArray[np.float64]]:
    """Split residues into three parts, each 2**20 in size at most, that count 1, 2**21 and 2**42."""
    half, out = 1 << (LIMB - 1), []
    for _ in range(2):
        low = ((x + half) & (2 * half - 1)) - half
        out.append(low.astype(np.float64))
        x = (x - low) >> LIMB
    return [*out, x.astype(np.float64)]
