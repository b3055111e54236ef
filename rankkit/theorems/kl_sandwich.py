r"""What a wrong logit costs: divergence between two bounds

For a distribution $p$ with smallest entry $\mu>0$, any logits $z$, and $\delta$ the Euclidean norm of
$z-\log p$ after removing its mean,
$$\log\Big(1+\frac{\mu\,\delta^2}{2+\delta}\Big)\ \le\ \operatorname{KL}(p\,\|\,\operatorname{softmax}z)\ \le\
\frac{\delta^2}{4}.$$

*Proof.* With $X=z-\log p$ shifted to $\mathbf E_pX=0$ the divergence is $\log\mathbf E_pe^X$, and
$e^x-1-x\ge x^2/(2+|x|)$ gives the lower bound, since shifting cannot make the norm smaller than $\delta$.
For the upper bound integrate the second derivative along the segment from $\log p$ to $z$: a variance, at
most $\delta^2/2$.

*Near miss.* For the divergence the other way round the lower bound fails: it never exceeds $\log(1/\mu)$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from rankkit.theorems.exact_rank import ball
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class Prediction:
    """A distribution, logits that predict it, and the direction of the divergence between them."""

    p: tuple[Fraction, ...]
    z: tuple[Fraction, ...]
    forward: bool = True

    def __str__(self) -> str:
        smallest, largest = float(min(self.p)), float(max(self.z))
        return f"{len(self.p)} classes, smallest probability {smallest:.2g}, largest logit {largest:.3g}"


def applies(x: Prediction) -> bool:
    return x.forward and min(x.p) > 0


def predicts(x: Prediction) -> tuple[Any, Any]:
    with flint.ctx.workprec(256):
        p, z = _balls(x.p), _balls(x.z)
        gap = [b - a.log() for a, b in zip(p, z, strict=True)]
        mean = sum(gap) / len(gap)
        delta = sum((g - mean) ** 2 for g in gap).sqrt()
        return (1 + _balls([min(x.p)])[0] * delta**2 / (2 + delta)).log(), delta**2 / 4


def measure(x: Prediction) -> Any:
    with flint.ctx.workprec(256):
        p, z = _balls(x.p), _balls(x.z)
        total = sum(b.exp() for b in z)
        q = [b.exp() / total for b in z]
        a, b = (p, q) if x.forward else (q, p)
        return sum(u * (u / v).log() for u, v in zip(a, b, strict=True))


def instances(seed: Seed) -> Iterator[Prediction]:
    rng = np.random.default_rng(seed)
    for classes in (2, 3, 8):
        for concentration in (1, 100):
            for scale in (0.01, 1, 20):
                weights = [int(w) for w in rng.integers(1, 1 + concentration, classes)]
                z = tuple(Fraction(float(scale * g)) for g in rng.standard_normal(classes))
                yield Prediction(tuple(Fraction(w, sum(weights)) for w in weights), z)


def the_other_way_round() -> Prediction:
    return Prediction(
        (Fraction(1, 4),) * 4, (Fraction(400), Fraction(0), Fraction(0), Fraction(0)), forward=False
    )


def _balls(values: Any) -> list[Any]:
    return [ball(x) for x in values]


theorem = Theorem(
    module=__name__,
    topic="loss and noise",
    title="What a wrong logit costs: divergence between two bounds",
    says=(
        "If delta is the norm of the error of the logits with its mean removed and mu > 0 the smallest true "
        "probability, the divergence of the prediction from the truth is between log(1 + mu delta^2 / (2 + "
        "delta)) and delta^2 / 4."
    ),
    kind="two-sided bound",
    reference="rankkit",
    compares="the divergence, enclosed in a ball of 256 bits, with both bounds, enclosed likewise",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the divergence is from the truth to the prediction": the_other_way_round},
)
