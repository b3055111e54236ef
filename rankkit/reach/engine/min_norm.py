"""The nearest point of a hull, found among few points and priced against all.

Class i loses everywhere exactly if the origin lies in the convex hull of the differences y_j - y_i (with a
bias: of these and the ray "less bias"). The point of that hull nearest to the origin tells: if it is the
origin, its convex weights are the proof; otherwise the opposite direction separates. Only few points matter,
so each class keeps a short list, solves on it, asks in one matrix product for all classes who lies beyond the
direction found, and adds those to its list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls
from threadpoolctl import ThreadpoolController

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud

#: Distance (of unit differences) below which the origin counts as reached.
REACHED = 1e-9

#: Points added to a class's list per round.
STEP = 48

#: Rounds after which a class is handed on.
ROUNDS = 200

#: Width from which the compiled search is worth its loading; below, least squares takes less than that.
WIDE = 48

#: A direction separates once all rivals keep this share of the distance; 1 would ask for the nearest point.
ENOUGH = 0.3

#: Stands for the first ray in a support; the others follow downwards.
RAY = -1


@dataclass
class Nearest:
    """Where the search for one class stands, or ended.

    Attributes
    ----------
    point : int
        The class, as a row of the cloud.
    rivals : numpy.ndarray (k,), int64
        The points it is compared with.
    support, weights : numpy.ndarray (s,)
        The rivals (``RAY`` and below for rays) that carry the nearest point, and their weights: non-negative,
        of sum 1 without the rays.
    start : tuple of numpy.ndarray
        Where the next round starts: places in the list (rays first), and weights of unit differences.
    direction : numpy.ndarray (D,)
        Product with every difference in the list negative, unless ``reached``.
    reached : bool
        The hull contains the origin, as far as floating point can tell.
    separated : bool
        No point of the whole cloud lies beyond ``direction``, as far as float32 can tell.
    """

    point: int
    rivals: IntArray
    support: IntArray = field(default_factory=lambda: np.array([], np.int64))
    weights: FloatArray = field(default_factory=lambda: np.array([]))
    start: tuple[IntArray, FloatArray] = field(default_factory=lambda: (np.array([], np.int64), np.array([])))
    direction: FloatArray = field(default_factory=lambda: np.array([]))
    reached: bool = False
    separated: bool = False


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


def search(
    cloud: Cloud, starts: Iterable[tuple[int, IntArray]], pool: IntArray, threads: ThreadpoolController
) -> list[Nearest]:
    """Run the search for the given points with their first rivals, priced against the points of ``pool``.

    Only the pricing uses the ``threads`` that the caller has set.
    """
    found = [Nearest(i, rivals) for i, rivals in starts]
    active = found
    for _ in range(ROUNDS):
        with threads.limit(limits=1):  # on problems this small, threads wait longer than they work
            active = [state for state in active if _solve(cloud, state)]
        beyond = _beyond(cloud, active, pool)
        active = [state for state, more in zip(active, beyond, strict=True) if _extend(state, more)]
        if not active:
            break
    return found


def _solve(cloud: Cloud, state: Nearest) -> bool:
    """Find the nearest point over the present rivals; tell whether the search goes on."""
    vectors, ids = cloud.points[state.rivals] - cloud.points[state.point], state.rivals
    if len(cloud.rays):
        vectors, ids = np.vstack([cloud.rays, vectors]), np.append(RAY - np.arange(len(cloud.rays)), ids)
    length = np.linalg.norm(vectors, axis=1)
    if not length.all():  # distinct rows that fall on one point: only exact arithmetic tells them apart
        return False
    vectors /= length[:, None]
    if not (_walk(vectors, state) if vectors.shape[1] >= WIDE else _fit(vectors, state)):
        return False
    carried, weights = state.start
    state.support = ids[carried]
    weights = weights / length[carried]
    real = weights[state.support >= 0].sum()
    state.weights = weights / (real or 1.0)
    return not state.reached


def _fit(vectors: FloatArray, state: Nearest) -> bool:
    """Find the nearest point by least squares; False where that runs out of iterations."""
    try:
        weights, state.direction, distance = nearest_point(vectors)
    except RuntimeError:  # exact arithmetic takes over
        return False
    carried = np.flatnonzero(weights)
    state.start, state.reached = (carried, weights[carried]), distance < REACHED
    return True


def _walk(vectors: FloatArray, state: Nearest) -> bool:
    """Go on towards the nearest point from the last round's; least squares finishes a stuck walk."""
    from rankkit.reach.engine import wolfe

    corral, weights, point, outcome = wolfe.nearest_point(
        vectors, *state.start, near=REACHED, enough=ENOUGH, steps=10 * len(vectors) + 100
    )
    if outcome == wolfe.STUCK:
        return _fit(vectors, state)
    state.start, state.direction, state.reached = (corral, weights), -point, outcome == wolfe.REACHED
    return True


def _beyond(cloud: Cloud, states: list[Nearest], pool: IntArray) -> list[IntArray]:
    """Return, for each state, the points of ``pool`` that do not lose to its class in its direction.

    A float32 product finds the few that might not. These are compared as float64 differences, which tell
    near twins apart.
    """
    if not states:
        return []
    directions = np.array([state.direction / np.linalg.norm(state.direction) for state in states])
    near, everyone = directions.astype(np.float32), cloud.points32[pool]
    own = np.einsum("ij,ij->i", near, cloud.points32[[state.point for state in states]])
    out = []
    for cut in arrays.row_blocks(len(states), row_bytes=4 * len(pool)):
        scores = near[cut] @ everyone.T
        for state, direction, row, level in zip(states[cut], directions[cut], scores, own[cut], strict=True):
            close = pool[row >= level - cloud.doubt]
            close = close[close != state.point]
            lead = (cloud.points[close] - cloud.points[state.point]) @ direction
            over = np.flatnonzero(lead >= 0)
            out.append(close[over[np.argsort(-lead[over], kind="stable")]])
    return out


def _extend(state: Nearest, beyond: Array) -> bool:
    """Add the furthest of ``beyond`` that are new; tell whether the search goes on."""
    new = beyond[~np.isin(beyond, state.rivals)][:STEP]
    state.separated = len(beyond) == 0
    state.rivals = np.concatenate([state.rivals, new])
    return len(new) > 0
