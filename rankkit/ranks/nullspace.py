"""Exact ranks: pivots modulo a prime, then null vectors over the rationals, multiplied out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker.logits import residues
from rankkit.certificates.checker.modular import PRIMES, pivots, reduce
from rankkit.ranks.dyadic import Dyadic

PRIME = PRIMES[1]

#: Entries, rank, rank and bits multiplied, beyond which no rational system is solved: some seconds of work.
WORK = 5e11


def exact_rank(array: FloatArray, less_first_row: bool = False) -> int:
    """Return the rank of a matrix (n, d), with ``less_first_row`` that of its rows less the first one.

    Elimination modulo a prime can only under-count, so full rank needs no more. Where it finds r < d, the
    other columns are solved for in terms of r pivot columns and the solution is multiplied out over all
    rows: if it holds, the rank is r. If it does not (the prime divides a minor), min(n, d) is returned,
    which is a bound all the same.

    >>> exact_rank(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0], [7.0, 8.0, 15.0], [0.0, 1.0, 1.0]]))
    2
    >>> exact_rank(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]), less_first_row=True)
    1
    """
    n, d = array.shape
    some = np.unique(np.linspace(0, n - 1, d + 8).astype(int))
    if len(some) < n and len(_pivots(array[some], less_first_row)[1]) == d:
        return d
    rows, cols = _pivots(array, less_first_row)
    full = min(n - less_first_row, d)
    return len(cols) if len(cols) == full or _solves(_integers(array, less_first_row), rows, cols) else full


def rational_rank(matrix: Sequence[Sequence[Fraction]]) -> int | None:
    """Return the rank of a matrix of rationals; None where it would take too long to multiply out.

    >>> rational_rank([[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 2), Fraction(1)]])
    1
    """
    table = []
    for row in matrix:
        whole = lcm(*(q.denominator for q in row))  # another factor for every row does not change rank
        table.append([int(q * whole) for q in row])
    n, m = len(table), len(table[0])
    modular = np.array([[a % PRIME for a in row] for row in table], dtype=np.float64)
    rows, cols = pivots(reduce(modular, PRIME), PRIME)
    bits = max(a.bit_length() for row in table for a in row)
    if len(cols) == min(n, m):
        return len(cols)
    if n * m * len(cols) ** 2 * bits > WORK:
        return None
    return len(cols) if _solves(table, rows, cols) else None


def _pivots(array: FloatArray, less_first_row: bool) -> tuple[list[int], list[int]]:
    found, _ = residues(array, PRIME)
    return pivots(reduce(found[1:] - found[0], PRIME) if less_first_row else found, PRIME)


def _solves(table: list[list[int]], rows: list[int], columns: list[int]) -> bool:
    """Whether every column is exactly the combination of the named ones that the named rows determine."""
    import flint

    others = [c for c in range(len(table[0])) if c not in set(columns)]
    target = [[row[c] for c in others] for row in table]
    if not columns:
        return not any(a for row in target for a in row)
    basis = [[row[c] for c in columns] for row in table]
    solution = flint.fmpz_mat([basis[r] for r in rows]).solve(flint.fmpz_mat([target[r] for r in rows]))
    numerators, denominator = solution.numer_denom()
    return bool(flint.fmpz_mat(basis) * numerators == flint.fmpz_mat(target) * denominator)


def _integers(array: FloatArray, less_first_row: bool) -> list[list[int]]:
    table = Dyadic.of(array).rows()  # the common power of two does not change rank
    if less_first_row:
        return [[a - b for a, b in zip(row, table[0], strict=True)] for row in table[1:]]
    return table
