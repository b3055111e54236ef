"""The inner loop of passes over all classes, compiled: loaded only where there is enough to pass over."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Indices of this type are known to be non-negative, without which loops over part of a row stay scalar.
UINT = np.uintp


@njit(cache=True, nogil=True)
def furthest(scores, own, columns, bar, top, who):  # type: ignore[no-untyped-def]
    """As :func:`rankkit.reach.passes.furthest`. Flops: c r."""
    c, r = scores.shape
    least = np.maximum(top[:, 0], bar)  # what each list asks for, side by side
    for j in range(c):
        hits = np.int32(0)
        for i in range(r):
            hits += np.int32(scores[j, i] >= least[i])
        if hits:
            for i in range(r):
                if scores[j, i] >= least[i] and scores[j, i] > top[i, 0] and columns[j] != own[i]:
                    _replace(scores[j, i], columns[j], top, who, i)
                    least[i] = max(bar[i], top[i, 0])


@njit(cache=True, nogil=True)
def _replace(value, name, top, who, i):  # type: ignore[no-untyped-def]
    """Put ``value`` in the place of the least one of a heap, row ``i``."""
    at, child, k = UINT(0), UINT(1), UINT(top.shape[1])
    while child < k:
        other = child + UINT(1)
        if other < k and top[i, other] < top[i, child]:
            child = other
        if top[i, child] >= value:
            break
        top[i, at], who[i, at] = top[i, child], who[i, child]
        at, child = child, UINT(2) * child + UINT(1)
    top[i, at], who[i, at] = value, name
