"""Coordinates in which the rows of a head look round, and the way back.

Which classes can win does not change under an affine map of the rows, so the engine works where numbers
behave: columns scaled by powers of two, the mean at the origin, axes along the principal directions and
mildly equalised. Nothing here has to be exact, because every witness is mapped back and checked against the
head itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.screen import EQUALISE

#: An axis whose spread is below this fraction of the largest is rounding noise of the map.
NOISE = 1e-13

#: Where states are bounded no axis is without meaning; one of less spread is scaled as if it had this share.
FLAT = 1e-4


@dataclass(frozen=True)
class Cloud:
    """Rows (and biases) of the contending classes as points.

    Attributes
    ----------
    points : numpy.ndarray (n, D), float64
        Centred, of root mean square norm 1. D is the rank of the centred rows, with the bias as one more
        column if lifted.
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

    points: FloatArray
    axes: FloatArray
    exponents: Array
    lifted: bool
    rays: FloatArray

    @cached_property
    def points32(self) -> Array:
        """The points as float32, for products that only propose."""
        return self.points.astype(np.float32)

    @cached_property
    def doubt(self) -> float:
        """Error to expect of a float32 product of a point and a unit vector."""
        return float(2.0**-22 * np.sqrt(np.einsum("ij,ij->i", self.points, self.points).max()))

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


def make_cloud(W: FloatArray, b: FloatArray | None = None, bounds: FloatArray | None = None) -> Cloud:
    """Place the rows of ``W`` (n, d), lifted by ``b`` (n,) if given, in round coordinates.

    ``bounds`` (r, d + 1) are rays that bounded states add to "less bias"; they need a bias. Costs n d^2
    multiplications for the principal axes and as many for the map.
    """
    rows = W if b is None else np.column_stack([W, b])
    top = _tops(rows)
    spread = np.ldexp(rows, -top)
    spread -= spread.mean(axis=0)
    fine = _tops(spread)
    np.ldexp(spread, -fine, out=spread)
    square = spread.T @ spread
    turn = np.linalg.eigh(square)[1][:, ::-1]
    size = np.sqrt(
        sum(((spread[cut] @ turn) ** 2).sum(axis=0) for cut in arrays.row_blocks(len(rows), 8 * len(turn)))
    )
    least = max(size.max(), 2.0**-1000)
    keep = size > (-1 if bounds is not None else NOISE * least)
    if bounds is not None:
        size = np.maximum(size, FLAT * least)
    axes = turn[:, keep] / size[keep] ** EQUALISE
    for cut in arrays.row_blocks(len(rows), 8 * len(turn)):  # in place: there may be no room for both
        spread[cut, : axes.shape[1]] = spread[cut] @ axes
    points = np.ascontiguousarray(spread[:, : axes.shape[1]])
    scale = np.sqrt(np.einsum("ij,ij->", points, points) / len(points)) or 1.0
    points /= scale
    rays = np.zeros((0, rows.shape[1]))
    if b is not None:
        rays = np.vstack([np.append(np.zeros(W.shape[1]), -1.0), *([] if bounds is None else [bounds])])
    rays = unscaled(rays, -(top + fine)) @ axes
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    return Cloud(points, axes / scale, top + fine, b is not None, rays)


def _tops(rows: FloatArray) -> IntArray:
    """Return the exponent of the largest entry of each column."""
    return np.frexp(np.maximum(rows.max(axis=0), -rows.min(axis=0)))[1].astype(np.int64)


def unscaled(rows: FloatArray, exponents: Array) -> FloatArray:
    """Return ``rows * 2**exponents``, each row with its largest entry brought to about 1."""
    mantissa, exponent = np.frexp(rows)
    exponent = exponent + exponents
    top = exponent.max(axis=1, keepdims=True, where=mantissa != 0, initial=-5000)
    return np.ldexp(mantissa, exponent - top)
