"""Coordinates in which the rows of a head look round, and the way back.

Which classes can win does not change under an affine map of the rows, so the engine works where numbers
behave: columns of like size, the mean at the origin, axes along the principal directions and
mildly equalised. Nothing here has to be exact, because every witness is mapped back and checked against the
head itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rankkit import threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.looks import EQUALISE, cuts_of, sample_of, times

#: Columns keep their sizes down to this power of 1/2 of the largest; smaller ones are brought up to it.
ALIKE = 20

#: An axis whose spread is below this fraction of the largest is rounding noise of the map.
NOISE = 1e-13

#: Eigenvalues from this fraction of the largest on are good to six digits.
SURE = 1e-8

#: Where states are bounded no axis is without meaning; one of less spread is scaled as if it had this share.
FLAT = 1e-4


@dataclass(frozen=True)
class Cloud:
    """Rows (and biases) of the contending classes as points.

    Attributes
    ----------
    points32, rest32 : numpy.ndarray (n, D), float32
        The points, centred and of root mean square norm 1, and what rounding them to float32 left: 48 bits in
        the room of 64, of which half is enough for products that only propose. D is the rank of the centred
        rows, with the bias as one more column if lifted.
    axes : numpy.ndarray (d or d + 1, D), float64
        ``points = (rows * 2**-exponents - mean) @ axes``.
    exponents : numpy.ndarray (d or d + 1,), int64
        Power of two by which each column was divided.
    lifted : bool
        Whether the last column is the bias.
    rays : numpy.ndarray (r, D), float64
        Directions of norm 1 in which a class loses nothing that counts: with a bias, "less bias" comes
        first, and bounds on the states add theirs.
    """

    points32: Array
    rest32: Array
    axes: FloatArray
    exponents: Array
    lifted: bool
    rays: FloatArray

    @property
    def width(self) -> int:
        """The number D of coordinates."""
        return self.points32.shape[1]

    def points(self, which: IntArray | slice | int) -> FloatArray:
        """Return the points ``which`` in float64."""
        return self.points32[which].astype(np.float64) + self.rest32[which]

    def holding(self, points: FloatArray) -> Cloud:
        """Return the same coordinates with other ``points`` (n, D) in them."""
        near, rest = np.empty((2, *points.shape), np.float32)
        put(near, rest, slice(None), points)
        return replace(self, points32=near, rest32=rest)

    @cached_property
    def squares(self) -> Array:
        """The squared norms (n,) of the points."""
        return np.asarray(np.einsum("ij,ij->i", self.points32, self.points32))

    @cached_property
    def doubt(self) -> float:
        """Error to expect of a float32 product of a point and a unit vector."""
        return float(2.0**-22 * np.sqrt(self.squares.max()))

    @property
    def ray(self) -> FloatArray | None:
        """The direction of "less bias" (D,): with a bias, every witness has a positive last coordinate."""
        return self.rays[0] if self.lifted else None

    def states(self, directions: FloatArray) -> FloatArray:
        """Map separating directions (m, D) to states (m, d) of the head.

        Without a bias the scale is free, and the largest entry becomes about 1. With one the last coordinate
        becomes 1; a direction whose last coordinate is not positive becomes not finite.
        """
        v = directions @ self.axes.T
        with np.errstate(all="ignore"):
            if self.lifted:
                ratio = v[:, :-1] / np.where(v[:, -1:] > 0, v[:, -1:], np.nan)
                return np.ldexp(ratio, self.exponents[-1] - self.exponents[:-1])
        return unscaled(v, -self.exponents)


def make_cloud(
    W: FloatArray,
    b: FloatArray | None = None,
    bounds: FloatArray | None = None,
    which: IntArray | None = None,
    leading: int | None = None,
) -> Cloud:
    """Place the rows ``which`` (n,) of ``W``, all by default, in round coordinates.

    They are lifted by ``b`` (n,) if given. ``bounds`` (r, d + 1) are rays that bounded states add to "less
    bias"; they need a bias. ``leading`` is the most axes that are taken, all by default. Costs n d
    multiplications a coordinate; and n d^2 each for the axes and for the share of every one, where a sample
    of the rows does not show all of them. Of the rows themselves no second copy is made.
    """
    which = np.arange(len(W)) if which is None else which
    cuts, crew = list(cuts_of(which, W)), threads.at_work()

    def rows(cut: slice | IntArray) -> FloatArray:
        return W[which[cut]] if b is None else np.column_stack([W[which[cut]], b[cut]])

    def ends_of(cut: slice) -> list[FloatArray]:
        some = rows(cut)
        return [some.min(axis=0), some.max(axis=0)]

    ends = np.array(list(crew.map(ends_of, cuts)))
    ends = np.array([ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)])
    top = exponents(ends)
    some = sample_of(len(which), len(top))
    mean = times(rows(some), -top).mean(axis=0)
    sizes = top + exponents(times(ends, -top) - mean)
    fine = np.minimum(sizes.max(), sizes + ALIKE) - top

    def spread(cut: slice | IntArray) -> FloatArray:
        return times(times(rows(cut), -top) - mean, -fine)

    size, turn = _principal(spread, [some[cut] for cut in cuts_of(some, W)])
    if size[-1] < np.sqrt(SURE) * size[0] and len(some) < len(which):  # others may have what it lacks
        size, turn = _principal(spread, cuts)
    least = max(size.max(), 2.0**-1000)
    keep = np.flatnonzero(size > (-1 if bounds is not None else NOISE * least))[:leading]
    even = (np.maximum(size, FLAT * least) if bounds is not None else size)[keep] ** EQUALISE
    axes = turn[:, keep] / (even * (np.linalg.norm(size[keep] / even) or 1.0))
    near, rest = np.empty((2, len(which), axes.shape[1]), np.float32)
    for _ in crew.map(lambda cut: put(near, rest, cut, spread(cut) @ axes), cuts):
        pass
    rays = np.zeros((0, len(top)))
    if b is not None:
        rays = np.vstack([np.append(np.zeros(W.shape[1]), -1.0), *([] if bounds is None else [bounds])])
    rays = unscaled(rays, -(top + fine)) @ axes
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return Cloud(near, rest, axes, top + fine, b is not None, rays)


def _principal(
    spread: Callable[[slice | IntArray], FloatArray], cuts: Sequence[slice | IntArray]
) -> tuple[FloatArray, FloatArray]:
    """Return root mean squares (d,) along the principal axes, descending, and these as columns (d, d)."""
    crew = threads.at_work()

    def products_of(cut: slice | IntArray) -> tuple[int, FloatArray]:
        some = spread(cut)
        return len(some), some.T @ some

    count, products = 0, np.zeros(())
    for length, more in crew.map(products_of, cuts):
        count, products = count + length, products + more
    with crew.resting():
        squares, turn = np.linalg.eigh(products)
    squares, turn = squares[::-1], turn[:, ::-1]
    if squares[-1] < SURE * squares[0]:  # too small to be told from the rounding of the others
        squares = sum(crew.map(lambda cut: ((spread(cut) @ turn) ** 2).sum(axis=0), cuts))
    return np.sqrt(squares / count), turn


def put(near: Array, rest: Array, which: slice | int, points: FloatArray) -> None:
    """Write ``points`` to places in two tables: as float32 holds them, and what that leaves."""
    near[which] = points
    rest[which] = points - near[which]


def exponents(rows: FloatArray) -> IntArray:
    """Return the exponent of the largest entry of each column."""
    return np.frexp(np.maximum(rows.max(axis=0), -rows.min(axis=0)))[1].astype(np.int64)


def unscaled(rows: FloatArray, exponents: Array) -> FloatArray:
    """Return ``rows * 2**exponents``, each row with its largest entry brought to about 1."""
    mantissa, exponent = np.frexp(rows)
    exponent = exponent + exponents
    top = exponent.max(axis=1, keepdims=True, where=mantissa != 0, initial=-5000)
    return np.ldexp(mantissa, exponent - top)
