"""The piecewise-linear function on a CPU, compiled: one pass over the logits in each direction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from rankkit.arrays import Array

#: Parts of the entries that threads may take. Fixed, so that no sum depends on the number of threads.
LANES = 2

#: Entries whose segments are found at a time.
BLOCK = 512

#: Stands in for infinite positions, whose gradient is 0 and has to stay so.
_FAR = 1e30


def values(z: Array, slopes: Array, offsets: Array, scale: float, threads: int, out: Array) -> None:
    """Write slopes[k] z + offsets[k] for the segment k of each entry of ``z`` (entries,) to ``out``."""
    _in_lanes(_values, threads, len(z), z, slopes, offsets, z.dtype.type(scale), out)


def gradients(
    g: Array, z: Array, slopes: Array, scale: float, threads: int, learned: bool, out: Array
) -> Array:
    """Write the gradient by z to ``out`` and return, if ``learned``, two sums for each segment (K, 2).

    They are those of g, and of g times the distance from the left end of the segment, in segments.
    """
    sums = np.zeros((LANES, len(slopes) if learned else 0, 2))
    _in_lanes(_gradients, threads, len(z), g, z, slopes, z.dtype.type(scale), out, sums)
    return np.asarray(sums.sum(axis=0))


def _in_lanes(run: Any, threads: int, entries: int, *arguments: Any) -> None:
    ends = [entries * lane // LANES for lane in range(LANES + 1)]
    lanes = [(lane, ends[lane], ends[lane + 1]) for lane in range(LANES)]
    if threads == 1 or entries < 2**16:
        for lane in lanes:
            run(*lane, *arguments)
        return
    with ThreadPoolExecutor(min(threads, LANES)) as pool:
        list(pool.map(lambda lane: run(*lane, *arguments), lanes))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _values(lane: int, start: int, end: int, z: Any, slopes: Any, offsets: Any, scale: Any, out: Any) -> None:
    half, odd = np.int32(len(slopes) // 2), len(slopes) % 2
    low, high, middle = z.dtype.type(-half), z.dtype.type(half + odd - 1), z.dtype.type(0.5 * odd)
    for i in range(start, end):
        p = np.floor(z[i] * scale + middle)  # from 0, where tiny logits keep their sign
        p = p if p > low else low  # NaN too
        p = p if p < high else high
        k = np.uint32(np.int32(p) + half)  # unsigned: no index counts from the end
        out[i] = slopes[k] * z[i] + offsets[k]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _gradients(
    lane: int, start: int, end: int, g: Any, z: Any, slopes: Any, scale: Any, out: Any, sums: Any
) -> None:
    own, ks, inside = sums[lane], np.empty(BLOCK, np.int32), np.empty(BLOCK, z.dtype)
    learned = len(own) > 0
    for first in range(start, end, BLOCK):
        last = min(first + BLOCK, end)
        _place(z[first:last], len(slopes), scale, ks, inside)
        for i in range(first, last):
            k = np.uint32(ks[i - first])  # unsigned: no index counts from the end
            out[i] = g[i] * slopes[k]
            if learned:
                own[k, 0] += g[i]
                own[k, 1] += g[i] * inside[i - first]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _place(z: Any, segments: int, scale: Any, ks: Any, inside: Any) -> None:
    """Write segments and distances from their left ends: apart from tables, so that it runs in SIMD lanes."""
    half, odd = np.int32(segments // 2), np.int32(segments % 2)
    low, high, middle = z.dtype.type(-half), z.dtype.type(half + odd - 1), z.dtype.type(0.5 * odd)
    far = z.dtype.type(_FAR)
    for i in range(len(z)):
        position = z[i] * scale + middle
        position = position if position > -far else -far
        position = position if position < far else far
        p = np.floor(position)
        p = p if p > low else low
        p = p if p < high else high
        ks[i] = np.int32(p) + half
        inside[i] = position - p
