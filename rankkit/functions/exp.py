"""The exponential: the analytic function whose rank can be proved at every size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import MonotoneFunction


@dataclass(frozen=True)
class Exp(MonotoneFunction):
    r"""The exponential, :math:`f(z) = e^z`, infinite above 709.78.

    Not a bijection: its values are positive, and very negative logits become indistinguishable.

    >>> Exp()(np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return np.exp(z)

    def slope(self, z: FloatArray) -> FloatArray:
        return self(z)

    def ball(self, z: Any) -> Any:
        return z.exp()
