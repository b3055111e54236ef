"""Exact rank of a thin matrix of floats: pivots modulo a prime, then null vectors over the rationals."""

from __future__ import annotations

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker.logits import residues
from rankkit.certificates.checker.modular import PRIMES, pivots, reduce
from rankkit.ranks.dyadic import Dyadic

PRIME = PRIMES[1]


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
