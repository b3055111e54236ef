"""Sets of states that a claim about a class may be restricted to, and what must be decided over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from . import files
from .exact import Floats

Bounds = tuple[Floats, Floats]  # lower and upper (d,), infinite where there is none


def read(field: Mapping[str, Any], d: int) -> Bounds:
    """Read the bounds of a box, each one number or one per coordinate; a box without a point is refused."""
    if set(field) != {"lower", "upper"}:
        raise ValueError("a domain has the fields lower and upper")
    lower, upper = (np.broadcast_to(files.decode(field[name]), (d,)) for name in ("lower", "upper"))
    if not ((lower <= upper) & (lower < np.inf) & (upper > -np.inf)).all():  # NaN fails as well
        raise ValueError("the domain is empty or has a bound that is no number")
    return lower, upper


def outside(terms: Floats, bounds: Bounds) -> str | None:
    """Say where a state leaves the box, or None; the state (d,) is the exact sum of ``terms`` (m, d)."""
    lower, upper = bounds
    if len(terms) == 1:
        out = (terms[0] < lower) | (terms[0] > upper)
    else:
        sums = [sum(map(Fraction, column), Fraction(0)) for column in terms.T.tolist()]
        out = np.array([v < low or v > high for v, low, high in zip(sums, lower, upper, strict=True)])
    return f"coordinate {int(out.argmax())} of the state is outside the domain" if out.any() else None


def least(slope: Sequence[Fraction], bounds: Bounds) -> Fraction | None:
    """Return the least value of ``slope . h`` over the box, None where there is none.

    >>> least([Fraction(2), Fraction(-1)], (np.array([-1.0, -np.inf]), np.array([np.inf, 3.0])))
    Fraction(-5, 1)
    """
    total = Fraction(0)
    for c, low, high in zip(slope, *(bound.tolist() for bound in bounds), strict=True):
        if c:
            end = low if c > 0 else high
            if abs(end) == np.inf:
                return None
            total += c * Fraction(end)
    return total
