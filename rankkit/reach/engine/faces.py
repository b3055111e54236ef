"""Points a rounding error off a face of the hull, or off a corner: the same question, magnified.

A search takes such a point for one of the face, and exact pivots would try all that may lie beside it. So
close to a face only directions away from it count. With the span of the face taken out of all differences,
and the offset of the point scaled to 1 and turned back as a ray of its own, the search answers again in
floating point. Offset and answer are refined until what is left of their rounding is far below either, and
exact arithmetic then looks once at every row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine import min_norm
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.exact import ExactHull, Loses, Wins
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.looks import BYTES

#: Rounds in which an offset, or a direction, is refined; each gains about 15 digits.
ROUNDS = 6

#: What refining may leave, as a share of what it is about.
LEFT = 1e-6

#: Weight of a row that carries a face, and did not come in by rounding.
CARRIES = 1e-9

#: Distance of points of root mean square norm 1 that coordinates hardly tell apart.
TWINS = 1e-12

#: Share of its distance that a row keeps outside the span of a face, or belongs to it.
OUTSIDE = 1e-9


def decide(hull: ExactHull, cloud: Cloud, state: Nearest) -> Loses | Wins | None:
    """Decide a point at which the search was stuck; None if the pivots ran out.

    Points of the cloud are named like the rows of the hull, and its columns are those of the hull.
    """
    start, face = state.support, _face_under(hull, cloud, state)
    if face is not None:
        beside = face.beside(state.rivals)
        if beside.separated and (wins := face.won(beside.direction)):
            return wins
        start = np.concatenate([face.rows, [RAY] if face.falling else [], beside.support]).astype(np.int64)
    return hull.decide(state.point, start, state.rivals)


@dataclass(frozen=True)
class _Face:
    """A face of the hull, and a point next to it.

    Attributes
    ----------
    hull : ExactHull
    cloud : Cloud
    point : int
    rows : numpy.ndarray (m,)
        The corners of the face.
    falling : bool
        Whether the face goes on along "less bias".
    foot : numpy.ndarray (D,), float64
        The place on the face that the point is next to, in the coordinates of the cloud.
    edges : numpy.ndarray (m - 1, D), float64
        From the first corner to the others, less what lies along the ray of a face that goes on.
    offset : numpy.ndarray (D,), float64
        From the foot to the point, scaled to norm 1.
    """

    hull: ExactHull
    cloud: Cloud
    point: int
    rows: IntArray
    falling: bool
    foot: FloatArray
    edges: FloatArray
    offset: FloatArray

    def beside(self, rivals: IntArray) -> Nearest:
        """Search for the point among directions away from the face; the support is without the offset."""
        cloud, away = self.cloud, self._away()
        near, rest = np.empty((2, len(cloud.points32), away.shape[1]), np.float32)
        outside = np.empty(len(near), bool)
        for cut in arrays.row_blocks(len(near), 8 * cloud.width, BYTES):
            apart = cloud.points32[cut].astype(np.float64) + cloud.rest32[cut] - self.foot
            size, apart = np.linalg.norm(apart, axis=1), apart @ away
            outside[cut] = np.linalg.norm(apart, axis=1) > OUTSIDE * size
            near[cut] = apart
            rest[cut] = apart - near[cut]
        outside[self.rows] = outside[self.point] = False
        near[self.point] = rest[self.point] = 0
        rays = cloud.rays @ away
        kept = np.flatnonzero(np.linalg.norm(rays, axis=1) > OUTSIDE)
        rays = np.vstack([-self.offset @ away, rays[kept]])
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        cone = replace(cloud, points32=near, rest32=rest, rays=rays)
        with threads.workers() as crew:
            rounds = min_norm.search(
                cone,
                np.array([self.point]),
                lambda points: [rivals[outside[rivals]] for _ in points],
                lambda points: np.ones(len(points), bool),
                lambda points: outside[points],
                crew,
            )
            found = next(state for ended in rounds for state in ended)
        real = found.support[found.support >= 0]
        known = RAY - kept[RAY - 1 - found.support[found.support < RAY]]
        return replace(found, support=np.concatenate([real, known]))

    def won(self, direction: FloatArray) -> Wins | None:
        """Return a state at which the point wins near a ``direction`` away from the face, None if none is."""
        hull, scale = self.hull, -self.hull.shift - self.cloud.exponents
        corners, own = np.stack([hull.integers(j) for j in self.rows]), hull.integers(self.point)
        exact = [Fraction(0)] * len(own)
        step, power = self._away() @ direction, 0
        for _ in range(ROUNDS):
            for k, v in enumerate((self.cloud.axes @ step).tolist()):
                exact[k] += Fraction(v) * Fraction(2) ** (power + int(scale[k]))
            if self.falling:
                exact[-1] = Fraction(0)
            unit = max(v.denominator for v in exact)
            slope = np.array([int(v * unit) for v in exact], object)
            levels = corners @ slope
            lead = own @ slope - levels.max()
            gaps = levels[1:] - levels[0]
            if lead > 0 and max(map(abs, gaps), default=0) <= LEFT * lead:
                y = [*(-v for v in exact), Fraction(int(levels.max()), unit)]
                return hull.separated(self.point, y, Fraction(int(lead), unit))
            values, power = _floats(gaps, np.full(len(gaps), 1 - unit.bit_length()))
            step = np.asarray(np.linalg.lstsq(self.edges, -values, rcond=None)[0], np.float64)
        return None

    def _away(self) -> FloatArray:
        """Return the directions away from the face: an orthonormal basis (D, D - s) of them."""
        spans = np.vstack([self.edges, self.cloud.rays[:1]]) if self.falling else self.edges
        return np.asarray(np.linalg.qr(spans.T, mode="complete")[0][:, len(spans) :])


def _face_under(hull: ExactHull, cloud: Cloud, state: Nearest) -> _Face | None:
    """Return the face that a search took a point for one of; None if the point is not right beside it."""
    falling = bool((state.support == RAY).any())
    ray = cloud.rays[:1] if falling else np.zeros((1, cloud.width))  # what lies along it does not count
    rows = _carriers(cloud, state, ray)
    if not len(rows) or len(rows) + falling > cloud.width:
        return None
    corners, own = np.stack([hull.integers(j) for j in rows]), hull.integers(state.point)
    scale = -hull.shift - cloud.exponents
    points = cloud.points(rows)
    edges = points[1:] - points[0]
    edges -= edges @ ray.T @ ray
    weights = [Fraction(1), *[Fraction(0)] * (len(rows) - 1)]
    for _ in range(ROUNDS):
        unit = max(w.denominator for w in weights)
        left = unit * own - np.array([int(w * unit) for w in weights], object) @ corners
        below = not falling or left[-1] <= 0
        left[-1] = 0 if falling else left[-1]
        values, power = _floats(left, scale + 1 - unit.bit_length())
        seen = values @ cloud.axes
        seen = seen - seen @ ray.T @ ray
        along = np.linalg.lstsq(edges.T, seen, rcond=None)[0]
        apart = seen - along @ edges
        size = float(np.linalg.norm(apart))
        if np.linalg.norm(along @ edges) <= LEFT * size:
            if not size or not below or min(weights) <= 0:  # on the face itself exact arithmetic is quick
                return None
            foot = np.array([float(w) for w in weights]) @ points
            return _Face(hull, cloud, state.point, rows, falling, foot, edges, apart / size)
        steps = [Fraction(v) * Fraction(2) ** power for v in along.tolist()]
        weights = [w + s for w, s in zip(weights, [-sum(steps), *steps], strict=True)]
    return None


def _carriers(cloud: Cloud, state: Nearest, ray: FloatArray) -> IntArray:
    """Return the rows that carry what a search reached, less those that came in by rounding.

    Where it reached nothing, a rival that the coordinates hardly tell from the point; none beside bounds.
    """
    rows = state.support[state.support >= 0] if state.reached else np.asarray(state.rivals, np.int64)
    points = cloud.points(rows) - cloud.points(state.point)
    if not state.reached:
        apart = np.linalg.norm(points, axis=1)
        return rows[np.argsort(apart)[: int((apart < TWINS).any())]]
    if not len(rows) or state.support.min() < RAY:
        return rows[:0]
    points -= points @ ray.T @ ray
    weights = np.linalg.lstsq((points[1:] - points[0]).T, -points[0], rcond=None)[0]
    return np.asarray(rows[np.append(1 - weights.sum(), weights) > CARRIES])


def _floats(whole: Array, exponents: IntArray) -> tuple[FloatArray, int]:
    """Return floats f, at most 1, and a power p with ``f * 2**p`` about ``whole * 2**exponents``."""
    spare = [max(0, int(v).bit_length() - 60) for v in whole]
    mantissas, powers = np.frexp([float(int(v) >> s) for v, s in zip(whole, spare, strict=True)])
    powers = powers + np.array(spare, np.int64) + exponents
    top = int(powers.max(where=mantissas != 0, initial=-(2**40)))
    return np.ldexp(mantissas, np.maximum(powers - top, -2000)), top
