r"""The monomial count is attained

$$\operatorname{rank}f(HW^\top)=\min(N,M,L(f,d)),\qquad L(f,d)=\sum_{k:\,c_k\ne0}\binom{d+k-1}{k},$$

for all $(H,W)$ outside a proper algebraic set.

*Proof.* $f(HW^\top)=\Phi(H)D\Phi(W)^\top$ with $\Phi$ the monomials whose degree is an exponent of $f$ and
$D$ diagonal: coefficient times multinomial number, never zero over the rationals. By Cauchy and Binet a
minor is $\sum_Td_T\det\Phi(H)_T\det\Phi(W)_T$ over sets $T$ of monomials; different sets give minors
without a common monomial, so the sum is not the zero polynomial.

*Near miss.* On unit spheres $|h|^2=1$ ties the degrees $k$ and $k-2$ together: $1+x^2$ in three dimensions
has rank 6, not 7. Equal rows are no generic draw either.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.functions import Polynomial
from rankkit.heads import Head
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits, integers, no_two_parallel
from rankkit.theorems.monomial_bound import monomials
from rankkit.theorems.statement import Seed, Theorem

FUNCTIONS = [
    (1, {1: 1.0, 3: 0.5}),
    (2, {2: 1.0, 3: 2.0}),
    (3, {1: 1.0, 3: 1.0}),
    (3, {0: 3.0, 2: -1.0}),
    (4, {2: 0.25}),
]


def applies(x: Scores) -> bool:
    H, W = x.logits.H, x.logits.head.W
    distinct = (
        no_two_parallel(H) and no_two_parallel(W) if x.logits.head.d > 1 else len(np.unique(H)) == len(H)
    )
    one_norm = len({float(row @ row) for row in H}) == 1
    return bool(x.f.powers) and x.logits.head.b is None and distinct and not one_norm


def predicts(x: Scores) -> int:
    return min(*x.logits.shape, monomials(x.f.powers or {}, x.logits.head.d))


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, powers in FUNCTIONS:
        count = monomials(powers, d)
        for contexts, classes in [(count + 2, count + 3), (count + 2, max(2, count // 2))]:
            scores = Scores(drawn_logits(rng, contexts, classes, d), Polynomial(powers))
            while not applies(scores):
                scores = Scores(drawn_logits(rng, contexts, classes, d), Polynomial(powers))
            yield scores


def on_a_sphere() -> Scores:
    # Signed permutations of (1, 4, 8) all have norm 9; one of each pair +-h.
    turns = [np.roll([1.0, 4.0, 8.0][::step], k) for step in (1, -1) for k in range(3)]
    signs = [np.array([1.0, s, t]) for s in (1, -1) for t in (1, -1)]
    H = np.array([turn * sign for turn in turns for sign in signs])
    return Scores(Head(H).logits(H), Polynomial({0: 1.0, 2: 1.0}), "states of one norm")


def repeated_contexts() -> Scores:
    rng = np.random.default_rng(0)
    W, H = integers(rng, (9, 2), 1000), integers(rng, (3, 2), 1000)
    return Scores(
        Head(W).logits(np.vstack([H, H, H])), Polynomial({1: 1.0, 3: 1.0}), "three contexts, thrice"
    )


theorem = Theorem(
    module=__name__,
    topic="polynomials",
    title="The monomial count is attained",
    says=(
        "For a polynomial f and generic states and weights of width d without bias, the rank of f of the "
        "logits is the smaller of both sides and the number of monomials in d variables whose degrees are "
        "exponents of f."
    ),
    kind="generic",
    reference="rankkit",
    compares="the rank over the rationals of f of drawn integer logits with min(N, M, count of monomials)",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "states are not confined to a sphere": on_a_sphere,
        "contexts are distinct": repeated_contexts,
    },
)
