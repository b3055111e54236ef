"""Spectrum: singular values with their precision, noise floor and tolerance rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.spectra import choice
from rankkit.spectra.effective import EFFECTIVE_RANKS, EVENNESS, entropy, epsilon_effective
from rankkit.spectra.rules import EPS, tolerance


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Singular values, and what can be said about rank from them.

    Attributes
    ----------
    values : numpy.ndarray (min(contexts, classes),) or (k,)
        Singular values in descending order, read-only.
    shape : (int, int)
        Shape of the matrix.
    center : None, "classes" or "both"
        Whether row means ("classes"), or row and column means ("both"), were removed.
    method : "dense", "qr", "features", "gram", "gram-float32", "two-level", "tsqr" or "subspace"
        How the values were computed.
    precision : str
        The dtype in which the entries were rounded; its epsilon enters every tolerance.
    scale : float
        Bound on the largest singular value before centring: the size that rounding errors are relative to.
    error : float
        Bound on the norm of what "features" left out of the matrix; for "subspace" the largest residual, and
        every value that rounding lets it see is so near a singular value. 0 for the others.
    noise_floor : float
        Values at or below it can be made by rounding alone; no rank here counts them.
    floor_rule : str
        The rule that made ``noise_floor``.
    """

    values: FloatArray
    shape: tuple[int, int]
    center: str | None
    method: str
    precision: str
    scale: float
    error: float = 0.0
    noise_floor: float = field(init=False)
    floor_rule: str = field(init=False)

    def __post_init__(self) -> None:
        self.values.flags.writeable = False
        floor = tolerance("press", self.shape, EPS[self.precision], self.scale)
        rule = f"sqrt(N + M + 1) / 2 eps scale, eps of {self.precision}"
        if self.method in ("gram", "two-level", "subspace"):
            share = choice.SPLIT if self.method == "two-level" else 1.0
            what = "sqrt(max(N, M) eps) scale, eps of float64" + (f", times {share:g}" if share < 1 else "")
            floor, rule = max((floor, rule), (share * choice.gram_floor(self.shape) * self.scale, what))
        if self.method == "gram-float32":  # worst-case bounds would hide all: errors are taken to be random
            squared = math.sqrt(tolerance("press", self.shape, EPS["float32"], 1.0)) * self.scale
            floor, rule = max((floor, rule), (squared, "sqrt(sqrt(N + M + 1) / 2 eps) scale, eps of float32"))
        if self.error:
            what = "bound on the norm of what the polynomial leaves of f"
            if self.method == "subspace":
                what = "largest residual of a singular vector"
            floor, rule = max((floor, rule), (self.error, what))
        least = math.sqrt(math.prod(self.shape)) * 2.0**-1074
        floor, rule = max((floor, rule), (least, "the least float64 in every entry"))
        object.__setattr__(self, "noise_floor", floor)
        object.__setattr__(self, "floor_rule", rule)

    def __repr__(self) -> str:
        rows, columns = self.shape
        centred = "" if self.center is None else f", centred over {self.center}"
        return (
            f"Spectrum: {len(self.values)} values of {rows:,} x {columns:,}{centred} by {self.method}, "
            f"largest {self.top:.4g}, noise floor {self.noise_floor:.2g}"
        )

    @property
    def top(self) -> float:
        """The largest singular value."""
        return float(self.values[0])

    @property
    def visible(self) -> FloatArray:
        """The values above the noise floor."""
        return self.values[self.values > self.noise_floor]

    def tolerance(self, rule: str = "numpy", tol: float | None = None) -> float:
        """Return the tolerance that a named rule sets for this matrix; see :data:`rankkit.spectra.RULES`."""
        return tolerance(rule, self.shape, EPS[self.precision], self.top, tol)

    def numerical_rank(self, rule: str = "numpy", tol: float | None = None) -> int:
        """Return how many singular values exceed both the rule's tolerance and the noise floor.

        Parameters
        ----------
        rule : str
            A name in :data:`rankkit.spectra.RULES`, or "absolute" and "relative" with ``tol``.
        tol : float, optional
            For "absolute" the tolerance itself, for "relative" a multiple of the largest singular value.
        """
        return int(np.count_nonzero(self.values > max(self.tolerance(rule, tol), self.noise_floor)))

    def effective_rank(self, kind: str = "rankme") -> float:
        """Return an effective rank; 0 for a matrix with nothing above its noise floor.

        Parameters
        ----------
        kind : str
            A name in :data:`rankkit.spectra.EFFECTIVE_RANKS`.
        """
        if kind not in EFFECTIVE_RANKS:
            raise InputError(f"kind is {kind!r}; wanted one of {', '.join(EFFECTIVE_RANKS)}")
        values = self._normalised
        return EFFECTIVE_RANKS[kind].of(values, np.ones(len(values))) if values.any() else 0.0

    def evenness(self, kind: str = "normalised-entropy") -> float:
        """Return how even the spectrum is, from 0 to 1, by a name in :data:`rankkit.spectra.EVENNESS`."""
        if kind not in EVENNESS:
            raise InputError(f"kind is {kind!r}; wanted one of {', '.join(EVENNESS)}")
        values = self._normalised
        return EVENNESS[kind].of(values, np.ones(len(values))) if values.any() else 0.0

    def epsilon_rank(self, epsilon: float) -> int:
        """Return how many leading values hold the share 1 - ``epsilon`` of the squared norm."""
        if not 0 <= epsilon < 1:
            raise InputError(f"epsilon is {epsilon}; wanted a share of the squared norm in [0, 1)")
        return epsilon_effective(self._normalised, epsilon)

    @property
    def stable_rank(self) -> float:
        """Squared Frobenius norm over squared spectral norm."""
        return self.effective_rank("stable")

    @property
    def singular_entropy(self) -> float:
        """Kullback-Leibler divergence of the shares from uniform, in nats; 0 if flat [godey2024]_."""
        values = self._normalised
        return float(np.log(len(values))) - entropy(values / values.sum()) if values.any() else 0.0

    @property
    def gap_rank(self) -> int:
        """Number of values before the largest drop; read it with :attr:`gap`: some drop is always largest."""
        return self._largest_drop[0]

    @property
    def gap(self) -> float:
        """Ratio at the largest drop, at least: above 1e6 it marks an exact rank, below 100 nothing."""
        return self._largest_drop[1]

    @property
    def _normalised(self) -> FloatArray:
        """The values over the largest, zero where they are noise."""
        if self.top <= self.noise_floor:
            return np.zeros_like(self.values)
        return np.where(self.values > self.noise_floor, self.values, 0.0) / self.top

    @property
    def _largest_drop(self) -> tuple[int, float]:
        if self.top <= self.noise_floor:
            return 0, float("nan")
        clipped = np.maximum(
            self.values, self.noise_floor
        )  # what lies in the noise counts as the noise floor
        ratios = clipped[:-1] / clipped[1:]
        if not len(ratios) or ratios.max() == 1:
            return len(self.values), 1.0
        return int(ratios.argmax()) + 1, float(ratios.max())

    def _repr_html_(self) -> str:
        rank = f"numerical rank {self.numerical_rank()}, numpy rule, tolerance {self.tolerance():.2g}"
        return f"<pre>{escape(repr(self))}\n{rank}</pre>"
