r"""A piecewise-linear function adds rank cell by cell

Group the contexts by the segments that their logits fall into, class by class. For $f$ linear on every
segment,
$$\operatorname{rank}f(HW^\top+\mathbf 1b^\top)\le
\sum_{\text{cells }\rho}\operatorname{rank}[H_\rho,\mathbf 1].$$

*Proof.* Within a cell every column is an affine function of the context, $f(A_{ij})=s_j(h_i\cdot
w_j+b_j)+c_j$, so its rows are a linear image of $[h_i,1]$. Ranks of blocks of rows add up at most.

*Near miss.* A function that is not linear on its segments, such as $x+x^3$ with a single one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.arrays import IntArray, widen
from rankkit.functions import PLIF, Polynomial
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem


def segments(x: Scores) -> IntArray:
    """Return the segment of every logit, (contexts, classes); functions without kinks have one segment."""
    logits = x.logits.dense()
    return x.f.segment(logits) if isinstance(x.f, PLIF) else np.zeros(logits.shape, dtype=np.int64)


def applies(x: Scores) -> bool:
    return isinstance(x.f, PLIF)


def predicts(x: Scores) -> int:
    cells, cell = np.unique(segments(x), axis=0, return_inverse=True)
    extended = np.column_stack([widen(x.logits.H), np.ones(len(x.logits.H))])
    return sum(rank(extended[cell.ravel() == rho]) for rho in range(len(cells)))


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, pieces, bias in [(1, 2, False), (1, 5, True), (2, 2, False), (2, 3, True)]:
        logits = drawn_logits(rng, 30, 6, d, bias=bias, bound=30)
        yield Scores(logits, PLIF.random(pieces, bound=500.0, seed=rng))


def not_piecewise_linear() -> Scores:
    return Scores(drawn_logits(np.random.default_rng(0), 12, 12, 2), Polynomial({1: 1.0, 3: 1.0}))


theorem = Theorem(
    module=__name__,
    topic="piecewise-linear functions",
    title="A piecewise-linear function adds rank cell by cell",
    says=(
        "For a piecewise-linear f, the rank of f of the logits is at most the sum, over groups of contexts "
        "whose logits fall into the same segments class by class, of the rank of their states with a column "
        "of ones."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of PLIF at integer logits with the sum over cells",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"f is linear on every segment": not_piecewise_linear},
)
