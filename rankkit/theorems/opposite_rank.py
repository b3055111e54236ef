r"""Opposite contexts count once, but for a constant or a line

Let $k$ contexts differ up to sign, $k_0$ of them not zero, in $d$ dimensions without a bias. Then
$$\operatorname{rank}f(HW^\top)\le\begin{cases}k_0&f\text{ odd}\quad(\tanh)\\
k_0+1&f-f(0)\text{ odd}\quad(\text{the sigmoid})\\k&f\text{ even}\\
k+d&f-cz\text{ even}\quad(\text{softplus, SiLU, SigSoftmax}).\end{cases}$$

*Proof.* The rows of $h$ and $-h$ are opposite for odd $f$, and those of $h=0$ are zero; they are equal for
even $f$. A constant adds a matrix of rank one, $cz$ one of the rank of the logits. The rest is tanh:
$\sigma(z)=\frac12+\frac12\tanh\frac z2$, and $z\sigma(z)$ and $\log(1+e^z)$ are $\frac z2$ and an even
function.

*Near miss.* A sigmoid is not odd: opposite contexts leave it the constant. A bias ends opposites among
contexts, since $-h\cdot w+b\ne-(h\cdot w+b)$. Contexts $h$ and $-2h$ are parallel and not opposite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import LeakyReLU, PointwiseFunction, Polynomial
from rankkit.heads import Head, LowRankLogits
from rankkit.theorems.analytic_rank import OddRational
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class Raised(OddRational):
    """1/2 + x / (1 + x^2), a constant and an odd function as the sigmoid is, exact at rationals."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return 0.5 + super().__call__(z)

    def exact(self, z: Fraction) -> Fraction:
        return Fraction(1, 2) + super().exact(z)


@dataclass(frozen=True)
class Gated(OddRational):
    """x + x^2 / (1 + x^2), a line and an even function as SiLU is, exact at rationals."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return z + z * super().__call__(z)

    def exact(self, z: Fraction) -> Fraction:
        return z + z * super().exact(z)


#: What is odd or even about each function.
PARITIES: dict[type[PointwiseFunction], str] = {
    OddRational: "odd",
    Raised: "constant + odd",
    Gated: "line + even",
    LeakyReLU: "line + even",
    Polynomial: "even",
}


@dataclass(frozen=True)
class Paired:
    """Scores of contexts of which the first half is said to be opposite to the second, and zero."""

    scores: Scores
    parity: str

    def __str__(self) -> str:
        return f"{self.scores}, taken as {self.parity}"

    @property
    def half(self) -> FloatArray:
        H = self.scores.logits.H
        return np.asarray(H[: len(H) // 2], dtype=np.float64)


def applies(x: Paired) -> bool:
    logits = x.scores.logits
    opposite = np.array_equal(logits.H, np.concatenate([x.half, -x.half, 0 * x.half[:1]]))
    return opposite and logits.head.b is None and PARITIES.get(type(x.scores.f)) == x.parity


def predicts(x: Paired) -> int:
    nonzero = len(np.unique(x.half, axis=0))
    more = {"odd": 0, "constant + odd": 1, "even": 1, "line + even": 1 + x.scores.logits.head.d}
    return nonzero + more[x.parity]


def measure(x: Paired) -> int:
    return rank(rational_scores(x.scores))


def instances(seed: Seed) -> Iterator[Paired]:
    rng = np.random.default_rng(seed)
    for f in (OddRational(), Raised(), Gated(), LeakyReLU(0.25), Polynomial({0: 1.0, 2: 1.0, 8: 1.0})):
        for d in (1, 2):
            half = integers(rng, (4, d), 30) / 8 + 5
            yield Paired(Scores(_logits(rng, half, -half), f), PARITIES[type(f)])


def raised_taken_as_odd() -> Paired:
    rng = np.random.default_rng(0)
    half = integers(rng, (4, 2), 30) / 8 + 5
    return Paired(Scores(_logits(rng, half, -half), Raised()), "odd")


def with_a_bias() -> Paired:
    rng = np.random.default_rng(0)
    half = integers(rng, (4, 2), 30) / 8 + 5
    logits = _logits(rng, half, -half)
    biased = Head(logits.head.W, integers(rng, (12,), 9)).logits(logits.H)
    return Paired(Scores(biased, OddRational()), "odd")


def parallel_contexts() -> Paired:
    rng = np.random.default_rng(0)
    half = integers(rng, (4, 2), 30) / 8 + 5
    return Paired(Scores(_logits(rng, half, -2 * half), OddRational()), "odd")


def _logits(rng: np.random.Generator, half: FloatArray, other: FloatArray) -> LowRankLogits:
    W = integers(rng, (12, half.shape[1]), 40) / 4 + 0.125
    return Head(W).logits(np.concatenate([half, other, 0 * half[:1]]))


theorem = Theorem(
    module=__name__,
    topic="smooth functions",
    title="Opposite contexts count once, but for a constant or a line",
    says=(
        "Without a bias the rank of f of the logits is at most the number of contexts that differ up to "
        "sign. Those of 0 do not count if f is odd, nor if it is odd but for a constant, which counts one; "
        "if f is even but for a line, that counts d."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the exact rank over the rationals with that count",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "the constant is counted": raised_taken_as_odd,
        "there is no bias": with_a_bias,
        "the contexts are opposite": parallel_contexts,
    },
)
