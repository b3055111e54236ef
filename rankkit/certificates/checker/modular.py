"""Exact arithmetic modulo a prime: residues from -p/2 to p/2, in float64 while products are below 2**53.

A determinant that is not 0 modulo a prime is not 0. Elimination is arranged so that nearly all of its work
is matrix products, which BLAS does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import wide

Residues = npt.NDArray[Any]  # float64, or int64 modulo a prime of more than 31 bits
Ints = npt.NDArray[np.int64]

#: The largest primes below 2**23 and 2**31 for which (p - 1) / 2 is prime too. Modulo the first a product of
#: residues has 44 bits at most; the second takes twice the work, and rarely takes two numbers for one.
PRIMES = (2**23 - 321, 2**31 - 69)

#: The same below 2**61, ten times as dear, for exponents that both of them take for equal.
LARGE = 2**61 - 2373

LEAF = 48  # columns that are eliminated one by one
CHUNK = 2**16  # entries that are reduced at a time, to stay in the cache


def reduce(x: Residues, p: int) -> Residues:
    """Replace integers below 2**53 by their residues from -p/2 to p/2, in place; or int64 below 2**62."""
    if x.dtype == np.int64:
        x[...] = wide.reduce(x, p)
        return x
    rows = max(1, CHUNK // max(1, x[:1].size))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        multiple = part * (
            1 / p
        )  # off by less than 2**-20: a residue is off the range by less than p / 2**20
        np.rint(multiple, out=multiple)
        multiple *= p
        part -= multiple
    return x


def multiply(x: Residues, y: Residues | float, p: int) -> Residues:
    """Return the elementwise product of residues."""
    if x.dtype == np.int64:
        return wide.multiply(x, y, p)
    if p < 2**26:
        return reduce(x * y, p)
    high, low = _halves(x)
    return reduce(reduce(high * y, p) * 2.0**15 + low * y, p)


def product(A: Residues, B: Residues, p: int) -> Residues:
    """Return the matrix product of residues: parts of the factors whose float64 product is exact."""
    if A.dtype == np.int64:
        return wide.product(A, B, p)
    if p < 2**23:
        return _sum_of_products(A, B, p, 2**8)
    high, low = _halves(A)
    out = _sum_of_products(high, B, p, 2**7) * 2.0**15
    return reduce(out + _sum_of_products(low, B, p, 2**7), p)


def _sum_of_products(A: Residues, B: Residues, p: int, terms: int) -> Residues:
    out = A[:, :terms] @ B[:terms]
    for start in range(terms, A.shape[1], terms):
        out = reduce(out, p)
        out += A[:, start : start + terms] @ B[start : start + terms]
    return reduce(out, p)


def _halves(x: Residues) -> tuple[Residues, Residues]:
    """Split residues below 2**30 in size into ``high * 2**15 + low``, both up to 2**15 in size."""
    high = np.rint(x * 2.0**-15)
    return high, x - high * 2.0**15


def scalar(a: int, p: int) -> float:
    """Return the residue of an integer as a number of the kind that residues are."""
    a %= p
    a = a - p if 2 * a > p else a
    return a if p > 2**31 else float(a)


def as_residues(values: npt.ArrayLike, p: int) -> Residues:
    """Return residues of integers: below 2**53 modulo a short prime, below 2**62 modulo a long one."""
    return reduce(np.array(values, dtype=np.float64 if p < 2**31 else np.int64), p)


def inverse(x: Residues, p: int) -> Residues:
    """Return the elementwise inverse of residues, none of them 0: products of two are inverted instead."""
    if x.shape[-1] == 1:
        return power(x, p - 2, p)
    half = x.shape[-1] // 2
    left, right, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    both = inverse(multiply(left, right, p), p)
    parts = [multiply(both, right, p), multiply(both, left, p)]
    return np.concatenate([*parts, inverse(rest, p)] if rest.size else parts, axis=-1)


def power(x: Residues, exponent: int, p: int) -> Residues:
    """Return a power of every residue."""
    out = np.ones_like(x)
    for bit in bin(exponent)[2:]:
        out = multiply(out, out, p)
        if bit == "1":
            out = multiply(out, x, p)
    return out


class Echelon(NamedTuple):
    """What elimination leaves: rows and columns of a largest non-singular minor, and unit lower factors.

    ``order`` lists all rows, those of the minor first. ``L`` has a row for each and a column for each pivot;
    ``blocks`` are the inverses of square blocks along its diagonal.
    """

    order: Ints
    cols: list[int]
    L: Residues
    blocks: list[Residues]


def pivots(A: Residues, p: int, most: int | None = None) -> tuple[list[int], list[int]]:
    """Return rows and columns of a minor that is non-singular modulo p: a largest one, or ``most`` rows.

    >>> pivots(np.array([[0.0, 1, 2], [0, 2, 4], [0, 0, 3]]), PRIMES[0])
    ([0, 2], [1, 2])
    """
    found = _eliminate(A, p, min(A.shape) if most is None else min(*A.shape, most))
    return found.order[: len(found.cols)].tolist(), found.cols


def nonsingular(A: Residues, p: int) -> bool:
    """Whether a square matrix of residues is invertible modulo p."""
    return len(pivots(A, p)[1]) == len(A)


def _eliminate(A: Residues, p: int, most: int) -> Echelon:
    """Eliminate the left half of the columns, take it out of the right half, and eliminate that."""
    width = A.shape[1]
    if width <= LEAF:
        return _leaf(A, p, most)
    left = _eliminate(A[:, : width // 2], p, most)
    k = len(left.cols)
    if k == most:
        return left
    right = A[left.order, width // 2 :]
    top = _solve(left, right[:k], p)
    rest = reduce(right[k:] - product(left.L[k:], top, p), p) if k else right
    if not rest.any():
        return left
    more = _eliminate(rest, p, most - k)
    order = np.concatenate([left.order[:k], left.order[k:][more.order]])
    upper = np.concatenate([left.L[:k], np.zeros((k, len(more.cols)), A.dtype)], axis=1)
    lower = np.concatenate([left.L[k:][more.order], more.L], axis=1)
    cols = left.cols + [width // 2 + c for c in more.cols]
    return Echelon(order, cols, np.concatenate([upper, lower]), left.blocks + more.blocks)


def _leaf(A: Residues, p: int, most: int) -> Echelon:
    """Eliminate column by column: every earlier pivot is taken out of a column when its turn comes."""
    A, order = A.copy(), np.arange(len(A))
    size = min(A.shape[1], most)
    L, T, cols = np.zeros((len(A), size), A.dtype), np.zeros((size, size), A.dtype), list[int]()
    for j in range(A.shape[1]):
        k = len(cols)
        if k == size:
            break
        above = product(T[:k, :k], A[:k, j : j + 1], p)
        column = reduce(A[k:, j] - product(L[k:, :k], above, p)[:, 0], p)
        i = k + int(np.argmax(column != 0))
        if column[i - k] == 0:
            continue
        for array in (A, L, order):
            array[[k, i]] = array[[i, k]]
        column[[0, i - k]] = column[[i - k, 0]]
        L[k:, k] = multiply(column, scalar(pow(int(column[0]), -1, p), p), p)
        L[k, k] = T[k, k] = 1
        T[k, :k] = -product(L[k : k + 1, :k], T[:k, :k], p)
        cols.append(j)
    k = len(cols)
    return Echelon(order, cols, L[:, :k], [T[:k, :k]] if k else [])


def _solve(found: Echelon, B: Residues, p: int) -> Residues:
    """Divide by the triangle of L, block by block."""
    X, start = np.empty_like(B), 0
    for T in found.blocks:
        here = slice(start, start + len(T))
        rest = reduce(B[here] - product(found.L[here, :start], X[:start], p), p)
        X[here] = product(T, rest, p)
        start = here.stop
    return X
