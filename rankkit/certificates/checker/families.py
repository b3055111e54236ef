"""The function families, stated a second time: exactly on rationals, or enclosed between decimals."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .enclosure import Enclosure, Interval

DEGREE = re.compile("0|[1-9][0-9]{0,3}")
MOST_DEGREE = 1000

Parameters = Mapping[str, Any]
Rational = Callable[[Fraction], Fraction]


def number(text: Any) -> Fraction:
    """Read a parameter: an integer, or a float in hexadecimal."""
    return Fraction(text) if type(text) is int else Fraction(float.fromhex(text))


#: Names of the parameters of each family.
PARAMETERS = {
    "Identity": set(),
    "Polynomial": {"coefficients"},
    "LeakyReLU": {"slope_below"},
    "PLIF": {"slopes", "bound", "knots"},
    "RationalQuadratic": {"knots", "values", "slopes"},
    "Exp": set(),
    "Sigmoid": set(),
    "SiLU": set(),
    "Softplus": set(),
    "SigSoftmax": set(),
    "GSS": {"c", "k"},
    "SoftCap": {"bound"},
    "MonotoneNetwork": {"line", "slopes", "widths", "centres"},
}
POSITIVE = {"slope_below", "slopes", "bound", "k", "line", "widths"}
ASCENDING = {"knots", "values"}
LISTS = {"slopes", "knots", "values", "widths", "centres"}


def misfit(function: Any) -> str | None:
    """Say why a description is no function of a known family, or None.

    The proofs rest on it: an increasing family with a negative slope would not increase.
    """
    if not isinstance(function, Mapping) or not isinstance(function.get("parameters"), Mapping):
        return "a function is described by its family and its parameters"
    family, parameters = function["family"], function["parameters"]
    if family not in PARAMETERS:
        return f"family {family!r} is not one this checker knows"
    if set(function) != {"family", "parameters"} or set(parameters) != PARAMETERS[family]:
        return f"the parameters of {family} are {', '.join(sorted(PARAMETERS[family])) or 'none'}"
    for name, given in parameters.items():
        kind: Any = dict if name == "coefficients" else list if name in LISTS else (int, str)
        if not isinstance(given, kind) and not (family == "PLIF" and given is None):
            return f"{name} is a {type(given).__name__}"
        if name == "coefficients":
            if any(not DEGREE.fullmatch(k) or int(k) > MOST_DEGREE for k in given):
                return f"an exponent is not a whole number from 0 to {MOST_DEGREE}"
            continue
        values = [number(v) for v in (given if isinstance(given, list) else [given]) if v is not None]
        if name in POSITIVE and any(v <= 0 for v in values):
            return f"{name} must be positive"
        if name in ASCENDING and any(low >= high for low, high in pairwise(values)):
            return f"{name} must ascend"
    if family == "PLIF":
        bound, knots, pieces = parameters["bound"], parameters["knots"], len(parameters["slopes"])
        if (
            (bound is None) == (knots is None)
            or pieces < 1
            or (knots is not None and len(knots) != pieces - 1)
        ):
            return "PLIF takes a bound, or one knot fewer than slopes"
    if family == "RationalQuadratic" and (
        len({len(v) for v in parameters.values()}) > 1 or len(parameters["knots"]) < 2
    ):
        return "knots, values and slopes must be equally many, at least two"
    return None


def degrees_of(family: str | None, parameters: Mapping[str, Any]) -> set[int]:
    """Return the exponents of a polynomial; none for other families."""
    if family == "Polynomial":
        return {int(k) for k, c in parameters["coefficients"].items() if number(c) != 0}
    return {1} if family == "Identity" else set()


def _polynomial(p: Parameters) -> Rational:
    terms = [(int(k), number(c)) for k, c in p["coefficients"].items()]
    return lambda z: sum((c * z**k for k, c in terms), Fraction(0))


def _leaky_relu(p: Parameters) -> Rational:
    below = number(p["slope_below"])
    return lambda z: z if z >= 0 else below * z


def _plif(p: Parameters) -> Rational:
    """Piecewise linear with f(0) = 0; K equal segments on [-bound, bound], or given knots."""
    slopes = [number(s) for s in p["slopes"]]
    K = len(slopes)
    if p["knots"] is None:
        bound = float.fromhex(p["bound"])
        kinks = [
            Fraction(bound * ((2 * k - K) / K)) for k in range(1, K)
        ]  # the float64 numbers define the function
    else:
        kinks = [number(k) for k in p["knots"]]
    if K == 1:
        return lambda z: slopes[0] * z
    heights = [Fraction(0)]  # at each kink, relative to the first
    for slope, left, right in zip(slopes[1:], kinks, kinks[1:], strict=False):
        heights.append(heights[-1] + slope * (right - left))

    def height(z: Fraction) -> Fraction:
        k = bisect_right(kinks, z)
        anchor = max(k - 1, 0)
        return heights[anchor] + slopes[k] * (z - kinks[anchor])

    zero = height(Fraction(0))
    return lambda z: height(z) - zero


def _rational_quadratic(p: Parameters) -> Rational:
    """Increasing spline through given points with given slopes; lines beyond the outermost points."""
    xs, ys, slopes = ([number(v) for v in p[name]] for name in ("knots", "values", "slopes"))

    def value(z: Fraction) -> Fraction:
        i = bisect_right(xs, z)
        if i in (0, len(xs)):
            end = 0 if i == 0 else -1
            return ys[end] + slopes[end] * (z - xs[end])
        x, y, a, b = xs[i - 1], ys[i - 1], slopes[i - 1], slopes[i]
        width, rise = xs[i] - x, ys[i] - y
        s, t = rise / width, (z - x) / width
        return y + rise * (s * t * t + a * t * (1 - t)) / (s + (a + b - 2 * s) * t * (1 - t))

    return value


def _sigsoftmax(p: Parameters, z: Interval, a: Enclosure) -> Interval:
    return a.add(a.scale(z, Fraction(2)), a.scale(a.softplus(z), Fraction(-1)))


def _gss(p: Parameters, z: Interval, a: Enclosure) -> Interval:
    c, k = number(p["c"]), number(p["k"])
    shifted = a.add(z, a.rational(-c))
    line = a.add(a.scale(shifted, k), a.rational(c))
    return a.add(line, a.scale(a.softplus(shifted), 1 - k))


def _soft_cap(p: Parameters, z: Interval, a: Enclosure) -> Interval:
    bound = number(p["bound"])
    return a.scale(a.tanh(a.scale(z, 1 / bound)), bound)


def _network(p: Parameters, z: Interval, a: Enclosure) -> Interval:
    total = a.scale(z, number(p["line"]))
    for slope, width, centre in zip(p["slopes"], p["widths"], p["centres"], strict=True):
        unit = a.add(z, a.rational(-number(centre)))
        unit = a.scale(a.tanh(a.scale(unit, 1 / number(width))), number(width) * number(slope))
        total = a.add(total, unit)
    return total


#: Families that map rationals to rationals: parameters -> function.
EXACT: dict[str, Callable[[Parameters], Rational]] = {
    "Identity": lambda p: lambda z: z,
    "Polynomial": _polynomial,
    "LeakyReLU": _leaky_relu,
    "PLIF": _plif,
    "RationalQuadratic": _rational_quadratic,
}

#: Those of them that increase for all parameters in their domain.
INCREASING = ("Identity", "LeakyReLU", "PLIF", "RationalQuadratic")

#: Families whose values are enclosed.
ENCLOSED: dict[str, Callable[[Parameters, Interval, Enclosure], Interval]] = {
    "Exp": lambda p, z, a: a.exp(z),
    "Sigmoid": lambda p, z, a: a.sigmoid(z),
    "SiLU": lambda p, z, a: a.multiply(z, a.sigmoid(z)),
    "Softplus": lambda p, z, a: a.softplus(z),
    "SigSoftmax": _sigsoftmax,
    "GSS": _gss,
    "SoftCap": _soft_cap,
    "MonotoneNetwork": _network,
}
