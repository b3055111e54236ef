"""One pruned pass that shows of most classes of most heads that they win in the direction of their own row.

In round coordinates centred at the mean, a row that no other row overshadows wins in its own direction. Most
pairs need no whole product: short rows lose to long ones by Cauchy and Schwarz, and a prefix of the
coordinates with the lengths of what is left bounds the rest. Products of prefixes are made for all pairs at
once, the others one by one. Everything is bounded upwards, the float32 product and the change of coordinates
included, so a column that stays below is proved to lose.

Flops: 4 n d^2 for the coordinates and the states, n^2 c in float32 for prefixes of c coordinates, typically a
tenth of them, and up to 2 d for each pair that is left then, a few in a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach import passes

#: Axes are divided by their spread to this power: 0 keeps the shape of the cloud, 1 makes it a ball.
EQUALISE = 0.5

#: Rows that share one product, and columns that are passed over together, so that the product stays in cache.
BLOCK, TILE = 256, 1024

#: Width from which coordinates are found in float32, and terms of a sum that are added up apart there.
WIDE, PART = 512, 128

#: Blocks that begin at the same level once it has settled, however many workers there are.
TOGETHER = 4

#: Bytes of float64 rows that are in work together.
BYTES = 2**21

#: Rows, at least and per axis, from which the axes are taken: any axes will do for a proof.
LEAST, SAMPLE = 4096, 8

#: Shares of the axes that a first look may take, and the fewest axes that are worth a look.
PREFIXES, SHORTEST = (0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.65), 8

#: A first look came too early if it leaves more than this share of the pairs, too late if less.
EARLY, LATE = 0.005, 0.0005

#: Entries before the coordinates of a point.
LEAD = 2

#: Pairs of a column up to which the rest of their products is cheaper one by one.
FEW = 8

#: Columns beyond a row that are named when it fails; with that many it leaves the race.
RIVALS = 48

#: Exponent of differences among rows of size 1 from which they are too near the end of float64 to be bounded.
FINEST = -900

#: Exponent up to which a power of two is a number in float64, either way.
LARGEST = 1000

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
    """Rows in round coordinates, longest first, and what all roundings may add to a score.

    With offsets o = w - mean, a nearly orthogonal Q and a diagonal D, a row becomes p = o Q / D and a state x
    becomes a = x Q D, so that x.o = a.p + x.(1 - Q Q')o. The state of a row is x = Q p / D, for which a is
    nearly p again. A float32 product of at most d + 18 terms in any order is off by a multiple of |a| |p|;
    the defect of Q Q', the products with Q and the rounding of x cost multiples of |x| |o|.

    Before the coordinates of each point stand a bound on what the first look leaves of it, and its length:
    with what is left of a row and its share of the error before the row, one product gives the bound.
    """

    def __init__(self, W: FloatArray, which: IntArray, exponent: int, mean: FloatArray, clear: float) -> None:
        n, d = len(which), W.shape[1]
        self.W, self.which, self.exponent, self.mean, self.clear = W, which, exponent, mean, clear
        wide = d >= WIDE
        self.dtype, unit = np.dtype(np.float32 if wide else np.float64), _UNIT32 if wide else _UNIT64
        sample = self.offsets(np.random.default_rng(0).permutation(n)[: max(LEAST, SAMPLE * d)])
        squares, Q = np.linalg.eigh(np.asarray(sample.T @ sample, np.float64))
        self.Q = np.ascontiguousarray(Q[:, ::-1]).astype(self.dtype)
        spread = np.sqrt(np.maximum(squares, 1e-16 * squares[-1])[::-1])
        equal = spread**EQUALISE
        self.scale = (equal * np.sqrt(((spread / equal) ** 2).sum() / len(sample))).astype(self.dtype)
        points, size = np.empty((n, LEAD + d), np.float32), np.empty(n)
        for cut in _cuts(which, W):
            offsets = self.offsets(cut)
            points[cut, LEAD:] = _product(offsets, self.Q) / self.scale
            size[cut] = _squares(offsets)
        length = np.sqrt(_squares(points[:, LEAD:])) * (1 + 1e-9)
        length += 1e-12 * length.max()  # so that what underflows does not count
        self.order = np.argsort(-length, kind="stable")
        self.length, self.points = length[self.order], points[self.order]
        Q64 = self.Q.astype(np.float64)
        defect = float(np.linalg.norm(np.eye(d) - Q64 @ Q64.T)) + 2 * (d + 4) * _UNIT64 * d
        self.product = 1.1 * (d + 36) * _UNIT32
        self.change = 1.1 * (defect + 2 * (PART + d / PART + 8) * np.sqrt(d) * unit + 2 * _UNIT32)
        self.change *= float((np.sqrt(size) / length).max())
        self.cuts = np.array([*sorted({round(share * d) for share in PREFIXES if share * d >= SHORTEST}), d])
        self.left = self._left(self.points)
        self.points[:, 1] = _up(self.length)
        self.loops = passes.loops(n * n * d)

    def offsets(self, rows: slice | IntArray) -> FloatArray:
        """Return the rows less their mean, in units of ``2**exponent`` and in the precision of the axes."""
        offsets = times(self.W[self.which[rows]], -self.exponent)
        offsets -= self.mean
        return offsets.astype(self.dtype, copy=False)

    def _left(self, points: Array) -> Array:
        """Return bounds (cuts, m) on the norms of what is left of ``points`` (m, LEAD + d) after each cut."""
        parts = [_squares(points[:, LEAD + a : LEAD + b]) for a, b in pairwise(self.cuts)]
        left = np.zeros((len(self.cuts), len(points)), np.float32)
        if parts:
            left[:-1] = _up(np.sqrt(np.cumsum(parts[::-1], axis=0)[::-1]))
        return left

    def begin_at(self, level: int) -> None:
        """Make the prefix of that level the first look."""
        self.level = level
        self.points[:, 0] = self.left[level]

    def run(self, asked: IntArray) -> Screened:
        """Race the rows ``asked`` (m,) against all."""
        place = np.empty(len(self.order), np.int64)
        place[self.order] = np.arange(len(self.order))
        place = place[asked]
        states, size = np.empty((len(asked), self.W.shape[1]), np.float32), np.empty(len(asked))
        for cut in _cuts(asked, self.W):
            states[cut] = _product(self.points[place[cut], LEAD:] / self.scale, self.Q.T)
            size[cut] = np.sqrt(_squares(states[cut]))
        length = self.length[place]
        spare = self.product + self.change * size / length
        reach = length * (1 - 1e-8 - spare) - 4e-12 * self.length[0]  # own score, over the length
        own = reach * length
        leads = np.zeros(len(asked))
        left, rivals = np.empty(len(asked), np.int64), np.empty((len(asked), RIVALS), np.int32)
        count = 0
        usable: IntArray = np.flatnonzero(reach > 1e-6 * self.length[0])
        usable = usable[np.argsort(-reach[usable], kind="stable")]

        def race(rows: IntArray) -> tuple[int, list[tuple[int, Array]]]:
            heat = _Heat(self, place[rows], own[rows], spare[rows] / reach[rows])
            heat.run(reach[rows].min(), spare[rows].max())
            leads[rows] = np.minimum(self.clear, 1 - heat.best()) * own[rows] * (1 - 1e-9)
            lost = np.flatnonzero(leads[rows] <= 0).tolist()
            return heat.advice(), [(int(asked[rows[k]]), self.order[heat.beyond(k)]) for k in lost]

        heats = [usable[at : at + BLOCK] for at in range(0, len(usable), BLOCK)]
        self.begin_at(min(1, len(self.cuts) - 1))
        at, step = 0, 1
        with threads.workers() as crew:
            while at < len(heats):
                advices, lists = zip(*crew.map(race, heats[at : at + step]), strict=True)
                advice = round(sum(advices) / len(advices))
                at, step = at + step, step if advice else TOGETHER
                if advice and 0 <= self.level + advice < len(self.cuts):
                    self.begin_at(self.level + advice)
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

    def __init__(self, race: _Race, mine: IntArray, own: FloatArray, spare: FloatArray) -> None:
        self.race, self.mine = race, mine
        self.A = (race.points[mine] / own[:, None]).astype(np.float32)
        self.left = race._left(self.A)
        self.A[:, 1] = _up(spare)
        self.top = np.full((len(mine), RIVALS), -np.inf, np.float32)
        self.who = np.zeros((len(mine), RIVALS), np.int64)
        self.bar = np.float32(1 - race.clear - 4 * _UNIT32)
        self.table = np.empty(TILE * len(mine), np.float32)
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
        race, first = self.race, self.race.level
        A, left, mine, top, who = self.A, self.left, self.mine, self.top, self.who
        if len(racing) < len(mine):
            A, left, mine, top, who = A[racing], left[:, racing], mine[racing], top[racing], who[racing]
        columns = np.arange(tile.start, tile.stop)
        self.seen += len(columns) * len(mine)
        for level in range(first, len(race.cuts)):
            cut = LEAD + race.cuts[level]
            A[:, 0] = left[level]
            if level == first:
                looks = race.points[tile, :cut]
            else:
                looks = race.points[columns, :cut]
                looks[:, 0] = race.left[level, columns]
            scores = self.table[: len(looks) * len(mine)].reshape(len(looks), len(mine))
            np.matmul(looks, A[:, :cut].T, out=scores)
            if level + 1 == len(race.cuts):
                race.loops.furthest(scores, mine, columns, self.bar, top, who)
                break
            places, many = race.loops.reaching(scores, self.bar, FEW)
            if level == first:
                self.kept += len(places) + FEW * len(many)
            race.loops.one_by_one(
                places, columns, mine, LEAD, race.cuts[level:], A, left[level:],
                race.points, race.left[level:], self.bar, top, who,
            )  # fmt: skip
            columns = columns[many]
            if not len(columns):
                break
        if len(racing) < len(self.mine):
            self.top[racing], self.who[racing] = top, who


def times(rows: FloatArray, exponent: int | IntArray) -> FloatArray:
    """Return ``rows * 2**exponent``: as ``ldexp``, and ten times as fast."""
    if np.abs(exponent).max() <= LARGEST:
        return rows * 2.0**exponent
    half = exponent // 2
    return rows * 2.0**half * 2.0 ** (exponent - half)


def _product(A: FloatArray, B: FloatArray) -> FloatArray:
    """Return ``A @ B`` in parts, so that an error grows with ``PART + d / PART`` and not with d."""
    out = A[:, :PART] @ B[:PART]
    for at in range(PART, len(B), PART):
        out += A[:, at : at + PART] @ B[at : at + PART]
    return out


def _squares(rows: Array) -> FloatArray:
    """Return the squared norms of float32 ``rows``, summed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def _up(values: FloatArray) -> Array:
    """Round to float32, upwards."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
