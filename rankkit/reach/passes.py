"""What passes keep of a product of all classes by some rows: in numpy, or compiled where that pays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rankkit.arrays import Array, IntArray

#: Products from which compiled loops are worth their loading.
LARGE = 2**24

#: Merges scores (c, r) into lists; the arguments are those of :func:`furthest`.
Merge = Callable[[Array, IntArray, IntArray, Array, Array, IntArray], None]


def furthest(scores: Array, own: IntArray, columns: IntArray, bar: Array, top: Array, who: IntArray) -> None:
    """Merge columns that reach a row's ``bar`` into its list of the furthest, a heap: the least comes first.

    Parameters
    ----------
    scores : numpy.ndarray (c, r), float32
    own : numpy.ndarray (r,)
        The column that stands for the row itself, and does not count.
    columns : numpy.ndarray (c,)
        Names of the columns.
    bar : numpy.ndarray (r,), float32
    top, who : numpy.ndarray (r, k)
        Scores and names in each row's list, changed in place.
    """
    scores = np.where((scores < bar) | (columns[:, None] == own), np.float32(-np.inf), scores)
    joined = np.concatenate([top, scores.T], axis=1)
    names = np.concatenate([who, np.broadcast_to(columns, scores.T.shape)], axis=1)
    first = np.argsort(-joined, axis=1, kind="stable")[:, top.shape[1] - 1 :: -1]
    top[:], who[:] = np.take_along_axis(joined, first, 1), np.take_along_axis(names, first, 1)


def merging(products: int) -> Merge:
    """Return :func:`furthest` for passes of so many products of two numbers, compiled where they are many."""
    if products < LARGE:
        return furthest
    from rankkit.reach import kernels

    return kernels.furthest
