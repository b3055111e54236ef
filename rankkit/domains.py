"""Where the states h may lie: the sets over which a question about a head is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError

__all__ = ["AtLeast", "Box", "Free", "NonNegative"]

#: Domains that are not offered, and what those that are say about them.
_INSTEAD = {
    "Ball": (
        "without a bias, the answer for any ball around 0 is that for Free(); with one, what never wins in "
        "Box(r) never wins in the ball of radius r, and what wins in Box(r / sqrt(d)) wins in the ball"
    ),
    "LayerNorm": (
        "its states gamma * z + beta lie in the Box from beta - r |gamma| to beta + r |gamma| with "
        "r = sqrt(d - 1), and what never wins there never wins at them"
    ),
}


@dataclass(frozen=True)
class Free:
    """Every state in R^d is possible: what no input can produce here, no input can produce at all.

    >>> Free()
    Free()
    """

    def bounds(self, d: int) -> None:
        """Return None: no coordinate of a state (d,) is bounded."""


@dataclass(frozen=True, eq=False, init=False)
class Box:
    """Every coordinate of the state lies between two bounds, both included.

    ``Box(radius)`` bounds every coordinate by ``-radius`` and ``radius``; ``Box(lower, upper)`` names both
    bounds, each one number for all coordinates or one per coordinate, infinite where there is none.

    Attributes
    ----------
    lower, upper : numpy.ndarray () or (d,), float64
        Taken exactly; equal ones fix a coordinate.

    Raises
    ------
    InputError
        A box without a point, NaN, or bounds of unlike length.

    Examples
    --------
    >>> Box(100)
    Box(lower=-100, upper=100)
    >>> Box([0, -1], [1, np.inf]).bounds(2)
    (array([ 0., -1.]), array([ 1., inf]))
    >>> Box(2, 1)
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: lower is 2 and upper is 1: wanted lower <= upper
    """

    lower: FloatArray
    upper: FloatArray

    def __init__(self, lower: object, upper: object = None) -> None:
        if upper is None:
            radius = arrays.number("radius", lower, positive=True)
            lower, upper = -radius, radius
        low, high = _bound("lower", lower), _bound("upper", upper)
        if low.ndim and high.ndim and len(low) != len(high):
            raise InputError(f"lower has {len(low)} entries but upper has {len(high)}; wanted as many")
        empty = (low > high) | (low == np.inf) | (high == -np.inf)
        if empty.any():
            at = f" at coordinate {int(empty.argmax())}" if empty.ndim else ""
            one, other = (np.broadcast_to(v, empty.shape)[empty][0] for v in (low, high))
            wanted = "lower <= upper" if one > other else "a finite state between them"
            raise InputError(f"lower is {one:g} and upper is {other:g}{at}: wanted {wanted}")
        object.__setattr__(self, "lower", low)
        object.__setattr__(self, "upper", high)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lower={_short(self.lower)}, upper={_short(self.upper)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Box):
            return NotImplemented
        return np.array_equal(self.lower, other.lower) and np.array_equal(self.upper, other.upper)

    def __hash__(self) -> int:
        return hash((self.lower.tobytes(), self.upper.tobytes()))

    def bounds(self, d: int) -> tuple[FloatArray, FloatArray]:
        """Return both bounds (d,) for states of width ``d``."""
        for name, bound in (("lower", self.lower), ("upper", self.upper)):
            if bound.ndim and len(bound) != d:
                raise InputError(
                    f"{name} has {len(bound)} entries; wanted {d}, one per coordinate of a state"
                )
        return np.broadcast_to(self.lower, (d,)), np.broadcast_to(self.upper, (d,))


class AtLeast(Box):
    """Every coordinate of the state is at least ``lower``: what a function that is bounded below puts out.

    >>> AtLeast(-0.2785)
    AtLeast(lower=-0.2785, upper=inf)
    """

    def __init__(self, lower: object) -> None:
        super().__init__(lower, np.inf)


class NonNegative(Box):
    """Every coordinate of the state is at least 0, as after a ReLU.

    >>> NonNegative() == AtLeast(0)
    True
    """

    def __init__(self) -> None:
        super().__init__(0, np.inf)


Domain = Free | Box

if not TYPE_CHECKING:  # a type checker knows the names

    def __getattr__(name: str) -> NoReturn:
        """Say of a name that is not here what is."""
        told = f"module {__name__!r} has no attribute {name!r}; the domains are {', '.join(sorted(__all__))}"
        raise AttributeError(f"{told}. {name}: {_INSTEAD[name]}" if name in _INSTEAD else told)


def _bound(name: str, value: object) -> FloatArray:
    given = np.asarray(value)
    if given.dtype.kind not in "fiu" or given.ndim > 1 or not given.size:
        raise TypeError(f"{name} is {value!r}; wanted a number or one per coordinate")
    bound = np.array(given, dtype=np.float64)
    long = given.dtype.kind != "f" and np.abs(bound).max() > arrays.EXACT_INTEGER
    if np.isnan(bound).any() or (bound != given).any() or long:
        raise InputError(f"{name} holds NaN or a number that float64 would round; wanted exact numbers")
    np.add(bound, 0.0, out=bound)  # turns -0.0 into 0.0
    bound.flags.writeable = False
    return bound


def _short(bound: FloatArray) -> str:
    return f"{bound:g}" if not bound.ndim else f"<{len(bound)} numbers>"
