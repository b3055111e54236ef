"""The rank ladder of logits, scores and log-probabilities, monomial counts, and what breaks them."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from rankkit.certificates import Minor, Monomials, check
from rankkit.functions import PLIF, Identity, LeakyReLU, Polynomial
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks import rank_bounds
from rankkit.spectra import spectrum


def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-50, 51, shape) / 64


def made(contexts: int, classes: int, d: int, bias: bool, seed: int = 0) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    return Head(whole(rng, classes, d), whole(rng, classes) if bias else None).logits(whole(rng, contexts, d))


def ranks(logits: LowRankLogits, f: object = None) -> list[int | None]:
    reports = [rank_bounds(logits, f, subject) for subject in ("scores", "centred", "log_probs")]
    return [report.exact for report in reports]


@pytest.mark.parametrize("d", [1, 2, 5, 9])
@pytest.mark.parametrize(("contexts", "classes"), [(20, 30), (30, 20)])
def test_d_then_one_for_the_bias_then_one_for_the_normaliser(d: int, contexts: int, classes: int) -> None:
    assert ranks(made(contexts, classes, d, bias=False)) == [d, d, d + 1]
    assert ranks(made(contexts, classes, d, bias=True)) == [d + 1, d + 1, d + 2]


def test_both_ends_carry_certificates() -> None:
    logits = made(20, 30, 4, bias=True)
    report = rank_bounds(logits)
    assert isinstance(report.lower_proof.certificate, Minor)
    assert isinstance(report.upper_proof.certificate, Monomials)
    assert check(report.lower_proof.certificate, logits)
    assert check(report.upper_proof.certificate, logits)
    assert "normaliser" in report.upper_proof.reason


def test_double_centring_takes_the_bias_away_again() -> None:
    logits = made(20, 30, 4, bias=True)
    assert spectrum(logits, Identity(), center="both").numerical_rank() == 4


@pytest.mark.parametrize(("contexts", "classes", "want"), [(3, 30, [3, 3, 3]), (30, 3, [3, 2, 3])])
def test_shape_comes_first(contexts: int, classes: int, want: list[int]) -> None:
    assert ranks(made(contexts, classes, 5, bias=True)) == want


def test_equal_biases_are_no_bias() -> None:
    rng = np.random.default_rng(1)
    W, H = whole(rng, 20, 3), whole(rng, 15, 3)
    assert ranks(Head(W, np.full(20, 2.5)).logits(H)) == [4, 3, 4]
    nearly = np.full(20, 2.5)
    nearly[7] += 2.0**-40
    assert ranks(Head(W, nearly).logits(H)) == [4, 4, 5]


def test_layer_norm_without_scale_loses_one() -> None:
    rng = np.random.default_rng(2)
    d = 5
    W, H = whole(rng, 20, d), whole(rng, 18, d)
    H[:, -1] = -H[:, :-1].sum(axis=1)  # every state sums to 0, exactly
    report = rank_bounds(Head(W).logits(H))
    assert report.exact == d
    assert "null vectors" in report.upper_proof.kind
    assert ranks(Head(W).logits(H)) == [d - 1, d - 1, d]
    assert ranks(Head(W, whole(rng, 20)).logits(H)) == [d, d, d + 1]
    H[3, 0] += 2.0**-40
    assert ranks(Head(W).logits(H)) == [d, d, d + 1]


def test_layer_norm_with_scale_and_shift_loses_one_only_with_a_bias() -> None:
    rng = np.random.default_rng(3)
    d = 4
    W, H = whole(rng, 20, d), whole(rng, 18, d)
    H[:, -1] = -H[:, :-1].sum(axis=1)
    H = H * [1, 2, 0.5, 4] + [1, -1, 0.25, 2]
    assert ranks(Head(W).logits(H)) == [d, d, d + 1]
    assert ranks(Head(W, whole(rng, 20)).logits(H)) == [d, d, d + 1]


def test_classes_on_a_plane_lose_one_when_centred() -> None:
    rng = np.random.default_rng(4)
    W = whole(rng, 20, 4)
    W[:, 0] = 1.5  # differences of classes lie in three dimensions
    assert ranks(Head(W).logits(whole(rng, 15, 4))) == [4, 3, 4]


@pytest.mark.parametrize(
    ("W", "want"),
    [
        (np.zeros((6, 3)), [0, 0, 1]),
        (np.ones((6, 3)), [1, 0, 1]),
        (np.ones((1, 3)), [1, 0, 0]),
        (np.zeros((1, 3)), [0, 0, 0]),
    ],
    ids=["zero", "all equal", "one class", "one zero class"],
)
def test_heads_that_say_nothing(W: np.ndarray, want: list[int]) -> None:
    assert ranks(Head(W).logits(np.arange(12.0).reshape(4, 3))) == want


# -- polynomials: as many dimensions as monomials --


def count(powers: list[int], d: int, bias: bool) -> int:
    return comb(d + max(powers), d) if bias else sum(comb(d + k - 1, k) for k in powers)


CASES = [
    (powers, d, bias)
    for powers in ([1], [2], [3], [1, 3], [0, 2], [0, 1, 2, 3], [4])
    for d in (1, 2, 3)
    for bias in (False, True)
]


@pytest.mark.parametrize(("powers", "d", "bias"), CASES, ids=str)
def test_generic_rank_is_the_monomial_count(powers: list[int], d: int, bias: bool) -> None:
    size = count(powers, d, bias)
    f = Polynomial({k: 1.0 + k for k in powers})
    logits = made(size + 3, size + 4, d, bias, seed=size)
    constant = 0 in powers and not bias
    assert ranks(logits, f) == [size, size - constant, size - constant + 1]


@pytest.mark.parametrize(("powers", "d", "bias"), CASES[::3], ids=str)
def test_smaller_matrices_are_full(powers: list[int], d: int, bias: bool) -> None:
    size = count(powers, d, bias)
    f = Polynomial({k: 1.0 + k for k in powers})
    rows = max(1, size - 1)
    assert ranks(made(rows, size + 4, d, bias, seed=size), f)[0] == rows


def test_powers_of_a_line_have_rank_one() -> None:
    assert ranks(made(10, 12, 1, bias=False), Polynomial({3: 1.0})) == [1, 1, 2]
    assert ranks(made(10, 12, 1, bias=True), Polynomial({3: 1.0})) == [4, 4, 5]


def test_one_length_collapses_degrees_of_equal_parity() -> None:
    """On a sphere, x + x^3 in three dimensions reaches 10 dimensions, not the 13 that its monomials count."""
    grid = np.stack(np.meshgrid(*[np.arange(-15.0, 16.0)] * 3), axis=-1).reshape(-1, 3)
    points = grid[((grid**2).sum(axis=1) == 194) & (grid[:, 2] > 0)]
    rng = np.random.default_rng(0)
    H, W = (rng.permutation(points)[:20] for _ in range(2))
    f = Polynomial({1: 1.0, 3: 1.0})
    report = rank_bounds(Head(W).logits(H), f, "scores")
    assert (report.exact, report.numerical, report.upper_proof.kind) == (10, 10, "equal norms")
    H, W = H + rng.integers(0, 2, H.shape) / 2, W + rng.integers(0, 2, W.shape) / 2
    assert rank_bounds(Head(W).logits(H), f, "scores").exact == 13


def test_a_bias_brings_back_lower_degrees_whatever_the_support() -> None:
    cubic = Polynomial({3: 1.0})
    assert ranks(made(30, 30, 2, bias=False), cubic)[0] == comb(4, 3)
    assert ranks(made(30, 30, 2, bias=True), cubic)[0] == comb(5, 3)


def test_leaky_relu_is_not_generically_full_in_low_dimension() -> None:
    assert ranks(made(20, 25, 1, bias=False), LeakyReLU(0.125))[0] == 2  # two signs of a context, a line each
    plane = rank_bounds(made(60, 60, 2, bias=False), LeakyReLU(0.125), "scores")
    assert 30 <= plane.lower < 50  # two thirds of 60 on average
    assert ranks(made(60, 60, 4, bias=False), LeakyReLU(0.125))[0] == 60


def test_one_piece_is_a_line_and_each_logit_off_it_adds_at_most_one() -> None:
    rng = np.random.default_rng(7)
    W, H = 1 + rng.integers(0, 50, (30, 3)) / 64, 1 + rng.integers(0, 50, (40, 3)) / 64
    f = LeakyReLU(0.125)
    assert ranks(Head(W).logits(H), f) == [3, 3, 4]  # every logit is positive
    W[[2, 5]] *= -1
    report = rank_bounds(Head(W).logits(H), f, "scores")
    assert report.exact == 3  # two classes are below 0 everywhere: each is still linear in the context
    H[:4] -= 1.375  # four contexts now have logits of either sign
    report = rank_bounds(Head(W).logits(H), f, "scores")
    cover = [bound.value for bound in report.all_bounds if bound.kind == "cover"]
    assert 3 < report.lower <= report.upper <= cover[0] <= 3 + 2 + 4


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_the_line_of_another_segment_has_a_constant(shift: float) -> None:
    rng = np.random.default_rng(8)
    f = PLIF([0.5, 2.0], knots=[1.0])
    W = (1 + rng.integers(0, 20, (20, 2)) / 64) * (1 if shift else 1 / 8)
    H = 1 + rng.integers(0, 20, (15, 2)) / 64
    constant = bool(shift)
    assert ranks(Head(W + shift / 2).logits(H), f) == [2 + constant, 2, 3]
