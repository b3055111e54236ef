"""Multi-facet softmax: parts of the classes see states of their own, and softmaxes are mixed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray, count
from rankkit.learn.heads.components import Components
from rankkit.learn.heads.facts import Facts, Order, full_rank, logit_dimension
from rankkit.learn.heads.mixture import Mixture, mixed
from rankkit.learn.heads.model import Arrays, Pullback, Shapes, output_shapes


@dataclass(frozen=True)
class MultiFacet(Components):
    r"""Chang and McCallum's multi-facet softmax [chang2022]_, with free states.

    The classes are dealt out to S parts, class j to part j mod S. Component k of context c has a state for
    each part, so that its logit for class j is :math:`w_j \cdot h_{k, s(j), c} + b_j`; all classes share one
    softmax, and K of them are mixed. ``H`` is (K, S, contexts, d); ``prior`` holds logits.

    Parameters
    ----------
    components : int
        K; one means no mixing.
    parts : int
        S; one means a mixture of softmaxes.
    bias : bool
        Whether every class has a bias.
    """

    parts: int = 2

    apart = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "parts", count("parts", self.parts))

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        free: Shapes = {
            "H": (self.components, self.parts, contexts, d),
            "prior": (contexts, self.components),
        }
        return free | output_shapes(classes, d, self.bias)

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        K, S, size = self.components, self.parts, self.parameter_count(contexts, classes, d)
        cost: dict[str, Any] = {
            "per_context": K * (S * d + 1),
            "multiplications": K * classes * d,
            "evaluations": K * (classes + 1),
        }
        sizes = [len(range(s, classes, S)) for s in range(min(S, classes))]
        if len(sizes) == 1:
            return replace(Mixture(K, self.bias).facts(contexts, classes, d), parameters=size, **cost)
        free = sum(logit_dimension(K * contexts, each, d, self.bias) for each in sizes) + (K - 1) * contexts
        facts = Facts(
            parameters=size,
            **cost,
            rank=min(contexts, classes - 1, sum(min(d, each) for each in sizes) + self.bias),
            attained=True,
            reason=f"the logits are {len(sizes)} matrices of width d beside each other",
            dimension=min(contexts * (classes - 1), free),
            order=Order.PARTS,
        )
        if K == 1:
            return facts
        reason = "the log of a mean of softmaxes bends the logits"
        return replace(facts, rank=full_rank(contexts, classes), reason=reason)

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        H, W, b, S = arrays["H"], arrays["W"], arrays.get("b"), self.parts
        Z = np.empty((len(H), H.shape[2], len(W)))
        for s in range(S):
            Z[:, :, s::S] = H[:, s] @ W[s::S].T
        scores, pull_mixture = mixed(Z if b is None else Z + b, arrays["prior"])

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            by_Z, by_prior = pull_mixture(D)
            by_H, by_W = np.empty_like(H), np.empty_like(W)
            for s in range(S):
                part = by_Z[:, :, s::S]
                by_H[:, s] = part @ W[s::S]
                by_W[s::S] = np.einsum("knm,knd->md", part, H[:, s], optimize=True)
            own = {"H": by_H, "W": by_W, "prior": by_prior}
            return own | ({} if b is None else {"b": by_Z.sum(axis=(0, 1))})

        return scores, pull
