"""A rational-quadratic spline with learned values and slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count, number
from rankkit.functions import PointwiseFunction, RationalQuadratic
from rankkit.learn.curves.curve import Curve, PullCurve, free, positive, positive_slope


@dataclass(frozen=True)
class LearnedSpline(Curve):
    """A monotone rational-quadratic spline [durkan2019]_ with K equal segments on [-T, T], linear beyond.

    Like PLIF, but with a continuous derivative: the loss has no kinks.

    Parameters
    ----------
    segments : int
        K; the parameters are K secants and K + 1 slopes at the knots, each through log(1 + e^v).
    bound : float
        T, in logits.
    """

    segments: int = 20
    bound: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", count("segments", self.segments))
        object.__setattr__(self, "bound", number("bound", self.bound, positive=True))

    def start(self) -> FloatArray:
        return free(np.ones(2 * self.segments + 1))

    def evaluate(self, z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, PullCurve]:
        K, step = self.segments, 2 * self.bound / self.segments
        secants, slopes = np.split(positive(theta), [K])
        segment = np.clip(np.floor((z + self.bound) / step), 0, K - 1).astype(np.intp)
        t = np.clip((z - (segment * step - self.bound)) / step, 0.0, 1.0)
        under, over = np.minimum(z + self.bound, 0.0), np.maximum(z - self.bound, 0.0)
        s, left, right = secants[segment], slopes[segment], slopes[segment + 1]
        bent = t * (1 - t)
        top = s * t * t + left * bent
        bottom = s + (left + right - 2 * s) * bent
        at_left_end = step * (np.cumsum(secants) - secants)
        offset = at_left_end[K // 2]  # about f(0): a constant changes no probability, but it costs digits
        values = at_left_end[segment] - offset + step * s * top / bottom
        values += slopes[0] * under + slopes[-1] * over
        slope = (s / bottom) ** 2 * (right * t * t + 2 * s * bent + left * (1 - t) ** 2)

        def pull(D: FloatArray) -> FloatArray:
            def total(gradient: FloatArray) -> FloatArray:
                return np.asarray(np.bincount(segment.ravel(), (D * gradient).ravel(), K), dtype=np.float64)

            here = np.bincount(segment.ravel(), D.ravel(), K)
            beyond = np.cumsum(here[::-1])[::-1] - here  # entries right of a segment rise by all of it
            by_secant = total(step / bottom * (top + s * t * t - s * top * (1 - 2 * bent) / bottom))
            by_left = total(step * s * bent * (bottom - top) / bottom**2)
            by_right = total(-step * s * bent * top / bottom**2)
            by_slope = np.concatenate([by_left, [0.0]]) + np.concatenate([[0.0], by_right])
            by_slope[0] += np.vdot(D, under)
            by_slope[-1] += np.vdot(D, over)
            return np.concatenate([by_secant + step * beyond, by_slope]) * positive_slope(theta)

        return values, slope, pull

    def function(self, theta: FloatArray) -> PointwiseFunction:
        secants, slopes = np.split(positive(theta), [self.segments])
        knots = np.linspace(-self.bound, self.bound, self.segments + 1)
        values = np.concatenate([[0.0], np.cumsum(secants * np.diff(knots))])
        return RationalQuadratic(knots, values - values[self.segments // 2], slopes)
