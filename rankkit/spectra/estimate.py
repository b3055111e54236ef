"""SpectrumEstimate: what a Krylov space knows of a spectrum, and how well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.spectra.effective import EFFECTIVE_RANKS
from rankkit.spectra.rules import EPS

#: Multiple of the largest singular value below which values are not told apart and cannot be counted.
COUNTABLE = 1e-3


@dataclass(frozen=True, eq=False)
class Quadrature:
    """Nodes in place of singular values.

    Attributes
    ----------
    nodes : numpy.ndarray (j,)
        Descending.
    weights : numpy.ndarray (probes, j)
        How many of the ``n`` singular values each node stands for, as each random probe sees it.
    converged : int
        The first so many nodes are singular values themselves.
    n : int
        How many singular values there are.
    """

    nodes: FloatArray
    weights: FloatArray
    converged: int
    n: int

    def counts(self, without: int | None = None) -> FloatArray:
        """Return the mean weights of all probes, or of all but one; converged nodes count once."""
        probes = self.weights if without is None else np.delete(self.weights, without, axis=0)
        out: FloatArray = probes.mean(axis=0)
        out[: self.converged] = 1.0
        rest = out[self.converged :]
        total = rest.sum()
        if total > 0:  # the probes disagree on the share of the others; how many there are is known
            rest *= (self.n - self.converged) / total
        return out


@dataclass(frozen=True, eq=False)
class SpectrumEstimate:
    """Effective ranks and counts of a matrix whose singular values were not all computed.

    Every number comes with :meth:`error`: twice the standard error over the random probes, how far the last
    third of the steps still moved it, and what rounding to float32 can do. Values below ``countable`` are
    not told apart: there is no numerical rank here.

    Attributes
    ----------
    shape : (int, int)
        Shape of the matrix.
    center : None, "classes" or "both"
        As for :class:`Spectrum`.
    precision : str
        The dtype in which the entries were given; products are made in float32.
    quadrature, coarser : Quadrature
        Of all steps, and of the first two thirds of them.
    passes : int
        How often the matrix was gone through.
    unit : float
        What the nodes are multiples of.
    noise_floor : float
        Values at or below it can be made by rounding alone, and if all are, so can the matrix:
        sqrt(N + M + 1) / 2 eps scale, eps of float32, scale as for :class:`Spectrum`.
    """

    shape: tuple[int, int]
    center: str | None
    precision: str
    quadrature: Quadrature
    coarser: Quadrature
    passes: int
    unit: float
    noise_floor: float
    method = "lanczos"

    def __repr__(self) -> str:
        rows, columns = self.shape
        centred = "" if self.center is None else f", centred over {self.center}"
        rank, error = self.effective_rank("roy-vetterli"), self.error("roy-vetterli")
        return (
            f"SpectrumEstimate: {len(self.values)} values of {rows:,} x {columns:,}{centred} by lanczos, "
            f"largest {self.top:.4g}, effective rank {rank:.5g} +- {error:.2g} (roy-vetterli)"
        )

    @property
    def values(self) -> FloatArray:
        """The leading singular values, as far as they have converged and lie above ``countable``."""
        found = self.quadrature.nodes[: self.quadrature.converged] * self.unit
        return found[found > self.countable]

    @property
    def top(self) -> float:
        """The largest singular value."""
        return float(self.quadrature.nodes[0] * self.unit)

    @property
    def countable(self) -> float:
        """The least level at which :meth:`count_above` counts."""
        return COUNTABLE * self.top

    def effective_rank(self, kind: str = "rankme") -> float:
        """Return an effective rank by its name in :data:`rankkit.spectra.EFFECTIVE_RANKS`; 0 if all is 0."""
        return self._value(self._rank(kind), self.quadrature)

    def count_above(self, level: float) -> float:
        """Return how many singular values exceed ``level`` times the largest, which is 1e-3 at least.

        Raises
        ------
        InputError
            A lower level: values there are lumped together, and counts can be wrong by any factor.
        """
        return self._value(_count(level), self.quadrature)

    def error(self, what: str | float) -> float:
        """Return the error to expect of ``effective_rank(what)``, or of ``count_above(what)`` for a level."""
        rank, rule = self._asked(what), self.quadrature
        probes = len(rule.weights)
        left_out = np.array([self._value(rank, rule, k) for k in range(probes)])
        jackknife = float(np.sqrt((probes - 1) * left_out.var()))
        value = self._value(rank, rule)
        noisy = replace(rule, nodes=np.hypot(rule.nodes, self.noise_floor / self.unit))
        rounding = abs(self._value(rank, noisy) - value) + 10 * EPS["float32"] * value
        return 2 * jackknife + self.change(what) + rounding

    def change(self, what: str | float) -> float:
        """Return how far the last third of the steps moved it: what the quadrature may still get wrong.

        Errors of quadrature fall at least like the square of the number of steps: the next third moves less.
        """
        rank = self._asked(what)
        return abs(self._value(rank, self.quadrature) - self._value(rank, self.coarser))

    def _asked(self, what: str | float) -> Callable[[FloatArray, FloatArray], float]:
        return self._rank(what) if isinstance(what, str) else _count(what)

    def _rank(self, kind: str) -> Callable[[FloatArray, FloatArray], float]:
        if kind not in EFFECTIVE_RANKS:
            raise InputError(f"kind is {kind!r}; wanted one of {', '.join(EFFECTIVE_RANKS)}")
        return EFFECTIVE_RANKS[kind].of

    def _value(
        self,
        rank: Callable[[FloatArray, FloatArray], float],
        rule: Quadrature,
        without: int | None = None,
    ) -> float:
        if self.top <= self.noise_floor:
            return 0.0
        return rank(rule.nodes / rule.nodes[0], rule.counts(without))


def _count(level: float) -> Callable[[FloatArray, FloatArray], float]:
    if not COUNTABLE <= level < 1:
        raise InputError(
            f"level is {level}; wanted {COUNTABLE:g} to 1: below that an estimate tells no values apart"
        )
    return lambda values, counts: float(counts[values > level].sum())
