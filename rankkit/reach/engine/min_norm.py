"""The nearest point of a hull, found among few points and priced against all.

Class i loses everywhere exactly if the origin lies in the convex hull of the differences y_j - y_i (with a
bias: of these and the ray "less bias"). The point of that hull nearest to the origin tells: if it is the
origin, its convex weights are the proof; otherwise the opposite direction separates. Only few points matter,
so each class keeps a short list, solves on it, asks in one matrix product for all classes who lies beyond the
direction found, and adds those to its list.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from rankkit import threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach import passes
from rankkit.reach.engine.coordinates import Cloud
from rankkit.reach.engine.hulls import REACHED, SEPARATED, STUCK, Hulls
from rankkit.reach.engine.pricing import beyond, step, take_aim

#: Distance (of unit differences) below which the origin counts as reached.
CLOSE = 1e-12

#: Rounds after which a class is handed on.
ROUNDS = 200

#: A direction separates once all rivals keep this share of the distance; 1 would ask for the nearest point.
ENOUGH = 0.15

#: Searches that may join for each one that has ended: few at first, whose simplices spare others a search.
GROWTH = 3

#: Classes times squared width, or width, from which the compiled search is worth its loading: with least
#: squares, more short points of wide heads are left to exact arithmetic.
MANY, WIDE = 100_000, 32

#: Most classes that are searched at once, and numbers in all their points, so that those of wide heads fit.
LARGEST_WAVE, WIDEST_WAVE = 2048, 2**19

#: Stands for the first ray in a support; the others follow downwards.
RAY = -1


@dataclass(frozen=True)
class Nearest:
    """Where the search for one class ended.

    Attributes
    ----------
    point : int
        The class, as a row of the cloud.
    rivals : numpy.ndarray (k,), int32
        The points it was compared with last.
    support : numpy.ndarray (s,), int64
        The rivals (``RAY`` and below for rays) that carry the nearest point.
    direction : numpy.ndarray (D,)
        Product with every difference in the list negative, unless ``reached``.
    reached : bool
        The hull contains the origin, as far as floating point can tell.
    separated : bool
        No point of the whole cloud lies beyond ``direction``, as far as float32 can tell.
    """

    point: int
    rivals: Array
    support: IntArray
    direction: FloatArray
    reached: bool
    separated: bool


def nearest_point(vectors: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Find the point nearest to the origin in the hull of ``vectors`` (k, D).

    Returns its weights (k,), the direction (D,) away from it, and a measure of its distance.

    Lawson and Hanson's least-distance form: the residual of the non-negative least squares problem with one
    more row of ones has a product with every vector that is at most minus its last entry [lawson1974]_.

    >>> weights, direction, distance = nearest_point(np.array([[1.0, 1.0], [1.0, -1.0]]))
    >>> weights, direction.round(9), distance > 0.1
    (array([0.5, 0.5]), array([-1.,  0.]), True)
    """
    k, D = vectors.shape
    system = np.empty((D + 1, k))
    system[:D] = vectors.T
    system[D] = 1.0
    target = np.zeros(D + 1)
    target[D] = 1.0
    weights, distance = nnls(system, target, maxiter=10 * max(k, 10))
    weights /= weights.sum()
    return weights, -(vectors.T @ weights), float(distance)


