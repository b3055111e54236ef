"""How clear a verdict is: leads, the norms that states need, and what a combination has to spare."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker.domains import Bounds, least
from rankkit.certificates.checker.exact import integers


def lead(W: FloatArray, b: FloatArray | None, i: int, terms: FloatArray, ties: Sequence[int] = ()) -> float:
    """Return the lead of class ``i`` over the best other one at the sum of ``terms`` (m, d), rounded.

    >>> lead(np.array([[1.0, 0], [0, 1]]), None, 0, np.array([[3.0, 1.0]]))
    2.0
    """
    keep = np.ones(len(W), bool)
    keep[[i, *ties]] = False
    others = np.flatnonzero(keep)
    if not len(others):
        return float("inf")
    top = np.frexp(np.abs(W).max())[1]
    x = terms.sum(axis=0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rows = np.ldexp(W, -top)
        scores = rows @ x + (0.0 if b is None else np.ldexp(b, -top))
        size = np.abs(rows) @ np.abs(x) + (0.0 if b is None else np.abs(np.ldexp(b, -top)))
        error = (len(x) + 8) * 2.0**-52 * size
        near = others[~(scores[others] + error[others] < (scores - error)[others].max())]
    N, e = integers(W[[i, *near]])
    n, f = integers(terms)
    exact = [Fraction(int(v)) * Fraction(2) ** (e + f) for v in N @ n.sum(axis=0)]
    if b is not None:
        exact = [v + Fraction(float(c)) for v, c in zip(exact, b[[i, *near]], strict=True)]
    return float(exact[0] - max(exact[1:]))


def norm_needed(
    W: FloatArray, b: FloatArray | None, i: int, x: FloatArray | None, ahead: float, bounds: Bounds | None
) -> tuple[float, float]:
    """Bound the norm of the shortest state at which class ``i`` leads by ``ahead``.

    From below by Cauchy and Schwarz, with one other class at a time; from above by the multiple of the state
    ``x`` (d,) that just does, infinite if none does.
    """
    others = np.flatnonzero(np.arange(len(W)) != i)
    gap = np.full(len(others), ahead) if b is None else ahead + b[others] - b[i]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        distance = np.linalg.norm(W[others] - W[i], axis=1)
        low = float(np.where(gap > 0, gap / distance, 0.0).max(initial=0.0))
        if x is None:
            return low, np.inf
        slope = (W[i] - W[others]) @ x
        ends = gap / slope
        start = float(ends[slope > 0].max(initial=0.0))
        stop = float(ends[slope < 0].min(initial=np.inf))
        if (gap[slope == 0] > 0).any() or not start <= stop:
            return low, np.inf
        if bounds is not None:
            scaled = start * x
            if not ((scaled >= bounds[0]) & (scaled <= bounds[1])).all():
                return low, np.inf
        return low, max(low, start * float(np.linalg.norm(x)))


def slack(
    W: FloatArray,
    b: FloatArray | None,
    i: int,
    rows: Sequence[int],
    weights: Sequence[Fraction] | FloatArray,
    bounds: Bounds | None,
) -> float:
    """Return the least lead of the weighted mean of ``rows`` over class ``i``, over all states that count.

    Without bounds the rows have to agree, and it is the difference of the biases.
    """
    shares = [w if isinstance(w, Fraction) else Fraction(float(w)) for w in weights]
    total = sum(shares, Fraction(0))
    level = Fraction(0)
    if b is not None:
        level = sum(
            (w * (Fraction(float(b[j])) - Fraction(float(b[i]))) for w, j in zip(shares, rows, strict=True)),
            level,
        )
    if bounds is not None:
        slope = [
            sum((w * Fraction(v) for w, v in zip(shares, column, strict=True)), -total * Fraction(own))
            for column, own in zip(W[list(rows)].T.tolist(), W[i].tolist(), strict=True)
        ]
        lowest = least(slope, bounds)
        if lowest is not None and lowest + level >= 0:
            level += lowest
    return float(level / total)


def lead_bounds(W: FloatArray, b: FloatArray | None, i: int, x: FloatArray | None) -> tuple[float, float]:
    """Bound the largest lead of class ``i`` at a state of norm at most 1.

    From above over the class nearest to it, from below at the origin and at ``x`` (d,), shortened.
    """
    others = np.flatnonzero(np.arange(len(W)) != i)
    if not len(others):
        return np.inf, np.inf
    level = np.zeros(len(others)) if b is None else b[i] - b[others]
    with np.errstate(over="ignore", invalid="ignore"):
        high = float((level + np.linalg.norm(W[others] - W[i], axis=1)).min())
        low = float(level.min())
        if x is not None and (size := float(np.linalg.norm(x))) > 0:
            low = max(low, float(((W[i] - W[others]) @ (x / max(size, 1.0)) + level).min()))
    return low, max(low, high)
