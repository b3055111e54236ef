"""Scores f(H W^T + b) modulo a prime, for families whose minors can be decided there.

Where f maps rationals to rationals, scores have residues themselves. Where f(a) is a rational function of a
and of exp(alpha a + beta) with rational alpha and beta, all those exponents are whole multiples of one
rational 1/D, so every score is a rational function over the rationals of ``q = exp(1/D)``, which is
transcendental by the theorem of Lindemann. A determinant that is 0 at q is then 0 identically, and 0 modulo
every prime with any residue in place of q.

That residue is 4, a square: its powers form a group of odd order (p - 1) / 2, which is prime. So exponents
count modulo (p - 1) / 2, and no power is -1, where y + 1 could not be divided by.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from math import lcm
from typing import Any

import numpy as np

from .exact import Floats
from .families import EXACT, INCREASING, number
from .logits import SMALLEST, UNIT, Logits, residue
from .modular import Residues, as_residues, inverse, multiply, reduce

Parameters = Mapping[str, Any]
BASE = 4
DIGIT = 2**16  # exponents are read digit by digit
BLOCK = 2**22  # logits that are looked at together for the largest of a context


def scores(logits: Logits, family: str, parameters: Parameters, p: int) -> Residues | None:
    """Return f of the logits modulo p up to a constant factor, or None where p divides a denominator."""
    if family in RATIONAL:
        return RATIONAL[family](parameters, logits, p)
    forms, value = OF_EXPONENTIAL[family]
    order = (p - 1) // 2
    whole, e = logits.whole(order)
    unit = Fraction(2) ** e
    lines = [(alpha * unit, beta) for alpha, beta in forms(parameters)]
    D = lcm(*(q.denominator for line in lines for q in line))
    powers = [
        _powers(multiply(whole, residue(slope * D, order), order) + residue(start * D, order), p)
        for slope, start in lines
    ]
    return value(parameters, logits, powers, p)


def tops(logits: Logits, family: str, parameters: Parameters, p: int) -> Residues:
    """Return the largest score of every context modulo p, for a family that maps rationals to rationals."""
    f = EXACT[family](parameters)
    found: list[Fraction] = []
    step = max(1, BLOCK // len(logits.W))
    for start in range(0, len(logits.H), step):
        block = logits._replace(H=logits.H[start : start + step])
        middle, error = block.rounded()
        if family not in INCREASING:
            middle, error = _polynomial_rounded(parameters, middle, error)
        near = middle + error >= (middle - error).max(axis=1, keepdims=True)
        found += [max(f(block.exactly(i, j)) for j in np.flatnonzero(r).tolist()) for i, r in enumerate(near)]
    return np.array([residue(v, p) for v in found])


def _polynomial_rounded(parameters: Parameters, z: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return a polynomial of z +- error in float64, and a bound on the error of that."""
    reach = np.abs(z) + error
    value, change, size = (np.zeros_like(z) for _ in range(3))
    with np.errstate(over="ignore", invalid="ignore"):
        for power, text in parameters["coefficients"].items():
            k, c = int(power), float(number(text))
            value += c * z**k
            size += (k + 8) * abs(c) * reach**k + SMALLEST
            if k:
                change += k * abs(c) * reach ** (k - 1)
        # c z^k errs by k + 2 rounding errors of its size at most, the sum by one for each term
        bound = 2 * (change * error + (4 + len(parameters["coefficients"])) * UNIT * size)
        bound[~np.isfinite(value) | ~np.isfinite(bound)] = np.inf
    return np.nan_to_num(value), bound


def _float(q: Fraction) -> float:
    if Fraction(float(q)) != q:
        raise ValueError(f"{q} is not a float64 number")
    return float(q)


