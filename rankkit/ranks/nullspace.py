"""Exact ranks: pivots modulo a prime, then the matrix written as a product of integer matrices that thin."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker.exact import Integers
from rankkit.certificates.checker.factors import Table, differences, integral, is_product, modulo
from rankkit.certificates.checker.modular import PRIMES, pivots
from rankkit.certificates.encoding import integers

#: Seconds that factors may take, of a matrix that is given and of a table of scores.
PATIENCE, SCORES_PATIENCE = 600.0, 10.0

#: Rows that are added to a lattice at a time.
MORE = 12


#: Digits of factors, in bits, above which they are not written down.
WRITTEN = 4e7


class Factors(NamedTuple):
    """Why an integer matrix has rank r at most: ``scale`` times it is the product of two, r columns wide.

    ``left`` is (n, r) and ``right`` (r, m). Or ``left`` is a list of r columns of the matrix itself, and
    ``right`` makes the others of them.
    """

    left: Integers | list[int]
    right: Integers
    scale: int

    def hold(self, table: Table) -> bool:
        """Whether the product is that matrix."""
        if isinstance(self.left, list):
            others = np.setdiff1d(np.arange(table.shape[1]), self.left)
            return is_product(table[:, others], self.scale, table[:, self.left], self.right)
        return is_product(table, self.scale, self.left, self.right)

    def transposed(self, table: Table) -> Factors:
        """Return factors of the transpose of that matrix."""
        if not isinstance(self.left, list):
            return Factors(self.right.T, self.left.T, self.scale)
        right = np.zeros((len(self.right), table.shape[1]), dtype=object)
        right[:, np.setdiff1d(np.arange(table.shape[1]), self.left)] = self.right
        right[np.arange(len(self.left)), self.left] = self.scale
        return Factors(right.T, _objects(table[:, self.left]).T, self.scale)

    def to_json(self) -> dict[str, Any] | None:
        """Return the factors as a certificate holds them; None where they are too long for one."""
        parts = [self.right] if isinstance(self.left, list) else [self.left, self.right]
        if sum(x.size * max(8, int(np.abs(x).max(initial=0)).bit_length()) for x in parts) > WRITTEN:
            return None
        left = {"columns": self.left} if isinstance(self.left, list) else {"left": integers(self.left)}
        return {**left, "right": integers(self.right), "scale": self.scale}


def exact_rank(array: FloatArray, less_first_row: bool = False) -> int:
    """Return the rank of a matrix (n, d), with ``less_first_row`` that of its rows less the first one.

    >>> exact_rank(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0], [7.0, 8.0, 15.0], [0.0, 1.0, 1.0]]))
    2
    >>> exact_rank(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]), less_first_row=True)
    1
    """
    factors = exact_factors(array, less_first_row)
    n, d = array.shape
    return min(n - less_first_row, d) if factors is None else len(factors.right)


def exact_factors(array: FloatArray, less_first_row: bool = False) -> Factors | None:
    """Return integer factors of a matrix over a power of two, as thin as its rank; None if that is full.

    Elimination modulo a prime can only under-count, so full rank needs no more, and of a tall matrix a
    few rows may show it. None is also returned where the prime divides a minor; full rank is a bound then.
    """
    n, d = array.shape
    some = np.unique(np.linspace(0, n - 1, d + 8).astype(int))
    if len(some) < n and len(_pivots(_moved(integral(array[some]), less_first_row), PRIMES[0])[1]) == d:
        return None
    return factor(_moved(integral(array), less_first_row), PATIENCE)


def rational_factors(matrix: Sequence[Sequence[Fraction]]) -> Factors | None:
    """Return the factors of a matrix of rationals, each row times its denominator; None where there are none.

    >>> len(rational_factors([[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 2), Fraction(1)]]).right)
    1
    """
    table = []
    for row in matrix:
        whole = lcm(*(q.denominator for q in row))  # another factor for every row does not change rank
        table.append([int(q * whole) for q in row])
    return factor(np.array(table, dtype=object), SCORES_PATIENCE)


def factor(table: Table, seconds: float) -> Factors | None:
    """Write an integer matrix as a product of two that are as thin as its rank, if that is not full.

    Any r independent columns determine how the others depend on them, but by fractions of determinants.
    Where r is small there are short factors: a reduced basis of the lattice that the rows span, by the
    method of Lenstra, Lenstra and Lovász [lenstra1982]_, and the coordinates of each row in it. None is
    returned where both are expected to take longer than ``seconds``.
    """
    bits = int(np.abs(table).max(initial=0)).bit_length()
    for p in PRIMES:
        rows, cols = _pivots(table, p)
        r = len(cols)
        if r == min(table.shape):
            return None
        # as measured; short solutions take less
        reducing = 5e-10 * r**4 * bits
        solving = 2.5e-11 * len(table) * (table.shape[1] - r) * r**2 * bits
        if min(reducing, solving) > seconds:
            return None
        way = _lattice if reducing < solving else _null_vectors
        found = way(table, rows, cols) if r else Factors([], _objects(table[:0]), 1)
        if found.hold(table):
            return found
    return None


def _lattice(table: Table, rows: list[int], cols: list[int]) -> Factors:
    """Reduce some rows, which span the lattice of nearly all; add those that they do not reach."""
    import flint

    pivot_columns = _objects(table[:, cols])
    extra = np.setdiff1d(np.linspace(0, len(table) - 1, MORE).astype(int), rows)
    spanning = pivot_columns[[*rows, *extra.tolist()]].tolist()
    for _ in range(4):
        reduced = flint.fmpz_mat(spanning).lll(delta=0.5, eta=0.7).tolist()
        basis = [row for row in reduced if any(row)]
        solved = flint.fmpz_mat(basis).transpose().solve(flint.fmpz_mat(pivot_columns.T.tolist()))
        left, scale = (part for part in solved.numer_denom())
        coordinates, scale = _array(left).T, int(scale)
        missed = np.flatnonzero((coordinates % scale).any(axis=1))
        if not len(missed):
            break
        spanning = basis + pivot_columns[missed[:MORE]].tolist()
    square = flint.fmpz_mat(coordinates[rows].tolist())
    right, more = square.solve(flint.fmpz_mat((_objects(table[rows]) * scale).tolist())).numer_denom()
    return Factors(coordinates, _array(right), scale * int(more))


def _null_vectors(table: Table, rows: list[int], cols: list[int]) -> Factors:
    """Solve for every column in terms of the pivot columns."""
    import flint

    pivot_rows = _objects(table[rows])
    others = np.setdiff1d(np.arange(table.shape[1]), cols)
    system = flint.fmpz_mat(pivot_rows[:, cols].tolist())
    solved, scale = system.solve(flint.fmpz_mat(pivot_rows[:, others].tolist())).numer_denom()
    return Factors(cols, _array(solved), int(scale))


def _pivots(table: Table, p: int) -> tuple[list[int], list[int]]:
    return pivots(modulo(table, p), p)


def _moved(table: Table, less_first_row: bool) -> Table:
    return differences(table) if less_first_row else table


def _objects(table: Table) -> Integers:
    return (table.astype(np.int64) if table.dtype == np.float64 else table).astype(object)


def _array(matrix: Any) -> Integers:
    rows, columns = matrix.nrows(), matrix.ncols()
    return np.array([int(a) for a in matrix.entries()], dtype=object).reshape(rows, columns)
