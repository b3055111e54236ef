"""Check that f(tA) has at least some rank for every real factor t on the logits A but isolated ones.

Let f be analytic on the real line, c_k its Taylor coefficients at 0. A minor of f(tA) is analytic in t, so if
its power series at 0 is not zero, its zeros are isolated. Write f(tA) = U V(t)^T with the monomials of the
contexts h as columns of U, and what each is multiplied with as columns of V(t). For a monomial of degree j
that starts with t^k, where k is the least degree from j on with c_k != 0 (without a bias, only k = j occurs).
By Cauchy and Binet the lowest power of t in an n x n minor comes from the choices of n columns that hold all
those of lower powers, X in U and Y in V, and fill up from those of one power p. But for powers of the c_k,
they add up to the determinant of

    [ M   X ]
    [ Y^T 0 ]

where M is the sum of all columns of power p times theirs. So if that matrix of rational numbers is invertible
modulo a prime, the minor does not vanish identically.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import count
from math import comb
from typing import Any

import numpy as np

from .exact import Floats
from .families import misfit, number
from .logits import residue, residues
from .modular import PRIMES, multiply, nonsingular, power, product, reduce

MOST_ROWS = 4096  # of the minor; the matrix has up to twice as many

Degrees = Callable[[int], bool]


def _even_and_line(k: int) -> bool:
    return k == 1 or k % 2 == 0


def _generalised_sigsoftmax(parameters: Mapping[str, Any]) -> Degrees | None:
    """For z - (k - 1) log(1 + exp(c - z)): at c = 0 as SigSoftmax; else every degree.

    The higher derivatives of log(1 + e^z) are polynomials with integer coefficients in the sigmoid, which is
    transcendental at a rational c != 0, so none is 0 there.
    """
    if number(parameters["k"]) == 1:
        return None  # the identity
    return _even_and_line if number(parameters["c"]) == 0 else lambda k: True


#: Degrees with a coefficient that is not 0 in the Taylor series at 0, of families analytic on the real line.
#: log(1 + e^z) = log 2 + z / 2 + an even function; those coefficients and the ones of tanh hold Bernoulli
#: numbers, which are not 0. The sigmoid is 1/2 + tanh(z / 2) / 2, and SiLU is z times that.
TAYLOR: dict[str, Callable[[Mapping[str, Any]], Degrees | None]] = {
    "Exp": lambda parameters: lambda k: True,
    "Sigmoid": lambda parameters: lambda k: k == 0 or k % 2 == 1,
    "SiLU": lambda parameters: lambda k: k > 0 and _even_and_line(k),
    "Softplus": lambda parameters: _even_and_line,
    "SigSoftmax": lambda parameters: _even_and_line,
    "GSS": _generalised_sigsoftmax,
    "SoftCap": lambda parameters: lambda k: k % 2 == 1,
}


def generic_minor(
    W: Floats,
    b: Floats | None,
    subject: str,
    rows: Sequence[int],
    cols: Sequence[int],
    function: Mapping[str, Any],
    H: Floats,
) -> str | None:
    """Decide whether a minor of f(tA), or of its differences to the first named column, vanishes for every t.

    Weights W and bias b are those of all classes, H the contexts of the named rows alone.
    """
    if subject not in ("scores", "centred"):
        return f"no generic rank of subject {subject!r} can be shown; known are scores, centred"
    if len(set(rows)) < len(rows) or len(set(cols)) < len(cols):
        return "the minor names a row or column twice"
    if not 1 <= len(rows) <= MOST_ROWS:
        return f"a minor of {len(rows)} rows is outside 1 to {MOST_ROWS}"
    if len(cols) != len(rows) + (subject == "centred"):
        return f"the minor is {len(rows)} x {len(cols) - (subject == 'centred')}, not square"
    if wrong := misfit(function):
        return wrong
    b = None if b is None else b[cols]
    for p in PRIMES:
        table = bordered(H, W[cols], b, function, subject == "centred", p)
        if table is None:
            return f"nothing is known of the Taylor series of {function['family']}"
        if nonsingular(table, p):
            return None
    return "the lowest power of the scale has a coefficient of 0 modulo two primes, so it proves nothing"


def bordered(
    H: Floats, W: Floats, b: Floats | None, function: Mapping[str, Any], centred: bool, p: int
) -> Floats | None:
    """Return the matrix above modulo a prime; None for functions of whose series nothing is known."""
    find = TAYLOR.get(function["family"])
    degrees = find(function["parameters"]) if find is not None else None
    if degrees is None:
        return None
    lower, (k, own) = _blocks(degrees, len(H), H.shape[1], b is not None, centred)
    h, w = _residues(H, p), _residues(W, p)
    bias = np.ones((len(W), 1)) if b is None else _residues(b[:, None], p)
    z = product(h, np.ascontiguousarray(w.T), p)
    most = max((j for _, degrees_of in lower for j in degrees_of), default=-1)
    left, right = _monomials(h, most, p), _monomials(w, most, p)
    X, Y = [np.zeros((len(H), 0))], [np.zeros((len(W), 0))]
    for degree, held in lower:
        X += [left[j] for j in held]
        Y += [multiply(right[j], power(bias, degree - j, p), p) for j in held]
    M = np.zeros_like(z)
    for j in own:
        times = multiply(power(bias.T, k - j, p), residue(Fraction(comb(k, j)), p), p)
        M = reduce(M + multiply(power(z, j, p), times, p), p)
    x, y = np.concatenate(X, axis=1), np.concatenate(Y, axis=1)
    if centred:
        M, y = reduce(M[:, 1:] - M[:, :1], p), reduce(y[1:] - y[:1], p)
    return np.block([[M, x], [y.T, np.zeros((x.shape[1], x.shape[1]))]])


Block = tuple[int, range]


def _blocks(degrees: Degrees, n: int, d: int, bias: bool, centred: bool) -> tuple[list[Block], Block]:
    """Return powers of t with the degrees of the monomials that start there: the lower ones, and the last."""
    lower: list[Block] = []
    columns, before = 0, -1
    for k in filter(degrees, count(int(centred))):  # differences lose what is constant along a row
        own = range(before + 1, k + 1) if bias else range(k, k + 1)
        size = sum(comb(d + j - 1, j) for j in own)
        if columns + size >= n:
            return lower, (k, own)
        lower.append((k, own))
        columns, before = columns + size, k
    raise ValueError("a function with finitely many degrees is a polynomial")


def _residues(array: Floats, p: int) -> Floats:
    whole, e = residues(array, p)
    return multiply(whole, residue(Fraction(2) ** e, p), p)


def _monomials(X: Floats, most: int, p: int) -> list[Floats]:
    """Return the monomials of each degree from 0 to ``most`` in the columns of X, as columns."""
    ending = [np.ones((len(X), 1))] + [np.zeros((len(X), 0))] * (X.shape[1] - 1)  # by their last variable
    out = []
    for _ in range(most + 1):
        out.append(np.concatenate(ending, axis=1))
        sofar = [np.concatenate(ending[: i + 1], axis=1) for i in range(X.shape[1])]
        ending = [multiply(X[:, i : i + 1], lower, p) for i, lower in enumerate(sofar)]
    return out
