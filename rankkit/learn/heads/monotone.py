"""Monotone heads: softmax of an increasing function of the logits, fixed or learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import PointwiseFunction
from rankkit.learn.curves import Curve
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes


@dataclass(frozen=True)
class Monotone(Model):
    """Softmax of f(H W^T + b) with one f for all classes and contexts [ganea2019]_.

    f reorders nothing, so the likeliest class is that of the logits. The rank is generically full for a
    smooth f that is no polynomial; the set of representable P gains at most d dimensions and those of f.

    Parameters
    ----------
    curve : Curve
        The function and its parameters, if it has any.
    bias : bool
        Whether every class has a bias; f is applied to logits including it.
    """

    curve: Curve
    bias: bool = True

    #: From random numbers, L-BFGS with learned slopes often ends above the linear head.
    starts_linear = True

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        own: Shapes = {"curve": (len(self.curve.start()),)} if len(self.curve.start()) else {}
        return {"H": (contexts, d)} | output_shapes(classes, d, self.bias) | own

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        own = {"curve": self.curve.start()} if "curve" in shapes else {}
        return super().start(shapes, rng) | own

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        Z, pull_logits = output_logits(arrays, arrays["H"])
        values, slopes, pull_curve = self.curve.evaluate(Z, self._theta(arrays))

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            own = {"curve": pull_curve(D)} if "curve" in arrays else {}
            return pull_logits(D * slopes) | own

        return values, pull

    def function(self, arrays: Arrays) -> PointwiseFunction:
        return self.curve.function(self._theta(arrays))

    def _theta(self, arrays: Arrays) -> FloatArray:
        return arrays.get("curve", self.curve.start())
