"""Membership in a hull, decided in rational arithmetic: the last word on ties, edges and near-facets.

The question "is r = sum of weights * columns with weights >= 0" has no objective, so every basis is dual
feasible and the dual simplex method may start anywhere: at the support that floating point proposed, usually
a pivot or two from the end. A basis with non-negative weights proves that the class loses; a tableau row
without a negative entry is a direction in which it wins. The least-index rule makes it finite [bland1977]_.
Each pivot costs two exact solves of order d + 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
import scipy.linalg

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import exponents, unscaled
from rankkit.reach.engine.min_norm import RAY
from rankkit.reach.looks import BYTES, times

#: Pivots by largest violation, in units of the order, before the least-index rule takes over.
GREEDY = 5

#: Pivots, in units of the order, after which a class stays undecided.
LIMIT = 50

#: Relative size below which a column is no help in a floating-point basis.
INDEPENDENT = 1e-9


@dataclass(frozen=True)
class Loses:
    """The mean of ``rows`` with positive ``weights`` of sum 1 is the class, or lies above it."""

    rows: tuple[int, ...]
    weights: tuple[Fraction, ...]


@dataclass(frozen=True)
class Wins:
    """``state`` (d,) gives the class strictly the largest logit."""

    state: tuple[Fraction, ...]


class ExactHull:
    """The rows of a head as exact columns (w, b, 1), or (w, 1) without biases.

    Columns have numbers: rows theirs, the ray ``r`` is ``RAY - r``, and what comes below all rays stands for
    unit columns, whose weights have to be zero.

    Parameters
    ----------
    W : numpy.ndarray (n, d), float64
    b : numpy.ndarray (n,), float64, or None
        With biases there is one more column, the ray (0, -1, 0): a class below the hull loses as well.
    bounds : numpy.ndarray (r, d + 1), float64, or None
        Further rays (w, b, 0), where states are bounded; they need biases.
    base : numpy.ndarray (d,), float64, or None
        A state within the bounds; the origin by default.
    seed : int
        Draws the columns that complete a first basis.

    Attributes
    ----------
    shift : numpy.ndarray (order - 1,), int64
        Powers of two that make all columns whole numbers.
    """

    def __init__(
        self,
        W: FloatArray,
        b: FloatArray | None,
        bounds: FloatArray | None = None,
        base: FloatArray | None = None,
        seed: int = 0,
    ) -> None:
        self._table = W if b is None else np.column_stack([W, b])
        self._lifted = b is not None
        self._base = np.zeros(W.shape[1]) if base is None else base
        down = np.zeros((int(self._lifted), self._table.shape[1]))
        down[:, -1] = -1.0
        self._rays = down if bounds is None else np.vstack([down, bounds])
        self._first_unit = RAY - len(self._rays)
        self._numbers = np.append(np.arange(self._first_unit + 1, 0), np.arange(len(W)))
        self._top = exponents(self._table)
        self._even_rays = unscaled(self._rays, -self._top)[::-1]  # in the order of the numbers
        self._cuts = list(arrays.row_blocks(len(W), 8 * self._table.shape[1], BYTES))
        lowest = np.min([_lowest(self._table[cut]) for cut in self._cuts], axis=0)
        self.shift = np.where(lowest == 5000, 0, -lowest)  # column * 2**shift is integral
        self._order = self._table.shape[1] + 1
        self._rng = np.random.default_rng(seed)

    def even(self, rows: IntArray | slice | int) -> FloatArray:
        """Return those rows with every column scaled to at most 1, so that differences do not overflow."""
        return times(self._table[rows], -self._top)

    def integers(self, j: int) -> Array:
        """Return row j, with its bias, times ``2**shift``: Python integers."""
        return np.array(_integers(self._table[j], self.shift), object)

    def separated(self, i: int, y: Sequence[Fraction], depth: Fraction) -> Wins | None:
        """Return the state that y (order,) describes, if its product with every column but i is at least 0.

        The product with column i is ``-depth``; all columns count times ``2**shift``.
        """
        walk = _Walk(self, i)
        column = flint.fmpq_mat(self._order, 1, [flint.fmpq(v.numerator, v.denominator) for v in y])
        return Wins(walk.state(column, depth)) if walk.entering(column, [], depth, False) is None else None

    def decide(self, i: int, start: IntArray, rivals: IntArray) -> Loses | Wins | None:
        """Decide row ``i`` against all others, from the basis that ``start`` and ``rivals`` suggest.

        None if the pivots ran out.
        """
        walk = _Walk(self, i)
        basis = walk.first_basis(start, rivals)
        for pivot in range(LIMIT * self._order):
            greedy = pivot < GREEDY * self._order
            matrix = walk.matrix(basis)
            try:
                numerators, denominator = matrix.solve(walk.column(i)).numer_denom()
            except ZeroDivisionError:  # floating point mistook dependent columns for a basis
                basis = [self._first_unit - q for q in range(self._order)]
                continue
            weights = [Fraction(int(n), int(denominator)) for n in numerators.entries()]
            leaving = self._leaving(basis, weights, greedy)
            if leaving is None:
                carried = [(j, w) for j, w in zip(basis, weights, strict=True) if j >= 0 and w > 0]
                return Loses(tuple(j for j, _ in carried), tuple(w for _, w in carried))
            row = walk.tableau_row(matrix, leaving, negate=weights[leaving] > 0)
            entering = walk.entering(row, basis, abs(weights[leaving]), greedy)
            if entering is None:
                return Wins(walk.state(row, abs(weights[leaving])))
            basis[leaving] = entering
        return None

    def _leaving(self, basis: list[int], weights: list[Fraction], greedy: bool) -> int | None:
        """Return the position of a weight that must change: a negative one, or any of a unit."""
        unit = [j <= self._first_unit for j in basis]
        wrong = [k for k, w in enumerate(weights) if w < 0 or (w and unit[k])]
        if not wrong:
            return None
        if greedy:
            return max(wrong, key=lambda k: (unit[k], abs(weights[k])))
        return min(wrong, key=lambda k: basis[k])


class _Walk:
    """The pivots of one class."""

    def __init__(self, hull: ExactHull, i: int) -> None:
        self.hull, self.i = hull, i
        self.own = hull.even(i)

    def column(self, j: int) -> flint.fmpz_mat:
        order = self.hull._order
        if j <= self.hull._first_unit:
            entries = [int(q == self.hull._first_unit - j) for q in range(order)]
        elif j <= RAY:
            entries = [*_direction(self.hull._rays[RAY - j], self.hull.shift), 0]
        else:
            entries = [*self.hull.integers(j), 1]
        return flint.fmpz_mat(order, 1, entries)

    def matrix(self, basis: list[int]) -> flint.fmpz_mat:
        order = self.hull._order
        columns = [self.column(j).entries() for j in basis]
        return flint.fmpz_mat(order, order, [columns[c][r] for r in range(order) for c in range(order)])

    def first_basis(self, start: IntArray, rivals: IntArray) -> list[int]:
        """Complete ``start`` to a basis with rivals, then any rows, then units."""
        hull = self.hull
        others = np.flatnonzero(np.arange(len(hull._table)) != self.i)
        spare = hull._rng.permutation(others)[: 4 * hull._order]
        basis: list[int] = []
        for stage in (start, rivals, spare):
            fresh = [int(j) for j in dict.fromkeys(stage.tolist()) if j not in basis and j != self.i]
            basis += [fresh[c] for c in self._independent(basis, fresh)]
        units = [hull._first_unit - q for q in range(hull._order)]
        return basis + [units[c] for c in self._independent(basis, units)]

    def _independent(self, basis: list[int], fresh: list[int]) -> list[int]:
        """Return positions in ``fresh`` of columns that extend ``basis``, best first."""
        room = self.hull._order - len(basis)
        if not fresh or not room:
            return []
        columns = self._floats(fresh)
        if basis:
            span = np.linalg.qr(self._floats(basis))[0]
            columns = columns - span @ (span.T @ columns)
            columns = columns - span @ (span.T @ columns)
        _, R, order = scipy.linalg.qr(columns, mode="economic", pivoting=True)
        return [int(c) for c in order[: int((np.abs(np.diag(R)) > INDEPENDENT).sum())][:room]]

    def _floats(self, ids: list[int]) -> FloatArray:
        """Return the columns ``ids`` in coordinates centred at the class, each of norm 1."""
        order = self.hull._order
        out = np.zeros((order, len(ids)))
        for c, j in enumerate(ids):
            if j <= self.hull._first_unit:
                out[self.hull._first_unit - j, c] = 1.0
            elif j <= RAY:
                out[:-1, c] = self.hull._even_rays[j - self.hull._first_unit - 1]
            else:
                out[:-1, c], out[-1, c] = self.hull.even(j) - self.own, 1.0
        return out / np.linalg.norm(out, axis=0)

    def tableau_row(self, matrix: flint.fmpz_mat, leaving: int, negate: bool) -> flint.fmpq_mat:
        """Return y (order,) with y . basis = the ``leaving``-th unit vector, negated if asked."""
        order = self.hull._order
        unit = flint.fmpz_mat(order, 1, [int(q == leaving) for q in range(order)])
        y = matrix.transpose().solve(unit)
        return -y if negate else y

    def entering(self, y: flint.fmpq_mat, basis: list[int], depth: Fraction, greedy: bool) -> int | None:
        """Return a column with y . column < 0, None if there is none.

        y . column = y . (column - r) - depth, so floating point is used on differences; its error is bounded,
        and what the bound leaves open is computed exactly.
        """
        exponents = (self.hull._top + self.hull.shift).tolist()
        slope = [ldexp(v, e) for v, e in zip(_fractions(y)[:-1], exponents, strict=True)]
        largest = max(map(abs, slope), default=Fraction(0)) or Fraction(1)
        g = np.array([float(v / largest) for v in slope])
        level = float(depth / largest)
        numbers = self.hull._numbers
        value, size = self._products(g, level)
        error = (len(g) + 8) * 2.0**-52 * size + 1e-290
        value[np.isin(numbers, [self.i, *basis])] = np.inf
        sure = value < -error
        if greedy and sure.any():
            return int(numbers[np.where(sure, value, np.inf).argmin()])
        for k in np.flatnonzero(value < error):
            if sure[k] or self._sign(y, int(numbers[k])) < 0:
                return int(numbers[k])
        return None

    def _products(self, g: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the products of g with all rays and rows, less ``level``, and the size of their terms."""
        rays = self.hull._even_rays
        value, size = [rays @ g], [np.abs(rays) @ np.abs(g)]
        for cut in self.hull._cuts:
            apart = self.hull.even(cut) - self.own
            value.append(apart @ g - level)
            size.append(np.abs(apart) @ np.abs(g) + level)
        return np.concatenate(value), np.concatenate(size)

    def _sign(self, y: flint.fmpq_mat, j: int) -> int:
        numerators, _ = y.numer_denom()
        value = (numerators.transpose() * self.column(j))[0, 0]
        return int(value > 0) - int(value < 0)

    def state(self, y: flint.fmpq_mat, depth: Fraction) -> tuple[Fraction, ...]:
        """Turn a row without negative entry into a state: -y separates, by at least ``depth``."""
        hull = self.hull
        slope = [-ldexp(v, int(s)) for v, s in zip(_fractions(y)[:-1], hull.shift, strict=True)]
        if not hull._lifted:
            largest = max(map(abs, slope))
            return tuple(v / largest for v in slope)
        *direction, up = slope
        if up > 0:
            return tuple(v / up for v in direction)
        scores = hull._table[:, -1] + hull._table[:, :-1] @ hull._base
        need = Fraction(float(scores.max())) - Fraction(float(scores[self.i]))
        base = [Fraction(float(v)) for v in hull._base]
        return tuple(v * (need / depth + 1) + start for v, start in zip(direction, base, strict=True))


