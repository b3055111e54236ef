"""What a pointwise function on logits is, and the one check that its promises hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from numbers import Integral
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.errors import InputError


class PointwiseFunction(ABC):
    """A real function applied to every logit before the softmax.

    A family is a frozen dataclass in a file of its own. It must give its values (``__call__``) and derivative
    (``slope``). Three more facts are optional, and each one allows a stronger proof: ``ball`` (an enclosure
    in ball arithmetic), ``exact`` (the value at a rational, where that is rational) and ``powers`` (for
    polynomials).
    """

    @property
    def increasing(self) -> bool:
        """Whether the function is strictly increasing on the whole real line."""
        return False

    @abstractmethod
    def __call__(self, z: FloatArray) -> FloatArray:
        """Return f(z), elementwise, float64 of the same shape; beyond 1.8e308 infinite, without a warning."""

    @abstractmethod
    def slope(self, z: FloatArray) -> FloatArray:
        """Return f'(z), elementwise; at a kink, the slope on its right."""

    def inverse(self, y: FloatArray) -> FloatArray:
        """Return the z with f(z) = y, elementwise; NaN where an increasing f takes no such value.

        The float64 numbers are halved until two neighbours enclose the solution, for f as it is computed: no
        family needs a formula, and none a derivative. Costs 132 times what f costs.

        Raises
        ------
        InputError
            f is not increasing: it may have several solutions.

        Examples
        --------
        >>> from rankkit.functions import PLIF, Exp
        >>> PLIF([0.5, 2.0], bound=1.0).inverse(np.array([-1.0, 0.0, 3.0]))
        array([-2. ,  0. ,  1.5])
        >>> Exp().inverse(np.array([-1.0, 1.0]))
        array([nan,  0.])
        """
        if not self.increasing:
            raise InputError(f"{self.name} is not increasing; wanted a function with one inverse")
        y = np.asarray(y, dtype=np.float64)
        largest = np.full(y.shape, np.finfo(np.float64).max)
        outside = ~((_evaluate(self, -largest) <= y) & (y <= _evaluate(self, largest)))
        first, last = self._crossing(y, np.less)[1], self._crossing(y, np.less_equal)[0]
        left, right = _at_position(np.minimum(first, last)), _at_position(np.maximum(first, last))
        with np.errstate(invalid="ignore"):  # infinite values far outside
            nearer = np.where(abs(_evaluate(self, left) - y) < abs(_evaluate(self, right) - y), left, right)
        nearest_0 = _at_position(np.clip(0, first, np.maximum(first, last)))  # where several have the value y
        return np.where(outside, np.nan, np.where(first <= last, nearest_0, nearer))

    def _crossing(self, y: FloatArray, below: Callable[..., Any]) -> tuple[IntArray, IntArray]:
        """Return neighbours: the last number at which f is below y, and the first at which it is not."""
        low = _position(np.full(y.shape, -np.finfo(np.float64).max)) - 1
        high = -low
        for _ in range(64):
            middle = low // 2 + high // 2 + (low % 2 + high % 2) // 2  # their sum may overflow
            is_below = below(_evaluate(self, _at_position(middle)), y)
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        return low, high

    def ball(self, z: Any) -> Any:
        """Return a ball that contains f(x) for every x in the ball ``z``: ``flint.arb`` in and out."""
        raise NotImplementedError(f"{self.name} has no ball(): nothing can be proved about its values")

    def exact(self, z: Fraction) -> Fraction | None:
        """Return f(z) exactly where f maps rationals to rationals, else None."""
        return None

    @property
    def powers(self) -> Mapping[int, float] | None:
        """Exponent -> non-zero coefficient where f is a polynomial, else None."""
        return None

    @property
    def parity(self) -> str | None:
        """Whether f(-z) is -f(z) ("odd") or f(z) ("even"), or either but for a term.

        "constant + odd" where f - f(0) is odd, "line + even" where f less a multiple of z is even; else None.
        """
        degrees = set(self.powers or ())
        if degrees and all(k % 2 for k in degrees):
            return "odd"
        if degrees and not any(k % 2 for k in degrees - {1}):
            return "line + even" if 1 in degrees else "even"
        return None

    @property
    def zero_at_zero(self) -> bool:
        """Whether f(0) is exactly 0, as far as is known."""
        return self.parity == "odd" or self.exact(Fraction(0)) == 0

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        """Return a few members for tests and figures; a family without default parameters gives its own."""
        return (cls(),)

    @property
    def name(self) -> str:
        """How figures and tables call this function."""
        return type(self).__name__

    def spec(self) -> dict[str, Any]:
        """Return family and parameters as JSON, floats in hexadecimal so that nothing is rounded.

        A family's parameters are its dataclass fields; :func:`rankkit.functions.from_spec` reads them back.
        """
        return {
            "family": type(self).__name__,
            "parameters": {k: _plain(v) for k, v in self._parameters().items()},
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the parameters alone: another process makes its own tables, and passes the same gate."""
        return type(self), tuple(
            dict(v) if isinstance(v, Mapping) else v for v in self._parameters().values()
        )

    def _parameters(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]


class MonotoneFunction(PointwiseFunction):
    """A strictly increasing function: it reorders nothing, so it changes no argmax and no ranking."""

    @property
    def increasing(self) -> bool:
        return True


def apply(f: PointwiseFunction, z: FloatArray) -> FloatArray:
    """Return f(z) after checking what came back: shape, dtype, finiteness, and increase where it is promised.

    Raises
    ------
    InputError
        ``f`` returned another shape or dtype, overflowed, or claims to be increasing and is not.
    """
    if not isinstance(f, PointwiseFunction):
        raise TypeError(f"f is {f!r}; wanted an instance such as rankkit.functions.SigSoftmax()")
    _require_promises(f)
    out = _evaluate(f, z)
    bad = int(np.count_nonzero(~np.isfinite(out)))
    if bad:
        logits = "logit" if bad == 1 else "logits"
        raise InputError(f"{f.name}(z) is not finite for {bad} {logits}, largest |z| = {np.abs(z).max():.3g}")
    return out


def rising_ball(f: Callable[[Any], Any], z: Any) -> Any:
    """Enclose an increasing function on a ball; on a wide one from its ends, where flint itself gives up."""
    if z.rad() < 2**-10 or not z.is_finite():
        return f(z)
    return f(z.lower()).union(f(z.upper()))


def softplus_ball(z: Any) -> Any:
    """Return a ball that contains log(1 + e^x) for every x in the ball ``z``, without overflow."""
    return rising_ball(lambda x: x + (-x).exp().log1p() if x > 0 else x.exp().log1p(), z)


def sigmoid_ball(z: Any) -> Any:
    """Return a ball that contains 1 / (1 + e^-x) for every x in the ball ``z``, without overflow."""
    return z.exp() / (1 + z.exp()) if z < 0 else 1 / (1 + (-z).exp())


_PROBE = np.sort(np.concatenate([np.linspace(-8.0, 8.0, 161), [-30.0, -20.0, -12.0, 12.0, 20.0, 30.0]]))


def _position(z: FloatArray) -> IntArray:
    """Return the place of each number among all float64 numbers, 0 for 0."""
    bits = np.ascontiguousarray(z).view(np.int64)
    return np.where(bits < 0, -(2**63) - bits, bits)


def _at_position(place: IntArray) -> FloatArray:
    bits = np.where(place < 0, -(2**63) - place, place)
    return np.asarray(np.ascontiguousarray(bits).view(np.float64))


def _evaluate(f: PointwiseFunction, z: FloatArray) -> FloatArray:
    shielded = z.view()
    shielded.flags.writeable = False  # writing into the argument fails here, not in somebody's logits
    with np.errstate(over="ignore", invalid="ignore"):
        out = f(shielded)
    if not isinstance(out, np.ndarray) or out.shape != z.shape or out.dtype != np.float64:
        came = f"{getattr(out, 'dtype', type(out).__name__)} of shape {np.shape(out)}"
        raise InputError(f"{f.name} returned {came} for float64 logits of shape {z.shape}; wanted the same")
    return out


def _require_promises(f: PointwiseFunction) -> None:
    values = _evaluate(f, _PROBE)
    if np.shares_memory(values, _evaluate(f, _PROBE)):
        raise InputError(f"{f.name} returns the same memory at every call; wanted a new array each time")
    rounding = 8 * np.finfo(np.float64).eps * (np.abs(values) + np.abs(_PROBE))
    drops = np.flatnonzero(values[1:] + rounding[1:] < values[:-1])
    if f.increasing and len(drops):
        i = int(drops[0])
        raise InputError(
            f"{f.name} is not increasing: {f.name}({_PROBE[i]:.4g}) = {values[i]:.4g} > "
            f"{f.name}({_PROBE[i + 1]:.4g}) = {values[i + 1]:.4g}; derive it from PointwiseFunction instead"
        )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
