"""What is left of a rank when the matrix is stored in fewer bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction
from rankkit.heads.head import LowRankLogits
from rankkit.spectra.methods import centred
from rankkit.spectra.rules import EPS
from rankkit.spectra.source import CENTERINGS, Source


@dataclass(frozen=True)
class Visible:
    """Singular values that survive storage.

    Attributes
    ----------
    precision : str
        The dtype of the stored entries.
    rank : int
        Singular values above ``noise``: by Weyl's inequality no rounding of that size can remove them.
    noise : float
        Spectral norm of what rounding to that dtype changed.
    """

    precision: str
    rank: int
    noise: float


def visible_ranks(
    logits_or_matrix: LowRankLogits | object,
    f: PointwiseFunction | None = None,
    center: str | None = None,
    precisions: tuple[str, ...] = ("float32", "float16", "bfloat16"),
) -> list[Visible]:
    """Return how many singular values stay visible when the entries are rounded to each precision.

    Parameters are those of :func:`rankkit.spectrum`; ``precisions`` are float32, float16 or bfloat16. The
    matrix is rounded as it would be stored, before it is centred.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 3)) @ np.diag([1.0, 1e-3, 1e-9]) @ rng.standard_normal((3, 30))
    >>> [v.rank for v in visible_ranks(X)]
    [2, 2, 1]
    """
    if center not in CENTERINGS:
        raise InputError(f"center is {center!r}; wanted None, 'classes' or 'both'")
    for precision in precisions:
        if precision not in EPS or precision == "float64":
            raise InputError(f"precisions holds {precision!r}; wanted float32, float16 or bfloat16")
    X = Source.of(logits_or_matrix, f).dense_log_probs()
    values = linalg.svdvals(centred(X.copy(), center)[0], check_finite=False)
    found = []
    for precision in precisions:
        lost, _ = centred(_rounded(X, precision) - X, center)
        noise = float(linalg.svdvals(lost, check_finite=False)[0])
        found.append(Visible(precision, int(np.count_nonzero(values > noise)), noise))
    return found


def _rounded(X: FloatArray, precision: str) -> FloatArray:
    import ml_dtypes

    dtype = ml_dtypes.bfloat16 if precision == "bfloat16" else np.dtype(precision)
    with np.errstate(over="ignore"):
        out: FloatArray = X.astype(dtype).astype(np.float64)
    if not np.isfinite(out).all():
        raise InputError(
            f"precisions holds {precision!r}, in which the largest entry {np.abs(X).max():.3g} overflows"
        )
    return out
