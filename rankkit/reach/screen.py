"""One pass that shows of most classes of most heads that they win in the direction of their own row.

In round coordinates centred at the mean, a row that no other row overshadows wins in its own direction. A
direction within the leading axes has a product with what lies within them alone, so the pass first looks at
few coordinates, and at more of those rows only that have not won yet. Half of the pairs need no product:
short rows lose to long ones by Cauchy and Schwarz. Everything is bounded upwards, the float32 product and
the change of coordinates included, so a column that stays below is proved to lose.

Flops of a look at k of d axes: 4 n d k for the coordinates and the states, and up to 2 n m k in float32 for
the m rows that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach import passes

#: Axes are divided by their spread to this power: 0 keeps the shape of the cloud, 1 makes it a ball.
EQUALISE = 0.5

#: Leading axes of the first look, in which the cloud is made a ball, and how many times more the next takes.
FIRST, MORE = 48, 2

#: What one more coordinate of a row costs, in multiplications for each entry of it.
COORDINATE = 4

#: Rows that share one product, and columns that are passed over together, so that the product stays in cache.
BLOCK, TILE = 256, 1024

#: Axes from which coordinates are found in float32, and terms of a sum that are added up apart there.
WIDE, PART = 512, 128

#: Bytes of float64 rows that are in work together.
BYTES = 2**21

#: Rows, at least and per axis, from which the axes are taken: any axes will do for a proof.
LEAST, SAMPLE = 4096, 8

#: Columns beyond a row that are named when it fails; with that many it leaves the race.
RIVALS = 32

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
        The direction of each row that was asked for, where it is shown to win; zero elsewhere.
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
    d = W.shape[1]
    states, leads = np.zeros((len(asked), d), np.float32), np.zeros(len(asked))
    low, high = W.min(axis=0), W.max(axis=0)
    exponent = int(np.frexp(max(high.max(), -low.min()))[1])
    mean = sum(times(W[which[cut]], -exponent).sum(axis=0) for cut in cuts_of(which, W)) / len(which)
    spread = np.maximum(times(high, -exponent) - mean, mean - times(low, -exponent)).max()
    finer = int(np.frexp(spread)[1])
    if finer < FINEST:
        return Screened(states, leads, exponent, asked[:0], np.zeros((0, RIVALS), np.int32))
    offsets = _Offsets(W, which, exponent + finer, times(mean, -finer))
    todo: IntArray = np.arange(len(asked))
    open_, rivals, known = asked[:0], np.zeros((0, RIVALS), np.int32), 0
    for axes in _looks(d):
        # compared with rows as they are, half of the pairs are not spared, but no coordinates are made
        few = len(todo) * (d - axes / 2) < COORDINATE * d * (axes - known)
        last = few or axes == d
        look = _Plain(offsets) if few else _Round(offsets, axes, EQUALISE if last else 1.0)
        open_, rivals = _race(look, asked, todo, RIVALS if last else 1, clear, states, leads)
        del look  # the next one is as large
        todo, known = todo[leads[todo] <= 0], axes
        if last or not len(todo):
            break
    return Screened(states, leads, offsets.exponent, open_, rivals)


def _looks(d: int) -> list[int]:
    """Return the numbers of axes of all looks."""
    looks = [FIRST]
    while looks[-1] * MORE <= d:
        looks.append(looks[-1] * MORE)
    return [*looks[:-1], d]


def cuts_of(rows: Array, W: FloatArray) -> Iterator[slice]:
    """Return cuts of ``rows`` of ``W`` that are in work together."""
    return arrays.row_blocks(len(rows), 8 * W.shape[1], BYTES)


class _Offsets:
    """Rows less their mean, in units of ``2**exponent``, and the principal axes of a sample of them."""

    def __init__(self, W: FloatArray, which: IntArray, exponent: int, mean: FloatArray) -> None:
        n, d = len(which), W.shape[1]
        self.W, self.which, self.exponent, self.mean = W, which, exponent, mean
        self.dtype = np.dtype(np.float32 if d >= WIDE else np.float64)
        sample = self.of(np.random.default_rng(0).permutation(n)[: max(LEAST, SAMPLE * d)])
        squares, axes = np.linalg.eigh(np.asarray(sample.T @ sample, np.float64))
        self.axes = np.ascontiguousarray(axes[:, ::-1]).astype(self.dtype)
        self.spread = np.sqrt(np.maximum(squares, 1e-16 * squares[-1])[::-1] / len(sample))
        self.sizes = np.empty(n)
        self._known: list[Array] = []

    def of(self, rows: slice | IntArray) -> FloatArray:
        """Return the offsets of ``rows``, named by their places in ``which``."""
        offsets = times(self.W[self.which[rows]], -self.exponent)
        offsets -= self.mean
        return offsets.astype(self.dtype, copy=False)

    def learn(self, axes: int) -> None:
        """Find the products of all offsets with so many leading axes, but for those known, in float32."""
        known = sum(some.shape[1] for some in self._known)
        more = np.empty((len(self.which), axes - known), np.float32)
        for cut in cuts_of(self.which, self.W):
            offsets = self.of(cut)
            more[cut] = _product(offsets, self.axes[:, known:axes])
            if not known:
                self.sizes[cut] = np.sqrt(_squares(offsets))
        self._known.append(more)

    def coordinates(self, rows: slice | IntArray) -> Array:
        """Return the known products (m, axes) of ``rows``."""
        return np.concatenate([some[rows] for some in self._known], axis=1)


class _Look:
    """Points to compare rows with, longest first.

    Attributes
    ----------
    order : numpy.ndarray (n,)
        The names of the points.
    length : numpy.ndarray (n,), float64
        Bounds on their norms, descending.
    block : int
        How many rows are best compared with them at once.
    """

    block: int
    order: IntArray
    length: FloatArray
    merge: passes.Merge

    def points(self, start: int, stop: int) -> Array:
        """Return points (m, 1 + k) in order, in float32: before their coordinates, bounds on their norms."""
        raise NotImplementedError

    def aims(self, places: IntArray) -> tuple[Array, FloatArray, FloatArray, FloatArray, Array]:
        """Return how the rows at ``places`` (m,) take aim.

        Vectors (m, k) in float32 to multiply points with, and bounds on their norms; lower bounds on the
        products with the row itself; the most that all roundings add to another product, over the norms of
        both; states (m, d) in float32, whose products with rows less their mean these are.
        """
        raise NotImplementedError


class _Round(_Look):
    """Rows in their leading round coordinates.

    With k axes Q (d, k) and a diagonal D, the offset o of a row becomes p = o Q / D. The state of a row is
    x = Q y with y = p / D, so that its product with any offset is that of p with the row's coordinates,
    whatever the axes are. A float32 product of at most k + 18 terms in any order is off by a multiple of the
    norms of both; rounding p and x costs multiples of |y| |o|.
    """

    block = BLOCK

    def __init__(self, offsets: _Offsets, axes: int, equalise: float) -> None:
        d, unit = len(offsets.axes), _UNIT32 if offsets.dtype == np.float32 else _UNIT64
        self.turn, spread = offsets.axes[:, :axes], offsets.spread[:axes]
        equal = spread**equalise
        self.scale = (equal * np.linalg.norm(spread / equal)).astype(np.float32)
        offsets.learn(axes)
        cuts = list(cuts_of(offsets.which, offsets.W))
        length = np.concatenate([_lengths(offsets.coordinates(cut) / self.scale) for cut in cuts])
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        self.all = np.empty((len(length), 1 + axes), np.float32)
        self.all[:, 0] = _up(self.length)
        for cut in cuts:
            self.all[cut, 1:] = offsets.coordinates(self.order[cut]) / self.scale
        turn = self.turn.astype(np.float64)
        stretch = 1 + float(np.linalg.norm(turn.T @ turn - np.eye(axes)))
        self.product = 1.1 * (axes + 36) * _UNIT32
        self.change = 2 * (PART + d / PART + 8) * np.sqrt(axes) * unit + 4 * _UNIT32
        self.change *= 1.1 * stretch * float((offsets.sizes / length).max())
        self.merge = passes.merging(len(length) ** 2 * axes)

    def points(self, start: int, stop: int) -> Array:
        return self.all[start:stop]

    def aims(self, places: IntArray) -> tuple[Array, FloatArray, FloatArray, FloatArray, Array]:
        vectors, length = self.all[places, 1:], self.length[places]
        away = vectors / self.scale
        error = self.product + self.change * np.sqrt(_squares(away)) / length
        own = length**2 * (1 - 1e-8 - error) - 4e-12 * self.length[0] * length
        return vectors, length, own, error, _product(away, self.turn.T).astype(np.float32)


class _Plain(_Look):
    """Rows less their mean as they are: for few, other coordinates of all would cost more than products."""

    block = 4 * BLOCK

    def __init__(self, offsets: _Offsets) -> None:
        self.offsets, n, d = offsets, len(offsets.which), len(offsets.axes)
        length = np.concatenate([_lengths(offsets.of(cut)) for cut in cuts_of(offsets.which, offsets.W)])
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        self.scale = offsets.spread ** (2 * EQUALISE)
        self.product = 1.1 * (d + 36) * _UNIT32
        self.merge = passes.merging(n * d * d)

    def points(self, start: int, stop: int) -> Array:
        offsets = self.offsets.of(self.order[start:stop])
        points = np.empty((len(offsets), 1 + offsets.shape[1]), np.float32)
        points[:, 0], points[:, 1:] = _up(self.length[start:stop]), offsets
        return points

    def aims(self, places: IntArray) -> tuple[Array, FloatArray, FloatArray, FloatArray, Array]:
        offsets, axes = self.offsets.of(self.order[places]), self.offsets.axes
        states = (offsets @ axes / self.scale) @ axes.T
        top = np.abs(states).max(axis=1, keepdims=True)
        states = (states / np.where(top > 0, top, 1.0)).astype(np.float32)
        size = np.sqrt(_squares(states)) * (1 + 1e-9) + 1e-12
        own = np.einsum("ij,ij->i", states, offsets, dtype=np.float64)
        own -= self.product * size * self.length[places]
        return states, size, own, np.full(len(places), self.product), states


def _race(
    look: _Look, asked: IntArray, todo: IntArray, rivals: int, clear: float, states: Array, leads: FloatArray
) -> tuple[IntArray, Array]:
    """Race the rows ``asked[todo]`` against all; enter their ``states``, and the ``leads`` of the winners.

    Returns the others (k,), ascending, and the first of their rivals (k, ``rivals``); -1 fills a list.
    """
    place = np.empty(len(look.order), np.int64)
    place[look.order] = np.arange(len(look.order))
    todo = todo[np.argsort(place[asked[todo]])]
    lists, lost = np.empty((len(todo), rivals), np.int32), np.zeros(len(todo), bool)

    def heat(part: IntArray) -> None:
        vectors, size, own, error, aimed = look.aims(place[asked[todo[part]]])
        reach = own / size  # whatever is shorter stays below
        usable = reach > 1e-6 * look.length[0]
        if not usable.all():
            part, vectors, size, own = part[usable], vectors[usable], size[usable], own[usable]
            error, reach, aimed = error[usable], reach[usable], aimed[usable]
        if not len(part):
            return
        rows = todo[part]
        heat = _Heat(look, place[asked[rows]], vectors / own[:, None], error / reach, 1 - clear, rivals)
        heat.run((1 - clear) * reach.min() / (1 + 2 * error.max()))
        lead = np.minimum(clear, 1 - heat.best()) * own * (1 - 1e-9)
        won = lead > 0
        states[rows], leads[rows[won]] = aimed, lead[won]
        lost[part], lists[part[~won]] = ~won, heat.beyond()[~won]

    with threads.workers() as crew:
        size = max(1, min(look.block, -(-len(todo) // crew.count)))
        parts = np.split(np.arange(len(todo)), range(size, len(todo), size))
        list(crew.map(heat, parts))
    ascending = np.flatnonzero(lost)
    ascending = ascending[np.argsort(asked[todo[ascending]])]
    return asked[todo[ascending]], lists[ascending]


class _Heat:
    """A block of rows against all columns that may reach them, tile by tile.

    Rows are scaled to an own score of 1. Lists of the columns furthest beyond a row hold scores with all
    errors added.
    """

    def __init__(
        self, look: _Look, mine: IntArray, vectors: Array, spare: FloatArray, bar: float, rivals: int
    ) -> None:
        self.look, self.mine = look, mine
        self.vectors = np.empty((len(mine), 1 + vectors.shape[1]), np.float32)
        self.vectors[:, 0], self.vectors[:, 1:] = _up(spare), vectors
        self.top = np.full((len(mine), rivals), -np.inf, np.float32)
        self.who = np.zeros((len(mine), rivals), np.int64)
        self.bar = np.float32(bar - 4 * _UNIT32)

    def run(self, shortest: float) -> None:
        """Pass over the columns that are at least as long as ``shortest``."""
        look, table = self.look, np.empty(TILE * len(self.mine), np.float32)
        count = int(np.searchsorted(-look.length, -shortest * (1 - 1e-9), side="right"))
        racing = np.arange(len(self.mine))
        vectors, mine, top, who = self.vectors, self.mine, self.top, self.who
        for at in range(0, count, TILE):
            columns = np.arange(at, min(at + TILE, count))
            scores = table[: len(columns) * len(racing)].reshape(len(columns), len(racing))
            np.matmul(look.points(at, at + len(columns)), vectors.T, out=scores)
            look.merge(scores, mine, columns, self.bar, top, who)
            going = top[:, -1] < 1  # whoever has its list full of winners has lost
            if not going.all():
                self.top[racing], self.who[racing] = top, who
                racing, vectors, mine = racing[going], vectors[going], mine[going]
                top, who = top[going], who[going]
                if not len(racing):
                    return
        self.top[racing], self.who[racing] = top, who

    def best(self) -> FloatArray:
        """Return a bound (r,) on the score of every other column."""
        return np.asarray(self.top[:, 0], np.float64) + 4 * _UNIT32

    def beyond(self) -> Array:
        """Return the names (r, rivals) in each list, in int32; -1 fills it."""
        names = np.where(np.isfinite(self.top), self.look.order[self.who], -1)
        return names.astype(np.int32)


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
    """Return the squared norms of ``rows``, summed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def _lengths(rows: Array) -> FloatArray:
    """Return upper bounds on the norms of ``rows``, with so much to spare that what underflows counts."""
    lengths = np.sqrt(_squares(rows)) * (1 + 1e-9)
    return lengths + 1e-12 * lengths.max()


def _up(values: FloatArray) -> Array:
    """Round to float32, upwards."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
