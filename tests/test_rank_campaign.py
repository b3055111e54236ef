"""A slice of the campaign in benchmarks/rank_campaign.py, and what may change nothing about a rank."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rankkit.functions import Exp, Identity, LeakyReLU, Polynomial, Sigmoid, SigSoftmax, SiLU, SoftCap
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head
from rankkit.ranks import RankReport, rank_bounds


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "rank_campaign.py"
    spec = importlib.util.spec_from_file_location("rank_campaign", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["rank_campaign"] = module
    spec.loader.exec_module(module)
    return module


def test_bounds_hold_for_known_ranks_of_all_families(campaign: ModuleType) -> None:
    met, seen = 0, Counter()
    for case in campaign.cases(number=45, seed=7):
        report = rank_bounds(case.logits, case.f, case.subject)
        assert campaign.broken(case, report) is None, case
        met += report.exact is not None
        seen[type(case.f).__name__] += 1
    assert met > 0.9 * seen.total()
    assert len(seen) == 12


def test_the_campaign_notices_what_is_wrong(campaign: ModuleType) -> None:
    case = next(campaign.cases(number=1, seed=3))
    report = rank_bounds(case.logits, case.f, case.subject)
    assert campaign.broken(case, report) is None
    assert "does not hold" in campaign.broken(case._replace(rank=case.rank + 1), report)
    assert "does not hold" in campaign.broken(case._replace(rank=case.rank - 1), report)


def ends(report: RankReport) -> tuple[int, int]:
    return report.lower, report.upper


FUNCTIONS = [
    Identity(),
    Polynomial({1: 1.0, 3: 1.0}),
    LeakyReLU(0.25),
    Exp(),
    SoftCap(2.0),
    SigSoftmax(),
    Sigmoid(),
    SiLU(),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
@pytest.mark.parametrize("d", [1, 2])
def test_contexts_and_classes_may_trade_places(f: PointwiseFunction, d: int) -> None:
    rng = np.random.default_rng(d)
    H, W = rng.integers(-6, 7, (9, d)) / 4, rng.integers(-6, 7, (13, d)) / 4
    assert ends(rank_bounds(Head(W).logits(H), f, "scores")) == ends(
        rank_bounds(Head(H).logits(W), f, "scores")
    )


def test_plain_matrices_and_their_transposes() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        n, m, r = rng.integers(1, 12, 3)
        X = (rng.integers(-3, 4, (n, r)) @ rng.integers(-3, 4, (r, m))).astype(float)
        shifted = rank_bounds(X + rng.integers(-3, 4, (n, 1))).exact  # while every sum is exact
        X = np.ldexp(X, rng.integers(-300, 300, (n, 1)))
        report = rank_bounds(X)
        assert report.exact == rank_bounds(X.T).exact == rank_bounds(np.ldexp(X, 400)).exact
        order, other = rng.permutation(n), rng.permutation(m)
        assert report.exact == rank_bounds(X[order][:, other]).exact
        assert report.exact is not None
        assert shifted is not None
        assert abs(report.exact - shifted) <= 1


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
def test_powers_of_two_may_move_between_contexts_and_classes(f: PointwiseFunction, subject: str) -> None:
    rng = np.random.default_rng(1)
    W, H = rng.integers(-6, 7, (10, 2)) / 4, rng.integers(-6, 7, (8, 2)) / 4
    base = rank_bounds(Head(W).logits(H), f, subject)
    moved = rank_bounds(Head(np.ldexp(W, 200)).logits(np.ldexp(H, -200)), f, subject)
    assert ends(base) == ends(moved)
    rows, columns = rng.permutation(8), rng.permutation(10)
    assert ends(base) == ends(rank_bounds(Head(W[columns]).logits(H[rows]), f, subject))
    twice = Head(np.concatenate([W, W[:4]])).logits(np.concatenate([H, H[::2]]))
    assert ends(base) == ends(rank_bounds(twice, f, subject))


def test_row_shifts_change_no_log_probability() -> None:
    """Adding one vector to all classes shifts every context's logits as a whole."""
    rng = np.random.default_rng(2)
    for d in (1, 3):
        W, H = rng.integers(-6, 7, (14, d)) / 4, rng.integers(-6, 7, (12, d)) / 4
        for b in (None, rng.integers(-3, 4, 14) / 2):
            shifted = Head(W + rng.integers(-9, 10, d) / 4, None if b is None else b + 2.5)
            for subject in ("centred", "log_probs"):
                one, other = (
                    rank_bounds(Head(W, b).logits(H), subject=subject),
                    rank_bounds(shifted.logits(H), subject=subject),
                )
                assert one.exact == other.exact is not None
            raw = [rank_bounds(head.logits(H), subject="scores").exact for head in (Head(W, b), shifted)]
            assert abs(raw[0] - raw[1]) <= 1
