"""The book of verdicts: nothing is entered without a proof that was checked against the head itself."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.certificates.checker import classes as checker
from rankkit.certificates.checker import simplex
from rankkit.certificates.checker.domains import outside
from rankkit.domains import Domain, Free
from rankkit.heads import Head
from rankkit.reach.looks import BYTES
from rankkit.reach.screen import Screened, own_directions
from rankkit.reach.states import States

if TYPE_CHECKING:
    from rankkit.reach.journal import Journal

#: Rows, in int32, and weights of the classes that dominate one.
Proof = tuple[Array, tuple[Fraction, ...] | FloatArray]

#: How far leads are measured, as a share of a class's own score; with biases a long lead makes a short state.
LEVEL, TILTED = 1e-6, 0.1


class Verdict(IntEnum):
    """What is known about a class."""

    UNDECIDED = 0
    ARGMAXABLE = 1
    UNARGMAXABLE = 2
    TIED = 3


class Rule(IntEnum):
    """Which step found the proof."""

    NONE = 0
    ALONE = 1
    DUPLICATE = 2
    OWN_DIRECTION = 3
    NEAREST_POINT = 4
    SHARED_SIMPLEX = 5
    EXACT = 6

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", " ")


class Ledger:
    """Verdicts and their proofs, class by class.

    Attributes
    ----------
    W : numpy.ndarray (classes, d), float64
    b : numpy.ndarray (classes,), float64, or None
    bounds : tuple of numpy.ndarray (d,), float64, or None
        Lower and upper bounds of the states that count.
    verdicts, rules : numpy.ndarray (classes,), int8
        As :class:`Verdict` and :class:`Rule`.
    combinations : dict
        Class -> rows and weights of the classes that dominate it.
    reasons : dict
        Class -> why it is undecided.

    Parameters
    ----------
    head, domain
        What the verdicts are about.
    journal : Journal, optional
        Where every verdict is written as it is entered; those that it holds already are entered first.
    heir : Ledger, optional
        About a smaller domain: what never wins here is entered there too.
    """

    def __init__(
        self,
        head: Head,
        domain: Domain | None = None,
        journal: Journal | None = None,
        heir: Ledger | None = None,
    ) -> None:
        self.bounds = (domain or Free()).bounds(head.d)
        self.W = np.array(head.W, dtype=np.float64)
        self.W += 0.0  # turns -0.0 into 0.0
        self.b = None if head.b is None else arrays.widen(head.b)
        self.verdicts = np.zeros(head.classes, np.int8)
        self.rules = np.zeros(head.classes, np.int8)
        self.combinations: dict[int, Proof] = {}
        self.reasons: dict[int, str] = {}
        self._states = States(*head.W.shape)
        self._heir, self._journal = heir, None
        if journal is not None:
            journal.replay(
                lambda classes, rule, states: self._win(Rule(rule), np.array(classes), states),
                lambda i, rule, proof: self._lose(i, Rule(rule), proof),
            )
            self._journal = journal

    def enter_witnesses(
        self, classes: IntArray, X: FloatArray, rule: Rule, ties: Sequence[tuple[int, ...]]
    ) -> None:
        """Enter the classes that states ``X`` (m, d) are shown to make win, each together with its ``ties``.

        A state rounded to float32 is as good where it wins too, and half as long.
        """
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            narrow = X.astype(np.float32)
        for states in (narrow, X):
            usable = (self.verdicts[classes] == Verdict.UNDECIDED) & np.isfinite(states).all(axis=1)
            rest = [k for k in np.flatnonzero(usable).tolist() if self._admits(states[k])]
            if not rest:
                continue
            refusals = checker.witnesses(
                self.W,
                self.b,
                classes[rest].tolist(),
                arrays.widen(states[rest]),
                [ties[k] for k in rest],
                threads.at_work().map,
            )
            shown = [k for k, refusal in zip(rest, refusals, strict=True) if refusal is None]
            self._win(rule, classes[shown], states[shown])

    def enter_exact_witness(
        self, i: int, state: Sequence[Fraction], rule: Rule, ties: tuple[int, ...]
    ) -> bool:
        """Enter class ``i`` if it wins at ``state`` (d,), rounded to as few digits as will do; tell whether.

        Beyond the digits of float64, the state is a sum of float64 terms.
        """
        left = list(state)
        terms = _terms(left, 1)
        self.enter_witnesses(np.array([i]), terms, rule, [ties])
        while self.verdicts[i] == Verdict.UNDECIDED:
            more = _terms(left, len(terms))
            if not more.any():  # what is left is beyond the range of float64
                return False
            terms = np.vstack([terms, more])
            if self._admits(terms) and checker.long_witness(self.W, self.b, i, terms, ties) is None:
                self._win(rule, np.array([i]), terms[None])
        return True

    def enter_own_directions(self, leaders: IntArray, asked: IntArray) -> Screened:
        """Enter the classes that a pruned pass proves to win in their own direction; return what it found.

        ``leaders`` (n,) are a class of largest bias for each distinct row, and ``asked`` positions among
        them. With biases, a state is stretched until its lead over every other class outweighs any
        difference of biases twice.
        """
        b = np.zeros(len(leaders)) if self.b is None else self.b[leaders]
        level = bool((b == b[0]).all())
        clear, table = LEVEL if level else TILTED, self._states.narrow
        found = own_directions(self.W, asked, clear, leaders, table)
        won = found.leads > 0
        stretch = won & (b[asked] < b.max())
        plain = won & ~stretch
        self._win(Rule.OWN_DIRECTION, leaders[asked[plain]])
        gaps = np.frexp(b.max() / 2 - b[asked[stretch]] / 2)[1] + 1  # of halves, which do not overflow
        need = (gaps - np.frexp(found.leads[stretch])[1] - found.exponent + 2)[:, None]
        short = table[leaders[asked[stretch]]]
        with np.errstate(over="ignore", under="ignore"):
            states = np.ldexp(short.astype(np.float64), need)
            exact = (np.ldexp(states, -need) == short).all(axis=1)  # within the range of float64
        self._win(Rule.OWN_DIRECTION, leaders[asked[stretch][exact]], states[exact])
        return found

    def inherit(self, free: Ledger, classes: IntArray) -> None:
        """Enter those of ``classes`` (m,) that win in ``free``, without bounds, at states within these."""
        won = classes[free.verdicts[classes] == Verdict.ARGMAXABLE]
        for cut in arrays.row_blocks(len(won), 8 * self.W.shape[1], BYTES):
            states = {int(i): free.state(int(i)) for i in self.open(won[cut])}
            short = [i for i, x in states.items() if x.ndim == 1 and self._admits(x)]
            X = np.array([states[i] for i in short]).reshape(-1, self.W.shape[1])
            rules = free.rules[short]
            with np.errstate(over="ignore", under="ignore"):
                narrow = X.astype(np.float32)
            exact = (narrow == X).all(axis=1)
            for rule in np.unique(rules).tolist():
                for form, which in ((narrow, exact), (X, ~exact)):
                    some = np.flatnonzero(which & (rules == rule))
                    if len(some):
                        self._win(Rule(rule), np.array(short)[some], form[some])

    def enter_simplices(
        self,
        classes: IntArray,
        corners: IntArray,
        of: IntArray,
        weights: FloatArray,
        rules: Sequence[Rule],
    ) -> None:
        """Enter those of ``classes`` (m,) that are shown to lie in their simplices.

        ``corners`` (k, d + 1) are the rows of each, ``of`` (m,), ascending, names that of each class, and
        ``weights`` (m, d + 1) are about its barycentric coordinates.
        """
        look = threads.at_work().map
        shown = simplex.enclosed(self.W, self.b, corners, of, classes, weights, look).tolist()
        told = list(corners.astype(np.int32))
        for i, k, share, rule, good in zip(classes.tolist(), of.tolist(), weights, rules, shown, strict=True):
            if good:
                self._lose(i, rule, (told[k], share))
            else:
                self.enter_combination(i, corners[k].tolist(), share, rule)

    def enter_combination(
        self, i: int, rows: Sequence[int], weights: tuple[Fraction, ...] | FloatArray, rule: Rule
    ) -> bool:
        """Enter class ``i`` as dominated by ``rows`` if that is shown; tell whether it was."""
        if self.verdicts[i] == Verdict.UNARGMAXABLE:
            return True
        given = [Fraction(w) if isinstance(w, Fraction) else Fraction(float(w)) for w in weights]
        if checker.combination(self.W, self.b, i, rows, given, self.bounds) is not None:
            return False
        self._lose(i, rule, (np.array(rows, np.int32), weights))
        return True

    def open(self, classes: IntArray) -> IntArray:
        """Return those of ``classes`` that are undecided."""
        return classes[self.verdicts[classes] == Verdict.UNDECIDED]

    def state(self, i: int) -> FloatArray:
        """Return the state (d,) that makes class ``i`` win, or terms (m, d) of it."""
        return self._states.of(i)

    def _admits(self, state: Array) -> bool:
        """Whether a state (d,), or terms (m, d) of it, lies within the bounds."""
        return self.bounds is None or outside(np.atleast_2d(arrays.widen(state)), self.bounds) is None

    def _win(self, rule: Rule, classes: IntArray, states: Array | None = None) -> None:
        """Enter classes that win at states (m, d), or at the sums of terms (m, k, d); without any, at those
        that are in their places already.
        """
        self.verdicts[classes], self.rules[classes] = Verdict.ARGMAXABLE, rule
        for i in classes.tolist() if self.reasons else ():
            self.reasons.pop(i, None)
        if states is not None:
            self._states.enter(classes, states)
        if self._journal is not None:
            self._journal.wins(rule, classes, self._states.narrow[classes] if states is None else states)

    def _lose(self, i: int, rule: Rule, proof: Proof) -> None:
        self.verdicts[i], self.rules[i] = Verdict.UNARGMAXABLE, rule
        self.combinations[i] = proof
        self.reasons.pop(i, None)
        if self._journal is not None:
            self._journal.loses(rule, i, proof[0].tolist(), proof[1])
        if self._heir is not None and self._heir.verdicts[i] == Verdict.UNDECIDED:
            self._heir._lose(i, rule, proof)


def _terms(left: list[Fraction], count: int) -> FloatArray:
    """Take ``count`` float64 terms off the numbers ``left``, the nearest ones first."""
    terms = np.zeros((count, len(left)))
    for k, value in enumerate(left):
        for term in terms:
            try:
                term[k] = float(value)
            except OverflowError:
                return np.zeros((count, len(left)))
            value -= Fraction(float(term[k]))
        left[k] = value
    return terms
