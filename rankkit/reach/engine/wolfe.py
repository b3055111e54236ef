"""The points of many hulls nearest to the origin: Wolfe's method, compiled, started where it last ended.

A corral is a set of affinely independent vectors whose nearest affine combination has positive weights. Each
step adds a vector that lies beyond the present point, and drops those whose weights would turn negative
[wolfe1976]_. The corral of s vectors is carried as the Cholesky factor of its products plus one: the normal
equations of the system with a row of ones.

Flops for vectors of width D: 2 s^2 D + s^3 / 3 to begin with a corral of s, then per step 2 s D for the
products with the new vector, s^2 each for the factor's new row and the weights, 2 s D for the point, and 2 D
for each vector that is looked at until one lies far enough beyond.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.engine.hulls import REACHED, SEPARATED, STUCK, Hulls

#: Weights up to this one leave the corral.
POSITIVE = 1e-14

#: Share of its length that a vector must keep apart from those in the corral (squared).
APART = 1e-13

#: Vectors looked at together, and at most this share of all at once.
WINDOW, SHARE = 48, 5

#: A vector that keeps more than this multiple of the distance is dropped from the list.
FAR = 2.0


def solve(
    points: FloatArray, rays: FloatArray, hulls: Hulls, todo: IntArray, near: float, enough: float, steps: int
) -> None:
    """Go on with the searches ``todo`` over ``points`` (n, D) and ``rays`` (r, D).

    A point of norm up to ``near`` counts as the origin. A point p separates once every vector v has ``v.p >=
    enough * p.p``; 1 asks for the nearest one. ``steps`` bounds the steps of each search.
    """
    h = hulls
    _solve_all(
        points, rays, h.own, h.rivals, h.count, h.corral, h.weights, h.size, h.point, h.outcome,
        todo, near, enough, steps,
    )  # fmt: skip


def nearest_point(
    vectors: FloatArray, corral: IntArray, weights: FloatArray, near: float, enough: float, steps: int
) -> tuple[IntArray, FloatArray, FloatArray, int]:
    """Search the point nearest to the origin in the hull of ``vectors`` (k, D), each of norm 1.

    Starts from positions of vectors and their weights. Returns the same where it ends, the point, and how
    it ended.
    """
    V = np.ascontiguousarray(vectors)
    room = V.shape[1] + 2
    places, shares, point = np.zeros(room, np.int64), np.zeros(room), np.zeros(V.shape[1])
    first = min(len(corral), room)
    places[:first], shares[:first] = corral[:first], weights[:first]
    L, values = np.zeros((room, room)), np.empty(len(V))
    s, outcome = _search(V, L, places, shares, first, point, values, near, enough, steps)
    return places[:s], shares[:s], point, int(outcome)


@njit(cache=True, nogil=True)
def _solve_all(  # type: ignore[no-untyped-def]
    P, rays, own, rivals, count, corral, weights, size, point, outcome, todo, near, enough, steps
):
    D, r = P.shape[1], rays.shape[0]
    V, L, values = np.empty((r + rivals.shape[1], D)), np.zeros((D + 2, D + 2)), np.empty(r + rivals.shape[1])
    V[:r] = rays
    for t in todo:
        k = r + count[t]
        apart = True
        for q in range(count[t]):
            square = 0.0
            for c in range(D):
                V[r + q, c] = P[rivals[t, q], c] - P[own[t], c]
                square += V[r + q, c] * V[r + q, c]
            apart = apart and square > 0
            if square > 0:
                V[r + q] /= np.sqrt(square)
        if not apart or k == 0:  # distinct rows on one point: exact arithmetic tells them apart
            outcome[t] = STUCK
            continue
        s, outcome[t] = _search(
            V[:k], L, corral[t], weights[t], size[t], point[t], values, near, enough, steps
        )
        size[t] = s
        if outcome[t] == SEPARATED:
            square = _dot(point[t], point[t], D)
            kept = np.full(k, -1)
            for a in range(s):
                kept[corral[t, a]] = 0
            n = 0
            for q in range(count[t]):
                if kept[r + q] == 0 or values[r + q] < FAR * square:
                    kept[r + q] = r + n
                    rivals[t, n] = rivals[t, q]
                    n += 1
            count[t] = n
            for a in range(s):
                if corral[t, a] >= r:
                    corral[t, a] = kept[corral[t, a]]


@njit(cache=True, nogil=True)
def _search(V, L, S, lam, s, point, values, near, enough, steps):  # type: ignore[no-untyped-def]
    k, D = V.shape
    free = np.ones(k, np.bool_)
    g, y, z = np.empty(D + 2), np.empty(D + 2), np.empty(D + 2)
    first = np.empty((s, D))
    for a in range(s):
        first[a] = V[S[a]]
    products = np.dot(first, first.T)
    kept, s = np.empty(len(first), np.int64), 0
    for a in range(len(first)):
        for c in range(s):
            g[c] = products[a, kept[c]]
        if s <= D and _append(L, s, g, products[a, a]):
            kept[s], S[s], lam[s], free[S[a]] = a, S[a], lam[a], False
            s += 1
    if s == 0:
        _append(L, 0, g, _dot(V[0], V[0], D))
        S[0], lam[0], free[0], s = 0, 1.0, False, 1
    lam[:s] /= lam[:s].sum()
    _forward(L, y, 0, s)
    window, at = max(WINDOW, k // SHARE), 0
    outcome = STUCK
    for _ in range(steps):
        total = _backward(L, y, z, s)
        while z[:s].min() <= POSITIVE * total:  # go as far as the weights stay positive, and drop what ends
            far = 1.0
            for a in range(s):
                share = z[a] / total
                if share <= POSITIVE and lam[a] > share:
                    far = min(far, lam[a] / (lam[a] - share))
            before, lowest = s, s
            for a in range(s - 1, -1, -1):
                lam[a] += far * (z[a] / total - lam[a])
                if lam[a] <= POSITIVE:
                    free[S[a]], lowest = True, a
                    _drop(L, s, a, g, values)
                    S[a : s - 1] = S[a + 1 : s].copy()
                    lam[a : s - 1] = lam[a + 1 : s].copy()
                    s -= 1
            if s == before or s == 0:
                return s, STUCK
            lam[:s] /= lam[:s].sum()
            _forward(L, y, lowest, s)
            total = _backward(L, y, z, s)
        lam[:s] = z[:s] / total
        point[:] = 0.0
        for a in range(s):
            _add(point, V[S[a]], lam[a], D)
        square = _dot(point, point, D)
        if square <= near * near:
            outcome = REACHED
            break
        best, chosen, seen = enough * square - 1e-15, -1, 0
        while seen < k and chosen < 0:
            at = 0 if at >= k else at
            end = min(k, at + window)
            values[at:end] = np.dot(V[at:end], point)
            for j in range(at, end):
                if values[j] < best and free[j]:
                    best, chosen = values[j], j
            seen += end - at
            at = end
        if chosen < 0:
            outcome = SEPARATED
            break
        for a in range(s):
            g[a] = _dot(V[chosen], V[S[a]], D)
        if s > D or not _append(L, s, g, _dot(V[chosen], V[chosen], D)):
            break
        S[s], lam[s], free[chosen] = chosen, 0.0, False
        s += 1
        _forward(L, y, s - 1, s)
    return s, outcome


@njit(cache=True, nogil=True, fastmath=True)
def _dot(a, b, n):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(n):
        total += a[t] * b[t]
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _add(out, row, weight, n):  # type: ignore[no-untyped-def]
    for t in range(n):
        out[t] += weight * row[t]


@njit(cache=True, nogil=True)
def _append(L, s, g, square):  # type: ignore[no-untyped-def]
    """Add a vector as row ``s`` of the factor, of which products with the others and with itself are given.

    False, with nothing changed, if it depends on them.
    """
    whole = square + 1.0
    left = whole
    for a in range(s):
        L[s, a] = (g[a] + 1.0 - _dot(L[s], L[a], a)) / L[a, a]
        left -= L[s, a] * L[s, a]
    if left <= APART * whole:
        return False
    L[s, s] = np.sqrt(left)
    return True


@njit(cache=True, nogil=True)
def _forward(L, y, start, s):  # type: ignore[no-untyped-def]
    """Solve ``L y = 1`` from entry ``start`` on."""
    for a in range(start, s):
        y[a] = (1.0 - _dot(L[a], y, a)) / L[a, a]


@njit(cache=True, nogil=True)
def _backward(L, y, z, s):  # type: ignore[no-untyped-def]
    """Solve ``L' z = y`` and return the sum of z: z over that sum is the nearest affine combination."""
    z[:s] = y[:s]
    total = 0.0
    for a in range(s - 1, -1, -1):
        z[a] /= L[a, a]
        total += z[a]
        _add(z, L[a], -z[a], a)
    return total


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
