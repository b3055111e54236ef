"""Numerical-rank rules of the literature: the tolerance below which a singular value counts as zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rankkit.errors import InputError

#: Distance from 1 to the next number, by the dtype in which a matrix's entries were rounded.
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@dataclass(frozen=True)
class Rule:
    """A tolerance that somebody uses.

    Attributes
    ----------
    formula : str
        The tolerance of an N x M matrix in words.
    used_by : str
        Where it comes from.
    tolerance : callable
        The tolerance as a function of (shape, eps, largest singular value).
    """

    formula: str
    used_by: str
    tolerance: Callable[[tuple[int, int], float, float], float]


#: The rules that set a tolerance of their own, by name.
RULES: dict[str, Rule] = {
    "numpy": Rule(
        "max(N, M) eps σ₁",
        "numpy, torch and jax matrix_rank; scipy orth and pinv; WeightWatcher matrix_rank",
        lambda shape, eps, top: max(shape) * eps * top,
    ),
    "press": Rule(
        "√(N + M + 1) / 2 eps σ₁",
        "Numerical Recipes [press2007]; the softmax-bottleneck literature [parthiban2021]",
        lambda shape, eps, top: 0.5 * math.sqrt(sum(shape) + 1) * eps * top,
    ),
    "matlab": Rule(
        "max(N, M) ulp(σ₁)",
        "MATLAB rank: the spacing of floating-point numbers at σ₁, up to half of numpy's eps σ₁",
        lambda shape, eps, top: max(shape) * eps * _power_below(top),
    ),
    "eps": Rule(
        "eps σ₁",
        "advice in forums; counts rounding noise",
        lambda shape, eps, top: eps * top,
    ),
    "weightwatcher": Rule(
        "σ₁ 2⁻²³ / (2 √(N + M + 1))",
        "WeightWatcher hard_rank: divides by the root that Press multiplies by, always float32's eps",
        lambda shape, eps, top: EPS["float32"] / (2 * math.sqrt(sum(shape) + 1)) * top,
    ),
    "weightwatcher-weak": Rule(
        "1e-3, that is σ² > 1e-6",
        "WeightWatcher weak_rank_loss; depends on the unit of the entries",
        lambda shape, eps, top: 1e-3,
    ),
    "carlini": Rule(
        "1e-2",
        "the emulator that comes with [carlini2024]; depends on the unit of the entries",
        lambda shape, eps, top: 1e-2,
    ),
    "drill": Rule(
        "1",
        "the rank analysis of [pappas2019], tol=True read as a number; depends on the unit of the entries",
        lambda shape, eps, top: 1.0,
    ),
}


def tolerance(rule: str, shape: tuple[int, int], eps: float, top: float, tol: float | None = None) -> float:
    """Return the tolerance that ``rule`` sets.

    Parameters
    ----------
    rule : str
        A name in :data:`RULES`, or "absolute" (``tol`` itself) or "relative" (``tol`` times ``top``).
    shape : (int, int)
        Shape of the matrix.
    eps : float
        Machine epsilon of the precision in which the entries were born.
    top : float
        The largest singular value.
    tol : float, optional
        Needed by "absolute" and "relative"; the other rules take none.

    Raises
    ------
    InputError
        Unknown rule, ``tol`` missing or not wanted, negative or not finite.

    Examples
    --------
    >>> tolerance("numpy", (100, 50), eps=2.0**-52, top=1.0)
    2.220446049250313e-14
    >>> tolerance("relative", (100, 50), eps=2.0**-52, top=2.0, tol=0.5)
    1.0
    """
    if rule in ("absolute", "relative"):
        if tol is None or not (math.isfinite(tol) and tol >= 0):
            raise InputError(f"tol is {tol}; the {rule} rule wants a finite number >= 0")
        return float(tol) if rule == "absolute" else float(tol) * top
    if rule not in RULES:
        raise InputError(f"rule is {rule!r}; wanted one of {', '.join([*RULES, 'absolute', 'relative'])}")
    if tol is not None:
        raise InputError(
            f"tol is {tol} but the {rule} rule sets its own; use rule='absolute' or rule='relative'"
        )
    return RULES[rule].tolerance(shape, eps, top)


def _power_below(top: float) -> float:
    """Return the power of two at or just below ``top``; 0 for 0."""
    return math.ldexp(0.5, math.frexp(top)[1]) if top > 0 else 0.0
