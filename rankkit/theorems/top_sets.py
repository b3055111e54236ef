r"""Which sets of k classes can be the k most probable: those whose hull misses the hull of the rest

For a head without bias and a set $S$ of classes,
$$\exists h:\ \min_{i\in S}w_i\cdot h>\max_{j\notin S}w_j\cdot h
\quad\Longleftrightarrow\quad
\operatorname{conv}\{w_i:i\in S\}\cap\operatorname{conv}\{w_j:j\notin S\}=\emptyset.$$

*Proof.* A common point would have to score both above and below. Disjoint compact convex sets have a
strictly separating hyperplane, and its normal is $h$. So if $w_a+w_b=w_c+w_d$, then $\{a,b\}$ are never
both above $\{c,d\}$ whatever the width of the model.

*Near miss.* A bias separates sets whose hulls meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head
from rankkit.reach import argmaxable
from rankkit.theorems.convexity import hulls_meet
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class TopSets:
    """A head and the size of the sets asked about."""

    head: Head
    k: int

    def __str__(self) -> str:
        return f"sets of {self.k} in {self.head}"

    @property
    def sets(self) -> list[tuple[int, ...]]:
        return list(combinations(range(self.head.classes), self.k))


def applies(x: TopSets) -> bool:
    return x.head.b is None


def predicts(x: TopSets) -> tuple[str, ...]:
    W = widen(x.head.W)
    return tuple(_name(S) for S in x.sets if not hulls_meet(W[list(S)], np.delete(W, S, axis=0)))


def measure(x: TopSets) -> tuple[str, ...]:
    """S is on top exactly where the sum of its logits beats the sum over every other set of its size."""
    W = widen(x.head.W)
    sums = np.array([W[list(S)].sum(axis=0) for S in x.sets])
    b = None if x.head.b is None else np.array([widen(x.head.b)[list(S)].sum() for S in x.sets])
    return tuple(_name(x.sets[i]) for i in argmaxable(Head(sums, b)).argmaxable)


def instances(seed: Seed) -> Iterator[TopSets]:
    rng = np.random.default_rng(seed)
    for k in (1, 2, 3):
        yield TopSets(Head(integers(rng, (6, 2), 4), name="drawn in the plane"), k)
    yield TopSets(Head(np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]]), name="parallelogram"), 2)


def with_bias() -> TopSets:
    W = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    return TopSets(Head(W, b=np.array([0.0, 1, 1, 0]), name="parallelogram with bias"), 2)


def _name(S: tuple[int, ...]) -> str:
    return "".join(map(str, S))


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="Which sets of k classes can be the k most probable: those whose hull misses the hull of the rest",
    says=(
        "In a head without bias, a set of classes is strictly above all other classes for some state if and "
        "only if the convex hull of its weights does not meet the convex hull of the other weights."
    ),
    kind="equivalence",
    reference="chang2022",
    compares=(
        "the sets of k whose summed weights argmaxable proves to win with those of disjoint hulls, "
        "enumerated exactly"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the head has no bias": with_bias},
)
