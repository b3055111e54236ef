"""The monotone rational-quadratic spline: smooth once, increasing, and rational."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, generator, parameters
from rankkit.errors import InputError
from rankkit.functions.base import MonotoneFunction


@dataclass(frozen=True, eq=False, repr=False)
class RationalQuadratic(MonotoneFunction):
    r"""Gregory and Delbourgo's spline through given points with given slopes [gregory1982]_ [durkan2019]_.

    Between the points :math:`(x_k, y_k)` and :math:`(x_{k+1}, y_{k+1})`, with secant s, slopes :math:`\delta`
    and :math:`t = (z - x_k) / (x_{k+1} - x_k)`,

    .. math:: f(z) = y_k + \frac{(y_{k+1} - y_k) (s t^2 + \delta_k t (1 - t))}
                                {s + (\delta_k + \delta_{k+1} - 2 s) t (1 - t)}

    Beyond the first and the last point it is a line of that point's slope: a bijection of the reals with a
    continuous derivative. Equal secants and slopes make it a line.

    Parameters
    ----------
    knots, values : array-like (n,)
        :math:`x_k` and :math:`y_k`, ascending, n >= 2.
    slopes : array-like (n,)
        :math:`\delta_k`, positive.

    Raises
    ------
    InputError, TypeError
        Points that do not ascend or slopes that are not positive (with the index), or lengths that differ.

    Examples
    --------
    >>> f = RationalQuadratic([-1.0, 1.0], values=[-1.0, 1.0], slopes=[3.0, 1.0])
    >>> f(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])).round(4)
    array([-4.    , -1.    ,  0.3333,  1.    ,  2.    ])
    """

    knots: FloatArray
    values: FloatArray
    slopes: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "knots", parameters("knots", self.knots))
        object.__setattr__(self, "values", parameters("values", self.values))
        object.__setattr__(self, "slopes", parameters("slopes", self.slopes, positive=True))
        lengths = [len(self.knots), len(self.values), len(self.slopes)]
        if len(set(lengths)) > 1 or lengths[0] < 2:
            raise InputError(f"knots, values and slopes have {lengths} entries; wanted n >= 2 of each")
        for name, points in (("knots", self.knots), ("values", self.values)):
            flat = np.flatnonzero(np.diff(points) <= 0)
            if flat.size:
                i = int(flat[0]) + 1
                raise InputError(
                    f"{name}[{i}] = {points[i]:g} is not above the one before; {name} must ascend"
                )

    @classmethod
    def random(cls, segments: int, bound: float = 4.0, seed: int | np.random.Generator | None = 0) -> Self:
        """Return a spline with uniform knots on [-bound, bound], its rises and slopes log-normal."""
        rng = generator(seed)
        step = 2 * bound / segments
        values = np.concatenate([[0.0], step * np.cumsum(rng.lognormal(0.0, 0.5, segments))]) - bound
        return cls(np.linspace(-bound, bound, segments + 1), values, rng.lognormal(0.0, 0.5, segments + 1))

    def __call__(self, z: FloatArray) -> FloatArray:
        k, t, u = self._place(z)
        x, y, slopes = self.knots, self.values, self.slopes
        rise = np.diff(y)[k]
        secant = rise / np.diff(x)[k]
        scale = rise / (secant + (slopes[k] + slopes[k + 1] - 2 * secant) * (t * u))
        # seen from the nearer end, so that no digits cancel at a point with value 0
        up = y[k] + scale * (t * (secant * t + slopes[k] * u))
        down = y[k + 1] - scale * (u * (secant * u + slopes[k + 1] * t))
        with np.errstate(over="ignore"):
            tails = slopes[0] * np.minimum(z - x[0], 0) + slopes[-1] * np.maximum(z - x[-1], 0)
            return np.asarray(np.where(t < u, up, down) + tails)

    def slope(self, z: FloatArray) -> FloatArray:
        k, t, u = self._place(z)
        secant = (np.diff(self.values) / np.diff(self.knots))[k]
        left, right = self.slopes[k], self.slopes[k + 1]
        top = right * t * t + 2 * secant * t * u + left * u * u
        return np.asarray(top * (secant / (secant + (left + right - 2 * secant) * (t * u))) ** 2)

    def ball(self, z: Any) -> Any:
        from flint import arb

        if not z.is_finite():
            return z.nan()
        if not z.is_exact():
            return self.ball(z.lower()).union(self.ball(z.upper()))  # f increases
        return self._piece(sum(not z < x for x in self.knots.tolist()), z, arb)

    def __repr__(self) -> str:
        n, left, right = len(self.knots) - 1, self.knots[0], self.knots[-1]
        return f"RationalQuadratic: {n:,} segment{'s' * (n > 1)} on [{left:g}, {right:g}]"

    def exact(self, z: Fraction) -> Fraction:
        value: Fraction = self._piece(int(np.sum([z >= x for x in self.knots.tolist()])), z, Fraction)
        return value

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (
            cls.random(1),
            cls.random(6),
            cls(np.array([-1.0, 0.0, 0.5]), np.array([-2.0, 0.0, 0.125]), np.array([1.0, 0.25, 4.0])),
        )

    @property
    def name(self) -> str:
        return f"RationalQuadratic({len(self.knots) - 1:,} segments)"

    def _place(self, z: FloatArray) -> tuple[Any, FloatArray, FloatArray]:
        """The segment of each entry and its distances from both ends, as shares; beyond all, at the end."""
        k = np.clip(np.searchsorted(self.knots, z, side="right") - 1, 0, len(self.knots) - 2)
        near = np.clip(z, self.knots[0], self.knots[-1])
        width = np.diff(self.knots)[k]
        return k, (near - self.knots[k]) / width, (self.knots[k + 1] - near) / width

    def _piece(self, below: int, z: Any, number: Callable[[float], Any]) -> Any:
        """f(z) in exact or ball arithmetic, given how many knots are at or below z."""
        x, y, slopes = (
            [number(v) for v in array.tolist()] for array in (self.knots, self.values, self.slopes)
        )
        if below in (0, len(x)):
            end = 0 if below == 0 else -1
            return y[end] + slopes[end] * (z - x[end])
        near, far = (below - 1, below) if 2 * z < x[below - 1] + x[below] else (below, below - 1)
        rise, width = y[far] - y[near], x[far] - x[near]  # seen from the nearer end, as in __call__
        secant, t = rise / width, (z - x[near]) / width
        bent = t * (1 - t)
        top = secant * t * t + slopes[near] * bent
        return y[near] + rise * top / (secant + (slopes[near] + slopes[far] - 2 * secant) * bent)
