"""Regions of hyperplane arrangements, counted exactly by deletion and restriction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

Normal = tuple[Fraction, ...]


def regions(normals: Iterable[Sequence[Fraction | int]]) -> int:
    """Return the number of regions into which the hyperplanes through zero with these normals cut the space.

    Adding a hyperplane cuts as many regions in two as the others cut the hyperplane itself into.

    >>> regions([(1, 0), (0, 1), (1, 1), (2, 2)]), regions([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    (6, 8)
    """
    distinct = {_direction(normal) for normal in normals if any(normal)}
    return _count(sorted(distinct))


def affine_regions(normals: Iterable[Sequence[Fraction | int]], offsets: Iterable[Fraction | int]) -> int:
    """Return the number of regions of the hyperplanes ``normal . x + offset = 0``.

    They are the regions of the cone over them on one side of the hyperplane at infinity.

    >>> affine_regions([(1, 0), (0, 1), (1, 1)], [0, 0, 1])
    7
    """
    lifted = [(*normal, offset) for normal, offset in zip(normals, offsets, strict=True)]
    infinity = (*(0 for _ in lifted[0][1:]), 1)
    return regions([*lifted, infinity]) // 2


def _count(distinct: list[Normal]) -> int:
    if not distinct:
        return 1
    *others, last = distinct
    return _count(others) + _count(sorted({_direction(x) for x in (_restrict(a, last) for a in others)}))


def _restrict(normal: Normal, plane: Normal) -> Normal:
    """Return the normal within the hyperplane of ``plane``, one coordinate eliminated."""
    pivot = next(k for k, x in enumerate(plane) if x)
    ratio = normal[pivot] / plane[pivot]
    return tuple(a - ratio * p for k, (a, p) in enumerate(zip(normal, plane, strict=True)) if k != pivot)


def _direction(normal: Sequence[Fraction | int]) -> Normal:
    """Return the multiple whose first non-zero entry is one: the same for all normals of a hyperplane."""
    first = next(x for x in normal if x)
    return tuple(Fraction(x) / first for x in normal)
