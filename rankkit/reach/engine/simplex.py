"""Simplices that contain a losing class, and the other classes they contain.

A class inside a full simplex of other classes can never win, and neither can any other class in that simplex:
one linear solve decides a whole neighbourhood. With a bias the simplex is a facet of the upper hull, closed
by the ray "less bias": it covers everything below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.min_norm import RAY, Nearest

#: Smallest weight that is proposed as positive.
POSITIVE = 1e-10

#: Weights that are computed of every point; few points outside have all of these positive.
FIRST = 16


@dataclass(frozen=True)
class Simplex:
    """D + 1 points, or D points and the ray.

    Attributes
    ----------
    support : numpy.ndarray (D + 1,), int64
        Rows of the cloud, ``RAY`` for the ray.
    inverse : numpy.ndarray (D + 1, D + 1), float64
        Of the matrix with one column per member: a point with a 1 below it, the ray with a 0.
    """

    support: IntArray
    inverse: FloatArray

    def weights(self, points: FloatArray) -> FloatArray:
        """Return the barycentric coordinates (m, D + 1) of ``points`` (m, D)."""
        return points @ self.inverse[:, :-1].T + self.inverse[:, -1]

    def around(self, points32: Array) -> Array:
        """Tell which of ``points32`` (m, D), in float32, may lie inside, by some of their coordinates."""
        some = self.inverse[:FIRST].astype(np.float32)
        doubt = 1e-4 * np.abs(some).max(axis=1)
        return np.asarray((points32 @ some[:, :-1].T + some[:, -1] > -doubt).all(axis=1))

    def inside(self, cloud: Cloud, points: IntArray) -> tuple[IntArray, FloatArray]:
        """Return which ``points`` of the cloud lie inside, and their weights (inside, D + 1)."""
        points = points[~np.isin(points, self.support)]
        weights = self.weights(cloud.points(points))
        within = weights.min(axis=1, initial=np.inf) > POSITIVE
        return points[within], weights[within]


def simplex_of(cloud: Cloud, state: Nearest) -> Simplex | None:
    """Return the simplex found by a search that reached the origin.

    None if the support is not a full simplex: the point lies on a face of the hull, or looks so in floating
    point.
    """
    if not state.reached or len(state.support) != cloud.width + 1:
        return None
    try:
        simplex = _simplex(cloud, state.support)
        if cloud.lifted and RAY not in state.support:
            simplex = _lift_to_facet(cloud, simplex, cloud.points(state.point))
    except np.linalg.LinAlgError:
        return None
    return simplex if simplex.weights(cloud.points(state.point)[None]).min() > POSITIVE else None


def _simplex(cloud: Cloud, support: IntArray) -> Simplex:
    ray = support == RAY
    columns = np.ones((len(support), len(support)))
    columns[:-1] = cloud.points(support).T
    if ray.any() and cloud.ray is not None:
        columns[:-1, ray] = cloud.ray[:, None]
        columns[-1, ray] = 0.0
    return Simplex(support, np.asarray(np.linalg.inv(columns), np.float64))


def _lift_to_facet(cloud: Cloud, simplex: Simplex, point: FloatArray) -> Simplex:
    """Go up from ``point`` to the roof of the simplex, and exchange what the roof misses for the ray."""
    assert cloud.ray is not None
    weights = simplex.weights(point[None])[0]
    per_step = simplex.inverse[:, :-1] @ cloud.ray
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(per_step > 0, weights / per_step, np.inf)
    support = simplex.support.copy()
    support[steps.argmin()] = RAY
    return _simplex(cloud, support)
