"""Which classes may reach another one at a state: bounded products rule out all but few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .exact import Floats

UNIT32, UNIT64 = 2.0**-24, 2.0**-53
TINY = 2.0**-100  # more than all underflows of a float32 product cost, at entries up to 2
FINER = 2.0**-900  # the same of float64
TILE, PAIRS = 2048, 2**22


def contested(W: Floats, b: Floats | None, classes: Sequence[int], X: Floats) -> list[list[int]]:
    """Return, for each class i and state x, the classes not shown to have a smaller logit than i.

    With m the mean row, the logits less ``m.x`` compare like the logits. A float32 product of the centred
    rows with the states, to which (d + 16) u times the product of the norms is added, bounds them upwards:
    rounding the factors costs 2 u, a sum of d + 1 products in any order (d + 2) u, and centring in float64
    next to nothing. What stays below a lower bound on the logit of i is ruled out; of the rest, float64
    products of the differences rule out what they can.

    Costs 2 d (classes)(states) in float32; nothing of that size is held.
    """
    states = _States(W, b, classes, X)
    pairs = [states.against(start) for start in range(0, len(W), TILE)]
    which, rivals = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.argsort(which, kind="stable")
    cuts = np.searchsorted(which[order], np.arange(1, len(X)))
    return [states.still(k, rest) for k, rest in enumerate(np.split(rivals[order], cuts))]


class _States:
    """States and rows in units of powers of two, in which nothing overflows and what underflows is tiny."""

    def __init__(self, W: Floats, b: Floats | None, classes: Sequence[int], X: Floats) -> None:
        self.W, self.b, self.classes = W, b, np.array(classes)
        self.unit = int(np.frexp(max(W.max(), -W.min()))[1])
        tops = np.frexp(np.abs(X).max(axis=1))[1]
        self.x, self.units = np.ldexp(X, -tops[:, None]), self.unit + tops
        self.mean = np.zeros(W.shape[1])
        self.mean = sum(self.rows(slice(at, at + TILE)).sum(axis=0) for at in range(0, len(W), TILE)) / len(W)
        d, mine = W.shape[1], self.rows(self.classes)
        self.length = _lengths(self.x)
        self.near = np.column_stack([self.x.astype(np.float32), _up((d + 16) * UNIT32 * self.length)])
        own = np.einsum("ij,ij->i", self.x, mine)
        self.own = own - 8 * (d + 4) * UNIT64 * self.length * _lengths(mine) - d * TINY

    def rows(self, which: Any) -> Floats:
        """Return rows less the mean."""
        return np.asarray(np.ldexp(self.W[which], -self.unit) - self.mean)

    def lead(self, some: slice, others: Any) -> Floats:
        """Return by how much at most the biases of ``others`` exceed those of the classes of states."""
        assert self.b is not None
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            lifts = np.ldexp(self.b[others], -self.units[some, None])
            mine = np.ldexp(self.b[self.classes[some]], -self.units[some])[:, None]
            return np.asarray(lifts - mine + 8 * UNIT64 * (np.abs(lifts) + np.abs(mine)) + FINER)

    def against(self, start: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the pairs (state, class) of a tile of classes that the float32 product leaves open."""
        tile = slice(start, min(start + TILE, len(self.W)))
        rows = self.rows(tile)
        far = np.column_stack([rows.astype(np.float32), _up(_lengths(rows))])
        step = max(1, PAIRS // len(rows))
        which, rivals = [], []
        for at in range(0, len(self.x), step):
            some = slice(at, min(at + step, len(self.x)))
            bar = self.own[some, None]
            if self.b is not None:
                bar = bar - self.lead(some, tile)
            with np.errstate(invalid="ignore", over="ignore"):
                low = np.nextafter(bar.astype(np.float32), np.float32(-np.inf))
                open_ = ~(self.near[some] @ far.T < low)  # what is not finite stays open
            open_ &= np.arange(tile.start, tile.stop) != self.classes[some, None]
            k, j = np.nonzero(open_)
            which.append(k + at)
            rivals.append(j + start)
        return np.concatenate(which), np.concatenate(rivals)

    def still(self, k: int, rest: npt.NDArray[Any]) -> list[int]:
        """Return those of the classes ``rest`` that float64 leaves open for state k."""
        if not len(rest):
            return []
        gaps = np.ldexp(self.W[rest], -self.unit) - np.ldexp(self.W[self.classes[k]], -self.unit)
        width = gaps.shape[1]
        value = gaps @ self.x[k] + 4 * (width + 4) * UNIT64 * self.length[k] * _lengths(gaps) + width * FINER
        if self.b is not None:
            value = value + self.lead(slice(k, k + 1), rest)[0] * (1 + 4 * UNIT64)
        with np.errstate(invalid="ignore"):
            return [int(j) for j in rest[~(value < 0)]]


def _lengths(rows: Floats) -> Floats:
    """Return upper bounds on the norms of rows whose entries are at most about 1."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)) * (1 + 1e-9) + 1e-150)


def _up(values: Floats) -> npt.NDArray[np.float32]:
    return np.asarray(np.nextafter(values.astype(np.float32), np.float32(np.inf)))
