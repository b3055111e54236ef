"""The linear head: no function at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import MonotoneFunction


@dataclass(frozen=True)
class Identity(MonotoneFunction):
    r"""The identity, :math:`f(z) = z`: the ordinary softmax.

    >>> Identity()(np.array([1.0, -2.0]))
    array([ 1., -2.])
    """

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.array(z, dtype=np.float64)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.ones_like(z)

    def ball(self, z: Any) -> Any:
        return z

    def exact(self, z: Fraction) -> Fraction:
        return z

    @property
    def powers(self) -> Mapping[int, float]:
        return {1: 1.0}
