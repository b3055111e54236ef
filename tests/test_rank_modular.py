"""Exact arithmetic modulo a prime in float64: against python integers, fractions and FLINT."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import flint
import numpy as np
import pytest
import sympy

from rankkit.certificates.checker import modular
from rankkit.certificates.checker.logits import Logits, residues
from rankkit.certificates.checker.modular import (
    LARGE,
    PRIMES,
    as_residues,
    inverse,
    multiply,
    pivots,
    power,
    product,
    reduce,
)
from rankkit.certificates.checker.residues import BASE, OF_EXPONENTIAL, RATIONAL, scores, tops
from rankkit.functions import PLIF, Identity, LeakyReLU, Polynomial, RationalQuadratic, families, from_spec
from rankkit.functions.base import PointwiseFunction

both_primes = pytest.mark.parametrize("p", PRIMES)
all_primes = pytest.mark.parametrize("p", [*PRIMES, LARGE])


def drawn(rng: np.random.Generator, p: int, *shape: int) -> np.ndarray:
    return as_residues(rng.integers(0, p, shape), p)


def same(x: np.ndarray, y: np.ndarray, p: int) -> bool:
    """Whether residues agree with whole numbers of any size, and are as small as promised."""
    difference = x.astype(np.int64).astype(object) - y
    return bool((np.abs(x) <= p / 2 + 4).all() and not (difference % p).any())


def whole(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int64).astype(object)


@all_primes
def test_primes_are_safe(p: int) -> None:
    assert sympy.isprime(p)
    assert sympy.isprime((p - 1) // 2)
    assert pow(BASE, (p - 1) // 2, p) == 1 != BASE  # so no power is -1


@all_primes
def test_arithmetic_against_integers(p: int) -> None:
    rng = np.random.default_rng(0)
    x, y = drawn(rng, p, 6, 700), drawn(rng, p, 6, 700)
    assert same(multiply(x, y, p), whole(x) * whole(y), p)
    extreme = np.full((3, 5000), p // 2).astype(x.dtype)  # the largest sums that can come up
    for A, B in [(x, y.T), (extreme, extreme.T), (extreme, -extreme.T)]:
        assert same(product(A, np.ascontiguousarray(B), p), whole(A) @ whole(B), p)
    x[x == 0] = 1
    for odd in (x, x[:, :1], x[:, :13]):
        assert same(multiply(odd, inverse(odd, p), p), np.ones(odd.shape, dtype=object), p)
    assert same(power(x, 12345, p), np.vectorize(lambda a: pow(a, 12345, p), otypes=[object])(whole(x)), p)
    large = rng.integers(-(2**52), 2**52, (40, 50)).astype(x.dtype)
    assert same(reduce(large.copy(), p), whole(large), p)


@all_primes
@pytest.mark.parametrize("seed", range(40))
def test_elimination_against_flint(p: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, inner = (int(k) for k in rng.integers(1, 160, 3))
    A = rng.integers(-3, 4, (n, inner)) @ rng.integers(-3, 4, (inner, m))
    A = A * (rng.random((n, m)) < rng.choice([0.03, 0.5, 1.0]))
    if seed % 4 == 0:
        A = A * 0 if p == LARGE else A * p  # all of it is 0
    peer = flint.nmod_mat(n, m, [int(a) % p for a in A.ravel()], p)
    rows, cols = pivots(as_residues(A, p), p)
    assert len(rows) == len(cols) == len(set(rows)) == len(set(cols)) == peer.rank()
    if rows:
        chosen = [int(a) % p for a in A[np.ix_(rows, cols)].ravel()]
        assert int(flint.nmod_mat(len(rows), len(rows), chosen, p).det()) != 0
    most = int(rng.integers(1, 60))
    assert len(pivots(as_residues(A, p), p, most)[0]) == min(most, len(rows))


def test_every_width_of_leaf_gives_the_same_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    A = drawn(rng, PRIMES[0], 70, 40) @ np.eye(40, 90)
    A[:, ::3] = A[:, :30]
    ranks = []
    for width in (1, 2, 7, 48, 500):
        monkeypatch.setattr(modular, "LEAF", width)
        ranks.append(len(pivots(A, PRIMES[0])[0]))
    assert set(ranks) == {len(pivots(A.T.copy(), PRIMES[0])[0])}


@all_primes
def test_residues_of_any_float(p: int) -> None:
    rng = np.random.default_rng(2)
    X = np.ldexp(rng.standard_normal((9, 8)), rng.integers(-1060, 1000, (9, 8)))
    X[0, :3] = 0.0, 5e-324, 1.7e308
    for n in (p, (p - 1) // 2, 1000):
        K, e = residues(X, n)
        exact = [[Fraction(x) / Fraction(2) ** e for x in row] for row in X.tolist()]
        assert all(q.denominator == 1 for row in exact for q in row)
        assert same(K, np.array([[int(q) for q in row] for row in exact], dtype=object), n)


def logits(rng: np.random.Generator, bias: bool, scale: float = 1.0, grid: bool = False) -> Logits:
    if grid:  # many logits on kinks and at one another
        H, W, b = (rng.integers(-4, 5, shape) / 2 for shape in ((7, 3), (9, 3), 9))
    else:
        H, W, b = (scale * rng.standard_normal(shape) for shape in ((7, 3), (9, 3), 9))
    return Logits.of(H, W, b if bias else None)


def exact(z: Logits) -> list[list[Fraction]]:
    return [
        [sum(Fraction(x) * Fraction(y) for x, y in zip(h, w, strict=True)) for w in z.W.tolist()]
        for h in z.H.tolist()
    ]


def residue(q: Fraction, p: int) -> int:
    return q.numerator * pow(q.denominator, -1, p)


RATIONALS = [
    Identity(),
    Polynomial({0: -2.0, 1: 0.3, 4: -1.0}),
    Polynomial({3: 1.0}),
    LeakyReLU(0.3),
    PLIF([0.5, 2.0, 1.0, 0.25], bound=4.0),
    PLIF([2.0], bound=1.0),
    PLIF([0.1, 3.0, 0.2], knots=[0.5, 0.75]),
    RationalQuadratic(np.array([-1.0, 0.0, 0.5]), np.array([-2.0, 0.0, 0.125]), np.array([1.0, 0.25, 4.0])),
]


def test_no_family_is_left_out() -> None:
    assert {type(f).__name__ for f in RATIONALS} == set(RATIONAL)
    assert {f.__name__ for f in families()} >= set(RATIONAL) | set(OF_EXPONENTIAL)


@both_primes
@pytest.mark.parametrize("f", RATIONALS, ids=lambda f: f.name)
@pytest.mark.parametrize(
    "case", [(False, 1.0, False), (True, 1e-3, False), (True, 1e3, False), (True, 1, True)]
)
def test_scores_and_their_maxima_against_fractions(
    p: int, f: PointwiseFunction, case: tuple[bool, float, bool]
) -> None:
    z = logits(np.random.default_rng(3), *case)
    spec = f.spec()
    values = [[f.exact(a) for a in row] for row in exact(z)]
    found = scores(z, spec["family"], spec["parameters"], p)
    assert found is not None
    assert same(found, np.array([[residue(v, p) for v in row] for row in values], dtype=object), p)
    largest = np.array([residue(max(row), p) for row in values], dtype=object)
    assert same(tops(z, spec["family"], spec["parameters"], p), largest, p)


def test_logits_beyond_float64_are_told_apart() -> None:
    z = Logits(np.array([[1e200, 1.0], [1e-200, 0.0]]), np.array([[1e200, 0.0], [1e200, 1.0], [-1e-200, 0]]))
    assert z.segments([0.0]).tolist() == [[1, 1, 0], [1, 1, 0]]
    values = exact(z)
    p = PRIMES[1]
    want = np.array([residue(max(row), p) for row in values], dtype=object)
    assert same(tops(z, "Identity", {}, p), want, p)
    assert same(tops(z, "Polynomial", {"coefficients": {"1": "0x1p+0"}}, p), want, p)


@all_primes
@pytest.mark.parametrize("family", sorted(OF_EXPONENTIAL))
@pytest.mark.parametrize("bias", [False, True])
def test_exponents_are_counted_exactly(p: int, family: str, bias: bool) -> None:
    """Powers of the residue that stands for exp(1/D), from exact logits and their common denominator."""
    z = logits(np.random.default_rng(4), bias)
    f = next(c for c in families() if c.__name__ == family).examples()[-1]
    forms, value = OF_EXPONENTIAL[family]
    parameters = f.spec()["parameters"]
    lines = forms(parameters)
    assert from_spec(f.spec()).name == f.name
    A = exact(z)
    arguments = [[[alpha * a + beta for a in row] for row in A] for alpha, beta in lines]
    unit = Fraction(2) ** z.whole(p)[1]
    D = lcm(*(q.denominator for alpha, beta in lines for q in (alpha * unit, beta)))
    powers = [
        as_residues([[pow(BASE, int(q * D), p) for q in row] for row in table], p) for table in arguments
    ]
    assert all((q * D).denominator == 1 for table in arguments for row in table for q in row)
    found = scores(z, family, parameters, p)
    assert same(found, whole(value(parameters, z, powers, p)), p)


def test_values_of_exponential_families_against_their_definition() -> None:
    """In real numbers the same formulas give f, up to a constant factor."""
    p = PRIMES[1]
    for family, (forms, value) in OF_EXPONENTIAL.items():
        f = next(c for c in families() if c.__name__ == family).examples()[-1]
        parameters = f.spec()["parameters"]
        # at y = 2^k, rational, the formula is rational: compare with exponents that make it so
        z = Logits(np.zeros((1, 1)), np.zeros((1, 1)))
        powers = [np.array([[2.0**k]]) for k, _ in enumerate(forms(parameters), start=1)]
        found = value(parameters, z, powers, p)
        want = defined(f, Fraction(0), [Fraction(2) ** k for k in range(1, len(powers) + 1)])
        assert same(found, np.array([[residue(want, p)]], dtype=object), p)
        for a in (-1.5, 0.25, 3.0):
            y = [
                Fraction(float(np.exp(float(alpha * Fraction(a) + beta))))
                for alpha, beta in forms(parameters)
            ]
            factor = Fraction(getattr(f, "bound", 1.0))
            assert np.isclose(float(factor * defined(f, Fraction(a), y)), f(np.array([a]))[0], rtol=1e-12)


def defined(f: PointwiseFunction, a: Fraction, y: list[Fraction]) -> Fraction:
    """The value at a if the exponentials were y, but for the factor of a soft-cap."""
    name, tanh = type(f).__name__, [(v - 1) / (v + 1) for v in y]
    if name == "MonotoneNetwork":
        weights = [
            Fraction(r) * Fraction(s) for r, s in zip(f.slopes.tolist(), f.widths.tolist(), strict=True)
        ]
        return sum((w * t for w, t in zip(weights, tanh, strict=True)), Fraction(f.line) * a)
    sigmoid = y[0] / (1 + y[0])
    return {"Exp": y[0], "SoftCap": tanh[0], "Sigmoid": sigmoid, "SiLU": a * sigmoid}[name]
