"""The answer about all classes of a head, and where each verdict comes from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.certificates.kinds import Combination, Witness
from rankkit.domains import Domain
from rankkit.errors import InputError
from rankkit.heads import Head
from rankkit.reach import measures
from rankkit.reach.engine.duplicates import RowGroups
from rankkit.reach.ledger import Ledger, Rule, Verdict

if TYPE_CHECKING:
    from rankkit.reach.clusters import Cluster


@dataclass(frozen=True, eq=False)
class ArgmaxReport:
    """Which classes can win, as made by :func:`rankkit.argmaxable`.

    Attributes
    ----------
    head : Head
    domain : rankkit.domains.Free or Box
    classes : numpy.ndarray (asked,), int64
        The classes that were asked for, ascending.
    """

    head: Head
    domain: Domain
    classes: IntArray
    ledger: Ledger = field(repr=False)
    groups: RowGroups = field(repr=False)

    def __bool__(self) -> NoReturn:
        raise TypeError("an ArgmaxReport is neither true nor false; look at .unargmaxable and .undecided")

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self._where(v)):,} {v.name.lower()}" for v in _ORDER if len(self._where(v)))
        return f"ArgmaxReport of {self.head.name!r}: {counts}"

    @property
    def argmaxable(self) -> IntArray:
        """Classes that some state makes win; read-only, ascending."""
        return self._where(Verdict.ARGMAXABLE)

    @property
    def unargmaxable(self) -> IntArray:
        """Classes that another class, or a mean of others, equals or beats at every state."""
        return self._where(Verdict.UNARGMAXABLE)

    @property
    def tied(self) -> IntArray:
        """Classes whose row and bias another class has too: they never win alone."""
        return self._where(Verdict.TIED)

    @property
    def undecided(self) -> IntArray:
        """Classes for which no proof was found; :meth:`reason` says why."""
        return self._where(Verdict.UNDECIDED)

    def verdict(self, i: int) -> Verdict:
        """Return the verdict on class ``i``."""
        return Verdict(self._verdicts[self._position(i)])

    def rule(self, i: int) -> str:
        """Return the name of the step that proved the verdict on class ``i``."""
        return self._rule(i).label

    def reason(self, i: int) -> str | None:
        """Return why class ``i`` is undecided; None where it is decided."""
        return self.ledger.reasons.get(i) if self.verdict(i) is Verdict.UNDECIDED else None

    def ties(self, i: int) -> tuple[int, ...]:
        """Return the other classes with the row and bias of class ``i``."""
        self._position(i)
        return self.groups.ties(i)

    def group_wins(self, i: int) -> bool | None:
        """Tell whether class ``i`` and those it ties with can win together; None where that is undecided."""
        self._position(i)
        verdict = Verdict(self.ledger.verdicts[self.groups.leader[i] if self.groups.tied[i] else i])
        return None if verdict is Verdict.UNDECIDED else verdict is Verdict.ARGMAXABLE

    def certificate(self, i: int) -> Witness | Combination | None:
        """Return the proof of the verdict on class ``i``; None where it is undecided.

        A tied class is dominated by any class it ties with; whether they win together is proved by
        :meth:`group_certificate`.
        """
        if self.verdict(i) is Verdict.TIED:
            rows, weights = self.ties(i)[:1], np.ones(1)
            return Combination(self.head.fingerprint, i, rows, weights, self.domain)
        return self.group_certificate(i)

    def group_certificate(self, i: int) -> Witness | Combination | None:
        """Return the proof that class ``i`` with the classes it ties with can, or cannot, win together."""
        self._position(i)
        leader = int(self.groups.leader[i]) if self.groups.tied[i] else i
        if leader in self.ledger.combinations:
            dominating, weights = self.ledger.combinations[leader]
            return Combination(self.head.fingerprint, i, tuple(dominating.tolist()), weights, self.domain)
        if self.ledger.verdicts[leader] == Verdict.UNDECIDED:
            return None
        x = self.ledger.state(leader)
        return Witness(self.head.fingerprint, i, x, self.ties(i), self.domain)

    def margin(self, i: int) -> float | None:
        """Return the lead of class ``i`` at the state of its certificate; None where it has none.

        Of a class that ties, the lead of the group. Without a bias, twice the state has twice the lead.
        """
        state = self._state(i)
        return None if state is None else measures.lead(self.ledger.W, self.ledger.b, i, state, self.ties(i))

    def norm_needed(self, i: int, lead: float = 1.0) -> tuple[float, float]:
        """Return (at least, at most): how long a state must be at which class ``i`` leads by ``lead``.

        A lead of 1 makes the class e times as probable as any other. From below, by Cauchy and Schwarz
        against one other class at a time; from above, the shortest multiple of the state of its certificate
        that will do, infinite if none does. Computed in float64.
        """
        state = self._state(i)
        x = None if state is None else state.sum(axis=0)
        return measures.norm_needed(self.ledger.W, self.ledger.b, i, x, lead, self.ledger.bounds)

    def slack(self, i: int) -> float | None:
        """Return how far class ``i``, at the least, stays below the mean that dominates it; None without one.

        Without bounds on the states, that is the difference of the biases, 0 where there are none. Where
        the exact weights are enclosed around float64 ones, it is that of the latter.
        """
        proof = self.certificate(i)
        if not isinstance(proof, Combination):
            return None
        return measures.slack(self.ledger.W, self.ledger.b, i, proof.rows, proof.weights, self.ledger.bounds)

    def bounds(self, i: int) -> tuple[float, float]:
        """Return (at least, at most): the largest lead of class ``i`` at a state of norm at most 1.

        What is known of a class that is undecided. From above, over the class whose row is nearest; from
        below, at the origin and at the state of the certificate, if any. States are not bounded otherwise.
        """
        state = self._state(i)
        x = None if state is None else state.sum(axis=0)
        return measures.lead_bounds(self.ledger.W, self.ledger.b, i, x)

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """Clusters of near duplicates around classes that do not win, the largest first."""
        from rankkit.reach.clusters import near_duplicates

        losers = np.sort(np.concatenate([self.unargmaxable, self.tied]))
        return near_duplicates(self.ledger, losers)

    def _state(self, i: int) -> FloatArray | None:
        proof = self.group_certificate(i)
        return np.atleast_2d(proof.x) if isinstance(proof, Witness) else None

    def save(self, path: str | Path) -> None:
        """Write the certificates of all decided classes to ``path``: .npz, or .json to read.

        Classes that win in their own directions share one certificate where there are many of them. Of tied
        classes, the proof about the whole group comes next, then one per class.
        """
        from rankkit import certificates
        from rankkit.reach.directions import shared_directions

        shared = shared_directions(self.ledger, self.head.fingerprint, self.argmaxable.tolist())
        told = set() if shared is None else set(shared.classes)
        groups = [self.group_certificate(int(i)) for i in self.tied if self.groups.leader[i] == i]
        own = [self.certificate(int(i)) for i in self.classes if int(i) not in told]
        certificates.save(path, [c for c in (shared, *groups, *own) if c is not None])

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many classes have each verdict, and by which rule."""
        by = Counter((self.verdict(int(i)), self._rule(int(i))) for i in self.classes)
        return {
            v.name: {rule.label: n for (verdict, rule), n in sorted(by.items()) if verdict is v}
            for v in _ORDER
            if len(self._where(v))
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one record per class: number, name, verdict, rule, norm of its row, and what dominates it.

        The last is a list of (class, weight), the heaviest first, empty for a class that can win. With ties,
        and the reason where a class is undecided.
        """
        from rankkit.reach import story

        return story.records(self)

    def story(self) -> str:
        """Tell in sentences what was found: by which rules, who never wins, and which classes are alike."""
        from rankkit.reach import story

        return "\n".join([*story.counted(self), *story.found(self)])

    def _repr_html_(self) -> str:
        from rankkit.reach import story

        return story.to_html(self)

    @cached_property
    def _verdicts(self) -> np.ndarray:
        own = self.ledger.verdicts[self.classes]
        return np.where(self.groups.tied[self.classes], Verdict.TIED, own)

    def _where(self, verdict: Verdict) -> IntArray:
        found = self.classes[self._verdicts == verdict]
        found.flags.writeable = False
        return found

    def _rule(self, i: int) -> Rule:
        return Rule.DUPLICATE if self.verdict(i) is Verdict.TIED else Rule(self.ledger.rules[i])

    def _position(self, i: int) -> int:
        if isinstance(i, bool) or not isinstance(i, int | np.integer):
            raise TypeError(f"class is {i!r} of type {type(i).__name__}; wanted a class number (int)")
        k = int(np.searchsorted(self.classes, i))
        if k == len(self.classes) or self.classes[k] != i:
            raise InputError(f"class {i} is not among the {len(self.classes)} classes of this report")
        return k


_ORDER = (Verdict.ARGMAXABLE, Verdict.UNARGMAXABLE, Verdict.TIED, Verdict.UNDECIDED)
