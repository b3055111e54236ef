r"""One kink in the plane gives two thirds of full rank

For directions drawn independently and uniformly, $N/M\to\lambda$,
$$\frac1M\operatorname{rank}|HW^\top|\ \longrightarrow\ \frac{\lambda(1+\lambda)}{1+\lambda+\lambda^2}
\quad\text{almost surely: } \tfrac23\text{ at }N=M.$$

*Proof.* Read the circle of directions as a sequence of contexts (probability $\lambda/(1+\lambda)$ each)
and kinks. The number of contexts in a gap is geometric, so runs of non-empty gaps are renewals; the mean of
$\min(\ell+1,n)$ of a run over its mean length gives the fraction, and the law of large numbers the limit.
So a leaky ReLU on states of width two does *not* give full rank in general, whatever the number of classes.

*Near miss.* Directions that are not uniform: contexts in one quarter of the circle miss most kinks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.theorems.kink_rank import circle_matching
from rankkit.theorems.statement import Seed, Theorem

#: Classes in an instance, and how far the fraction may be from its limit: about six standard deviations.
CLASSES, WITHIN = 20_000, 0.02


@dataclass(frozen=True, eq=False)
class Directions:
    """Angles of contexts and of kinks."""

    contexts: FloatArray
    kinks: FloatArray
    spread: float = np.pi

    def __str__(self) -> str:
        ratio = len(self.contexts) / len(self.kinks)
        return f"{ratio:g} contexts a class, angles over {self.spread / np.pi:g} of the circle"


def applies(x: Directions) -> bool:
    return x.spread == np.pi


def predicts(x: Directions) -> tuple[float, float]:
    ratio = len(x.contexts) / len(x.kinks)
    law = ratio * (1 + ratio) / (1 + ratio + ratio**2)
    return round(law - WITHIN, 4), round(law + WITHIN, 4)


def measure(x: Directions) -> float:
    return round(circle_matching(x.contexts, x.kinks) / len(x.kinks), 4)


def instances(seed: Seed) -> Iterator[Directions]:
    rng = np.random.default_rng(seed)
    for ratio in (0.25, 0.5, 1.0, 2.0, 4.0):
        yield _drawn(rng, ratio, spread=np.pi)


def _drawn(rng: np.random.Generator, ratio: float, spread: float) -> Directions:
    return Directions(rng.uniform(0, spread, int(ratio * CLASSES)), rng.uniform(0, np.pi, CLASSES), spread)


theorem = Theorem(
    module=__name__,
    topic="piecewise-linear functions",
    title="One kink in the plane gives two thirds of full rank",
    says=(
        "For states and weights of width two in independent uniform directions, with N contexts for M "
        "classes and ratio r = N / M, the rank of the absolute values of the logits is M r(1 + r) / (1 + r + "
        "r^2) in the limit."
    ),
    kind="limit",
    reference="rankkit",
    compares=(
        "the matching number of 20,000 classes, which is the rank, over their number with the law +- 0.02"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"directions are uniform": lambda: _drawn(np.random.default_rng(0), 1.0, spread=np.pi / 4)},
)
