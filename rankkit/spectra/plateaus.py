"""How a numerical rank depends on its tolerance, and whether there is one at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.spectra.values import Spectrum

#: A plateau at least this many decades wide, down to the noise, settles a numerical rank.
DECADES = 3.0


@dataclass(frozen=True)
class Plateau:
    """A range of tolerances that all give one rank.

    Attributes
    ----------
    rank : int
        The rank.
    high, low : float
        Every tolerance from ``low`` to just under ``high`` gives it, as multiples of the largest singular
        value.
    """

    rank: int
    high: float
    low: float

    @property
    def decades(self) -> float:
        """Width on a logarithmic scale."""
        return float(np.log10(self.high / self.low))


@dataclass(frozen=True)
class Verdict:
    """Whether a matrix has a numerical rank at all.

    Attributes
    ----------
    rank : int or None
        The rank that all tolerances near the noise agree on; None if they do not agree.
    reason : str
        The plateau that settles it, or how fast the count moves with the tolerance.
    per_decade : float
        Singular values for each factor of ten of tolerance, over the last three decades above the noise.
    """

    rank: int | None
    reason: str
    per_decade: float

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is neither true nor false; ask for .rank")


def plateaus(s: Spectrum, decades: float = 1.0) -> list[Plateau]:
    """Return the plateaus of at least that width above the noise floor, the widest first.

    >>> from rankkit.spectra import spectrum
    >>> [(p.rank, round(p.decades)) for p in plateaus(spectrum(np.diag([1.0, 0.9, 1e-5, 1e-6])))]
    [(4, 9), (2, 5), (3, 1)]
    """
    if not len(s.visible):
        return []
    steps = pairwise((np.append(s.visible, s.noise_floor) / s.top).tolist())
    found = [Plateau(rank, high, low) for rank, (high, low) in enumerate(steps, start=1) if high > low]
    return sorted((p for p in found if p.decades >= decades), key=lambda p: -p.decades)


def plateau_rank(s: Spectrum) -> int | None:
    """Return the rank that all tolerances near the noise agree on; None says there is no numerical rank.

    Agreed means a plateau three decades wide that ends within a factor ten of the noise floor.

    >>> from rankkit.spectra import spectrum
    >>> plateau_rank(spectrum(np.diag([1.0, 0.1, 0.01, 0.0])))
    3
    >>> plateau_rank(spectrum(np.vander(np.linspace(0.0, 1.0, 30)))) is None
    True
    """
    return verdict(s).rank


def verdict(s: Spectrum) -> Verdict:
    """Return whether there is a numerical rank, and why.

    >>> from rankkit.spectra import spectrum
    >>> verdict(spectrum(np.diag([1.0, 0.1, 0.01, 0.0]))).reason
    'every tolerance from 3.3e-16 to 0.01 σ₁ gives 3: 13.5 decades'
    >>> verdict(spectrum(np.vander(np.linspace(0.0, 1.0, 30)))).reason
    'there is no numerical rank: near the noise the count moves by 1 for each factor of ten of tolerance'
    """
    if not len(s.visible):
        return Verdict(0, f"no singular value is above the noise floor, {s.noise_floor:.1e}", 0.0)
    low = s.noise_floor / s.top
    window = min(3.0, -float(np.log10(low)))
    moving = np.count_nonzero(s.visible / s.top <= low * 10**window) / window
    for p in plateaus(s, DECADES):
        if p.low * s.top < 10 * s.noise_floor:
            tolerances = f"every tolerance from {p.low:.2g} to {p.high:.2g} σ₁"
            return Verdict(p.rank, f"{tolerances} gives {p.rank:,}: {p.decades:.1f} decades", moving)
    why = f"near the noise the count moves by {moving:.2g} for each factor of ten of tolerance"
    return Verdict(None, f"there is no numerical rank: {why}", moving)


def tolerance_curve(s: Spectrum, per_decade: int = 4) -> tuple[FloatArray, IntArray]:
    """Return levels from 1 down to the noise, and how many singular values exceed each times the largest.

    >>> from rankkit.spectra import spectrum
    >>> levels, ranks = tolerance_curve(spectrum(np.diag([1.0, 2e-2, 2e-5])), per_decade=1)
    >>> levels[:4].tolist(), ranks[:8].tolist()
    ([1.0, 0.1, 0.01, 0.001], [0, 1, 2, 2, 2, 3, 3, 3])
    """
    if not len(s.visible):
        return np.array([1.0]), np.array([0])
    steps = int(np.floor(-per_decade * np.log10(s.noise_floor / s.top)))
    levels = 10.0 ** (-np.arange(steps + 1) / per_decade)
    return levels, np.array([np.count_nonzero(s.values > level * s.top) for level in levels])
