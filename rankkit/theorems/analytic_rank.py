r"""An analytic function that is no polynomial gives full rank

Let $f$ be real-analytic on an open interval $I$ and not a polynomial, and let $d\ge2$, or $0\in I$, or the
bias be generic. For almost every $(H,W)$ whose logits lie in $I$,
$$\operatorname{rank}f(HW^\top)=\min(N,M).$$

*Proof.* The set of $(H,W)$ with logits in $I$ is connected, and a maximal minor is analytic on it, so it
vanishes almost nowhere unless everywhere. It does not vanish everywhere: along $h=sx$, $w=y$ near a point
where the first $n$ non-zero Taylor coefficients have exponents $k_1<\dots<k_n$, the minor is $s^{\sum k_i}$
times those coefficients and two generalised Vandermonde determinants, plus higher powers of $s$.

*Near miss.* Polynomials stop at their monomial count. On positive logits of width one, $\sqrt{hw}=\sqrt
h\sqrt w$ has rank 1: zero is outside the interval. Contexts $h$ and $-h$ are proportional for odd $f$:
distinct is not generic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import (
    GSS,
    Exp,
    PointwiseFunction,
    Polynomial,
    Sigmoid,
    SigSoftmax,
    SiLU,
    SoftCap,
    Softplus,
)
from rankkit.heads import Head
from rankkit.theorems.exact_rank import ball_rank, rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits, integers, no_two_parallel
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class SquareRoot(PointwiseFunction):
    """Analytic on the positive numbers only; exact at squares."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.sqrt(z)

    def slope(self, z: FloatArray) -> FloatArray:
        return 0.5 / np.sqrt(z)

    def exact(self, z: Fraction) -> Fraction | None:
        root = Fraction(isqrt(z.numerator), isqrt(z.denominator))
        return root if root * root == z else None


@dataclass(frozen=True)
class OddRational(PointwiseFunction):
    """x / (1 + x^2): odd, analytic on the whole line, exact at rationals."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return z / (1 + z * z)

    def slope(self, z: FloatArray) -> FloatArray:
        return (1 - z * z) / (1 + z * z) ** 2

    def ball(self, z: Any) -> Any:
        return z / (1 + z * z)

    def exact(self, z: Fraction) -> Fraction:
        return z / (1 + z * z)


ENTIRE = (Exp, SigSoftmax, GSS, SoftCap, Sigmoid, SiLU, Softplus, OddRational)


def applies(x: Scores) -> bool:
    head, H = x.logits.head, x.logits.H
    on_an_interval = isinstance(x.f, SquareRoot) and (head.d > 1 or head.b is not None)
    if head.d == 1:
        distinct = len(np.unique(abs(H))) == len(H) and len(np.unique(abs(head.W))) == head.classes
    else:
        distinct = no_two_parallel(H) and no_two_parallel(head.W)
    return (isinstance(x.f, ENTIRE) or on_an_interval) and distinct


def predicts(x: Scores) -> int:
    return min(x.logits.shape)


def measure(x: Scores) -> int:
    return (
        rank(rational_scores(x)) if isinstance(x.f, SquareRoot | OddRational | Polynomial) else ball_rank(x)
    )


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, f in [
        (1, Exp()),
        (2, Exp()),
        (2, SigSoftmax()),
        (3, SoftCap(30.0)),
        (2, GSS(-1.5, 2.5)),
        (2, Sigmoid()),
        (2, SiLU()),
        (1, Softplus()),
        (2, OddRational()),
    ]:
        yield _drawn(rng, d, f, 14, 11)


def polynomial() -> Scores:
    return Scores(drawn_logits(np.random.default_rng(0), 12, 12, 2), Polynomial({1: 1.0, 3: 1.0}))


def square_root_in_one_dimension() -> Scores:
    roots = np.arange(1.0, 9.0)[:, None]
    return Scores(Head(roots**2).logits(roots**2), SquareRoot(), "positive logits")


def opposite_contexts() -> Scores:
    scores = _drawn(np.random.default_rng(0), 2, OddRational(), 5, 10)
    H = np.vstack([scores.logits.H, -scores.logits.H])
    return Scores(scores.logits.head.logits(H), OddRational(), "contexts h and -h")


def _drawn(rng: np.random.Generator, d: int, f: PointwiseFunction, contexts: int, classes: int) -> Scores:
    while True:
        H, W = integers(rng, (contexts, d), 40) / 16, integers(rng, (classes, d), 40) / 16
        scores = Scores(Head(W).logits(H), f)
        if applies(scores):
            return scores


theorem = Theorem(
    module=__name__,
    topic="smooth functions",
    title="An analytic function that is no polynomial gives full rank",
    says=(
        "For f real-analytic on an open interval and no polynomial, and generic states and weights whose "
        "logits lie in it, f of the logits has full rank, provided that d >= 2, or the interval contains 0, "
        "or the bias is generic."
    ),
    kind="generic",
    reference="rankkit",
    compares=(
        "the size of a block whose determinant ball excludes zero (rational functions: the exact rank) with "
        "min(N, M)"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "f is no polynomial": polynomial,
        "the interval contains zero, or d >= 2": square_root_in_one_dimension,
        "no two contexts are opposite": opposite_contexts,
    },
)
