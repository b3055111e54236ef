"""Singular values, tolerance rules, noise floors, effective ranks."""

from __future__ import annotations

import itertools
import math

import ml_dtypes
import numpy as np
import pytest

from rankkit.errors import InputError
from rankkit.functions import Exp, Identity, SigSoftmax
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head, LowRankLogits, log_probs
from rankkit.spectra import (
    EFFECTIVE_RANKS,
    RULES,
    Spectrum,
    crosswalk,
    plateau_rank,
    plateaus,
    spectrum,
    visible_ranks,
)


def drawn(contexts: int, classes: int, d: int, seed: int = 0, bias: bool = False) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((classes, d))
    b = rng.standard_normal(classes) if bias else None
    return Head(W, b).logits(rng.standard_normal((contexts, d)))


def dialects() -> Spectrum:
    scale = 1 / np.arange(1, 51)
    return spectrum(np.random.default_rng(0).standard_normal((200, 50)) * scale)


class Cube(PointwiseFunction):
    def __call__(self, z: np.ndarray) -> np.ndarray:
        return z**3

    def slope(self, z: np.ndarray) -> np.ndarray:
        return 3 * z**2


def centred(X: np.ndarray, center: str | None) -> np.ndarray:
    if center is not None:
        X = X - X.mean(axis=1, keepdims=True)
    return X - X.mean(axis=0) if center == "both" else X


# -- the three methods agree with LAPACK on the explicit matrix --


