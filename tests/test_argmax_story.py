"""What a report tells beyond verdicts: leads, norms, slack, near duplicates, in numbers and in words."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest
from argmax_proofs import decided

import rankkit as rk
from rankkit.domains import AtLeast, Box
from rankkit.reach import Meter, progress
from rankkit.reach.clusters import near_duplicates, shortest_state


def exact_lead(head: rk.Head, i: int, x: np.ndarray) -> Fraction:
    b = np.zeros(head.classes) if head.b is None else head.b
    exact = np.vectorize(lambda v: Fraction(float(v)), otypes=[object])
    scores = exact(head.W) @ exact(x) + exact(b)
    return scores[i] - max(s for j, s in enumerate(scores) if j != i)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_the_margin_is_the_lead_at_the_state_of_the_certificate(bias: bool, scale: float) -> None:
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((40, 3)), rng.standard_normal(40) * scale if bias else None
    report = decided(W * scale, b)
    for i in report.argmaxable:
        assert report.margin(i) == float(exact_lead(report.head, i, report.certificate(i).x)) > 0
    assert report.margin(int(report.unargmaxable[0])) is None


def test_the_margin_of_near_twins_is_exact() -> None:
    report = decided([[1.0, 0], [1, 2.0**-52], [0, 1]])
    x = report.certificate(1).x
    assert report.margin(1) == float(exact_lead(report.head, 1, x))
    assert decided([[1.0, 0], [1, 0], [0, 1]]).margin(0) > 0  # of the group


@pytest.mark.parametrize("domain", [None, Box(50), AtLeast(-0.3)])
@pytest.mark.parametrize("bias", [False, True])
def test_the_norm_that_a_lead_needs_lies_between_its_bounds(bias: bool, domain: Box | None) -> None:
    rng = np.random.default_rng(1)
    report = decided(rng.standard_normal((50, 3)), rng.standard_normal(50) if bias else None, domain)
    W, b = report.head.W, rng.standard_normal(50) * 0 if not bias else report.head.b
    found = 0
    for i in report.argmaxable:
        low, high = report.norm_needed(i, lead=0.5)
        assert 0 <= low <= high
        if np.isfinite(high) and domain is None:  # the shortest state with that lead, by least distance
            raised = b + 0.5
            raised[i] -= 0.5
            state, _, _ = shortest_state(W, raised, i, np.delete(np.arange(50), i))
            assert low * (1 - 1e-9) <= np.linalg.norm(state) <= high * (1 + 1e-9)
        found += np.isfinite(high)
    assert found > 3
    assert report.norm_needed(int(report.unargmaxable[0]))[1] == np.inf


def test_slack_is_what_the_dominating_mean_has_to_spare() -> None:
    report = decided([[0.0], [2.0], [1.0]], [0.0, 0.0, -0.25])
    assert report.slack(2) == 0.25
    assert report.slack(0) is None
    assert decided([[0.0], [2.0], [1.0]]).slack(2) == 0
    assert decided([[1.0], [0.0]], [-2.0, 0.0], Box(1)).slack(0) == 1
    assert decided([[1.0, 0], [1, 0], [0, 1]]).slack(0) == 0


def test_the_largest_lead_at_short_states_lies_between_its_bounds() -> None:
    rng = np.random.default_rng(2)
    for b in (None, rng.standard_normal(30)):
        report = decided(rng.standard_normal((30, 2)), b)
        turn = np.linspace(0, 2 * np.pi, 721)
        states = np.vstack([r * np.column_stack([np.cos(turn), np.sin(turn)]) for r in np.linspace(0, 1, 21)])
        logits = report.head.logits(states).dense()
        for i in range(30):
            best = (logits[:, i] - np.delete(logits, i, axis=1).max(axis=1)).max()
            low, high = report.bounds(i)
            assert low <= high
            assert best <= high + 1e-12
            assert low <= best + 0.02
    hard = rk.Head([[1e300, 0], [-1e300, 0], [0, 1e-300], [0, 0]], [0.0, 0.0, 1e-300, 1e300])
    undecided = rk.argmaxable(hard)
    assert "beyond the range" in undecided.reason(2)
    assert undecided.bounds(2)[0] <= undecided.bounds(2)[1] < 0


def beaten_below(head: rk.Head, members: np.ndarray) -> float:
    """The norm from which some member is ahead of all others, in the plane, by search over directions."""
    others = np.delete(np.arange(head.classes), members)
    turn = np.linspace(0, 2 * np.pi, 20001)[:-1]
    U = np.column_stack([np.cos(turn), np.sin(turn)])
    least = np.inf
    for i in members:
        slope, gap = U @ (head.W[i] - head.W[others]).T, head.b[others] - head.b[i]
        with np.errstate(divide="ignore"):
            ends = gap / slope
        start = np.where(slope > 0, ends, 0).max(axis=1, initial=0)
        stop = np.where(slope < 0, ends, np.inf).min(axis=1)
        good = (start <= stop) & ~((slope == 0) & (gap > 0)).any(axis=1)
        least = min(least, start[good].min(initial=np.inf))
    return least


@pytest.mark.parametrize("lift", [-2.0, -0.5])
def test_near_duplicates_are_found_with_the_norm_below_which_they_are_beaten(lift: float) -> None:
    rng = np.random.default_rng(3)
    W = np.vstack([rng.standard_normal((60, 2)), [5.0, 2.0] + 1e-3 * rng.standard_normal((30, 2))])
    b = np.append(0.1 * rng.standard_normal(60), lift + 1e-3 * rng.standard_normal(30))
    report = decided(W, b)
    cluster = report.clusters[0]
    assert set(range(60, 90)) <= set(cluster.classes.tolist())
    assert cluster.radius < 0.1
    low, high = cluster.norm
    true = beaten_below(report.head, cluster.classes)
    assert 0 < low <= true * (1 + 1e-6)
    assert true <= high * (1 + 1e-3)
    assert high <= low * (1 + 1e-6)
    assert not np.isin(cluster.beaten_by, cluster.classes).any()
    text = report.story()
    assert "near duplicates" in text
    assert f"the shortest state that puts one of them ahead of all others has a norm of {low:.3g}." in text


def test_equal_rows_are_told_to_win_or_lose_together() -> None:
    equal = "classes are near duplicates, none of which can win alone: their rows are equal"
    alone = decided(np.full((6, 3), 0.1))
    assert alone.clusters[0].radius == 0
    assert alone.story().endswith(f"6 {equal}.")
    assert f"2 {equal}; states of" in decided([[1.0, 0], [1, 0], [0, 1], [-1, -1]]).story()


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_norms_are_told_at_both_ends_of_float64(scale: float) -> None:
    report = rk.argmaxable(rk.Head(scale * np.array([[3.0, 4], [-3, -4], [0, 1], [1, 1]])))
    assert report.rows()[0]["norm"] == pytest.approx(5 * scale, rel=1e-15)
    assert rk.argmaxable(rk.Head([[1.7e308, 1.7e308], [0, 1]])).rows()[0]["norm"] is None


def test_a_cluster_that_is_dominated_from_outside_is_beaten_at_every_norm() -> None:
    rng = np.random.default_rng(5)
    W = np.vstack([rng.standard_normal((60, 2)), [0.5, 0.2] + 1e-3 * rng.standard_normal((30, 2))])
    report = decided(W, np.append(np.zeros(60), np.full(30, -2.0)))
    assert report.clusters[0].norm == (np.inf, np.inf)
    assert "none of which can win" in report.story()
    assert "at every state others are ahead of all of them" in report.story()


@pytest.mark.parametrize(("centre", "norm"), [([0.3, 0.3], np.inf), ([3.0, 0.0], 0.0)])
def test_without_a_bias_a_cluster_is_beaten_at_all_norms_or_none(centre: list[float], norm: float) -> None:
    rng = np.random.default_rng(4)
    corners = np.array([[3.0, 0], [0, 3], [-3, -3]])
    report = decided(np.vstack([corners, centre + 1e-3 * rng.standard_normal((9, 2))]))
    assert set(range(3, 12)) <= set(report.clusters[0].classes.tolist())
    assert report.clusters[0].norm[0] == norm


def test_scattered_losers_are_no_cluster() -> None:
    assert decided([[2.0, 0], [-2, 0], [0, 2], [0, -2], [0.5, 0], [-0.5, 0]]).clusters == ()
    report = decided(np.eye(3))
    assert report.clusters == near_duplicates(report.ledger, report.unargmaxable) == ()


def test_the_story_names_the_classes_and_what_dominates_them() -> None:
    names = ["north", "east", "south", "west", "centre", "<b>", " "]
    W = [[0.0, 1], [1, 0], [0, -1], [-1, 0], [0.1, 0.2], [2, 2], [2, 2]]
    report = rk.argmaxable(rk.Head(W, class_names=names))
    text = report.story()
    for part in ("never win", "centre", "tie", "SPACE"):
        assert part in text
    rows = {row["name"]: row for row in report.rows()}
    assert rows["north"]["dominated_by"] == []
    assert sum(weight for _, weight in rows["centre"]["dominated_by"]) == pytest.approx(1)
    assert rows["<b>"]["dominated_by"] == [(6, 1.0)]
    page = report._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "same row as SPACE (6)" in page


def test_the_meter_tells_how_many_are_decided_and_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    meter = Meter(out)
    for second, decided_ in [(0, 0), (1, 10), (4, 40), (5, 45), (8, 80), (9, 1000), (9, 1000)]:
        now[0] = second
        meter(decided_, 1000)
    assert out.getvalue().splitlines() == [
        "0 of 1,000 classes decided",
        "40 of 1,000 classes decided, about 96 s left",
        "80 of 1,000 classes decided, about 92 s left",
        "1,000 of 1,000 classes decided",
    ]
