"""A small network with positive weights: smooth, increasing and learnable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray, count, generator, number, parameters
from rankkit.errors import InputError
from rankkit.functions.base import MonotoneFunction, rising_ball
from rankkit.functions.softcap import SoftCap


@dataclass(frozen=True, eq=False)
class MonotoneNetwork(MonotoneFunction):
    r"""One hidden layer of tanh units with positive weights beside a rising line [daniels2010]_.

    .. math:: f(z) = a z + \sum_{j=1}^n a_j b_j \tanh\frac{z - k_j}{b_j}

    Unit j adds slope :math:`a_j` at :math:`k_j`, fading over a width :math:`b_j`; the line makes f a
    bijection of the reals. Analytic and not a polynomial, so that its rank is generically full.

    Parameters
    ----------
    line : float
        a, positive: the slope far from all units.
    slopes, widths : array-like (n,)
        :math:`a_j` and :math:`b_j`, positive.
    centres : array-like (n,)
        :math:`k_j`, in logits.

    Raises
    ------
    InputError, TypeError
        A number that must be positive and is not (with the index), or lengths that differ.

    Examples
    --------
    >>> f = MonotoneNetwork(0.5, slopes=[1.0], widths=[2.0], centres=[0.0])
    >>> f(np.array([-100.0, 0.0, 100.0])), f.slope(np.array([0.0, 100.0]))
    (array([-52.,   0.,  52.]), array([1.5, 0.5]))
    """

    line: float
    slopes: FloatArray
    widths: FloatArray
    centres: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", number("line", self.line, positive=True))
        object.__setattr__(self, "slopes", parameters("slopes", self.slopes, positive=True))
        object.__setattr__(self, "widths", parameters("widths", self.widths, positive=True))
        object.__setattr__(self, "centres", parameters("centres", self.centres))
        lengths = [len(self.slopes), len(self.widths), len(self.centres)]
        if len(set(lengths)) > 1:
            raise InputError(
                f"slopes, widths and centres have {lengths} entries; wanted one of each per unit"
            )

    @classmethod
    def from_unconstrained(cls, values: object) -> Self:
        """Return the network that an optimiser's free vector (1 + 3n,) stands for.

        In order: line, n slopes and n widths, each through log(1 + e^v), then n centres as they are.

        >>> MonotoneNetwork.from_unconstrained([0.0, 0.0, 0.0, 1.5]).name
        'MonotoneNetwork(1 unit)'
        """
        v = parameters("values", values)
        n, rest = divmod(len(v) - 1, 3)
        if rest or n < 1:
            raise InputError(f"values has {len(v)} entries; wanted 1 + 3n for n >= 1 units")
        line, *positive = np.logaddexp(0.0, v[: 1 + 2 * n]).tolist()
        return cls(line, np.array(positive[:n]), np.array(positive[n:]), v[1 + 2 * n :])

    @classmethod
    def random(cls, units: int, seed: int | np.random.Generator | None = 0) -> Self:
        """Return a network whose free vector is standard normal, its centres three times as wide."""
        n = count("units", units)
        return cls.from_unconstrained(generator(seed).normal(0.0, [1.0] * (1 + 2 * n) + [3.0] * n))

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        out = self.line * z
        for a, unit, k in self._units:
            out += a * unit(z - k)
        return out

    def slope(self, z: FloatArray) -> FloatArray:
        out = np.full_like(z, self.line)
        for a, unit, k in self._units:
            out += a * unit.slope(z - k)
        return out

    def ball(self, z: Any) -> Any:
        return rising_ball(
            lambda x: sum((unit.ball(x - k) * a for a, unit, k in self._units), x * self.line), z
        )

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls.random(1), cls.random(6)

    @property
    def name(self) -> str:
        n = len(self.slopes)
        return f"MonotoneNetwork({n} unit{'s' * (n > 1)})"

    @property
    def _units(self) -> list[tuple[float, SoftCap, float]]:
        """Slope, tanh of the right width, and centre of every unit."""
        rows = zip(self.slopes.tolist(), self.widths.tolist(), self.centres.tolist(), strict=True)
        return [(a, SoftCap(b), k) for a, b, k in rows]
