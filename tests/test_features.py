"""Scores as products of monomials: the same spectrum as the scores themselves, down to the stated floor."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.errors import InputError
from rankkit.functions import PLIF, Exp, Polynomial, SigSoftmax, SoftCap
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head, LowRankLogits, log_probs
from rankkit.spectra import choice, spectrum
from rankkit.spectra.features import plan
from rankkit.spectra.source import Source


def drawn(contexts: int, classes: int, d: int, scale: float, bias: bool = False) -> LowRankLogits:
    rng = np.random.default_rng(contexts + d)
    b = rng.uniform(-1, 1, classes) if bias else None
    return Head(rng.uniform(-1, 1, (classes, d)), b).logits(scale * rng.uniform(-1, 1, (contexts, d)))


def explicit(logits: LowRankLogits, f: PointwiseFunction, center: str | None) -> np.ndarray:
    X = log_probs(logits, f)
    if center is not None:
        X -= X.mean(axis=1, keepdims=True)
    if center == "both":
        X -= X.mean(axis=0)
    return np.linalg.svd(X, compute_uv=False)


@pytest.mark.parametrize("center", [None, "classes", "both"])
@pytest.mark.parametrize(
    "f", [Exp(), SigSoftmax(), SoftCap(2.0), Polynomial({1: 1.0, 3: 0.5})], ids=lambda f: f.name
)
@pytest.mark.parametrize(("shape", "bias"), [((150, 90), False), ((90, 150), True), ((4, 150), False)])
def test_values_are_those_of_the_scores(
    f: PointwiseFunction, center: str | None, shape: tuple[int, int], bias: bool
) -> None:
    for d, scale in ((1, 2.0), (2, 1.0), (3, 0.5)):
        logits = drawn(*shape, d, scale, bias)
        seen = spectrum(logits, f, center, method="features")
        want = explicit(logits, f, center)
        assert len(seen.values) == len(want)
        assert np.abs(seen.values - want).max() <= seen.noise_floor
        assert seen.noise_floor < 1e-3 * seen.top  # and the floor is no excuse


def test_what_the_polynomial_leaves_is_in_the_floor() -> None:
    """A polynomial that is cut early must say so: nothing below what it leaves is counted."""
    logits = drawn(200, 300, 6, 1.5)
    seen = spectrum(logits, Exp(), "classes", method="features")
    want = explicit(logits, Exp(), "classes")
    error = np.abs(seen.values - want).max()
    assert 1e-13 * seen.top < error <= seen.error <= seen.noise_floor
    assert seen.floor_rule == "bound on the norm of what the polynomial leaves of f"
    assert seen.numerical_rank() <= np.count_nonzero(want > seen.noise_floor - error)


def test_a_polynomial_leaves_nothing() -> None:
    seen = spectrum(drawn(400, 300, 2, 1.0), Polynomial({1: 1.0, 3: 1.0}), "classes", method="features")
    assert seen.numerical_rank() == 6  # monomials of degrees 1 and 3 in two variables
    assert seen.gap > 1e8


def test_many_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from rankkit import arrays

    logits = drawn(300, 200, 2, 1.0)
    want = spectrum(logits, Exp(), "both", method="features")
    cut = arrays.row_blocks
    monkeypatch.setattr(arrays, "row_blocks", lambda rows, size, limit: cut(rows, size, 7 * size))
    seen = spectrum(logits, Exp(), "both", method="features")
    assert np.abs(seen.values - want.values).max() <= want.noise_floor


def test_auto_takes_it_where_it_is_near_enough() -> None:
    wide = np.ones((60_000, 1))
    small = Head(wide).logits(wide[:5_000])
    assert choice.choose(choice.Task(Source.of(small, Exp()), None), None) == "features"
    assert choice.choose(choice.Task(Source.of(small, SigSoftmax()), None), 1e-9) == "features"
    assert choice.choose(choice.Task(Source.of(small, PLIF.random(100)), None), None) == "gram"
    steep = Head(300 * wide).logits(wide[:5_000])
    assert choice.choose(choice.Task(Source.of(steep, SigSoftmax()), None), None) == "gram"


def test_sizes_that_nothing_else_takes() -> None:
    """The scores would take 10 GB: the singular values of some rows and columns, scaled, are near."""
    logits = drawn(36_000, 36_000, 1, 1.0)
    seen = spectrum(logits, Exp(), "classes")
    assert seen.method == "features"
    small = spectrum(Head(logits.head.W[:900]).logits(logits.H[:900]), Exp(), "classes", method="dense")
    assert np.allclose(seen.values[:3], 40 * small.values[:3], rtol=0.2)


def test_where_it_does_not_apply() -> None:
    assert plan(Source.of(np.ones((3, 3)), None)) is None
    assert plan(Source.of(drawn(100, 100, 100, 1.0), Exp())) is None
    with pytest.raises(InputError, match="features"):
        spectrum(np.ones((3, 3)), method="features")
    with pytest.raises(InputError, match="features"):  # exp exceeds float64 at the ends of the range
        spectrum(drawn(20, 20, 2, 1e3), Exp(), method="features")
