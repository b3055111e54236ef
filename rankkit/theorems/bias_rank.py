r"""An output bias adds one more: d + 2

$$\operatorname{rank}\log\operatorname{softmax}(HW^\top+\mathbf 1b^\top)=\min(N,M,d+2)
\quad\text{for generic }H,W,b.$$

*Proof.* The logits are $[H,\mathbf 1][W,b]^\top$, of rank $d+1$, and the normaliser is a change of rank
one. It adds a rank when $\mathbf 1$ is not a combination of the columns of $[W,b]$ and the normalisers are
not a combination of those of $[H,\mathbf 1]$; both are generic once there are at least $d+2$ contexts and
classes. This is why heads of width 400 and 280 with a bias print ranks 402 and 282, while the bound usually
quoted, $d+1$, is for heads without bias.

*Near miss.* A bias in the column space of $W$ only moves the states, and a constant one is undone by the
normaliser: both leave $d+1$.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head, LowRankLogits
from rankkit.theorems.exact_rank import log_softmax_rank, rank, rational_logits
from rankkit.theorems.instances import Scores, drawn_logits, integers
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    head, d = x.logits.head, x.logits.head.d
    if head.b is None:
        return False
    ones = np.ones((head.classes, 1))
    extended = np.hstack([widen(head.W), widen(head.b)[:, None], ones])
    states = np.hstack([widen(x.logits.H), np.ones((len(x.logits.H), 1))])
    return rank(extended) == min(head.classes, d + 2) and rank(states) == min(len(states), d + 1)


def predicts(x: Scores) -> int:
    return min(*x.logits.shape, x.logits.head.d + 2)


def measure(x: Scores) -> int:
    return log_softmax_rank(rational_logits(x.logits))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for contexts, classes, d in [(8, 8, 1), (9, 7, 2), (7, 9, 3), (4, 9, 3)]:
        scores = Scores(drawn_logits(rng, contexts, classes, d, bias=True, bound=3))
        while not applies(scores):
            scores = Scores(drawn_logits(rng, contexts, classes, d, bias=True, bound=3))
        yield scores


def _with_bias(make_bias: str) -> LowRankLogits:
    rng = np.random.default_rng(1)
    W, H = integers(rng, (8, 2), 3), integers(rng, (8, 2), 3)
    bias = {"in the span": W @ [1.0, -2.0], "constant": np.full(8, 3.0)}[make_bias]
    return Head(W, bias).logits(H)


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="An output bias adds one more: d + 2",
    says=(
        "With a generic output bias, states of width d and at least d + 2 contexts and classes, the "
        "log-probabilities of a linear softmax head have rank d + 2 exactly."
    ),
    kind="generic",
    reference="rankkit",
    compares="the exact rank of the log-probabilities of integer logits (in units of ln 2) with d + 2",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "the bias is outside the column space of W": lambda: Scores(_with_bias("in the span"), note="b = Wu"),
        "the bias is not constant": lambda: Scores(_with_bias("constant"), note="b = 3"),
    },
)
