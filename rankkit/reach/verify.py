"""Checks of many proofs at once, against the head itself: nothing here knows how a proof was found.

What the stand-alone checker decides one certificate at a time is decided here for all classes that share a
simplex. The arithmetic is the checker's own, and exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker.exact import dominance, integers, product, rough_inverse


def inside_simplex(
    W: FloatArray, b: FloatArray | None, rows: Sequence[int], classes: Sequence[int], weights: FloatArray
) -> list[bool]:
    """Tell which ``classes`` are shown to be means of ``rows`` that reach their biases.

    Parameters
    ----------
    W, b : numpy.ndarray (n, d) and (n,), float64
    rows : sequence of int (d + 1,)
        Classes whose rows are the corners.
    classes : sequence of int (m,)
        Not among ``rows``.
    weights : numpy.ndarray (m, d + 1), float64
        About the barycentric coordinates of each class; the exact ones are enclosed around them.
    """
    n = len(rows)
    N, _ = integers(W[[*rows, *classes]])
    one = 1 << int(np.abs(N).max()).bit_length()  # the row of ones, scaled alike
    corners = np.vstack([N[:n].T, np.full((1, n), one, dtype=object)])
    targets = np.vstack([N[n:].T, np.full((1, len(classes)), one, dtype=object)])
    R = rough_inverse(corners)
    slack = None if R is None else dominance(R, corners)
    if R is None or slack is None:
        return [False] * len(classes)
    guess, exponent = integers(weights.T)
    if exponent > 0:
        guess, exponent = guess << exponent, 0
    denominator = 1 << -exponent
    errors = product(R, targets * denominator - product(corners, guess))
    out = []
    for k, i in enumerate(classes):
        radius = max(Fraction(abs(int(e)), s * denominator) for e, s in zip(errors[:, k], slack, strict=True))
        enough = Fraction(int(guess[:, k].min()), denominator) >= radius
        out.append(bool(enough) and (b is None or _reaches(b, i, rows, weights[k], radius)))
    return out


def _reaches(b: FloatArray, i: int, rows: Sequence[int], weights: FloatArray, radius: Fraction) -> bool:
    """Whether the mean bias is at least that of class ``i`` for all weights within ``radius`` of these."""
    B, _ = integers(b[[*rows, i]])
    lifts = B[:-1] - B[-1]
    N, e = integers(weights)
    mean = Fraction(int(N @ lifts)) * Fraction(2) ** e
    return bool(mean >= radius * int(np.abs(lifts).sum()))
