"""Rows that occur more than once: decided before any geometry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, IntArray


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
    first: dict[bytes, int] = {}
    for i, row in enumerate(W):
        key = hashlib.blake2b((row + 0.0).tobytes(), digest_size=16).digest()  # + 0.0 turns -0.0 into 0.0
        if np.array_equal(W[first.setdefault(key, i)], row):
            leader[i] = first[key]
    for head in np.unique(leader[leader != np.arange(len(W))]):
        members = np.flatnonzero(leader == head)
        leader[members] = members[np.argmax(b[members])]
    level = b == b[leader]
    tied = level & (np.bincount(leader[level], minlength=len(W))[leader] > 1)
    return RowGroups(leader, tied)
