"""Numerical-rank rules of the literature: the tolerance below which a singular value counts as zero."""

from __future__ import annotations

import math
from collections.abc import Callable

from rankkit.errors import InputError

#: Distance from 1 to the next number, by the dtype in which a matrix's entries were rounded.
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}

Rule = Callable[[tuple[int, int], float, float], float]

#: Name -> tolerance as a function of (shape, eps, largest singular value).
RULES: dict[str, Rule] = {
    # max(N, M) eps sigma_1: numpy, torch and jax matrix_rank; scipy orth and pinv
    "numpy": lambda shape, eps, top: max(shape) * eps * top,
    # sqrt(N + M + 1) / 2 eps sigma_1: Numerical Recipes; used by the softmax-bottleneck literature
    "press": lambda shape, eps, top: 0.5 * math.sqrt(sum(shape) + 1) * eps * top,
    # eps sigma_1: often advised, counts rounding noise
    "eps": lambda shape, eps, top: eps * top,
    # WeightWatcher's hard_rank: always float32 eps, and divided by the root that Press multiplies by
    "weightwatcher": lambda shape, eps, top: EPS["float32"] / (2 * math.sqrt(sum(shape) + 1)) * top,
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
    return RULES[rule](shape, eps, top)
