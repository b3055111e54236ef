r"""Ranks of random feature maps f(WX) as a layer's input gets narrower: exact, and by energy.

A study of network design drew layers of random weights and looked at the rank of their output over the ratio
of channels in to channels out, for several activations [han2021]_. Which rank decides what is seen: exactly,
nearly every activation that is no polynomial reaches full rank at once; by energy all rise slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.functions import Identity, Polynomial, Sigmoid, SiLU, SoftCap, Softplus
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head
from rankkit.ranks.bounds import rank_bounds
from rankkit.spectra import spectrum


@dataclass(frozen=True)
class ReLU(PointwiseFunction):
    """max(z, 0)."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.maximum(z, 0.0)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where(z >= 0, 1.0, 0.0)

    def exact(self, z: Fraction) -> Fraction:
        return max(z, Fraction(0))


@dataclass(frozen=True)
class ReLU6(PointwiseFunction):
    """max(z, 0), but at most 6."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.clip(z, 0.0, 6.0)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where((z >= 0) & (z < 6), 1.0, 0.0)

    def exact(self, z: Fraction) -> Fraction:
        return min(max(z, Fraction(0)), Fraction(6))


@dataclass(frozen=True)
class HardSwish(PointwiseFunction):
    """z times ReLU6(z + 3) / 6: a quadratic between -3 and 3."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return z * (np.clip(z + 3, 0.0, 6.0) / 6)

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where(z < -3, 0.0, np.where(z >= 3, 1.0, z / 3 + 0.5))

    def exact(self, z: Fraction) -> Fraction:
        return z * min(max(z + 3, Fraction(0)), Fraction(6)) / 6


@dataclass(frozen=True)
class ELU(PointwiseFunction):
    """z above 0, exp(z) - 1 below."""

    def __call__(self, z: FloatArray) -> FloatArray:
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))

    def slope(self, z: FloatArray) -> FloatArray:
        return np.where(z >= 0, 1.0, np.exp(np.minimum(z, 0.0)))

    def ball(self, z: Any) -> Any:
        if z >= 0:
            return z
        return z.expm1() if z <= 0 else z.lower().expm1().union(z.upper())


#: Activations of the study and some that show what polynomials do, by name.
ACTIVATIONS: dict[str, PointwiseFunction] = {
    "linear": Identity(),
    "square": Polynomial({2: 1.0}),
    "cube": Polynomial({3: 1.0}),
    "hard swish": HardSwish(),
    "ReLU": ReLU(),
    "ReLU6": ReLU6(),
    "ELU": ELU(),
    "SiLU": SiLU(),
    "softplus": Softplus(),
    "sigmoid": Sigmoid(),
    "tanh": SoftCap(1.0),
}


@dataclass(frozen=True, eq=False)
class ChannelRanks:
    """Ranks of random feature maps over the channels out, by activation and channel ratio.

    Attributes
    ----------
    activations : tuple of str
        Row i of the arrays belongs to ``activations[i]``.
    ratios : tuple of float
        Channels in over channels out.
    channels, samples : int
        Channels out, and columns of the feature map.
    lower, upper : numpy.ndarray (activations, ratios)
        Proved bounds on the exact rank, over ``channels``.
    energy : numpy.ndarray (activations, ratios)
        How many leading singular values hold ``share`` of the squared norm, over ``channels``.
    share : float
        That share.
    """

    activations: tuple[str, ...]
    ratios: tuple[float, ...]
    channels: int
    samples: int
    lower: FloatArray
    upper: FloatArray
    energy: FloatArray
    share: float

    def __post_init__(self) -> None:
        for array in (self.lower, self.upper, self.energy):
            array.flags.writeable = False

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per activation and ratio."""
        return [
            {
                "activation": name,
                "ratio": ratio,
                "lower": float(self.lower[i, j]),
                "upper": float(self.upper[i, j]),
                "energy": float(self.energy[i, j]),
            }
            for i, name in enumerate(self.activations)
            for j, ratio in enumerate(self.ratios)
        ]


def channel_ranks(
    ratios: Sequence[float] = (0.1, 0.3, 0.5, 0.7, 0.9),
    activations: Sequence[str] | None = None,
    channels: int = 60,
    samples: int = 240,
    share: float = 0.99,
    seed: int | np.random.Generator = 0,
) -> ChannelRanks:
    """Draw layers of random weights and bound the rank of what they give out, over the channel ratio.

    Weights are normal of variance one over the channels in, inputs standard normal.

    Parameters
    ----------
    ratios : sequence of float
        Channels in over channels out, above 0.
    activations : sequence of str, optional
        Names in :data:`ACTIVATIONS`; all by default.
    channels, samples : int
        Channels out, and inputs.
    share : float
        Of the squared norm, for ``energy``.
    seed : int or numpy.random.Generator
        Draws one layer and its inputs a ratio, the same for all activations.

    Examples
    --------
    >>> found = channel_ranks([0.1], ["linear", "square", "ReLU"])
    >>> found.lower[:, 0].round(2).tolist(), found.energy[:, 0].round(2).tolist()
    ([0.1, 0.35, 1.0], [0.1, 0.32, 0.4])
    """
    names = tuple(ACTIVATIONS if activations is None else activations)
    for name in names:
        if name not in ACTIVATIONS:
            raise InputError(f"activations holds {name!r}; wanted some of {', '.join(ACTIVATIONS)}")
    out, columns = arrays.count("channels", channels), arrays.count("samples", samples)
    rng = arrays.generator(seed)
    table = np.zeros((3, len(names), len(ratios)))
    for j, ratio in enumerate(ratios):
        d = round(arrays.number("ratios", ratio, positive=True) * out)
        if d < 1:
            raise InputError(f"ratios holds {ratio}, which of {out} channels leaves none")
        W, X = rng.standard_normal((out, d)) / np.sqrt(d), rng.standard_normal((columns, d))
        logits = Head(W).logits(X)
        for i, name in enumerate(names):
            f = ACTIVATIONS[name]
            bounds = rank_bounds(logits, f, subject="scores", max_minor=out, seed=rng)
            energy = spectrum(f(logits.dense())).epsilon_rank(1 - share)
            table[:, i, j] = bounds.lower, bounds.upper, energy
    lower, upper, energies = table / out
    return ChannelRanks(names, tuple(ratios), out, columns, lower, upper, energies, share)
