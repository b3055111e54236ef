"""The points of many hulls nearest to the origin: Wolfe's method, compiled, started where it last ended.

A corral is a set of affinely independent vectors whose nearest affine combination has positive weights. Each
step adds the vectors that lie furthest beyond the present point, and drops those whose weights would turn
negative [wolfe1976]_. The corral of s vectors is carried as the triangular factor, U'U, of its products
plus one: the normal equations of the system with a row of ones. On the diagonal of U stand the inverses of
its entries. A search that will go on leaves its factor, packed, for the next time.

Flops for k vectors of width D: 3 k D to make them; 2 s^2 D + s^3 / 3 to begin with a corral of s whose
factor was not left. A step takes 2 k D in float32 to look at all vectors and 2 s D for the point; each vector
added 2 s D for its products and s^2 for its column of the factor; each one dropped up to 3 s^2 for rotations;
and every change s^2 for the weights. A short point takes 2 k D in float64 and 4 s D + 5 s^2 more.

All loops are in one file because numba keeps what it compiled until the file of the outermost one changes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rankkit.arrays import IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.hulls import REACHED, SEPARATED, STUCK, Hulls, packed
from rankkit.reach.kernels import UINT

#: Weights up to this one leave the corral.
POSITIVE = 1e-14

#: Share of its length that a vector must keep apart from those in the corral (squared).
APART = 1e-13

#: A point of less than this squared norm needs its last digits, and vectors in float64 to be compared with.
SHORT = 1e-10

#: What is taken for rounding in a product of a vector with the point, in units of its norm.
DOUBT, DOUBT32 = 1e-15, 1e-8

#: Vectors added together; the first alone is sure to bring the point nearer, the others save looking again.
TOGETHER = 4

_packed = njit(cache=True)(packed)

#: For indices, as ``UINT`` makes them.
ONE = UINT(1)

#: A vector that keeps more than this multiple of the distance is dropped from the list.
FAR = 2.0


def solve(
    cloud: Cloud,
    hulls: Hulls,
    todo: IntArray,
    turn: int,
    room: slice,
    near: float,
    enough: float,
    steps: int,
) -> None:
    """Go on with the searches ``todo`` among the points and rays of a cloud.

    Factors are read from ``hulls.factors[turn]`` and left in the part ``room`` of the other one, as many as
    it holds. A point of norm up to ``near`` counts as the origin. A point p separates once every vector v
    has ``v.p >= enough * p.p``; 1 asks for the nearest one. ``steps`` bounds the steps of each search.
    """
    h = hulls
    _solve_all(
        cloud.points32, cloud.rest32, cloud.rays,
        h.own, h.rivals, h.count, h.corral, h.weights, h.size, h.point, h.outcome, h.kept,
        h.factors[turn], h.factors[1 - turn], room.start, room.stop, todo, near, enough, steps,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _solve_all(  # type: ignore[no-untyped-def]
    P, R, rays, own, rivals, count, corral, weights, size, point, outcome,
    kept, old, new, first, end, todo, near, enough, steps,
):  # fmt: skip
    D, r = P.shape[1], rays.shape[0]
    V, C = np.empty((r + rivals.shape[1], D)), np.empty((D + 2, D))
    U, y = np.zeros((D + 2, D + 2)), np.empty(D + 2)
    V32, values = np.empty(V.shape, np.float32), np.empty(len(V), np.float32)
    V[:r], V32[:r] = rays, rays
    for t in todo:
        k = r + count[t]
        if k == 0 or not _differences(P, R, rivals[t], count[t], own[t], V, V32, r):
            # distinct rows on one point: exact arithmetic tells them apart
            outcome[t] = STUCK
            continue
        known = kept[t] >= 0
        if known:
            _unpack(old[kept[t] :], U, y, size[t])
        s, outcome[t] = _search(
            V[:k], V32[:k], C, U, y, corral[t], weights[t], size[t], known, point[t], values,
            near, enough, steps,
        )  # fmt: skip
        size[t], kept[t] = s, -1
        if outcome[t] == SEPARATED:
            if first + _packed(s) <= end:
                _pack(new[first:], U, y, s)
                kept[t], first = first, first + _packed(s)
            _forget(rivals[t], count, corral[t], t, r, s, values, FAR * _dot(point[t], point[t], D))


@njit(cache=True, nogil=True)
def _forget(rivals, count, corral, t, r, s, values, far):  # type: ignore[no-untyped-def]
    """Drop the rivals of search ``t`` whose values reach ``far``, unless they are in its corral."""
    place = np.full(r + count[t], -1)
    for a in range(s):
        place[corral[a]] = corral[a]  # rays stay where they are
    n = 0
    for q in range(count[t]):
        if place[r + q] >= 0 or values[r + q] < far:
            place[r + q] = r + n
            rivals[n] = rivals[q]
            n += 1
    count[t] = n
    for a in range(s):
        corral[a] = place[corral[a]]


@njit(cache=True, nogil=True)
def _search(  # type: ignore[no-untyped-def]
    V, V32, C, U, y, S, lam, s, known, point, values, near, enough, steps
):
    k, D = V.shape
    free = np.ones(k, np.bool_)
    z, G, chosen = np.empty(D + 2), np.empty((TOGETHER, D + 2)), np.empty(TOGETHER, np.int64)
    # C keeps its rows in place: vector a of the corral is its row slot[a]
    X, slot, spare = np.empty((TOGETHER, D)), np.arange(D + 2), np.empty(D + 2)
    taken, W = np.empty(TOGETHER, np.int64), np.empty((D + 2, TOGETHER))
    for a in range(s):
        _copy(V, S[a], C, a)
    if not known:
        s = _begin(V, C, U, y, S, lam, s, G)
    for a in range(s):
        free[S[a]] = False
    together, last, settled = TOGETHER, np.inf, False
    for _ in range(steps):
        if not settled:
            s = _descend(C, U, y, z, S, slot, lam, s, free, spare)
        if s == 0:
            return s, STUCK
        for a in range(s):
            spare[slot[a]] = lam[a]
        np.dot(spare[:s], C[:s], point)
        square = _dot(point, point, D)
        if square <= near * near:
            return s, REACHED
        if square < SHORT:
            _level(C, U, z, slot, s, point, G)
            square = _dot(point, point, D)
        stalled = square >= last * (1 - 1e-12)
        # where a weight is too small to be told from nothing, whoever joins the corral stays
        settled = settled or (stalled and together == 1 and square < SHORT)
        together, last = 1 if stalled else TOGETHER, square
        if square < SHORT:
            values[:k] = np.dot(V, point)
        else:
            np.dot(V32, point.astype(np.float32), values[:k])
        doubt = (DOUBT if square < SHORT else DOUBT32) * np.sqrt(square)
        found = _furthest(values, free, enough * square - doubt, chosen[:together])
        if found == 0:
            return s, SEPARATED
        before, joined = s, 0
        for i in range(TOGETHER):
            _copy(V, chosen[min(i, found - 1)], X, i)
        np.dot(C[:s], X.T, W[:s])
        for a in range(s):
            for i in range(TOGETHER):
                G[i, a] = W[slot[a], i] + 1.0
        _forward(U, G, s)
        for i in range(found):
            v, g = X[i], G[i]
            for q in range(joined):
                c = before + q
                g[c] = (_dot(v, C[c], D) + 1.0 - _dot(g, G[taken[q]], c)) * U[c, c]
            if s <= D and _append(U, y, s, g, _dot(v, v, D)):
                _copy(X, i, C, s)
                S[s], slot[s], lam[s], free[chosen[i]] = chosen[i], s, 0.0, False
                s += 1
                taken[joined], joined = i, joined + 1
        if s == before:
            return s, STUCK
    return s, STUCK


@njit(cache=True, nogil=True)
def _begin(V, C, U, y, S, lam, s, G):  # type: ignore[no-untyped-def]
    """Factor the given corral, less what depends on the rest; one vector if it is empty. Returns its size."""
    D = V.shape[1]
    if s == 0:
        C[0], S[0], lam[0], s = V[0], 0, 1.0, 1
    products = np.dot(C[:s], C[:s].T)
    taken, n, s = np.empty(s, np.int64), s, 0
    for a in range(n):
        for c in range(s):
            G[:, c] = products[a, taken[c]] + 1.0
        _forward(U, G, s)
        if s <= D and _append(U, y, s, G[0], products[a, a]):
            C[s], S[s], lam[s], taken[s] = C[a], S[a], lam[a], a
            s += 1
    lam[:s] /= lam[:s].sum()
    return s


@njit(cache=True, nogil=True)
def _descend(C, U, y, z, S, slot, lam, s, free, spare):  # type: ignore[no-untyped-def]
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
                gap, s = slot[a], s - 1
                for c in range(a, s):
                    S[c], slot[c], lam[c], z[c] = S[c + 1], slot[c + 1], lam[c + 1], z[c + 1]
                for c in range(s):
                    if slot[c] == s:
                        _copy(C, s, C, gap)
                        slot[c] = gap
        if s in (0, before):
            return 0
        total = _solve(U, y, z, s)


@njit(cache=True, nogil=True)
def _level(C, U, z, slot, s, point, G):  # type: ignore[no-untyped-def]
    """Make the products of a short ``point`` with the corral equal, up to its own rounding.

    What the sum of the corral leaves of a point near the origin has lost as many digits as it is short. That
    moves the point by little; but its products with the corral are smaller still.
    """
    total = 0.0
    for a in range(s):
        G[0, a] = _dot(point, C[slot[a]], len(point))
        total += G[0, a]
    for a in range(s):
        G[0, a] -= total / s
    _forward(U, G, s)
    _solve(U, G[0], z, s)
    for a in range(s):
        for t in range(len(point)):
            point[t] -= z[a] * C[slot[a], t]


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
def _differences(P, R, rivals, count, own, V, V32, r):  # type: ignore[no-untyped-def]
    """Write the rivals less the point itself, each of norm 1, below r rows of V; False if one has norm 0."""
    for q in range(count):
        i, square = rivals[q], 0.0
        for t in range(P.shape[1]):
            near, rest = (
                np.float64(P[i, t]) - np.float64(P[own, t]),
                np.float64(R[i, t]) - np.float64(R[own, t]),
            )
            V[r + q, t] = near + rest
            square += V[r + q, t] * V[r + q, t]
        if square == 0:
            return False
        scale = 1 / np.sqrt(square)
        for t in range(P.shape[1]):
            V[r + q, t] *= scale
            V32[r + q, t] = V[r + q, t]
    return True


@njit(cache=True, nogil=True)
def _copy(A, i, B, j):  # type: ignore[no-untyped-def]
    """Copy row ``i`` of A to row ``j`` of B."""
    for t in range(A.shape[1]):
        B[j, t] = A[i, t]


@njit(cache=True, nogil=True, fastmath=True)
def _dot(a, b, n):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(n):
        total += a[t] * b[t]
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _forward(U, G, s):  # type: ignore[no-untyped-def]
    """Solve ``U'g = right hand side`` for four of them in place: products plus one become columns of U."""
    even = s - s % 2
    for a in range(0, even, 2):  # two rows at once, so that G is read and written half as often
        up, down, across = U[a, a], U[a + 1, a + 1], U[a, a + 1]
        for i in range(4):
            G[i, a] *= up
            G[i, a + 1] = (G[i, a + 1] - G[i, a] * across) * down
        g, h, p, q = G[0, a], G[1, a], G[2, a], G[3, a]
        k, m, n, o = G[0, a + 1], G[1, a + 1], G[2, a + 1], G[3, a + 1]
        for t in range(UINT(a + 2), UINT(s)):
            one, two = U[a, t], U[a + 1, t]
            G[0, t] -= g * one + k * two
            G[1, t] -= h * one + m * two
            G[2, t] -= p * one + n * two
            G[3, t] -= q * one + o * two
    for i in range(4 if even < s else 0):
        G[i, even] *= U[even, even]


