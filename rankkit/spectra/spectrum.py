"""spectrum: singular values of a matrix, or of what a function and the softmax make of logits."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np

from rankkit import arrays
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction
from rankkit.heads.head import LowRankLogits
from rankkit.spectra import choice, methods
from rankkit.spectra.estimate import SpectrumEstimate
from rankkit.spectra.lanczos import estimate
from rankkit.spectra.rules import EPS
from rankkit.spectra.source import CENTERINGS, Source
from rankkit.spectra.tiles import Progress
from rankkit.spectra.values import Spectrum


@overload
def spectrum(  # type: ignore[overload-overlap]  # a str that is only known later means one of the others
    logits_or_matrix: LowRankLogits | object,
    f: PointwiseFunction | None = None,
    center: str | None = None,
    k: int | None = None,
    *,
    method: Literal["lanczos"],
    precision: str | None = None,
    reach: float | None = None,
    seed: int | np.random.Generator = 0,
    progress: Progress | None = None,
) -> SpectrumEstimate: ...


@overload
def spectrum(
    logits_or_matrix: LowRankLogits | object,
    f: PointwiseFunction | None = None,
    center: str | None = None,
    k: int | None = None,
    method: str = "auto",
    precision: str | None = None,
    reach: float | None = None,
    seed: int | np.random.Generator = 0,
    progress: Progress | None = None,
) -> Spectrum: ...


def spectrum(
    logits_or_matrix: LowRankLogits | object,
    f: PointwiseFunction | None = None,
    center: str | None = None,
    k: int | None = None,
    method: str = "auto",
    precision: str | None = None,
    reach: float | None = None,
    seed: int | np.random.Generator = 0,
    progress: Progress | None = None,
) -> Spectrum | SpectrumEstimate:
    r"""Return the singular values of logits, of log-probabilities, or of any matrix.

    Parameters
    ----------
    logits_or_matrix : LowRankLogits or array-like (contexts, classes)
        A plain matrix is taken as it is.
    f : PointwiseFunction, optional
        With logits: take :math:`\log\mathrm{softmax}(f(HW^\top + b))` instead of the logits themselves.
    center : None, "classes" or "both"
        "classes" removes every row's mean. The log-normaliser goes with it: centred scores and centred
        log-probabilities are one matrix. "both" removes column means as well.
    k : int, optional
        Keep only the ``k`` largest values.
    method : str
        "auto" takes the first of qr, dense, features, subspace, gram that applies, fits and is near enough;
        two-level or tsqr in place of gram where ``reach`` needs it.

        * "qr" works on the thin factors of logits and their log-softmax and forms nothing of full size;
        * "dense" is LAPACK on the whole matrix;
        * "features" works on monomials of contexts and classes where the width is small and f smooth: the
          cost does not know the product of the sizes, and the polynomial's error bounds what is seen;
        * "gram" streams blocks into a Gram matrix and sees nothing below the root of epsilon;
          "gram-float32" is twice as fast and sees down to a few thousandths;
        * "two-level" takes the large directions out and streams once more: about eleven digits;
        * "tsqr" streams blocks into a QR decomposition, as accurate as dense, for several times the work;
        * "subspace" finds the ``k`` largest values alone, in a few passes and without a matrix of full size;
          none is too large, and how far they may be from singular values is in the noise floor. "auto" takes
          it for large matrices where ``k`` is a twentieth of the shorter side at most, or an eightieth where
          the matrix takes more than 0.8 GB and is made anew in every pass, or where no Gram matrix fits;
        * "lanczos" estimates effective ranks of matrices too large for all of these, to about one in a
          hundred, from one or two dozen passes, and returns a :class:`SpectrumEstimate`.
    precision : str, optional
        The dtype that the entries were rounded to: that of a plain matrix, float64 for logits (whose factors
        are exact). Pass "float64" for a float32 matrix whose numbers are meant exactly, such as weights.
    reach : float, optional
        How far down "auto" must see, as a multiple of the largest singular value.
    seed : int or numpy.random.Generator
        Draws the probes of "lanczos" and the first directions of "subspace".
    progress : callable, optional
        Called with how much is done, and of how much: lines of a streamed pass, rows of features, steps of
        "dense", or for "subspace" and "lanczos" passes, of the most that are made.

    Returns
    -------
    Spectrum, or SpectrumEstimate for method="lanczos"

    Raises
    ------
    InputError
        NaN or infinity, an unknown option, ``f`` with a plain matrix, or a method that does not apply.

    Examples
    --------
    >>> from rankkit.heads import Head
    >>> from rankkit.functions import Identity
    >>> rng = np.random.default_rng(0)
    >>> logits = Head(rng.standard_normal((30, 3))).logits(rng.standard_normal((20, 3)))
    >>> spectrum(logits).numerical_rank(), spectrum(logits, Identity()).numerical_rank()
    (3, 4)
    >>> spectrum(logits, Identity(), center="classes").numerical_rank()
    3
    """
    if center not in CENTERINGS:
        raise InputError(f"center is {center!r}; wanted None, 'classes' or 'both'")
    if precision is not None and precision not in EPS:
        raise InputError(f"precision is {precision!r}; wanted one of {', '.join(EPS)}")
    source = Source.of(logits_or_matrix, f)
    if k is not None and not 1 <= k <= min(source.shape):
        raise InputError(
            f"k is {k}; wanted 1 to {min(source.shape)} for a {source.shape[0]} x {source.shape[1]} matrix"
        )
    if reach is not None and not (method == "auto" and 0 < reach < 1):
        raise InputError(
            f"reach is {reach} with method={method!r}; wanted 0 to 1, and 'auto' to choose by it"
        )
    if method == "lanczos":
        if k is not None:
            raise InputError("method='lanczos' estimates the whole spectrum and takes no k")
        return estimate(source, center, precision, arrays.generator(seed), progress)
    task = choice.Task(source, center, k, arrays.generator(seed), progress)
    method = choice.choose(task, reach) if method == "auto" else method
    found = methods.singular_values(task, method)
    return Spectrum(
        found.values[:k],
        source.shape,
        center,
        method,
        precision or source.precision,
        found.scale,
        found.error,
    )
