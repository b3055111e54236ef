"""Points a rounding error off a face: decided by magnifying, as exact pivots would decide them, at once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import rankkit as rk
from rankkit.certificates.checker import classes as checker
from rankkit.reach.engine import exact, faces

TINY = 2.0**-60


def beside_a_triangle(d: int, off: float) -> np.ndarray:
    """Rows whose last one is ``off`` beyond the middle of a triangle, a face of the hull of all others.

    The first coordinate is 0 on the triangle and -1 elsewhere. Below its middle lie pairs of rows to either
    side. All numbers are exact.
    """
    rng = np.random.default_rng(0)
    corners = rng.integers(-8, 9, (3, d)).astype(float)
    corners[:, 0] = 0
    middle = np.array([0.5, 0.25, 0.25]) @ corners
    aside = np.round(4 * rng.standard_normal((2 * d, d)))
    aside[:, 0] = 0
    below = middle - np.eye(1, d)[0]
    return np.vstack([corners, below + aside, below - aside, middle + off * np.eye(1, d)[0]])


@pytest.fixture
def pivots(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exact solves of each walk, as they come."""
    counts: list[int] = []
    decide, leaving = exact.ExactHull.decide, exact.ExactHull._leaving

    def decided(hull: exact.ExactHull, *rest: object) -> object:
        counts.append(0)
        return decide(hull, *rest)

    def left(hull: exact.ExactHull, *rest: object) -> object:
        counts[-1] += 1
        return leaving(hull, *rest)

    monkeypatch.setattr(exact.ExactHull, "decide", decided)
    monkeypatch.setattr(exact.ExactHull, "_leaving", left)
    return counts


@pytest.mark.parametrize("biases", [None, 1.0, 2.0**40])
@pytest.mark.parametrize("d", [8, 80])
def test_beyond_a_face_by_next_to_nothing_a_class_wins(d: int, biases: float | None, pivots: list) -> None:
    W = beside_a_triangle(d, TINY)
    b = None if biases is None else np.full(len(W), biases)
    if b is not None:
        b[3:-1] -= np.random.default_rng(1).integers(0, 8, len(b) - 4) / 8
    report = rk.argmaxable(rk.Head(W, b))
    assert report.rows()[-1]["verdict"] == "ARGMAXABLE"
    assert pivots == []


@pytest.mark.parametrize("lower", [None, 0.0, 0.5, TINY])
@pytest.mark.parametrize("d", [8, 80])
def test_inside_a_face_by_next_to_nothing_it_never_wins(d: int, lower: float | None, pivots: list) -> None:
    W = beside_a_triangle(d, -TINY)
    b = None if lower is None else np.append(np.zeros(len(W) - 1), -lower)
    if b is not None:
        b[3:-1] = -np.random.default_rng(1).integers(8, 16, len(b) - 4) / 8  # lower beside the triangle
        b[-1] -= 4 * TINY
    report = rk.argmaxable(rk.Head(W, b))
    assert report.rows()[-1]["verdict"] == "UNARGMAXABLE"
    assert sum(pivots) <= 2


@pytest.mark.parametrize("bias", [False, True])
def test_twins_that_differ_in_their_last_digit_are_told_apart(bias: bool, pivots: list) -> None:
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((2000, 64)), rng.standard_normal(2000) if bias else None
    twins = W[:16].copy()
    twins[:, 0] = np.nextafter(twins[:, 0], np.inf * (-1.0) ** np.arange(16))
    report = rk.argmaxable(rk.Head(np.vstack([W, twins]), None if b is None else np.append(b, b[:16])))
    assert len(report.argmaxable) == 2016
    assert report.counts()["ARGMAXABLE"]["exact"] > 0
    assert pivots == []


@pytest.mark.parametrize("bias", [False, True])
def test_so_are_clusters_of_rows_that_differ_in_last_digits(bias: bool, pivots: list) -> None:
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((1000, 64)), rng.standard_normal(1000) if bias else None
    cluster = np.repeat(W[:2], 5, axis=0)
    for row in cluster:
        some = rng.integers(64, size=2)
        row[some] = np.nextafter(row[some], np.inf * rng.choice([-1, 1], 2))
    report = rk.argmaxable(
        rk.Head(np.vstack([W, cluster]), None if b is None else np.append(b, b[:2].repeat(5)))
    )
    assert len(report.argmaxable) == 1010
    assert report.counts()["ARGMAXABLE"]["exact"] > 5
    assert pivots == []


def test_a_row_on_the_face_itself_takes_no_pivot(pivots: list) -> None:
    """Thirds are no float64 numbers: no offset could be told from rounding, however often it is refined."""
    W = beside_a_triangle(16, 0.0)
    W[:3] *= 3
    W[-1] = W[:3].sum(axis=0) / 3
    W[3:-1] -= 64 * np.eye(1, 16)[0]
    assert sorted(rk.argmaxable(rk.Head(W)).certificate(len(W) - 1).rows) == [0, 1, 2]
    assert pivots == []


