r"""What the normaliser leaves of a polynomial: constants are lost

For a polynomial $f$ and generic $(H,W)$ without bias,
$$\operatorname{rank}\big(f(HW^\top)C_M\big)=\min\big(N,\,M-1,\,L(f,d)-[c_0\ne0]\big),\qquad
L(f,d)=\sum_{k:\,c_k\ne0}\binom{d+k-1}{k}.$$

*Proof.* Centring the rows removes the constant monomial, which is the same for every class, and the
all-ones direction from the classes; the other monomial columns stay independent for generic $W$ as long as
there are $M-1$ of them at most.

*Near miss.* With a bias the part of $f$ that does not depend on $h$ is $f(b_j)$, which centring does not
remove, and lower degrees come back.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.functions import Polynomial
from rankkit.theorems.exact_rank import differences, rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.monomial_bound import monomials
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    return bool(x.f.powers) and x.logits.head.b is None


def predicts(x: Scores) -> int:
    exponents = set(x.f.powers or {}) - {0}
    contexts, classes = x.logits.shape
    return min(contexts, classes - 1, monomials(exponents, x.logits.head.d))


def measure(x: Scores) -> int:
    return rank(differences(rational_scores(x)))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, powers in [(1, {1: 1.0, 3: 0.5}), (2, {0: 7.0, 2: 1.0}), (3, {0: 1.0, 1: 1.0, 2: -0.5})]:
        yield Scores(drawn_logits(rng, 14, 13, d), Polynomial(powers))
        yield Scores(drawn_logits(rng, 14, 4, d), Polynomial(powers), "few classes")


def with_bias() -> Scores:
    return Scores(drawn_logits(np.random.default_rng(0), 14, 14, 2, bias=True), Polynomial({0: 7.0, 2: 1.0}))


theorem = Theorem(
    module=__name__,
    topic="polynomials",
    title="What the normaliser leaves of a polynomial: constants are lost",
    says=(
        "For a polynomial f and generic states and weights of width d without bias, f of the logits with row "
        "means removed has rank min(N, M - 1, number of monomials), where the constant monomial does not "
        "count."
    ),
    kind="generic",
    reference="rankkit",
    compares=(
        "the rank over the rationals of the column differences of f of drawn integer logits with the count"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the logits have no bias": with_bias},
)
