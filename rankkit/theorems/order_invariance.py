r"""An increasing function reorders nothing

$$z_i<z_j\iff f(z_i)<f(z_j)\qquad\text{for strictly increasing }f.$$

For every context the classes ranked by $f(z_1),\dots,f(z_M)$ are ranked as by $z_1,\dots,z_M$, ties
included. So the argmax, the top-$k$ sets, the rankings and the classes that can ever win are those of the
linear head, and no such $f$ can improve which class is the mode.

*Proof.* $z_i<z_j\iff f(z_i)<f(z_j)$ is the definition; the normaliser subtracts the same number from the
whole row.

*Near miss.* A weakly increasing function makes ties. SiLU falls below -1.278: of logits -3 and -6 the lower
one wins. A function that is not increasing may free classes:
with $d=1$ and $f(z)=2z-z^2$ every class $w\ne0$ wins at $h=1/w$, where the linear head has two winners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import flint
import numpy as np

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.functions import (
    Exp,
    LeakyReLU,
    PointwiseFunction,
    Polynomial,
    SigSoftmax,
    SiLU,
    SoftCap,
    Softplus,
)
from rankkit.heads import Head
from rankkit.theorems.exact_rank import ball, rational_logits
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class ReLU(PointwiseFunction):
    """max(0, x): increasing, but not strictly."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.maximum(0, z)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where(z >= 0, 1.0, 0.0)

    def exact(self, z: Fraction) -> Fraction:
        return max(Fraction(0), z)


def applies(x: Scores) -> bool:
    return x.f.increasing


def predicts(x: Scores) -> int:
    return int(x.logits.shape[0])


def measure(x: Scores) -> int:
    with flint.ctx.workprec(256):
        return sum(order(list(row)) == order(_values(x.f, row)) for row in rational_logits(x.logits))


def order(values: list[Any]) -> tuple[int, ...]:
    """Return for every pair of values whether the first is lower (-1), equal (0) or higher (1).

    >>> order([1, 3, 3])
    (-1, -1, 0)
    """
    return tuple(_compare(a, b) for a, b in combinations(values, 2))


def _values(f: PointwiseFunction, row: Any) -> list[Any]:
    """Return f at every logit, as rationals or as one ball per distinct logit."""
    if f.exact(row[0]) is not None:
        return [f.exact(z) for z in row]
    balls = {z: f.ball(ball(z)) for z in set(row)}
    return [balls[z] for z in row]


def _compare(a: Any, b: Any) -> int:
    if a is b or (not isinstance(a, flint.arb) and a == b):
        return 0
    if a < b:
        return -1
    if a > b:
        return 1
    raise InputError(f"the balls {a} and {b} overlap; their order is not proved")


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for f in [SigSoftmax(), Softplus(), Exp(), SoftCap(30.0), LeakyReLU(0.1), Polynomial({1: 1.0, 3: 0.5})]:
        yield Scores(drawn_logits(rng, 6, 9, 2, bias=True, bound=4), f)


def not_increasing() -> Scores:
    w = np.array([[-4.0], [-2.0], [-1.0], [1.0], [2.0], [4.0]])
    return Scores(Head(w).logits(1 / w), Polynomial({1: 2.0, 2: -1.0}), "every class wins once")


def turning() -> Scores:
    return Scores(Head(np.array([[1.0], [2.0]])).logits([[-3.0]]), SiLU(), "logits -3 and -6")


def weakly_increasing() -> Scores:
    return Scores(drawn_logits(np.random.default_rng(0), 6, 9, 2, bound=4), ReLU())


theorem = Theorem(
    module=__name__,
    topic="increasing functions",
    title="An increasing function reorders nothing",
    says=(
        "A strictly increasing function applied to the logits leaves the order of every row as it was: the "
        "same argmax, top-k sets and rankings, and the same classes that can ever win."
    ),
    kind="invariance",
    reference="rankkit",
    compares=(
        "the contexts whose order f leaves as it was, proved by rationals or disjoint balls, with all "
        "contexts"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "f is increasing": not_increasing,
        "it increases where the logits are": turning,
        "the increase is strict": weakly_increasing,
    },
)
