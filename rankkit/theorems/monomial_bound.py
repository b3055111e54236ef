r"""A polynomial of low-rank logits: the rank is at most the number of monomials

$$\operatorname{rank}f(HW^\top)\le L(f,d)=\sum_{k:\,c_k\ne0}\binom{d+k-1}{k},\qquad f(x)=\sum_kc_kx^k.$$

*Proof.* $(h\cdot w)^k$ is an inner product of the vectors of all monomials of degree $k$ in the coordinates
of $h$ and of $w$, and there are $\binom{d+k-1}{k}$ of those. Concatenating them over the exponents of $f$
factors the matrix through $L(f,d)$ numbers.

*Near miss.* A bias inside $f$ brings the lower degrees back: $(h\cdot w+b)^3$ has monomials of degrees 0 to
3 in $h$.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import comb

import numpy as np

from rankkit.functions import Polynomial
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem


def monomials(exponents: Iterable[int], d: int) -> int:
    """Count the monomials in d variables whose degree is one of ``exponents``.

    >>> monomials({1, 3}, d=3), monomials({0, 1, 2}, d=400)
    (13, 80601)
    """
    return sum(comb(d + k - 1, k) for k in exponents)


def applies(x: Scores) -> bool:
    return bool(x.f.powers) and x.logits.head.b is None


def predicts(x: Scores) -> int:
    return monomials(x.f.powers or {}, x.logits.head.d)


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, powers in [(1, {1: 1.0, 3: 0.5}), (2, {2: 1.0}), (2, {0: 1.0, 3: -2.0}), (3, {1: 1.0, 2: 1.0})]:
        size = monomials(powers, d) + 3
        yield Scores(drawn_logits(rng, size, size + 1, d), Polynomial(powers))
        yield Scores(drawn_logits(rng, size, size, d, bound=1), Polynomial(powers), "coinciding rows")


def with_bias() -> Scores:
    return Scores(drawn_logits(np.random.default_rng(0), 14, 14, 2, bias=True), Polynomial({3: 1.0}))


theorem = Theorem(
    module=__name__,
    topic="polynomials",
    title="A polynomial of low-rank logits: the rank is at most the number of monomials",
    says=(
        "For a polynomial f and logits of width d without bias, the rank of f applied to the logits is at "
        "most the number of monomials in d variables whose degrees are exponents of f."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of f of integer logits with the count of monomials",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the logits have no bias": with_bias},
)
