"""The compiled search for the nearest point of a hull, against non-negative least squares."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import rankkit as rk
from rankkit.reach import passes
from rankkit.reach.engine import min_norm, steps, wolfe
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.hulls import Hulls
from rankkit.reach.ledger import Ledger


def rays(k: int, d: int, lift: float, seed: int) -> np.ndarray:
    """Unit vectors; with ``lift`` they lean to one side, so that their hull leaves the origin out."""
    V = np.random.default_rng(seed).standard_normal((k, d)) + lift * np.eye(d)[0]
    return V / np.linalg.norm(V, axis=1, keepdims=True)


def search(V: np.ndarray, enough: float = 1.0, start: tuple = (), near: float = 1e-9) -> tuple:
    """Search among the points V as seen from the origin; return corral, weights, point and outcome."""
    cloud = make_cloud(np.eye(V.shape[1] + 1)).holding(np.vstack([np.zeros(V.shape[1]), V]))
    hulls = Hulls.among(cloud, 1, len(V))
    hulls.begin(np.array([0]), np.array([0]), 1 + np.arange(len(V))[None])
    if start:
        first = hulls.size[0] = min(len(start[0]), V.shape[1] + 2)
        hulls.corral[0, :first], hulls.weights[0, :first] = start[0][:first], start[1][:first]
    wolfe.solve(cloud, hulls, np.array([0]), 0, slice(0, 0), near=near, enough=enough, steps=5000)
    size = hulls.size[0]
    rows = hulls.rivals_of(0)[hulls.corral[0, :size]] - 1
    return rows, hulls.weights[0, :size], hulls.point[0], hulls.outcome[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("k", "d"), [(1, 4), (5, 3), (40, 30), (200, 20), (150, 100)])
def test_it_finds_the_point_that_least_squares_finds(k: int, d: int, seed: int) -> None:
    V = rays(k, d, 2.0, seed)
    corral, weights, point, outcome = search(V)
    other, away, _ = min_norm.nearest_point(V)
    assert outcome == wolfe.SEPARATED
    assert len(set(corral)) == len(corral)
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(), 1)
    np.testing.assert_allclose(weights @ V[corral], point, atol=1e-12)
    np.testing.assert_allclose(point, -away, atol=1e-8)
    np.testing.assert_allclose(np.bincount(corral, weights, k), other, atol=1e-7)


@pytest.mark.parametrize(("k", "d"), [(60, 3), (300, 20), (600, 100)])
def test_it_reaches_the_origin_within_a_hull_that_holds_it(k: int, d: int) -> None:
    V = rays(k, d, 0.0, 0)
    corral, weights, point, outcome = search(V)
    assert outcome == wolfe.REACHED
    assert (weights > 0).all()
    np.testing.assert_allclose(weights @ V[corral], 0, atol=1e-9)
    assert np.linalg.norm(point) <= 1e-9


def test_it_ends_sooner_where_any_separation_is_enough() -> None:
    V = rays(400, 60, 1.5, 0)
    corral, _, point, outcome = search(V, enough=0.3)
    exact = search(V)
    assert outcome == wolfe.SEPARATED
    assert (V @ point > 0.29 * point @ point).all()
    assert len(corral) < len(exact[0])


@pytest.mark.parametrize("keep", [1, 0])
def test_a_start_changes_the_way_but_not_the_end(keep: int) -> None:
    V = rays(300, 40, 1.5, 1)
    corral, weights, *_ = search(V[: 150 if keep else 300])
    np.testing.assert_allclose(search(V, start=(corral, weights))[2], search(V)[2], atol=1e-8)


def test_a_start_with_dependent_vectors_is_no_harm() -> None:
    V = rays(50, 10, 2.0, 0)
    V[1] = V[0]
    start = np.arange(30), np.full(30, 1 / 30)
    np.testing.assert_allclose(search(V, start=start)[2], search(V)[2], atol=1e-8)


def drawn_searches(m: int, n: int, d: int) -> tuple[Cloud, Hulls]:
    """Points of a Gaussian cloud, each to be compared with some others."""
    rng = np.random.default_rng(2)
    cloud = make_cloud(rng.standard_normal((n, d)))
    hulls = Hulls.among(cloud, m, n)
    others = [m + rng.permutation(n - m)[: n // 3] for _ in range(m)]
    hulls.begin(np.arange(m), np.arange(m), np.array(others))
    return cloud, hulls


def go_on(cloud: Cloud, hulls: Hulls, turn: int, room: int) -> None:
    todo = np.flatnonzero(hulls.outcome != wolfe.REACHED)
    wolfe.solve(cloud, hulls, todo, turn, slice(0, room), near=1e-9, enough=1.0, steps=1000)


@pytest.mark.parametrize("room", [0, 700, 2**20])
def test_a_factor_that_was_kept_changes_nothing(room: int) -> None:
    """With room for none, for some and for all factors, searches that go on end at the same points."""
    cloud, hulls = drawn_searches(30, 300, 24)
    go_on(cloud, hulls, 0, room)
    first = hulls.outcome == wolfe.SEPARATED
    kept = hulls.kept >= 0
    assert kept.sum() == (0 if room == 0 else first.sum() if room == 2**20 else kept.sum())
    assert room != 700 or 0 < kept.sum() < first.sum()
    hulls.extend(np.flatnonzero(first), np.tile(np.arange(300), (first.sum(), 1)))
    go_on(cloud, hulls, 1, room)
    for t in np.flatnonzero(first):
        others = cloud.points(np.delete(np.arange(300), t)) - cloud.points(int(t))
        _, away, distance = min_norm.nearest_point(others / np.linalg.norm(others, axis=1, keepdims=True))
        assert (hulls.outcome[t] == wolfe.REACHED) == (distance < 1e-9)
        np.testing.assert_allclose(hulls.point[t], -away, atol=1e-8)


def test_threads_are_set_for_the_search_and_restored() -> None:
    """Searches and proofs leave linear algebra one thread; the caller has as many as before."""
    at_work, proving = [], []
    enter = Ledger.enter_witnesses

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    def watched_merge(*arguments: object) -> None:
        at_work.extend(threads())
        passes.furthest(*arguments)

    def watched_entry(*arguments: object) -> None:
        proving.extend(threads())
        enter(*arguments)

    W = np.random.default_rng(0).standard_normal((100, 4))
    with threadpool_limits(2, user_api="blas"), pytest.MonkeyPatch.context() as patch:
        before = threads()
        for bound in ("SMALL", "FEW"):
            patch.setattr(f"rankkit.threads.{bound}", 0)
        patch.setattr(passes, "merging", lambda products: watched_merge)
        patch.setattr(Ledger, "enter_witnesses", watched_entry)
        rk.argmaxable(rk.Head(W))
        assert threads() == before
    assert set(at_work) == set(proving) == {1}


def means(k: int, seed: int) -> np.ndarray:
    """Rows of a wide head, and three means of k of them, which rounding to float32 moved by little."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((2000, 264)).astype(np.float32)
    return np.vstack([rows, *(rows[rng.choice(2000, k, replace=False)].mean(axis=0)[None] for _ in range(3))])


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("k", [4, 16, 40, 132])
def test_a_mean_of_few_rows_is_told_from_their_hull_without_exact_arithmetic(
    k: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So far as float32 moved it; as new tokens of a vocabulary are begun."""
    monkeypatch.setattr(steps, "ExactHull", lambda *args: pytest.fail("the exact step was called"))
    head = rk.Head(means(k, seed))
    report = rk.argmaxable(head, classes=range(2000, 2003))
    assert len(report.undecided) == 0
    assert all(rk.check(report.certificate(i), head) is True for i in range(2000, 2003))


@pytest.mark.parametrize("k", [8, 40])
def test_a_point_near_the_origin_has_its_last_digits(k: int) -> None:
    W = means(k, 2).astype(np.float64)
    V = W[:-3] - W[-1]
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    _, _, point, outcome = search(V, enough=0.3, near=1e-12)
    assert outcome == wolfe.SEPARATED
    assert np.linalg.norm(point) < 1e-7
    assert (V @ point > 0.2 * point @ point).all()
