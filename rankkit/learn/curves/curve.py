"""What a learned function gives: values, slopes, and the way back to its parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import PointwiseFunction

#: Takes the gradient with respect to the values, gives the gradient with respect to the parameters.
PullCurve = Callable[[FloatArray], FloatArray]


class Curve(ABC):
    """A pointwise function with free parameters: any vector stands for a function of the family."""

    @abstractmethod
    def start(self) -> FloatArray:
        """Return the parameters (q,) that learning starts from: the identity, or near it; q may be 0."""

    def take_over(self, other: Curve, theta: FloatArray) -> FloatArray | None:
        """Return the parameters with which this is the function of ``other``, if it can be."""
        return theta if other == self else None

    @abstractmethod
    def evaluate(self, z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, PullCurve]:
        """Return values f(z), slopes f'(z), and the way back."""

    @abstractmethod
    def function(self, theta: FloatArray) -> PointwiseFunction:
        """Return f; :meth:`evaluate` may differ from it by a constant, which no softmax sees."""


def positive(v: FloatArray) -> FloatArray:
    """Return log(1 + e^v): a positive number for every real one."""
    return np.logaddexp(0.0, v)


def positive_slope(v: FloatArray) -> FloatArray:
    """Return the derivative of :func:`positive`."""
    return np.exp(-np.logaddexp(0.0, -v))


def free(x: FloatArray) -> FloatArray:
    """Return the inverse of :func:`positive`."""
    return x + np.log(-np.expm1(-x))
