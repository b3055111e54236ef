"""The steps of the engine, in order."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np

from rankkit.arrays import Array, IntArray
from rankkit.reach.engine import faces, min_norm, simplices
from rankkit.reach.engine.contest import Contest, Progress
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.engine.exact import ExactHull
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.engine.neighbours import Neighbours
from rankkit.reach.ledger import Ledger, Rule

#: Classes searched at first: few, so that their simplices spare the others a search.
FIRST = 32

#: Leading axes among which few classes of wide heads are searched at first.
LEADING = 64


def decide(ledger: Ledger, groups: RowGroups, asked: IntArray, progress: Progress) -> None:
    """Enter a checked proof for every class in ``asked`` that can be decided, and a reason for every other.

    A class that shares row and bias with others is decided together with them, as one.
    """
    _Run(ledger, groups, asked, progress).run()


class _Run(Contest):
    def run(self) -> None:
        self._dominated_duplicates()
        if len(self.leaders) == 1:
            self.enter_witnesses(np.zeros(1, np.int64), np.zeros((1, self.ledger.W.shape[1])), Rule.ALONE)
            return
        points = self.open_points()
        if not len(points):
            self.report()
            return
        first = self._own_directions(points)
        self.report()
        width = self.ledger.W.shape[1]
        if width > 4 * LEADING and 0 < len(self.open_points()) < 2 * width:
            self._among_leading(*first)
        if len(self.open_points()):
            cloud = self._cloud()
            stuck = self._nearest_points(cloud, *first)
            if stuck:
                hull = ExactHull(self.ledger.W[self.leaders], self.biases)
                stuck = [state for state in stuck if not self.enter_carried(hull, state)]
                self.decide_exactly(stuck, partial(faces.decide, hull, cloud), level=self.biases is None)

    def arrange(self, leaders: IntArray) -> None:
        super().arrange(leaders)
        biases = None if self.ledger.b is None else self.ledger.b[leaders]
        self.biases = None if biases is None or (biases == biases[0]).all() else biases

    def _own_directions(self, points: IntArray) -> tuple[IntArray, Array]:
        """Enter classes that win in their own direction; return others (k,), ascending, and rivals (k, r).

        From here on long rows come first: they are the likely rivals, and products read rows in that order.
        """
        screened, before = self.ledger.enter_own_directions(self.leaders, points), self.leaders
        self.arrange(before[screened.order])
        known = self.place[before[screened.open]]
        rivals = np.where(screened.rivals < 0, -1, self.place[before[screened.rivals]]).astype(np.int32)
        ascending = np.argsort(known)
        return known[ascending], rivals[ascending]

    def _cloud(self, leading: int | None = None) -> Cloud:
        return make_cloud(self.ledger.W, self.biases, which=self.leaders, leading=leading)

    def _dominated_duplicates(self) -> None:
        for i in self.asked:
            leader = int(self.groups.leader[i])
            if leader != i and not self.groups.tied[i]:
                self.ledger.enter_combination(int(i), (leader,), np.ones(1), Rule.DUPLICATE)

    def _among_leading(self, known: IntArray, rivals: Array) -> None:
        """Enter classes that win in directions within the leading axes: for few classes, all are too many."""
        cloud = self._cloud(LEADING)
        queue = self.open_points()
        rounds = self._search(cloud, queue, known, rivals, Neighbours(cloud))
        self._won(cloud, [state for ended in rounds for state in ended if state.separated])

    def _nearest_points(self, cloud: Cloud, known: IntArray, rivals: Array) -> list[Nearest]:
        """Enter what the search for nearest points settles; return where it ended for the rest.

        ``rivals`` (k, r) are the first ones of the points ``known`` (k,).
        """
        queue = np.random.default_rng(0).permutation(self.open_points())
        stuck: list[Nearest] = []
        won: list[Nearest] = []
        most, batch, neighbours = min_norm.at_once(cloud.width), FIRST, Neighbours(cloud)
        for ended in self._search(cloud, queue, known, rivals, neighbours, FIRST):
            won += [state for state in ended if state.separated]
            neighbours.remember(ended)
            queue = queue[self.is_open(queue)]
            self._simplices(cloud, [state for state in ended if state.reached], queue)
            stuck += self.still_open(ended)
            if len(won) >= batch:  # a few at first, so that there is news
                self._won(cloud, won)
                won, batch = [], min(16 * batch, most)
                stuck = self.still_open(stuck)
        self._won(cloud, won)
        return self.still_open(stuck)

    def _search(
        self,
        cloud: Cloud,
        queue: IntArray,
        known: IntArray,
        rivals: Array,
        neighbours: Neighbours,
        first: int = min_norm.LARGEST_WAVE,
    ) -> Generator[list[Nearest], None, None]:
        """Search for the nearest points of the classes in ``queue``; yield those that ended in each round."""

        def first_rivals(points: IntArray) -> IntArray:
            return np.hstack([self.rivals(points, known, rivals), neighbours.of(points)])

        return min_norm.search(cloud, queue, first_rivals, self.is_open, self.may_win, first)

    def _won(self, cloud: Cloud, won: list[Nearest]) -> None:
        if won:
            X = cloud.states(np.array([state.direction for state in won]))
            self.enter_witnesses(np.array([state.point for state in won]), X, Rule.NEAREST_POINT)

    def _simplices(self, cloud: Cloud, reached: list[Nearest], queue: IntArray) -> None:
        """Enter everything that is open in the simplices of searches that reached the origin."""
        for found in simplices.inside(cloud, self.still_open(reached), queue):
            left = self.is_open(found.members)
            if not left.any():
                continue
            members, of, weights = found.members[left], found.of[left], found.weights[left]
            real = found.support != RAY
            corners = found.support[real].reshape(len(real), -1)
            weights = weights[real[of]].reshape(-1, corners.shape[1])
            weights /= weights.sum(axis=1, keepdims=True)
            own = (members == found.source[of]).tolist()
            rules = [Rule.NEAREST_POINT if searched else Rule.SHARED_SIMPLEX for searched in own]
            self.ledger.enter_simplices(self.leaders[members], self.leaders[corners], of, weights, rules)
            self.report()
