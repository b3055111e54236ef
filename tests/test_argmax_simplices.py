"""Simplices find exactly the points that lie inside, whatever the blocks they are looked at in."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.reach.engine import simplex
from rankkit.reach.engine.coordinates import Cloud, make_cloud
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.engine.simplex import around, simplex_of

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


@pytest.mark.parametrize("bytes_", [simplex.BYTES, 2000])
@pytest.mark.parametrize("bias", [False, True])
def test_what_lies_inside_is_found(monkeypatch: pytest.MonkeyPatch, bias: bool, bytes_: int) -> None:
    monkeypatch.setattr(simplex, "BYTES", bytes_)
    cloud = scattered(1, bias=bias)
    support = [*range(CORNERS), RAY] if bias else [*range(CORNERS)]
    found = [simplex_of(cloud, reached(cloud, CORNERS, support)) for _ in range(3)]
    points = np.random.default_rng(2).permutation(len(cloud.points32))
    wanted = points[(barycentric(cloud, np.array(support), points) > simplex.POSITIVE).all(axis=1)]
    assert 20 < len(wanted) < 280
    for one, near in zip(found, around(cloud, found, points), strict=True):
        assert np.isin(wanted, near).all()
        assert len(near) < len(points)
        members, weights = one.inside(cloud, near)
        assert members.tolist() == wanted.tolist()
        assert np.allclose(weights, barycentric(cloud, np.array(support), members), atol=1e-12)


def test_of_a_roof_the_ray_takes_the_place_of_what_it_misses() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([[3.0, 0.0], [0.0, 3.0], [-3.0, -3.0], [0.1, 0.1]])
    cloud = make_cloud(
        np.vstack([corners, np.zeros(2), rng.standard_normal((40, 2))]),
        np.array([1.0, 1.0, 1.0, -9.0, -1.0, *[0.0] * 40]),
    )
    found = simplex_of(cloud, reached(cloud, 4, [0, 1, 2, 3]))
    assert sorted(found.support.tolist()) == [RAY, 0, 1, 2]


def test_what_is_no_full_simplex_is_none() -> None:
    cloud = make_cloud(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.5, 0.5], [2.0, -1.0], [5.0, 4.0]]))
    flat, few, outside = [0, 1, 2], [0, 2], [0, 1, 4]
    assert simplex_of(cloud, reached(cloud, 3, flat)) is None
    assert simplex_of(cloud, reached(cloud, 3, few)) is None
    assert simplex_of(cloud, reached(cloud, 5, outside)) is None
