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
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray


@dataclass(frozen=True)
class Dialect:
    """A number that somebody reads off a spectrum.

    Attributes
    ----------
    formula : str
        What it is, with p the shares of the singular values, q those of their squares, and H the entropy.
    used_by : str
        Where it comes from.
    of : callable
        The number, of the descending singular values of a non-zero matrix and of how often each counts.
    """

    formula: str
    used_by: str
    of: Callable[[FloatArray, FloatArray], float]


def entropy(shares: FloatArray, counts: FloatArray | float = 1.0) -> float:
    """Return -sum p log p in nats, with 0 log 0 = 0.

    >>> round(entropy(np.array([0.5, 0.5, 0.0])), 4)
    0.6931
    """
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return float(-(counts * shares * logs).sum())


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


def _roy_vetterli(values: FloatArray, counts: FloatArray, offset: float = 0.0) -> float:
    return math.exp(entropy(values / (counts * values).sum() + offset, counts))


def _energies(values: FloatArray, counts: FloatArray | float = 1.0) -> FloatArray:
    squares: FloatArray = values**2
    return squares / (counts * squares).sum()


def _energy_entropy(values: FloatArray, counts: FloatArray, offset: float = 0.0) -> float:
    return entropy(_energies(values, counts) + offset, counts)


def _over_log(value: float, n: float) -> float:
    return value / math.log(n) if n > 1 else 0.0


#: Effective ranks: between 1 and the rank, but for an offset, which lifts them.
EFFECTIVE_RANKS: dict[str, Dialect] = {
    "roy-vetterli": Dialect("exp H(p)", "[roy2007]", _roy_vetterli),
    "rankme": Dialect(
        "exp H(p + 1e-7), shares not renormalised", "RankMe [garrido2023]",
        lambda values, counts: _roy_vetterli(values, counts, 1e-7),
    ),
    "rankme-1e-5": Dialect(
        "exp H(p + 1e-5)", "RankMe as stable-ssl writes it",
        lambda values, counts: _roy_vetterli(values, counts, 1e-5),
    ),
    "energy-entropy": Dialect(
        "exp H(q)", "entropy of the squares, as of a covariance",
        lambda values, counts: math.exp(_energy_entropy(values, counts)),
    ),
    "energy-entropy-1e-7": Dialect(
        "exp H(q + 1e-7)", "RankMe as reptrix writes it, on centred features",
        lambda values, counts: math.exp(_energy_entropy(values, counts, 1e-7)),
    ),
    "participation": Dialect(
        "1 / Σ q²", "participation ratio",
        lambda values, counts: float(1 / (counts * _energies(values, counts) ** 2).sum()),
    ),
    "stable": Dialect(
        "Σ σ² / σ₁²", "stable rank",
        lambda values, counts: float((counts * values**2).sum() / values[0] ** 2),
    ),
    "nuclear": Dialect(
        "Σ σ / σ₁", "nuclear over spectral norm",
        lambda values, counts: float((counts * values).sum() / values[0]),
    ),
}  # fmt: skip

#: Numbers between 0 (one direction) and 1 (all alike).
EVENNESS: dict[str, Dialect] = {
    "normalised-entropy": Dialect(
        "H(p) / log n", "singular entropy over its largest value",
        lambda values, counts: _over_log(
            entropy(values / (counts * values).sum(), counts), float(np.sum(counts))
        ),
    ),
    "lightly": Dialect(
        "exp H(p) / n", "RankMe as lightly writes it",
        lambda values, counts: _roy_vetterli(values, counts) / float(np.sum(counts)),
    ),
    "weightwatcher": Dialect(
        "H(q) / log rank", "WeightWatcher matrix_entropy",
        lambda values, counts: _over_log(
            _energy_entropy(values, counts), float(np.sum(counts * (values > 0)))
        ),
    ),
}  # fmt: skip
