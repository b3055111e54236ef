"""Ranks that are proved: over the rationals, over logarithms, modulo a prime, or by ball determinants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import factorial
from typing import Any

import flint
import numpy as np

from rankkit import arrays
from rankkit.arrays import Array
from rankkit.errors import InputError
from rankkit.heads import LowRankLogits
from rankkit.theorems.instances import Scores

#: The Mersenne prime for one-sided checks: rank modulo a prime is never above the rank itself.
PRIME = 2**61 - 1


def elementwise(function: Callable[[Any], Any], values: Any) -> Array:
    """Apply a function to every entry, into an object array."""
    return np.vectorize(function, otypes=[object])(values)


def fractions(values: Any) -> Array:
    """Return the same numbers as an object array of ``Fraction``."""
    return elementwise(Fraction, values)


def rational_logits(logits: LowRankLogits) -> Array:
    """Return the logits as exact rationals, an object array (contexts, classes)."""
    head = logits.head
    A = fractions(arrays.widen(logits.H)) @ fractions(arrays.widen(head.W)).T
    return A if head.b is None else A + fractions(arrays.widen(head.b))


def rational_scores(scores: Scores) -> Array:
    """Return f of the logits as exact rationals, for functions that keep rationals rational."""
    out = elementwise(scores.f.exact, rational_logits(scores.logits))
    if (out == None).any():  # noqa: E711
        raise InputError(f"{scores.f.name} has no exact values at rationals; use ball_rank")
    return out


def rank(matrix: Any) -> int:
    """Return the rank over the rationals of a matrix of integers or fractions.

    >>> rank([[1, 2], [2, 4]]), rank([[Fraction(1, 3), 1], [1, 3]]), rank([[1, 0], [0, 10**-300]])
    (1, 1, 2)
    """
    entries = fractions(matrix)
    return int(
        flint.fmpq_mat(*entries.shape, [flint.fmpq(x.numerator, x.denominator) for x in entries.flat]).rank()
    )


def differences(matrix: Array) -> Array:
    """Subtract the first column from the others: the rank of the row-centred matrix, without dividing.

    >>> differences(np.array([[1, 3, 4]]))
    array([[2, 3]])
    """
    return matrix[:, 1:] - matrix[:, :1]


def double_differences(matrix: Array) -> Array:
    """Subtract first column and first row: the rank of the doubly centred matrix."""
    return differences(differences(matrix).T).T


def modular_rank(matrix: Iterable[Iterable[int]], prime: int = PRIME) -> int:
    """Return the rank modulo a prime, which is at most the rank over the integers."""
    rows = [[int(x) % prime for x in row] for row in matrix]
    return int(flint.nmod_mat(len(rows), len(rows[0]), [x for row in rows for x in row], prime).rank())


def log_softmax_rank(exponents: Array) -> int:
    r"""Return the exact rank of :math:`\log\mathrm{softmax}(K \ln 2)` for a matrix ``K`` of integers.

    In units of ln 2 this matrix is K less a column of logarithms of integers, hence of integer combinations
    of logarithms of primes. Those are linearly independent over the rationals, and every minor is affine in
    the column, so a minor vanishes only if it does so formally. Powers of a base beyond twice any coefficient
    of a minor stand for the logarithms: then no minor vanishes by accident.

    >>> log_softmax_rank(np.array([[0, 0], [0, 0]])), log_softmax_rank(np.array([[0, 1], [1, 0]]))
    (1, 2)
    """
    K = np.array([[int(x) for x in row] for row in exponents], dtype=object)
    K = K - K.min()
    sums = [flint.fmpz(sum(2 ** int(k) for k in row)).factor() for row in K]
    factors = [{int(p): int(power) for p, power in factored} for factored in sums]
    size = min(K.shape)
    largest = max(2 * int(K.max()), max((power for f in factors for power in f.values()), default=0), 1)
    base = 2 * size * factorial(size) * largest**size + 1
    odd = sorted({p for f in factors for p in f} - {2})
    log2 = {2: 1, **{p: base ** (k + 1) for k, p in enumerate(odd)}}
    normaliser = np.array([sum(power * log2[p] for p, power in f.items()) for f in factors], dtype=object)
    return rank(K - normaliser[:, None])


def ball(x: Fraction) -> Any:
    """Enclose a rational at the precision that is set."""
    return flint.arb(flint.fmpq(x.numerator, x.denominator))


def proved_regular(block: Callable[[], Array], precision: int = 4096) -> bool:
    """Return whether balls prove a square matrix to be non-singular: its determinant excludes zero.

    ``block`` makes the matrix of balls at the precision that is set, which doubles until it is enough.
    """
    bits = 128
    while bits <= precision:
        with flint.ctx.workprec(bits):
            matrix = block()
            if not flint.arb_mat(*matrix.shape, list(matrix.flat)).det().contains(0):
                return True
        bits *= 2
    return False


def ball_rank(scores: Scores) -> int:
    """Return the size of the leading square block of f(A) if balls prove it regular, else 0 (no proof)."""
    A = rational_logits(scores.logits)
    size = min(A.shape)
    block = A[:size, :size]
    return size if proved_regular(lambda: elementwise(lambda z: scores.f.ball(ball(z)), block)) else 0


def pattern_rank(matrix: Array, rng: np.random.Generator) -> int:
    """Return the rank of the matrix whose distinct entries are replaced by independent variables.

    The variables are drawn modulo a prime near 2**61: never too large, and too small with a probability below
    2**-50 for matrices of up to a thousand rows.

    >>> pattern_rank(np.array([[1, 1], [1, 2]]), np.random.default_rng(0))
    2
    """
    entries, place = np.unique(matrix, return_inverse=True)
    return modular_rank(rng.integers(0, PRIME, size=len(entries))[place.reshape(matrix.shape)])
