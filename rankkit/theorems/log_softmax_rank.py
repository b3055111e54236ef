r"""Normalising moves the rank by at most one

$$|\operatorname{rank}\log\operatorname{softmax}(A)-\operatorname{rank}A|\le 1,\qquad
\operatorname{rank}\log\operatorname{softmax}(HW^\top)\le\min(N,M,d+1).$$

*Proof.* The normaliser is one number a row, so $\log\operatorname{softmax}(A)=A-\lambda\mathbf 1^\top$ with
$\lambda_i=\log\sum_j e^{A_{ij}}$: a change of rank one. Both ends are attained. Two equal rows
$(\tfrac12,\tfrac14,\tfrac14)$ of probabilities have logarithms of rank 1, and the logits that differ from
them by $\log 2$ in the first row have rank 2.

*Near miss.* A pointwise function before the normaliser, even an increasing one, is not a change of rank
one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.functions import Identity, Polynomial
from rankkit.heads import Head
from rankkit.theorems.exact_rank import log_softmax_rank, rank, rational_logits, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    return isinstance(x.f, Identity)


def predicts(x: Scores) -> tuple[int, int]:
    r = rank(rational_logits(x.logits))
    return r - 1, min(r + 1, *x.logits.shape)


def measure(x: Scores) -> int:
    return log_softmax_rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for contexts, classes, d in [(7, 6, 2), (6, 8, 3), (5, 5, 4), (2, 6, 3), (3, 3, 1)]:
        for bound in (1, 2, 3):  # the smaller, the more degenerate
            yield Scores(drawn_logits(rng, contexts, classes, d, bound=bound))
    yield Scores(
        Head(np.array([[0.0, -1], [-1, -2], [-1, -2]])).logits(np.eye(2)), note="normalising loses a rank"
    )


def with_a_function() -> Scores:
    rng = np.random.default_rng(0)
    return Scores(drawn_logits(rng, 9, 9, 2, bound=1), Polynomial({1: 1.0, 3: 1.0}))


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="Normalising moves the rank by at most one",
    says=(
        "The log-softmax of any matrix A of logits has rank between rank A - 1 and rank A + 1; without bias "
        "and with states of width d it is therefore at most d + 1."
    ),
    kind="two-sided bound",
    reference="yang2018",
    compares=(
        "the rank of log softmax(A ln 2), exact through the prime factors of its normalisers, with rank A"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"no function is applied before the normaliser": with_a_function},
)
