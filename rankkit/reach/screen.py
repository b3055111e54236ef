"""One pass that shows of most classes of most heads that they win in the direction of their own row.

In round coordinates about the mean, a row that no other row overshadows wins in its own direction. A
direction within the leading axes has a product with what lies within them alone, so the pass first looks at
few coordinates, and at more of those rows only that have not won yet. Half of the pairs need no product:
short rows lose to long ones by Cauchy and Schwarz. Everything is bounded upwards, the float32 product and
the change of coordinates included, so a column that stays below is proved to lose.

Flops of a look at k of d axes: 4 n d k for the coordinates and the states, and up to 2 n m k in float32 for
the m rows that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit import threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.looks import EQUALISE, UNIT32, Look, Offsets, Plain, Round, sample_of, times, up

#: Leading axes of the first look, in which the cloud is made a ball, and how many times more the next takes.
FIRST, MORE = 48, 2

#: What one more coordinate of a row costs, in multiplications for each entry of it.
COORDINATE = 4

#: Columns that are passed over together, so that their product with a block of rows stays in cache.
TILE = 1024

#: Columns beyond a row that are named when it fails; with that many it leaves the race.
RIVALS = 32

#: Exponent of differences among rows of size 1 from which they are too near the end of float64 to be bounded.
FINEST = -900


@dataclass(frozen=True)
class Screened:
    """What the pass proved.

    Attributes
    ----------
    states : numpy.ndarray (len(W), d), float32
        In the place of each row that was asked for, its direction: the one in which it wins, or that was
        tried last.
    leads : numpy.ndarray (m,), float64
        By how much, at least, the row's product with its state exceeds that of every other row (in units of
        ``2**exponent``); not positive where nothing is proved.
    exponent : int
    order : numpy.ndarray (n,)
        The names of all rows, longest first.
    open : numpy.ndarray (k,), int64
        Rows of which nothing is proved although some rivals are known, ascending.
    rivals : numpy.ndarray (k, RIVALS), int32
        The rows furthest beyond each of them among the first that were found; -1 fills the list.
    """

    states: Array
    leads: FloatArray
    exponent: int
    order: IntArray
    open: IntArray
    rivals: Array


def own_directions(
    W: FloatArray,
    asked: IntArray,
    clear: float = 1e-6,
    which: IntArray | None = None,
    states: Array | None = None,
) -> Screened:
    """Run the pass over the rows ``which`` (n,) of ``W``, all by default, that are distinct.

    Rows are named by their places in ``which``, those that are ``asked`` (m,) for too. A lead beyond the
    fraction ``clear`` of a row's own score is not measured further. ``states`` is the table to write
    directions to, a new one by default.
    """
    which = np.arange(len(W)) if which is None else which
    d, leads = W.shape[1], np.zeros(len(asked))
    states = np.zeros(W.shape, np.float32) if states is None else states
    low, high = W.min(axis=0), W.max(axis=0)
    exponent = int(np.frexp(max(high.max(), -low.min()))[1])
    mean = times(W[which[sample_of(len(which), d)]], -exponent).mean(axis=0)
    spread = np.maximum(times(high, -exponent) - mean, mean - times(low, -exponent)).max()
    finer = int(np.frexp(spread)[1])
    if finer < FINEST:
        order = np.arange(len(which))
        return Screened(states, leads, exponent, order, asked[:0], np.zeros((0, RIVALS), np.int32))
    offsets = Offsets(W, which, exponent + finer, times(mean, -finer))
    todo: IntArray = np.arange(len(asked))
    race = _Race(asked, which[asked], clear, states, leads)
    open_, rivals, known = asked[:0], np.zeros((0, RIVALS), np.int32), 0
    for axes in _looks(d):
        # compared with rows as they are, half of the pairs are not spared, but no coordinates are made
        few = len(todo) * (d - axes / 2) < COORDINATE * d * (axes - known)
        last = few or axes == d
        look: Look = Plain(offsets) if few else Round(offsets, axes, EQUALISE if last else 1.0)
        open_, rivals = race.run(look, todo, RIVALS if last else 1)
        order = look.order
        del look  # the next one is as large
        todo, known = todo[leads[todo] <= 0], axes
        if last or not len(todo):
            break
    return Screened(states, leads, offsets.exponent, order, open_, rivals)


def _looks(d: int) -> list[int]:
    """Return the numbers of axes of all looks."""
    looks = [FIRST]
    while looks[-1] * MORE <= d:
        looks.append(looks[-1] * MORE)
    return [*looks[:-1], d]


@dataclass(frozen=True)
class _Race:
    """The rows asked for (m,), by name and by place in W, and what is found of them."""

    asked: IntArray
    home: IntArray
    clear: float
    states: Array
    leads: FloatArray

    def run(self, look: Look, todo: IntArray, rivals: int) -> tuple[IntArray, Array]:
        """Race some of the rows, by position, against all; enter their states, and the leads of the winners.

        Returns the others (k,), by name, ascending, and the first of their rivals (k, ``rivals``); -1 fills
        a list.
        """
        place = np.empty(len(look.order), np.int64)
        place[look.order] = np.arange(len(look.order))
        todo = todo[np.argsort(place[self.asked[todo]])]
        lists, lost = np.empty((len(todo), rivals), np.int32), np.zeros(len(todo), bool)

        def heat(part: IntArray) -> None:
            vectors, size, own, error, states = look.aims(place[self.asked[todo[part]]])
            reach = own / size  # whatever is shorter stays below
            usable = reach > 1e-6 * look.length[0]
            if not usable.all():
                part, vectors, size, own = part[usable], vectors[usable], size[usable], own[usable]
                error, reach, states = error[usable], reach[usable], states[usable]
            if not len(part):
                return
            rows, bar = todo[part], 1 - self.clear
            heat = _Heat(look, place[self.asked[rows]], vectors / own[:, None], error / reach, bar, rivals)
            heat.run(bar * reach.min() / (1 + 2 * error.max()))
            lead = np.minimum(self.clear, 1 - heat.best()) * own * (1 - 1e-9)
            won = lead > 0
            self.states[self.home[rows]], self.leads[rows[won]] = states, lead[won]
            lost[part], lists[part[~won]] = ~won, heat.beyond()[~won]

        crew = threads.at_work()
        size = max(1, min(look.block, -(-len(todo) // crew.count)))
        for _ in crew.map(heat, np.split(np.arange(len(todo)), range(size, len(todo), size))):
            pass
        ascending = np.flatnonzero(lost)
        ascending = ascending[np.argsort(self.asked[todo[ascending]])]
        return self.asked[todo[ascending]], lists[ascending]


class _Heat:
    """A block of rows against all columns that may reach them, tile by tile.

    Rows are scaled to an own score of 1. Lists of the columns furthest beyond a row hold scores with all
    errors added.
    """

    def __init__(
        self, look: Look, mine: IntArray, vectors: Array, spare: FloatArray, bar: float, rivals: int
    ) -> None:
        self.look, self.mine = look, mine
        self.vectors = np.empty((len(mine), 1 + vectors.shape[1]), np.float32)
        self.vectors[:, 0], self.vectors[:, 1:] = up(spare), vectors
        self.top = np.full((len(mine), rivals), -np.inf, np.float32)
        self.who = np.zeros((len(mine), rivals), np.int64)
        self.bar = np.full(len(mine), bar - 4 * UNIT32, np.float32)

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
            look.merge(scores, mine, columns, self.bar[racing], top, who)
            going = top[:, 0] < 1  # whoever has its list full of winners has lost
            if not going.all():
                self.top[racing], self.who[racing] = top, who
                racing, vectors, mine = racing[going], vectors[going], mine[going]
                top, who = top[going], who[going]
                if not len(racing):
                    return
        self.top[racing], self.who[racing] = top, who

    def best(self) -> FloatArray:
        """Return a bound (r,) on the score of every other column."""
        return np.asarray(self.top.max(axis=1), np.float64) + 4 * UNIT32

    def beyond(self) -> Array:
        """Return the names (r, rivals) in each list, the furthest first, in int32; -1 fills it."""
        names = np.where(np.isfinite(self.top), self.look.order[self.who], -1)
        return np.take_along_axis(names, np.argsort(-self.top, axis=1), 1).astype(np.int32)
