"""Where the searches for the nearest points of many hulls stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud

#: How a search ended, for now or for good.
SEPARATED, REACHED, STUCK = 0, 1, 2

#: Most numbers held in factors that wait for the next round (32 MB).
ROOM = 2**22


@dataclass(frozen=True)
class Hulls:
    """One search a row; the arrays are changed in place.

    Search t is about point ``own[t]``. Its vectors are the rays of the cloud, then the differences to its
    rivals, all of norm 1.

    Attributes
    ----------
    own, rounds : numpy.ndarray (m,), int64
        The point each one is about, and how often its nearest point was found.
    rivals : numpy.ndarray (m, k), int32, and count : numpy.ndarray (m,), int64
        The points each one is compared with.
    corral : numpy.ndarray (m, D + 2), int64, weights : (m, D + 2), float64, size : (m,), int64
        Positions of the vectors that carry the nearest point, and their weights; size 0 for a fresh start.
    point, aim : numpy.ndarray (m, D), float64
        The nearest point, and the direction, of norm 1, in which all others were compared last.
    outcome : numpy.ndarray (m,), int64
        ``SEPARATED``, ``REACHED`` or ``STUCK``.
    kept : numpy.ndarray (m,), int64, factors : numpy.ndarray (2, room), float64
        Where the packed factor of each corral begins, -1 if it was not kept: in one row of ``factors``, while
        those of the next round are written to the other.
    rays : int
    marked : numpy.ndarray (n,), bool
        Of each point, False, but for those that are being looked at.
    compiled : bool
        Whether there is so much to do that compiled loops are worth their loading.
    """

    own: IntArray
    rounds: IntArray
    rivals: Array
    count: IntArray
    corral: IntArray
    weights: FloatArray
    size: IntArray
    point: FloatArray
    aim: FloatArray
    outcome: IntArray
    kept: IntArray
    factors: FloatArray
    rays: int
    marked: Array
    compiled: bool

    @classmethod
    def among(cls, cloud: Cloud, m: int, room: int, compiled: bool = False) -> Hulls:
        """Return places for m searches at a time among the points of a cloud, with ``room`` rivals each."""
        D = cloud.width
        return cls(
            own=np.zeros(m, np.int64),
            rounds=np.zeros(m, np.int64),
            rivals=np.zeros((m, room), np.int32),
            count=np.zeros(m, np.int64),
            corral=np.zeros((m, D + 2), np.int64),
            weights=np.zeros((m, D + 2)),
            size=np.zeros(m, np.int64),
            point=np.zeros((m, D)),
            aim=np.zeros((m, D)),
            outcome=np.full(m, STUCK),
            kept=np.full(m, -1),
            factors=np.empty((2, min(ROOM, m * packed(D + 2)))),
            rays=len(cloud.rays),
            marked=np.zeros(len(cloud.points32), bool),
            compiled=compiled,
        )

    def begin(self, places: IntArray, own: IntArray, names: Array) -> None:
        """Begin searches about points ``own`` (p,) in ``places`` (p,), whatever was there.

        ``names`` (p, k) are their first rivals, as in :meth:`extend`.
        """
        self.own[places], self.outcome[places], self.kept[places] = own, STUCK, -1
        self.rounds[places] = self.count[places] = self.size[places] = 0
        self.extend(places, names)

    def rivals_of(self, t: int) -> Array:
        """Return the rivals of search ``t``."""
        return self.rivals[t, : self.count[t]].copy()

    def extend(self, places: IntArray, names: Array) -> Array:
        """Add ``names`` (p, k) to the rivals of searches in ``places`` (p,); tell for which any was new.

        Negative numbers fill a list. Where there is no room, all rivals that carry nothing make way.
        """
        grown = np.zeros(len(places), bool)
        if self.compiled:
            from rankkit.reach.engine import lists

            names = np.ascontiguousarray(names, np.int64)
            lists.extend(
                places, names, grown, self.own, self.rivals, self.count, self.corral, self.size, self.rays,
                self.marked,
            )  # fmt: skip
            return grown
        for k, t in enumerate(places.tolist()):
            known = {int(self.own[t]), *self.rivals_of(t).tolist()}
            more = [j for j in dict.fromkeys(names[k].tolist()) if j >= 0 and j not in known]
            if self.count[t] + len(more) > self.rivals.shape[1]:
                self._make_way(t)
            start = self.count[t]
            self.count[t] = min(start + len(more), self.rivals.shape[1])
            self.rivals[t, start : self.count[t]] = more[: self.count[t] - start]
            grown[k] = bool(more)
        return grown

    def _make_way(self, t: int) -> None:
        """Keep those rivals of search ``t`` only that carry its nearest point."""
        carried = self.corral[t, : self.size[t]]
        real = carried >= self.rays
        kept = self.rivals[t, carried[real] - self.rays]
        self.count[t] = len(kept)
        self.rivals[t, : len(kept)] = kept
        carried[real] = self.rays + np.arange(len(kept))

    def fitting(self, active: IntArray) -> int:
        """Return how many searches like those in places ``active`` may go on, so that all factors are kept.

        They may grow to twice their size.
        """
        held = sum(packed(s) for s in self.size[active].tolist())
        return ROOM * len(active) // (2 * held) if held else len(self.own)

    def settle(self, t: int, carried: IntArray, weights: FloatArray, point: FloatArray, outcome: int) -> None:
        """Write down where search ``t`` ended."""
        s = len(carried)
        self.corral[t, :s], self.weights[t, :s], self.size[t] = carried, weights, s
        self.point[t], self.outcome[t], self.kept[t] = point, outcome, -1


def packed(s: int) -> int:
    """Return how many numbers a factor of s vectors takes."""
    return s * (s + 3) // 2
