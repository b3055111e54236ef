"""Membership in a hull, decided in rational arithmetic: the last word on ties, edges and near-facets.

The question "is r = sum of weights * columns with weights >= 0" has no objective, so the dual simplex method
may start at any basis: at the support that floating point proposed, usually a pivot or two from the end. A
basis with non-negative weights proves that the class loses; a tableau row without a negative entry is a
direction in which it wins. On the way, costs are made up: nothing for the first basis, and for every other
column its size times a random number. Each pivot then raises the cost of what is reached, and no basis comes
twice; without them pivots wander among columns that are nearly alike. Costs are floats, since they only
guide; should their rounding lead astray, the least-index rule makes the method finite [bland1977]_. Each
pivot takes two exact solves of order d + 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import flint
import numpy as np
import scipy.linalg

from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.engine.columns import Columns

#: Pivots by cost, in units of the order, before the least-index rule takes over.
GREEDY = 40

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
    """The hull of the rows of a head, in exact arithmetic.

    With biases, a class below the hull loses as well. What comes in by unit columns has to have no weight.

    Parameters
    ----------
    W : numpy.ndarray (n, d), float64
    b : numpy.ndarray (n,), float64, or None
    bounds : numpy.ndarray (r, d + 1), float64, or None
        Rays (w, b, 0), where states are bounded; they need biases.
    base : numpy.ndarray (d,), float64, or None
        A state within the bounds; the origin by default.
    seed : int
        Draws the columns that complete a first basis.

    Attributes
    ----------
    columns : Columns
    """

    def __init__(
        self,
        W: FloatArray,
        b: FloatArray | None,
        bounds: FloatArray | None = None,
        base: FloatArray | None = None,
        seed: int = 0,
    ) -> None:
        self.columns = Columns(W, b, bounds)
        self._lifted = b is not None
        self._base = np.zeros(W.shape[1]) if base is None else base
        self._rng = np.random.default_rng(seed)

    def separated(self, i: int, y: Sequence[Fraction], depth: Fraction) -> Wins | None:
        """Return the state that y (order,) describes, if its product with every column but i is at least 0.

        The product with column i is ``-depth``; all columns count times ``2**shift``.
        """
        column = flint.fmpq_mat(len(y), 1, [flint.fmpq(v.numerator, v.denominator) for v in y])
        return self._wins(i, column, depth) if self._entering(i, column, [], depth) is None else None

    def carried(self, i: int, support: IntArray) -> Loses | None:
        """Return row ``i`` as a mean of exactly what ``support`` names; None if it is not shown to be one.

        As many equations as columns are solved, those most independent, and the others looked at. Where few
        columns carry a class on a face of the hull, that costs a small part of a pivot.
        """
        names = support.tolist()
        if not 0 < len(names) < self.columns.order or i in names:
            return None
        matrix, column = self.columns.matrix(names), self.columns.exact(i)
        some = scipy.linalg.qr(self.columns.about(i, names).T, mode="r", pivoting=True)[1][: len(names)]
        table, entries = matrix.table(), column.entries()
        try:
            square = flint.fmpz_mat([table[k] for k in some])
            numerators, denominator = square.solve(flint.fmpz_mat([[entries[k]] for k in some])).numer_denom()
        except ZeroDivisionError:
            return None
        if matrix * numerators != column * denominator:
            return None
        return _lost(names, [Fraction(int(n), int(denominator)) for n in numerators.entries()])

    def decide(self, i: int, start: IntArray, rivals: IntArray) -> Loses | Wins | None:
        """Decide row ``i`` against all others, from the basis that ``start`` and ``rivals`` suggest.

        None if the pivots ran out.
        """
        order, column = self.columns.order, self.columns.exact(i)
        others: list[Callable[[], list[int]]] = [self.columns.units.tolist]
        others.append(partial(self._first_basis, i, start, rivals))
        basis: list[int] = start.tolist() if len(start) == order and i not in start else others.pop()()
        costs = None  # most classes need no pivot
        for pivot in range(LIMIT * order):
            greedy = pivot < GREEDY * order
            matrix = self.columns.matrix(basis)
            try:
                numerators, denominator = matrix.solve(column).numer_denom()
            except ZeroDivisionError:  # floating point mistook dependent columns for a basis
                basis, costs = others.pop()(), None
                continue
            weights = [Fraction(int(n), int(denominator)) for n in numerators.entries()]
            leaving = self._leaving(basis, weights, greedy)
            if leaving is None:
                return _lost(basis, weights)
            row, depth = _tableau_row(matrix, leaving, negate=weights[leaving] > 0), abs(weights[leaving])
            if costs is None:
                costs = self._costs(i, basis)
            entering = self._entering(i, row, basis, depth, costs if greedy else None)
            if entering is None:
                return self._wins(i, row, depth)
            basis[leaving] = entering
        return None

    def _costs(self, i: int, basis: list[int]) -> FloatArray:
        """Return what every ray and row costs at first: those of a basis nothing, others about their size."""
        costs = self.columns.sizes(i) * self._rng.uniform(1, 2, len(self.columns.numbers))
        costs[np.isin(self.columns.numbers, basis)] = 0.0
        return np.asarray(costs)

    def _first_basis(self, i: int, start: IntArray, rivals: IntArray) -> list[int]:
        """Complete ``start`` to a basis with rivals, then any rows, then units."""
        order, n = self.columns.order, len(self.columns.table)
        spare = self._rng.permutation(np.flatnonzero(np.arange(n) != i))[: 4 * order]
        basis: list[int] = []
        for stage in (start, rivals, spare, self.columns.units):
            fresh = [int(j) for j in dict.fromkeys(stage.tolist()) if j not in basis and j != i]
            basis += [fresh[c] for c in self._independent(i, basis, fresh)]
        return basis

    def _independent(self, i: int, basis: list[int], fresh: list[int]) -> list[int]:
        """Return positions in ``fresh`` of columns that extend ``basis``, best first."""
        room = self.columns.order - len(basis)
        if not fresh or not room:
            return []
        columns = self.columns.about(i, fresh)
        if basis:
            span = np.linalg.qr(self.columns.about(i, basis))[0]
            columns = columns - span @ (span.T @ columns)
            columns = columns - span @ (span.T @ columns)
        _, R, order = scipy.linalg.qr(columns, mode="economic", pivoting=True)
        return [int(c) for c in order[: int((np.abs(np.diag(R)) > INDEPENDENT).sum())][:room]]

    def _leaving(self, basis: list[int], weights: list[Fraction], greedy: bool) -> int | None:
        """Return the position of a weight that must change: a negative one, or any of a unit."""
        unit = [j <= self.columns.units[0] for j in basis]
        wrong = [k for k, w in enumerate(weights) if w < 0 or (w and unit[k])]
        if not wrong:
            return None
        if greedy:
            return max(wrong, key=lambda k: (unit[k], abs(weights[k])))
        return min(wrong, key=lambda k: basis[k])

    def _entering(
        self,
        i: int,
        y: flint.fmpq_mat,
        basis: list[int],
        depth: Fraction,
        costs: FloatArray | None = None,
    ) -> int | None:
        """Return a column with y . column < 0, None if there is none: that of least cost, or the first one.

        y . column = y . (column - r) - depth, so floating point is used on differences; its error is bounded,
        and what the bound leaves open is computed exactly. The ``costs`` (numbers,) are reduced in place.
        """
        columns = self.columns
        scale = (columns.top + columns.shift).tolist()
        slope = [ldexp(v, e) for v, e in zip(_fractions(y)[:-1], scale, strict=True)]
        largest = max(map(abs, slope), default=Fraction(0)) or Fraction(1)
        g = np.array([float(v / largest) for v in slope])
        value, error = columns.products(i, g, float(depth / largest))
        absent = ~np.isin(columns.numbers, [i, *basis])
        sure, open_ = (value < -error) & absent, (value < error) & absent
        if costs is not None and sure.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                best = int(np.where(sure, -costs / value, np.inf).argmin())
            costs -= costs[best] / value[best] * value
            np.maximum(costs, 0.0, out=costs)
            return int(columns.numbers[best])
        numerators = y.numer_denom()[0].transpose()
        for k in np.flatnonzero(open_):
            j = int(columns.numbers[k])
            if sure[k] or (numerators * columns.exact(j))[0, 0] < 0:
                return j
        return None

    def _wins(self, i: int, y: flint.fmpq_mat, depth: Fraction) -> Wins:
        """Turn a row without negative entry into a state: -y separates, by at least ``depth``."""
        slope = [-ldexp(v, int(s)) for v, s in zip(_fractions(y)[:-1], self.columns.shift, strict=True)]
        if not self._lifted:
            largest = max(map(abs, slope))
            return Wins(tuple(v / largest for v in slope))
        *direction, up = slope
        if up > 0:
            return Wins(tuple(v / up for v in direction))
        table = self.columns.table
        scores = table[:, -1] + table[:, :-1] @ self._base
        need = (Fraction(float(scores.max())) - Fraction(float(scores[i]))) / depth + 1
        base = [Fraction(float(v)) for v in self._base]
        return Wins(tuple(v * need + start for v, start in zip(direction, base, strict=True)))


def _lost(names: list[int], weights: list[Fraction]) -> Loses | None:
    """Return the rows of a combination and their weights, if none of these is negative."""
    if min(weights) < 0:
        return None
    rows = [(j, w) for j, w in zip(names, weights, strict=True) if j >= 0 and w > 0]
    return Loses(tuple(j for j, _ in rows), tuple(w for _, w in rows))


def _tableau_row(matrix: flint.fmpz_mat, leaving: int, negate: bool) -> flint.fmpq_mat:
    """Return y (order,) with y . basis = the ``leaving``-th unit vector, negated if asked."""
    order = matrix.nrows()
    unit = flint.fmpz_mat(order, 1, [int(q == leaving) for q in range(order)])
    y = matrix.transpose().solve(unit)
    return -y if negate else y


def _fractions(column: flint.fmpq_mat) -> list[Fraction]:
    return [Fraction(int(v.p), int(v.q)) for v in column.entries()]


def ldexp(value: Fraction, exponent: int) -> Fraction:
    """Return ``value * 2**exponent``."""
    return value * 2**exponent if exponent >= 0 else value / 2**-exponent
