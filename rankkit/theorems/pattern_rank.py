r"""What an increasing function can do to fixed logits: the pattern rank

Let $\pi(A)$ be the rank of the matrix of independent variables, one for each distinct value among the
entries of $A$. Then
$$\max_{f\ \text{increasing}}\operatorname{rank}f(A)=\pi(A)\ge\operatorname{rank}A,$$
attained by almost every strictly increasing $f$.

*Proof.* $f(A)$ substitutes numbers for the variables, so its rank is at most $\pi(A)$. The values of $f$ at
the distinct entries are any increasing numbers, an open set, on which a minor that is not the zero
polynomial vanishes almost nowhere. $f(x)=x$ is one choice.

*Near miss.* A family with less freedom stays below: odd functions on contexts $h$ and $-h$, or affine ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from rankkit.arrays import IntArray
from rankkit.theorems import exact_rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Valued:
    """Integer logits, and the values of an increasing function at the integers from least to largest."""

    A: IntArray
    values: tuple[int, ...]
    f: str = "drawn"

    def __str__(self) -> str:
        shape = f"{self.A.shape[0]} x {self.A.shape[1]}"
        return f"{shape} of rank {exact_rank.rank(self.A)}, {self.f} increasing function"


def applies(x: Valued) -> bool:
    return x.f == "drawn" and all(a < b for a, b in pairwise(x.values))


def predicts(x: Valued) -> int:
    return exact_rank.pattern_rank(x.A, np.random.default_rng(0))


def measure(x: Valued) -> int:
    return exact_rank.rank(np.array(x.values, dtype=object)[x.A - x.A.min()])


def instances(seed: Seed) -> Iterator[Valued]:
    rng = np.random.default_rng(seed)
    n = np.arange(8)
    for A in [
        np.subtract.outer(n, n),
        np.multiply.outer(n, n),
        np.add.outer(n, n),
        np.multiply.outer(n > 3, n > 1) * 1,
    ]:
        yield drawn_values(rng, A)
    for d, bound in [(1, 4), (2, 1), (3, 2)]:
        yield drawn_values(
            rng, (integers(rng, (9, d), bound) @ integers(rng, (7, d), bound).T).astype(np.int64)
        )


def odd_function() -> Valued:
    A = np.multiply.outer([1, -1, 2, -2], [1, 2, 3, 4])
    return Valued(A, tuple(x**3 + x for x in range(-8, 9)), "odd")


def affine_function() -> Valued:
    A = np.multiply.outer(np.arange(8), np.arange(8))
    return Valued(A, tuple(3 * x + 1 for x in range(50)), "affine")


def drawn_values(rng: np.random.Generator, A: IntArray) -> Valued:
    """Draw a strictly increasing function at the integers from the least entry of A to the largest."""
    steps = rng.integers(1, 10**12, size=int(A.max() - A.min()) + 1)
    return Valued(A, tuple(accumulate(int(step) for step in steps)))


theorem = Theorem(
    module=__name__,
    topic="increasing functions",
    title="What an increasing function can do to fixed logits: the pattern rank",
    says=(
        "For a fixed matrix A, the largest rank of f(A) over increasing f is the rank of the matrix of "
        "independent variables with one variable per distinct entry of A, and almost every increasing f "
        "attains it."
    ),
    kind="generic",
    reference="rankkit",
    compares=(
        "the rank over the rationals of a drawn increasing f at integer logits with the rank of their pattern"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "f is not confined to odd functions": odd_function,
        "f is not confined to affine ones": affine_function,
    },
)
