"""Which rows and columns to try as a minor: pivoted QR in float64 proposes, exact arithmetic decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from rankkit.arrays import FloatArray, IntArray
from rankkit.ranks.subject import Subject


class Choice(NamedTuple):
    """Rows and columns in the order in which they extend a minor; if centred, a reference column first."""

    rows: IntArray
    cols: IntArray
    centred: bool

    def leading(self, k: int) -> Choice:
        return Choice(self.rows[:k], self.cols[: k + self.centred], self.centred)

    def at(self, rows: Sequence[int], cols: Sequence[int]) -> Choice:
        """Return some rows and columns; the reference of a centred choice stays and is not counted."""
        kept = self.cols[[c + self.centred for c in cols]]
        return Choice(
            self.rows[list(rows)], np.concatenate([self.cols[: int(self.centred)], kept]), self.centred
        )


def choose(subject: Subject, target: int, rng: np.random.Generator) -> Choice:
    """Order rows and columns so that leading minors are well conditioned, as far as float64 can tell.

    Equal contexts and classes are left out, and of very many a random sample is looked at. Behind the first
    ``target`` stand as many again, for elimination to choose from.
    """
    rows, cols = subject.candidates()
    rows, cols = _sample(rows, 2 * target + 50, rng), _sample(cols, 4 * target + 50, rng)
    centred = subject.kind == "centred"
    if centred:
        cols = _nearest_to_mean_first(subject, rows, cols)
    X = subject.floats(rows, cols)
    by_column = _pivots(X)
    by_row = _pivots(X[:, by_column[:target]].T)
    choice = Choice(rows, cols, centred)
    return choice.at(by_row.tolist(), by_column[: 2 * target + 50].tolist())


def _nearest_to_mean_first(subject: Subject, rows: IntArray, cols: IntArray) -> IntArray:
    """Put the class nearest to the mean in front: differences to it lose the least."""
    X = np.column_stack([np.zeros(len(rows)), subject.floats(rows, cols)])
    away = np.abs(X - X.mean(axis=1, keepdims=True)).sum(axis=0)
    nearest = int(away.argmin())
    return np.concatenate([cols[[nearest]], np.delete(cols, nearest)])


def _pivots(X: FloatArray) -> IntArray:
    """Order the columns of X by pivoted QR, after scaling rows and columns by powers of two."""
    if X.shape[1] <= 1:
        return np.arange(X.shape[1])
    for axis in (1, 0):
        size = np.abs(X).max(axis=axis, keepdims=True)
        X = np.ldexp(X, -np.frexp(size)[1])
    order: IntArray = linalg.qr(X, mode="r", pivoting=True, check_finite=False)[1].astype(np.int64)
    return order


def _sample(indices: IntArray, size: int, rng: np.random.Generator) -> IntArray:
    return indices if len(indices) <= size else np.sort(rng.choice(indices, size, replace=False))
