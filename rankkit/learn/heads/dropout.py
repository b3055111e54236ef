"""Dropout and decoupling: a linear head whose states are dropped out while it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, number
from rankkit.errors import InputError
from rankkit.heads import log_softmax
from rankkit.learn.heads.facts import Facts, linear_facts
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes
from rankkit.learn.objective import Target


@dataclass(frozen=True)
class DropoutDecoupling(Model):
    r"""Lin's D&D [lin2021]_: a linear head against overfitting, not against the bottleneck.

    *Decoupling* gives the states embeddings of their own instead of rows of W; here all contexts are free, so
    they are decoupled from the start. *Dropout* zeroes every entry of a state with probability p while the
    head learns. Fitting is to be deterministic, so the noise is integrated to second order [wager2013]_:

    .. math:: \frac{p}{2 (1 - p)} \sum_k h_{ck}^2 \operatorname{Var}_{j \sim q_c} W_{jk}

    is added to the cross-entropy of context c. Predictions are made without dropout, so rank and order are
    those of the linear head.

    Parameters
    ----------
    dropout : float
        p, at least 0 and below 1.
    bias : bool
        Whether every class has a bias.
    """

    dropout: float = 0.1
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "dropout", number("dropout", self.dropout))
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout:g}; wanted a probability >= 0 and < 1")

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        return {"H": (contexts, d)} | output_shapes(classes, d, self.bias)

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        size = self.parameter_count(contexts, classes, d)
        reason = "dropout acts while the head learns; what is learned is a linear head"
        return linear_facts(size, contexts, classes, d, self.bias, reason)

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        return output_logits(arrays, arrays["H"])

    def loss(self, arrays: Arrays, target: Target) -> tuple[float, dict[str, FloatArray]]:
        """Return contexts x (cross-entropy and penalty), and the gradient."""
        H, W = arrays["H"], arrays["W"]
        scores, pull = self.scores(arrays)
        value, by_scores = target.loss(scores)
        q, scale = np.exp(log_softmax(scores)), target.weights[:, None] * len(H)
        mean = q @ W
        variance = q @ W**2 - mean**2
        strength = self.dropout / (2 * (1 - self.dropout)) * scale * H**2
        by_q = strength @ (W**2).T - 2 * (strength * mean) @ W.T
        back = pull(by_scores + q * (by_q - (q * by_q).sum(axis=1, keepdims=True)))
        back["H"] += self.dropout / (1 - self.dropout) * scale * H * variance
        back["W"] += 2 * (q.T @ strength * W - q.T @ (strength * mean))
        return value + float((strength * variance).sum()), back
