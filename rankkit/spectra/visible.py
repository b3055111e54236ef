"""What is left of a rank when the matrix is stored in fewer bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction
from rankkit.heads.head import LowRankLogits
from rankkit.spectra.rules import EPS
from rankkit.spectra.source import CENTERINGS, Source, centred
from rankkit.spectra.values import Spectrum

#: float64 has so many bits more than float32.
MORE_BITS = 29

#: Shorter side up to which the noise is decomposed whole; above, its norm is found by Lanczos.
SMALL = 200


@dataclass(frozen=True)
class Visible:
    """Singular values that survive storage.

    Attributes
    ----------
    precision : str
        The dtype of the stored entries.
    rank : int or None
        Singular values above ``noise``: by Weyl's inequality no rounding of that size can remove them. None
        at or below the noise floor of the spectrum is counted. None if an entry overflows.
    noise : float
        Spectral norm of what rounding to that dtype changed; infinite if an entry overflows.
    rule : str
        Whether that was measured.
    """

    precision: str
    rank: int | None
    noise: float
    rule: str


def visible_ranks(
    logits_or_matrix: LowRankLogits | object,
    f: PointwiseFunction | None = None,
    center: str | None = None,
    precisions: tuple[str, ...] = ("float64", "float32", "float16", "bfloat16"),
    precision: str | None = None,
) -> list[Visible]:
    """Return how many singular values stay visible when the entries are rounded to each precision.

    Parameters are those of :func:`rankkit.spectrum`; ``precisions`` are float64, float32, float16 or
    bfloat16. The matrix is rounded as it would be stored, before it is centred. Its entries are computed in
    float64, so what rounding to float64 changes cannot be measured; it is taken to be what rounding to
    float32 changes, 29 bits further down.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 3)) @ np.diag([1.0, 1e-3, 1e-9]) @ rng.standard_normal((3, 30))
    >>> [v.rank for v in visible_ranks(X)]
    [3, 2, 2, 1]
    """
    if center not in CENTERINGS:
        raise InputError(f"center is {center!r}; wanted None, 'classes' or 'both'")
    for stored in precisions:
        if stored not in EPS:
            raise InputError(f"precisions holds {stored!r}; wanted one of {', '.join(EPS)}")
    if precision is not None and precision not in EPS:
        raise InputError(f"precision is {precision!r}; wanted one of {', '.join(EPS)}")
    source = Source.of(logits_or_matrix, f)
    X = source.dense_log_probs()
    whole, removed = centred(X.copy(), center)
    values = linalg.svdvals(whole, check_finite=False)
    born = precision or source.precision
    s = Spectrum(values, source.shape, center, "dense", born, float(values[0]) + removed)
    return [_visible(X, s, stored) for stored in precisions]


def _visible(X: FloatArray, s: Spectrum, precision: str) -> Visible:
    stored = _rounded(X, "float32" if precision == "float64" else precision)
    if not np.isfinite(stored).all():
        return Visible(precision, None, math.inf, f"the largest entry, {np.abs(X).max():.3g}, overflows")
    lost, _ = centred(stored - X, s.center)
    noise, rule = _spectral_norm(lost), f"σ above the norm of what rounding to {precision} changed"
    if precision == "float64":
        noise = float(np.ldexp(noise, -MORE_BITS))
        rule = f"σ above the norm of what rounding to float32 changed, times 2^-{MORE_BITS}"
    rank = int(np.count_nonzero(s.values > max(noise, s.noise_floor)))
    return Visible(precision, rank, noise, rule)


def _spectral_norm(X: FloatArray) -> float:
    if min(X.shape) <= SMALL or not X.any():
        return float(linalg.svdvals(X, check_finite=False)[0])
    from scipy.sparse.linalg import svds

    start = np.random.default_rng(0).standard_normal(min(X.shape))
    return float(svds(X / np.abs(X).max(), k=1, v0=start, return_singular_vectors=False)[0] * np.abs(X).max())


def _rounded(X: FloatArray, precision: str) -> FloatArray:
    import ml_dtypes

    dtype = ml_dtypes.bfloat16 if precision == "bfloat16" else np.dtype(precision)
    with np.errstate(over="ignore"):
        out: FloatArray = X.astype(dtype).astype(np.float64)
    return out
