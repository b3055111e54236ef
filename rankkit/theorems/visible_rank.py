r"""Full rank that nobody can see: smooth functions have few large singular values

For logits within $[-T,T]$ and $f=\exp$,
$$\#\{k:\sigma_k(f(A))>\tau\}\le\binom{d+p}{p}\quad\text{whenever}\quad
\sqrt{NM}\cdot2\sum_{k>p}I_k(T)\le\tau,$$
with $I_k$ the modified Bessel functions, although the rank of $f(A)$ is $\min(N,M)$.

*Proof.* The Chebyshev series of $e^x$ on $[-T,T]$ has coefficients $2I_k(T)$. Cut after degree $p$ it
leaves entries of that size, hence a matrix of spectral norm at most $\sqrt{NM}$ times it; the polynomial
part has at most $\binom{d+p}p$ non-zero singular values. The tail falls faster than any power, so a
tolerance is met early: what analytic functions add to the rank of narrow heads lies below what float32 can
show.

*Near miss.* A kink has only algebraically decaying coefficients, and its singular values are really there.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import numpy as np

from rankkit.functions import Exp, LeakyReLU, PointwiseFunction, apply
from rankkit.heads import Head
from rankkit.spectra import spectrum
from rankkit.theorems.instances import Scores
from rankkit.theorems.statement import Seed, Theorem

#: Level at which singular values are counted: far above the rounding of these matrices, about 1e-12.
LEVEL = 1e-9


def applies(x: Scores) -> bool:
    return isinstance(x.f, Exp)


def predicts(x: Scores) -> int:
    from scipy.special import iv

    contexts, classes = x.logits.shape
    coefficients = 2 * iv(np.arange(200), abs(x.logits.dense()).max())
    tails = coefficients[::-1].cumsum()[::-1]
    degree = int(np.flatnonzero(np.sqrt(contexts * classes) * tails[1:] <= LEVEL)[0])
    return comb(x.logits.head.d + degree, degree)


def measure(x: Scores) -> int:
    values = spectrum(apply(x.f, x.logits.dense())).values
    return int((values > LEVEL).sum())


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, bound in [(1, 1), (1, 4), (2, 0.5), (2, 1)]:
        yield _drawn(rng, d, bound, Exp())


def a_kink() -> Scores:
    return _drawn(np.random.default_rng(0), 2, 1.0, LeakyReLU(0.1))


def _drawn(rng: np.random.Generator, d: int, bound: float, f: PointwiseFunction) -> Scores:
    W, H = rng.uniform(-1, 1, size=(250, d)), rng.uniform(-1, 1, size=(240, d))
    return Scores(Head(W).logits(bound * H), f, f"logits up to {d * bound}")


theorem = Theorem(
    module=__name__,
    topic="smooth functions",
    title="Full rank that nobody can see: smooth functions have few large singular values",
    says=(
        "For f = exp and logits of width d within [-T, T], at most C(d + p, p) singular values of f of the "
        "logits exceed any level above sqrt(NM) times the Chebyshev tail of exp after degree p on that "
        "interval."
    ),
    kind="upper bound",
    reference="rankkit",
    compares=(
        "the singular values above 1e-9, in float64, with the count of monomials at the first degree whose "
        "tail is below"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"f is the exponential": a_kink},
)
