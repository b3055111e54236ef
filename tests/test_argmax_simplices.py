"""Simplices find exactly the points that lie inside, whatever the blocks they are looked at in."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rankkit.reach.engine import simplices
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.threads import workers

CORNERS = 5


def reached(cloud: Cloud, point: int, support: list[int]) -> Nearest:
    return Nearest(
        point=point,
        rivals=np.array([j for j in support if j != RAY]),
        support=np.array(support),
        direction=np.zeros(cloud.width),
        reached=True,
        separated=False,
    )


def scattered(seed: int, d: int = 4, bias: bool = False) -> Cloud:
    """Corners of a large simplex first, then points in and around it."""
    rng = np.random.default_rng(seed)
    corners = 3 * np.vstack([np.eye(d), -np.ones(d)])
    points = np.vstack([corners, np.zeros(d), 0.8 * rng.standard_normal((300, d))])
    return make_cloud(
        points, rng.standard_normal(len(points)) - 4 * (np.arange(len(points)) >= CORNERS) if bias else None
    )


def barycentric(cloud: Cloud, support: np.ndarray, points: np.ndarray) -> np.ndarray:
    columns = [[*cloud.rays[0], 0.0] if j == RAY else [*cloud.points(int(j)), 1.0] for j in support]
    targets = np.column_stack([cloud.points(points), np.ones(len(points))])
    return np.linalg.solve(np.array(columns).T, targets.T).T


@pytest.mark.parametrize("bytes_", [simplices.BYTES, 2000])
@pytest.mark.parametrize("bias", [False, True])
def test_what_lies_inside_is_found(monkeypatch: pytest.MonkeyPatch, bias: bool, bytes_: int) -> None:
    monkeypatch.setattr(simplices, "BYTES", bytes_)
    cloud = scattered(1, bias=bias)
    support = [*range(CORNERS), RAY] if bias else [*range(CORNERS)]
    points = np.random.default_rng(2).permutation(len(cloud.points32))
    wanted = points[(barycentric(cloud, np.array(support), points) > simplices.POSITIVE).all(axis=1)]
    assert 20 < len(wanted) < 280
    three = simplices.simplices(cloud, [reached(cloud, CORNERS, support) for _ in range(3)])
    for near in three.around(cloud, points):
        assert np.isin(wanted, near).all()
        assert len(near) < len(points)
    found = three.inside(cloud, points)
    assert found.members.tolist() == wanted.tolist()
    assert not found.of.any()  # what one holds the others need not
    assert np.allclose(found.weights, barycentric(cloud, np.array(support), wanted), atol=1e-12)


@pytest.mark.parametrize(("together", "parts"), [(simplices.TOGETHER, 2), (5 * 9, 6)])
def test_each_point_belongs_to_a_simplex_that_holds_it(
    monkeypatch: pytest.MonkeyPatch, together: int, parts: int
) -> None:
    monkeypatch.setattr(simplices, "TOGETHER", together)
    cloud = scattered(3, d=2)
    points = np.arange(3, len(cloud.points32))
    rng, searches, wanted = np.random.default_rng(4), [], set()
    while len(searches) < 30:
        support = rng.choice(len(cloud.points32), 3, replace=False)
        held = points[(barycentric(cloud, support, points) > 1e-3).all(axis=1)]
        if len(held):
            searches.append(reached(cloud, int(held[0]), support.tolist()))
            wanted.update(held.tolist())
    with threadpool_limits(2), workers(entries=10**9):
        found = list(simplices.inside(cloud, searches, points))
    assert len(found) == parts
    assert wanted <= {int(i) for some in found for i in some.members}
    for some in found:
        assert len(set(some.members.tolist())) == len(some.members)
        assert (np.diff(some.of) >= 0).all()
        for k in range(len(some.source)):
            own = barycentric(cloud, some.support[k], some.members[some.of == k])
            assert np.allclose(some.weights[some.of == k], own, atol=1e-9)
            assert (own > 0).all()


def test_of_a_roof_the_ray_takes_the_place_of_what_it_misses() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([[3.0, 0.0], [0.0, 3.0], [-3.0, -3.0], [0.1, 0.1]])
    cloud = make_cloud(
        np.vstack([corners, np.zeros(2), rng.standard_normal((40, 2))]),
        np.array([1.0, 1.0, 1.0, -9.0, -1.0, *[0.0] * 40]),
    )
    open_, closed = reached(cloud, 4, [0, 1, 2, 3]), reached(cloud, 4, [0, RAY, 1, 2])
    found = simplices.simplices(cloud, [open_, closed])
    assert [sorted(support) for support in found.support.tolist()] == [[RAY, 0, 1, 2]] * 2
    for k in range(2):
        point = cloud.points(np.array([4]))
        assert np.allclose(found.coordinates(k, point), barycentric(cloud, found.support[k], np.array([4])))


def test_what_is_no_full_simplex_is_left_out() -> None:
    cloud = make_cloud(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.5, 0.5], [2.0, -1.0], [5.0, 4.0]]))
    flat, few, outside = [0, 1, 2], [0, 2], [0, 1, 4]
    searches = [reached(cloud, 3, flat), reached(cloud, 3, few), reached(cloud, 5, outside)]
    assert few not in simplices.simplices(cloud, searches).support.tolist()
    assert len(simplices.simplices(cloud, searches).inside(cloud, np.arange(6)).members) == 0
    assert len(simplices.simplices(cloud, [reached(cloud, 3, [0, 0, 4])])) == 0
    centre = cloud.points(np.array(outside)).mean(axis=0)
    inner = cloud.holding(np.vstack([cloud.points(slice(None)), centre]))
    found = simplices.simplices(inner, [*searches, reached(inner, 6, outside)]).inside(inner, np.arange(7))
    assert found.source[found.of].tolist() == found.members.tolist() == [6]
