"""Which classes may reach another one at a state: bounded products rule out all but few."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .exact import Floats

UNIT32, UNIT64 = 2.0**-24, 2.0**-53
TINY = 2.0**-100  # more than all underflows of a float32 product cost, at entries up to 2
FINER = 2.0**-900  # the same of float64
TILE, PAIRS = 512, 2**18  # classes of like size, and pairs, that are compared together: so many stay in cache

Each = Callable[..., Iterable[Any]]  # as ``map``, or as that of an executor, whose threads work side by side


def contested(
    W: Floats, b: Floats | None, classes: Sequence[int], X: Floats, each: Each = map
) -> list[Sequence[int]]:
    """Return, for each class i and state x, the classes not shown to have a smaller logit than i.

    A bias is one more column of the rows, and 1 one more entry of the states. With any row m, here the mean
    of some, the logits less ``m.x`` compare like the logits. Where the norm of a row times that of the state
    is below the logit of i, no product is made. Elsewhere a float32 product of the centred rows with the
    states, to which (D + 16) u times the product of the norms is added, bounds them upwards: rounding the
    factors costs 2 u, a sum of D + 1 products in any order (D + 2) u, and centring in float64 next to
    nothing. What stays below a lower bound on the logit of i is ruled out; of the rest, float64 products of
    the differences rule out what they can. All bounds have room for states that differ from these by u times
    their norm.

    Costs at most 2 D (classes)(states) in float32; nothing of that size is held.
    """
    states = _States(W, b, classes, X, each)
    order = np.argsort(-states.sizes, kind="stable")
    pairs = list(each(states.against, [order[at : at + TILE] for at in range(0, len(W), TILE)]))
    which, rivals = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.lexsort((rivals, which))
    which, rivals = which[order], rivals[order]
    cuts = np.searchsorted(which, np.arange(len(X) + 1)).tolist()
    out: list[Sequence[int]] = [()] * len(X)
    for k in np.unique(which).tolist():
        out[k] = states.still(k, rivals[cuts[k] : cuts[k + 1]])
    return out


class _States:
    """States and rows in units of powers of two, in which nothing overflows and what underflows is tiny."""

    def __init__(self, W: Floats, b: Floats | None, classes: Sequence[int], X: Floats, each: Each) -> None:
        self.W, self.b, self.classes = W, b, np.array(classes)
        self.unit = int(np.frexp(max(W.max(), -W.min()))[1])
        tops = np.frexp(np.abs(X).max(axis=1))[1]
        self.x, self.units = np.ldexp(X, -tops[:, None]), self.unit + tops
        long = self.x
        if b is not None:
            self.lift = int(np.frexp(np.abs(b).max())[1])
            share = self.lift - self.units  # the unit of the biases in that of the state's logits
            ones = np.ldexp(1.0, np.minimum(share, 0))
            long = np.column_stack([np.ldexp(self.x, -np.maximum(share, 0)[:, None]), ones])
        width = long.shape[1]
        self.mean = np.zeros(width)
        self.mean = self.rows(slice(None, None, -(-len(W) // TILE))).mean(axis=0)
        tiles = [slice(at, at + TILE) for at in range(0, len(W), TILE)]
        self.sizes = np.concatenate(list(each(lambda tile: _lengths(self.rows(tile)), tiles)))
        length, mine = _lengths(long), self.rows(self.classes)
        own = np.einsum("ij,ij->i", long, mine)
        own = own - 8 * (width + 4) * UNIT64 * length * self.sizes[self.classes] - width * TINY
        slack = (width + 16) * UNIT32 * (1 + 4 * width * UNIT32)
        needed = own / length * (1 - 1e-9)  # a shorter row stays below
        self.order = np.argsort(needed, kind="stable")
        self.needed = needed[self.order]
        self.near = np.column_stack([long.astype(np.float32), _up(slack * length)])[self.order]
        self.own = np.nextafter(own.astype(np.float32), np.float32(-np.inf))[self.order, None]
        self.length = _lengths(self.x)
        self.own_by_thread = threading.local()

    def rows(self, which: Any) -> Floats:
        """Return rows less the mean, with their biases."""
        some, d = self.W[which], self.W.shape[1]
        rows = np.empty((len(some), len(self.mean)))
        np.ldexp(some, -self.unit, out=rows[:, :d])
        if self.b is not None:
            np.ldexp(self.b[which], -self.lift, out=rows[:, d])
        rows -= self.mean
        return rows

    def lead(self, k: int, others: Any) -> Floats:
        """Return by how much at most the biases of ``others`` exceed that of the class of state k."""
        assert self.b is not None
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            lifts = np.ldexp(self.b[others], -self.units[k])
            mine = np.ldexp(self.b[self.classes[k]], -self.units[k])
            return np.asarray(lifts - mine + 8 * UNIT64 * (np.abs(lifts) + np.abs(mine)) + FINER)

    def against(self, tile: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the pairs (state, class) of some classes that norms and the float32 product leave open."""
        some = int(np.searchsorted(self.needed, self.sizes[tile].max(), side="right"))
        if not some:
            return self.order[:0], tile[:0]
        far = np.empty((len(tile), self.near.shape[1]), np.float32)
        far[:, :-1], far[:, -1] = self.rows(tile), _up(self.sizes[tile])
        table, step, found = self.table(), max(1, PAIRS // len(tile)), []
        for at in range(0, some, step):
            stop = min(at + step, some)
            scores = table[: (stop - at) * len(tile)].reshape(stop - at, len(tile))
            np.matmul(self.near[at:stop], far.T, out=scores)
            found.append(np.flatnonzero(~(scores < self.own[at:stop])) + at * len(tile))
        k, j = np.divmod(np.concatenate([np.zeros(0, np.int64), *found]), len(tile))
        which, rivals = self.order[k], tile[j]
        others = rivals != self.classes[which]
        return which[others], rivals[others]

    def table(self) -> npt.NDArray[np.float32]:
        """Return room for the products of a tile, the same for all tiles of a thread."""
        if not hasattr(self.own_by_thread, "table"):
            self.own_by_thread.table = np.empty(PAIRS, np.float32)
        found: npt.NDArray[np.float32] = self.own_by_thread.table
        return found

    def still(self, k: int, rest: npt.NDArray[Any]) -> list[int]:
        """Return those of the classes ``rest`` that float64 leaves open for state k."""
        gaps = np.ldexp(self.W[rest], -self.unit) - np.ldexp(self.W[self.classes[k]], -self.unit)
        width = gaps.shape[1]
        value = gaps @ self.x[k] + 4 * (width + 4) * UNIT64 * self.length[k] * _lengths(gaps) + width * FINER
        if self.b is not None:
            value = value + self.lead(k, rest) * (1 + 4 * UNIT64)
        with np.errstate(invalid="ignore"):
            return [int(j) for j in rest[~(value < 0)]]


def _lengths(rows: Floats) -> Floats:
    """Return upper bounds on the norms of rows whose entries are at most about 1."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)) * (1 + 1e-9) + 1e-150)


def _up(values: Floats) -> npt.NDArray[np.float32]:
    return np.asarray(np.nextafter(values.astype(np.float32), np.float32(np.inf)))
