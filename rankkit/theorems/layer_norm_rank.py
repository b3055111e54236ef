r"""LayerNorm costs one dimension

For states $h_i=s_i\,\gamma\odot(x_i-\bar x_i\mathbf 1)+\beta$ with any positive scales $s_i$,
$$\operatorname{rank}(C_NHW^\top)\le d-1,$$
and without $\beta$ already $\operatorname{rank}(HW^\top)\le d-1$.

*Proof.* The vectors $x_i-\bar x_i\mathbf 1$ lie in the hyperplane $\mathbf 1^\perp$. Scaling keeps them
there, $\gamma$ maps it to another subspace of dimension $d-1$, and $\beta$ moves all states by the same
vector, which centring over contexts removes.

*Near miss.* RMSNorm scales without subtracting the mean, and nothing is lost. With $\beta$ and without
centring the shift gives the dimension back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import fractions, rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Normalised:
    """States after a normalisation, weights, and whether logits are centred over contexts."""

    H: Array
    W: Array
    norm: str = "LayerNorm"
    shift: bool = False
    centred: bool = True

    def __str__(self) -> str:
        ends = "with shift" if self.shift else "without shift"
        logits = "centred logits" if self.centred else "logits"
        return f"{self.norm} {ends}, d = {self.W.shape[1]}, {logits}"


def applies(x: Normalised) -> bool:
    return x.norm == "LayerNorm" and (x.centred or not x.shift)


def predicts(x: Normalised) -> int:
    return int(x.W.shape[1]) - 1


def measure(x: Normalised) -> int:
    logits = x.H @ x.W.T
    return rank(logits[1:] - logits[:1] if x.centred else logits)


def instances(seed: Seed) -> Iterator[Normalised]:
    rng = np.random.default_rng(seed)
    for d in (2, 4, 5):
        yield _drawn(rng, d, shift=False, centred=False)
        yield _drawn(rng, d, shift=True, centred=True)


def _drawn(
    rng: np.random.Generator, d: int, norm: str = "LayerNorm", shift: bool = True, centred: bool = True
) -> Normalised:
    x, W = fractions(integers(rng, (12, d), 9)), fractions(integers(rng, (10, d), 9))
    if norm == "LayerNorm":
        x = x - (x.sum(axis=1) / d)[:, None]
    scales, gamma = (fractions(rng.integers(1, 9, size=n)) / 7 for n in (12, d))
    H = scales[:, None] * x * gamma
    return Normalised(H + fractions(integers(rng, (d,), 9)) if shift else H, W, norm, shift, centred)


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="LayerNorm costs one dimension",
    says=(
        "If the states come out of a LayerNorm of width d, logits without bias have rank at most d - 1 after "
        "centring over contexts, and even before it where the LayerNorm has no shift."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of the logits of normalised integer vectors with d - 1",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "the norm subtracts the mean": lambda: _drawn(np.random.default_rng(0), 4, "RMSNorm"),
        "logits are centred, or there is no shift": lambda: _drawn(
            np.random.default_rng(0), 4, centred=False
        ),
    },
)
