"""Mixture of contexts: states averaged before the one softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count
from rankkit.learn.heads.facts import Facts, linear_facts
from rankkit.learn.heads.mixture import logsumexp
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes


@dataclass(frozen=True)
class ContextMixture(Model):
    """Mixture of contexts [yang2018]_: a negative control, as linear in rank as the linear head.

    ``H`` is (K, contexts, d); ``prior`` holds logits.

    Parameters
    ----------
    components : int
        K, the number of states a context.
    bias : bool
        Whether every class has a bias.
    """

    components: int = 2
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", count("components", self.components))

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        free: Shapes = {"H": (self.components, contexts, d), "prior": (contexts, self.components)}
        return free | output_shapes(classes, d, self.bias)

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

    def from_linear(self, linear: Arrays, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        return super().from_linear(linear, shapes, rng) | {"H": np.tile(linear["H"], (shapes["H"][0], 1, 1))}
