"""Rows that occur more than once: decided before any geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray, IntArray

#: Entries by which rows are told apart that are not alike.
FIRST = 16


@dataclass(frozen=True)
class RowGroups:
    """The classes, grouped by identical row of W.

    A class wins strictly only if it leads its group and shares the lead with nobody.

    Attributes
    ----------
    leader : numpy.ndarray (classes,), int64
        The class with the largest bias (then the lowest number) among those with the same row.
    tied : numpy.ndarray (classes,), bool
        Whether another class has the same row and the same bias as this one, and none of that row has a
        larger bias.
    """

    leader: IntArray
    tied: np.ndarray

    @property
    def leaders(self) -> IntArray:
        """One class per distinct row, ascending: the contenders of every comparison."""
        return np.flatnonzero(self.leader == np.arange(len(self.leader)))

    def standing(self, classes: IntArray) -> IntArray:
        """Return the class whose verdict stands for each of ``classes``: the leader, for those that tie."""
        return np.where(self.tied[classes], self.leader[classes], classes)

    def ties(self, i: int) -> tuple[int, ...]:
        """Return the other classes with the row and the bias of class ``i``, where ``i`` is tied."""
        if not self.tied[i]:
            return ()
        members = np.flatnonzero(self.tied & (self.leader == self.leader[i]))
        return tuple(int(j) for j in members if j != i)


def group_rows(W: FloatArray, b: FloatArray) -> RowGroups:
    """Group the classes of ``W`` (classes, d) by identical rows; ``b`` (classes,) tells who leads.

    >>> groups = group_rows(np.array([[1.0], [2.0], [1.0], [1.0]]), np.array([0.0, 0.0, 5.0, 5.0]))
    >>> groups.leader, groups.tied
    (array([2, 1, 2, 2]), array([False, False,  True,  True]))
    """
    leader = np.arange(len(W))
    keys = _keys(W)
    values, counts = np.unique(keys, return_counts=True)
    first: dict[bytes, int] = {}
    for i in np.flatnonzero(np.isin(keys, values[counts > 1])).tolist():
        leader[i] = first.setdefault((W[i] + 0.0).tobytes(), i)  # + 0.0 turns -0.0 into 0.0
    for head in np.unique(leader[leader != np.arange(len(W))]):
        members = np.flatnonzero(leader == head)
        leader[members] = members[np.argmax(b[members])]
    level = b == b[leader]
    tied = level & (np.bincount(leader[level], minlength=len(W))[leader] > 1)
    return RowGroups(leader, tied)


def _keys(W: FloatArray) -> np.ndarray:
    """Return a number for each row, the same for rows that begin alike, and seldom for others."""
    W = W[:, :FIRST]
    keys = np.empty(len(W), np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=W.shape[1], dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    for cut in arrays.row_blocks(len(W), 8 * W.shape[1]):
        bits = (W[cut] + 0.0).view(np.uint64)
        keys[cut] = np.einsum("ij,j->i", bits ^ bits >> np.uint64(32), factors)  # low bits are often all 0
    return keys
