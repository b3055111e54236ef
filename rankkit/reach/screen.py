"""One pruned pass that shows of most classes of most heads that they win in the direction of their own row.

In round coordinates centred at the mean, a row that no other row overshadows wins in its own direction. Most
pairs need no product: short rows lose to long ones by Cauchy and Schwarz, and a prefix of the coordinates
with the lengths of what is left bounds the rest. Everything is bounded upwards, the float32 product included,
so a column that stays below is proved to lose.

Flops: 2 n^2 d times the share of pairs and coordinates that pruning leaves, typically 0.05 to 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray

#: Axes are divided by their spread to this power: 0 keeps the shape of the cloud, 1 makes it a ball.
EQUALISE = 0.25

#: Rows that share one product, and its most entries.
BLOCK, ENTRIES = 256, 2**24

#: Shares of the axes after which a block looks who is still in the race.
PREFIXES = (0.05, 0.1, 0.2, 0.35, 0.6)

#: A prefix shorter than this, or a race of fewer columns, is not worth a look.
SHORTEST, FEWEST = 12, 512

#: Columns beyond a row that are named when it fails.
RIVALS = 48

#: Exponent of differences among rows of size 1 from which they are too near the end of float64 to be bounded.
FINEST = -900

_UNIT32, _UNIT64 = 2.0**-24, 2.0**-53


@dataclass(frozen=True)
class Screened:
    """What the pass proved.

    Attributes
    ----------
    states : numpy.ndarray (m, d), float32
        The direction of each row that was asked for.
    leads : numpy.ndarray (m,), float64
        By how much, at least, the row's product with its state exceeds that of every other row (in units of
        ``2**exponent``); not positive where nothing is proved.
    exponent : int
    rivals : dict
        Row -> the rows furthest beyond it, at most ``RIVALS``, where nothing is proved.
    """

    states: Array
    leads: FloatArray
    exponent: int
    rivals: dict[int, IntArray]


def own_directions(W: FloatArray, asked: IntArray, clear: float = 1e-6) -> Screened:
    """Run the pass over the distinct rows ``W`` (n, d) for the rows ``asked`` (m,).

    A lead beyond the fraction ``clear`` of a row's own score is not measured further.
    """
    exponent = int(np.frexp(np.abs(W).max())[1])
    offset = np.ldexp(W, -exponent)
    offset -= offset.mean(axis=0)
    finer = int(np.frexp(np.abs(offset).max())[1])
    if finer < FINEST:
        return Screened(np.zeros((len(asked), W.shape[1]), np.float32), np.zeros(len(asked)), exponent, {})
    np.ldexp(offset, -finer, out=offset)
    exponent += finer
    race = _Race(offset, clear)
    states = race.states(asked)
    leads, rivals = race.run(asked, states.astype(np.float64))
    return Screened(states, leads, exponent, rivals)


class _Race:
    """Rows in round coordinates, longest first, and one bound for all roundings.

    With maps M and N for which N M' is nearly 1, x.s = (N'x).(M's) + x.(1 - N M')s. Every error is a multiple
    of the product of the two lengths in these coordinates: the defect of N M', two float64 products with the
    maps, two roundings to float32, and a float32 product of at most d + 2 terms in any order. ``error``
    bounds their sum.
    """

    def __init__(self, offset: FloatArray, clear: float) -> None:
        n, d = offset.shape
        square, Q = np.linalg.eigh(offset.T @ offset)
        spread = np.sqrt(np.maximum(square, 1e-16 * square[-1])[::-1])
        equal = spread**EQUALISE
        size = np.sqrt(((spread / equal) ** 2).sum() / n)
        self.forth, self.back = Q[:, ::-1] / (equal * size), Q[:, ::-1] * (equal * size)
        points = offset @ self.forth
        unlike = float(equal.max() / equal.min())
        product = 2 * (d + 4) * _UNIT64 * d
        defect = float(np.linalg.norm(np.eye(d) - self.back @ self.forth.T)) + product * unlike
        self.error = 1.2 * ((d + 14) * _UNIT32 + (defect + 4 * product) * unlike)
        self.offset = offset
        length = _lengths(points)
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        self.points = points.astype(np.float32)[self.order]
        self.clear = clear
        cuts = sorted({round(share * d) for share in PREFIXES if share * d >= SHORTEST and share < 0.75})
        self.cuts = [k for k in cuts if k < d]
        self.left = {k: _up(np.sqrt(_squares(self.points[:, k:]))) for k in self.cuts}
        self.start = 0

    def states(self, asked: IntArray) -> Array:
        """Return the directions of rows ``asked``, mapped back, as float32."""
        return (self.offset[asked] @ self.forth @ self.forth.T).astype(np.float32)

    def run(self, asked: IntArray, X: FloatArray) -> tuple[FloatArray, dict[int, IntArray]]:
        """Return a lead (m,) for each row, and rivals of the rows without one."""
        own = np.einsum("ij,ij->i", X, self.offset[asked])
        own -= 4 * (X.shape[1] + 4) * _UNIT64 * _lengths(X) * _lengths(self.offset[asked])
        A = X @ self.back
        reach = own / _lengths(A)
        leads = np.zeros(len(asked))
        rivals: dict[int, IntArray] = {}
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        usable = np.flatnonzero(reach > 1e-6 * self.length[0])
        usable = usable[np.argsort(-reach[usable], kind="stable")]
        block = min(BLOCK, ENTRIES // len(self.order) + 1)
        for at in range(0, len(usable), block):
            rows = usable[at : at + block]
            scores, columns = self._race(A[rows] / own[rows, None], reach[rows])
            mine = place[asked[rows]]
            at_mine = np.minimum(np.searchsorted(columns, mine), len(columns) - 1)
            there = np.flatnonzero(columns[at_mine] == mine)
            scores[there, at_mine[there]] = -np.inf
            best = scores.max(axis=1, initial=-np.inf).astype(np.float64) + 4 * _UNIT32
            leads[rows] = np.minimum(self.clear, 1 - best) * own[rows] * (1 - 1e-9)
            for k in np.flatnonzero(leads[rows] <= 0):
                rivals[int(asked[rows[k]])] = self.order[columns[_largest(scores[k], RIVALS)]]
        return leads, rivals

    def _race(self, A: FloatArray, reach: FloatArray) -> tuple[Array, IntArray]:
        """Bound the scores of all columns for a block of rows scaled to own score 1.

        Returns upper bounds (rows, survivors) and the survivors' places; every other column is below ``1 -
        clear``.
        """
        bar = np.float32(1 - self.clear - 4 * _UNIT32)
        spare = _up(self.error / reach)
        # No column shorter than this comes near any row of the block.
        shortest = min((1 - self.clear) * reach.min() / (1 + 2 * self.error), self.length[0])
        columns = np.arange(np.searchsorted(-self.length, -shortest * (1 - 1e-9), side="right"))
        level = self.start
        first = None
        while level < len(self.cuts) and len(columns) > FEWEST:
            k = self.cuts[level]
            rest = _up(np.sqrt((A[:, k:] ** 2).sum(axis=1)))
            left = _take(self.points[:, :k], columns)
            near = np.column_stack([A[:, :k], rest, spare]).astype(np.float32)
            far = np.column_stack([left, self.left[k][columns], _up(self.length[columns])])
            keep = (near @ far.T).max(axis=0) >= bar
            first = keep.mean() if first is None else first
            columns = columns[keep]
            level += 1
        if first is not None and first > 0.45 and self.start < len(self.cuts):
            self.start += 1
        ends = np.column_stack([_take(self.points, columns), _up(self.length[columns])])
        return np.column_stack([A, spare]).astype(np.float32) @ ends.T, columns


def _take(points: Array, columns: IntArray) -> Array:
    """Return the rows ``columns`` (ascending) of ``points``, without a copy where they are the first ones."""
    return points[: len(columns)] if len(columns) and columns[-1] == len(columns) - 1 else points[columns]


def _squares(rows: Array) -> FloatArray:
    """Return the squared norms of float32 ``rows``, summed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def _lengths(rows: FloatArray) -> FloatArray:
    """Return upper bounds on the norms of ``rows`` whose entries are at most about 1."""
    return np.sqrt(np.einsum("ij,ij->i", rows, rows)) * (1 + 1e-9) + 1e-150


def _largest(values: Array, k: int) -> IntArray:
    """Return the positions of the ``k`` largest finite values, largest first."""
    found = np.flatnonzero(np.isfinite(values))
    if len(found) > k:
        found = found[np.argpartition(-values[found], k - 1)[:k]]
    return found[np.argsort(-values[found], kind="stable")]


def _up(values: FloatArray) -> Array:
    """Round to float32, upwards."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