@njit(cache=True, nogil=True)
def _append(U, y, s, g, square):  # type: ignore[no-untyped-def]
    """Add a vector as column ``s`` of the factor, whose upper part is ``g``, given its square.

    False, with the factor unchanged, if it depends on the others. ``y`` goes on solving ``U'y = 1``.
    """
    left = square + 1.0 - _dot(g, g, s)
    if left <= APART * (square + 1.0):
        return False
    for t in range(s):
        U[t, s] = g[t]
    U[s, s] = 1 / np.sqrt(left)
    y[s] = (1.0 - _dot(g, y, s)) * U[s, s]
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _solve(U, y, z, s):  # type: ignore[no-untyped-def]
    """Solve ``U z = y`` and return the sum of z: z over that sum is the nearest affine combination."""
    total = 0.0
    for first in range((s - 1) // 4 * 4, -1, -4):  # four rows at once, which do not wait for one another
        end = min(first + 4, s)
        g, h, p, q = 0.0, 0.0, 0.0, 0.0
        for t in range(UINT(end), UINT(s)):
            g += U[first, t] * z[t]
            h += U[first + 1, t] * z[t]
            p += U[first + 2, t] * z[t]
            q += U[first + 3, t] * z[t]
        done = (g, h, p, q)
        for a in range(end - 1, first - 1, -1):
            left = y[a] - done[a - first]
            for t in range(a + 1, end):
                left -= U[a, t] * z[t]
            z[a] = left * U[a, a]
            total += z[a]
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _drop(U, y, s, gone, row):  # type: ignore[no-untyped-def]
    """Remove column ``gone`` of the factor, and restore its triangle by rotations, which y takes part in.

    ``row`` (D + 2,) is overwritten.
    """
    for a in range(gone):
        for t in range(UINT(gone + 1), UINT(s)):
            U[a, t - ONE] = U[a, t]
    for t in range(UINT(gone + 1), UINT(s)):
        row[t] = U[gone, t]
    for a in range(UINT(gone), UINT(s - 1)):
        below = a + ONE
        scale = 1 / np.sqrt(row[below] * row[below] * U[below, below] * U[below, below] + 1)
        cosine, sine = row[below] * U[below, below] * scale, scale
        U[a, a] = scale * U[below, below]
        for t in range(UINT(below + ONE), UINT(s)):
            one, two = row[t], U[below, t]
            U[a, t - ONE] = cosine * one + sine * two
            row[t] = cosine * two - sine * one
        y[a], y[below] = cosine * y[a] + sine * y[below], cosine * y[below] - sine * y[a]


@njit(cache=True, nogil=True)
def _pack(out, U, y, s):  # type: ignore[no-untyped-def]
    out[:s], n = y[:s], s
    for a in range(s):
        out[n : n + s - a] = U[a, a:s]
        n += s - a


@njit(cache=True, nogil=True)
def _unpack(packed, U, y, s):  # type: ignore[no-untyped-def]
    y[:s], n = packed[:s], s
    for a in range(s):
        U[a, a:s] = packed[n : n + s - a]
        n += s - a
