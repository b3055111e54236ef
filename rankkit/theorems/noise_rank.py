r"""The rank that rounding noise adds: the quarter-circle law

For an $n\times n$ matrix of rank $r$ with largest singular value $\sigma_1$, plus independent normal noise
of deviation $s$, the number of singular values above a tolerance $t$ is, for large $n$ and $t$ well below
the signal,
$$r+(n-r)\big(1-F(t/(s\sqrt n))\big),\qquad
F(x)=\frac1\pi\Big(\frac{x\sqrt{4-x^2}}2+2\arcsin\frac x2\Big)\ \text{ on }[0,2].$$

*Proof.* A perturbation of fixed rank moves a vanishing share of the singular values, and those of a square
normal matrix over $s\sqrt n$ follow the quarter-circle law (Marchenko and Pastur). So a published rank of
nearly $n$ may be a linear head and its noise.

*Near miss.* Noise of low rank, however large, is not spread over all singular values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.spectra import expected_rank, spectrum
from rankkit.theorems.statement import Seed, Theorem

SIZE, RANK = 400, 10
#: Share of the singular values by which the count may differ from its limit at this size.
WITHIN = 0.02


@dataclass(frozen=True, eq=False)
class Noisy:
    """A matrix of low rank with noise, and its tolerance in units of s sqrt(n)."""

    matrix: FloatArray
    deviation: float
    level: float
    noise: str = "independent"

    def __str__(self) -> str:
        return f"rank {RANK} of {SIZE}, {self.noise} noise, tolerance at {self.level:g} of its scale"


def applies(x: Noisy) -> bool:
    return x.noise == "independent"


def predicts(x: Noisy) -> tuple[float, float]:
    law = expected_rank(RANK, (SIZE, SIZE), 1.0, x.level * sqrt(SIZE))
    return round(law - WITHIN * SIZE, 1), round(law + WITHIN * SIZE, 1)


def measure(x: Noisy) -> int:
    tolerance = x.level * x.deviation * sqrt(SIZE)
    return spectrum(x.matrix).numerical_rank(rule="absolute", tol=tolerance)


def instances(seed: Seed) -> Iterator[Noisy]:
    rng = np.random.default_rng(seed)
    for level in (0.1, 0.5, 1.0, 2.2):
        yield Noisy(_signal(rng) + 1e-6 * rng.standard_normal((SIZE, SIZE)), 1e-6, level)


def of_low_rank() -> Noisy:
    rng = np.random.default_rng(0)
    noise = np.outer(rng.standard_normal(SIZE), rng.standard_normal(SIZE))
    return Noisy(_signal(rng) + 1e-6 * noise, 1e-6, 0.5, "rank-one")


def _signal(rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal((SIZE, RANK)) @ rng.standard_normal((RANK, SIZE))


theorem = Theorem(
    module=__name__,
    topic="loss and noise",
    title="The rank that rounding noise adds: the quarter-circle law",
    says=(
        "A large square matrix of rank r with independent normal noise has, above a tolerance of x times the "
        "noise scale, r singular values and the share of the others that the quarter-circle law puts above "
        "x."
    ),
    kind="limit",
    reference="rankkit",
    compares="the singular values above the tolerance of a drawn 400 x 400 matrix with the law +- 2%",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"noise is independent": of_low_rank},
)
