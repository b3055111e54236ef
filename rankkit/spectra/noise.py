r"""Singular values that random noise makes: where they end, how they spread, what they add to a count.

A large N x M matrix of independent entries of deviation s has singular values within
:math:`s\,|\sqrt M \pm \sqrt N|`, spread by the law of Marchenko and Pastur [marchenko1967]_; a square one by
its special case, the quarter circle. So a published rank of nearly N may be a low-rank matrix and its noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rankkit.errors import InputError
from rankkit.spectra.values import Spectrum

#: The 99% quantile of the largest eigenvalue's law (Tracy and Widom, real case).
QUANTILE = 2.0234


@dataclass(frozen=True)
class NoiseRank:
    """Singular values that random noise of one deviation does not reach.

    Attributes
    ----------
    rank : int
        Singular values above ``edge``.
    edge : float
        What the largest singular value of the noise alone exceeds in one draw of a hundred.
    deviation : float
        Standard deviation of an entry of the noise.
    soft_rank : float
        End of the noise over the largest singular value, squared: near 1, all may be noise.
    rule : str
        Where the deviation and the edge come from.
    """

    rank: int
    edge: float
    deviation: float
    soft_rank: float
    rule: str


def noise_rank(s: Spectrum, deviation: float | None = None) -> NoiseRank:
    """Return how many singular values stick out of random noise.

    Parameters
    ----------
    s : Spectrum
        A whole spectrum.
    deviation : float, optional
        Standard deviation of the noise in one entry, the same in all. By default it is read off the median
        singular value [gavish2014]_, which takes the lower half of the spectrum for noise: right for a few
        directions in noise, too large where the signal is spread over half of the spectrum or more. Rounding
        errors grow with the entries, so that a few of their singular values pass this edge.

    Returns
    -------
    NoiseRank
        The edge is the 99% quantile of the largest singular value of noise [johnstone2001]_.

    Examples
    --------
    >>> from rankkit.spectra import spectrum
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((100, 5)) @ rng.standard_normal((5, 200))
    >>> s = spectrum(signal + 0.1 * rng.standard_normal((100, 200)))
    >>> s.numerical_rank(), noise_rank(s).rank
    (100, 5)
    """
    small, large = sorted(s.shape)
    if deviation is None:
        if len(s.values) < small:
            raise InputError(
                f"the spectrum was cut after {len(s.values)} of {small} values; give the deviation or all"
            )
        median = float(np.median(s.values))
        deviation = median / (math.sqrt(large) * _median(small / large))
        how = "deviation from the median singular value [gavish2014]"
    elif not (math.isfinite(deviation) and deviation >= 0):
        raise InputError(f"deviation is {deviation}; wanted a finite number >= 0")
    else:
        how = "deviation as given"
    edge = max(noise_edge(s.shape, deviation), s.noise_floor)
    end = deviation * (math.sqrt(small) + math.sqrt(large))
    return NoiseRank(
        rank=int(np.count_nonzero(s.values > edge)),
        edge=edge,
        deviation=deviation,
        soft_rank=(end / s.top) ** 2 if s.top else 0.0,
        rule=f"99% quantile of the largest singular value of noise [johnstone2001], {how}",
    )


def noise_edge(shape: tuple[int, int], deviation: float = 1.0) -> float:
    """Return what the largest singular value of normal noise exceeds in one draw of a hundred.

    >>> round(noise_edge((100, 400)), 2), math.sqrt(100) + math.sqrt(400)
    (30.51, 30.0)
    """
    small, large = sorted(shape)
    ends = math.sqrt(max(large - 1, 1)), math.sqrt(small)
    centre, spread = sum(ends) ** 2, sum(ends) * (1 / ends[0] + 1 / ends[1]) ** (1 / 3)
    return deviation * math.sqrt(centre + QUANTILE * spread)


def share_below(x: float, aspect: float = 1.0) -> float:
    r"""Return the share of singular values of noise below x, in units of :math:`s\sqrt{\max(N, M)}`.

    Parameters
    ----------
    x : float
        A singular value in that unit.
    aspect : float
        The shorter side over the longer one; 1 gives the quarter circle.

    Examples
    --------
    >>> round(share_below(1.0), 4), share_below(2.0), round(share_below(1.0, aspect=0.25), 4)
    (0.609, 1.0, 0.5534)
    """
    if not 0 < aspect <= 1:
        raise InputError(f"aspect is {aspect}; wanted the shorter side over the longer one, in (0, 1]")
    k = math.sqrt(aspect)
    cosine = (1 + aspect - x * x) / (2 * k)
    if x <= 0 or cosine >= 1:
        return 0.0
    if cosine <= -1:
        return 1.0
    angle = math.acos(cosine)  # x^2 = 1 + aspect - 2 k cos(angle) runs through the support
    turned = math.atan2((1 + k) * math.sin(angle / 2), (1 - k) * math.cos(angle / 2))
    return (k * math.sin(angle) + (1 + aspect) * angle / 2 - (1 - aspect) * turned) / (math.pi * aspect)


def expected_rank(rank: int, shape: tuple[int, int], deviation: float, tolerance: float) -> float:
    r"""Return how many singular values of a large matrix of low rank with noise exceed a tolerance.

    The ``rank`` large ones, and of the others the share that the law of the noise puts above. The tolerance
    must lie well below the signal.

    Examples
    --------
    Rank 10 and noise of variance 1e-22 / n^2 in float64, n = 10,000, under Numerical Recipes' rule with the
    largest singular value 1. A measurement of such a matrix printed 9,001 [parthiban2021]_.

    >>> n, eps = 10_000, 2.0**-52
    >>> round(expected_rank(10, (n, n), deviation=1e-11 / n, tolerance=0.5 * math.sqrt(2 * n + 1) * eps))
    9002
    """
    small, large = sorted(shape)
    if not 0 <= rank <= small:
        raise InputError(f"rank is {rank}; wanted 0 to {small} for a {shape[0]:,} x {shape[1]:,} matrix")
    if not (math.isfinite(deviation) and deviation >= 0):
        raise InputError(f"deviation is {deviation}; wanted a finite number >= 0")
    if deviation == 0:
        return float(rank)
    return rank + (small - rank) * (
        1 - share_below(tolerance / (deviation * math.sqrt(large)), small / large)
    )


@lru_cache
def _median(aspect: float) -> float:
    """Return the median singular value of noise, in units of s sqrt(max(N, M))."""
    from scipy.optimize import brentq

    k = math.sqrt(aspect)
    return float(brentq(lambda x: share_below(x, aspect) - 0.5, 1 - k, 1 + k))
