"""Exact arithmetic on the numbers that floating-point arrays stand for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.object_]  # Python integers: no size limit, no rounding
Floats = npt.NDArray[np.float64]


def digits(array: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Return whole numbers K below 2**53, shifts s >= 0 and e with ``array == K * 2**(s + e)`` exactly."""
    mantissa, exponent = np.frexp(np.asarray(array, dtype=np.float64))
    whole = (mantissa * 2.0**53).astype(np.int64)  # exact: a float64 has 53 significant bits
    exponent = exponent.astype(np.int64) - 53
    lowest = np.where(whole == 0, 1, whole & -whole)
    zeros = np.frexp(lowest.astype(np.float64))[1] - 1  # trailing zero bits
    whole, exponent = whole >> zeros, exponent + zeros
    used = whole != 0
    e = int(exponent[used].min()) if used.any() else 0
    return whole, np.where(used, exponent - e, 0), e


def integers(array: npt.ArrayLike) -> tuple[Integers, int]:
    """Return integers N and an exponent e with ``array == N * 2**e`` exactly."""
    whole, shift, e = digits(array)
    return whole.astype(object) << shift.astype(object), e


def product(A: Integers, B: Integers) -> Integers:
    """Return the exact matrix product of two integer matrices.

    The factors are cut into limbs so short that float64 products of limbs are sums of integers below 2**53:
    BLAS is used because it is exact there.
    """
    limb = (52 - int(A.shape[1]).bit_length()) // 2
    left, right = _limbs(A, limb), _limbs(B, limb)
    whole = np.int64 if min(len(left), len(right)) < 2**10 else object  # a level's sum stays below 2**63
    out = np.zeros((A.shape[0], B.shape[1]), dtype=object)
    for level in range(len(left) + len(right) - 1):
        pairs = range(max(0, level - len(right) + 1), min(level + 1, len(left)))
        total = np.zeros(out.shape, dtype=whole)
        for i in pairs:
            total += (left[i] @ right[level - i]).astype(np.int64).astype(whole)
        out += total.astype(object) << limb * level
    return out


def approximate(A: Integers) -> Floats:
    """Return the integers over a common power of two, rounded to float64."""
    excess = max(0, int(np.abs(A).max(initial=0)).bit_length() - 1000)
    return (A >> excess).astype(np.float64)


def rough_inverse(A: Integers) -> Integers | None:
    """Return integers close to the inverse of A with rows scaled at will; None where float64 finds none."""
    floats = approximate(A)
    columns = np.frexp(np.abs(floats).max(axis=0))[1]
    with np.errstate(all="ignore"):
        try:
            R = np.linalg.inv(np.ldexp(floats, -columns))
        except np.linalg.LinAlgError:
            return None
        R = np.ldexp(R, 45 - np.frexp(np.abs(R).max(axis=1, keepdims=True))[1])
    return np.rint(R).astype(np.int64).astype(object) if np.isfinite(R).all() else None


def fixed_point_inverse(A: Integers, bits: int) -> Integers | None:
    """Return integers close to ``2**bits`` times the inverse of A, by elimination carrying ``bits`` bits."""
    n = len(A)
    scale = max(int(abs(a)).bit_length() for a in A.ravel())
    M = np.concatenate([A << max(0, bits - scale), np.eye(n, dtype=np.int64).astype(object) << bits], axis=1)
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(M[k:, k])))
        if M[pivot, k] == 0:
            return None
        M[[k, pivot]] = M[[pivot, k]]
        M[k] = (M[k] << bits) // M[k, k]
        others = np.arange(n) != k
        M[others] -= (M[others, k, None] * M[k]) >> bits
    return M[:, n:]


def dominance(R: Integers, A: Integers, radius: Integers | None = None) -> list[int] | None:
    """Return the slacks of strict diagonal dominance of R·X, for every real X with ``|X - A| <= radius``.

    If R·X is strictly diagonally dominant, X is non-singular (Levy and Desplanques). Rows of R may carry
    any sign and scale: a row is taken negative where that makes its diagonal positive. None where some row
    is not dominant.
    """
    P = product(R, A)
    n = len(P)
    diagonal = np.abs(P[np.arange(n), np.arange(n)])
    slack = 2 * diagonal - np.abs(P).sum(axis=1)
    if radius is not None:
        slack = slack - product(np.abs(R), radius).sum(axis=1)
    return list(slack) if all(s > 0 for s in slack) else None


def solution_radius(A: Integers, right: Integers, guess: list[Fraction]) -> Fraction | None:
    """Return r such that ``A x = right`` has exactly one solution x, and ``|x_k - guess_k| <= r`` for all k.

    With P = R·A strictly diagonally dominant and residual ``A (x - guess)``, row k of ``P (x - guess) =
    R·residual`` bounds the largest error by ``|R·residual|_k / slack_k``. None where no such bound is
    found.
    """
    R = rough_inverse(A)
    slack = None if R is None else dominance(R, A)
    if R is None or slack is None:
        return None
    denominator = np.lcm.reduce(np.array([g.denominator for g in guess], dtype=object))
    numerators = np.array([int(g * denominator) for g in guess], dtype=object)
    residual = right * denominator - A @ numerators
    errors = R @ residual
    return max(Fraction(abs(int(error)), s * denominator) for error, s in zip(errors, slack, strict=True))


def _limbs(A: Integers, bits: int) -> list[Floats]:
    if np.abs(A).max(initial=0) < 2**63:
        A = A.astype(np.int64)  # the same numbers, many times faster
    size, sign = np.abs(A), np.sign(A)
    limbs = []
    while size.any():
        limbs.append((sign * (size & ((1 << bits) - 1))).astype(np.float64))
        size = size >> bits
    return limbs
