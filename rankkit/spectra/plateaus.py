"""How a numerical rank depends on its tolerance, and whether there is one at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from rankkit.spectra.rules import RULES
from rankkit.spectra.spectrum import Spectrum

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
    if not len(s.visible):
        return 0
    near = [p for p in plateaus(s, DECADES) if p.low * s.top < 10 * s.noise_floor]
    return near[0].rank if near else None


def crosswalk(s: Spectrum) -> list[dict[str, Any]]:
    """Return what every named rule makes of one spectrum.

    Returns
    -------
    list of dict
        ``rule``, its ``tolerance``, the ``count`` of values above that, and how many of those are
        ``noise``, lying at or below the noise floor.

    Examples
    --------
    >>> from rankkit.spectra import spectrum
    >>> [(row["rule"], row["count"]) for row in crosswalk(spectrum(np.eye(3)))][:2]
    [('numpy', 3), ('press', 3)]
    """
    fixed = [("absolute", 1e-3), ("relative", 1e-3), ("relative", 1e-6)]
    named = [(rule, None) for rule in RULES] + fixed
    rows = []
    for rule, tol in named:
        limit = s.tolerance(rule, tol)
        above = s.values[s.values > limit]
        rows.append(
            {
                "rule": rule if tol is None else f"{rule} {tol:g}",
                "tolerance": limit,
                "count": len(above),
                "noise": int(np.count_nonzero(above <= s.noise_floor)),
            }
        )
    return rows
