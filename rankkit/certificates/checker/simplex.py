"""Classes inside a simplex of others, shown in float64 with a proved bound on every rounding error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .exact import Floats

UNIT = 2.0**-53  # float64 unit roundoff
TINY = 2.0**-900  # more than all underflows of a product cost, at entries up to 1


def enclosed(
    W: Floats, b: Floats | None, rows: Sequence[int], classes: Sequence[int], weights: Floats
) -> list[bool]:
    """Tell which ``classes`` are shown to be means of ``rows`` (d + 1,) that reach their biases.

    ``weights`` (m, d + 1) are about their barycentric coordinates. With the corners as the columns of M, a
    row of ones below them, and R about its inverse: if all row sums of ``|1 - R M|`` are at most a < 1, M is
    invertible, and the solution of ``M x = t`` differs from a guess by at most the largest entry of
    ``|R (t - M guess)|`` over 1 - a. Every product of width n errs by at most ``(n + 2) u`` times the
    product of absolute values, in any order of summation; all bounds are doubled. What is not shown here
    may still hold: exact arithmetic decides.

    Costs 4 d^3, and 6 d^2 for each class.
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
        try:
            R = np.linalg.inv(M)
        except np.linalg.LinAlgError:
            return no
        size, unit = np.abs(R), 2 * (n + 4) * UNIT
        off = np.abs(np.eye(n) - R @ M).sum(axis=1) + unit * (size @ np.abs(M).sum(axis=1) + 1) + n * TINY
        if not off.max() < 0.5:  # not finite, or too far from an inverse
            return no
        residual = t - M @ guess
        doubt = unit * (np.abs(M) @ np.abs(guess) + np.abs(t)) + n * TINY
        error = np.abs(R @ residual) + size @ (doubt + unit * np.abs(residual)) + n * TINY
        radius = 2 * error.max(axis=0) / (1 - off.max())
        shown = guess.min(axis=0) >= radius
        if b is not None:
            scale = int(np.frexp(np.abs(b).max())[1])
            lifts = np.ldexp(b[list(rows)], -scale) - np.ldexp(b[list(classes)], -scale)[:, None]
            mean = np.einsum("ij,ij->i", weights, lifts)
            total = np.abs(lifts).sum(axis=1)
            shown &= mean >= (radius + unit) * total * (1 + unit) + np.where(total > 0, n * TINY, 0.0)
    return [bool(one) for one in shown]
