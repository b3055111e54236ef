"""One pruned pass that shows of most classes of most heads that they win in the direction of their own row.

In round coordinates centred at the mean, a row that no other row overshadows wins in its own direction. Most
pairs need no product: short rows lose to long ones by Cauchy and Schwarz, and a prefix of the coordinates
with the lengths of what is left bounds the rest. Everything is bounded upwards, the float32 product and the
change of coordinates included, so a column that stays below is proved to lose.

Flops: 4 n d^2 in float64 for the coordinates and the states, and 2 n^2 d in float32 times the share of pairs
and coordinates that pruning leaves, typically 0.05 to 0.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise, repeat

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach import passes

#: Axes are divided by their spread to this power: 0 keeps the shape of the cloud, 1 makes it a ball.
EQUALISE = 0.5

#: Rows that share one product, and columns that are passed over together, so that the product stays in cache.
BLOCK, TILE = 256, 1024

#: Blocks that begin at the same level once it has settled, however many workers there are.
TOGETHER = 4

#: Bytes of float64 rows that are in work together.
BYTES = 2**24

#: Rows, at least and per axis, from which the axes are taken: any axes will do for a proof.
LEAST, SAMPLE = 4096, 16

#: Shares of the axes after which a tile looks who is still in the race; a shorter prefix is not worth a look.
PREFIXES, SHORTEST = (0.1, 0.2, 0.35, 0.6), 8

#: A first look came too early if it leaves more than this share of the columns, too late if less.
EARLY, LATE = 0.8, 0.2

#: Columns beyond a row that are named when it fails; with that many it leaves the race.
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
    open : numpy.ndarray (k,), int64
        Rows of which nothing is proved although some rivals are known, ascending.
    rivals : numpy.ndarray (k, RIVALS), int32
        The rows furthest beyond each of them among the first that were found; -1 fills the list.
    """

    states: Array
    leads: FloatArray
    exponent: int
    open: IntArray
    rivals: Array


def own_directions(
    W: FloatArray, asked: IntArray, clear: float = 1e-6, which: IntArray | None = None
) -> Screened:
    """Run the pass over the rows ``which`` (n,) of ``W``, all by default, that are distinct.

    Rows are named by their places in ``which``, those that are ``asked`` (m,) for too. A lead beyond the
    fraction ``clear`` of a row's own score is not measured further.
    """
    which = np.arange(len(W)) if which is None else which
    low, high = W.min(axis=0), W.max(axis=0)
    exponent = int(np.frexp(max(high.max(), -low.min()))[1])
    mean = sum(times(W[which[cut]], -exponent).sum(axis=0) for cut in _cuts(which, W)) / len(which)
    spread = np.maximum(times(high, -exponent) - mean, mean - times(low, -exponent)).max()
    finer = int(np.frexp(spread)[1])
    if finer < FINEST:
        states = np.zeros((len(asked), W.shape[1]), np.float32)
        return Screened(states, np.zeros(len(asked)), exponent, asked[:0], np.zeros((0, RIVALS), np.int32))
    exponent += finer
    race = _Race(W, which, exponent, times(mean, -finer), clear)
    return race.run(asked)


def _cuts(rows: Array, W: FloatArray) -> Iterator[slice]:
    return arrays.row_blocks(len(rows), 8 * W.shape[1], BYTES)


