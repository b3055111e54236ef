"""Mixtures of softmaxes: probabilities averaged over several states a context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.learn.heads.components import Components, logsumexp
from rankkit.learn.heads.facts import Facts, Order, full_rank, linear_facts, logit_dimension
from rankkit.learn.heads.model import Arrays, Pullback, Shapes, output_logits, output_shapes

#: Takes the gradient with respect to the scores, gives those with respect to logits and prior.
PullMixture = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class Mixture(Components):
    """Mixture of softmaxes whose K states a context are all free: K times the numbers a context.

    The likeliest class need not be that of any component, but a class inside the hull of the others never is:
    its probability is a convex function of its weights. ``H`` is (K, contexts, d); ``prior`` holds logits.

    Parameters
    ----------
    components : int
        K; from 2 on the rank is generically full.
    bias : bool
        Whether every class has a bias.
    """

    apart = 0.1

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        return self.free_states(contexts, d) | output_shapes(classes, d, self.bias)

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        K = self.components
        cost = {
            "per_context": K * (d + 1),
            "multiplications": K * classes * d,
            "evaluations": K * (classes + 1),
        }
        return mixture_facts(self, contexts, classes, d, **cost)

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        Z, pull_logits = output_logits(arrays, arrays["H"])
        scores, pull_mixture = mixed(Z, arrays["prior"])

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            by_logits, by_prior = pull_mixture(D)
            return pull_logits(by_logits) | {"prior": by_prior}

        return scores, pull


@dataclass(frozen=True)
class ProjectedMixture(Components):
    """Yang et al.'s mixture of softmaxes [yang2018]_: states tanh(A_k h + a_k) and prior from one h.

    Parameters
    ----------
    components : int
        K; from 2 on the rank is generically full.
    bias : bool
        Whether every class has a bias.
    """

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        K = self.components
        own: Shapes = {"A": (K, d, d), "a": (K, d), "V": (d, K), "v": (K,)}
        return {"H": (contexts, d)} | output_shapes(classes, d, self.bias) | own

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        K = self.components
        cost = {
            "per_context": d,
            "multiplications": K * (classes * d + d * d + d),
            "evaluations": K * (classes + d + 1),
        }
        return mixture_facts(self, contexts, classes, d, **cost)

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        A = rng.normal(0.0, shapes["W"][1] ** -0.5, shapes["A"])
        return super().start(shapes, rng) | {"A": A, "V": rng.normal(0.0, 0.5, shapes["V"])}

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        H, A, V = arrays["H"], arrays["A"], arrays["V"]
        states = np.tanh(H @ A + arrays["a"][:, None])
        Z, pull_logits = output_logits(arrays, states)
        scores, pull_mixture = mixed(Z, H @ V + arrays["v"])

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            by_logits, by_prior = pull_mixture(D)
            back = pull_logits(by_logits)
            bent = back["H"] * (1 - states**2)
            by_H = np.einsum("kne,kde->nd", bent, A, optimize=True) + by_prior @ V.T
            own = {"A": H.T @ bent, "a": bent.sum(axis=1), "V": H.T @ by_prior, "v": by_prior.sum(axis=0)}
            return back | own | {"H": by_H}

        return scores, pull


def mixture_facts(
    model: Mixture | ProjectedMixture, contexts: int, classes: int, d: int, **cost: int
) -> Facts:
    """Return the facts of a mixture: its set of predictions is at most that of free states."""
    K, size = model.components, model.parameter_count(contexts, classes, d)
    if K == 1:
        reason = "one component is one softmax of logits"
        return linear_facts(size, contexts, classes, d, model.bias, reason, **cost)
    free = logit_dimension(K * contexts, classes - 1, d, model.bias) + (K - 1) * contexts
    return Facts(
        parameters=size,
        **cost,
        rank=full_rank(contexts, classes),
        attained=True,
        reason="the log of a mean of softmaxes bends the logits; K (d + 1) is no bound",
        dimension=min(contexts * (classes - 1), free, size),
        order=Order.CONVEX,
    )


def mixed(Z: FloatArray, prior: FloatArray) -> tuple[FloatArray, PullMixture]:
    """Return the log of a mixture of softmaxes of logits Z (K, contexts, classes), and the way back.

    ``prior`` (contexts, K) holds the logits of the weights.
    """
    logs = Z - logsumexp(Z, axis=2)
    joint = logs + (prior - logsumexp(prior, axis=1)).T[:, :, None]
    scores = logsumexp(joint, axis=0)

    def pull(D: FloatArray) -> tuple[FloatArray, FloatArray]:
        shares = np.exp(joint - scores) * D
        totals = shares.sum(axis=2)
        by_logits = shares - np.exp(logs) * totals[:, :, None]
        weights = np.exp(prior - logsumexp(prior, axis=1))
        return by_logits, totals.T - weights * totals.sum(axis=0)[:, None]

    return scores[0], pull
