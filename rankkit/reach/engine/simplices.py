"""Simplices that contain losing classes, and the other classes they contain.

A class inside a full simplex of other classes can never win, and neither can any other class in that simplex:
one linear system decides a whole neighbourhood. With a bias the simplex is a facet of the upper hull, closed
by the ray "less bias": it covers everything below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.looks import BYTES

#: Smallest weight that is proposed as positive.
POSITIVE = 1e-15

#: Weights that are computed of every point; few points outside have all of these positive.
FIRST = 16

#: Numbers in the matrices of simplices that are in work together.
TOGETHER = 2**20


@dataclass(frozen=True)
class Inside:
    """Points inside some simplices.

    Attributes
    ----------
    source, support
        As of the simplices.
    members, of : numpy.ndarray (m,), int64
        Rows of the cloud, and the first simplex that holds each one, ascending.
    weights : numpy.ndarray (m, D + 1), float64
        Their barycentric coordinates in that.
    """

    source: IntArray
    support: IntArray
    members: IntArray
    of: IntArray
    weights: FloatArray


@dataclass(frozen=True)
class Simplices:
    """Some simplices of D + 1 points each; with a bias, of D points and the ray.

    Attributes
    ----------
    source : numpy.ndarray (k,), int64
        The rows of the cloud they were found for.
    support : numpy.ndarray (k, D + 1), int64
        Rows of the cloud, ``RAY`` for the ray.
    factors, pivots : numpy.ndarray (k, D + 1, D + 1), float64, and (k, D + 1), int32
        Transposed LU factors of the matrices with one column per member: a point with a 1 below it, the ray
        with a 0.
    """

    source: IntArray
    support: IntArray
    factors: FloatArray
    pivots: Array

    def __len__(self) -> int:
        return len(self.source)

    def those(self, which: Array) -> Simplices:
        """Return some of the simplices."""
        return Simplices(self.source[which], self.support[which], self.factors[which], self.pivots[which])

    def coordinates(self, k: int, points: FloatArray, last: float = 1.0) -> FloatArray:
        """Return the barycentric coordinates (m, D + 1) of ``points`` (m, D) in simplex k, or how directions
        change them.

        ``last`` is 1 for points and 0 for directions.
        """
        return self._solve(k, np.column_stack([points, np.full(len(points), last)]))

    def around(self, cloud: Cloud, points: IntArray) -> list[IntArray]:
        """Return, for each simplex, those of ``points`` that may lie inside, by some of their coordinates."""
        n = cloud.width + 1
        some = np.empty((len(self), min(FIRST, n), n), np.float32)
        for k in range(len(self)):  # rows of the inverse: they take a point with a 1 below it to weights
            some[k] = self._solve(k, np.eye(some.shape[1], n), transposed=True)
        doubt = 1e-4 * np.abs(some).max(axis=2)
        bar, flat = -(some[..., -1] + doubt)[..., None], some[..., :-1].reshape(-1, cloud.width)
        held, near = [points[:0]], [points[:0]]
        for cut in arrays.row_blocks(len(points), 8 * (cloud.width + len(flat)), BYTES):
            block = points[cut]
            within = (flat @ cloud.points32[block].T).reshape(*some.shape[:2], len(block)) > bar
            by, which = np.nonzero(within.all(axis=1))
            held.append(by)
            near.append(block[which])
        by = np.concatenate(held)
        ends = np.cumsum(np.bincount(by, minlength=len(self)))
        return np.split(np.concatenate(near)[np.argsort(by, kind="stable")], ends)[:-1]

    def inside(self, cloud: Cloud, points: IntArray) -> Inside:
        """Find out which of ``points`` lie inside one that holds what it was found for."""
        members, of, weights = [points[:0]], [points[:0]], [np.empty((0, cloud.width + 1))]
        taken = np.zeros(len(cloud.points32), bool)
        for k, near in enumerate(self.around(cloud, points)):
            near = near[~taken[near]]
            for cut in arrays.row_blocks(len(near), 16 * (cloud.width + 1), BYTES):
                block = np.append(self.source[k], near[cut])
                some = self.coordinates(k, cloud.points(block))
                within = some.min(axis=1) > POSITIVE
                if not within[0]:  # a face, or almost
                    break
                members.append(block[1:][within[1:]])
                of.append(np.full(len(members[-1]), k))
                weights.append(some[1:][within[1:]])
                taken[members[-1]] = True
        found = np.concatenate(members), np.concatenate(of), np.concatenate(weights)
        return Inside(self.source, self.support, *found)

    def _solve(self, k: int, targets: FloatArray, transposed: bool = False) -> FloatArray:
        """Solve for rows of ``targets`` (m, D + 1), in place."""
        found = lapack.dgetrs(
            self.factors[k].T, self.pivots[k], targets.T, trans=transposed, overwrite_b=True
        )
        return np.asarray(found[0].T)


def inside(cloud: Cloud, reached: Sequence[Nearest], points: IntArray) -> Iterator[Inside]:
    """Find out which of ``points`` lie inside the simplices of searches that reached the origin.

    As many simplices as fit are looked at together, and by each worker others.
    """
    step = max(1, min(TOGETHER // (cloud.width + 1) ** 2, -(-len(reached) // threads.at_work().count)))
    parts = [reached[at : at + step] for at in range(0, len(reached), step)]
    yield from threads.at_work().map(lambda part: simplices(cloud, part).inside(cloud, points), parts)


def simplices(cloud: Cloud, reached: Sequence[Nearest]) -> Simplices:
    """Return the simplices found by searches that reached the origin.

    Left out are supports that are no full simplex: the point lies on a face of the hull.
    """
    full = [state for state in reached if len(state.support) == cloud.width + 1]
    source = np.array([state.point for state in full], np.int64)
    support = np.array([state.support for state in full], np.int64).reshape(-1, cloud.width + 1)
    found = _factored(cloud, source, support)
    if cloud.lifted:
        _close(cloud, found)
    return found.those(np.isfinite(found.factors[:, 0, 0]))


def _factored(cloud: Cloud, source: IntArray, support: IntArray) -> Simplices:
    """Factor the matrices of supports; those of one that is singular are no numbers."""
    rows = np.ones((*support.shape, cloud.width + 1))
    rows[..., :-1] = cloud.points(support)
    if cloud.ray is not None:
        rows[support == RAY] = np.append(cloud.ray, 0.0)
    pivots = np.empty(support.shape, np.int32)
    for k in range(len(rows)):
        _, pivots[k], singular = lapack.dgetrf(rows[k].T, overwrite_a=True)
        if singular:
            rows[k] = np.nan
    return Simplices(source, support, rows, pivots)


def _close(cloud: Cloud, found: Simplices) -> None:
    """Go up from the sources to the roofs of simplices; what a roof misses makes way for the ray."""
    assert cloud.ray is not None
    open_ = np.flatnonzero((found.support != RAY).all(axis=1))
    for k in open_.tolist():
        weights = found.coordinates(k, cloud.points(found.source[k : k + 1]))[0]
        per_step = found.coordinates(k, cloud.ray[None], last=0.0)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(per_step > 0, weights / per_step, np.inf)
        found.support[k, steps.argmin()] = RAY
    closed = _factored(cloud, found.source[open_], found.support[open_])
    found.factors[open_], found.pivots[open_] = closed.factors, closed.pivots
