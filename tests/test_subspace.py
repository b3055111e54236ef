"""Leading singular values: never too large, within what is stated of a true one, at any size."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.errors import InputError
from rankkit.functions import PLIF, Exp, Polynomial, SigSoftmax
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head, LowRankLogits
from rankkit.spectra import Spectrum, choice, spectrum, tiles
from rankkit.spectra.source import Source


def drawn(contexts: int, classes: int, d: int, scale: float = 1.0) -> LowRankLogits:
    rng = np.random.default_rng(contexts + d)
    b = 0.3 * rng.standard_normal(classes)
    return Head(rng.standard_normal((classes, d)), b).logits(scale * rng.standard_normal((contexts, d)))


def holds(seen: Spectrum, want: np.ndarray) -> None:
    """Every value is below the true one of its index, and some true one is as near as the floor says."""
    # squares are right to epsilon times the largest
    with np.errstate(divide="ignore", over="ignore"):
        share = np.minimum(1e-13 * want[0] / np.maximum(want, 1e-300), choice.gram_floor(seen.shape))
    rounding = share * want[0]
    assert (seen.values <= want[: len(seen.values)] + rounding[: len(seen.values)]).all()
    near = np.abs(seen.values[:, None] - want).min(axis=1)
    assert (near <= seen.noise_floor).all()
    assert (np.diff(seen.values) <= 0).all()


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("center", [None, "classes", "both"])
@pytest.mark.parametrize("shape", [(300, 420), (420, 300)])
@pytest.mark.parametrize("f", [Exp(), SigSoftmax(), PLIF.random(40)], ids=lambda f: f.name)
def test_values_are_near_true_ones_and_never_above(
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
    center: str | None,
    shape: tuple[int, int],
    f: PointwiseFunction,
) -> None:
    monkeypatch.setattr(tiles, "KEPT", 10**9 if kept else 0)
    logits = drawn(*shape, 5, 0.7)
    want = spectrum(logits, f, center, method="dense").values
    seen = spectrum(logits, f, center, k=12, method="subspace")
    assert len(seen.values) == 12
    holds(seen, want)
    # residuals enter squared: the values themselves are nearer than is stated
    assert np.abs(seen.values - want[:12]).max() < 1e-3 * want[11]
    assert seen.floor_rule == "largest residual of a singular vector"


@pytest.mark.parametrize("k", [1, 5, 79, 80, 150, 200])
def test_any_number_of_values_and_any_rank(k: int) -> None:
    rng = np.random.default_rng(k)
    for X in (
        rng.standard_normal((200, 260)),
        rng.standard_normal((200, 3)) @ rng.standard_normal((3, 260)),
        np.ones((260, 200)),
        np.zeros((200, 210)),
        np.diag(2.0 ** -np.arange(200.0)),
    ):
        want = np.linalg.svd(X, compute_uv=False)
        holds(spectrum(X, k=k, method="subspace"), want)


def test_a_polynomial_has_no_more_values_than_monomials() -> None:
    logits = drawn(300, 310, 2)
    seen = spectrum(logits, Polynomial({1: 1.0, 2: 1.0}), "classes", k=30, method="subspace")
    want = spectrum(logits, Polynomial({1: 1.0, 2: 1.0}), "classes", method="dense")
    assert seen.numerical_rank() == want.numerical_rank() == 6


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_scales_change_nothing_but_the_scale(size: float) -> None:
    X = np.random.default_rng(0).standard_normal((150, 130))
    one, other = (spectrum(s * X, k=3, method="subspace") for s in (1.0, size))
    assert np.allclose(other.values / size, one.values, rtol=1e-12)
    assert np.isclose(other.noise_floor / size, one.noise_floor, rtol=1e-6)


def test_two_singular_values_that_are_equal_are_both_found() -> None:
    values = np.r_[5.0, 5.0, 5.0, np.linspace(1, 0.1, 117)]
    rng = np.random.default_rng(1)
    U, V = (np.linalg.qr(rng.standard_normal((120, 120)))[0] for _ in range(2))
    seen = spectrum((U * values) @ V, k=4, method="subspace")
    assert np.allclose(seen.values, [5, 5, 5, 1], atol=seen.noise_floor)


def test_auto_takes_it_for_few_values_of_a_large_matrix() -> None:
    steep = 300 * np.ones((60_000, 1))
    for contexts, k, reach, method in (
        (5_000, 62, None, "subspace"),  # 2.4 GB are made anew every time
        (5_000, 63, None, "gram"),
        (5_000, None, None, "gram"),
        (5_000, 10, 1e-9, "two-level"),
        (60_000, 100, None, "subspace"),  # where no Gram matrix fits
        (20, 1, None, "dense"),
    ):
        source = Source.of(Head(steep).logits(steep[:contexts]), SigSoftmax())
        assert choice.choose(choice.Task(source, None, k), reach) == method
    with pytest.raises(InputError, match="say how many"):
        spectrum(np.ones((3, 3)), method="subspace")


@pytest.mark.parametrize("method", ["dense", "features", "gram", "two-level", "tsqr", "subspace"])
def test_progress_ascends_to_its_end(method: str) -> None:
    told: list[tuple[int, int]] = []
    logits = drawn(300, 400, 2, 0.3)
    spectrum(logits, Exp(), "classes", k=5, method=method, progress=lambda done, of: told.append((done, of)))
    assert len({of for _, of in told}) == 1
    done = [n for n, _ in told]
    assert all(0 < n <= told[0][1] for n in done)
    if method == "subspace":  # it stops when it is near enough
        assert done == list(range(1, len(done) + 1))
    else:
        assert done[-1] == told[0][1]
    if method != "two-level":  # which starts again
        assert done == sorted(done)


def test_features_are_judged_by_the_largest_value_of_what_is_left_after_centring() -> None:
    """Scores of one size and nearly no differences: an error far below the scores is not below those."""
    rng = np.random.default_rng(2)
    W, H = np.column_stack([np.full(3_000, 0.25), 1e-7 * rng.standard_normal(3_000)]), np.ones((3_000, 2))
    H[:, 0] += 1e-3 * rng.standard_normal(3_000)
    source = Source.of(Head(W).logits(H), SigSoftmax())
    assert choice.choose(choice.Task(source, None), 1e-9) == "features"
    assert choice.choose(choice.Task(source, "classes"), 1e-9) != "features"
