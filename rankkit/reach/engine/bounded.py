"""The search where states are bounded.

What never wins anywhere never wins within bounds. For the rest, a bound is one more ray of the hull: with a
class at (w, b), the lower bound l_k allows to move by (-e_k, l_k) and the upper bound u_k by (e_k, -u_k), and
a class that is reached from others by such moves and "less bias" loses within the bounds. Unlike a hull of
points alone, this one is fat: weights found for a class moved a little against all rays hold for the class
itself in spite of their rounding.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from rankkit import arrays, threads
from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.engine import min_norm
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.engine.exact import ExactHull, Loses, Wins
from rankkit.reach.engine.min_norm import Nearest
from rankkit.reach.engine.steps import MANY, Progress
from rankkit.reach.ledger import Ledger, Rule, Verdict
from rankkit.reach.screen import RIVALS

#: How far a class is moved against the rays (of norm 1) until its weights hold for itself.
MOVES = (1e-3, 1e-5, 1e-7)

#: Parts of a state that wins without bounds which are tried within them.
PARTS = (1.0, 2.0**-4, 2.0**-8)


def decide_within(
    ledger: Ledger, free: Ledger, groups: RowGroups, asked: IntArray, progress: Progress
) -> None:
    """Enter a checked proof for every class in ``asked`` that can be decided within the ledger's bounds.

    ``free`` holds what is known without bounds.
    """
    _Bounded(ledger, free, groups, asked, progress).run()


class _Bounded:
    def __init__(
        self, ledger: Ledger, free: Ledger, groups: RowGroups, asked: IntArray, progress: Progress
    ) -> None:
        assert ledger.bounds is not None
        self.ledger, self.free, self.groups = ledger, free, groups
        self.asked, self.progress = asked, progress
        self.lower, self.upper = ledger.bounds
        self.fixed = self.lower == self.upper
        self.leaders = groups.leaders
        self.rows = ledger.W[self.leaders]
        self.biases = np.zeros(len(self.leaders)) if ledger.b is None else ledger.b[self.leaders]

    def run(self) -> None:
        self._report()
        points = self._open_points()
        rivals = self._parts_of_free_states(points)
        points = self._open_points()
        if len(points):
            stuck = self._nearest_points(points, rivals)
            with threadpool_limits(1):
                self._exactly(stuck)

    def _parts_of_free_states(self, points: IntArray) -> dict[int, IntArray]:
        """Try the states that win without bounds, shortened and cut to size; return rivals of the rest."""
        won = points[self.free.verdicts[self.leaders[points]] == Verdict.ARGMAXABLE]
        rivals: dict[int, IntArray] = {}
        for cut in arrays.row_blocks(len(won), row_bytes=8 * max(len(self.rows), 4 * self.rows.shape[1])):
            block = won[cut]
            X = np.array(
                [self.free.state(int(i)).reshape(-1, self.rows.shape[1])[0] for i in self.leaders[block]]
            )
            inside = np.isfinite(X).all(axis=1)
            block, X = block[inside], X[inside]
            for part in PARTS:
                left = self._is_open(block)
                block, X = block[left], X[left]
                if len(block):
                    self._try(block, np.clip(part * X, self.lower, self.upper), rivals)
        return rivals

    def _try(self, points: IntArray, X: FloatArray, rivals: dict[int, IntArray]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            scores = X @ self.rows.T + self.biases
        own = scores[np.arange(len(points)), points]
        scores[np.arange(len(points)), points] = -np.inf
        lead = own - scores.max(axis=1, initial=-np.inf)
        few = min(RIVALS, len(self.rows) - 1)
        for k in np.flatnonzero(~(lead > 0)):
            rivals[int(points[k])] = np.argpartition(-scores[k], few - 1)[:few]
        self._witness(points[lead > 0], X[lead > 0], Rule.OWN_DIRECTION)

    def _nearest_points(self, points: IntArray, rivals: dict[int, IntArray]) -> dict[int, Nearest]:
        """Enter what the search for nearest points settles; return where it ended for the rest."""
        loose = ~self.fixed
        shift = self.rows[:, self.fixed] @ self.lower[self.fixed]
        cloud = make_cloud(
            self.rows[:, loose], self.biases + shift, _rays(self.lower[loose], self.upper[loose])
        )
        queue, others = np.random.default_rng(0).permutation(points), np.arange(len(self.rows))[: RIVALS + 1]
        ended: dict[int, Nearest] = {}

        def first_rivals(points: IntArray) -> list[IntArray]:
            return [rivals.get(int(i), others[others != i]) for i in points]

        compiled = len(queue) * cloud.width**2 >= MANY
        with threads.workers() as crew:
            rounds = min_norm.search(cloud, queue, first_rivals, self._is_open, self._may_win, crew, compiled)
            for states in rounds:
                with crew.resting():
                    self._won(cloud, [state for state in states if state.separated])
                for state in states:
                    if state.reached:
                        self._lost(cloud, state)
                ended |= {state.point: state for state in states if self._is_open(state.point)}
        return ended

    def _won(self, cloud: Cloud, states: list[Nearest]) -> None:
        if not states:
            return
        X = np.tile(self.lower, (len(states), 1))
        X[:, ~self.fixed] = cloud.states(np.array([state.direction for state in states]))
        with np.errstate(invalid="ignore"):
            X = np.clip(X, self.lower, self.upper)
        self._witness(np.array([state.point for state in states]), X, Rule.NEAREST_POINT)

    def _lost(self, cloud: Cloud, state: Nearest) -> None:
        """Enter a class that was reached, by weights that reach a little further."""
        k = len(state.rivals)
        for move in MOVES:
            moved = cloud.points(state.point) - move * cloud.rays.sum(axis=0)
            near = cloud.holding(np.vstack([cloud.points(state.rivals), moved]))
            found, weights = min_norm.nearest(near, k, np.arange(k))
            real = found.support >= 0
            if found.reached and real.any():
                rows = self.leaders[state.rivals[found.support[real]]]
                leader = int(self.leaders[state.point])
                if self.ledger.enter_combination(leader, rows.tolist(), weights[real], Rule.NEAREST_POINT):
                    self._report()
                    return

    def _exactly(self, stuck: dict[int, Nearest]) -> None:
        """Decide the rest in rational arithmetic."""
        if not stuck:
            return
        loose = ~self.fixed
        bounds = np.vstack([_rays(self.lower, self.upper, loose), _rays(self.lower, self.upper, self.fixed)])
        base = np.clip(np.zeros(len(self.lower)), self.lower, self.upper)
        hull = ExactHull(self.rows, self.biases, bounds, base)
        for i, state in stuck.items():
            outcome = hull.decide(i, state.support, state.rivals)
            leader = int(self.leaders[i])
            if isinstance(outcome, Loses):
                rows = [int(self.leaders[j]) for j in outcome.rows]
                if not self.ledger.enter_combination(leader, rows, outcome.weights, Rule.EXACT):
                    self.ledger.reasons[leader] = "the exact combination was refused by the check"
            elif isinstance(outcome, Wins):
                ties = self.groups.ties(leader)
                if not self.ledger.enter_exact_witness(leader, outcome.state, Rule.EXACT, ties):
                    self.ledger.reasons[leader] = "it wins, but only at states beyond the range of float64"
            else:
                self.ledger.reasons[leader] = "the exact pivots ran out"
            self._report()

    def _witness(self, points: IntArray, X: FloatArray, rule: Rule) -> None:
        leaders = self.leaders[points]
        self.ledger.enter_witnesses(leaders, X, rule, [self.groups.ties(int(i)) for i in leaders])
        self._report()

    def _open_points(self) -> IntArray:
        """Return the positions among the leaders of the wanted classes that are open."""
        return np.searchsorted(self.leaders, self.ledger.open(np.unique(self.groups.leader[self.asked])))

    def _is_open(self, points: IntArray | int) -> np.ndarray:
        return self.ledger.verdicts[self.leaders[points]] == Verdict.UNDECIDED

    def _may_win(self, points: IntArray) -> np.ndarray:
        return self.ledger.verdicts[self.leaders[points]] != Verdict.UNARGMAXABLE

    def _report(self) -> None:
        decided = self.ledger.verdicts[self.groups.standing(self.asked)] != Verdict.UNDECIDED
        self.progress(int(decided.sum()), len(self.asked))


def _rays(lower: FloatArray, upper: FloatArray, which: np.ndarray | bool = True) -> FloatArray:
    """Return the rays (r, d + 1) that finite bounds on the coordinates ``which`` allow to move along."""
    d = len(lower)
    low, high = np.flatnonzero(np.isfinite(lower) & which), np.flatnonzero(np.isfinite(upper) & which)
    rays = np.zeros((len(low) + len(high), d + 1))
    rays[np.arange(len(low)), low], rays[: len(low), d] = -1.0, lower[low]
    rays[np.arange(len(low), len(rays)), high], rays[len(low) :, d] = 1.0, -upper[high]
    return rays
