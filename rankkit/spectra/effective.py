r"""Effective ranks: how many directions a spectrum spreads over, in the dialects of the literature.

They are functions of the shares :math:`p_k = \sigma_k / \sum_j \sigma_j` or of the energies
:math:`q_k = \sigma_k^2 / \sum_j \sigma_j^2`. None is a rank: they are blind to a small tail, move with any
constant added to the matrix, and grow with the sample, so quote the shape and the centring beside them.

Each takes the singular values, scaled so that the largest is 1, and how many times each one counts: once in
a whole spectrum, often in one that is estimated from a few nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rankkit.arrays import FloatArray


def entropy(shares: FloatArray, counts: FloatArray | float = 1.0) -> float:
    """Return -sum p log p in nats, with 0 log 0 = 0.

    >>> round(entropy(np.array([0.5, 0.5, 0.0])), 4)
    0.6931
    """
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return float(-(counts * shares * logs).sum())


def _roy_vetterli(values: FloatArray, counts: FloatArray, offset: float = 0.0) -> float:
    return math.exp(entropy(values / (counts * values).sum() + offset, counts))


def _energies(values: FloatArray, counts: FloatArray | float = 1.0) -> FloatArray:
    squares: FloatArray = values**2
    return squares / (counts * squares).sum()


def epsilon_effective(values: FloatArray, epsilon: float) -> int:
    r"""Return how many leading values hold the share :math:`1-\varepsilon` of the energy [parthiban2021]_.

    >>> epsilon_effective(np.array([3.0, 1.0, 0.1]), epsilon=1e-2)
    2
    """
    if not values.any():
        return 0
    # summed from the small end: no cancellation
    tail = np.cumsum(_energies(values / values.max())[::-1])[::-1]
    return int(np.count_nonzero(tail > epsilon))


#: Name -> function of the descending singular values of a non-zero matrix and of how often each counts.
EFFECTIVE_RANKS: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    # exp of the entropy of p [roy2007]
    "roy-vetterli": _roy_vetterli,
    # the same with 1e-7 added to every share and no renormalisation [garrido2023]
    "rankme": lambda values, counts: _roy_vetterli(values, counts, 1e-7),
    # RankMe as some libraries write it, with 1e-5
    "rankme-1e-5": lambda values, counts: _roy_vetterli(values, counts, 1e-5),
    # exp of the entropy of q, and the same with 1e-7 added to every share
    "energy-entropy": lambda values, counts: math.exp(entropy(_energies(values, counts), counts)),
    "energy-entropy-1e-7": lambda values, counts: math.exp(entropy(_energies(values, counts) + 1e-7, counts)),
    # 1 / sum q^2
    "participation": lambda values, counts: float(1 / (counts * _energies(values, counts) ** 2).sum()),
    # sum sigma^2 / sigma_1^2
    "stable": lambda values, counts: float((counts * values**2).sum() / values[0] ** 2),
    # sum sigma / sigma_1
    "nuclear": lambda values, counts: float((counts * values).sum() / values[0]),
}