class _Race:
    """Rows in round coordinates, longest first, and one bound for all roundings.

    With offsets o = w - mean, a nearly orthogonal Q and a diagonal D, a row becomes p = o Q / D and a state x
    becomes a = x Q D, so that x.o = a.p + x.(1 - Q Q')o. The state of a row is x = Q p / D, for which a is
    nearly p again. Every error is a multiple of the product of the two lengths in these
    coordinates: the defect of Q Q', the float64 products with Q, the rounding of x and p to float32, and a
    float32 product of at most d + 16 terms in any order.
    """

    def __init__(self, W: FloatArray, which: IntArray, exponent: int, mean: FloatArray, clear: float) -> None:
        n, d = len(which), W.shape[1]
        self.W, self.which, self.exponent, self.mean, self.clear = W, which, exponent, mean, clear
        sample = self.offsets(np.random.default_rng(0).permutation(n)[: max(LEAST, SAMPLE * d)])
        squares, Q = np.linalg.eigh(sample.T @ sample)
        self.Q = np.ascontiguousarray(Q[:, ::-1])
        spread = np.sqrt(np.maximum(squares, 1e-16 * squares[-1])[::-1])
        equal = spread**EQUALISE
        self.scale = equal * np.sqrt(((spread / equal) ** 2).sum() / len(sample))
        points = np.empty((n, d), np.float32)
        for cut in _cuts(which, W):
            points[cut] = self.offsets(cut) @ self.Q / self.scale
        length = _lengths(points)
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        unlike = float(self.scale.max() / self.scale.min())
        defect = float(np.linalg.norm(np.eye(d) - self.Q @ self.Q.T)) + 2 * (d + 4) * _UNIT64 * d
        products = 4 * (d + 4) * _UNIT64 * np.sqrt(d)
        self.error = 1.1 * ((d + 32) * _UNIT32 + (defect + 2 * products) * unlike)
        self.cuts = [*sorted({round(share * d) for share in PREFIXES if share * d >= SHORTEST}), d]
        self.parts = [points[self.order, a:b] for a, b in pairwise([0, *self.cuts])]
        squares = np.cumsum([_squares(part) for part in self.parts[::-1]], axis=0)[-2::-1]
        self.left = [_up(np.sqrt(left)) for left in squares] + [np.zeros(n, np.float32)]
        self.ends = _up(self.length)
        self.loops = passes.loops(n * n * d)

    def offsets(self, rows: slice | IntArray) -> FloatArray:
        """Return the rows less their mean, in units of ``2**exponent``."""
        return times(self.W[self.which[rows]], -self.exponent) - self.mean

    def coordinates(self, places: IntArray) -> Array:
        """Return the rows at ``places`` of the order in round coordinates, as float32."""
        return np.hstack([part[places] for part in self.parts])

    def run(self, asked: IntArray) -> Screened:
        """Race the rows ``asked`` (m,) against all."""
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        states = np.empty((len(asked), self.W.shape[1]), np.float32)
        own, spare = np.empty(len(asked)), np.empty(len(asked))
        largest = float(self.scale.max())
        for cut in _cuts(asked, self.W):
            points = self.coordinates(place[asked[cut]]).astype(np.float64)
            states[cut] = points / self.scale @ self.Q.T
            X, offsets = states[cut].astype(np.float64), self.offsets(asked[cut])
            sizes = _lengths(X)
            own[cut] = np.einsum("ij,ij->i", X, offsets)
            own[cut] -= 4 * (X.shape[1] + 4) * _UNIT64 * sizes * _lengths(offsets)
            # The state was rounded in each entry by half a unit of its own, which the axes may stretch.
            spare[cut] = self.error + 1.1 * _UNIT32 * largest * sizes / np.maximum(_lengths(points), 1e-150)
        reach = own / self.length[place[asked]]
        leads = np.zeros(len(asked))
        left, rivals = np.empty(len(asked), np.int64), np.empty((len(asked), RIVALS), np.int32)
        count = 0
        usable: IntArray = np.flatnonzero(reach > 1e-6 * self.length[0])
        usable = usable[np.argsort(-reach[usable], kind="stable")]

        def race(rows: IntArray, start: int) -> tuple[int, list[tuple[int, Array]]]:
            heat = _Heat(self, place[asked[rows]], own[rows], spare[rows] / reach[rows], start)
            heat.run(reach[rows].min(), spare[rows].max())
            leads[rows] = np.minimum(self.clear, 1 - heat.best()) * own[rows] * (1 - 1e-9)
            lost = np.flatnonzero(leads[rows] <= 0).tolist()
            return heat.advice(), [(int(asked[rows[k]]), self.order[heat.beyond(k)]) for k in lost]

        heats = [usable[at : at + BLOCK] for at in range(0, len(usable), BLOCK)]
        start, at, step = 0, 0, 1
        with threads.workers() as pool:
            while at < len(heats):
                advices, lists = zip(*pool.map(race, heats[at : at + step], repeat(start)), strict=True)
                advice = round(sum(advices) / len(advices))
                start = max(0, min(start + advice, len(self.cuts) - 1))
                at, step = at + step, step if advice else TOGETHER
                for row, beyond in chain.from_iterable(lists):
                    left[count], rivals[count] = row, -1
                    rivals[count, : len(beyond)] = beyond
                    count += 1
        ascending = np.argsort(left[:count])
        return Screened(states, leads, self.exponent, left[ascending], rivals[ascending])


