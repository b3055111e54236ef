"""Simplices that contain a losing class, and the other classes they contain.

A class inside a full simplex of other classes can never win, and neither can any other class in that simplex:
one linear system decides a whole neighbourhood. With a bias the simplex is a facet of the upper hull, closed
by the ray "less bias": it covers everything below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.looks import BYTES

#: Smallest weight that is proposed as positive.
POSITIVE = 1e-13

#: Weights that are computed of every point; few points outside have all of these positive.
FIRST = 16


@dataclass(frozen=True)
class Simplex:
    """D + 1 points, or D points and the ray.

    Attributes
    ----------
    source : int
        The row of the cloud it was found for.
    support : numpy.ndarray (D + 1,), int64
        Rows of the cloud, ``RAY`` for the ray.
    factor, pivots : numpy.ndarray (D + 1, D + 1), float64, and (D + 1,), int32
        LU factors of the matrix with one column per member: a point with a 1 below it, the ray with a 0.
    """

    source: int
    support: IntArray
    factor: FloatArray
    pivots: Array

    def weights(self, points: FloatArray, last: float = 1.0) -> FloatArray:
        """Return the barycentric coordinates (m, D + 1) of ``points`` (m, D), or how directions change them.

        ``last`` is 1 for points and 0 for directions.
        """
        targets = np.full((len(self.support), len(points)), last)
        targets[:-1] = points.T
        return np.asarray(lapack.dgetrs(self.factor, self.pivots, targets)[0].T)

    def first_coordinates(self) -> FloatArray:
        """Return rows of the inverse (FIRST of them, or all): they take points with a 1 below to weights."""
        some = np.eye(len(self.support), min(FIRST, len(self.support)))
        return np.asarray(lapack.dgetrs(self.factor, self.pivots, some, trans=1)[0].T)

    def inside(self, cloud: Cloud, points: IntArray) -> tuple[IntArray, FloatArray]:
        """Return which ``points`` of the cloud lie inside, and their weights (inside, D + 1)."""
        points = points[(points[:, None] != self.support).all(axis=1)]
        members, weights = [points[:0]], [np.empty((0, len(self.support)))]
        for cut in arrays.row_blocks(len(points), 16 * len(self.support), BYTES):
            some = self.weights(cloud.points(points[cut]))
            within = some.min(axis=1) > POSITIVE
            members.append(points[cut][within])
            weights.append(some[within])
        return np.concatenate(members), np.concatenate(weights)


def around(cloud: Cloud, simplices: Sequence[Simplex], points: IntArray) -> list[IntArray]:
    """Return, for each simplex, those of ``points`` that may lie inside, by some of their coordinates."""
    if not simplices:
        return []
    some = np.array([found.first_coordinates() for found in simplices], np.float32)
    shape = some.shape[:2]
    doubt = 1e-4 * np.abs(some).max(axis=2)
    bar, some = -(some[..., -1] + doubt)[..., None], some[..., :-1].reshape(-1, cloud.width)
    near: list[list[IntArray]] = [[] for _ in simplices]
    for cut in arrays.row_blocks(len(points), 8 * (cloud.width + len(some)), BYTES):
        block = points[cut]
        within = ((some @ cloud.points32[block].T).reshape(*shape, len(block)) > bar).all(axis=1)
        for found, inside in zip(near, within, strict=True):
            found.append(block[inside])
    return [np.concatenate([points[:0], *found]) for found in near]


def simplex_of(cloud: Cloud, state: Nearest) -> Simplex | None:
    """Return the simplex found by a search that reached the origin.

    None if the support is not a full simplex: the point lies on a face of the hull, or looks so in floating
    point.
    """
    if not state.reached or len(state.support) != cloud.width + 1:
        return None
    point = cloud.points(state.point)[None]
    found = _simplex(cloud, state.point, state.support)
    if found is not None and cloud.lifted and RAY not in state.support:
        found = _lift_to_facet(cloud, found, point)
    return found if found is not None and found.weights(point).min() > POSITIVE else None


def _simplex(cloud: Cloud, source: int, support: IntArray) -> Simplex | None:
    """Factor the matrix of a support; None if it is singular."""
    ray = support == RAY
    columns = np.ones((len(support), len(support)))
    columns[:-1] = cloud.points(support).T
    if ray.any() and cloud.ray is not None:
        columns[:-1, ray] = cloud.ray[:, None]
        columns[-1, ray] = 0.0
    factor, pivots, singular = lapack.dgetrf(columns)
    return None if singular else Simplex(source, support, factor, pivots)


def _lift_to_facet(cloud: Cloud, simplex: Simplex, point: FloatArray) -> Simplex | None:
    """Go up from ``point`` to the roof of the simplex, and exchange what the roof misses for the ray."""
    assert cloud.ray is not None
    weights = simplex.weights(point)[0]
    per_step = simplex.weights(cloud.ray[None], last=0.0)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(per_step > 0, weights / per_step, np.inf)
    support = simplex.support.copy()
    support[steps.argmin()] = RAY
    return _simplex(cloud, simplex.source, support)
