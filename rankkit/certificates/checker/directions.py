"""Check many classes at once that win in the direction of their own rows, seen through one linear map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .classes import witnesses
from .exact import Floats
from .scores import Each

ROWS = 4096  # states that are held at once


def states(
    W: Floats, classes: Sequence[int], exponents: Sequence[int], centre: Floats, through: Floats
) -> Floats:
    """Return the states ``(W[classes] - centre) @ through * 2**exponents``, as float64 computes them.

    A claim is about whatever numbers come out: they are witnesses or they are not.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        seen = (W[list(classes)] - centre) @ through
        return np.asarray(np.ldexp(seen, np.array(exponents, np.int64)[:, None]))


def own_directions(
    W: Floats,
    b: Floats | None,
    classes: Sequence[int],
    exponents: Sequence[int],
    centre: Floats,
    through: Floats,
    each: Each = map,
) -> list[str | None]:
    """Decide for each class whether it wins at its state, as a witness would: None, or the reason why not."""
    out: list[str | None] = []
    for at in range(0, len(classes), ROWS):
        block = list(classes[at : at + ROWS])
        X = states(W, block, exponents[at : at + ROWS], centre, through)
        broken = ~np.isfinite(X).all(axis=1)
        X[broken] = 0.0
        reasons = witnesses(W, b, block, X, [()] * len(block), each)
        for k in np.flatnonzero(broken):
            reasons[k] = f"the state for class {block[k]} is not finite"
        out += reasons
    return out