def _lowest(rows: FloatArray) -> IntArray:
    """Return the exponent of the lowest bit that any entry of each column may have; 5000 if all are 0."""
    return np.asarray(np.where(rows == 0, 5000, np.frexp(rows)[1].astype(np.int64) - 53).min(axis=0))


def _integers(row: FloatArray, shift: IntArray) -> list[int]:
    """Return ``row * 2**shift``, which is integral."""
    out = []
    for value, by in zip(row.tolist(), shift.tolist(), strict=True):
        numerator, denominator = value.as_integer_ratio()
        by -= denominator.bit_length() - 1
        out.append(numerator << by if by >= 0 else numerator >> -by)
    return out


def _direction(ray: FloatArray, shift: IntArray) -> list[int]:
    """Return the integers in proportion to ``ray * 2**shift``."""
    ends = [v.as_integer_ratio()[1].bit_length() - 1 for v in ray.tolist()]
    return _integers(ray, shift + max(0, *(end - by for end, by in zip(ends, shift.tolist(), strict=True))))


def _fractions(column: flint.fmpq_mat) -> list[Fraction]:
    return [Fraction(int(v.p), int(v.q)) for v in column.entries()]


def ldexp(value: Fraction, exponent: int) -> Fraction:
    """Return ``value * 2**exponent``."""
    return value * 2**exponent if exponent >= 0 else value / 2**-exponent
