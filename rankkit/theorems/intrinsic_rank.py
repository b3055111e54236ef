r"""What a linear head needs: the rank of the centred log-probabilities

$$\min_{\lambda\in\mathbf R^N}\operatorname{rank}(L+\lambda\mathbf 1^\top)=\operatorname{rank}(LC_M)=
\operatorname{rank}\,[L_{\cdot 2}-L_{\cdot 1},\dots,L_{\cdot M}-L_{\cdot 1}],\qquad
C_M=I-\tfrac1M\mathbf 1\mathbf 1^\top.$$

Hence strictly positive distributions $P$ are those of some head of width $d$ without bias exactly if
$\operatorname{rank}(\log P\cdot C_M)\le d$: an equivalence, where the usual bound on the rank of $\log P$
is only necessary.

*Proof.* $(L+\lambda\mathbf 1^\top)C_M=LC_M$, and a product never has a larger rank than its factor, so no
shift goes below $\operatorname{rank}(LC_M)$. The shift by minus the row means (or by minus any column)
attains it. Logits are log-probabilities up to such shifts.

*Near miss.* With an output bias the rows may also be shifted together, by a row vector $b$, and one rank
less may do; then columns are to be centred as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import double_differences, fractions, rank, rational_logits
from rankkit.theorems.instances import drawn_logits, integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class Shifted:
    """Log-probabilities in units of ln 2 up to row shifts, and the shifts that a head may undo."""

    L: Array
    bias: bool = False

    def __str__(self) -> str:
        return f"{self.L.shape[0]} x {self.L.shape[1]}, head {'with' if self.bias else 'without'} bias"


def applies(x: Shifted) -> bool:
    return not x.bias


def predicts(x: Shifted) -> int:
    return rank(x.L - _row_means(x.L)[:, None])


def measure(x: Shifted) -> int:
    if x.bias:
        return rank(double_differences(x.L))
    rng = np.random.default_rng(0)
    drawn = [fractions(integers(rng, (len(x.L),), 3)) for _ in range(30)]
    inside = [x.L @ fractions(integers(rng, (x.L.shape[1],), 2)) for _ in range(30)]
    return min(rank(x.L + shift[:, None]) for shift in [*drawn, *inside, *(-x.L.T)])


def instances(seed: Seed) -> Iterator[Shifted]:
    rng = np.random.default_rng(seed)
    for contexts, classes, d in [(6, 5, 1), (5, 6, 2), (7, 6, 3), (3, 8, 4)]:
        A = rational_logits(drawn_logits(rng, contexts, classes, d, bound=3))
        yield Shifted(A + fractions(integers(rng, (contexts,), 3))[:, None])
    yield Shifted(fractions(integers(rng, (4, 5), 1)))


def with_bias() -> Shifted:
    return Shifted(rational_logits(drawn_logits(np.random.default_rng(0), 7, 7, 2, bias=True)), bias=True)


def _row_means(L: Array) -> Array:
    return L.sum(axis=1) * Fraction(1, L.shape[1])


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="What a linear head needs: the rank of the centred log-probabilities",
    says=(
        "Strictly positive distributions P come from a linear softmax head of width d without bias if and "
        "only if log P with its row means removed has rank at most d; no other row shift gives a smaller "
        "rank."
    ),
    kind="equivalence",
    reference="rankkit",
    compares=(
        "the least exact rank over row shifts (minus each column, drawn, in the column space) with the "
        "centred rank"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the head has no bias": with_bias},
)
