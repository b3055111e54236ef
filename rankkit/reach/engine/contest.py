"""What every run of the engine starts from: who contends, who is open, and how proofs are entered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.engine.exact import ExactHull, Loses, Wins
from rankkit.reach.engine.min_norm import Nearest
from rankkit.reach.ledger import Ledger, Rule, Verdict
from rankkit.reach.screen import RIVALS

#: Called with how many of the classes that were asked for are decided, and how many these are.
Progress = Callable[[int, int], None]


class Contest:
    """The contenders, one class of each kind, named by their places among ``leaders``.

    Attributes
    ----------
    ledger : Ledger
    groups : RowGroups
    asked : numpy.ndarray (m,)
        The classes to be decided.
    leaders : numpy.ndarray (n,)
        The contenders, as classes.
    place : numpy.ndarray (classes,)
        The names of the leaders.
    """

    def __init__(self, ledger: Ledger, groups: RowGroups, asked: IntArray, progress: Progress) -> None:
        self.ledger, self.groups, self.asked, self._progress = ledger, groups, asked, progress
        self._wanted = np.unique(groups.leader[asked])
        self._standing = groups.standing(asked)
        self.arrange(groups.leaders)

    def arrange(self, leaders: IntArray) -> None:
        """Name the contenders by their places among ``leaders`` from now on."""
        self.leaders, self.place = leaders, np.empty(len(self.ledger.W), np.int64)
        self.place[leaders] = np.arange(len(leaders))

    def open_points(self) -> IntArray:
        """Return the contenders that are wanted and open, ascending."""
        return np.sort(self.place[self.ledger.open(self._wanted)])

    def is_open(self, points: IntArray | int) -> Array:
        """Tell of which contenders nothing is known."""
        return self.ledger.verdicts[self.leaders[points]] == Verdict.UNDECIDED

    def still_open(self, states: list[Nearest]) -> list[Nearest]:
        """Return where searches ended for contenders of which nothing is known."""
        left = self.is_open(np.array([state.point for state in states], np.int64)).tolist()
        return [state for state, open_ in zip(states, left, strict=True) if open_]

    def may_win(self, points: IntArray) -> Array:
        """Tell which contenders are not known to lose: the others need no comparison."""
        return self.ledger.verdicts[self.leaders[points]] != Verdict.UNARGMAXABLE

    def rivals(self, points: IntArray, known: IntArray, table: Array) -> IntArray:
        """Return rivals (p, k) of ``points`` (p,) to begin with; -1 fills a row.

        They are those in the ``table`` (m, r) of the points ``known`` (m,), ascending. Of other points any
        contenders, themselves too, are as good.
        """
        places = np.searchsorted(known, points)
        told = np.append(known, -1)[places] == points
        rows = np.full((len(points), RIVALS + 1), -1)
        rows[~told] = np.arange(RIVALS + 1)
        rows[rows >= len(self.leaders)] = -1
        rows[told, : table.shape[1]] = table[places[told]]
        return rows

    def enter_witnesses(self, points: IntArray, X: FloatArray, rule: Rule) -> None:
        """Enter the contenders that win at states ``X`` (m, d)."""
        leaders = self.leaders[points]
        self.ledger.enter_witnesses(leaders, X, rule, [self.groups.ties(int(i)) for i in leaders])
        self.report()

    def decide_exactly(
        self, stuck: Iterable[Nearest], how: Callable[[Nearest], Loses | Wins | None], level: bool = False
    ) -> None:
        """Decide the contenders at which searches were ``stuck`` in exact arithmetic: ``how`` does it.

        ``level`` tells that no bias differs from another, so that states win at any scale.
        """
        for state in stuck:
            outcome, leader = how(state), int(self.leaders[state.point])
            if isinstance(outcome, Loses):
                self._lost_exactly(leader, outcome)
            elif isinstance(outcome, Wins):
                self._won_exactly(leader, outcome, level)
            else:
                self.ledger.reasons[leader] = "the exact pivots ran out"
            self.report()

    def enter_carried(self, hull: ExactHull, state: Nearest) -> bool:
        """Enter a contender that what its search ended on carries exactly; tell whether it was entered."""
        outcome = hull.carried(state.point, state.support) if state.reached else None
        if outcome is None:
            return False
        self._lost_exactly(int(self.leaders[state.point]), outcome)
        self.report()
        return not self.is_open(state.point)

    def _lost_exactly(self, leader: int, outcome: Loses) -> None:
        rows = tuple(int(self.leaders[j]) for j in outcome.rows)
        rounded = np.array([float(w) for w in outcome.weights])
        for weights in (rounded, outcome.weights):  # a full simplex can be checked around rounded weights
            if self.ledger.enter_combination(leader, rows, weights, Rule.EXACT):
                return
        self.ledger.reasons[leader] = "the exact combination was refused by the check"

    def _won_exactly(self, leader: int, outcome: Wins, level: bool) -> None:
        state = list(outcome.state)
        if level:  # put the middle of the entries' range at 1
            low = min(_magnitude(v) for v in state if v)
            state = [v * 2 ** min(-low // 2, 1000) for v in state]
        if not self.ledger.enter_exact_witness(leader, state, Rule.EXACT, self.groups.ties(leader)):
            self.ledger.reasons[leader] = "it wins, but only at states beyond the range of float64"

    def report(self) -> None:
        """Tell how far the run is."""
        self._progress(int(np.count_nonzero(self.ledger.verdicts[self._standing])), len(self.asked))


def _magnitude(value: Fraction) -> int:
    """Return about log2 of a positive or negative number."""
    return abs(value.numerator).bit_length() - value.denominator.bit_length()
