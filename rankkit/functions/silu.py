"""SiLU: the logit times its sigmoid, which falls before it rises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions.base import PointwiseFunction, sigmoid_ball


@dataclass(frozen=True)
class SiLU(PointwiseFunction):
    r"""The sigmoid-weighted linear unit, :math:`f(z) = z / (1 + e^{-z})`, also called swish [elfwing2018]_.

    **Not monotone**: below :math:`z_0 = -1.2785`, where :math:`1 + z + e^z = 0`, it falls to its least value,
    :math:`1 + z_0 = -0.2785`, and above it rises. So it can change which class wins. No slope exceeds 1.1 in
    size. Half a line and an even function, :math:`f(z) = \frac z2 + \frac z2 \tanh\frac z2`.

    >>> SiLU()(np.array([-6.0, -1.2785, 0.0, 6.0])).round(4)
    array([-0.0148, -0.2785,  0.    ,  5.9852])
    """

    def __call__(self, z: FloatArray) -> FloatArray:
        root, decay = _decay(z)
        return np.where(z < 0, z * root * root, z) / (1 + decay)

    def slope(self, z: FloatArray) -> FloatArray:
        root, decay = _decay(z)
        return np.where(z < 0, (1 + z + decay) * root * root, 1 + decay + z * decay) / (1 + decay) ** 2

    def ball(self, z: Any) -> Any:
        from flint import arb

        if not z.is_finite():
            return z.nan()
        if z.rad() < 2**-10:
            return z * sigmoid_ball(z)
        left, right = (x * sigmoid_ball(x) for x in (z.lower(), z.upper()))
        least = -arb(-1).exp().lambertw()  # which it takes at least - 1
        turns = not (z < least - 1 or z > least - 1)
        return left.union(right).union(least) if turns else left.union(right)

    @property
    def parity(self) -> str | None:
        return "line + even"

    @property
    def zero_at_zero(self) -> bool:
        return True


def _decay(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return exp(-|z| / 2) and its square, which loses digits first: products take the root twice instead."""
    root = np.exp(-np.abs(z) / 2)
    return root, root * root
