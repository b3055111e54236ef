"""Membership in a hull, decided in rational arithmetic: the last word on ties, edges and near-facets.

The question "is r = sum of weights * columns with weights >= 0" has no objective, so every basis is dual
feasible and the dual simplex method may start anywhere: at the support that floating point proposed, usually
a pivot or two from the end. A basis with non-negative weights proves that the class loses; a tableau row
without a negative entry is a direction in which it wins. The least-index rule makes it finite [bland1977]_.
Each pivot costs two exact solves of order d + 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
import scipy.linalg

from rankkit.arrays import FloatArray, IntArray
from rankkit.reach.engine.min_norm import RAY

#: Pivots by largest violation, in units of the order, before the least-index rule takes over.
GREEDY = 5

#: Pivots, in units of the order, after which a class stays undecided.
LIMIT = 50

#: Relative size below which a column is no help in a floating-point basis.
INDEPENDENT = 1e-9

_FIRST_UNIT = -2  # -2 - q stands for the q-th unit column, whose weight has to be zero


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

    Parameters
    ----------
    W : numpy.ndarray (n, d), float64
    b : numpy.ndarray (n,), float64, or None
        With biases there is one more column, the ray (0, -1, 0): a class below the hull loses as well.
    seed : int
        Draws the columns that complete a first basis.
    """

    def __init__(self, W: FloatArray, b: FloatArray | None, seed: int = 0) -> None:
        self._table = W if b is None else np.column_stack([W, b])
        self._lifted = b is not None
        self._top = np.frexp(np.abs(self._table).max(axis=0))[1].astype(np.int64)
        lowest = np.where(self._table == 0, 5000, np.frexp(self._table)[1].astype(np.int64) - 53).min(axis=0)
        self._shift = np.where(lowest == 5000, 0, -lowest)  # column * 2**shift is integral
        self._order = self._table.shape[1] + 1
        self._rng = np.random.default_rng(seed)

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
                basis = [_FIRST_UNIT - q for q in range(self._order)]
                continue
            weights = [Fraction(int(n), int(denominator)) for n in numerators.entries()]
            leaving = _leaving(basis, weights, greedy)
            if leaving is None:
                carried = [(j, w) for j, w in zip(basis, weights, strict=True) if j >= 0 and w > 0]
                return Loses(tuple(j for j, _ in carried), tuple(w for _, w in carried))
            row = walk.tableau_row(matrix, leaving, negate=weights[leaving] > 0)
            entering = walk.entering(row, basis, abs(weights[leaving]), greedy)
            if entering is None:
                return Wins(walk.state(row, abs(weights[leaving])))
            basis[leaving] = entering
        return None


class _Walk:
    """The pivots of one class."""

    def __init__(self, hull: ExactHull, i: int) -> None:
        self.hull, self.i = hull, i
        even = np.ldexp(hull._table, -hull._top)  # scaled first: differences of large entries overflow
        self.scaled = even - even[i]
        self.size = np.abs(self.scaled)

    def column(self, j: int) -> flint.fmpz_mat:
        order = self.hull._order
        if j <= _FIRST_UNIT:
            entries = [int(q == _FIRST_UNIT - j) for q in range(order)]
        elif j == RAY:
            entries = [0] * (order - 2) + [-1, 0]
        else:
            entries = [*_integers(self.hull._table[j], self.hull._shift), 1]
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
        units = [_FIRST_UNIT - q for q in range(hull._order)]
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
            if j <= _FIRST_UNIT:
                out[_FIRST_UNIT - j, c] = 1.0
            elif j == RAY:
                out[order - 2, c] = -1.0
            else:
                out[:-1, c], out[-1, c] = self.scaled[j], 1.0
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
        exponents = (self.hull._top + self.hull._shift).tolist()
        slope = [_ldexp(v, e) for v, e in zip(_fractions(y)[:-1], exponents, strict=True)]
        largest = max(map(abs, slope), default=Fraction(0)) or Fraction(1)
        g = np.array([float(v / largest) for v in slope])
        level = float(depth / largest)
        value = self.scaled @ g - level
        error = (len(g) + 8) * 2.0**-52 * (self.size @ np.abs(g) + level) + 1e-290
        value[[self.i, *(j for j in basis if j >= 0)]] = np.inf
        ray_helps = self.hull._lifted and slope[-1] > 0
        sure = value < -error
        if greedy and sure.any():
            best = int(np.where(sure, value, np.inf).argmin())
            return RAY if ray_helps and -g[-1] < value[best] else best
        if ray_helps:
            return RAY
        for j in np.flatnonzero(value < error):
            if sure[j] or self._sign(y, int(j)) < 0:
                return int(j)
        return None

    def _sign(self, y: flint.fmpq_mat, j: int) -> int:
        numerators, _ = y.numer_denom()
        value = (numerators.transpose() * self.column(j))[0, 0]
        return int(value > 0) - int(value < 0)

    def state(self, y: flint.fmpq_mat, depth: Fraction) -> tuple[Fraction, ...]:
        """Turn a row without negative entry into a state: -y separates, by at least ``depth``."""
        hull = self.hull
        slope = [-_ldexp(v, int(s)) for v, s in zip(_fractions(y)[:-1], hull._shift, strict=True)]
        if not hull._lifted:
            largest = max(map(abs, slope))
            return tuple(v / largest for v in slope)
        *direction, up = slope
        if up > 0:
            return tuple(v / up for v in direction)
        b = hull._table[:, -1]
        need = Fraction(float(b.max())) - Fraction(float(b[self.i]))
        return tuple(v * (need / depth + 1) for v in direction)


def _leaving(basis: list[int], weights: list[Fraction], greedy: bool) -> int | None:
    """Return the position of a weight that must change: a negative one, or any of a unit."""
    pairs = enumerate(zip(basis, weights, strict=True))
    wrong = [k for k, (j, w) in pairs if w < 0 or (w and j <= _FIRST_UNIT)]
    if not wrong:
        return None
    if greedy:
        return max(wrong, key=lambda k: (basis[k] <= _FIRST_UNIT, abs(weights[k])))
    return min(wrong, key=lambda k: basis[k])


def _integers(row: FloatArray, shift: IntArray) -> list[int]:
    """Return ``row * 2**shift``, which is integral."""
    out = []
    for value, by in zip(row.tolist(), shift.tolist(), strict=True):
        numerator, denominator = value.as_integer_ratio()
        by -= denominator.bit_length() - 1
        out.append(numerator << by if by >= 0 else numerator >> -by)
    return out


def _fractions(column: flint.fmpq_mat) -> list[Fraction]:
    return [Fraction(int(v.p), int(v.q)) for v in column.entries()]


def _ldexp(value: Fraction, exponent: int) -> Fraction:
    return value * 2**exponent if exponent >= 0 else value / 2**-exponent
