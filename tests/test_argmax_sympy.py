"""Verdicts against SymPy's exact simplex method, which shares no code with rankkit, on degenerate heads."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from sympy.solvers.simplex import linprog

import rankkit as rk

HAIR = 1e-9
PLANE = [(1, 0), (-1, 0), (0, 1), (0, -1), (0.5, 0.5 - HAIR), (0.5, 0.5 + HAIR), (0.5, 0.5)]


def margin(head: rk.Head, i: int) -> Fraction | None:
    """Return the largest t <= 1 with (w_j - w_i).x + (b_j - b_i) s + t <= 0 for all j, |x| <= 1, 0 <= s <= 1.

    In the form that SymPy's method is written for: x = p - q and t = 1 - u with non-negative p, q, s and u.
    SymPy 1.14 sometimes loses a constraint, as its answer then shows by breaking it: None.
    """
    d, bias = head.d, np.zeros(head.classes) if head.b is None else head.b
    exact = np.vectorize(lambda v: sympy.Rational(*float(v).as_integer_ratio()), otypes=[object])(
        np.column_stack([head.W, bias])
    )
    rises = [row - exact[i] for j, row in enumerate(exact) if j != i]
    rows = [[*rise[:d], *-rise[:d], rise[d], -1] for rise in rises]
    boxes = sympy.eye(2 * d + 1).row_join(sympy.zeros(2 * d + 1, 1))
    table = sympy.Matrix(rows).col_join(boxes)
    right = sympy.Matrix([-1] * len(rows) + [1] * (2 * d + 1))
    least, point = linprog([0] * (2 * d + 1) + [1], table, list(right))
    if any(v > 0 for v in table * sympy.Matrix(point) - right):
        return None
    return 1 - Fraction(int(least.p), int(least.q))


def heads() -> list[rk.Head]:
    """Heads of small integers: duplicates and classes on edges and faces abound."""
    rng = np.random.default_rng(0)
    out = [rk.Head(np.array(PLANE), name="hair")]
    for k, (d, bias) in enumerate([(1, True), (2, False), (2, True)] * 3):
        drawn = rng.integers(-2, 3, (7, d + bias))
        out.append(rk.Head(drawn[:, :d], drawn[:, d] if bias else None, name=f"drawn-{k}"))
    return out


@pytest.mark.parametrize("head", heads(), ids=lambda head: head.name)
def test_verdicts_agree_with_an_exact_simplex(head):
    report = rk.argmaxable(head)
    assert not len(report.undecided)
    margins = {i: margin(head, i) for i in range(head.classes)}
    judged = [i for i, t in margins.items() if t is not None]
    assert len(judged) >= head.classes // 2
    for i in judged:
        assert (i in report.argmaxable) == (margins[i] > 0), i
