"""The loops over a product of all classes by some rows: in numpy, or compiled where there is much to do."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from rankkit.arrays import Array, IntArray

#: Products from which compiled loops are worth their loading.
LARGE = 2**24


class Plain:
    """What :mod:`rankkit.reach.kernels` has compiled."""

    @staticmethod
    def reaching(scores: Array, bar: np.float32, few: int) -> tuple[IntArray, IntArray]:
        places = np.empty(0, np.int64)  # products of columns are as cheap here as those of pairs
        return places, np.flatnonzero((scores >= bar).any(axis=1))

    @staticmethod
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
        named = names[np.unique(places // len(rows))]
        scores = columns[named, lead - 1 :] @ rows[:, lead - 1 :].T
        Plain.furthest(scores, own, named, bar, top, who)

    @staticmethod
    def furthest(
        scores: Array, own: IntArray, columns: IntArray, bar: np.float32, top: Array, who: IntArray
    ) -> None:
        scores = np.where((scores < bar) | (columns[:, None] == own), np.float32(-np.inf), scores)
        joined = np.concatenate([top, scores.T], axis=1)
        names = np.concatenate([who, np.broadcast_to(columns, scores.T.shape)], axis=1)
        first = np.argsort(-joined, axis=1, kind="stable")[:, : top.shape[1]]
        top[:], who[:] = np.take_along_axis(joined, first, 1), np.take_along_axis(names, first, 1)


def loops(products: int) -> ModuleType | type[Plain]:
    """Return the loops for so many products of two numbers."""
    if products < LARGE:
        return Plain
    from rankkit.reach import kernels

    return kernels
