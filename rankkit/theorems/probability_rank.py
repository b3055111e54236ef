r"""The rank of the probabilities says nothing about the bottleneck

For $d=1$, states $h_i$ pairwise distinct and weights $w_j$ pairwise distinct,
$$\operatorname{rank}\operatorname{softmax}(hw^\top)=\min(N,M),\qquad
\operatorname{rank}\log\operatorname{softmax}(hw^\top)\le2.$$

*Proof.* $\operatorname{softmax}(hw^\top)$ is $e^{h_iw_j}$ with rows rescaled, and the kernel $e^{xy}$ is
strictly totally positive: every minor of increasing $x$ and $y$ is positive, since a sum of $n$
exponentials has at most $n-1$ real zeros. So the narrowest head there is has probabilities of full rank.

*Near miss.* Equal states make equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.heads import Head, LowRankLogits
from rankkit.theorems.exact_rank import rank, rational_logits
from rankkit.theorems.instances import Scores
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    H, W = x.logits.H, x.logits.head.W
    return W.shape[1] == 1 and len(np.unique(H)) == len(H) and len(np.unique(W)) == len(W)


def predicts(x: Scores) -> int:
    return min(x.logits.shape)


def measure(x: Scores) -> int:
    exponents = rational_logits(x.logits)
    weights = [[2 ** int(k) for k in row] for row in exponents - exponents.min()]
    return rank([[Fraction(weight, sum(row)) for weight in row] for row in weights])


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for contexts, classes in [(3, 9), (10, 10), (20, 16)]:
        yield Scores(_logits(_distinct(rng, contexts), _distinct(rng, classes)))


def equal_states() -> Scores:
    rng = np.random.default_rng(0)
    return Scores(_logits(np.tile(_distinct(rng, 4), 2), _distinct(rng, 8)), note="four states, twice")


def _distinct(rng: np.random.Generator, count: int) -> FloatArray:
    return rng.choice(np.arange(-20.0, 21.0), size=count, replace=False)


def _logits(h: FloatArray, w: FloatArray) -> LowRankLogits:
    return Head(w[:, None]).logits(h[:, None])


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="The rank of the probabilities says nothing about the bottleneck",
    says=(
        "With states of width one that are pairwise distinct, and pairwise distinct weights, the matrix of "
        "softmax probabilities has full rank, although its logarithm has rank at most two."
    ),
    kind="exact",
    reference="rankkit",
    compares=(
        "the rank over the rationals of the probabilities of integer logits (in units of ln 2) with min(N, M)"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"states are distinct": equal_states},
)
