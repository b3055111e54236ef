"""SigSoftmax: the logit plus the log of its sigmoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import MonotoneFunction, softplus_ball


@dataclass(frozen=True)
class SigSoftmax(MonotoneFunction):
    r"""Kanai et al.'s SigSoftmax, :math:`f(z) = z + \log\sigma(z) = 2z - \log(1 + e^z)` [kanai2018]_.

    Concave, with slope :math:`2 - \sigma(z) \in (1, 2)`.

    >>> SigSoftmax()(np.array([0.0])).round(4)
    array([-0.6931])
    """

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return z - np.logaddexp(0.0, -z)

    def slope(self, z: FloatArray) -> FloatArray:
        return 2 - np.exp(-np.logaddexp(0.0, -z))

    def ball(self, z: Any) -> Any:
        return z - softplus_ball(-z)

    @property
    def parity(self) -> str | None:
        return "line + even"
