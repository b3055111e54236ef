"""Ranks that float64 supports: never above the truth where the truth is known, near what SVD sees."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.functions import Exp, Identity, LeakyReLU, Polynomial, SigSoftmax, SoftCap
from rankkit.functions.base import MonotoneFunction
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks import rank_bounds
from rankkit.ranks.subject import Subject
from rankkit.ranks.verified import enclosure, float64_bound, frobenius, is_regular, visible_rank
from rankkit.spectra import spectrum


def drawn(contexts: int, classes: int, d: int, scale: float = 1.0, seed: int = 0) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    return Head(scale * rng.standard_normal((classes, d))).logits(rng.standard_normal((contexts, d)))


def supported(logits: LowRankLogits, f: MonotoneFunction, kind: str) -> int:
    found = float64_bound(Subject.of(logits, f, kind), np.arange(logits.shape[0]))
    assert found is not None
    assert found.kind in ("float64_svd", "float64_inverse")
    assert found.certificate is None
    return found.value


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("f", [Identity(), LeakyReLU(0.25)], ids=lambda f: f.name)
def test_never_above_the_exact_rank(seed: int, f: MonotoneFunction) -> None:
    rng = np.random.default_rng(seed)
    n, m, d = rng.integers(5, 40, 3)
    logits = drawn(n, m, d // 8 + 1, scale=10.0 ** rng.integers(-3, 4), seed=seed)
    H = logits.H.copy()
    H[1], H[2] = H[0], -H[0]
    logits = logits.head.logits(H)
    for kind in ("scores", "centred"):
        exact = rank_bounds(logits, f, kind)
        assert exact.lower == exact.upper or f.name != "Identity"
        assert supported(logits, f, kind) <= exact.lower  # elimination looks at everything at this size


@pytest.mark.parametrize("f", [SigSoftmax(), Exp(), SoftCap(1.0)], ids=lambda f: f.name)
@pytest.mark.parametrize("d", [2, 4])
def test_nearly_all_that_float64_sees(f: MonotoneFunction, d: int) -> None:
    logits = drawn(200, 250, d)
    seen = spectrum(logits, f, "classes", method="dense").numerical_rank()
    assert seen <= supported(logits, f, "centred") <= 200


def test_rounding_of_the_logits_is_no_rank() -> None:
    """Entries rounded to float64 have full rank as they are: only the bound on their error knows better."""
    logits = drawn(60, 70, 3)
    assert supported(logits, Identity(), "scores") == 3
    rounded, error = enclosure(Subject.of(logits, Identity(), "scores"), np.arange(60))
    assert visible_rank(rounded, frobenius(error))[0] == 3
    assert rank_bounds(rounded).exact == 60
    noise = np.linalg.norm(rounded - np.asarray(logits.H @ logits.head.W.T))
    assert noise <= frobenius(error) < 1e-10


def test_doubt_covers_any_change_of_that_size() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((30, 20)) @ np.diag(np.logspace(0, -8, 20))
    rank, doubt = visible_rank(X, error=1e-5)
    assert doubt >= 1e-5
    values = np.linalg.svd(X, compute_uv=False)
    assert rank == np.count_nonzero(values > doubt)
    left, values, right = np.linalg.svd(X)
    values[rank:] = 0  # a matrix of that rank is not much further away
    assert np.linalg.norm(X - left[:, :20] * values @ right) < 20 * doubt


def test_reports_keep_it_apart_from_what_is_proved() -> None:
    logits = drawn(90, 80, 6)
    report = rank_bounds(logits, SigSoftmax(), max_minor=20)
    assert (report.lower, report.upper) == (20, 80)
    assert report.supported == report.supported_by.value > 70
    assert report.exact is None
    assert report.supported_by not in report.all_bounds
    assert "supported by float64" in repr(report)
    full = rank_bounds(logits, SigSoftmax())
    assert full.supported_by is None
    assert full.supported == full.lower == 80
    falling = Polynomial({2: 1.0})
    assert float64_bound(Subject.of(logits, falling, "scores"), np.arange(90)) is None
    weights = rank_bounds(np.random.default_rng(0).standard_normal((50, 40)), max_minor=9)
    assert (weights.lower, weights.supported) == (9, 40)


def test_subnormal_scores_support_no_rank():
    """exp(h + b) has rank 1, and near e^-740 float64 has no digits left to show anything else."""
    states = -740 + np.linspace(0, 1, 12)[:, None]
    head = Head(np.ones((12, 1)), np.linspace(0, 1.3, 12) ** 2)
    report = rank_bounds(head.logits(states), Exp(), subject="scores")
    assert report.lower == 1
    assert report.supported_by is None
    assert report.numerical == 1


def test_an_approximate_inverse_sees_past_the_scale_of_rows() -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((30, 45))
    X[3] *= 1e17  # beside this row no singular value of the others is visible
    for matrix in (X, X.T):
        found = float64_bound(Subject.of(matrix, None, "matrix"), np.arange(len(matrix)))
        assert (found.value, found.kind) == (30, "float64_inverse")
    X[4] = X[5]
    assert float64_bound(Subject.of(X, None, "matrix"), np.arange(30)).value < 30
    logits = drawn(80, 80, 4, scale=2.0)
    found = float64_bound(Subject.of(logits, Exp(), "scores"), np.arange(80))
    assert found.value == 80


@pytest.mark.parametrize("seed", range(20))
def test_regular_matrices_stay_so_within_their_error(seed: int) -> None:
    """Whatever is called regular stays at least as far from singular matrices as its error allows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 25))
    X = rng.standard_normal((n, n)) * 10.0 ** rng.uniform(-3, 3, n)
    left, values, right = np.linalg.svd(X)
    null = np.outer(left[:, -1], right[-1]) * values[-1]  # X less this is singular
    assert is_regular(X, np.zeros((n, n)))
    assert not is_regular(X, np.abs(null) * 1.001)
    assert not is_regular(X - null, np.full((n, n), 1e-13 * np.abs(X).max()))
    assert not is_regular(np.zeros((n, n)), np.zeros((n, n)))
