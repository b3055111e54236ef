"""Classes inside simplices of others, shown in float64 with a proved bound on every rounding error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .exact import Floats
from .scores import Each

Indices = npt.NDArray[Any]
Truths = npt.NDArray[np.bool_]

UNIT = 2.0**-53  # float64 unit roundoff
SHARE = 1e-11  # of the trace of M M', by which its least eigenvalue is tested
TINY = 2.0**-900  # more than all underflows of a product cost, at entries up to 1
TOGETHER = 2**16  # numbers in the matrices of simplices that are in work together


def enclosed(
    W: Floats,
    b: Floats | None,
    corners: Indices,
    of: Indices,
    classes: Indices,
    weights: Floats,
    each: Each = map,
) -> Truths:
    """Tell which ``classes`` (m,) are shown to be means of the corners of a simplex that reach its biases.

    ``corners`` (k, d + 1) are rows of simplices, ``of`` (m,), ascending, names that of each class, and
    ``weights`` (m, d + 1) are about its barycentric coordinates. With the corners as the columns of M and a
    row of ones below them, the solution of ``M x = t`` differs from a guess by the solution of
    ``M e = t - M guess``. Its size is bounded by the least singular value of M, and where that does not tell,
    by an approximate inverse. Every product of width n errs by at most ``(n + 2) u`` times the product of
    absolute values, in any order of summation; all bounds are doubled. What is not shown here may still
    hold: exact arithmetic decides.

    Costs 7/3 d^3 for each simplex, for the inverse 5 d^3 more, and 4 or 6 d^2 for each class.
    """
    shown = np.zeros(len(classes), bool)
    n = corners.shape[1]
    if n != W.shape[1] + 1:
        return shown
    step = max(1, TOGETHER // n**2)
    starts = range(0, len(corners), step)
    cuts = [slice(*np.searchsorted(of, [at, at + step])) for at in starts]

    def look(at: int, cut: slice) -> Truths:
        return _enclosed(W, b, corners[at : at + step], of[cut] - at, classes[cut], weights[cut])

    for cut, found in zip(cuts, each(look, starts, cuts), strict=True):
        shown[cut] = found
    return shown


def _enclosed(
    W: Floats, b: Floats | None, corners: Indices, of: Indices, classes: Indices, weights: Floats
) -> Truths:
    """Tell the same of simplices that are in work together."""
    n, d = corners.shape[1], W.shape[1]
    points, targets = W[corners], W[classes]
    top = np.frexp(np.abs(points).max(axis=(1, 2)))[1]
    M, t = np.ones((len(corners), n, n)), np.ones(weights.shape)
    M[:, :d] = np.ldexp(points, -top[:, None, None]).transpose(0, 2, 1)
    with np.errstate(all="ignore"):
        t[:, :d] = np.ldexp(targets, -top[of, None])
        residual, size = np.empty((2, *weights.shape))
        parts = [slice(*np.searchsorted(of, [k, k + 1])) for k in range(len(M))]
        for system, part in zip(M, parts, strict=True):
            residual[part] = t[part] - weights[part] @ system.T
            size[part] = np.abs(weights[part]) @ np.abs(system).T
        unit = 2 * (n + 4) * UNIT
        doubt = unit * (size + np.abs(t) + np.abs(residual)) + n * TINY
        radius = 1.01 * np.linalg.norm(np.abs(residual) + doubt, axis=1) / _least_singular_values(M)[of]
        shown = _within(radius[:, None], weights, b, corners[of], classes)
        for k in np.unique(of[~shown]).tolist():
            part = parts[k]
            radii = _radii_by_inverse(M[k], residual[part], doubt[part])
            shown[part] |= _within(radii, weights[part], b, corners[of[part]], classes[part])
    return shown


def _within(radii: Floats, weights: Floats, b: Floats | None, rows: Indices, classes: Indices) -> Truths:
    """Tell for which classes all weights within ``radii`` of these are positive and reach the bias.

    ``radii`` are of shape (m, d + 1), or (m, 1) where they are one for all weights of a class.
    """
    shown = (weights >= radii).all(axis=1)
    if b is not None:
        n, unit = rows.shape[1], 2 * (rows.shape[1] + 4) * UNIT
        scale = int(np.frexp(np.abs(b).max())[1])
        lifts = np.ldexp(b[rows], -scale) - np.ldexp(b[classes], -scale)[:, None]
        mean = np.einsum("ij,ij->i", weights, lifts)
        spare = ((radii + unit) * np.abs(lifts)).sum(axis=1) * (1 + unit)
        shown &= mean >= spare + np.where(lifts.any(axis=1), n * TINY, 0.0)
    return np.asarray(shown)


def _least_singular_values(M: Floats) -> Floats:
    """Return numbers (k,) not above the least singular values of M (k, n, n), 0 where none is found.

    Let G be ``M M'``, s a share of its trace, and L any matrix at all: from ``G - s 1 = L L' + E`` follows
    that the least eigenvalue of G is at least ``s - |E|``, since ``L L'`` has none below 0. A Cholesky factor
    makes E as small as rounding, if there is one.
    """
    n = M.shape[1]
    unit, diagonal = 2 * (n + 4) * UNIT, np.arange(n)
    G = M @ M.swapaxes(1, 2)
    trace = np.trace(G, axis1=1, axis2=2)
    G[:, diagonal, diagonal] -= SHARE * trace[:, None]
    try:
        L = np.linalg.cholesky(G)
    except np.linalg.LinAlgError:  # of one of them, but numpy does not say of which
        half = len(M) // 2
        if not half:
            return np.zeros(1)
        return np.concatenate([_least_singular_values(part) for part in (M[:half], M[half:])])
    off = np.linalg.norm(G - L @ L.swapaxes(1, 2), axis=(1, 2))
    error = 1.01 * (off + unit * (3 * trace + (L * L).sum(axis=(1, 2)) + off) + n * n * TINY)
    return np.asarray(0.99 * np.maximum(SHARE * trace - error, 0.0) ** 0.5)


def _radii_by_inverse(M: Floats, residual: Floats, doubt: Floats) -> Floats:
    """Return bounds (m, n) on the solutions of ``M e = residual`` (m, n), give or take ``doubt``.

    With R about the inverse of M and E the absolute values of ``1 - R M``: if all row sums of E are at most
    a < 1, M is invertible, and all entries of a solution are at most the largest of ``|R residual|`` over
    1 - a. From ``e = R residual + (1 - R M) e`` each is at most its own of these, plus its row sum of E times
    that. Corners close to one another have large errors, and those far from them small weights with small
    errors. Infinite where nothing is shown.
    """
    n = len(M)
    nothing = np.full(residual.shape, np.inf)
    try:
        R = np.linalg.inv(M.T).T  # whose rows are accurate, each on its own
    except np.linalg.LinAlgError:
        return nothing
    size, unit = np.abs(R), 2 * (n + 4) * UNIT
    off = np.abs(np.eye(n) - R @ M).sum(axis=1) + unit * (size @ np.abs(M).sum(axis=1) + 1) + n * TINY
    if not off.max() < 0.5:  # not finite, or too far from an inverse
        return nothing
    error = np.abs(residual @ R.T) + (doubt + unit * np.abs(residual)) @ size.T + n * TINY
    largest = error.max(axis=1, keepdims=True) / (1 - off.max())
    return np.asarray(2 * (error + off * largest))
