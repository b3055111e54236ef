"""PLIF with learned slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count, number
from rankkit.errors import InputError
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
    init : {"identity", "random"}
        All slopes 1, or the published random ones (:meth:`rankkit.functions.PLIF.random`).
    slopes_seed : int
        Where random slopes come from.
    """

    segments: int = 100
    bound: float = 10.0
    init: str = "identity"
    slopes_seed: int = 0

    def __post_init__(self) -> None:
        if self.init not in ("identity", "random"):
            raise InputError(f"init is {self.init!r}; wanted 'identity' or 'random'")
        object.__setattr__(self, "segments", count("segments", self.segments))
        object.__setattr__(self, "bound", number("bound", self.bound, positive=True))

    def start(self) -> FloatArray:
        if self.init == "identity":
            return free(np.ones(self.segments))
        return free(PLIF.random(self.segments, self.bound, self.slopes_seed).slopes)

    def take_over(self, other: Curve, theta: FloatArray) -> FloatArray | None:
        """Return the parameters of the same function, where the segments are those of ``other`` or finer."""
        if not isinstance(other, LearnedPLIF) or other.bound != self.bound:
            return None
        times, rest = divmod(self.segments, other.segments)
        return None if rest else np.repeat(theta, times)

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