class _Heat:
    """A block of rows against all columns that may reach them, tile by tile.

    Rows are scaled to an own score of 1. Lists of the columns furthest beyond a row hold scores with all
    errors added.
    """

    def __init__(self, race: _Race, mine: IntArray, own: FloatArray, spare: FloatArray, start: int) -> None:
        self.race, self.mine, self.start = race, mine, start
        self.A = np.ascontiguousarray((race.coordinates(mine) / own[:, None]).astype(np.float32).T)
        self.near = [np.array([_up(np.sqrt(_squares(self.A[k:].T))), _up(spare)]) for k in race.cuts]
        self.top = np.full((len(mine), RIVALS), -np.inf, np.float32)
        self.who = np.zeros((len(mine), RIVALS), np.int64)
        self.bar = np.float32(1 - race.clear - 4 * _UNIT32)
        self.seen = self.kept = 0

    def run(self, reach: float, error: float) -> None:
        """Pass over the columns that are long enough for the smallest ``reach`` and the largest ``error``."""
        race = self.race
        shortest = min((1 - race.clear) * reach / (1 + 2 * error), race.length[0])
        count = int(np.searchsorted(-race.length, -shortest * (1 - 1e-9), side="right"))
        racing = np.arange(len(self.mine))
        for at in range(0, count, TILE):
            self._tile(slice(at, min(at + TILE, count)), racing)
            racing = racing[self.top[racing, -1] < 1]  # whoever has its list full of winners has lost
            if not len(racing):
                break

    def advice(self) -> int:
        """Return whether the next block should look later (1), earlier (-1) or as early as this one (0)."""
        if self.seen < 4 * TILE:
            return 0
        return int(self.kept > EARLY * self.seen) - int(self.kept < LATE * self.seen)

    def best(self) -> FloatArray:
        """Return a bound (r,) on the score of every other column."""
        return np.asarray(self.top[:, 0], np.float64) + 4 * _UNIT32

    def beyond(self, k: int) -> IntArray:
        """Return the columns in the list of row ``k``."""
        return self.who[k, np.isfinite(self.top[k])]

    def _tile(self, tile: slice, racing: IntArray) -> None:
        race, everyone = self.race, len(racing) == len(self.mine)
        self.seen += tile.stop - tile.start
        A = self.A if everyone else np.ascontiguousarray(self.A[:, racing])
        columns = np.arange(tile.start, tile.stop)
        scores = np.zeros((0, 0), np.float32)
        for level in range(self.start, len(race.cuts)):
            if level == self.start:
                scores = np.hstack([part[tile] for part in race.parts[: level + 1]]) @ A[: race.cuts[level]]
            else:
                scores += race.parts[level][columns] @ A[race.cuts[level - 1] : race.cuts[level]]
            near = self.near[level] if everyone else np.ascontiguousarray(self.near[level][:, racing])
            far = np.column_stack([race.left[level][columns], race.ends[columns]])
            keep = race.loops.survivors(scores, near, far, self.bar)
            self.kept += int(keep.sum()) if level == self.start else 0
            columns, scores = columns[keep], scores[keep]
            if not len(columns):
                return
        scores += np.outer(race.ends[columns], near[1])
        top, who = self.top[racing], self.who[racing]
        race.loops.furthest(scores, self.mine[racing], columns, self.bar, top, who)
        self.top[racing], self.who[racing] = top, who


def times(rows: FloatArray, exponent: int | IntArray) -> FloatArray:
    """Return ``rows * 2**exponent``: as ``ldexp``, and ten times as fast."""
    half = exponent // 2
    return rows * 2.0**half * 2.0 ** (exponent - half)


def _squares(rows: Array) -> FloatArray:
    """Return the squared norms of float32 ``rows``, summed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def _lengths(rows: Array) -> FloatArray:
    """Return upper bounds on the norms of ``rows`` whose entries are at most about 1."""
    return np.sqrt(_squares(rows)) * (1 + 1e-9) + 1e-150


def _up(values: FloatArray) -> Array:
    """Round to float32, upwards."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
