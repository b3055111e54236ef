"""Verdicts on classes against systems that share nothing with the engine."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from argmax_proofs import decided
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

import rankkit as rk
from rankkit.reach.ledger import Verdict


def exact_verdicts(W: np.ndarray, b: np.ndarray | None) -> list[Verdict]:
    """Decide every class by enumeration: d + 1 other rows suffice to dominate it."""
    points = [[Fraction(float(v)) for v in row] for row in W]
    lift = [Fraction(0)] * len(W) if b is None else [Fraction(float(v)) for v in b]
    out = []
    for i, point in enumerate(points):
        others = [j for j in range(len(points)) if j != i]
        twins = [j for j in others if points[j] == point]
        if any(lift[j] == lift[i] for j in twins) and all(lift[j] <= lift[i] for j in twins):
            out.append(Verdict.TIED)
            continue
        groups = itertools.chain(*(itertools.combinations(others, m + 1) for m in range(len(point) + 1)))
        lost = any(_dominates(points, lift, i, group) for group in groups)
        out.append(Verdict.UNARGMAXABLE if lost else Verdict.ARGMAXABLE)
    return out


def _dominates(points: list[list[Fraction]], lift: list[Fraction], i: int, group: tuple[int, ...]) -> bool:
    """Whether an affinely independent ``group`` has a mean that is row i with at least its bias."""
    system = [[points[j][k] for j in group] + [points[i][k]] for k in range(len(points[i]))]
    system.append([Fraction(1)] * (len(group) + 1))
    for k in range(len(group)):
        pivot = next((r for r in range(k, len(system)) if system[r][k]), None)
        if pivot is None:
            return False
        system[k], system[pivot] = system[pivot], system[k]
        system[k] = [v / system[k][k] for v in system[k]]
        for r in range(len(system)):
            if r != k and system[r][k]:
                system[r] = [v - system[r][k] * u for v, u in zip(system[r], system[k], strict=True)]
    weights = [row[-1] for row in system]
    if any(weights[len(group) :]) or min(weights) < 0:
        return False
    return sum(w * lift[j] for w, j in zip(weights, group, strict=False)) >= lift[i]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("d", [2, 3, 4, 5, 6])
def test_vertices_of_random_points_are_those_of_qhull(d: int, seed: int) -> None:
    rng = np.random.default_rng([d, seed])
    W = rng.standard_normal((int(rng.integers(d + 2, 60 * d)), d))
    assert set(decided(W).argmaxable) == set(ConvexHull(W).vertices)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_with_a_bias_they_are_the_vertices_of_qhulls_upper_hull(d: int, seed: int) -> None:
    rng = np.random.default_rng([d, seed, 1])
    W = rng.standard_normal((int(rng.integers(d + 2, 60 * d)), d))
    b = rng.standard_normal(len(W))
    hull = ConvexHull(np.column_stack([W, b]))
    assert set(decided(W, b).argmaxable) == set(hull.simplices[hull.equations[:, d] > 0].ravel())


@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_small_integer_heads_agree_with_enumeration(data: st.DataObject) -> None:
    d, classes = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 8))
    entries = st.integers(-2, 2)
    W = np.array(
        data.draw(st.lists(st.lists(entries, min_size=d, max_size=d), min_size=classes, max_size=classes))
    )
    b = data.draw(st.none() | st.lists(entries, min_size=classes, max_size=classes).map(np.array))
    report = decided(W, b)
    assert [report.verdict(i) for i in range(classes)] == exact_verdicts(W, b)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_larger_integer_heads_end_in_checked_verdicts(data: st.DataObject) -> None:
    d, classes = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 30))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    bias = rng.integers(-2, 3, classes) if data.draw(st.booleans()) else None
    decided(rng.integers(-2, 3, (classes, d)), bias)


@pytest.mark.parametrize("digits", [6, 9, 12])
def test_seven_classes_in_the_plane(digits: int) -> None:
    """Points on an edge, and just inside and outside of it: where a float LP says "infeasible"."""
    gap = 10.0**-digits
    corners = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    W = np.array([*corners, [0.5, 0.5 - gap], [0.5, 0.5 + gap], [0.5, 0.5]])
    assert decided(W).argmaxable.tolist() == [0, 1, 2, 3, 5]
    assert decided(W[[0, 1, 2, 3, 4, 6]]).unargmaxable.tolist() == [4, 5]
    assert [v.name for v in exact_verdicts(W[:6], None)][4:] == ["UNARGMAXABLE", "ARGMAXABLE"]


@pytest.mark.parametrize("M", [3, 7, 12])
def test_corners_of_a_regular_polygon_win_and_its_centre_does_not(M: int) -> None:
    turn = 2 * np.pi * np.arange(M) / M
    corners = np.column_stack([np.cos(turn), np.sin(turn)])
    report = decided(np.vstack([corners, [[0.0, 0.0]]]))
    assert report.argmaxable.tolist() == list(range(M))
    assert report.unargmaxable.tolist() == [M]


def test_every_point_of_a_cyclic_polytope_wins() -> None:
    t = np.arange(1, 15, dtype=float)
    assert len(decided(np.column_stack([t, t**2, t**3, t**4])).argmaxable) == 14


@pytest.mark.parametrize(("classes", "d"), [(4, 9), (9, 9), (10, 9)])
def test_affinely_independent_rows_all_win(classes: int, d: int) -> None:
    W = np.random.default_rng(classes).standard_normal((classes, d))
    assert len(decided(W).argmaxable) == classes


def test_the_power_lift_makes_every_row_win() -> None:
    W = np.random.default_rng(0).integers(-4, 5, (40, 3)).astype(float)
    W = np.unique(W, axis=0)
    assert len(decided(W, -(W**2).sum(axis=1)).argmaxable) == len(W)
    assert len(decided(W).argmaxable) < len(W)  # without the lift some do not


def test_most_points_of_a_gaussian_cloud_in_four_dimensions_never_win() -> None:
    W = np.random.default_rng(0).standard_normal((1000, 4))
    report = rk.argmaxable(rk.Head(W))
    assert set(report.argmaxable) == set(ConvexHull(W).vertices)
    assert len(report.unargmaxable) == 912
