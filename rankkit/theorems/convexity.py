"""Convex hulls of few points with rational coordinates, by enumeration: slow, obvious and exact."""

from __future__ import annotations

from itertools import combinations

import flint
import numpy as np

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import fractions


def in_cone(target: Array, generators: Array) -> bool:
    """Return whether ``target`` (n,) is a combination of rows of ``generators`` with non-negative weights.

    By Carathéodory it then is one of independent rows: all choices are tried.

    >>> wedge = np.array([[1, 0], [1, 1]])
    >>> in_cone(np.array([2, 1]), wedge), in_cone(np.array([0, 1]), wedge)
    (True, False)
    """
    rows, point = fractions(generators), fractions(target)
    return not any(point) or any(
        _is_combination(point, rows[list(chosen)])
        for size in range(1, min(rows.shape) + 1)
        for chosen in combinations(range(len(rows)), size)
    )


def in_hull(point: Array, others: Array) -> bool:
    """Return whether ``point`` (d,) is a convex combination of the rows of ``others`` (n, d).

    >>> square = np.array([[0, 0], [2, 0], [0, 2], [2, 2]])
    >>> [in_hull(np.array([1, y]), square) for y in (1, 2, 3)]
    [True, True, False]
    """
    return in_cone(np.append(point, 1), np.column_stack([others, np.ones(len(others), dtype=int)]))


def vertices(points: Array) -> tuple[int, ...]:
    """Return the rows of ``points`` (n, d) that are no convex combination of the others."""
    keep = range(len(points))
    return tuple(i for i in keep if not in_hull(points[i], points[[j for j in keep if j != i]]))


def hulls_meet(first: Array, second: Array) -> bool:
    """Return whether the convex hulls of two sets of points share a point."""
    gaps = (first[:, None, :] - second[None, :, :]).reshape(-1, first.shape[1])
    return in_hull(0 * gaps[0], gaps)


def _is_combination(target: Array, rows: Array) -> bool:
    """Return whether the rows are independent and combine to the target with non-negative weights."""
    count = len(rows)
    system = flint.fmpq_mat(
        [[flint.fmpq(x.numerator, x.denominator) for x in row] for row in [*rows, target]]
    )
    reduced, rank = system.transpose().rref()
    independent = rank == count and all(reduced[k, k] == 1 for k in range(count))
    return independent and all(reduced[k, count] >= 0 for k in range(count))
