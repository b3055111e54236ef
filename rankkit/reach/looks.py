"""Where rows are compared: along few round axes or all of them, or as they are.

A look holds points in the order of their lengths, says how rows take aim at them, and how much all roundings
may add to a product: the float32 product and the change of coordinates included.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach import passes

#: Axes are divided by their spread to this power: 0 keeps the shape of the cloud, 1 makes it a ball.
EQUALISE = 0.5

#: Rows that share one product, so that it stays in cache.
BLOCK = 256

#: Axes from which coordinates are found in float32, and terms of a sum that are added up apart there.
WIDE, PART = 512, 128

#: Bytes of float64 rows that are in work together.
BYTES = 2**21

#: Rows, at least and per axis, from which mean and axes are taken: any will do for a proof.
LEAST, SAMPLE = 4096, 8

#: Exponent up to which a power of two is a number in float64, either way.
LARGEST = 1000

#: Half the distance from 1 to the next number.
UNIT32, UNIT64 = 2.0**-24, 2.0**-53


def cuts_of(rows: Array, W: FloatArray) -> Iterator[slice]:
    """Return cuts of ``rows`` of ``W`` that are in work together."""
    return arrays.row_blocks(len(rows), 8 * W.shape[1], BYTES)


def sample_of(n: int, d: int) -> IntArray:
    """Return which of n rows of width d show the mean and the principal axes well enough."""
    return np.random.default_rng(0).permutation(n)[: max(LEAST, SAMPLE * d)]


class Offsets:
    """Rows less about their mean, in units of ``2**exponent``, and the principal axes of a sample of them."""

    def __init__(self, W: FloatArray, which: IntArray, exponent: int, mean: FloatArray) -> None:
        n, d = len(which), W.shape[1]
        self.W, self.which, self.exponent, self.mean = W, which, exponent, mean
        self.dtype = np.dtype(np.float32 if d >= WIDE else np.float64)
        sample = self.of(sample_of(n, d))
        with threads.at_work().resting():
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

        def find(cut: slice) -> None:
            offsets = self.of(cut)
            more[cut] = _product(offsets, self.axes[:, known:axes])
            if not known:
                self.sizes[cut] = np.sqrt(_squares(offsets))

        self.in_cuts(find)
        self._known.append(more)

    def in_cuts(self, work: Callable[[slice], Any]) -> list[Any]:
        """Return what ``work`` returns for cuts of all rows, which workers do side by side."""
        return list(threads.at_work().map(work, cuts_of(self.which, self.W)))

    def coordinates(self, rows: slice | IntArray) -> Array:
        """Return the known products (m, axes) of ``rows``."""
        return np.concatenate([some[rows] for some in self._known], axis=1)


class Look(ABC):
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

    @abstractmethod
    def points(self, start: int, stop: int) -> Array:
        """Return points (m, 1 + k) in order, in float32: before their coordinates, bounds on their norms."""

    @abstractmethod
    def aims(self, places: IntArray) -> tuple[Array, FloatArray, FloatArray, FloatArray, Array]:
        """Return how the rows at ``places`` (m,) take aim.

        Vectors (m, k) in float32 to multiply points with, and bounds on their norms; lower bounds on the
        products with the row itself; the most that all roundings add to another product, over the norms of
        both; states (m, d) in float32, whose products with rows less their mean these are.
        """


class Round(Look):
    """Rows in their leading round coordinates.

    With k axes Q (d, k) and a diagonal D, the offset o of a row becomes p = o Q / D. The state of a row is
    x = Q y with y = p / D, so that its product with any offset is that of p with the row's coordinates,
    whatever the axes are. A float32 product of at most k + 18 terms in any order is off by a multiple of the
    norms of both; rounding p and x costs multiples of |y| |o|.
    """

    block = BLOCK

    def __init__(self, offsets: Offsets, axes: int, equalise: float) -> None:
        d, unit = len(offsets.axes), UNIT32 if offsets.dtype == np.float32 else UNIT64
        self.turn, spread = offsets.axes[:, :axes], offsets.spread[:axes]
        equal = spread**equalise
        self.scale = (equal * np.linalg.norm(spread / equal)).astype(np.float32)
        offsets.learn(axes)
        length = np.concatenate(offsets.in_cuts(lambda cut: _lengths(offsets.coordinates(cut) / self.scale)))
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        self.all = np.empty((len(length), 1 + axes), np.float32)
        self.all[:, 0] = up(self.length)

        def place(cut: slice) -> None:
            self.all[cut, 1:] = offsets.coordinates(self.order[cut]) / self.scale

        offsets.in_cuts(place)
        turn = self.turn.astype(np.float64)
        stretch = 1 + float(np.linalg.norm(turn.T @ turn - np.eye(axes)))
        self.product = 1.1 * (axes + 36) * UNIT32
        self.change = 2 * (PART + d / PART + 8) * np.sqrt(axes) * unit + 4 * UNIT32
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


class Plain(Look):
    """Rows less their mean as they are: for few, other coordinates of all would cost more than products."""

    block = 4 * BLOCK

    def __init__(self, offsets: Offsets) -> None:
        self.offsets, n, d = offsets, len(offsets.which), len(offsets.axes)
        length = np.concatenate(offsets.in_cuts(lambda cut: _lengths(offsets.of(cut))))
        self.order = np.argsort(-length, kind="stable")
        self.length = length[self.order]
        self.scale = offsets.spread ** (2 * EQUALISE)
        self.product = 1.1 * (d + 36) * UNIT32
        self.merge = passes.merging(n * d * d)

    def points(self, start: int, stop: int) -> Array:
        offsets = self.offsets.of(self.order[start:stop])
        points = np.empty((len(offsets), 1 + offsets.shape[1]), np.float32)
        points[:, 0], points[:, 1:] = up(self.length[start:stop]), offsets
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


def up(values: FloatArray) -> Array:
    """Round to float32, upwards."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))
