"""Two towers: contexts and classes each go through a layer of their own before they meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.learn.heads.facts import Facts, linear_facts
from rankkit.learn.heads.model import Arrays, Model, Pullback, Shapes, output_logits, output_shapes


@dataclass(frozen=True)
class TwoTowers(Model):
    """Logits g(h) . k(w) for g(h) = h + tanh(U h + u) and k alike: a negative control [pappas2019]_.

    Non-linear in contexts and in classes, but not after they meet: the rank is that of the linear head.

    Parameters
    ----------
    bias : bool
        Whether every class has a bias.
    """

    bias: bool = True

    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        own: Shapes = {"U": (d, d), "u": (d,), "V": (d, d), "v": (d,)}
        return {"H": (contexts, d)} | output_shapes(classes, d, self.bias) | own

    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        size = self.parameter_count(contexts, classes, d)
        reason = "the towers change states and weights before they meet in a product of width d"
        own = {"multiplications": classes * d + d * d, "evaluations": classes + d}
        return linear_facts(size, contexts, classes, d, self.bias, reason, **own)

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        drawn = {name: rng.normal(0.0, shapes["W"][1] ** -0.5, shapes[name]) for name in ("U", "V")}
        return super().start(shapes, rng) | drawn

    def from_linear(self, linear: Arrays, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        return super().from_linear(linear, shapes, rng) | {
            name: np.zeros(shapes[name]) for name in ("U", "V")
        }

    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        H, U, W, V = arrays["H"], arrays["U"], arrays["W"], arrays["V"]
        bent_H, bent_W = np.tanh(H @ U + arrays["u"]), np.tanh(W @ V + arrays["v"])
        scores, pull_logits = output_logits({**arrays, "W": W + bent_W}, H + bent_H)

        def pull(D: FloatArray) -> dict[str, FloatArray]:
            back = pull_logits(D)
            by_context = back["H"] * (1 - bent_H**2)
            by_class = back["W"] * (1 - bent_W**2)
            return back | {
                "H": back["H"] + by_context @ U.T,
                "U": H.T @ by_context,
                "u": by_context.sum(axis=0),
                "W": back["W"] + by_class @ V.T,
                "V": W.T @ by_class,
                "v": by_class.sum(axis=0),
            }

        return scores, pull
