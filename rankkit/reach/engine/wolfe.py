"""The points of many hulls nearest to the origin: Wolfe's method, compiled, started where it last ended.

A corral is a set of affinely independent vectors whose nearest affine combination has positive weights. Each
step adds the vectors that lie furthest beyond the present point, and drops those whose weights would turn
negative [wolfe1976]_. The corral of s vectors is carried as the triangular factor, U'U, of its products plus
one: the normal equations of the system with a row of ones.

Flops for k vectors of width D: 2 s^2 D + s^3 / 3 to begin with a corral of s. A step takes 2 k D to look at
all vectors and 2 s D for the point; each vector added 2 s D for its products and s^2 for its column of the
factor; each one dropped up to 3 s^2 for rotations; and every change s^2 for the weights.
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

#: Vectors added together; the first alone is sure to bring the point nearer, the others save looking again.
TOGETHER = 4

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
    U, values = np.zeros((room, room)), np.empty(len(V))
    s, outcome = _search(V, U, places, shares, first, point, values, near, enough, steps)
    return places[:s], shares[:s], point, int(outcome)


@njit(cache=True, nogil=True)
def _solve_all(  # type: ignore[no-untyped-def]
    P, rays, own, rivals, count, corral, weights, size, point, outcome, todo, near, enough, steps
):
    D, r = P.shape[1], rays.shape[0]
    V, U, values = np.empty((r + rivals.shape[1], D)), np.zeros((D + 2, D + 2)), np.empty(r + rivals.shape[1])
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
            V[:k], U, corral[t], weights[t], size[t], point[t], values, near, enough, steps
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
def _search(V, U, S, lam, s, point, values, near, enough, steps):  # type: ignore[no-untyped-def]
    k, D = V.shape
    free = np.ones(k, np.bool_)
    y, z, spare, chosen = np.empty(D + 2), np.empty(D + 2), np.empty(D + 2), np.empty(TOGETHER, np.int64)
    s = _begin(V, U, y, S, lam, s, free, spare)
    together, last = TOGETHER, np.inf
    for _ in range(steps):
        s = _descend(U, y, z, S, lam, s, free, spare)
        if s == 0:
            return s, STUCK
        point[:] = 0.0
        for a in range(s):
            _add(point, V[S[a]], lam[a], D)
        square = _dot(point, point, D)
        if square <= near * near:
            return s, REACHED
        together, last = TOGETHER if square < last * (1 - 1e-12) else 1, square
        values[:k] = np.dot(V, point)
        found = _furthest(values, free, enough * square - 1e-15, chosen[:together])
        if found == 0:
            return s, SEPARATED
        before = s
        for j in chosen[:found]:
            for a in range(s):
                spare[a] = _dot(V[j], V[S[a]], D)
            if s <= D and _append(U, y, s, spare, _dot(V[j], V[j], D)):
                S[s], lam[s], free[j] = j, 0.0, False
                s += 1
        if s == before:
            return s, STUCK
    return s, STUCK


@njit(cache=True, nogil=True)
def _begin(V, U, y, S, lam, s, free, spare):  # type: ignore[no-untyped-def]
    """Factor the given corral, less what depends on the rest; one vector if it is empty. Returns its size."""
    D = V.shape[1]
    first = np.empty((s, D))
    for a in range(s):
        first[a] = V[S[a]]
    products = np.dot(first, first.T)
    kept, s = np.empty(len(first), np.int64), 0
    for a in range(len(first)):
        for c in range(s):
            spare[c] = products[a, kept[c]]
        if s <= D and _append(U, y, s, spare, products[a, a]):
            kept[s], S[s], lam[s], free[S[a]] = a, S[a], lam[a], False
            s += 1
    if s == 0:
        _append(U, y, 0, spare, _dot(V[0], V[0], D))
        S[0], lam[0], free[0], s = 0, 1.0, False, 1
    lam[:s] /= lam[:s].sum()
    return s


@njit(cache=True, nogil=True)
def _descend(U, y, z, S, lam, s, free, spare):  # type: ignore[no-untyped-def]
    """Go to the nearest affine combination, dropping vectors whose weights end on the way.

    Returns how many are left, 0 if rounding keeps the way from going on.
    """
    total = _solve(U, y, z, s)
    while True:
        far, negative = 1.0, False
        for a in range(s):
            if z[a] <= POSITIVE * total:
                negative = True
                if lam[a] * total > z[a]:
                    far = min(far, lam[a] / (lam[a] - z[a] / total))
        for a in range(s):
            lam[a] += far * (z[a] / total - lam[a])
        if not negative:
            return s
        before = s
        for a in range(s - 1, -1, -1):
            if lam[a] <= POSITIVE and z[a] <= POSITIVE * total:
                free[S[a]] = True
                _drop(U, y, s, a, spare)
                for c in range(a, s - 1):
                    S[c], lam[c], z[c] = S[c + 1], lam[c + 1], z[c + 1]
                s -= 1
        if s in (0, before):
            return 0
        total = _solve(U, y, z, s)


@njit(cache=True, nogil=True)
def _furthest(values, free, level, chosen):  # type: ignore[no-untyped-def]
    """Write where the least ``values`` below ``level`` stand, in order, and return how many there are."""
    found, room = 0, len(chosen)
    for j in range(len(free)):
        if values[j] < level and free[j]:
            found = min(found + 1, room)
            place = found - 1
            while place > 0 and values[chosen[place - 1]] > values[j]:
                chosen[place] = chosen[place - 1]
                place -= 1
            chosen[place] = j
            if found == room:
                level = values[chosen[room - 1]]
    return found


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
def _append(U, y, s, g, square):  # type: ignore[no-untyped-def]
    """Add a vector as column ``s`` of the factor, given its products with the others and with itself.

    False, with the factor unchanged, if it depends on them. ``y`` goes on solving ``U'y = 1``.
    """
    whole = square + 1.0
    left, rest = whole, 1.0
    g[:s] += 1.0
    for a in range(s):
        g[a] /= U[a, a]
        left -= g[a] * g[a]
        rest -= g[a] * y[a]
        _add(g[a + 1 :], U[a, a + 1 :], -g[a], s - a - 1)
    if left <= APART * whole:
        return False
    U[:s, s] = g[:s]
    U[s, s] = np.sqrt(left)
    y[s] = rest / U[s, s]
    return True


@njit(cache=True, nogil=True)
def _solve(U, y, z, s):  # type: ignore[no-untyped-def]
    """Solve ``U z = y`` and return the sum of z: z over that sum is the nearest affine combination."""
    total = 0.0
    for a in range(s - 1, -1, -1):
        z[a] = (y[a] - _dot(U[a, a + 1 :], z[a + 1 :], s - a - 1)) / U[a, a]
        total += z[a]
    return total


@njit(cache=True, nogil=True)
def _drop(U, y, s, gone, spare):  # type: ignore[no-untyped-def]
    """Remove column ``gone`` of the factor, and restore its triangle by rotations, which y takes part in."""
    for a in range(gone):
        _shift(U[a, gone:], s - 1 - gone)
    for a in range(gone, s - 1):
        length = np.hypot(U[a, a + 1], U[a + 1, a + 1])
        cosine, sine = U[a, a + 1] / length, U[a + 1, a + 1] / length
        spare[: s - a - 1] = U[a, a + 1 : s]
        _rotate(spare, U[a + 1, a + 1 :], U[a, a:], cosine, sine, s - a - 1)
        y[a], y[a + 1] = cosine * y[a] + sine * y[a + 1], cosine * y[a + 1] - sine * y[a]


@njit(cache=True, nogil=True)
def _shift(row, n):  # type: ignore[no-untyped-def]
    for t in range(n):
        row[t] = row[t + 1]


@njit(cache=True, nogil=True, fastmath=True)
def _rotate(upper, lower, out, cosine, sine, n):  # type: ignore[no-untyped-def]
    for t in range(n):
        one, two = upper[t], lower[t]
        out[t] = cosine * one + sine * two
        lower[t] = cosine * two - sine * one
