r"""With a bias every degree counts

For a polynomial $f$ of degree $p$ and generic $(H,W,b)$,
$$\operatorname{rank}f(HW^\top+\mathbf 1b^\top)=\min\Big(N,M,\binom{d+p}{p}\Big),$$
whichever exponents $f$ has.

*Proof.* $f(h\cdot w+b)=\sum_k\frac{f^{(k)}(b)}{k!}(h\cdot w)^k$ with $f^{(k)}(b)\ne0$ for $k\le p$ and
generic $b$: all monomials in $h$ of degree at most $p$ occur, with coefficients that are independent
functions of $(w,b)$.

*Near miss.* A bias $b=Wu$ only moves the states, $h\cdot w+b=(h+u)\cdot w$, and the exponents of $f$ count
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import numpy as np

from rankkit.arrays import widen
from rankkit.functions import Polynomial
from rankkit.heads import Head
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits, integers
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    head = x.logits.head
    if not x.f.powers or head.b is None:
        return False
    return rank(np.column_stack([widen(head.W), widen(head.b)])) == min(head.classes, head.d + 1)


def predicts(x: Scores) -> int:
    degree = max(x.f.powers or {0: 0.0})
    return min(*x.logits.shape, comb(x.logits.head.d + degree, degree))


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, powers in [(1, {3: 1.0}), (2, {3: 1.0}), (2, {1: 1.0, 4: 0.5}), (3, {2: -1.0}), (4, {2: 1.0})]:
        yield Scores(drawn_logits(rng, 18, 17, d, bias=True), Polynomial(powers))


def bias_that_moves_the_states() -> Scores:
    rng = np.random.default_rng(0)
    W, H = integers(rng, (12, 2), 1000), integers(rng, (12, 2), 1000)
    return Scores(Head(W, b=W @ [3.0, -5.0]).logits(H), Polynomial({3: 1.0}), "b = Wu")


theorem = Theorem(
    module=__name__,
    topic="polynomials",
    title="With a bias every degree counts",
    says=(
        "For a polynomial f of degree p and generic states, weights and bias of width d, the rank of f of "
        "the logits is the smaller of both sides and the number of all monomials of degree at most p, even "
        "if f = x^p."
    ),
    kind="generic",
    reference="rankkit",
    compares="the rank over the rationals of f of drawn integer logits with min(N, M, C(d + p, p))",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the bias is outside the column space of W": bias_that_moves_the_states},
)
