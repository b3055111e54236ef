"""Points a rounding error off a face of the hull, or off a corner: the same question, magnified.

A search takes such a point for one of the face, and exact pivots would try all that may lie beside it. So
close to a face only what lies away from it counts. With the span of the face taken out of all differences,
and the offset of the point scaled to 1, the search answers again in floating point; other rows right beside
the face keep their places there. Offsets and answer are refined until what is left of their rounding is far
below either, and exact arithmetic then looks once at every row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine import min_norm
from rankkit.reach.engine.coordinates import Cloud, put
from rankkit.reach.engine.exact import ExactHull, Loses, Wins, ldexp
from rankkit.reach.engine.min_norm import RAY, Nearest
from rankkit.reach.looks import BYTES

#: Rounds in which an offset, or a direction, is refined; each gains about 15 digits.
ROUNDS = 6

#: What refining may leave of what it is about: one part in so many.
PARTS = 10**6

#: Weight of a row that carries a face, and did not come in by rounding.
CARRIES = 1e-9

#: Distance of points of root mean square norm 1 that coordinates hardly tell apart.
TWINS = 1e-12

#: Distance up to which a row lies right beside a face, and most rows there that are looked at.
BESIDE, MOST = 1e-9, 512

#: Exponent of the largest magnification: what is further away is a direction.
FAR = 40


def decide(hull: ExactHull, cloud: Cloud, state: Nearest) -> Loses | Wins | None:
    """Decide a point at which the search was stuck; None if the pivots ran out.

    Points of the cloud are named like the rows of the hull, and its columns are those of the hull.
    """
    start, falling = state.support, bool((state.support == RAY).any())
    rows = _carriers(cloud, state, falling)
    if len(rows) and len(rows) + falling <= cloud.width:
        face = _Face(hull, cloud, rows, falling)
        beside = face.beside(state.point, state.rivals)
        if beside is not None:
            if beside.separated and (wins := face.won(state.point, beside.direction)):
                return wins
            start = np.concatenate([rows, [RAY] if falling else [], beside.support]).astype(np.int64)
    return hull.decide(state.point, start, state.rivals)


def _carriers(cloud: Cloud, state: Nearest, falling: bool) -> IntArray:
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
    points = _without(points, cloud.rays[: int(falling)])
    weights = np.linalg.lstsq((points[1:] - points[0]).T, -points[0], rcond=None)[0]
    return np.asarray(rows[np.append(1 - weights.sum(), weights) > CARRIES])


@dataclass(frozen=True)
class _Offset:
    """Where a row is, seen from a face.

    Attributes
    ----------
    away : numpy.ndarray (D - s,), float64
        Its place along the directions away from the face, in units of ``2**power``.
    power : int
    over : bool
        Whether what is next to it belongs to the face itself, not only to its span.
    """

    away: FloatArray
    power: int
    over: bool


class _Face:
    """A face of the hull.

    Attributes
    ----------
    rows : numpy.ndarray (m,)
        Its corners.
    falling : bool
        Whether it goes on along "less bias".
    edges : numpy.ndarray (m - 1, D), float64
        From the first corner to the others, less what lies along that ray.
    away : numpy.ndarray (D, D - s), float64
        Orthonormal directions away from it.
    """

    def __init__(self, hull: ExactHull, cloud: Cloud, rows: IntArray, falling: bool) -> None:
        self.hull, self.cloud, self.rows, self.falling = hull, cloud, rows, falling
        self._corners = np.stack([hull.columns.integers(j) for j in rows])  # at 2**scale in the cloud
        self._scale = -hull.columns.shift - cloud.exponents
        points, self._ray = cloud.points(rows), cloud.rays[: int(falling)]
        self._first, self.edges = points[0], _without(points[1:] - points[0], self._ray)
        spans = np.vstack([self.edges, self._ray])
        self.away = np.asarray(np.linalg.qr(spans.T, mode="complete")[0][:, len(spans) :])

    def offset(self, i: int) -> _Offset | None:
        """Return the offset of row i, None if it cannot be told from a point of the face."""
        own, weights = self.hull.columns.integers(i), [Fraction(1), *[Fraction(0)] * (len(self.rows) - 1)]
        for _ in range(ROUNDS):
            unit = max(w.denominator for w in weights)
            left = unit * own - np.array([int(w * unit) for w in weights], object) @ self._corners
            lower = left[-1] <= 0
            if self.falling:
                left[-1] = 0
            values, power = _floats(left, self._scale + 1 - unit.bit_length())
            seen = _without((values @ self.cloud.axes)[None], self._ray)[0]
            along = np.linalg.lstsq(self.edges.T, seen, rcond=None)[0]
            away = seen @ self.away
            if PARTS * np.linalg.norm(along @ self.edges) <= np.linalg.norm(away):
                over = min(weights) > 0 and (lower or not self.falling)
                return _Offset(away, power, bool(over)) if away.any() else None
            steps = [ldexp(Fraction(v), power) for v in along.tolist()]
            weights = [w + s for w, s in zip(weights, [-sum(steps), *steps], strict=True)]
        return None

    def beside(self, point: int, rivals: IntArray) -> Nearest | None:
        """Search for a row away from the face, magnified so that its offset is 1.

        The face itself is a ray there that the support goes without. None if the row is not over the face.
        """
        own = self.offset(point)
        if own is None or not own.over:
            return None
        size, cloud = float(np.linalg.norm(own.away)), self.cloud
        magnify = np.ldexp(1 / size, min(-own.power, FAR))
        near, rest = np.empty((2, len(cloud.points32), len(own.away)), np.float32)
        counts = np.empty(len(near), bool)
        for cut in arrays.row_blocks(len(near), 8 * cloud.width, BYTES):
            apart = cloud.points(cut) - self._first
            places = apart @ self.away
            counts[cut] = np.linalg.norm(places, axis=1) > BESIDE * (1 + np.linalg.norm(apart, axis=1))
            put(near, rest, cut, magnify * places)
        close = np.setdiff1d(np.flatnonzero(~counts), [*self.rows, point])
        for k in close[:MOST].tolist():
            if (other := self.offset(k)) is not None:
                power = min(other.power - own.power, FAR)
                put(near, rest, k, np.ldexp(other.away / size, power))
                counts[k] = True
        counts[point] = False
        put(near, rest, point, own.away / size)
        rays = cloud.rays @ self.away
        kept = np.flatnonzero(np.linalg.norm(rays, axis=1) > BESIDE)
        rays = np.vstack([-own.away, rays[kept]])
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        magnified = replace(cloud, points32=near, rest32=rest, rays=rays)
        rounds = min_norm.search(
            magnified,
            np.array([point]),
            lambda points: np.tile(rivals[counts[rivals]], (len(points), 1)),
            lambda points: np.ones(len(points), bool),
            lambda points: counts[points],
        )
        found = next(state for ended in rounds for state in ended)
        real = found.support[found.support >= 0]
        known = RAY - kept[RAY - 1 - found.support[found.support < RAY]]
        return replace(found, support=np.concatenate([real, known]))

    def won(self, point: int, direction: FloatArray) -> Wins | None:
        """Return a state at which a row wins near a ``direction`` away from the face, None if none is."""
        own = self.hull.columns.integers(point)
        exact = [Fraction(0)] * len(own)
        step, power = self.away @ direction, 0
        for _ in range(ROUNDS):
            for k, v in enumerate((self.cloud.axes @ step).tolist()):
                exact[k] += ldexp(Fraction(v), power + int(self._scale[k]))
            if self.falling:
                exact[-1] = Fraction(0)
            unit = max(v.denominator for v in exact)
            slope = np.array([int(v * unit) for v in exact], object)
            levels = self._corners @ slope
            lead = own @ slope - levels.max()
            gaps = levels[1:] - levels[0]
            if lead > 0 and PARTS * max(map(abs, gaps), default=0) <= lead:
                depth = Fraction(int(lead), 1024 * unit)  # other rows may lie between the face and this one
                y = [*(-v for v in exact), Fraction(int(own @ slope), unit) - depth]
                return self.hull.separated(point, y, depth)
            values, power = _floats(gaps, np.full(len(gaps), 1 - unit.bit_length()))
            step = np.asarray(np.linalg.lstsq(self.edges, -values, rcond=None)[0], np.float64)
        return None


def _without(rows: FloatArray, ray: FloatArray) -> FloatArray:
    """Return ``rows`` (m, D) less what lies along a ray (1, D) of norm 1, or none (0, D)."""
    return np.asarray(rows - rows @ ray.T @ ray)


def _floats(whole: Array, exponents: IntArray) -> tuple[FloatArray, int]:
    """Return floats f, at most 1, and a power p with ``f * 2**p`` about ``whole * 2**exponents``."""
    spare = [max(0, int(v).bit_length() - 60) for v in whole]
    mantissas, powers = np.frexp([float(int(v) >> s) for v, s in zip(whole, spare, strict=True)])
    powers = powers + np.array(spare, np.int64) + exponents
    top = int(powers.max(where=mantissas != 0, initial=-(2**40)))
    return np.ldexp(mantissas, np.maximum(powers - top, -2000)), top
