"""Inputs that make other rank functions fail or mislead, and what an exact rank does with them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest

from rankkit.certificates import check
from rankkit.certificates.checker.modular import LARGE, PRIMES, pivots
from rankkit.errors import InputError
from rankkit.functions import PLIF, Exp, Identity, LeakyReLU, Polynomial, RationalQuadratic, SoftCap
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head
from rankkit.ranks import RankReport, rank_bounds
from rankkit.ranks.residues import table
from rankkit.ranks.subject import Subject


def ends(report: RankReport) -> tuple[int, int]:
    return report.lower, report.upper


# -- traps --


def test_logs_of_normalisers_do_not_hide_rank() -> None:
    """They own the largest singular value; the rank is d + 1 all the same."""
    rng = np.random.default_rng(0)
    logits = Head(1e-6 * rng.standard_normal((40, 6))).logits(rng.standard_normal((30, 6)))
    assert [rank_bounds(logits, subject=s).exact for s in ("centred", "log_probs")] == [6, 7]


def test_rounded_log_probabilities_have_full_rank_and_their_factors_do_not() -> None:
    rng = np.random.default_rng(1)
    logits = Head(rng.standard_normal((50, 6))).logits(rng.standard_normal((40, 6)))
    rounded = logits.dense().astype(np.float32)
    assert (rank_bounds(rounded).exact, rank_bounds(logits, subject="scores").exact) == (40, 6)


def test_a_small_prime_takes_exponents_for_equal_and_a_larger_one_does_not() -> None:
    """Two contexts that differ by a multiple of (p - 1) / 2 in units of the last place."""
    order = (PRIMES[0] - 1) // 2
    H = np.array([[1.0], [1.0 + order * 2.0**-30], [0.5]])
    logits = Head(np.array([[1.0], [2.0], [3.0]])).logits(H)
    subject = Subject.of(logits, Exp(), "scores")
    every = np.arange(3)
    ranks = [len(pivots(table(subject, every, every, p), p)[1]) for p in PRIMES]
    assert ranks == [2, 3]
    assert rank_bounds(logits, Exp(), "scores").exact == 3


@pytest.mark.parametrize("f", [Exp(), SoftCap(2.0)], ids=lambda f: f.name)
@pytest.mark.parametrize("d", [1, 3])
def test_exponents_that_both_short_primes_take_for_equal_are_told_apart_by_a_long_one(
    f: PointwiseFunction, d: int
) -> None:
    """Contexts in pairs that differ by a multiple of both (p - 1) / 2: up to 0 or 2^52, in whole numbers."""
    both = np.prod([(p - 1) // 2 for p in PRIMES])
    assert float(both) == both < 2**53
    rng = np.random.default_rng(d)
    few = np.zeros((20, d))
    few[:, 0] = rng.permutation(60)[:20] + 1
    H, W = np.r_[few, few], rng.permutation(300)[: 40 * d].reshape(40, d) + 1.0
    H[20:, 0] += both
    logits = Head(W).logits(H * 2.0**-52)
    subject, every = Subject.of(logits, f, "scores"), np.arange(40)
    for p in PRIMES:
        assert len(pivots(table(subject, every, every, p), p)[1]) <= 20
    assert len(pivots(table(subject, every, every, LARGE), LARGE)[1]) == 40
    report = rank_bounds(logits, f, "scores")
    assert report.exact == 40
    assert f"2^61 - {2**61 - LARGE}" in report.lower_proof.reason
    assert check(report.lower_proof.certificate, logits) is True
    wrong = replace(report.lower_proof.certificate, contexts=np.r_[H[:20], H[:20]] * 2.0**-52)
    assert not check(wrong, logits.head)


@pytest.mark.parametrize("subject", ["scores", "centred"])
def test_leaky_relu_on_a_plane_is_settled_below_full_rank(subject: str) -> None:
    """About two thirds of the contexts; counts of sign patterns alone stay above that."""
    rng = np.random.default_rng(2)
    logits = Head(rng.standard_normal((70, 2))).logits(rng.standard_normal((60, 2)))
    report = rank_bounds(logits, LeakyReLU(0.125), subject)
    assert report.exact is not None
    assert 0.5 * 60 < report.exact < 0.85 * 60
    assert report.exact < min(b.value for b in report.all_bounds if b.kind == "cells")


# -- sizes --


@pytest.mark.parametrize("f", [None, Exp(), LeakyReLU(0.5), SoftCap(1.0)])
def test_one_context_one_class_and_both(f: PointwiseFunction | None) -> None:
    one, some = np.ones((1, 2)), np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    for H, W in [(one, one), (one, some), (some, one)]:
        logits = Head(W).logits(H)
        ranks = [rank_bounds(logits, f, subject).exact for subject in ("scores", "centred", "log_probs")]
        least = int(len(W) > 1)
        assert ranks == [1, least, least]


def test_more_width_than_rows_or_columns() -> None:
    rng = np.random.default_rng(3)
    logits = Head(rng.standard_normal((5, 400))).logits(rng.standard_normal((4, 400)))
    for f in (None, Polynomial({9: 1.0}), Exp()):
        assert rank_bounds(logits, f, "scores").exact == 4


def test_constant_rows_have_no_rank_when_centred() -> None:
    """numpy counts 1: what rounding leaves of the means, beside a tolerance relative to itself."""
    rng = np.random.default_rng(4)
    W, H = np.full((7, 2), 0.1), rng.standard_normal((6, 2))
    for f in (None, Exp(), LeakyReLU(0.25), SoftCap(2.0)):
        report = rank_bounds(Head(W).logits(H), f, "centred")
        assert (report.exact, report.numerical) == (0, 0)


def test_zeros() -> None:
    assert rank_bounds(np.zeros((3, 4))).exact == 0
    logits = Head(np.zeros((4, 2))).logits(np.ones((3, 2)))
    assert [rank_bounds(logits, f, "scores").exact for f in (None, LeakyReLU(0.5), Exp())] == [0, 0, 1]
    assert rank_bounds(np.diag([1.0, 0.0, 2.0])).exact == 2


# -- scales --


@pytest.mark.parametrize("power", [-1000, 600])
def test_scales_near_the_ends_of_the_range_change_nothing(power: int) -> None:
    rng = np.random.default_rng(5)
    X = rng.integers(-4, 5, (9, 3)) @ rng.integers(-4, 5, (3, 8))
    X = X.astype(float)
    assert ends(rank_bounds(np.ldexp(X, power))) == ends(rank_bounds(X)) == (3, 3)


def test_one_huge_entry_and_one_huge_row() -> None:
    rng = np.random.default_rng(6)
    X = rng.standard_normal((8, 9))
    X[0, 0] = 1e308
    assert (rank_bounds(X).exact, rank_bounds(X).numerical) == (8, 1)
    H = rng.standard_normal((8, 3))
    H[2] *= 1e17
    assert rank_bounds(Head(rng.standard_normal((9, 3))).logits(H), subject="scores").exact == 3


# -- types and layouts --


@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
def test_layouts_that_are_not_contiguous(subject: str, tmp_path: object) -> None:
    rng = np.random.default_rng(7)
    W, H = rng.integers(-9, 10, (12, 2)) / 4, rng.integers(-9, 10, (10, 2)) / 4
    stored = np.memmap(f"{tmp_path}/states", dtype=np.float64, mode="w+", shape=H.shape)
    stored[:] = H
    wide = np.zeros((24, 4))
    wide[::2, ::2] = W
    locked = H.copy()
    locked.setflags(write=False)
    want = ends(rank_bounds(Head(W).logits(H), LeakyReLU(0.25), subject))
    for weights, states in [
        (np.asfortranarray(W), np.asfortranarray(H)),
        (wide[::2, ::2], stored),
        (W[::-1], locked[::-1]),
        (W.astype(np.float16), H.astype(np.float32)),
    ]:
        assert ends(rank_bounds(Head(weights).logits(states), LeakyReLU(0.25), subject)) == want


@pytest.mark.parametrize("dtype", ["longdouble", "object", "complex128", "bool"])
def test_types_that_would_be_rounded_or_guessed(dtype: str) -> None:
    with pytest.raises(TypeError, match=dtype.replace("longdouble", "float")):
        rank_bounds(np.eye(3).astype(dtype))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_states_and_weights_that_are_not_finite(bad: float) -> None:
    X = np.ones((3, 2))
    X[2, 1] = bad
    with pytest.raises(InputError, match=r"first is at \(2, 1\)"):
        Head(X)
    with pytest.raises(InputError, match=r"first is at \(2, 1\)"):
        Head(np.ones((4, 2))).logits(X)


def test_exponentials_that_overflow_are_refused_and_named() -> None:
    logits = Head(np.array([[800.0], [1.0]])).logits(np.ones((2, 1)))
    with pytest.raises(InputError, match="not finite for 2 logits"):
        rank_bounds(logits, Exp())


# -- drawn to be degenerate --

SPHERE = np.array([[3, 4], [4, 3], [-3, 4], [5, 0], [0, 5], [0, -5], [-4, -3], [3, -4]], dtype=float)
FAMILIES = [
    Identity(),
    Polynomial({2: 1.0, 4: -1.0}),
    Polynomial({0: 2.0, 1: 1.0, 3: 0.5}),
    LeakyReLU(0.125),
    PLIF([0.5, 2.0, 1.0, 0.25], bound=4.0),
    RationalQuadratic([-2.0, 0.0, 1.0], [-1.0, 0.5, 3.0], [0.5, 1.0, 2.0]),
]


@pytest.mark.parametrize("f", FAMILIES, ids=lambda f: f.name)
def test_rational_scores_are_settled(f: PointwiseFunction) -> None:
    """On spheres, on lines and at far apart scales; FLINT's elimination over the rationals knows the rank."""
    rng = np.random.default_rng(8)
    draws = [
        lambda n: SPHERE[rng.integers(0, len(SPHERE), n)],
        lambda n: rng.integers(-2, 3, (n, 1)) * np.array([[1.0, -2.0]]),
        lambda n: np.ldexp(rng.standard_normal((n, 2)), rng.integers(-60, 60, (n, 1))),
    ]
    for left in draws:
        for right in draws:
            H, W = left(rng.integers(2, 13)), right(rng.integers(2, 13))
            b = rng.integers(-2, 3, len(W)) / 2 if rng.random() < 0.4 else None
            logits = Head(W, b).logits(H)
            scores = [
                [
                    f.exact(sum(map(product, h, w), Fraction(0 if b is None else b[j])))
                    for j, w in enumerate(W)
                ]
                for h in H
            ]
            whole = known(scores)
            centred = known([[s - row[0] for s in row[1:]] for row in scores])
            assert rank_bounds(logits, f, "scores").exact == whole
            assert rank_bounds(logits, f, "centred").exact == centred
            report = rank_bounds(logits, f)
            assert centred <= report.lower <= report.upper <= centred + 1


def product(x: float, y: float) -> Fraction:
    return Fraction(float(x)) * Fraction(float(y))


def known(matrix: list[list[Fraction]]) -> int:
    return flint.fmpq_mat([[flint.fmpq(q.numerator, q.denominator) for q in row] for row in matrix]).rank()


@pytest.mark.parametrize("function", [np.tanh, SoftCap, 3.0])
def test_a_function_that_is_none_of_ours_is_named(function: object) -> None:
    logits = Head(np.eye(3)).logits(np.eye(3))
    with pytest.raises(InputError, match=r"wanted an instance such as rankkit.functions.SigSoftmax\(\)"):
        rank_bounds(logits, function)
