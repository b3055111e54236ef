"""Softplus: a rectifier without the kink, whose slope is the sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import MonotoneFunction, softplus_ball
from rankkit.functions.sigmoid import Sigmoid


@dataclass(frozen=True)
class Softplus(MonotoneFunction):
    r"""The log of one and an exponential, :math:`f(z) = \log(1 + e^z)` [dugas2000]_.

    Convex, with the sigmoid for its slope. Half a line and an even function: :math:`f(z) - f(-z) = z`, and
    SigSoftmax is :math:`-f(-z)` beside the line.

    >>> Softplus()(np.array([-40.0, 0.0, 40.0])).round(4)
    array([ 0.    ,  0.6931, 40.    ])
    """

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.logaddexp(0.0, z)

    def slope(self, z: FloatArray) -> FloatArray:
        return Sigmoid()(z)

    def ball(self, z: Any) -> Any:
        return softplus_ball(z)

    @property
    def parity(self) -> str | None:
        return "line + even"