@pytest.mark.parametrize("d", [24, 80])
def test_nor_does_a_row_that_another_one_exceeds_in_few_entries(d: int, pivots: list) -> None:
    """States are not negative: such a row loses by its other's, on a face that bounds make."""
    rng = np.random.default_rng(0)
    W = rng.integers(-7, 8, (40, d)).astype(float)
    less = W[:20].copy()
    less[np.arange(20), rng.integers(d, size=20)] -= 2
    less[:10, 0] -= 1
    report = rk.argmaxable(rk.Head(np.vstack([W, less])), rk.domains.NonNegative())
    assert [report.certificate(40 + i).rows for i in range(20)] == [(i,) for i in range(20)]
    assert pivots == []


def test_only_what_is_exactly_a_mean_is_carried() -> None:
    W = np.array([[3.0, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 1], [1, 1, 1 + 2.0**-52], [4, -1, 0], [6, 0, 0]])
    hull = exact.ExactHull(W, np.zeros(7), np.hstack([-np.eye(3), np.zeros((3, 1))]))
    third = Fraction(1, 3)
    assert hull.carried(3, np.arange(3)) == exact.Loses((0, 1, 2), (third,) * 3)
    assert hull.carried(3, np.array([2, 0, 1, 6])) == exact.Loses((2, 0, 1), (third,) * 3)
    assert hull.carried(0, np.array([6, -2])) == exact.Loses((6,), (Fraction(1),))  # less along one axis
    for i, support in [
        (4, [0, 1, 2]),  # off by its last digit
        (5, [0, 1]),  # a weight would be negative
        (6, [0, -2]),  # so would what is taken off
        (3, [0, 1]),  # a corner is missing
        (3, [0, 1, 3]),  # itself
        (3, [0, 0, 1, 2]),  # one twice
        (3, []),
    ]:
        assert hull.carried(i, np.array(support, np.int64)) is None


@pytest.mark.parametrize("seed", range(12))
def test_exact_pivots_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    d, n, m = int(rng.choice([3, 6, 12])), int(rng.choice([30, 120])), int(rng.choice([2, 3]))
    W, b = rng.standard_normal((n, d)), rng.standard_normal(n) if seed % 2 else None
    rows, biases = [], []
    for off in (0.0, 1e-16, -1e-16, 1e-13):
        front = np.argsort(-(W @ rng.standard_normal(d)))[:m]
        weights = rng.dirichlet(np.ones(m))
        rows.append(weights @ W[front] + off * rng.standard_normal(d))
        biases.append(0.0 if b is None else weights @ b[front] - abs(off))
    head = rk.Head(np.vstack([W, rows]), None if b is None else np.append(b, biases))
    magnified = rk.argmaxable(head)
    monkeypatch.setattr(faces, "_carriers", lambda cloud, state, falling: state.support[:0])
    assert magnified.counts().keys() == rk.argmaxable(head).counts().keys()
    np.testing.assert_array_equal(magnified.argmaxable, rk.argmaxable(head).argmaxable)


def test_long_states_are_told_apart_to_their_last_digit() -> None:
    """Two rows tie at the state as float64 rounds it; a term far below that decides, either way."""
    W = np.random.default_rng(0).standard_normal((500, 6))
    W[:2] = [8, 0, 0, 0, 0, 0], [8, 1, 0, 0, 0, 0]
    for term, wins in [(-(2.0**-80), 0), (2.0**-80, 1)]:
        state = np.array([[1.0, 0, 0, 0, 0, 0], [0, term, 0, 0, 0, 0]])
        refused = [checker.long_witness(W, None, i, state, []) for i in range(3)]
        assert [reason is None for reason in refused] == [i == wins for i in range(3)]
        assert "beats" in str(refused[1 - wins])


@pytest.mark.parametrize("exponent", [-1060, -400, 400, 1000])
def test_long_states_are_exact_at_both_ends_of_float64(exponent: int) -> None:
    rng = np.random.default_rng(1)
    W = rng.standard_normal((40, 3))
    terms = np.ldexp([[1.0, 0.3, -0.2], [2.0**-54, -(2.0**-55), 2.0**-57]], exponent)
    state = [Fraction(float(u)) + Fraction(float(v)) for u, v in zip(*terms, strict=True)]
    scores = [sum(x * Fraction(float(w)) for x, w in zip(state, row, strict=True)) for row in W]
    for i in range(40):
        expected = all(scores[i] > score for j, score in enumerate(scores) if j != i)
        assert (checker.long_witness(W, None, i, terms, []) is None) == expected
