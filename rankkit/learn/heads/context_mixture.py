"""Mixture of contexts: states averaged before the one softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.learn.heads.components import Components, logsumexp
from rankkit.learn.heads.facts import Facts, linear_facts
from rankkit.learn.heads.model import Arrays, Pullback, Shapes, output_logits, output_shapes


@dataclass(frozen=True)
class ContextMixture(Components):
    """Mixture of contexts [yang2018]_: a negative control, as linear in rank as the linear head.

    ``H`` is (K, contexts, d); ``prior`` holds logits.

    Parameters
    ----------
    components : int
        K, the number of states a context.
    bias : bool
        Whether every class has a bias.
    """

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        return self.free_states(contexts, d) | output_shapes(classes, d, self.bias)

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        K, size = self.components, self.parameter_count(contexts, classes, d)
        own = {"per_context": K * (d + 1), "evaluations": classes + K}
        return linear_facts(size, contexts, classes, d, self.bias, "a mean of states is one state", **own)

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        states, prior = arrays["H"], arrays["prior"]
        weights = np.exp(prior - logsumexp(prior, axis=1))
        mean = np.einsum("knd,nk->nd", states, weights)
        scores, pull_logits = output_logits(arrays, mean)

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            back = pull_logits(D)
            by_mean = back["H"]
            by_weights = np.einsum("knd,nd->nk", states, by_mean)
            centre = (weights * by_weights).sum(axis=1, keepdims=True)
            by_states = weights.T[:, :, None] * by_mean
            return back | {"H": by_states, "prior": weights * (by_weights - centre)}

        return scores, pull
