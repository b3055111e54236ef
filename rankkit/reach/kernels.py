"""The inner loops of passes over all classes, compiled: loaded only where there is enough to pass over.

Both take products that BLAS made, columns of the race by rows, and read them once.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from rankkit.arrays import Array, IntArray


def survivors(scores: Array, near: Array, far: Array, bar: np.float32) -> Array:
    """Return which columns may reach ``bar`` in some row: (c,) bool.

    ``scores`` (c, r) are products of prefixes; what is left of column c and row r adds at most the product of
    ``far`` (c, 2) and ``near`` (2, r). Flops: 5 c r.
    """
    return np.asarray(_survivors(scores, near, far, bar))


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


@njit(cache=True, nogil=True, fastmath=True)
def _survivors(scores, near, far, bar):  # type: ignore[no-untyped-def]
    c, r = scores.shape
    out = np.empty(c, np.bool_)
    for j in range(c):
        rest, length = far[j, 0], far[j, 1]
        best = np.float32(-1e30)
        for i in range(r):
            best = max(best, scores[j, i] + (rest * near[0, i] + length * near[1, i]))
        out[j] = best >= bar
    return out


@njit(cache=True, nogil=True)
def _furthest(scores, own, columns, bar, top, who):  # type: ignore[no-untyped-def]
    c, r = scores.shape
    k = top.shape[1]
    for j in range(c):
        for i in range(r):
            value = scores[j, i]
            if value >= bar and value > top[i, k - 1] and columns[j] != own[i]:
                at = k - 1
                while at > 0 and top[i, at - 1] < value:
                    top[i, at], who[i, at] = top[i, at - 1], who[i, at - 1]
                    at -= 1
                top[i, at], who[i, at] = value, columns[j]
