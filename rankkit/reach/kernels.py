"""The inner loops of passes over all classes, compiled: loaded only where there is enough to pass over.

Both take products that BLAS made, columns of the race by rows, and read them once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rankkit.arrays import Array, IntArray

#: Scores that are looked at together.
STRIDE = 64

#: Indices of this type are known to be non-negative, without which loops over part of a row stay scalar.
UINT = np.uintp


def reaching(scores: Array, bar: np.float32, few: int) -> tuple[IntArray, IntArray]:
    """Tell what of ``scores`` (c, r) reaches ``bar``.

    Returns flat places (k,), of columns with at most ``few`` of them, and the other columns (m,) that have
    any. Flops: c r.
    """
    places, many = np.empty(len(scores) * few, np.int64), np.empty(len(scores), np.int64)
    k, m = _reaching(scores, bar, few, places, many)
    return places[:k], many[:m]


def one_by_one(
    places: IntArray,
    names: IntArray,
    own: IntArray,
    lead: int,
    cuts: IntArray,
    rows: Array,
    near: Array,
    columns: Array,
    far: Array,
    bar: np.float32,
    top: Array,
    who: IntArray,
) -> None:
    """Merge pairs of a row and a column that reach ``bar`` into each row's list of the furthest.

    Flops: 2 d a pair, or fewer where a prefix tells.

    Parameters
    ----------
    places : numpy.ndarray (k,)
        Flat places of the pairs in a table (c, r).
    names : numpy.ndarray (c,)
        The columns that have a line in it.
    own : numpy.ndarray (r,)
        The column that stands for the row itself, and does not count.
    lead : int
        Entries before the coordinates, the last of them the factors of the error.
    cuts : numpy.ndarray (m,)
        Numbers of coordinates after which to look; the last is d.
    rows, columns : numpy.ndarray (r, lead + d), (n, lead + d), float32
    near, far : numpy.ndarray (m, r), (m, n), float32
        Bounds on what is left of rows and columns after each look.
    bar, top, who
        As for :func:`furthest`.
    """
    _one_by_one(places, names, own, lead, cuts, rows, near, columns, far, bar, top, who)


def furthest(
    scores: Array, own: IntArray, columns: IntArray, bar: np.float32, top: Array, who: IntArray
) -> None:
    """Merge columns that reach ``bar`` into each row's list of the furthest, in descending order.

    Parameters
    ----------
    scores : numpy.ndarray (c, r), float32
    own : numpy.ndarray (r,)
        The column that stands for the row itself, and does not count.
    columns : numpy.ndarray (c,)
        Names of the columns.
    bar : float32
    top, who : numpy.ndarray (r, k)
        Scores and names in each row's list, changed in place.
    """
    _furthest(scores, own, columns, bar, top, who)


@njit(cache=True, nogil=True)
def _reaching(scores, bar, few, places, many):  # type: ignore[no-untyped-def]
    c, r = scores.shape
    k, m, whole = 0, 0, r // STRIDE * STRIDE
    for j in range(c):
        line, hits = scores[j], np.int32(0)
        for at in range(0, whole, STRIDE):  # a loop of known length looks at many scores at once
            for i in range(STRIDE):
                hits += np.int32(line[at + i] >= bar)
        for i in range(whole, r):
            hits += np.int32(line[i] >= bar)
        if hits > few:
            many[m], m = j, m + 1
        elif hits:
            for i in range(r):
                if line[i] >= bar:
                    places[k], k = j * r + i, k + 1
    return k, m


@njit(cache=True, nogil=True)
def _one_by_one(  # type: ignore[no-untyped-def]
    places, names, own, lead, cuts, A, near, P, far, bar, top, who
):
    r, k = len(A), top.shape[1]
    for place in places:
        i, j = place % r, names[place // r]
        if j == own[i]:
            continue
        value, at = A[i, lead - 1] * P[j, lead - 1], lead
        for level in range(len(cuts)):
            value += _dot(A, i, P, j, at, lead + cuts[level])
            at = lead + cuts[level]
            bound = value + far[level, j] * near[level, i]
            if bound < bar or bound <= top[i, k - 1]:
                break
        else:
            _insert(bound, j, top, who, i)


@njit(cache=True, nogil=True, fastmath=True)
def _dot(A, i, P, j, start, end):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for t in range(UINT(start), UINT(end)):
        total += A[i, t] * P[j, t]
    return total


@njit(cache=True, nogil=True)
def _furthest(scores, own, columns, bar, top, who):  # type: ignore[no-untyped-def]
    c, r = scores.shape
    last = top.shape[1] - 1
    least = np.maximum(top[:, last], bar)  # what each list asks for, side by side
    for j in range(c):
        hits = np.int32(0)
        for i in range(r):
            hits += np.int32(scores[j, i] >= least[i])
        if hits:
            for i in range(r):
                if scores[j, i] >= least[i] and scores[j, i] > top[i, last] and columns[j] != own[i]:
                    _insert(scores[j, i], columns[j], top, who, i)
                    least[i] = max(bar, top[i, last])


@njit(cache=True, nogil=True)
def _insert(value, name, top, who, i):  # type: ignore[no-untyped-def]
    """Let ``value`` push the least one out of a descending list, row ``i``."""
    at = top.shape[1] - 1
    while at > 0 and top[i, at - 1] < value:
        top[i, at], who[i, at] = top[i, at - 1], who[i, at - 1]
        at -= 1
    top[i, at], who[i, at] = value, name
