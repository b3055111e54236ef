"""Monotone heads: softmax of an increasing function of the logits, fixed or learned."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import (
    GSS,
    Exp,
    MonotoneNetwork,
    PointwiseFunction,
    Sigmoid,
    SigSoftmax,
    SiLU,
    SoftCap,
    Softplus,
)
from rankkit.learn.curves import Curve
from rankkit.learn.heads.facts import Facts, Order, full_rank, linear_facts, logit_dimension
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes

#: Families for which the rank is full for almost all states and weights.
_ANALYTIC = (Exp, GSS, MonotoneNetwork, Sigmoid, SigSoftmax, SiLU, SoftCap, Softplus)


@dataclass(frozen=True)
class Monotone(Model):
    """Softmax of f(H W^T + b) with one f for all classes and contexts [ganea2019]_.

    f reorders nothing, so the likeliest class is that of the logits. The rank is generically full for an
    analytic f that is no polynomial; the set of representable P gains at most d dimensions and those of f.

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

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        """As for the linear head, but for the rank, the dimension and one value of f for every class."""
        size, f = self.parameter_count(contexts, classes, d), self.curve.function(self.curve.start())
        rank, attained, reason = self._rank(f, full_rank(contexts, classes), d)
        learned = len(self.curve.start())
        own = {
            "evaluations": 2 * classes,
            "rank": rank,
            "attained": attained,
            "dimension": min(
                contexts * (classes - 1), logit_dimension(contexts, classes, d, self.bias) + learned
            ),
            "order": Order.LINEAR if f.increasing else Order.REORDERED,
        }
        return linear_facts(size, contexts, classes, d, self.bias, reason, **own)

    def _rank(self, f: PointwiseFunction, full: int, d: int) -> tuple[int, bool, str]:
        """The rank of log P, row means removed; whether it is attained; why."""
        if f.powers is not None:
            p = max(f.powers)
            monomials = comb(d + p, p) if self.bias else sum(comb(d + k - 1, k) for k in f.powers if k)
            return min(full, monomials), True, f"so many monomials has a polynomial of degree {p}"
        if isinstance(f, _ANALYTIC) and f != GSS(getattr(f, "c", 0.0), 1.0):
            return full, True, "f is analytic and no polynomial"
        return full, False, "f has pieces: what is attained depends on how many the logits meet"

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        own = {"curve": self.curve.start()} if "curve" in shapes else {}
        return super().start(shapes, rng) | own

    def take_over(self, other: Model, arrays: Arrays) -> dict[str, FloatArray] | None:
        if not isinstance(other, Monotone) or other.bias != self.bias or "curve" not in arrays:
            return super().take_over(other, arrays)
        theta = self.curve.take_over(other.curve, arrays["curve"])
        return None if theta is None else {**arrays, "curve": theta}

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