def at_once(width: int) -> int:
    """Return how many classes may be searched at once."""
    return max(1, min(LARGEST_WAVE, WIDEST_WAVE // max(1, width)))


def search(
    cloud: Cloud,
    queue: IntArray,
    rivals: Callable[[IntArray], Array],
    is_open: Callable[[IntArray], Array],
    may_win: Callable[[IntArray], Array],
    first: int = LARGEST_WAVE,
) -> Generator[list[Nearest], None, None]:
    """Run the search for the points in ``queue``, round by round; yield what ended in each.

    ``rivals`` names the first rivals (p, k) of points (p,) that join; -1 fills a row. After each round those
    that ``is_open`` go on, priced against the points that ``may_win``. At most ``first`` are on their way at
    first, then ``GROWTH`` more for each that has ended. Each of the workers searches for one at a time: on
    problems this small, threads of linear algebra wait longer than they work.
    """
    D = cloud.width
    compiled = len(queue) * D**2 >= MANY or D >= WIDE
    places, merge = min(at_once(D), len(queue)), passes.merging(len(queue) * len(cloud.points32) * D)
    hulls = Hulls.among(cloud, places, 4 * (D + 1) + 2 * step(D), compiled)
    pool = np.argsort(-cloud.squares, kind="stable")  # long points are the likely rivals
    active, turn = queue[:0], 0
    while True:
        queue = queue[is_open(queue)]
        most = min(first, places, hulls.fitting(active))
        joining = queue[: max(0, most - len(active))]
        free = np.flatnonzero(np.bincount(active, minlength=places) == 0)[: len(joining)]
        hulls.begin(free, joining, rivals(joining))
        active, queue = np.concatenate([active, free]), queue[len(joining) :]
        if not len(active):
            return
        pool, turn = pool[may_win(pool)], 1 - turn
        before = hulls.point.copy()
        _solve(cloud, hulls, active, turn)
        hulls.rounds[active] += 1
        apart = hulls.outcome[active] == SEPARATED
        going, ended = active[apart], active[~apart]
        half_way = take_aim(cloud, hulls, going, before[going])
        found = beyond(cloud, hulls, going, pool, merge)
        clear = np.asarray((found < 0).all(axis=1))
        on = (hulls.extend(going, found) | (half_way & ~clear)) & (hulls.rounds[going] < ROUNDS)
        separated = np.append(np.zeros(len(ended), bool), clear[~on])
        ended = np.append(ended, going[~on])
        first += GROWTH * len(ended)
        yield _ended(cloud, hulls, ended, separated)
        active = going[on]
        active = active[is_open(hulls.own[active])]


def nearest(cloud: Cloud, i: int, rivals: IntArray) -> tuple[Nearest, FloatArray]:
    """Run the search for one point against its rivals alone.

    Returns with it the weights of its support: non-negative, of sum 1 without the rays.
    """
    hulls = Hulls.among(cloud, 1, len(rivals))
    hulls.begin(np.zeros(1, int), np.array([i]), rivals[None])
    _fit(cloud, hulls, 0)
    (ended,) = _ended(cloud, hulls, np.zeros(1, int), np.zeros(1, bool))
    weights, real = hulls.weights[0, : hulls.size[0]], ended.support >= 0
    length = np.linalg.norm(cloud.points(ended.support[real]) - cloud.points(i), axis=1)
    weights[real] /= np.where(length > 0, length, 1.0)  # they were found for differences of norm 1
    return ended, weights / (weights[real].sum() or 1.0)


def _solve(cloud: Cloud, hulls: Hulls, todo: IntArray, turn: int) -> None:
    """Find the nearest points over the present rivals, by least squares where the search is not compiled, or
    compiled and stuck.
    """
    D = cloud.width
    if hulls.compiled:
        from rankkit.reach.engine import wolfe

        crew = threads.at_work()
        parts = 4 * crew.count
        room = hulls.factors.shape[1] // parts

        def part(k: int) -> None:
            wolfe.solve(
                cloud, hulls, todo[k::parts], turn, slice(k * room, (k + 1) * room),
                near=CLOSE, enough=ENOUGH, steps=40 * D + 100,
            )  # fmt: skip

        list(crew.map(part, range(parts)))
        todo = todo[hulls.outcome[todo] == STUCK]
    for t in todo:
        _fit(cloud, hulls, int(t))


def _fit(cloud: Cloud, hulls: Hulls, t: int) -> None:
    """Find the nearest point of one class by least squares."""
    vectors, length = _vectors(cloud, hulls, t)
    hulls.outcome[t] = STUCK
    if not len(vectors) or not length.all():  # distinct rows on one point: exact arithmetic tells them apart
        return
    try:
        weights, direction, distance = nearest_point(vectors)
    except RuntimeError:  # exact arithmetic takes over
        return
    carried = np.flatnonzero(weights)
    hulls.settle(t, carried, weights[carried], -direction, REACHED if distance < CLOSE else SEPARATED)


def _vectors(cloud: Cloud, hulls: Hulls, t: int) -> tuple[FloatArray, FloatArray]:
    """Return the rays and the differences to the rivals of search ``t``, of norm 1, and their old norms."""
    differences = cloud.points(hulls.rivals_of(t)) - cloud.points(hulls.own[t])
    vectors = np.vstack([cloud.rays, differences])
    length = np.linalg.norm(vectors, axis=1)
    return vectors / np.where(length > 0, length, 1.0)[:, None], length


def _ended(cloud: Cloud, hulls: Hulls, places: IntArray, separated: Array) -> list[Nearest]:
    """Return where the searches in some places stand; of those ``separated``, their aim."""
    rivals, rays = hulls.rivals[places], RAY - np.arange(len(cloud.rays))
    names = np.hstack([np.broadcast_to(rays, (len(places), len(rays))), rivals])
    carriers = np.take_along_axis(names, hulls.corral[places], axis=1)
    directions = np.where(separated[:, None], hulls.aim[places], -hulls.point[places])
    return [
        Nearest(point, some[:count], carried[:size], direction, reached, clear)
        for point, some, count, carried, size, direction, reached, clear in zip(
            hulls.own[places].tolist(),
            rivals,
            hulls.count[places].tolist(),
            carriers,
            hulls.size[places].tolist(),
            directions,
            (hulls.outcome[places] == REACHED).tolist(),
            separated.tolist(),
            strict=True,
        )
    ]
