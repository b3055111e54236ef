"""Whether an integer matrix is the product of a tall and a wide one, whose width bounds its rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .exact import Floats, Integers, digits
from .modular import Ints, product, reduce

MOST_BITS = 100_000  # of a difference that is to be 0: one prime takes away 23
BLOCK = 2**20  # entries that are multiplied out at a time

Table = Floats | Ints | Integers


def integral(array: Floats) -> Table:
    """Return the array over a power of two that makes it integers: float64, int64 or Python's own."""
    whole, shift, e = digits(array)
    bits = int(np.abs(whole).max(initial=0)).bit_length() + int(shift.max(initial=0))
    if bits <= 53:
        return np.asarray(np.ldexp(array, -e))
    return whole << shift if bits < 62 else whole.astype(object) << shift.astype(object)


def low_rank(table: Table, field: Mapping[str, Any]) -> int:
    """Return the rank that factors leave an integer matrix: their columns, or columns of its own.

    Raises
    ------
    ValueError
        Their product is not ``scale`` times the matrix.
    """
    right, scale = decode(field["right"]), field["scale"]
    if "columns" in field:
        columns = indices(field["columns"], table.shape[1])
        others = np.setdiff1d(np.arange(table.shape[1]), columns)
        left, rest = table[:, columns], table[:, others]
    else:
        left, rest = decode(field["left"]), table
    if type(scale) is not int or not is_product(rest, scale, left, right):
        raise ValueError("the factors do not multiply to the matrix")
    return len(right)


def decode(field: Mapping[str, Any]) -> Integers:
    """Read integers: hexadecimal, with blanks between, and their shape."""
    rows, columns = field["shape"]
    values = [int(text, 16) for text in field["integers"].split()]
    return np.array(values, dtype=object).reshape(int(rows), int(columns))


def indices(values: Sequence[Any], size: int) -> Ints:
    """Read indices below ``size``."""
    if any(type(i) is not int or not 0 <= i < size for i in values):
        raise ValueError(f"an index is not an integer from 0 to {size - 1}")
    return np.array(values, dtype=np.int64)


def differences(table: Table) -> Table:
    """Return the rows of an integral matrix less its first one."""
    whole = table.astype(np.int64) if table.dtype == np.float64 else table  # these may need 54 bits
    return whole[1:] - whole[0]


def is_product(table: Table, scale: int, left: Table, right: Table) -> bool:
    """Whether ``scale * table == left @ right``: modulo primes whose product exceeds every difference."""
    if scale == 0 or left.shape != (len(table), len(right)) or right.shape[1:] != table.shape[1:]:
        return False
    bound = abs(scale) * _largest(table) + len(right) * _largest(left) * _largest(right)
    if bound.bit_length() > MOST_BITS:
        return False
    table, left, right = (_narrow(x) for x in (table, left, right))
    known = 1
    for p in _primes():
        if known > bound:
            return True
        A, B = modulo(left, p), modulo(right, p)
        rows = max(1, BLOCK // max(1, table.shape[1]))
        for at in range(0, len(table), rows):
            part = modulo(table[at : at + rows], p)
            if scale != 1:
                part = reduce(part * float(scale % p), p)
            if reduce(part - product(A[at : at + rows], B, p), p).any():
                return False
        known *= p
    return False


def _primes() -> Iterator[int]:
    """Yield primes below 2**23, the largest first: products of two residues have 44 bits."""
    for n in range(2**23 - 1, 2**22, -2):
        if all(n % k for k in range(3, 2900, 2)):  # 2900**2 > 2**23
            yield n


def _largest(x: Table) -> int:
    return int(np.abs(x).max(initial=0))


def _narrow(x: Table) -> Table:
    return x.astype(np.float64) if _largest(x) < 2**53 else x


def modulo(x: Table, p: int) -> Floats:
    """Return residues modulo p < 2**31."""
    return reduce(x.copy() if x.dtype == np.float64 else np.asarray(x % p, dtype=np.float64), p)
