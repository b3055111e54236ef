"""Long searches, remembered: a class near one that was searched begins with what decided that one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.min_norm import Nearest
from rankkit.reach.looks import BYTES

#: Share of its own distance from the centre at which a class counts as the neighbour of another one.
NEIGHBOUR = 0.5

#: Numbers that are remembered, those of the last searches (16 MB).
REMEMBERED = 2**22


class Neighbours:
    """The points about which the last long searches were, and what carried their nearest points."""

    def __init__(self, cloud: Cloud) -> None:
        places, most = -(-REMEMBERED // cloud.width), cloud.width + 2
        self._cloud, self._count = cloud, 0
        # memory is taken as rows are filled
        self._sources = np.empty(places, np.int32)
        self._carriers = np.empty((places, most), np.int32)

    def remember(self, ended: Iterable[Nearest]) -> None:
        """Keep those of some searches that were long; the oldest make way."""
        for state in ended:
            if 2 * len(state.support) > self._cloud.width:
                carriers = state.support[state.support >= 0]
                at, self._count = self._count % len(self._sources), self._count + 1
                self._sources[at], self._carriers[at] = state.point, -1
                self._carriers[at, : len(carriers)] = carriers

    def of(self, points: IntArray) -> Array:
        """Return, for each point, what carried the nearest search, if that is near; -1 fills a row."""
        cloud, known = self._cloud, min(self._count, len(self._sources))
        size = cloud.squares[points]
        least, nearest = NEIGHBOUR**2 * size - size, np.full(len(points), -1)
        for cut in arrays.row_blocks(known, 4 * (cloud.width + 2 * len(points)), BYTES):
            sources = self._sources[cut]
            apart = cloud.squares[sources] - 2 * (cloud.points32[points] @ cloud.points32[sources].T)
            first = apart.argmin(axis=1)
            best = apart[np.arange(len(points)), first]  # squared distance less size
            nearest = np.where(best < least, first + cut.start, nearest)
            least = np.minimum(best, least)
        return np.where(nearest[:, None] < 0, np.int32(-1), self._carriers[nearest])
