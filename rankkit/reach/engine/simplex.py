"""Simplices that contain a losing class, and the other classes they contain.

A class inside a full simplex of other classes can never win, and neither can any other class in that simplex:
one linear solve decides a whole neighbourhood. With a bias the simplex is a facet of the upper hull, closed
by the ray "less bias": it covers everything below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.min_norm import RAY, Nearest

#: Smallest weight that is proposed as positive.
POSITIVE = 1e-10


@dataclass(frozen=True)
class Simplex:
    """D + 1 points, or D points and the ray.

    Attributes
    ----------
    support : numpy.ndarray (D + 1,), int64
        Rows of the cloud, ``RAY`` for the ray.
    columns : numpy.ndarray (D + 1, D + 1), float64
        One column per member: a point with a 1 below it, the ray with a 0.
    """

    support: IntArray
    columns: FloatArray

    def weights(self, points: FloatArray) -> FloatArray:
        """Return the barycentric coordinates (m, D + 1) of ``points`` (m, D)."""
        right = np.vstack([points.T, np.ones(len(points))])
        return np.asarray(np.linalg.solve(self.columns, right).T, np.float64)

    def inside(self, cloud: Cloud, points: IntArray) -> tuple[IntArray, FloatArray]:
        """Return which ``points`` of the cloud lie inside, and their weights (inside, D + 1)."""
        points = points[~np.isin(points, self.support)]
        weights = self.weights(cloud.points[points])
        within = weights.min(axis=1) > POSITIVE
        return points[within], weights[within]


def simplex_of(cloud: Cloud, state: Nearest) -> Simplex | None:
    """Return the simplex found by a search that reached the origin.

    None if the support is not a full simplex: the point lies on a face of the hull, or looks so in floating
    point.
    """
    D = cloud.points.shape[1]
    if not state.reached or len(state.support) != D + 1:
        return None
    simplex = Simplex(state.support, _columns(cloud, state.support))
    try:
        if cloud.lifted and RAY not in state.support:
            simplex = _lift_to_facet(cloud, simplex, cloud.points[state.point])
        weights = simplex.weights(cloud.points[[state.point]])[0]
    except np.linalg.LinAlgError:
        return None
    return simplex if weights.min() > POSITIVE else None


def _columns(cloud: Cloud, support: IntArray) -> FloatArray:
    ray = support == RAY
    columns = np.ones((len(support), len(support)))
    columns[:-1] = cloud.points[support].T
    if ray.any() and cloud.ray is not None:
        columns[:-1, ray] = cloud.ray[:, None]
        columns[-1, ray] = 0.0
    return columns


def _lift_to_facet(cloud: Cloud, simplex: Simplex, point: FloatArray) -> Simplex:
    """Go up from ``point`` to the roof of the simplex, and exchange what the roof misses for the ray."""
    assert cloud.ray is not None
    weights = simplex.weights(point[None])[0]
    per_step = np.linalg.solve(simplex.columns, np.append(cloud.ray, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(per_step > 0, weights / per_step, np.inf)
    support = simplex.support.copy()
    support[steps.argmin()] = RAY
    return Simplex(support, _columns(cloud, support))
