"""Classes with all but the same row around those that do not win, and how long a state must be to tell them.

Rows that training hardly touched stay where they began, close together. One class in such a cluster may
still win by a corner that sticks out, but with a bias against it only at a state long enough: below some
norm, each member is beaten by a class outside the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls
from scipy.sparse.csgraph import connected_components

from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.ledger import Ledger

#: Two rows are near duplicates up to this share of the median distance from a row to the mean row.
NEAR = 0.05

#: Rivals that are added to a problem at once, and how often at most.
STEP, ROUNDS = 48, 60

#: Members whose shortest winning state is sought; the bound for the others is then the least of theirs.
SOLVED = 80

_UNIT = 2.0**-53


@dataclass(frozen=True)
class Cluster:
    """Classes whose rows are near duplicates.

    Attributes
    ----------
    classes : numpy.ndarray (members,), int64
        Ascending.
    radius : float
        Largest distance of a member's row from their mean row.
    norm : tuple of float
        (at least, at most): the norm of h below which every member is beaten by, or ties with, a class
        outside the cluster. Proved from below with bounded rounding; 0 where a member wins at short states,
        as without a bias, and infinite where certificates show that none ever does. From above it is the
        norm of a state where a member is ahead, as float64 computes it; infinite where none was found.
    beaten_by : numpy.ndarray (classes,), int64
        Classes outside a mean of which proves the lower bound for the member that comes nearest to winning.
    """

    classes: IntArray
    radius: float
    norm: tuple[float, float]
    beaten_by: IntArray = field(repr=False)


def near_duplicates(ledger: Ledger, losers: IntArray, near: float = NEAR) -> tuple[Cluster, ...]:
    """Return the clusters of near duplicates around the classes ``losers``, the largest first.

    Costs a product of the losers' rows with each other, and of the clusters' means with all rows.
    """
    if len(losers) < 2:
        return ()
    size = float(np.abs(ledger.W).max()) or 1.0  # or squares leave the range of float64
    rows = ledger.W / size
    rows -= rows.mean(axis=0)
    close = near * float(np.median(np.linalg.norm(rows, axis=1)))
    count, label = connected_components(_distances(rows[losers], rows[losers]) <= close, directed=False)
    groups = [losers[label == k] for k in range(count)]
    out = []
    for members in sorted((g for g in groups if len(g) > 1), key=len, reverse=True):
        centre = rows[members].mean(axis=0)
        away = np.linalg.norm(rows - centre, axis=1)
        members = np.flatnonzero(away <= max(away[members].max(), close))
        norm, beaten_by = _norm(ledger, members)
        radius = 0.0 if (ledger.W[members] == ledger.W[members[0]]).all() else float(away[members].max())
        out.append(Cluster(members, size * radius, norm, beaten_by))
    return tuple(out)


def _norm(ledger: Ledger, members: IntArray) -> tuple[tuple[float, float], IntArray]:
    """Bound the norm below which all ``members`` are beaten from outside.

    The member with the least lower bound is solved for its shortest winning state, whose multipliers bound
    all members from below, until that member has been solved already.
    """
    outside = np.setdiff1d(np.arange(len(ledger.W)), members)
    lower = _never(ledger, members)
    nobody = np.zeros(0, np.int64)
    if np.isinf(lower).all():
        return (np.inf, np.inf), nobody
    if ledger.b is None or not len(outside) or ledger.b[members].max() >= ledger.b[outside].max():
        return (0.0, 0.0 if len(outside) else np.inf), nobody
    carried: list[IntArray] = [nobody] * len(members)
    upper, solved = np.inf, np.zeros(len(members), bool)
    for _ in range(SOLVED):
        k = int(lower.argmin())
        if solved[k] or lower[k] >= upper:
            break
        solved[k] = True
        state, support, weights = shortest_state(ledger.W, ledger.b, int(members[k]), outside)
        if state is not None:
            upper = min(upper, float(np.linalg.norm(state)))
        bound = _beaten_below(ledger, members, support, weights)
        for better in np.flatnonzero(bound > lower):
            carried[better] = support[weights > 0]
        lower = np.maximum(lower, bound)
    k = int(lower.argmin())
    return (float(lower[k]), max(upper, float(lower[k]))), carried[k]


def _never(ledger: Ledger, members: IntArray) -> FloatArray:
    """Return infinity for members that certificates put below classes outside, 0 for the others.

    A mean that is above a member may be one of other members. It still says that the member is below classes
    outside if means are above these as well and a chain of means leads out: put into each other, they do.
    """
    inside = set(members.tolist())
    rows = {i: set(ledger.combinations[i][0].tolist()) for i in inside if i in ledger.combinations}
    while unproved := [i for i, above in rows.items() if above & inside - rows.keys()]:
        for i in unproved:
            del rows[i]
    led_out: set[int] = set()
    while new := [i for i, above in rows.items() if i not in led_out and above - inside | above & led_out]:
        led_out.update(new)
    return np.where([i in led_out for i in members.tolist()], np.inf, 0.0)


def shortest_state(
    W: FloatArray, b: FloatArray, i: int, outside: IntArray
) -> tuple[FloatArray | None, IntArray, FloatArray]:
    """Find the shortest state (d,) at which class ``i`` is not below any class ``outside``.

    Returns the state (None where float64 finds none), and classes with weights whose mean stays above class
    ``i`` at all shorter states.

    The least-distance problem, min |h| with (w_i - w_j).h >= b_j - b_i, is a non-negative least squares
    problem [lawson1974]_; it is solved for few rivals, and those that are violated join them.
    """
    lead, gap = W[i] - W[outside], b[outside] - b[i]
    if gap.max() <= 0:
        return np.zeros(W.shape[1]), outside[:0], np.zeros(0)
    length = np.linalg.norm(lead, axis=1)
    scale = float((gap / np.where(length > 0, length, np.inf)).max()) or 1.0
    rivals = np.argsort(-gap / np.maximum(length, 1e-300))[:STEP]
    weights = np.zeros(0)
    for _ in range(ROUNDS):
        system = np.vstack([lead[rivals].T, gap[rivals] / scale])
        target = np.append(np.zeros(W.shape[1]), 1.0)
        try:
            weights, _ = nnls(system, target, maxiter=30 * system.shape[1])
        except RuntimeError:
            break
        rest = system @ weights - target
        if -rest[-1] < 1e-12:  # the rivals alone leave no state
            return None, outside[rivals], weights
        state = scale * rest[:-1] / -rest[-1]
        short = gap - lead @ state
        more = np.flatnonzero(short > 1e-9 * (np.abs(gap) + length * np.linalg.norm(state)))
        more = more[~np.isin(more, rivals)]
        if not len(more):
            return state, outside[rivals], weights
        rivals = np.append(rivals, more[np.argsort(-short[more])][:STEP])
    return None, outside[rivals[: len(weights)]], weights


def _beaten_below(ledger: Ledger, members: IntArray, support: IntArray, weights: FloatArray) -> FloatArray:
    """Return norms (members,) below which the weighted mean of ``support`` is above each member.

    That is (mean bias - bias) / |mean row - row|, with every rounding taken to the side of safety.
    """
    assert ledger.b is not None
    used = weights > 0
    if not used.any():
        return np.zeros(len(members))
    w, rows = weights[used] / weights[used].sum(), ledger.W[support[used]]
    error = (len(w) + 8) * _UNIT
    total = w.sum()  # about 1; the mean is taken over it
    mean, bias = w @ rows, w @ ledger.b[support[used]]
    doubt = error * (w @ np.abs(rows) + np.abs(ledger.W[members]))
    far = np.linalg.norm(np.abs(mean - total * ledger.W[members]) + 4 * doubt, axis=1) * (1 + 1e-12)
    slack = error * (w @ np.abs(ledger.b[support[used]]) + np.abs(ledger.b[members]))
    high = bias - total * ledger.b[members] - 4 * slack
    return np.maximum(0.0, high / far * (1 - 1e-12))


def _distances(A: FloatArray, B: FloatArray) -> FloatArray:
    square = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
    return np.sqrt(np.maximum(square, 0.0))
