"""Gated mixture of logits: every class weighs the states of a context in its own way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.learn.heads.components import Components, logsumexp
from rankkit.learn.heads.facts import Facts, Order, full_rank, linear_facts, logit_dimension
from rankkit.learn.heads.model import Arrays, Pullback, Shapes, output_shapes


@dataclass(frozen=True)
class GatedMixture(Components):
    r"""Mixtape's mixture of logits with a gate per class and context [yang2019]_.

    .. math:: z_{cj} = \sum_k g_{cjk}\, w_j \cdot h_{kc} + b_j, \quad g_{cj} = \mathrm{softmax}_k(v_j \cdot
        u_{kc} + t_{jk})

    One softmax over logits that are mixed before it. The gates depend on the class, so the rank is
    generically full; gates shared by all classes would be a mixture of contexts. States and gate states are
    free here: ``H`` and ``U`` are (K, contexts, d).

    Parameters
    ----------
    components : int
        K, the number of states a context.
    bias : bool
        Whether every class has a bias.
    """

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        K = self.components
        own: Shapes = {"U": (K, contexts, d), "V": (classes, d), "t": (classes, K)}
        return {"H": (K, contexts, d)} | output_shapes(classes, d, self.bias) | own

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        K, size = self.components, self.parameter_count(contexts, classes, d)
        cost = {
            "per_context": 2 * K * d,
            "multiplications": 2 * K * classes * d,
            "evaluations": (K + 1) * classes,
        }
        if K == 1:
            reason = "the one gate is always 1"
            return linear_facts(size, contexts, classes, d, self.bias, reason, **cost)
        free = logit_dimension(K * contexts, classes, d, self.bias)
        free += logit_dimension((K - 1) * contexts, classes, d, K - 1)  # what gates share has no effect
        return Facts(
            parameters=size,
            **cost,
            rank=full_rank(contexts, classes),
            attained=True,
            reason="gates that depend on the class bend the logits after states and weights have met",
            dimension=min(contexts * (classes - 1), free),
            order=Order.FREE,
        )

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        drawn = {name: rng.normal(0.0, shapes["W"][1] ** -0.25, shapes[name]) for name in ("U", "V")}
        return super().start(shapes, rng) | drawn

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        H, W, U, V = arrays["H"], arrays["W"], arrays["U"], arrays["V"]
        Z = H @ W.T
        gates = U @ V.T + arrays["t"].T[:, None]
        gates = np.exp(gates - logsumexp(gates, axis=0))
        mean = (gates * Z).sum(axis=0)
        b = arrays.get("b")

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            by_Z, by_gates = gates * D, gates * (Z - mean) * D
            return {
                "H": by_Z @ W,
                "W": np.einsum("knm,knd->md", by_Z, H, optimize=True),
                "U": by_gates @ V,
                "V": np.einsum("knm,knd->md", by_gates, U, optimize=True),
                "t": by_gates.sum(axis=1).T,
            } | ({} if b is None else {"b": D.sum(axis=0)})

        return mean if b is None else mean + b, pull
