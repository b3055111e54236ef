"""Convex hulls of few points with rational coordinates, by enumeration: slow, obvious and exact."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import flint

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import fractions


def in_hull(point: Array, others: Array) -> bool:
    """Return whether ``point`` (d,) is a convex combination of the rows of ``others`` (n, d).

    By Carathéodory it then is one of at most d + 1 affinely independent rows: all choices are tried.

    >>> import numpy as np
    >>> square = np.array([[0, 0], [2, 0], [0, 2], [2, 2]])
    >>> [in_hull(np.array([1, y]), square) for y in (1, 2, 3)]
    [True, True, False]
    """
    rows, target = fractions(others), fractions(point)
    return any(
        _is_combination(target, rows[list(chosen)])
        for size in range(1, min(len(rows), len(target) + 1) + 1)
        for chosen in combinations(range(len(rows)), size)
    )


def vertices(points: Array) -> tuple[int, ...]:
    """Return the rows of ``points`` (n, d) that are no convex combination of the others."""
    keep = range(len(points))
    return tuple(i for i in keep if not in_hull(points[i], points[[j for j in keep if j != i]]))


def hulls_meet(first: Array, second: Array) -> bool:
    """Return whether the convex hulls of two sets of points share a point."""
    gaps = (first[:, None, :] - second[None, :, :]).reshape(-1, first.shape[1])
    return in_hull(0 * gaps[0], gaps)


def _is_combination(target: Array, rows: Array) -> bool:
    """Return whether the rows are affinely independent and the target is in their simplex."""
    count = len(rows)
    system = [[*row, x] for row, x in zip(rows.T, target, strict=True)] + [[1] * count + [1]]
    reduced, rank = flint.fmpq_mat([[_rational(x) for x in row] for row in system]).rref()
    independent = rank == count and all(reduced[k, k] == 1 for k in range(count))
    return independent and all(reduced[k, count] >= 0 for k in range(count))


def _rational(x: Fraction | int) -> flint.fmpq:
    return flint.fmpq(x.numerator, x.denominator)
