"""Leaky ReLU: one kink, at 0."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, number
from rankkit.functions.base import MonotoneFunction


@dataclass(frozen=True)
class LeakyReLU(MonotoneFunction):
    r"""The leaky rectifier, :math:`f(z) = \max(z, 0) + a \min(z, 0)` [maas2013]_.

    The piecewise-linear function with one kink. Homogeneous: the scale of the logits changes no rank.

    Parameters
    ----------
    slope_below : float
        The slope a below 0, positive.

    >>> LeakyReLU(0.25)(np.array([-4.0, 4.0]))
    array([-1.,  4.])
    """

    slope_below: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "slope_below", number("slope_below", self.slope_below, positive=True))

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return z * self.slope(z)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where(z >= 0, 1.0, self.slope_below)

    def ball(self, z: Any) -> Any:
        if z >= 0:
            return z
        if z <= 0:
            return z * self.slope_below
        return (z.lower() * self.slope_below).union(z.upper())

    def exact(self, z: Fraction) -> Fraction:
        return z if z >= 0 else Fraction(self.slope_below) * z

    @property
    def parity(self) -> str | None:
        return "line + even"

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(0.125), cls(3.0)

    @property
    def name(self) -> str:
        return f"LeakyReLU({self.slope_below:g})"
