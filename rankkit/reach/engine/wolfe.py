"""The point of a hull nearest to the origin, by Wolfe's method: compiled, and started where it last ended.

A corral is a set of affinely independent vectors whose nearest affine combination has positive weights. Each
step adds a vector that lies beyond the present point, and drops those whose weights would turn negative
[wolfe1976]_. The corral of s vectors of width D is carried as the Cholesky factor of its products plus one:
the normal equations of the system with a row of ones.

Flops per step: 2 s D for the products with the new vector, 2 s^2 for the two triangular solves, 2 s D for the
point, and 2 D for each vector that is looked at until one lies far enough beyond.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rankkit.arrays import FloatArray, IntArray

#: How the search ended.
SEPARATED, REACHED, STUCK = 0, 1, 2

#: Weights up to this one leave the corral.
POSITIVE = 1e-14

#: Share of its length that a vector must keep apart from those in the corral (squared).
APART = 1e-13

#: Vectors looked at together, and at most this share of all at once.
WINDOW, SHARE = 48, 5


def nearest_point(
    vectors: FloatArray, corral: IntArray, weights: FloatArray, near: float, enough: float, steps: int
) -> tuple[IntArray, FloatArray, FloatArray, int]:
    """Search the point nearest to the origin in the hull of ``vectors`` (k, D), each of norm 1.

    Parameters
    ----------
    vectors : numpy.ndarray (k, D), float64
    corral, weights : numpy.ndarray (s,)
        Where to start: positions of vectors and their weights; empty for a fresh start.
    near : float
        Norm at which a point counts as the origin.
    enough : float
        A point p separates once every vector v has ``v.p >= enough * p.p``; 1 asks for the nearest one.
    steps : int
        Most steps.

    Returns
    -------
    corral, weights, point, outcome
        The point is the combination of the corral; the outcome is one of the constants of this module.
    """
    if len(corral) == 0:
        corral, weights = np.zeros(1, np.int64), np.ones(1)
    places, shares, point, outcome = _search(
        np.ascontiguousarray(vectors), corral.astype(np.int64), weights, near, enough, steps
    )
    return places, shares, point, int(outcome)


@njit(cache=True, nogil=True)
def _search(V, corral, weights, near, enough, steps):  # type: ignore[no-untyped-def]
    k, D = V.shape
    room = D + 2
    L, S, lam, free = np.zeros((room, room)), np.empty(room, np.int64), np.zeros(room), np.ones(k, np.bool_)
    g, y, z, point = np.empty(room), np.empty(room), np.empty(room), np.zeros(D)
    s = 0
    for a in range(len(corral)):
        if s <= D and _append(L, s, V, S, corral[a], g):
            S[s], lam[s], free[corral[a]] = corral[a], weights[a], False
            s += 1
    lam[:s] /= lam[:s].sum()
    window, at = max(WINDOW, k // SHARE), 0
    for _ in range(steps):
        while True:  # go towards the nearest affine combination, dropping what stands in the way
            _solve(L, s, y, z)
            if z[:s].min() > POSITIVE:
                lam[:s] = z[:s]
                break
            far = 1.0
            for a in range(s):
                if z[a] <= POSITIVE and lam[a] > z[a]:
                    far = min(far, lam[a] / (lam[a] - z[a]))
            before = s
            for a in range(s - 1, -1, -1):
                lam[a] += far * (z[a] - lam[a])
                if lam[a] <= POSITIVE:
                    free[S[a]] = True
                    _drop(L, s, a, y, g)
                    S[a : s - 1] = S[a + 1 : s].copy()
                    lam[a : s - 1] = lam[a + 1 : s].copy()
                    s -= 1
            if s == before or s == 0:
                return S[:s], lam[:s], point, STUCK
            lam[:s] /= lam[:s].sum()
        point[:] = 0.0
        for a in range(s):
            for t in range(D):
                point[t] += lam[a] * V[S[a], t]
        square = _dot(point, point, D)
        if square <= near * near:
            return S[:s], lam[:s], point, REACHED
        best, chosen, seen = enough * square - 1e-15, -1, 0
        while seen < k and chosen < 0:
            at = 0 if at >= k else at
            end = min(k, at + window)
            values = np.dot(V[at:end], point)
            for j in range(end - at):
                if values[j] < best and free[at + j]:
                    best, chosen = values[j], at + j
            seen += end - at
            at = end
        if chosen < 0:
            return S[:s], lam[:s], point, SEPARATED
        if s > D or not _append(L, s, V, S, chosen, g):
            return S[:s], lam[:s], point, STUCK
        S[s], lam[s], free[chosen] = chosen, 0.0, False
        s += 1
    return S[:s], lam[:s], point, STUCK


@njit(cache=True, nogil=True, fastmath=True)
def _dot(a, b, n):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(n):
        total += a[t] * b[t]
    return total


@njit(cache=True, nogil=True)
def _append(L, s, V, S, j, g):  # type: ignore[no-untyped-def]
    """Add vector ``j`` as row ``s`` of the factor; False, with nothing changed, if it is dependent."""
    D = V.shape[1]
    for a in range(s):
        g[a] = _dot(V[j], V[S[a]], D) + 1.0
    whole = _dot(V[j], V[j], D) + 1.0
    left = whole
    for a in range(s):
        L[s, a] = (g[a] - _dot(L[s], L[a], a)) / L[a, a]
        left -= L[s, a] * L[s, a]
    if left <= APART * whole:
        return False
    L[s, s] = np.sqrt(left)
    return True


@njit(cache=True, nogil=True)
def _solve(L, s, y, z):  # type: ignore[no-untyped-def]
    """Write the weights of the nearest affine combination, of sum 1, to ``z``."""
    for a in range(s):
        y[a] = (1.0 - _dot(L[a], y, a)) / L[a, a]
    total = 0.0
    for a in range(s - 1, -1, -1):
        z[a] = y[a] / L[a, a]
        total += z[a]
        for c in range(a):
            y[c] -= z[a] * L[a, c]
    for a in range(s):
        z[a] /= total


@njit(cache=True, nogil=True)
def _drop(L, s, gone, cosine, sine):  # type: ignore[no-untyped-def]
    """Remove row ``gone`` of the factor, and restore its triangle by rotations."""
    for r in range(gone + 1, s):
        L[r - 1, :gone] = L[r, :gone]
        carry = L[r, gone]
        for c in range(gone, r - 1):
            entry = L[r, c + 1]
            L[r - 1, c] = cosine[c] * carry + sine[c] * entry
            carry = cosine[c] * entry - sine[c] * carry
        length = np.hypot(carry, L[r, r])
        cosine[r - 1], sine[r - 1] = carry / length, L[r, r] / length
        L[r - 1, r - 1] = length
