"""Any pointwise function as it is: nothing to learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import PointwiseFunction, apply
from rankkit.learn.curves.curve import Curve, PullCurve


@dataclass(frozen=True)
class Fixed(Curve):
    """A function without parameters.

    Parameters
    ----------
    f : PointwiseFunction
        Such as SigSoftmax() or GSS(-1.5, 2.5).
    """

    f: PointwiseFunction

    def __post_init__(self) -> None:
        apply(self.f, np.zeros(1))  # f keeps its promises: asked once, not at every step

    def start(self) -> FloatArray:
        return np.zeros(0)

    def evaluate(self, z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, PullCurve]:
        return self.f(z), self.f.slope(z), lambda D: np.zeros(0)

    def function(self, theta: FloatArray) -> PointwiseFunction:
        return self.f