def _powers(exponents: Residues, p: int) -> Residues:
    """Return powers of the base: products of one out of each table."""
    whole = exponents.astype(np.int64) % ((p - 1) // 2)
    first, *more = _tables(p)
    out = first[whole % DIGIT]
    for table in more:
        whole //= DIGIT
        out = multiply(out, table[whole % DIGIT], p)
    return out


@cache
def _tables(p: int) -> list[Residues]:
    """Return powers of the base for each digit of an exponent, and each place that it can have."""
    tables, step = [], BASE
    for _ in range(-(-p.bit_length() // 16)):
        powers = [1]
        for _ in range(DIGIT):
            powers.append(powers[-1] * step % p)
        step = powers.pop()
        tables.append(as_residues(powers, p))
    return tables


def _polynomial(parameters: Parameters, logits: Logits, p: int) -> Residues:
    terms = {int(k): residue(number(c), p) for k, c in parameters["coefficients"].items()}
    z = logits.modulo(p)
    out = np.full_like(z, terms.get(max(terms, default=0), 0.0))
    for k in reversed(range(max(terms, default=0))):
        out = multiply(out, z, p)
        if k in terms:
            out = reduce(out + terms[k], p)
    return out


def _piecewise(kinks: list[float], slopes: list[Fraction], logits: Logits, p: int) -> Residues:
    """Return scores of a continuous piecewise-linear function with f(0) = 0."""
    heights = [Fraction(0)]  # where each line would meet the axis, but for a common constant
    for kink, before, after in zip(kinks, slopes, slopes[1:], strict=False):
        heights.append(heights[-1] + (before - after) * Fraction(kink))
    zero = heights[bisect_right(kinks, 0.0)]
    place = logits.segments(kinks)
    rise, start = (
        np.array([residue(q, p) for q in values]) for values in (slopes, [h - zero for h in heights])
    )
    return reduce(multiply(rise[place], logits.modulo(p), p) + start[place], p)


def _plif(parameters: Parameters, logits: Logits, p: int) -> Residues:
    return _piecewise(kinks_of(parameters), [number(s) for s in parameters["slopes"]], logits, p)


def kinks_of(parameters: Parameters) -> list[float]:
    """Return where a piecewise-linear function bends."""
    K = len(parameters["slopes"])
    if parameters["knots"] is None:  # the float64 numbers define the function
        bound = float.fromhex(parameters["bound"])
        return [bound * ((2 * k - K) / K) for k in range(1, K)]
    return [_float(number(k)) for k in parameters["knots"]]


def _rational_quadratic(parameters: Parameters, logits: Logits, p: int) -> Residues | None:
    xs, ys, slopes = ([number(v) for v in parameters[name]] for name in ("knots", "values", "slopes"))
    place = logits.segments([_float(x) for x in xs])
    last = len(xs) - 1

    def each(values: list[Fraction]) -> Residues:
        return np.array([residue(v, p) for v in values])[place]

    z = logits.modulo(p)
    # outer pieces are lines: their numerator and denominator are those of a piece with nothing but one slope
    left, right = [max(i - 1, 0) for i in range(last + 2)], [min(i, last) for i in range(last + 2)]
    steep = [
        (ys[j] - ys[i]) / (xs[j] - xs[i]) if i < j else slopes[i] for i, j in zip(left, right, strict=True)
    ]
    width = [xs[j] - xs[i] if i < j else Fraction(1) for i, j in zip(left, right, strict=True)]
    a, b = ([slopes[i] for i in side] for side in (left, right))
    s, w, x0 = each(steep), each(width), each([xs[i] for i in left])
    t = multiply(reduce(z - x0, p), each([1 / v for v in width]), p)
    bend = multiply(t, reduce(1 - t, p), p)
    both = each([u + v - 2 * q for u, v, q in zip(a, b, steep, strict=True)])
    below = reduce(s + multiply(both, bend, p), p)
    if not below.all():
        return None
    above = reduce(multiply(s, multiply(t, t, p), p) + multiply(each(a), bend, p), p)
    rise = multiply(multiply(s, w, p), multiply(above, inverse(below, p), p), p)
    return reduce(rise + each([ys[i] for i in left]), p)


def _sigmoid(y: Residues, p: int) -> Residues:
    """Return the sigmoid of x for y = exp(x)."""
    return reduce(1 - inverse(reduce(y + 1, p), p), p)


def _tanh(y: Residues, p: int) -> Residues:
    """Return tanh(x / 2) for y = exp(x)."""
    return reduce(2 * _sigmoid(y, p) - 1, p)


def _network(parameters: Parameters, logits: Logits, powers: list[Residues], p: int) -> Residues:
    out = multiply(logits.modulo(p), residue(number(parameters["line"]), p), p)
    for slope, width, y in zip(parameters["slopes"], parameters["widths"], powers, strict=True):
        out += multiply(_tanh(y, p), residue(number(slope) * number(width), p), p)
    return reduce(out, p)


#: Families that map rationals to rationals.
RATIONAL: dict[str, Callable[[Parameters, Logits, int], Residues | None]] = {
    "Identity": lambda parameters, logits, p: logits.modulo(p),
    "Polynomial": _polynomial,
    "LeakyReLU": lambda parameters, logits, p: _piecewise(
        [0.0], [number(parameters["slope_below"]), Fraction(1)], logits, p
    ),
    "PLIF": _plif,
    "RationalQuadratic": _rational_quadratic,
}

Forms = Callable[[Parameters], list[tuple[Fraction, Fraction]]]
Value = Callable[[Parameters, Logits, list[Residues], int], Residues]


def _itself(parameters: Parameters) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(1), Fraction(0))]


#: Families that are rational functions of the logit a and of exp(alpha a + beta): all (alpha, beta), and the
#: value in terms of those powers.
OF_EXPONENTIAL: dict[str, tuple[Forms, Value]] = {
    "Exp": (_itself, lambda parameters, logits, powers, p: powers[0]),
    "Sigmoid": (_itself, lambda parameters, logits, powers, p: _sigmoid(powers[0], p)),
    "SiLU": (
        _itself,
        lambda parameters, logits, powers, p: multiply(logits.modulo(p), _sigmoid(powers[0], p), p),
    ),
    "SoftCap": (
        lambda parameters: [(2 / number(parameters["bound"]), Fraction(0))],
        lambda parameters, logits, powers, p: _tanh(powers[0], p),  # but for the factor B
    ),
    "MonotoneNetwork": (
        lambda parameters: [
            (2 / number(b), -2 * number(k) / number(b))
            for b, k in zip(parameters["widths"], parameters["centres"], strict=True)
        ],
        _network,
    ),
}