@pytest.mark.parametrize("shape", [(40, 25), (25, 40), (30, 30), (1, 7), (7, 1)], ids=str)
@pytest.mark.parametrize("center", [None, "classes", "both"])
@pytest.mark.parametrize("f", [None, Identity(), SigSoftmax(), Cube()], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("bias", [False, True])
def test_methods_agree_with_the_explicit_matrix(
    shape: tuple[int, int], center: str | None, f: PointwiseFunction | None, bias: bool
) -> None:
    logits = drawn(*shape, d=3, bias=bias)
    explicit = logits.dense() if f is None else log_probs(logits, f)
    want = np.linalg.svd(centred(explicit, center), compute_uv=False)
    thin = f is None or isinstance(f, Identity)
    for method in ["dense", "gram", "gram-float32", "two-level", "tsqr"] + (["qr"] if thin else []):
        got = spectrum(logits, f, center, method=method)
        assert got.method == method
        assert got.shape == shape
        assert np.abs(got.values - want).max() <= 10 * got.noise_floor
        assert len(got.values) == min(shape)


@pytest.mark.parametrize("center", [None, "classes", "both"])
@pytest.mark.parametrize("transposed", [False, True])
def test_gram_of_a_plain_matrix_in_several_blocks(
    monkeypatch: pytest.MonkeyPatch, center: str | None, transposed: bool
) -> None:
    from rankkit.spectra import gram, tiles

    monkeypatch.setattr(tiles, "BLOCK", 8 * 20 * 7)
    monkeypatch.setattr(tiles, "LINES", 3)
    monkeypatch.setattr(gram, "SAMPLE", 5)
    X = np.random.default_rng(3).standard_normal((20, 50)) * np.logspace(-3, 2, 50)  # later blocks are larger
    X = (X + 5).T if transposed else X + 5
    want = np.linalg.svd(centred(X, center), compute_uv=False)
    for method in ("gram", "gram-float32", "two-level", "tsqr"):
        got = spectrum(X, center=center, method=method)
        assert np.abs(got.values - want).max() <= got.noise_floor


@pytest.mark.parametrize("power", [-1000, -300, 300, 990])
@pytest.mark.parametrize("method", ["dense", "gram", "gram-float32", "two-level", "tsqr"])
def test_power_of_two_scaling_changes_nothing(power: int, method: str) -> None:
    X = np.random.default_rng(1).standard_normal((12, 9))
    plain, scaled = spectrum(X, method=method), spectrum(np.ldexp(X, power), method=method)
    assert np.array_equal(np.ldexp(plain.values, power), scaled.values)
    assert plain.numerical_rank() == scaled.numerical_rank() == 9


@pytest.mark.parametrize("power", [-900, -520, 520, 1000])
def test_factors_at_the_ends_of_float64(power: int) -> None:
    """Norms are squares: factors far from 1 must not overflow, nor those whose product is near 1."""
    logits = drawn(20, 30, 3, bias=True)
    H, W, b = logits.H, logits.head.W, logits.head.b
    balanced = Head(np.ldexp(W, -power), b).logits(np.ldexp(H, power))
    assert np.allclose(spectrum(balanced).values, spectrum(logits).values, rtol=1e-13, atol=1e-13)
    plain = spectrum(Head(W).logits(H), method="qr")
    scaled = spectrum(Head(W).logits(np.ldexp(H, power)), method="qr")
    assert np.array_equal(np.ldexp(plain.values, power), scaled.values)
    assert scaled.numerical_rank() == 3
    with pytest.raises(InputError, match="exceed float64"):
        spectrum(Head(np.ldexp(W, 600)).logits(np.ldexp(H, 600)))


def test_permutation_and_transposition_keep_the_values() -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((15, 22))
    want = spectrum(X).values
    assert np.allclose(spectrum(X.T).values, want, rtol=1e-13)
    assert np.allclose(spectrum(X[rng.permutation(15)][:, rng.permutation(22)]).values, want, rtol=1e-13)
    assert np.allclose(spectrum(np.asfortranarray(X)[::-1]).values, want, rtol=1e-13)


def test_row_shifts_vanish_under_centring_and_only_there() -> None:
    logits = drawn(20, 30, 4)
    raw, log_p = spectrum(logits.dense()), spectrum(logits, Identity())
    assert not np.allclose(raw.values, log_p.values, rtol=1e-3)
    same = spectrum(logits.dense(), center="classes"), spectrum(logits, Identity(), center="classes")
    assert np.allclose(same[0].values[:4], same[1].values[:4], rtol=1e-12)


def test_auto_says_what_it_chose() -> None:
    assert spectrum(drawn(9, 8, 2), Identity()).method == "qr"
    assert spectrum(drawn(9, 8, 2), SigSoftmax()).method == "dense"
    from rankkit.spectra import choice
    from rankkit.spectra.source import Source

    ones = np.ones((60_000, 1))
    large = Source.of(Head(300 * ones).logits(ones[:5_000]), SigSoftmax())  # too steep for monomials
    assert (
        choice.choose(choice.Task(large, None), None)
        == choice.choose(choice.Task(large, None), 1e-3)
        == "gram"
    )
    assert choice.choose(choice.Task(large, None), 1e-9) == "two-level"
    assert choice.choose(choice.Task(large, None), 1e-12) == "tsqr"
    with pytest.raises(InputError, match="method='lanczos'"):
        choice.choose(choice.Task(Source.of(Head(300 * ones).logits(ones), SigSoftmax()), None), None)
    with pytest.raises(InputError, match="reach is 2"):
        spectrum(drawn(9, 8, 2), reach=2)


def test_k_keeps_the_largest() -> None:
    logits = drawn(9, 8, 5)
    assert np.array_equal(spectrum(logits, k=2).values, spectrum(logits).values[:2])
    with pytest.raises(InputError, match="wanted 1 to 8"):
        spectrum(logits, k=9)


# -- rank: rules, floors, and the ways to be misled --


@pytest.mark.parametrize("bias", [False, True])
def test_rank_ladder(bias: bool) -> None:
    logits = drawn(40, 50, 5, bias=bias)
    ladder = [
        (None, None, 5 + bias),
        (Identity(), None, 6 + bias),
        (None, "classes", 5 + bias),
        (None, "both", 5),
    ]
    for f, center, want in ladder:
        for method in ("qr", "dense"):
            assert spectrum(logits, f, center, method=method).numerical_rank() == want


def test_rules_match_their_formulas_and_numpy() -> None:
    X = drawn(60, 40, 7).dense()
    s = spectrum(X)
    eps, top = 2.0**-52, s.values[0]
    assert s.tolerance("numpy") == 60 * eps * top
    assert s.tolerance("press") == 0.5 * math.sqrt(101) * eps * top
    assert s.tolerance("weightwatcher") == 2.0**-23 / (2 * math.sqrt(101)) * top
    assert s.tolerance("relative", 0.5) == 0.5 * top
    assert s.tolerance("absolute", 0.5) == 0.5
    assert {rule: s.numerical_rank(rule) for rule in RULES} == dict.fromkeys(RULES, 7)
    assert s.numerical_rank() == np.linalg.matrix_rank(X)
    assert s.numerical_rank("absolute", 0.0) == 7  # the noise floor still holds


def test_precision_of_birth_decides() -> None:
    """The same low-rank matrix, rounded: a tolerance for the dtype of the SVD would count rounding noise."""
    X = log_probs(drawn(100, 150, 6), Identity())
    for dtype in (np.float32, np.float16, ml_dtypes.bfloat16):
        rounded = X.astype(dtype)
        assert spectrum(rounded).precision == np.dtype(dtype).name
        assert spectrum(rounded).numerical_rank() <= 7
        assert spectrum(rounded, precision="float64").numerical_rank() == 100  # rounding noise has full rank
    assert spectrum(X).numerical_rank() == spectrum(X.astype("float32")).numerical_rank() == 7


def test_gram_counts_nothing_below_its_floor() -> None:
    s = spectrum(drawn(150, 400, 2), Cube(), "classes", method="gram")
    assert np.count_nonzero(s.values > s.tolerance()) > 20  # the numpy rule alone would count noise
    assert s.numerical_rank() == 4
    assert "sqrt(max(N, M) eps)" in s.floor_rule
    smooth = [spectrum(drawn(150, 400, 2), SigSoftmax(), "classes", method=m) for m in ("dense", "gram")]
    visible = int(np.count_nonzero(smooth[0].values > smooth[1].noise_floor))
    assert abs(smooth[1].numerical_rank() - visible) <= 1
    assert smooth[1].numerical_rank() < smooth[0].numerical_rank()


@pytest.mark.parametrize("f", [Exp(), SigSoftmax()], ids=lambda f: f.name)
@pytest.mark.parametrize("shape", [(300, 500), (500, 300)], ids=str)
def test_two_levels_see_as_far_down_as_they_say(f: PointwiseFunction, shape: tuple[int, int]) -> None:
    logits = drawn(*shape, d=2)
    true, seen = (spectrum(logits, f, "classes", method=m) for m in ("dense", "two-level"))
    assert seen.noise_floor < 1e-10 * seen.top
    visible = true.values > seen.noise_floor
    assert np.abs(seen.values / true.values - 1)[true.values > 1e-9 * true.top].max() < 1e-2
    assert np.abs(seen.values - true.values)[visible].max() < 1e-6 * seen.top * 1e-5
    assert abs(seen.numerical_rank() - np.count_nonzero(visible)) <= 1
    assert seen.numerical_rank() > spectrum(logits, f, "classes", method="gram").numerical_rank() + 10


LARGER = {
    "flat": (drawn(400, 900, 24), SigSoftmax()),
    "steep": (drawn(900, 400, 3), Exp()),
    "of low rank": (drawn(400, 500, 4, bias=True), Cube()),
    "a mixture of scales": (drawn(500, 500, 8), Exp()),
}


@pytest.mark.parametrize("name", LARGER)
@pytest.mark.parametrize("center", [None, "classes", "both"])
def test_lanczos_is_as_right_as_it_says(name: str, center: str | None) -> None:
    logits, f = LARGER[name]
    true, seen = spectrum(logits, f, center, method="dense"), spectrum(logits, f, center, method="lanczos")
    assert seen.top == pytest.approx(true.top, rel=1e-5)
    assert len(seen.values) > 3
    assert np.allclose(seen.values, true.values[: len(seen.values)], rtol=1e-2)
    for kind in EFFECTIVE_RANKS:
        assert abs(seen.effective_rank(kind) - true.effective_rank(kind)) <= 2 * seen.error(kind)
    assert seen.error("roy-vetterli") < 0.1 * true.effective_rank("roy-vetterli")
    for level in (0.1, 1e-2, 1e-3):
        count = np.count_nonzero(true.values > level * true.top)
        assert abs(seen.count_above(level) - count) <= 2 * seen.error(level) + 1


def test_lanczos_refuses_what_it_cannot_know() -> None:
    logits, f = LARGER["flat"]
    seen = spectrum(logits, f, "classes", method="lanczos")
    again = spectrum(logits, f, "classes", method="lanczos")
    assert seen.effective_rank() == again.effective_rank()
    assert not hasattr(seen, "numerical_rank")
    assert "+-" in repr(seen)
    with pytest.raises(InputError, match="tells no values apart"):
        seen.count_above(1e-4)
    with pytest.raises(InputError, match="kind is"):
        seen.error("rank")
    with pytest.raises(InputError, match="at least 256 rows"):
        spectrum(drawn(300, 40, 2), f, method="lanczos")
    with pytest.raises(InputError, match="takes no k"):
        spectrum(logits, f, k=3, method="lanczos")
    constant = np.outer(np.linspace(1, 2, 300), np.ones(400))
    assert spectrum(constant, center="classes", method="lanczos").effective_rank() == 0
    assert spectrum(np.zeros((300, 400)), method="lanczos").effective_rank() == 0


def test_lanczos_forgets_units() -> None:
    X = np.random.default_rng(0).standard_normal((300, 400))
    plain, scaled = (spectrum(np.ldexp(X, p), method="lanczos") for p in (0, 900))
    assert plain.effective_rank() == scaled.effective_rank()
    assert np.ldexp(plain.top, 900) == scaled.top


def test_constant_rows_centred_have_rank_zero() -> None:
    X = np.outer(np.random.default_rng(2).standard_normal(50) * 0.3, np.ones(31))
    assert np.linalg.matrix_rank(X - X.mean(axis=1, keepdims=True)) == 1  # what a relative tolerance sees
    for method in ("dense", "gram"):
        s = spectrum(X, center="classes", method=method)
        assert s.numerical_rank() == 0
        assert s.effective_rank() == s.stable_rank == s.gap_rank == s.epsilon_rank(1e-3) == 0


def test_zero_matrix_is_quiet() -> None:
    s = spectrum(np.zeros((4, 6)))
    assert s.numerical_rank() == s.gap_rank == s.stable_rank == s.singular_entropy == 0
    assert {kind: s.effective_rank(kind) for kind in EFFECTIVE_RANKS} == dict.fromkeys(EFFECTIVE_RANKS, 0)


def test_gap_rank_names_the_size_of_the_gap() -> None:
    sharp, smooth = spectrum(drawn(80, 90, 6), center="classes"), spectrum(drawn(80, 90, 2), SigSoftmax())
    assert sharp.gap_rank == 6
    assert sharp.gap > 1e10
    assert smooth.gap < 100
    assert smooth.numerical_rank() > smooth.gap_rank
    full = spectrum(np.eye(5))
    assert (full.gap_rank, full.gap) == (5, 1.0)


def test_log_normaliser_spike_hides_the_rest() -> None:
    logits = drawn(200, 300, 6)
    raw, gauge = spectrum(logits, Identity()), spectrum(logits, Identity(), center="classes")
    assert raw.effective_rank("roy-vetterli") < 4.5
    assert gauge.effective_rank("roy-vetterli") > 5.5


# -- effective ranks in their dialects --


@pytest.mark.parametrize(
    ("kind", "want"),
    [
        ("roy-vetterli", 23.45618),
        ("rankme", 23.45660),
        ("rankme-1e-5", 23.49753),
        ("energy-entropy", 4.41457),
        ("stable", 1.61717),
        ("nuclear", 4.38386),
        ("participation", 2.40863),
    ],
)
def test_effective_rank_dialects(kind: str, want: float) -> None:
    assert dialects().effective_rank(kind) == pytest.approx(want, abs=5e-6)


def test_other_dialects() -> None:
    s = dialects()
    assert s.epsilon_rank(1e-3) == 45
    assert s.singular_entropy == pytest.approx(0.75689, abs=5e-6)
    assert s.stable_rank == s.effective_rank("stable")
    X = np.random.default_rng(0).standard_normal((200, 50)) / np.arange(1, 51)
    assert spectrum(X.T, center="classes").effective_rank("energy-entropy-1e-7") == pytest.approx(
        4.44996, abs=5e-6
    )


def test_rankme_offset_inflates_a_padded_spectrum() -> None:
    X = np.zeros((512, 512))
    X[range(10), range(10)] = 1
    s = spectrum(X)
    ranks = [s.effective_rank(kind) for kind in ("roy-vetterli", "rankme", "rankme-1e-5")]
    assert ranks == pytest.approx([10, 10.0081, 10.5964], abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_chain_of_entropy_ranks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = spectrum(rng.standard_normal((30, 20)) * rng.exponential(size=20))
    stable, nuclear, roy = (s.effective_rank(kind) for kind in ("stable", "nuclear", "roy-vetterli"))
    assert 1 <= stable <= nuclear <= roy <= s.numerical_rank()
    assert stable <= s.effective_rank("energy-entropy") <= roy


# -- how a rank depends on its tolerance --


@pytest.mark.parametrize("d", [2, 3])
def test_a_plateau_settles_the_rank_where_there_is_one(d: int) -> None:
    logits = drawn(120, 150, d)
    linear, cubic = (spectrum(logits, f, "classes") for f in (Identity(), Cube()))
    assert plateau_rank(linear) == plateaus(linear)[0].rank == d
    assert plateau_rank(cubic) == math.comb(d + 2, 3)
    assert plateaus(linear)[0].decades > 10
    smooth = spectrum(drawn(120, 150, 2), SigSoftmax(), "classes")
    assert plateau_rank(smooth) is None
    assert all(p.decades < 3 for p in plateaus(smooth, 0.5))


def test_plateaus_tile_the_axis_above_the_noise() -> None:
    s = spectrum(drawn(40, 50, 2), SigSoftmax())
    steps = sorted(plateaus(s, 0.0), key=lambda p: p.rank)
    assert steps[0].high == 1
    assert all(p.low == q.high for p, q in itertools.pairwise(steps))
    assert steps[-1].low == pytest.approx(s.noise_floor / s.top)
    for p in steps:
        assert s.numerical_rank("relative", math.sqrt(p.high * p.low)) == p.rank
    assert plateaus(spectrum(np.zeros((2, 2)))) == []
    assert plateau_rank(spectrum(np.zeros((2, 2)))) == 0


def test_crosswalk_shows_which_rules_count_noise() -> None:
    exact = log_probs(drawn(300, 400, 16, bias=True), Identity())
    rounded = {row["name"]: row for row in crosswalk(spectrum(exact.astype("float32"))).rows()}
    assert rounded["numpy"]["value"] == rounded["press"]["value"] == rounded["plateau"]["value"] == 18
    hard = rounded["weightwatcher"]  # its tolerance divides where the formula it cites multiplies
    assert hard["value"] > 30
    assert hard["noise"] == hard["value"] - 18
    exactly = [row for row in crosswalk(spectrum(exact)).rows() if row["group"] == "numerical rank"]
    assert {row["value"] for row in exactly if row["name"] != "eps"} == {18}


@pytest.mark.parametrize("d", [2, 4])
def test_bfloat16_sees_one_degree_more_of_small_logits(d: int) -> None:
    rng = np.random.default_rng(0)
    logits = Head(0.1 * rng.standard_normal((400, d)) / math.sqrt(d)).logits(rng.standard_normal((300, d)))
    seen = {v.precision: v.rank for v in visible_ranks(logits, SigSoftmax(), "classes")}
    assert d < seen["bfloat16"] <= d + math.comb(d + 1, 2) < seen["float32"]


def test_visible_values_survive_and_their_count_is_the_noise_rule() -> None:
    X = drawn(60, 70, 3).dense()
    for v in visible_ranks(X, precisions=("float32", "float16", "bfloat16")):
        stored = X.astype(v.precision if v.precision != "bfloat16" else ml_dtypes.bfloat16).astype(float)
        assert v.noise == pytest.approx(np.linalg.norm(stored - X, 2))
        assert v.rank == 3 <= np.linalg.matrix_rank(stored)
    seen = {v.precision: v for v in visible_ranks(np.array([[1e6]]))}
    assert [v.rank for v in seen.values()] == [1, 1, None, 1]
    assert "overflows" in seen["float16"].rule
    with pytest.raises(InputError, match="precisions holds 'float8'"):
        visible_ranks(X, precisions=("float8",))


# -- bad input --


def test_refusals() -> None:
    logits = drawn(5, 6, 2)
    X = np.ones((3, 3))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(InputError, match="the first is at"):
            spectrum(np.array([[1.0, bad]]))
    with pytest.raises(InputError, match="has 1 axis"):
        spectrum(np.ones(3))
    with pytest.raises(TypeError, match="complex"):
        spectrum(X.astype(complex))
    with pytest.raises(InputError, match="empty axis"):
        spectrum(np.ones((0, 3)))
    with pytest.raises(InputError, match="applies to logits"):
        spectrum(X, SigSoftmax())
    with pytest.raises(InputError, match="center is 'rows'"):
        spectrum(X, center="rows")
    with pytest.raises(InputError, match="method='qr'"):
        spectrum(logits, SigSoftmax(), method="qr")
    with pytest.raises(InputError, match="method is 'svd'"):
        spectrum(X, method="svd")
    with pytest.raises(InputError, match="precision is 'float8'"):
        spectrum(X, precision="float8")


@pytest.mark.parametrize("tol", [-1.0, math.nan, math.inf, None])
def test_bad_tolerances(tol: float | None) -> None:
    with pytest.raises(InputError, match="finite number >= 0"):
        spectrum(np.eye(2)).numerical_rank("absolute", tol)


def test_bad_rules() -> None:
    s = spectrum(np.eye(2))
    with pytest.raises(InputError, match="rule is 'octave'"):
        s.numerical_rank("octave")
    with pytest.raises(InputError, match="sets its own"):
        s.numerical_rank("numpy", 1e-3)
    with pytest.raises(InputError, match="kind is 'rank'"):
        s.effective_rank("rank")
    with pytest.raises(InputError, match="epsilon is 1"):
        s.epsilon_rank(1)
    with pytest.raises(ValueError, match="read-only"):
        s.values[0] = 3


@pytest.mark.parametrize("n", [30, 100, 300])
def test_two_level_gram_counts_nothing_that_the_first_level_leaks(n):
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))[0]
    values = np.zeros(n)
    values[0], values[1 : n // 2] = 1, 1.05e-5  # just above the square root of what a Gram matrix sees
    assert spectrum((basis * values) @ basis, method="two-level").numerical_rank() == n // 2


@pytest.mark.parametrize("method", ["dense", "gram", "gram-float32", "two-level"])
def test_singular_values_beyond_float64_are_an_error(method):
    X = np.ldexp(np.outer([1.0, 2, 3, -1], [1.0, 1, -1]) + np.eye(4, 3), 1022)
    with pytest.raises(InputError, match="exceed float64"):
        spectrum(X, method=method)


def test_subnormal_entries_have_no_digits_to_count():
    found = spectrum(np.full((3, 3), 1e-310))
    assert (found.numerical_rank(), found.gap_rank) == (1, 1)


@pytest.mark.parametrize("shape", [(60, 700), (700, 60)], ids=str)
@pytest.mark.parametrize("center", ["classes", "both"])
def test_means_that_a_few_lines_do_not_show_are_put_right(shape: tuple[int, int], center: str) -> None:
    """One pass guesses the means from 256 lines; here the others are elsewhere, and far larger."""
    X = np.random.default_rng(0).standard_normal(shape)
    lines = X if shape[0] > shape[1] else X.T
    unseen = np.setdiff1d(np.arange(700), np.linspace(0, 699, 256).astype(int))
    lines[unseen] = 300 * lines[unseen] + 5000
    want = np.linalg.svd(centred(X, center), compute_uv=False)
    for method in ("gram", "gram-float32", "two-level", "tsqr"):
        got = spectrum(X, center=center, method=method)
        assert np.abs(got.values - want).max() <= got.noise_floor
    lines[unseen] *= 2.0**100  # and beyond what float32 can square
    want = np.linalg.svd(centred(X, center), compute_uv=False)
    got = spectrum(X, center=center, method="gram-float32")
    assert np.abs(got.values - want).max() <= got.noise_floor


@pytest.mark.parametrize("method", ["gram", "two-level", "tsqr", "lanczos"])
def test_progress_is_told_and_ends(method: str) -> None:
    said: list[tuple[int, int]] = []
    logits = drawn(300, 400, 3)
    spectrum(logits, Exp(), method=method, progress=lambda done, total: said.append((done, total)))
    assert said
    assert all(0 < done <= total for done, total in said)
    assert said == sorted(said)


@pytest.mark.parametrize("kept", [True, False])
def test_lanczos_with_and_without_the_matrix_in_memory(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from rankkit.spectra import lanczos, tiles
    from rankkit.spectra.source import Source

    logits = drawn(1100, 1200, 256)
    source = Source.of(logits, SigSoftmax())
    if not kept:
        monkeypatch.setattr(tiles, "KEPT", 0)
    assert lanczos._probes(source) == (32 if kept else 64)
    true = spectrum(logits, SigSoftmax(), "classes", method="gram").effective_rank("roy-vetterli")
    seen = spectrum(logits, SigSoftmax(), "classes", method="lanczos")
    assert abs(seen.effective_rank("roy-vetterli") / true - 1) < 0.01
