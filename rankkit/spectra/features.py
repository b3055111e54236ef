r"""Small width and a smooth function: the scores as a product of thin matrices, and what that leaves out.

On the range of the logits f is nearly a polynomial, :math:`f(z) \approx \sum_k m_k z^k`, and a power of an
inner product is an inner product of monomials, :math:`(h\cdot w)^k = \sum_{|\alpha|=k}
\frac{k!}{\alpha!} h^\alpha w^\alpha`. With r monomials the singular values of the N x M scores cost
:math:`(N+M) r^2`, and no score is ever made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import comb, factorial, inf, prod, sqrt

import numpy as np
from numpy.polynomial import chebyshev
from scipy import linalg

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.functions.base import PointwiseFunction
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Progress

#: Coefficients of a Chebyshev series that are computed; those of higher degree are taken to be 0.
SERIES = 4096

#: Most monomials, and the highest degree whose monomials still hold the digits of the series.
MONOMIALS, DEGREE = 2_500, 18

EPS = 2.0**-52


@dataclass(frozen=True)
class Plan:
    """A polynomial near f.

    Attributes
    ----------
    coefficients : numpy.ndarray (degree + 1,)
        Of powers of the logit over ``bound``.
    count : int
        Monomials that it takes.
    bound : float
        No logit is larger.
    entry_error : float
        Bound on what it leaves of an entry: the coefficients that are cut, and rounding.
    size : float
        Sum of all coefficients of the series: no entry is larger.
    """

    coefficients: FloatArray
    count: int
    bound: float
    entry_error: float
    size: float


def series(f: PointwiseFunction, largest: float) -> FloatArray | None:
    """Return the Chebyshev coefficients of f on [-largest, largest], or None where f is not finite there.

    >>> from rankkit.functions import SoftCap
    >>> (series(SoftCap(1.0), 0.5)[:4].round(4) + 0.0).tolist()
    [0.0, 0.4711, 0.0, -0.0092]
    """
    from scipy.fft import dct

    nodes = np.cos(np.pi * (np.arange(SERIES) + 0.5) / SERIES)
    with np.errstate(over="ignore", invalid="ignore"):
        values = f(largest * nodes)
    if not np.isfinite(values).all():
        return None
    coefficients: FloatArray = dct(values, type=2) / SERIES
    coefficients[0] /= 2
    return coefficients


def plan(source: Source) -> Plan | None:
    """Return the polynomial whose error is least among those of few monomials; None if there is none."""
    if source.logits is None or source.f is None:
        return None
    H, W = _augmented(source)
    width = H.shape[1]
    if comb(width + 2, 2) > MONOMIALS:
        return None
    with np.errstate(over="ignore"):
        bound = _longest(H) * _longest(W)
    found = series(source.f, bound) if bound < inf else None
    if found is None:
        return None
    sizes, best = np.abs(found), None
    for degree in range(1, DEGREE + 1):
        count = comb(width + degree, degree)
        if count > MONOMIALS:
            break
        powers: FloatArray = np.asarray(chebyshev.cheb2poly(found[: degree + 1]), dtype=np.float64)
        powers[np.abs(powers) < EPS * np.abs(powers).max()] = 0.0
        rounding = (4 * degree + 8) * EPS * float(np.abs(powers).sum())
        error = float(sizes[degree + 1 :].sum()) + rounding
        kept = sum(comb(width + k - 1, k) for k in np.flatnonzero(powers))
        if best is None or error < best.entry_error:
            best = Plan(powers, kept, bound, error, float(sizes.sum()))
    return best


def thin_factors(
    source: Source, by: Plan, center: str | None, progress: Progress | None = None
) -> tuple[FloatArray, FloatArray, float]:
    """Return small factors L, R with the singular values of the scores those of L R^T, and their size.

    The size is what rounding is relative to: the norms of columns before anything was centred.
    """
    H, W = _augmented(source)
    normaliser = source.log_normaliser() if center is None else None
    ones = None if normaliser is None else -np.ones(len(W))

    def told(done: int) -> None:
        if progress is not None:
            progress(done, 2 * (len(H) + len(W)))

    left, left_norms = _triangle(H, by, False, center == "both", normaliser, told)
    right, right_norms = _triangle(W, by, True, center is not None, ones, lambda n: told(2 * len(H) + n))
    return left, right, float(np.linalg.norm(left_norms * right_norms))


def _triangle(
    X: FloatArray,
    by: Plan,
    signed: bool,
    centred: bool,
    extra: FloatArray | None,
    told: Callable[[int], None],
) -> tuple[FloatArray, FloatArray]:
    """Return R of the QR decomposition of the features of X, and the norms of their columns.

    The rows are gone through twice, and ``told`` how many are done.
    """
    done = 0
    columns = by.count + (extra is not None)
    means, squares, R = np.zeros(columns), np.zeros(columns), np.zeros((0, columns))
    for block in _blocks(X, by, signed, extra):
        squares += (block**2).sum(axis=0)
        means += block.sum(axis=0) / len(X)
        done += len(block)
        told(done)
    for block in _blocks(X, by, signed, extra):
        stacked = np.vstack([R, block - means * centred])
        R = linalg.qr(stacked, mode="r", overwrite_a=True, check_finite=False)[0][:columns]
        done += len(block)
        told(done)
    return R, np.sqrt(squares)


def _blocks(X: FloatArray, by: Plan, signed: bool, extra: FloatArray | None) -> Iterator[FloatArray]:
    """Yield weighted monomials of some rows, of the degrees that the polynomial has, and ``extra``."""
    unit = _longest(X) or 1.0
    budget = max(2**25, 16 * by.count**2)  # small, but of twice as many rows as the triangle has
    for cut in arrays.row_blocks(len(X), 8 * (by.count + 1), budget):
        block = _monomials(X[cut] / unit, by.coefficients, signed)
        yield block if extra is None else np.column_stack([block, extra[cut]])


def _monomials(X: FloatArray, coefficients: FloatArray, signed: bool) -> FloatArray:
    """Return sqrt(|m_k| k! / alpha!) x^alpha for all alpha of degree k; with signs, that of m_k."""
    width, top = X.shape[1], len(coefficients) - 1
    layer = {(0,) * width: np.ones(len(X))}
    columns = []
    for k in range(top + 1):
        if k:
            layer = {
                (*a[:i], a[i] + 1, *a[i + 1 :]): x * X[:, i]
                for a, x in layer.items()
                for i in range(max((j for j in range(width) if a[j]), default=0), width)
            }
        m = float(coefficients[k])
        if m:
            weights = [sqrt(abs(m) * (factorial(k) // prod(map(factorial, a)))) for a in layer]
            sign = -1.0 if signed and m < 0 else 1.0
            columns += [sign * w * x for w, x in zip(weights, layer.values(), strict=True)]
    return np.column_stack(columns)


def _augmented(source: Source) -> tuple[FloatArray, FloatArray]:
    """Return contexts and classes such that logits are their products, bias included."""
    assert source.logits is not None
    H, W, b = arrays.widen(source.logits.H), arrays.widen(source.logits.head.W), source.logits.head.b
    if b is not None:
        H = np.column_stack([H, np.ones(len(H))])
        W = np.column_stack([W, arrays.widen(b)])
    return H, W


def _longest(X: FloatArray) -> float:
    return float(np.hypot.reduce(X, axis=1).max()) if X.shape[1] else 0.0
