"""The linear head: softmax of H W^T + b."""

from __future__ import annotations

from dataclasses import dataclass

from rankkit.arrays import FloatArray
from rankkit.functions import Identity, PointwiseFunction
from rankkit.learn.heads.facts import Facts, linear_facts
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes


@dataclass(frozen=True)
class Linear(Model):
    """Softmax of low-rank logits [yang2018]_: the head with the bottleneck.

    It represents a positive P exactly if and only if log P with row means removed has rank at most d; with a
    bias, if and only if log P with row and column means removed has.

    Parameters
    ----------
    bias : bool
        Whether every class has a bias.
    """

    bias: bool = True

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        return {"H": (contexts, d)} | output_shapes(classes, d, self.bias)

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        return output_logits(arrays, arrays["H"])

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        size = self.parameter_count(contexts, classes, d)
        reason = "log P is the logits up to a number for each context"
        return linear_facts(size, contexts, classes, d, self.bias, reason)

    def function(self, arrays: Arrays) -> PointwiseFunction:
        return Identity()
