"""Generalised SigSoftmax: a line that bends smoothly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, number
from rankkit.functions.base import MonotoneFunction, rising_ball, softplus_ball


@dataclass(frozen=True)
class GSS(MonotoneFunction):
    r"""Parthiban et al.'s generalised SigSoftmax [parthiban2021]_.

    .. math:: f(z) = k(z - c) + c - (k - 1) \log(1 + e^{z - c}) = z - (k - 1) \log(1 + e^{c - z})

    The identity far above ``c``, a line of slope ``k`` far below. GSS(0, 2) is SigSoftmax; GSS(c, 1) is the
    identity.

    Parameters
    ----------
    c : float
        Where the line bends, in logits. Published choice: -1.5.
    k : float
        Slope far below ``c``, positive. Published choices: 2.5 and 3.

    >>> GSS(0.0, 2.0)(np.array([-10.0, 0.0, 10.0])).round(4)
    array([-20.    ,  -0.6931,  10.    ])
    """

    c: float = 0.0
    k: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "c", number("c", self.c))
        object.__setattr__(self, "k", number("k", self.k, positive=True))

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return z - (self.k - 1) * np.logaddexp(0.0, self.c - z)

    def slope(self, z: FloatArray) -> FloatArray:
        return 1 + (self.k - 1) * np.exp(-np.logaddexp(0.0, z - self.c))

    def ball(self, z: Any) -> Any:
        from flint import arb

        return rising_ball(lambda x: x - (arb(self.k) - 1) * softplus_ball(self.c - x), z)

    @property
    def parity(self) -> str | None:
        return "line + even" if self.c == 0 else None

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls(), cls(-1.5, 2.5), cls(1.0, 0.1)

    @property
    def name(self) -> str:
        return f"GSS({self.c:g}, {self.k:g})"
