"""Classes inside a simplex of others, shown in float64 with a proved bound on every rounding error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .exact import Floats

UNIT = 2.0**-53  # float64 unit roundoff
SHARE = 1e-11  # of the trace of M M', by which its least eigenvalue is tested
TINY = 2.0**-900  # more than all underflows of a product cost, at entries up to 1


def enclosed(
    W: Floats, b: Floats | None, rows: Sequence[int], classes: Sequence[int], weights: Floats
) -> list[bool]:
    """Tell which ``classes`` are shown to be means of ``rows`` (d + 1,) that reach their biases.

    ``weights`` (m, d + 1) are about their barycentric coordinates. With the corners as the columns of M and a
    row of ones below them, the solution of ``M x = t`` differs from a guess by the solution of
    ``M e = t - M guess``. Its size is bounded by the least singular value of M, and where that does not tell,
    by an approximate inverse. Every product of width n errs by at most ``(n + 2) u`` times the product of
    absolute values, in any order of summation; all bounds are doubled. What is not shown here may still
    hold: exact arithmetic decides.

    Costs 7/3 d^3, for the inverse 5 d^3 more, and 4 or 6 d^2 for each class.
    """
    n, d = len(rows), W.shape[1]
    no = [False] * len(classes)
    if n != d + 1 or not len(classes):
        return no
    table = W[[*rows, *classes]]
    top = int(np.frexp(np.abs(table).max())[1])
    columns = np.ones((n, len(table)))
    columns[:d] = np.ldexp(table, -top).T
    M, t, guess = columns[:, :n], columns[:, n:], weights.T
    with np.errstate(all="ignore"):
        unit = 2 * (n + 4) * UNIT
        residual = t - M @ guess
        doubt = unit * (np.abs(M) @ np.abs(guess) + np.abs(t) + np.abs(residual)) + n * TINY
        radius = 1.01 * np.linalg.norm(np.abs(residual) + doubt, axis=0) / _least_singular_value(M)
        shown = _within(radius, weights, b, rows, classes)
        if not shown.all():
            radius = np.fmin(radius, _radius_by_inverse(M, residual, doubt))
            shown = _within(radius, weights, b, rows, classes)
    return [bool(one) for one in shown]


def _within(
    radius: Floats, weights: Floats, b: Floats | None, rows: Sequence[int], classes: Sequence[int]
) -> npt.NDArray[np.bool_]:
    """Tell for which classes all weights within ``radius`` (m,) of these are positive and reach the bias."""
    shown = weights.min(axis=1) >= radius
    if b is not None:
        n, unit = len(rows), 2 * (len(rows) + 4) * UNIT
        scale = int(np.frexp(np.abs(b).max())[1])
        lifts = np.ldexp(b[list(rows)], -scale) - np.ldexp(b[list(classes)], -scale)[:, None]
        mean = np.einsum("ij,ij->i", weights, lifts)
        total = np.abs(lifts).sum(axis=1)
        shown &= mean >= (radius + unit) * total * (1 + unit) + np.where(total > 0, n * TINY, 0.0)
    return np.asarray(shown)


def _least_singular_value(M: Floats) -> float:
    """Return a number not above the least singular value of M (n, n), 0 where none is found.

    Let G be ``M M'``, s a share of its trace, and L any matrix at all: from ``G - s 1 = L L' + E`` follows
    that the least eigenvalue of G is at least ``s - |E|``, since ``L L'`` has none below 0. A Cholesky factor
    makes E as small as rounding, if there is one.
    """
    n = len(M)
    unit, diagonal = 2 * (n + 4) * UNIT, np.arange(n)
    G = M @ M.T
    trace = float(G.trace())
    G[diagonal, diagonal] -= SHARE * trace
    try:
        L = np.linalg.cholesky(G)
    except np.linalg.LinAlgError:
        return 0.0
    off = float(np.linalg.norm(G - L @ L.T))
    error = 1.01 * (off + unit * (3 * trace + float((L * L).sum()) + off) + n * n * TINY)
    return 0.99 * max(SHARE * trace - error, 0.0) ** 0.5


def _radius_by_inverse(M: Floats, residual: Floats, doubt: Floats) -> Floats:
    """Return bounds (m,) on the entries of the solutions of ``M e = residual``, give or take ``doubt``.

    With R about the inverse of M: if all row sums of ``|1 - R M|`` are at most a < 1, M is invertible, and
    they are at most the largest entry of ``|R residual|`` over 1 - a. Infinite where nothing is shown.
    """
    n = len(M)
    nothing = np.full(residual.shape[1], np.inf)
    try:
        R = np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return nothing
    size, unit = np.abs(R), 2 * (n + 4) * UNIT
    off = np.abs(np.eye(n) - R @ M).sum(axis=1) + unit * (size @ np.abs(M).sum(axis=1) + 1) + n * TINY
    if not off.max() < 0.5:  # not finite, or too far from an inverse
        return nothing
    error = np.abs(R @ residual) + size @ (doubt + unit * np.abs(residual)) + n * TINY
    return np.asarray(2 * error.max(axis=0) / (1 - off.max()))
