r"""Unit norms let degrees of one parity collapse

For states and weights of norm one in $\mathbf R^d$, otherwise generic, and a polynomial $f=\sum_\ell a_\ell
P_\ell$ in Gegenbauer polynomials of dimension $d$,
$$\operatorname{rank}f(HW^\top)=\min\Big(N,M,\sum_{\ell:\,a_\ell\ne0}\dim\mathcal H_\ell(d)\Big),\qquad
\dim\mathcal H_\ell(d)=\binom{d+\ell-1}{\ell}-\binom{d+\ell-3}{\ell-2}.$$

*Proof.* By the addition theorem $P_\ell(h\cdot w)$ is an inner product of the $\dim\mathcal H_\ell$
spherical harmonics of degree $\ell$ at $h$ and at $w$; harmonics of all degrees are independent functions
on the sphere.

*Near miss.* Without unit norms $|h|^2$ is no constant, and $x+x^3$ in three dimensions has rank 13 instead
of 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import fractions, rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class OnSpheres:
    """Rational states and weights, and a polynomial by its exponents."""

    H: Array
    W: Array
    powers: Mapping[int, Fraction | int]

    def __str__(self) -> str:
        terms = " + ".join(f"{c}x^{k}" for k, c in self.powers.items())
        return f"{len(self.H)} x {len(self.W)}, d = {self.W.shape[1]}, f = {terms}"


def applies(x: OnSpheres) -> bool:
    return all((points**2).sum(axis=1).tolist() == [1] * len(points) for points in (x.H, x.W))


def predicts(x: OnSpheres) -> int:
    d = x.W.shape[1]
    return min(len(x.H), len(x.W), sum(harmonics(degree, d) for degree in gegenbauer_degrees(x.powers, d)))


def measure(x: OnSpheres) -> int:
    A = x.H @ x.W.T
    return rank(sum(c * A**k for k, c in x.powers.items()))


def harmonics(degree: int, d: int) -> int:
    """Return the dimension of the harmonic polynomials of one degree in d >= 2 variables.

    >>> [harmonics(degree, 3) for degree in range(4)], [harmonics(degree, 2) for degree in range(4)]
    ([1, 3, 5, 7], [1, 2, 2, 2])
    """
    return comb(d + degree - 1, degree) - (comb(d + degree - 3, degree - 2) if degree > 1 else 0)


def gegenbauer_degrees(powers: Mapping[int, Fraction | int], d: int) -> list[int]:
    """Return the degrees of the Gegenbauer polynomials of dimension d that a polynomial is made of.

    >>> gegenbauer_degrees({1: 1, 3: 1}, d=3), gegenbauer_degrees({1: -3, 3: 5}, d=3)
    ([3, 1], [3])
    """
    top = max(powers)
    basis = [[Fraction(1)], [Fraction(0), Fraction(1)]]
    for n in range(1, top):
        shifted, before = [Fraction(0), *basis[n]], [*basis[n - 1], Fraction(0), Fraction(0)]
        basis.append(
            [((2 * n + d - 2) * a - n * b) / (n + d - 2) for a, b in zip(shifted, before, strict=True)]
        )
    left = [Fraction(powers.get(k, 0)) for k in range(top + 1)]
    degrees = []
    for n in range(top, -1, -1):
        part = left[n] / basis[n][n]
        if part:
            degrees.append(n)
            for k, b in enumerate(basis[n]):
                left[k] -= part * b
    return degrees


def on_sphere(rng: np.random.Generator, count: int, d: int) -> Array:
    """Draw rational points of norm one, by stereographic projection from integer points."""
    u = fractions(integers(rng, (count, d - 1), 30))
    square = (u**2).sum(axis=1)
    return np.column_stack([2 * u, square - 1]) / (square + 1)[:, None]


def instances(seed: Seed) -> Iterator[OnSpheres]:
    rng = np.random.default_rng(seed)
    for d, powers in [
        (3, {1: 1, 3: 1}),
        (3, {0: 1, 2: 1}),
        (3, {1: -3, 3: 5}),
        (2, {4: 1}),
        (4, {2: 2, 1: 1}),
    ]:
        yield OnSpheres(on_sphere(rng, 16, d), on_sphere(rng, 15, d), powers)


def free_norms() -> OnSpheres:
    rng = np.random.default_rng(0)
    return OnSpheres(fractions(integers(rng, (16, 3), 9)), fractions(integers(rng, (15, 3), 9)), {1: 1, 3: 1})


theorem = Theorem(
    module=__name__,
    topic="polynomials",
    title="Unit norms let degrees of one parity collapse",
    says=(
        "For states and weights of norm one, otherwise generic, the rank of a polynomial of the logits is "
        "the smaller of both sides and the dimensions of spherical harmonics of the degrees in its "
        "Gegenbauer expansion, added up."
    ),
    kind="generic",
    reference="rankkit",
    compares="the rank over the rationals of f at rational points of the sphere with the sum of dimensions",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"states and weights have norm one": free_norms},
)
