"""A matrix of which some entries were never seen, and the blocks of it that were seen whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.errors import InputError

#: Rows from which the search for a block starts.
STARTS = 24


@dataclass(frozen=True, eq=False)
class PartialMatrix:
    """Entries that were observed, such as rewards of the tokens that were tried after each prefix.

    Attributes
    ----------
    values : numpy.ndarray (rows, columns)
        The entries; 0 where nothing was observed.
    observed : numpy.ndarray (rows, columns), bool
        Where something was.

    Examples
    --------
    >>> PartialMatrix.of([[1.0, np.nan], [2.0, 3.0]])
    PartialMatrix: 2 x 2, 75% observed
    """

    values: FloatArray
    observed: Array

    def __post_init__(self) -> None:
        self.values.flags.writeable = False
        self.observed.flags.writeable = False

    @classmethod
    def of(cls, X: object) -> Self:
        """Take an array in which NaN stands for what is missing, or a masked array.

        Raises
        ------
        InputError
            Infinite entries, no entry at all, or an array that :func:`rankkit.spectrum` would refuse.
        """
        if isinstance(X, cls):
            return X
        if isinstance(X, np.ma.MaskedArray):
            values, observed = np.asarray(X.filled(0)), ~np.ma.getmaskarray(X)
        else:
            values = np.asarray(X)
            observed = values == values  # false for NaN alone, in every dtype
        if not np.any(observed):
            raise InputError("X has no observed entry; NaN stands for a missing one")
        kept = np.where(observed, values, np.zeros((), dtype=values.dtype))
        return cls(np.array(arrays.widen(arrays.matrix("X", kept))), np.array(observed))

    def __repr__(self) -> str:
        return f"PartialMatrix: {self.shape[0]:,} x {self.shape[1]:,}, {self.observed.mean():.0%} observed"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.values.shape[0], self.values.shape[1]

    def blocks(self, rng: np.random.Generator, most: int = 32) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows and columns of blocks that were seen whole: no entry is in two, large ones first.

        Large means by its shorter side. To find the largest of all is hard; these are found greedily.
        """
        left = self.observed.copy()
        for _ in range(most):
            rows, cols = largest_block(left, rng)
            if not len(rows):
                return
            yield rows, cols
            left[np.ix_(rows, cols)] = False


def largest_block(observed: Array, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return rows and columns whose every crossing is observed, with a long shorter side; maybe none.

    >>> rows, cols = largest_block(np.tri(6, dtype=bool), np.random.default_rng(0))
    >>> sorted(rows.tolist()), cols.tolist()
    ([2, 3, 4, 5], [0, 1, 2])
    """
    everything = np.arange(observed.shape[0]), np.arange(observed.shape[1])
    if observed.all():
        return everything
    mask = observed.astype(np.float32)
    counts = mask.sum(axis=1)
    fullest = np.argsort(-counts, kind="stable")[: STARTS // 2]
    others = np.flatnonzero(counts)
    drawn = rng.choice(others, min(len(others), STARTS // 2), replace=False) if len(others) else others
    best: tuple[IntArray, IntArray] = (np.array([], dtype=np.int64), np.array([], dtype=np.int64))
    for start in np.unique(np.concatenate([fullest, drawn])):
        found = _grown(mask, int(start))
        if min(map(len, found)) > min(map(len, best)):
            best = found
    return best


def _grown(mask: Array, start: int) -> tuple[IntArray, IntArray]:
    """Add the row that costs the fewest columns while the shorter side can grow; then all that cost none."""
    rows, cols = [start], np.flatnonzero(mask[start])
    free = np.ones(len(mask), dtype=bool)
    free[start] = False
    best: tuple[list[int], IntArray] = (rows[:1], cols)
    while free.any() and len(cols) > min(len(best[0]), len(best[1])):
        shared = np.where(free, mask[:, cols].sum(axis=1), -1)
        row = int(shared.argmax())
        rows.append(row)
        free[row] = False
        cols = cols[mask[row, cols] > 0]
        if min(len(rows), len(cols)) >= min(len(best[0]), len(best[1])):
            best = rows.copy(), cols
    rows_too = np.flatnonzero(mask[:, best[1]].all(axis=1))
    return rows_too, np.flatnonzero(mask[rows_too].all(axis=0))
