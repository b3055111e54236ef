"""PLIF with learned slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count, number
from rankkit.functions import PLIF, PointwiseFunction
from rankkit.learn.curves.curve import Curve, PullCurve, free, positive, positive_slope


@dataclass(frozen=True)
class LearnedPLIF(Curve):
    """Piecewise linear with K equal segments on [-T, T], slopes log(1 + e^v), linear beyond [ganea2019]_.

    Parameters
    ----------
    segments : int
        K. An even K has a kink at 0.
    bound : float
        T, in logits.
    """

    segments: int = 100
    bound: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", count("segments", self.segments))
        object.__setattr__(self, "bound", number("bound", self.bound, positive=True))

    def start(self) -> FloatArray:
        return free(np.ones(self.segments))

    def evaluate(self, z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, PullCurve]:
        K, step = self.segments, 2 * self.bound / self.segments
        slopes = positive(theta)
        segment = np.clip(np.floor((z + self.bound) / step), 0, K - 1).astype(np.intp)
        inside = z - (segment * step - self.bound)
        at_left_end = step * (np.cumsum(slopes) - slopes)
        slope = slopes[segment]

        def pull(D: FloatArray) -> FloatArray:
            flat, weights = segment.ravel(), D.ravel()
            here = np.bincount(flat, weights, K)
            beyond = np.cumsum(here[::-1])[::-1] - here  # entries right of segment k rise by all of its slope
            own = np.bincount(flat, weights * inside.ravel(), K) + step * beyond
            return own * positive_slope(theta)

        middle = K // 2  # about f(0): a constant changes no probability, but it costs digits
        return at_left_end[segment] - at_left_end[middle] + slope * inside, slope, pull

    def function(self, theta: FloatArray) -> PointwiseFunction:
        return PLIF(positive(theta), bound=self.bound)
