"""The search for many nearest points at once: who is on the way, where it takes aim, what it ends with."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rankkit.reach.engine import min_norm, pricing
from rankkit.reach.engine.coordinates import make_cloud
from rankkit.reach.engine.hulls import Hulls
from rankkit.reach.states import States
from rankkit.threads import workers


def cloud_of(n: int, d: int, bias: bool = False) -> min_norm.Cloud:
    rng = np.random.default_rng(3)
    return make_cloud(rng.standard_normal((n, d)), rng.standard_normal(n) if bias else None)


def ends(cloud: min_norm.Cloud, queue: np.ndarray, first: int) -> list[list]:
    """Run a search to its end; return what ended in each round."""

    def rivals(points: np.ndarray) -> np.ndarray:
        return np.tile(np.arange(20), (len(points), 1))

    everyone = lambda points: np.ones(len(points), bool)  # noqa: E731
    with threadpool_limits(2), workers(entries=10**9):
        return list(min_norm.search(cloud, queue, rivals, everyone, everyone, first))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_every_search_ends_once_and_tells_the_truth(
    bias: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(min_norm, "MANY", 0 if compiled else np.inf)
    cloud = cloud_of(600, 12, bias)
    queue = np.random.default_rng(0).permutation(600)[:150]
    states = [state for ended in ends(cloud, queue, 8) for state in ended]
    assert sorted(state.point for state in states) == sorted(queue)
    points = cloud.points(np.arange(600))
    for state in states:
        others = np.delete(points, state.point, axis=0) - points[state.point]
        assert state.separated != state.reached
        if state.separated:
            assert (others @ state.direction < 0).all()
            assert (cloud.rays @ state.direction < 0).all()
        else:
            assert min_norm.nearest_point(np.vstack([cloud.rays, others]))[2] < 1e-7
    assert 0 < sum(state.reached for state in states) < 20


def test_searches_join_as_others_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few at first, then some more for each that has ended, and never more than have places."""
    under_way: list[int] = []
    solve = min_norm._solve

    def counted(cloud: object, hulls: object, todo: np.ndarray, *rest: object) -> None:
        under_way.append(len(todo))
        solve(cloud, hulls, todo, *rest)

    monkeypatch.setattr(min_norm, "_solve", counted)
    monkeypatch.setattr(min_norm, "LARGEST_WAVE", 40)
    ended = [len(states) for states in ends(cloud_of(600, 12), np.arange(150), 8)]
    most = 8 + min_norm.GROWTH * np.cumsum([0, *ended[:-1]])
    assert under_way[0] == 8
    assert (np.array(under_way) <= np.minimum(most, 40)).all()
    assert max(under_way) == 40


def test_long_searches_aim_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The aim lies between the last one and the direction, but for the first rounds."""
    seen = []
    take_aim = pricing.take_aim

    def watched(cloud: object, hulls: Hulls, todo: np.ndarray, before: np.ndarray) -> np.ndarray:
        last = hulls.aim[todo].copy()
        half_way = take_aim(cloud, hulls, todo, before)
        directions = -hulls.point[todo] / np.linalg.norm(hulls.point[todo], axis=1, keepdims=True)
        aims = np.where(half_way[:, None], last + directions, directions)
        np.testing.assert_allclose(hulls.aim[todo], aims / np.linalg.norm(aims, axis=1, keepdims=True))
        assert not half_way[hulls.rounds[todo] <= pricing.EASY].any()
        seen.append(half_way.sum())
        return half_way

    monkeypatch.setattr(min_norm, "take_aim", watched)
    monkeypatch.setattr(min_norm, "MANY", 0)
    monkeypatch.setattr(pricing, "EASY", 1)
    monkeypatch.setattr(pricing, "MOST", 8)  # so that searches are long
    ends(cloud_of(2000, 24), np.arange(60), 60)
    assert sum(seen) > 10


@pytest.mark.parametrize("compiled", [False, True])
def test_lists_take_what_is_new_and_make_way_for_it(compiled: bool) -> None:
    cloud = cloud_of(50, 4, bias=True)  # with one ray
    hulls = Hulls.among(cloud, 3, 6, compiled)
    places, own = np.array([2, 0]), np.array([7, 8])
    hulls.begin(places, own, np.array([[1, 2, -1, 1, 7], [7, 8, -1, -1, 9]]))
    assert [hulls.rivals_of(t).tolist() for t in (2, 0, 1)] == [[1, 2], [7, 9], []]
    assert hulls.extend(places, np.array([[2, -1, 3], [9, 8, -1]])).tolist() == [True, False]
    assert [hulls.rivals_of(t).tolist() for t in (2, 0)] == [[1, 2, 3], [7, 9]]
    hulls.corral[2, :3], hulls.size[2] = [3, 0, 2], 3  # the rivals 3 and 2, and the ray between them
    assert hulls.extend(places[:1], np.array([[4, 5, 6, 2, 10, 11, 1]])).tolist() == [True]
    assert hulls.rivals_of(2).tolist() == [3, 2, 4, 5, 6, 10]
    assert hulls.corral[2, :3].tolist() == [1, 0, 2]
    assert not hulls.marked.any()


def test_no_aim_comes_near_a_ray() -> None:
    """A direction in which less bias would help is no witness, however far the last aim leads there."""
    cloud = cloud_of(50, 4, bias=True)
    hulls = Hulls.among(cloud, 1, 10)
    hulls.begin(np.array([0]), np.array([0]), np.arange(1, 5)[None])
    hulls.rounds[0], ray = pricing.EASY + 1, cloud.rays[0]
    across = np.linalg.svd(ray[None])[2][1]  # at right angles to the ray
    hulls.point[0] = across + 0.3 * ray
    for lean, expected in [(-0.2, True), (0.29, False), (0.1, True)]:
        hulls.aim[0] = -across + lean * ray
        assert pricing.take_aim(cloud, hulls, np.array([0]), np.zeros((1, cloud.width)))[0] == expected
        assert hulls.aim[0] @ ray < 0


def test_states_come_back_as_they_went_in() -> None:
    rng = np.random.default_rng(0)
    states = States(10, 3)
    narrow, wide, sums = (
        rng.standard_normal((2, 3)),
        rng.standard_normal((3, 3)),
        rng.standard_normal((1, 2, 3)),
    )
    states.enter(np.array([7, 1]), narrow.astype(np.float32))
    states.enter(np.array([9, 0]), wide[:2])
    states.enter(np.array([4]), wide[2:])
    states.enter(np.array([5]), sums)
    assert (states.of(1) == narrow[1].astype(np.float32)).all()
    assert [(states.of(i) == row).all() for i, row in zip((9, 0, 4), wide, strict=True)] == [True] * 3
    assert (states.of(5) == sums[0]).all()
    assert states.of(7).dtype == states.of(0).dtype == np.float64
