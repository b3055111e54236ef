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
                    least[i] = max(bar[i], top[i, last])


@njit(cache=True, nogil=True)
def _insert(value, name, top, who, i):  # type: ignore[no-untyped-def]
    """Let ``value`` push the least one out of a descending list, row ``i``."""
    at = top.shape[1] - 1
    while at > 0 and top[i, at - 1] < value:
        top[i, at], who[i, at] = top[i, at - 1], who[i, at - 1]
        at -= 1
    top[i, at], who[i, at] = value, name
