"""Few axes first: whoever is ahead within them is ahead, and whoever is not is looked at again with all."""

from __future__ import annotations

import numpy as np
import pytest
from test_argmax_screen import heavy, leads_hold

import rankkit as rk
from rankkit.reach import looks, screen
from rankkit.reach.engine import steps
from rankkit.reach.engine.coordinates import make_cloud


def outside(states: np.ndarray, W: np.ndarray, axes: int) -> np.ndarray:
    """Return which share of each state lies outside the leading axes of the rows."""
    turn = np.linalg.svd(W - W.mean(axis=0), full_matrices=False)[2][:axes]
    return np.linalg.norm(states - states @ turn.T @ turn, axis=1) / np.linalg.norm(states, axis=1)


def test_most_rows_of_a_wide_head_win_within_few_axes() -> None:
    W = heavy(2500, 200)
    found = screen.own_directions(W, np.arange(2500))
    proved = np.flatnonzero(found.leads > 0)
    leads_hold(W, found, proved)
    share = outside(found.states[proved], W, screen.FIRST)
    assert (share < 1e-4).mean() > 0.5
    assert (share > 0.1).any()  # what did not win there was looked at again


def test_few_rows_are_compared_with_all_as_they_are() -> None:
    W, asked = heavy(2500, 200), np.arange(0, 2500, 50)
    found = screen.own_directions(W, asked)
    proved = np.flatnonzero(found.leads > 0)
    assert len(proved) > 40
    assert (outside(found.states[asked], W, screen.FIRST) > 0.1).all()
    scores = found.states[asked].astype(np.float64) @ np.ldexp(W, -found.exponent).T
    own = scores[np.arange(len(asked)), asked].copy()
    scores[np.arange(len(asked)), asked] = -np.inf
    lead = own - scores.max(axis=1)
    assert (lead[proved] >= found.leads[proved] * (1 - 1e-12)).all()
    np.testing.assert_array_equal(asked[found.leads <= 0], found.open)
    np.testing.assert_array_equal(found.rivals[:, 0], scores[found.leads <= 0].argmax(axis=1))


def test_leading_coordinates_are_the_first_ones() -> None:
    W, b = heavy(300, 40), np.linspace(0, 1, 300)
    whole, some = make_cloud(W, b), make_cloud(W, b, leading=7)
    assert some.width == 7
    ratio = np.linalg.norm(some.points(0)) / np.linalg.norm(whole.points(0)[:7])
    np.testing.assert_allclose(
        some.points(np.arange(300)), ratio * whole.points(np.arange(300))[:, :7], rtol=1e-6
    )
    np.testing.assert_allclose(np.linalg.norm(some.rays, axis=1), 1)
    direction = np.random.default_rng(0).standard_normal((1, 7)) + 5 * some.rays[0] * -1
    scores = some.points(np.arange(300)) @ direction[0]
    logits = W @ some.states(direction)[0] + b
    np.testing.assert_allclose(np.corrcoef(scores, logits)[0, 1], 1)
    assert scores.argmax() == logits.argmax()


def test_an_axis_that_the_sample_does_not_show_is_kept() -> None:
    W = np.column_stack(
        [np.random.default_rng(1).standard_normal((looks.LEAST + 50, 2)), np.zeros(looks.LEAST + 50)]
    )
    unseen = np.random.default_rng(0).permutation(len(W))[looks.LEAST]
    W[unseen, 2] = 1e-3
    assert make_cloud(W).width == 3
    assert unseen in rk.argmaxable(rk.Head(W), classes=[unseen]).argmaxable


@pytest.mark.parametrize("bias", [False, True])
def test_few_classes_of_a_wide_head_end_where_all_axes_are_needed(
    bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short rows need more axes to win than are tried first, and means of all others never win."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((700, 4 * steps.LEADING + 4))
    means = rng.dirichlet(np.ones(700), 6) @ rows
    hidden = 0.2 * rng.standard_normal((6, rows.shape[1]))
    W = np.vstack([rows, means, hidden])
    b = np.concatenate([np.full(700, 0.1), np.zeros(12)]) if bias else None
    widths = []
    monkeypatch.setattr(
        steps, "make_cloud", lambda *args, **kind: widths.append(kind["leading"]) or make_cloud(*args, **kind)
    )
    report = rk.argmaxable(rk.Head(W, b), classes=range(700, 712))
    assert widths == [steps.LEADING, None]
    assert set(report.unargmaxable) >= set(range(700, 706))
    assert len(report.undecided) == 0
    assert all(rk.check(report.certificate(i), rk.Head(W, b)) is True for i in range(700, 712))
    assert bias or len(report.argmaxable)
