"""The compiled loops do what their plain forms say, and the bounds of the float32 passes hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rankkit.certificates.checker import scores
from rankkit.reach import kernels
from rankkit.reach.passes import LARGE, Plain, loops


def products(columns: int, rows: int) -> np.ndarray:
    return np.random.default_rng(columns).standard_normal((columns, rows)).astype(np.float32)


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (40, 7), (500, 64), (90, 150)])
@pytest.mark.parametrize("bar", [-9.0, 1.0, 2.5, 9.0])
def test_what_reaches_the_bar_is_named_or_left_to_its_column(columns: int, rows: int, bar: float) -> None:
    table, few = products(columns, rows), 5
    hits = table >= np.float32(bar)
    for loop in (kernels, Plain):
        places, many = loop.reaching(table, np.float32(bar), few)
        named = np.zeros(table.shape, bool)
        named.flat[places] = True
        assert (named.sum(axis=1) <= few).all()
        named[many] = hits[many]
        assert hits[many].any(axis=1).all()
        assert (named == hits).all()


@pytest.mark.parametrize("rows", [1, 20, 70])
def test_pairs_one_by_one_give_the_lists_of_a_whole_product(rows: int) -> None:
    rng = np.random.default_rng(rows)
    columns, d, cuts, lead, k = 90, 24, np.array([3, 10, 24]), 2, 4
    A, P = (rng.standard_normal((m, lead + d)).astype(np.float32) / 3 for m in (rows, columns))
    A[:, 1], P[:, 1] = rng.random(rows) / 100, rng.random(columns) / 100
    near, far = (
        np.array([np.linalg.norm(part[:, lead + c :], axis=1) for c in cuts], np.float32) * np.float32(1.001)
        for part in (A, P)
    )
    own, names, bar = np.arange(rows), np.arange(30, columns), np.float32(0.8)
    scores = P[names, 1:] @ A[:, 1:].T
    want, told = np.full((rows, k), -np.inf, np.float32), np.zeros((rows, k), np.int64)
    Plain.furthest(scores, own, names, bar, want, told)
    for loop in (kernels, Plain):
        top, who = np.full((rows, k), -np.inf, np.float32), np.zeros((rows, k), np.int64)
        places = np.arange(len(names) * rows)
        loop.one_by_one(places, names, own, lead, cuts, A, near, P, far, bar, top, who)
        np.testing.assert_allclose(top, want, rtol=1e-5)
        assert (who == told)[np.isfinite(want)].all()


@pytest.mark.parametrize(("columns", "rows", "k"), [(1, 1, 3), (40, 7, 5), (500, 64, 48)])
def test_the_furthest_columns_come_first_and_merge(columns: int, rows: int, k: int) -> None:
    lists = []
    for loop in (kernels, Plain):
        top = np.full((rows, k), -np.inf, np.float32)
        who = np.full((rows, k), -1)
        for start in (0, columns // 2):
            part = products(columns, rows)[start : start + max(1, columns // 2)]
            loop.furthest(
                part, np.arange(rows), np.arange(start, start + len(part)), np.float32(0.5), top, who
            )
        lists.append((top, who))
    (top, who), (plain, names) = lists
    assert (top == plain).all()
    assert (who[np.isfinite(top)] == names[np.isfinite(top)]).all()
    assert (top[:, 1:] <= top[:, :-1]).all()
    assert not (who == np.arange(rows)[:, None]).any()


def test_compiled_loops_are_for_large_passes() -> None:
    assert loops(LARGE) is kernels
    assert loops(LARGE - 1) is Plain


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("exponent", [-1000, -40, 0, 40, 1000])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_no_class_is_ruled_out_that_reaches_the_winner(bias: bool, exponent: int, offset: float) -> None:
    """Twins at many distances, one in 10 of them the better one, beside many plain losers."""
    rng = np.random.default_rng(1)
    d = 6
    first = rng.standard_normal(d)
    twins = first + 10.0 ** -np.arange(3, 17, 0.25)[:, None] * rng.standard_normal((56, d))
    W = np.ldexp(np.vstack([first, twins, rng.standard_normal((300, d)), first]) + offset, exponent)
    b = np.ldexp(rng.standard_normal(len(W)), exponent - 20) if bias else None
    X = np.vstack([first, rng.standard_normal((4, d)), 2.0**-30 * first, first.astype(np.float32)])
    classes = [0, 3, 7, 20, 50, 0, 0]
    for k, rest in enumerate(scores.contested(W, b, classes, X)):
        x = [Fraction(float(v)) for v in X[k]]
        exact = [sum(Fraction(float(v)) * u for v, u in zip(row, x, strict=True)) for row in W]
        if b is not None:
            exact = [value + Fraction(float(c)) for value, c in zip(exact, b, strict=True)]
        reach = {j for j, value in enumerate(exact) if j != classes[k] and value >= exact[classes[k]]}
        assert reach <= set(rest)
        if k == 0:
            assert len(rest) < len(W) / 2 or bias
