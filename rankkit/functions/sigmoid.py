"""The sigmoid: half a tanh of half the logit, above zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import MonotoneFunction, rising_ball, sigmoid_ball


@dataclass(frozen=True)
class Sigmoid(MonotoneFunction):
    r"""The logistic function, :math:`f(z) = 1 / (1 + e^{-z}) = \frac12 + \frac12 \tanh\frac z2`.

    A constant and an odd function, :math:`f(-z) = 1 - f(z)`. No slope exceeds 1/4, and values differ by less
    than 1: with M classes no probability exceeds :math:`1 / (1 + (M - 1) / e)`. From 36.8 on float64 has 1.

    >>> Sigmoid()(np.array([-745.0, 0.0, 2.0])).round(4)
    array([0.    , 0.5   , 0.8808])
    """

    def __call__(self, z: FloatArray) -> FloatArray:
        decay = np.exp(-np.abs(z))
        return np.where(z < 0, decay, 1.0) / (1 + decay)

    def slope(self, z: FloatArray) -> FloatArray:
        decay = np.exp(-np.abs(z))
        return decay / (1 + decay) ** 2

    def ball(self, z: Any) -> Any:
        return rising_ball(sigmoid_ball, z)

    @property
    def parity(self) -> str | None:
        return "constant + odd"
