"""What a statement is: a claim with hypotheses, instances to check it on, and instances that break it."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from rankkit.errors import InputError

Instance = TypeVar("Instance")

Seed = int | np.random.Generator
Kind = Literal[
    "upper bound", "lower bound", "two-sided bound", "exact", "generic", "equivalence", "invariance", "limit"
]

#: What statements are about, in the order in which to read them.
TOPICS = (
    "linear heads",
    "polynomials",
    "smooth functions",
    "increasing functions",
    "piecewise-linear functions",
    "what can win",
    "loss and noise",
)

#: Kind -> (sign, relation that the measured value must have to the predicted one).
RELATIONS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "upper bound": ("<=", operator.le),
    "lower bound": (">=", operator.ge),
    "two-sided bound": ("in", lambda measured, ends: ends[0] <= measured <= ends[1]),
    "limit": ("in", lambda measured, ends: ends[0] <= measured <= ends[1]),
    "exact": ("=", operator.eq),
    "generic": ("=", operator.eq),
    "equivalence": ("=", operator.eq),
    "invariance": ("=", operator.eq),
}


@dataclass(frozen=True)
class Case:
    """One instance: what the statement predicts for it, and what was measured without using the statement."""

    instance: str
    predicted: Any
    measured: Any
    sign: str
    holds: bool
    dropped: str | None = None

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "broken"
        without = "" if self.dropped is None else f" (without: {self.dropped})"
        return f"{self.instance}: {self.measured} {self.sign} {self.predicted} {verdict}{without}"


@dataclass(frozen=True)
class Verification:
    """The cases a statement was checked on, and how its quantity was measured."""

    slug: str
    compares: str
    cases: tuple[Case, ...]

    @property
    def holds(self) -> bool:
        """Whether there are cases and the claim is true in every one."""
        return bool(self.cases) and all(case.holds for case in self.cases)

    @property
    def evidence(self) -> str:
        """What was compared, then one line a case."""
        return "\n".join([f"{self.slug}: {self.compares}", *(f"  {case}" for case in self.cases)])

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict a case."""
        return [dict(vars(case)) for case in self.cases]

    def __repr__(self) -> str:
        held = sum(case.holds for case in self.cases)
        return f"Verification of {self.slug}: holds in {held} of {len(self.cases)} cases"

    def __bool__(self) -> bool:
        raise TypeError("a verification is no truth value; ask for .holds")


@dataclass(frozen=True, eq=False)
class Theorem(Generic[Instance]):
    """A statement in the form that its author fills in; one file of this folder each.

    Parameters
    ----------
    module : str
        ``__name__`` of the file: gives the slug, and the docstring with formula, proof and near miss.
    topic : str
        One of ``TOPICS``.
    title : str
        The claim in a few words.
    says : str
        The claim with its hypotheses in one or two sentences.
    kind : str
        How measured and predicted values must relate; see ``RELATIONS``.
    reference : str
        Citation key, or "rankkit" where the proof in the file is the source.
    compares : str
        What is measured, and in which arithmetic.
    applies : callable
        Instance -> whether it meets the hypotheses.
    predicts : callable
        Instance -> the value (two-sided bounds: both ends) that the statement gives.
    measure : callable
        Instance -> the same quantity, found without the statement.
    instances : callable
        Seed -> instances that meet the hypotheses, with a ``str`` that tells them apart.
    near_misses : mapping
        Hypothesis dropped -> instance that lacks just it, where the claim is false.
    """

    module: str
    topic: str
    title: str
    says: str
    kind: Kind
    reference: str
    compares: str
    applies: Callable[[Instance], bool]
    predicts: Callable[[Instance], Any]
    measure: Callable[[Instance], Any]
    instances: Callable[[Seed], Iterator[Instance]]
    near_misses: Mapping[str, Callable[[], Instance]]

    @property
    def slug(self) -> str:
        """The file's name, spelled with hyphens."""
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def text(self) -> str:
        """Formula, proof sketch and near miss: the docstring of the file, in Markdown."""
        return inspect.cleandoc(sys.modules[self.module].__doc__ or "")

    def verify(self, seed: Seed = 0) -> Verification:
        """Check the claim on drawn instances; one outside the hypotheses is an error in the statement."""
        cases = []
        for instance in self.instances(seed):
            if not self.applies(instance):
                raise InputError(
                    f"{self.slug}: the instance '{instance}' does not meet the statement's hypotheses"
                )
            cases.append(self._case(instance))
        return Verification(self.slug, self.compares, tuple(cases))

    def near_miss(self) -> Verification:
        """Check the claim where one hypothesis is dropped: no case may hold."""
        cases = []
        for dropped, make in self.near_misses.items():
            instance = make()
            if self.applies(instance):
                raise InputError(
                    f"{self.slug}: the near miss '{dropped}' still meets the statement's hypotheses"
                )
            cases.append(self._case(instance, dropped))
        return Verification(self.slug, self.compares, tuple(cases))

    def to_markdown(self, level: int = 2) -> str:
        """Return the statement as a section of a MyST page: claim, formula, proof, near miss, source."""
        source = "proved here" if self.reference == "rankkit" else f"{{cite:p}}`{self.reference}`"
        _, _, body = self.text.partition("\n")
        return f"""({self.slug})=
{"#" * level} {self.title}

**{self.kind.capitalize()}** ({source}). {self.says}

{body.strip()}

`rk.theorems.get("{self.slug}").verify()` compares {self.compares}. Its near
miss shows it false once a hypothesis is dropped: {"; ".join(self.near_misses)}.
"""

    def __repr__(self) -> str:
        return f"Theorem {self.slug} ({self.kind}, {self.reference}): {self.title}"

    def _case(self, instance: Instance, dropped: str | None = None) -> Case:
        sign, relation = RELATIONS[self.kind]
        predicted, measured = self.predicts(instance), self.measure(instance)
        return Case(str(instance), predicted, measured, sign, bool(relation(measured, predicted)), dropped)
