"""What heads of several components have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count
from rankkit.learn.heads.model import Arrays, Model, Shapes


@dataclass(frozen=True)
class Components(Model):
    """A head that mixes K states of a context, or what becomes of them.

    Parameters
    ----------
    components : int
        K.
    bias : bool
        Whether every class has a bias.
    """

    components: int = 2
    bias: bool = True

    #: How far components start from the linear solution, by its spread, where equal ones would stay equal.
    apart = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", count("components", self.components))

    def from_linear(self, linear: Arrays, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        """All states of a context start at the linear solution, or near it."""
        noise = rng.normal(0.0, self.apart * linear["H"].std(), shapes["H"]) if self.apart else 0.0
        H = np.broadcast_to(linear["H"], shapes["H"]) + noise
        return super().from_linear(linear, shapes, rng) | {"H": H}

    def free_states(self, contexts: int, d: int) -> Shapes:
        """Shapes of K free states a context, and of the logits of their weights."""
        return {"H": (self.components, contexts, d), "prior": (contexts, self.components)}


def logsumexp(x: FloatArray, axis: int) -> FloatArray:
    """log of the sum of exponentials along an axis, which is kept."""
    top = x.max(axis=axis, keepdims=True)
    return np.asarray(top + np.log(np.exp(x - top).sum(axis=axis, keepdims=True)))
