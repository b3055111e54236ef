"""What a head is to an optimiser: named arrays in, scores out, gradients back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import PointwiseFunction
from rankkit.learn.heads.facts import Facts
from rankkit.learn.objective import Target

Arrays = Mapping[str, FloatArray]
Shapes = dict[str, tuple[int, ...]]
#: Takes the gradient with respect to the scores, gives the gradient with respect to every array.
Pullback = Callable[[FloatArray], dict[str, FloatArray]]


class Model(ABC):
    """A head together with free contexts. A head is a frozen dataclass in a file of its own.

    Its arrays have names: ``H`` holds the contexts, ``W`` (classes, d) and ``b`` (classes,) the output layer,
    others are the head's own.
    """

    #: Whether fitting starts from the fitted linear head instead of from random numbers.
    starts_linear = False

    bias: bool

    @abstractmethod
    def shapes(self, contexts: int, classes: int, d: int) -> Shapes:
        """Return the shape of every array, by name."""

    @abstractmethod
    def scores(self, arrays: Arrays) -> tuple[FloatArray, Pullback]:
        """Return scores (contexts, classes), whose softmax is the prediction, and the way back."""

    @abstractmethod
    def facts(self, contexts: int, classes: int, d: int) -> Facts:
        """Return size, cost, rank and order of the head on so many contexts and classes."""

    def loss(self, arrays: Arrays, target: Target) -> tuple[float, dict[str, FloatArray]]:
        """Return what fitting minimises, contexts x cross-entropy, and its gradient by every array."""
        scores, pull = self.scores(arrays)
        value, by_scores = target.loss(scores)
        return value, pull(by_scores)

    def start(self, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Return random arrays to start from: logits of variance 1, everything else of the head neutral."""
        d = shapes["W"][1]
        drawn = {name: rng.normal(0.0, d**-0.25, shapes[name]) for name in ("H", "W")}
        return {name: drawn.get(name, np.zeros(shape)) for name, shape in shapes.items()}

    def from_linear(self, linear: Arrays, shapes: Shapes, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Return arrays with the contexts and output layer of a linear head, everything else neutral."""
        start = self.start(shapes, rng)
        return {name: linear[name].copy() if name in linear else start[name] for name in shapes}

    def take_over(self, other: Model, arrays: Arrays) -> dict[str, FloatArray] | None:
        """Return arrays that predict what those of another head predict, where this head contains it."""
        return dict(arrays) if other == self else None

    def function(self, arrays: Arrays) -> PointwiseFunction | None:
        """Return the function on the logits, where the head is one softmax of a function of logits."""
        return None

    def parameter_count(self, contexts: int, classes: int, d: int) -> int:
        """Number of free numbers, contexts included."""
        return sum(prod(shape) for shape in self.shapes(contexts, classes, d).values())


def output_shapes(classes: int, d: int, bias: bool) -> Shapes:
    """The shapes of the output layer."""
    return {"W": (classes, d)} | ({"b": (classes,)} if bias else {})


def output_logits(arrays: Arrays, H: FloatArray) -> tuple[FloatArray, Pullback]:
    """Return H W^T + b and the way back, for contexts H that may be computed ones; ``...`` axes in front."""
    W, b = arrays["W"], arrays.get("b")
    Z = H @ W.T
    if b is not None:
        Z += b

    def pull(D: FloatArray) -> dict[str, FloatArray]:
        rows, states = D.reshape(-1, len(W)), H.reshape(-1, H.shape[-1])
        return {"H": D @ W, "W": rows.T @ states} | ({} if b is None else {"b": rows.sum(axis=0)})

    return Z, pull
