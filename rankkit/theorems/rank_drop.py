r"""An increasing function can lower the rank

For a matrix $B$ with pattern rank $\pi(B)>\operatorname{rank}B$ and almost every increasing $g$, the matrix
$A=g(B)$ and the increasing function $f=g^{-1}$ satisfy
$$\operatorname{rank}f(A)=\operatorname{rank}B<\pi(B)=\operatorname{rank}A.$$

*Proof.* $g(B)$ has the pattern rank for almost every increasing $g$, and $f(g(B))=B$. So "a monotone
function never lowers the rank" is false for fixed logits: it may be true of generic ones only.

*Near miss.* A linear $g$ adds nothing that its inverse could take away.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.theorems import exact_rank
from rankkit.theorems.instances import integers
from rankkit.theorems.pattern_rank import Valued, drawn_values
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Valued) -> bool:
    pattern = exact_rank.pattern_rank(x.A, np.random.default_rng(0))
    return x.f == "drawn" and pattern > exact_rank.rank(x.A)


def predicts(x: Valued) -> int:
    """Return one less than the rank of A = g(B), where ``x.A`` is B and ``x.values`` are those of g."""
    return exact_rank.rank(np.array(x.values, dtype=object)[x.A - x.A.min()]) - 1


def measure(x: Valued) -> int:
    return exact_rank.rank(x.A)


def instances(seed: Seed) -> Iterator[Valued]:
    rng = np.random.default_rng(seed)
    n = np.arange(1, 9)
    yield drawn_values(rng, np.multiply.outer(n, n))
    yield drawn_values(rng, np.subtract.outer(n, n))
    yield drawn_values(rng, (integers(rng, (9, 2), 3) @ integers(rng, (7, 2), 3).T).astype(np.int64))


def linear() -> Valued:
    n = np.arange(1, 9)
    return Valued(np.multiply.outer(n, n), tuple(2 * x for x in range(1, 65)), "linear")


theorem = Theorem(
    module=__name__,
    topic="increasing functions",
    title="An increasing function can lower the rank",
    says=(
        "Whenever the pattern rank of a matrix B exceeds its rank, almost every increasing g gives logits A "
        "= g(B) whose rank the increasing function inverse to g lowers to that of B."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of f(A) = B with one less than the rank of A = g(B), g drawn",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"g is not linear": linear},
)
