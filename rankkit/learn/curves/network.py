"""A monotone network with learned weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray, count, number
from rankkit.functions import MonotoneNetwork, PointwiseFunction
from rankkit.learn.curves.curve import Curve, PullCurve, free, positive, positive_slope


@dataclass(frozen=True)
class LearnedNetwork(Curve):
    """A rising line plus n tanh units with positive weights [daniels2010]_, near the identity at the start.

    Parameters
    ----------
    units : int
        n.
    bound : float
        The units start spread over [-bound, bound], in logits.
    """

    units: int = 8
    bound: float = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", count("units", self.units))
        object.__setattr__(self, "bound", number("bound", self.bound, positive=True))

    def start(self) -> FloatArray:
        n = self.units
        centres = self.bound * (2 * np.arange(n) + 1 - n) / n
        # units as wide as they are apart add about as much slope everywhere inside
        line, slopes, widths = np.array([0.75]), np.full(n, 0.125), np.full(n, 2 * self.bound / n)
        return np.concatenate([free(line), free(slopes), free(widths), centres])

    def evaluate(self, z: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray, PullCurve]:
        n = self.units
        line, slopes, widths = np.split(positive(theta[: 1 + 2 * n]), [1, 1 + n])
        values, slope = line[0] * z, np.full_like(z, line[0])
        bends = []
        for a, b, k in zip(slopes, widths, theta[1 + 2 * n :], strict=True):
            u = (z - k) / b
            t = np.tanh(u)
            fading = 1 - t * t
            values += a * b * t
            slope += a * fading
            bends.append((a, b, u, t, fading))

        def pull(D: FloatArray) -> FloatArray:
            by_slope = [b * np.vdot(D, t) for a, b, u, t, fading in bends]
            by_width = [a * np.vdot(D, t - u * fading) for a, b, u, t, fading in bends]
            by_centre = [-a * np.vdot(D, fading) for a, b, u, t, fading in bends]
            own = np.array([np.vdot(D, z), *by_slope, *by_width, *by_centre])
            own[: 1 + 2 * n] *= positive_slope(theta[: 1 + 2 * n])
            return own

        return values, slope, pull

    def function(self, theta: FloatArray) -> PointwiseFunction:
        return MonotoneNetwork.from_unconstrained(theta)
