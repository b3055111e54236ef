"""The pruned pass in float32: what it proves is true exactly, and what it leaves open it does not hide."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rankkit.certificates.checker import classes as checker
from rankkit.certificates.checker import simplex
from rankkit.reach import looks, screen
from rankkit.threads import workers


def heavy(classes: int, d: int) -> np.ndarray:
    """Rows with a common offset, unlike norms and a decaying spectrum, as language models have them."""
    rng = np.random.default_rng(0)
    scale = 1 / np.sqrt(np.arange(1, d + 1))
    norms = np.exp(0.25 * rng.standard_normal((classes, 1)))
    return rng.standard_normal((classes, d)) * scale * norms + 3 * rng.standard_normal(d) * scale


def leads_hold(W: np.ndarray, found: screen.Screened, proved: np.ndarray) -> None:
    """Assert that rows ``proved`` win at their states, by the leads that are stated."""
    states = found.states[proved].astype(np.float64)
    assert not any(checker.witnesses(W, None, proved.tolist(), states, [()] * len(proved)))
    scores = states @ np.ldexp(W, -found.exponent).T
    own = scores[np.arange(len(proved)), proved].copy()
    scores[np.arange(len(proved)), proved] = -np.inf
    assert (own - scores.max(axis=1) >= found.leads[proved] * (1 - 1e-12) - 1e-12 * own).all()


@pytest.mark.parametrize("exponent", [-900, 0, 900])
@pytest.mark.parametrize(("classes", "d"), [(300, 3), (2500, 64)])
def test_every_lead_is_a_lower_bound(classes: int, d: int, exponent: int) -> None:
    W = np.ldexp(heavy(classes, d), exponent)
    found = screen.own_directions(W, np.arange(classes))
    proved = np.flatnonzero(found.leads > 0)
    assert 0 < len(proved) < classes
    leads_hold(W, found, proved)


def test_wide_rows_are_safe_in_narrow_precision() -> None:
    """Every row of a wide head has a twin that is longer by a share of 0.1 down to 1e-9."""
    rows = heavy(300, looks.WIDE + 8)
    mean = rows.mean(axis=0)
    W = np.vstack([rows, rows + np.logspace(-1, -9, 300)[:, None] * (rows - mean)])
    found = screen.own_directions(W, np.arange(600))
    proved = np.flatnonzero(found.leads > 0)
    assert proved.max() < 590
    assert np.isin(np.arange(300, 330), proved).all()  # longer by a hundredth and more
    leads_hold(W, found, proved)


def test_what_is_left_open_has_a_rival_beyond_it() -> None:
    W = heavy(2500, 64)
    found = screen.own_directions(W, np.arange(2500))
    scores = found.states.astype(np.float64) @ W.T
    open_rows = np.flatnonzero(found.leads <= 0)
    assert len(open_rows)
    np.testing.assert_array_equal(found.open, open_rows)
    for i, (first, *_) in zip(open_rows, found.rivals, strict=True):
        assert first == np.where(np.arange(2500) == i, -np.inf, scores[i]).argmax()
        assert scores[i, first] > scores[i, i] * (1 - 1e-4)


def test_rows_are_named_by_their_places_among_those_that_count() -> None:
    """A head with every row twice is screened by one of each, as if it had no other."""
    W = heavy(900, 20)
    which = np.random.default_rng(1).permutation(900) * 2
    asked = np.arange(0, 900, 3)
    found = screen.own_directions(np.repeat(W, 2, axis=0), asked, which=which)
    alone = screen.own_directions(W[which // 2], asked)
    np.testing.assert_array_equal(found.leads > 0, alone.leads > 0)
    np.testing.assert_array_equal(found.open, alone.open)
    np.testing.assert_array_equal(found.rivals[:, 0], alone.rivals[:, 0])


def test_more_threads_find_the_same() -> None:
    W, asked = heavy(5000, 64), np.arange(5000)
    one = screen.own_directions(W, asked)
    with threadpool_limits(3), workers(W.size) as crew:
        assert crew.count == 3
        three = screen.own_directions(W, asked)
    for name in ("states", "leads", "open", "rivals"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


@pytest.mark.parametrize("digits", [4, 8, 12])
def test_near_twins_are_proved_only_where_they_differ_enough(digits: int) -> None:
    W = heavy(200, 16)
    longest = int(np.linalg.norm(W - W.mean(axis=0), axis=1).argmax())
    W = np.vstack([W, W[longest] + 10.0**-digits * (W[longest] - W.mean(axis=0))])
    found = screen.own_directions(W, np.array([longest, 200]))
    assert found.leads[0] <= 0  # its twin is a little longer
    assert (found.leads[1] > 0) == (digits == 4)
    x = [Fraction(float(v)) for v in found.states[200]]
    lead = sum(
        a * (Fraction(float(u)) - Fraction(float(v))) for a, u, v in zip(x, W[200], W[longest], strict=True)
    )
    assert lead > 0 or digits > 4
    assert Fraction(float(found.leads[1])) * Fraction(2) ** found.exponent <= lead


@pytest.mark.parametrize("bias", [False, True])
def test_a_simplex_holds_what_is_inside_and_nothing_else(bias: bool) -> None:
    rng = np.random.default_rng(1)
    corners = rng.standard_normal((5, 4))
    weights = rng.dirichlet(np.ones(5), size=6)
    weights[3] = [1.2, -0.2, 0.0, 0.0, 0.0]
    W = np.vstack([corners, weights @ corners])
    b = np.concatenate([np.ones(5), np.ones(6) - 1e-9]) if bias else None
    if b is not None:
        b[9] = 1 + 1e-9  # reaches above the roof
    corners, of, classes = np.arange(5)[None], np.zeros(6, int), np.arange(5, 11)
    shown = simplex.enclosed(W, b, corners, of, classes, weights)
    assert shown.tolist() == [True, True, True, False, not bias, True]
    wrong = np.roll(weights, 1, axis=1)
    assert not simplex.enclosed(W, b, corners, of, classes, wrong).any()
    flat = np.vstack([W[:4], W[:1], W[5:]])
    assert not simplex.enclosed(flat, b, corners, of, classes, weights).any()
