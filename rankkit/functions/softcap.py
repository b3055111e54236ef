"""Soft-capping: logits that level off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, number
from rankkit.functions.base import MonotoneFunction, rising_ball


@dataclass(frozen=True)
class SoftCap(MonotoneFunction):
    r"""Logits capped smoothly, :math:`f(z) = B \tanh(z / B)`, as in Gemma 2 [gemma2024]_.

    Odd, slope 1 at 0. With M classes no probability exceeds :math:`1 / (1 + (M - 1) e^{-2B})`.

    Parameters
    ----------
    bound : float
        The cap B, positive. Gemma 2 uses 30 on its logits; SoftCap(1) is tanh.

    >>> SoftCap(30.0)(np.array([1.0, 1000.0])).round(4)
    array([ 0.9996, 30.    ])
    """

    bound: float = 30.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", number("bound", self.bound, positive=True))

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return self.bound * np.tanh(z / self.bound)

    @np.errstate(over="ignore")
    def slope(self, z: FloatArray) -> FloatArray:
        decay = np.exp(-2 * np.abs(z / self.bound))
        return 4 * decay / (1 + decay) ** 2

    def ball(self, z: Any) -> Any:
        return rising_ball(lambda x: (x / self.bound).tanh() * self.bound, z)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(1.0), cls(2.5)

    @property
    def parity(self) -> str | None:
        return "odd"

    @property
    def name(self) -> str:
        return f"SoftCap({self.bound:g})"
