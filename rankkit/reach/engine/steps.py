"""The steps of the engine, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from fractions import Fraction

import numpy as np
from threadpoolctl import threadpool_limits

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine import min_norm
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.engine.exact import ExactHull, Loses, Wins
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.engine.simplex import Simplex, around, simplex_of
from rankkit.reach.ledger import Ledger, Rule, Verdict
from rankkit.reach.screen import RIVALS

#: Classes searched at first: few, so that their simplices spare the others a search.
FIRST = 32

#: Share of its own distance from the centre at which a class counts as the neighbour of another one.
NEIGHBOUR = 0.5

#: Numbers that are remembered of long searches for their neighbours, the last ones (16 MB).
REMEMBERED = 2**22

#: Simplices that are compared with all open classes together.
TOGETHER = 16

#: Classes times squared width from which the compiled search is worth its loading.
MANY = 100_000

#: Leading axes among which few classes of wide heads are searched at first.
LEADING = 64

Progress = Callable[[int, int], None]


def decide(ledger: Ledger, groups: RowGroups, asked: IntArray, progress: Progress) -> None:
    """Enter a checked proof for every class in ``asked`` that can be decided, and a reason for every other.

    A class that shares row and bias with others is decided together with them, as one.
    """
    _Run(ledger, groups, asked, progress).run()


class _Run:
    def __init__(self, ledger: Ledger, groups: RowGroups, asked: IntArray, progress: Progress) -> None:
        self.ledger, self.groups, self.asked, self.progress = ledger, groups, asked, progress
        self._arrange(groups.leaders)
        self.wanted = np.unique(groups.leader[asked])
        self.standing = groups.standing(asked)
        # Classes after long searches, and what carried them.
        self.found: deque[tuple[int, IntArray]] = deque(maxlen=REMEMBERED // ledger.W.shape[1])

    def run(self) -> None:
        self._dominated_duplicates()
        if len(self.leaders) == 1:
            self._witness(self.leaders, np.zeros((1, self.ledger.W.shape[1])), Rule.ALONE)
            return
        points = self._open_points()
        if not len(points):
            self._report()
            return
        first = self._own_directions(points)
        self._report()
        width = self.ledger.W.shape[1]
        if width > 4 * LEADING and 0 < len(self._open_points()) < 2 * width:
            self._among_leading(*first)
        if len(self._open_points()):
            stuck = self._nearest_points(self._cloud(), *first)
            with threadpool_limits(1):
                self._exactly(stuck)

    def _arrange(self, leaders: IntArray) -> None:
        """Name one class of each kind by its place among ``leaders``."""
        self.leaders, self.place = leaders, np.empty(len(self.ledger.W), np.int64)
        self.place[leaders] = np.arange(len(leaders))
        biases = None if self.ledger.b is None else self.ledger.b[leaders]
        self.biases = None if biases is None or (biases == biases[0]).all() else biases

    def _own_directions(self, points: IntArray) -> tuple[IntArray, Array]:
        """Enter classes that win in their own direction; return others (k,), ascending, and rivals (k, r).

        From here on long rows come first: they are the likely rivals, and products read rows in that order.
        """
        screened, before = self.ledger.enter_own_directions(self.leaders, points), self.leaders
        self._arrange(before[screened.order])
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
        queue = self._open_points()
        with threads.workers() as crew:
            rounds = self._search(cloud, queue, known, rivals, crew, compiled=True)
            won = [state for ended in rounds for state in ended if state.separated]
        self._won(cloud, won)

    def _nearest_points(self, cloud: Cloud, known: IntArray, rivals: Array) -> dict[int, Nearest]:
        """Enter what the search for nearest points settles; return where it ended for the rest.

        ``rivals`` (k, r) are the first ones of the points ``known`` (k,).
        """
        queue = np.random.default_rng(0).permutation(self._open_points())
        stuck: dict[int, Nearest] = {}
        won: list[Nearest] = []
        most, batch = min_norm.at_once(cloud.width), FIRST
        compiled = len(queue) * cloud.width**2 >= MANY
        with threads.workers() as crew:
            for ended in self._search(cloud, queue, known, rivals, crew, compiled, FIRST):
                won += [state for state in ended if state.separated]
                self.found += [
                    (state.point, state.support[state.support >= 0].astype(np.int32))
                    for state in ended
                    if 2 * len(state.support) > cloud.width
                ]
                queue = queue[self._is_open(queue)]
                self._simplices(cloud, [state for state in ended if state.reached], queue)
                open_ = self._is_open(np.array([state.point for state in ended], np.int64))
                stuck |= {ended[k].point: ended[k] for k in np.flatnonzero(open_)}
                if len(won) >= batch:  # a few at first, so that there is news
                    with crew.resting():
                        self._won(cloud, won)
                    won, batch = [], min(2 * batch, most)
                    stuck = {i: state for i, state in stuck.items() if self._is_open(i)}
        self._won(cloud, won)
        return {i: state for i, state in stuck.items() if self._is_open(i)}

    def _search(
        self,
        cloud: Cloud,
        queue: IntArray,
        known: IntArray,
        rivals: Array,
        crew: threads.Workers,
        compiled: bool,
        first: int = min_norm.LARGEST_WAVE,
    ) -> Generator[list[Nearest], None, None]:
        """Search for the nearest points of the classes in ``queue``; yield those that ended in each round."""
        others = np.arange(len(self.leaders))[: RIVALS + 1]

        def first_rivals(points: IntArray) -> list[IntArray]:
            places = np.searchsorted(known, points)
            some = [
                rivals[k][rivals[k] >= 0] if k < len(known) and known[k] == i else others[others != i]
                for i, k in zip(points, places, strict=True)
            ]
            return [
                rows if near is None else np.setdiff1d(np.union1d(rows, near), [i])
                for i, rows, near in zip(points, some, self._of_neighbours(cloud, points), strict=True)
            ]

        return min_norm.search(
            cloud, queue, first_rivals, self._is_open, self._may_win, crew, compiled, first
        )

    def _won(self, cloud: Cloud, won: list[Nearest]) -> None:
        if won:
            X = cloud.states(np.array([state.direction for state in won]))
            self._witness(self.leaders[[state.point for state in won]], X, Rule.NEAREST_POINT)

    def _of_neighbours(self, cloud: Cloud, points: IntArray) -> list[Array | None]:
        """Return, for each point, what decided the nearest one after a long search, if it is near."""
        if not self.found:
            return [None] * len(points)
        found, nearest = [source for source, _ in self.found], np.empty(len(points), np.int64)
        sources = cloud.points32[found]
        for cut in arrays.row_blocks(len(points), 8 * len(sources)):
            size = cloud.squares[points[cut]]
            apart = cloud.squares[found] - 2 * (cloud.points32[points[cut]] @ sources.T)  # and size
            near = apart.min(axis=1) + size < NEIGHBOUR**2 * size
            nearest[cut] = np.where(near, apart.argmin(axis=1), -1)
        return [None if k < 0 else self.found[k][1] for k in nearest.tolist()]

    def _exactly(self, stuck: dict[int, Nearest]) -> None:
        """Decide the rest in rational arithmetic."""
        if not stuck:
            return
        hull = ExactHull(self.ledger.W[self.leaders], self.biases)
        for i, state in stuck.items():
            outcome = hull.decide(i, state.support, state.rivals)
            leader = int(self.leaders[i])
            if isinstance(outcome, Loses):
                self._lost_exactly(leader, outcome)
            elif isinstance(outcome, Wins):
                self._won_exactly(leader, outcome)
            else:
                self.ledger.reasons[leader] = "the exact pivots ran out"
            self._report()

    def _lost_exactly(self, leader: int, outcome: Loses) -> None:
        rows = tuple(int(self.leaders[j]) for j in outcome.rows)
        rounded = np.array([float(w) for w in outcome.weights])
        for weights in (rounded, outcome.weights):  # a full simplex can be checked around rounded weights
            if self.ledger.enter_combination(leader, rows, weights, Rule.EXACT):
                return
        self.ledger.reasons[leader] = "the exact combination was refused by the check"

    def _won_exactly(self, leader: int, outcome: Wins) -> None:
        state = list(outcome.state)
        if self.biases is None:  # any scale will do: put the middle of the entries' range at 1
            low = min(_magnitude(v) for v in state if v)
            state = [v * 2 ** min(-low // 2, 1000) for v in state]
        if not self.ledger.enter_exact_witness(leader, state, Rule.EXACT, self.groups.ties(leader)):
            self.ledger.reasons[leader] = "it wins, but only at states beyond the range of float64"

    def _witness(self, leaders: IntArray, X: FloatArray, rule: Rule) -> None:
        self.ledger.enter_witnesses(leaders, X, rule, [self.groups.ties(int(i)) for i in leaders])
        self._report()

    def _simplices(self, cloud: Cloud, reached: list[Nearest], remaining: IntArray) -> None:
        """Enter everything that is open in the simplices of searches that reached the origin."""
        for at in range(0, len(reached), TOGETHER):
            open_ = [state for state in reached[at : at + TOGETHER] if self._is_open(state.point)]
            found = [one for state in open_ if (one := simplex_of(cloud, state)) is not None]
            remaining = remaining[self._is_open(remaining)]
            for one, near in zip(found, around(cloud, found, remaining), strict=True):
                self._everything_inside(cloud, one, near[self._is_open(near)])
            self._report()

    def _everything_inside(self, cloud: Cloud, found: Simplex, points: IntArray) -> None:
        """Enter those of ``points`` that lie in a simplex."""
        members, weights = found.inside(cloud, points)
        real = found.support != RAY
        weights = weights[:, real] / weights[:, real].sum(axis=1, keepdims=True)
        rules = [Rule.NEAREST_POINT if i == found.source else Rule.SHARED_SIMPLEX for i in members]
        self.ledger.enter_simplex(self.leaders[members], self.leaders[found.support[real]], weights, rules)

    def _open_points(self) -> IntArray:
        """Return the positions among the leaders of the wanted classes that are open."""
        return np.sort(self.place[self.ledger.open(self.wanted)])

    def _is_open(self, points: IntArray | int) -> Array:
        return self.ledger.verdicts[self.leaders[points]] == Verdict.UNDECIDED

    def _may_win(self, points: IntArray) -> Array:
        return self.ledger.verdicts[self.leaders[points]] != Verdict.UNARGMAXABLE

    def _report(self) -> None:
        decided = int(np.count_nonzero(self.ledger.verdicts[self.standing]))
        self.progress(decided, len(self.asked))


def _magnitude(value: Fraction) -> int:
    """Return about log2 of a positive or negative number."""
    return abs(value.numerator).bit_length() - value.denominator.bit_length()
