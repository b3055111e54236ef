"""Which rows and columns to try as a minor: pivoted QR in float64 proposes, exact arithmetic decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import linalg

from rankkit.arrays import FloatArray, IntArray
from rankkit.ranks.subject import Subject

#: Number of entries that are looked at to choose a minor.
ENTRIES = 10_000_000


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
    rows = sample(rows, max(2 * target + 50, ENTRIES // len(cols)), rng)
    cols = sample(cols, max(4 * target + 50, ENTRIES // len(rows)), rng)
    X = subject.floats(rows, cols)
    centred = subject.kind == "centred"
    if centred:  # the class nearest to the mean is the reference: differences to it lose the least
        X = np.column_stack([np.zeros(len(rows)), X])
        nearest = int(np.abs(X - X.mean(axis=1, keepdims=True)).sum(axis=0).argmin())
        X = np.delete(X - X[:, [nearest]], nearest, axis=1)
        cols = np.concatenate([cols[[nearest]], np.delete(cols, nearest)])
    X = _equilibrated(X)
    width = 2 * target + 50
    # random combinations of the rows tell columns apart as well as all rows do, and are fewer
    sketch = rng.standard_normal((width, len(rows))) @ X if len(rows) > width else X
    by_column = _pivots(sketch)[:width]
    by_row = _pivots(X[:, by_column[:target]].T)[:width]
    return Choice(rows, cols, centred).at(by_row.tolist(), by_column.tolist())


def _pivots(X: FloatArray) -> IntArray:
    """Order the columns of X by pivoted QR."""
    if X.shape[1] <= 1:
        return np.arange(X.shape[1])
    order: IntArray = linalg.qr(_equilibrated(X), mode="r", pivoting=True, check_finite=False)[1]
    return order.astype(np.int64)


def _equilibrated(X: FloatArray) -> FloatArray:
    """Scale rows, then columns, by powers of two so that none is lost beside a larger one."""
    for axis in (1, 0):
        if X.size:
            X = np.ldexp(X, -np.frexp(np.abs(X).max(axis=axis, keepdims=True))[1])
    return X


def sample(indices: IntArray, size: int, rng: np.random.Generator) -> IntArray:
    """Return some of the indices at random, in their order, or all if there are no more than ``size``."""
    return indices if len(indices) <= size else np.sort(rng.choice(indices, size, replace=False))
