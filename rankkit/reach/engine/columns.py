"""The columns that exact arithmetic searches: those of rows, rays and units, as they are and as floats."""

from __future__ import annotations

import flint
import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import exponents, unscaled
from rankkit.reach.engine.min_norm import RAY
from rankkit.reach.looks import BYTES, times


class Columns:
    """The rows of a head as columns (w, b, 1), or (w, 1) without biases.

    Columns have numbers: rows theirs, the ray ``r`` is ``RAY - r``, and what comes below all rays stands for
    unit columns.

    Parameters
    ----------
    W : numpy.ndarray (n, d), float64
    b : numpy.ndarray (n,), float64, or None
        With biases there is one more column, the ray (0, -1, 0).
    bounds : numpy.ndarray (r, d + 1), float64, or None
        Further rays (w, b, 0); they need biases.

    Attributes
    ----------
    table : numpy.ndarray (n, order - 1), float64
        The rows, with their biases.
    order : int
        How many entries a column has.
    units : numpy.ndarray (order,)
        The numbers of the unit columns, which are the lowest.
    numbers : numpy.ndarray (rays + n,)
        Those of all rays and rows.
    shift, top : numpy.ndarray (order - 1,), int64
        Powers of two that make all columns whole numbers, and those of the largest entries.
    """

    def __init__(self, W: FloatArray, b: FloatArray | None, bounds: FloatArray | None) -> None:
        self.table = W if b is None else np.column_stack([W, b])
        self.order = self.table.shape[1] + 1
        down = np.zeros((int(b is not None), self.order - 1))
        down[:, -1:] = -1.0
        self._rays = down if bounds is None else np.vstack([down, bounds])
        self.units = RAY - len(self._rays) - np.arange(self.order)
        self.numbers = np.append(np.arange(self.units[0] + 1, 0), np.arange(len(W)))
        self.top = exponents(self.table)
        self._even_rays = unscaled(self._rays, -self.top)[::-1]  # in the order of the numbers
        self._cuts = list(arrays.row_blocks(len(W), 8 * self.table.shape[1], BYTES))
        lowest = np.min([_lowest(self.table[cut]) for cut in self._cuts], axis=0)
        self.shift = np.where(lowest == 5000, 0, -lowest)  # column * 2**shift is integral

    def even(self, rows: IntArray | slice | int) -> FloatArray:
        """Return those rows with every column scaled to at most 1, so that differences do not overflow."""
        return times(self.table[rows], -self.top)

    def integers(self, j: int) -> Array:
        """Return row j, with its bias, times ``2**shift``: Python integers."""
        return np.array(_integers(self.table[j], self.shift), object)

    def entries(self, j: int) -> list[int]:
        """Return column j, in proportion for a ray, times ``2**shift``."""
        if j <= self.units[0]:
            return list((self.units == j).astype(int).tolist())
        if j <= RAY:
            return [*_direction(self._rays[RAY - j], self.shift), 0]
        return [*_integers(self.table[j], self.shift), 1]

    def exact(self, j: int) -> flint.fmpz_mat:
        """Return the same as a matrix (order, 1)."""
        return flint.fmpz_mat(self.order, 1, self.entries(j))

    def matrix(self, names: list[int]) -> flint.fmpz_mat:
        """Return the matrix of some columns."""
        rows = zip(*map(self.entries, names), strict=True)
        return flint.fmpz_mat(self.order, len(names), [v for row in rows for v in row])

    def about(self, i: int, some: list[int]) -> FloatArray:
        """Return some columns (order, m) in coordinates centred at row i, each of norm 1."""
        out, own = np.zeros((self.order, len(some))), self.even(i)
        for c, j in enumerate(some):
            if j <= self.units[0]:
                out[self.units == j, c] = 1.0
            elif j <= RAY:
                out[:-1, c] = self._even_rays[j - self.units[0] - 1]
            else:
                out[:-1, c], out[-1, c] = self.even(j) - own, 1.0
        return out / np.linalg.norm(out, axis=0)

    def sizes(self, i: int) -> FloatArray:
        """Return the norms of all rays, and of rows less row i."""
        own = self.even(i)
        rows = [np.linalg.norm(self.even(cut) - own, axis=1) for cut in self._cuts]
        return np.concatenate([np.linalg.norm(self._even_rays, axis=1), *rows])

    def products(self, i: int, g: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the products of g with all rays, and with rows less row i and ``level``; and bounds on the
        errors of these.
        """
        value, size, own = [self._even_rays @ g], [np.abs(self._even_rays) @ np.abs(g)], self.even(i)
        for cut in self._cuts:
            apart = self.even(cut) - own
            value.append(apart @ g - level)
            size.append(np.abs(apart) @ np.abs(g) + level)
        return np.concatenate(value), (len(g) + 8) * 2.0**-52 * np.concatenate(size) + 1e-290


def _lowest(rows: FloatArray) -> IntArray:
    """Return the exponent of the lowest bit that any entry of each column may have; 5000 if all are 0."""
    return np.asarray(np.where(rows == 0, 5000, np.frexp(rows)[1].astype(np.int64) - 53).min(axis=0))


def _integers(row: FloatArray, shift: IntArray) -> list[int]:
    """Return ``row * 2**shift``, which is integral."""
    with np.errstate(over="ignore"):
        whole = np.ldexp(row, shift)
    if np.abs(whole).max(initial=0.0) < 2.0**53:
        return list(whole.astype(np.int64).tolist())
    out = []
    for value, by in zip(row.tolist(), shift.tolist(), strict=True):
        numerator, denominator = value.as_integer_ratio()
        by -= denominator.bit_length() - 1
        out.append(numerator << by if by >= 0 else numerator >> -by)
    return out


def _direction(ray: FloatArray, shift: IntArray) -> list[int]:
    """Return the integers in proportion to ``ray * 2**shift``."""
    some = np.flatnonzero(ray)
    ends = [v.as_integer_ratio()[1].bit_length() - 1 for v in ray[some].tolist()]
    lack = max(0, *(end - by for end, by in zip(ends, shift[some].tolist(), strict=True)))
    return _integers(ray, shift + lack)
