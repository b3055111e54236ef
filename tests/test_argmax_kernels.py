"""The compiled loops do what their plain forms say, and the bounds of the float32 passes hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rankkit.certificates.checker import scores
from rankkit.reach import kernels
from rankkit.reach.passes import LARGE, furthest, merging


def products(columns: int, rows: int) -> np.ndarray:
    return np.random.default_rng(columns).standard_normal((columns, rows)).astype(np.float32)


@pytest.mark.parametrize(("columns", "rows", "k"), [(1, 1, 3), (40, 7, 5), (500, 64, 48)])
def test_the_furthest_columns_merge_into_heaps(columns: int, rows: int, k: int) -> None:
    lists = []
    for loop in (kernels.furthest, furthest):
        top = np.full((rows, k), -np.inf, np.float32)
        who = np.full((rows, k), -1)
        for start in (0, columns // 2):
            part = products(columns, rows)[start : start + max(1, columns // 2)]
            names, bar = np.arange(start, start + len(part)), np.full(rows, 0.5, np.float32)
            loop(part, np.arange(rows), names, bar, top, who)
        assert (top >= top[:, (np.arange(k) - 1).clip(0) // 2]).all()  # no place below has less
        assert not (who == np.arange(rows)[:, None]).any()
        order = np.argsort(top, axis=1)
        lists.append((np.take_along_axis(top, order, 1), np.take_along_axis(who, order, 1)))
    (top, who), (plain, names) = lists
    assert (top == plain).all()
    assert (who[np.isfinite(top)] == names[np.isfinite(top)]).all()


def test_compiled_loops_are_for_large_passes() -> None:
    assert merging(LARGE) is kernels.furthest
    assert merging(LARGE - 1) is furthest


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
