r"""With a bias, the classes that can win are the corners of an upper hull

$$\exists h:\ w_i\cdot h+b_i>w_j\cdot h+b_j\ \ \forall j\ne i
\quad\Longleftrightarrow\quad
\nexists\,\lambda\ge0,\ \sum_{j\ne i}\lambda_j=1:\quad\sum_j\lambda_jw_j=w_i,\quad\sum_j\lambda_jb_j\ge b_i.$$

*Proof.* A mean of the other classes with the weights of class $i$ and a bias no lower scores no lower at
every state. If there is none, Farkas' lemma gives $(h,s)$ with $s\ge0$ at which the lifted point
$(w_i,b_i)$ is strictly above all others; $s$ may be taken positive, and $h/s$ is the state. So
$b_j=-\tfrac12|w_j|^2$ lets all distinct classes win, at $h=w_j$.

*Near miss.* The states must be free: within bounds a class whose region lies far out never wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head
from rankkit.reach import argmaxable
from rankkit.theorems.convexity import in_cone
from rankkit.theorems.exact_rank import fractions
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Biased:
    """A head with bias, and the largest state allowed (width one only), None for no bound."""

    head: Head
    largest: int | None = None

    def __str__(self) -> str:
        return f"{self.head}, {'free states' if self.largest is None else f'states up to {self.largest}'}"


def applies(x: Biased) -> bool:
    return x.largest is None


def predicts(x: Biased) -> tuple[int, ...]:
    W, b = widen(x.head.W), np.zeros(x.head.classes) if x.head.b is None else widen(x.head.b)
    lifted = np.column_stack([W, b, np.ones(len(W))])
    down = np.zeros((1, lifted.shape[1]))
    down[0, -2] = -1
    others = (np.vstack([np.delete(lifted, i, axis=0), down]) for i in range(len(W)))
    return tuple(i for i, rest in enumerate(others) if not in_cone(lifted[i], rest))


def measure(x: Biased) -> tuple[int, ...]:
    if x.largest is None:
        return tuple(int(i) for i in argmaxable(x.head).argmaxable)
    return _winners_on_an_interval(x.head, x.largest)


def _winners_on_an_interval(head: Head, largest: int) -> tuple[int, ...]:
    """Return who wins strictly between any two neighbouring crossings of the lines w_j h + b_j."""
    w, b = fractions(head.W[:, 0]), fractions(head.b)
    pairs = [(i, j) for i, j in combinations(range(len(w)), 2) if w[i] != w[j]]
    crossings = {(b[j] - b[i]) / (w[i] - w[j]) for i, j in pairs}
    ends = sorted({h for h in crossings if abs(h) < largest} | {Fraction(-largest), Fraction(largest)})
    scores = [list(w * (left + right) / 2 + b) for left, right in pairwise(ends)]
    return tuple(sorted({row.index(max(row)) for row in scores if row.count(max(row)) == 1}))


def instances(seed: Seed) -> Iterator[Biased]:
    rng = np.random.default_rng(seed)
    for classes, d in [(6, 1), (10, 2), (9, 3)]:
        yield Biased(Head(integers(rng, (classes, d), 5), integers(rng, (classes,), 5), name="drawn"))
    W = np.unique(integers(rng, (8, 2), 5), axis=0)
    yield Biased(Head(W, b=-(W**2).sum(axis=1) / 2, name="bias of a Voronoi diagram"))


def bounded_states() -> Biased:
    w = np.arange(-4.0, 5.0)[:, None]
    return Biased(Head(w, b=-(w[:, 0] ** 2) / 2, name="parabola"), largest=2)


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="With a bias, the classes that can win are the corners of an upper hull",
    says=(
        "In a head with bias, over all states, class i is the strict argmax for some state if and only if no "
        "mean of the other classes has the weight vector of class i and a bias that is no lower."
    ),
    kind="equivalence",
    reference="grivas2022",
    compares="the classes that argmaxable proves can win with those found by exact enumeration of simplices",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"states are not bounded": bounded_states},
)
