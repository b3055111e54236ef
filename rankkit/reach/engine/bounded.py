"""The search where states are bounded.

What never wins anywhere never wins within bounds. For the rest, a bound is one more ray of the hull: with a
class at (w, b), the lower bound l_k allows to move by (-e_k, l_k) and the upper bound u_k by (e_k, -u_k), and
a class that is reached from others by such moves and "less bias" loses within the bounds. Unlike a hull of
points alone, this one is fat: weights found for a class moved a little against all rays hold for the class
itself in spite of their rounding.
"""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine import faces, min_norm
from rankkit.reach.engine.contest import Contest, Progress
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.engine.exact import ExactHull
from rankkit.reach.engine.min_norm import Nearest
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


class _Bounded(Contest):
    def __init__(
        self, ledger: Ledger, free: Ledger, groups: RowGroups, asked: IntArray, progress: Progress
    ) -> None:
        super().__init__(ledger, groups, asked, progress)
        assert ledger.bounds is not None
        self.free, (self.lower, self.upper) = free, ledger.bounds
        self.fixed = self.lower == self.upper
        self.rows = ledger.W[self.leaders]
        self.biases = np.zeros(len(self.leaders)) if ledger.b is None else ledger.b[self.leaders]

    def run(self) -> None:
        self.ledger.inherit(self.free, self.leaders[self.open_points()])
        self.report()
        known, rivals = self._parts_of_free_states(self.open_points())
        if len(self.open_points()):
            cloud = self._cloud()
            stuck = self._nearest_points(cloud, known, rivals)
            if stuck:
                self._exactly(cloud, stuck)

    def _cloud(self) -> Cloud:
        """Place the contenders in round coordinates; fixed coordinates of the states only shift biases."""
        loose = ~self.fixed
        shift = self.rows[:, self.fixed] @ self.lower[self.fixed]
        bounds = _rays(self.lower[loose], self.upper[loose])
        return make_cloud(self.rows[:, loose], self.biases + shift, bounds)

    def _parts_of_free_states(self, points: IntArray) -> tuple[IntArray, IntArray]:
        """Try the states that win without bounds, shortened and cut to size.

        Returns others for which they were tried (k,), ascending, and rivals (k, r) of these.
        """
        won = points[self.free.verdicts[self.leaders[points]] == Verdict.ARGMAXABLE]
        rivals = np.full((len(points), min(RIVALS, len(self.rows) - 1)), -1)
        d = self.rows.shape[1]
        for cut in arrays.row_blocks(len(won), row_bytes=32 * d):
            block = won[cut]
            X = np.array([self.free.state(int(i)).reshape(-1, d)[0] for i in self.leaders[block]])
            inside = np.isfinite(X).all(axis=1)
            block, X = block[inside], X[inside]
            for part in PARTS:
                left = self.is_open(block)
                block, X = block[left], X[left]
                states = np.clip(part * X, self.lower, self.upper)
                leads, beyond = self._leads(block, states, rivals.shape[1])
                self.enter_witnesses(block[leads > 0], states[leads > 0], Rule.OWN_DIRECTION)
                rivals[np.searchsorted(points, block)] = beyond
        known = self.is_open(points) & (rivals >= 0).any(axis=1)
        return points[known], rivals[known]

    def _leads(self, points: IntArray, X: FloatArray, few: int) -> tuple[FloatArray, IntArray]:
        """Return by how much points lead at states ``X`` (m, d), and the ``few`` that come next."""
        leads, beyond = np.empty(len(points)), np.full((len(points), few), -1)
        cuts = list(arrays.row_blocks(len(points), row_bytes=8 * len(self.rows)))
        table = np.empty((cuts[0].stop if cuts else 0, len(self.rows)))
        for cut in cuts:
            block, scores = points[cut], table[: cut.stop - cut.start]
            with np.errstate(over="ignore", invalid="ignore"), threads.at_work().resting():
                np.matmul(X[cut], self.rows.T, out=scores)
                scores += self.biases
            own = scores[np.arange(len(block)), block]
            scores[np.arange(len(block)), block] = -np.inf
            leads[cut] = own - scores.max(axis=1, initial=-np.inf)
            behind = ~(leads[cut] > 0)
            beyond[cut][behind] = np.argpartition(scores[behind], -few, axis=1)[:, len(self.rows) - few :]
        return leads, beyond

    def _nearest_points(self, cloud: Cloud, known: IntArray, rivals: IntArray) -> list[Nearest]:
        """Enter what the search for nearest points settles; return where it ended for the rest.

        ``rivals`` (k, r) are the first ones of the points ``known`` (k,).
        """
        queue = np.random.default_rng(0).permutation(self.open_points())
        stuck: list[Nearest] = []

        def first_rivals(points: IntArray) -> IntArray:
            return self.rivals(points, known, rivals)

        for states in min_norm.search(cloud, queue, first_rivals, self.is_open, self.may_win):
            self._won(cloud, [state for state in states if state.separated])
            for state in states:
                if state.reached:
                    self._lost(cloud, state)
            stuck += self.still_open(states)
        return stuck

    def _won(self, cloud: Cloud, states: list[Nearest]) -> None:
        if not states:
            return
        X = np.tile(self.lower, (len(states), 1))
        X[:, ~self.fixed] = cloud.states(np.array([state.direction for state in states]))
        with np.errstate(invalid="ignore"):
            X = np.clip(X, self.lower, self.upper)
        self.enter_witnesses(np.array([state.point for state in states]), X, Rule.NEAREST_POINT)

    def _lost(self, cloud: Cloud, state: Nearest) -> None:
        """Enter a class that was reached: one on a face by what carries it, others by weights that reach a
        little further.
        """
        if self.enter_carried(self.hull, state):
            return
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
                    self.report()
                    return

    @cached_property
    def hull(self) -> ExactHull:
        """The hull of the contenders within the bounds, in exact arithmetic."""
        loose = ~self.fixed
        bounds = np.vstack([_rays(self.lower, self.upper, loose), _rays(self.lower, self.upper, self.fixed)])
        base = np.clip(np.zeros(len(self.lower)), self.lower, self.upper)
        return ExactHull(self.rows, self.biases, bounds, base)

    def _exactly(self, cloud: Cloud, stuck: list[Nearest]) -> None:
        if self.fixed.any():  # then the cloud lacks columns of the hull
            self.decide_exactly(
                stuck, lambda state: self.hull.decide(state.point, state.support, state.rivals)
            )
        else:
            self.decide_exactly(stuck, partial(faces.decide, self.hull, cloud))


def _rays(lower: FloatArray, upper: FloatArray, which: Array | bool = True) -> FloatArray:
    """Return the rays (r, d + 1) that finite bounds on the coordinates ``which`` allow to move along."""
    d = len(lower)
    low, high = np.flatnonzero(np.isfinite(lower) & which), np.flatnonzero(np.isfinite(upper) & which)
    rays = np.zeros((len(low) + len(high), d + 1))
    rays[np.arange(len(low)), low], rays[: len(low), d] = -1.0, lower[low]
    rays[np.arange(len(low), len(rays)), high], rays[len(low) :, d] = 1.0, -upper[high]
    return rays
