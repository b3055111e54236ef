"""Ways to all singular values: LAPACK on the dense matrix, QR of thin factors, streamed Gram matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.spectra.features import plan, thin_factors
from rankkit.spectra.gram import gram
from rankkit.spectra.rules import EPS
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Gauge, Progress, power_of_two

#: Multiplications above which "auto" streams a Gram matrix instead of a dense decomposition.
DENSE_WORK = 2e10

#: Multiple of the largest singular value down to which the first of two Gram matrices is trusted.
SPLIT = 1e-4

#: Multiple of the largest singular value down to which "auto" wants to see where nothing else is said.
FEATURES_REACH = 1e-7

#: Size from which products in float32 are decomposed in float32: below, it saves nothing.
FLOAT32_EIGEN = 500


def choose(source: Source, reach: float | None) -> str:
    """Return the most accurate method that the size allows, or the fastest that reaches far enough."""
    contexts, classes = source.shape
    if source.linear:
        return "qr"
    dense = (
        contexts * classes * min(source.shape) <= DENSE_WORK and 8 * contexts * classes <= arrays.DENSE_LIMIT
    )
    if dense:
        return "dense"
    near = plan(source)
    if near is not None and near.entry_error <= (reach or FEATURES_REACH) / 100 * near.size:
        return "features"
    least = min(source.shape)
    if 8 * least**2 > arrays.DENSE_LIMIT:
        raise InputError(
            f"Neither the {contexts:,} x {classes:,} matrix nor its Gram matrix fits the limit of "
            f"{arrays.DENSE_LIMIT / 2**30:.1f} GiB; method='lanczos' estimates effective ranks in less, or "
            "take fewer contexts"
        )
    floor = gram_floor(source.shape)
    if reach is None or reach >= floor:
        return "gram"
    return "two-level" if reach >= SPLIT * floor else "tsqr"


def gram_floor(shape: tuple[int, int]) -> float:
    """Return the root of max(N, M) eps: X X^T is good to max(N, M) eps sigma_1^2, sigma only to its root."""
    return float(np.sqrt(max(shape) * EPS["float64"]))


class Found(NamedTuple):
    """All min(contexts, classes) singular values, descending, and how good they are.

    ``scale`` is the size that rounding is relative to, ``error`` a bound on what was left out besides.
    """

    values: FloatArray
    scale: float
    error: float = 0.0


def singular_values(
    source: Source, center: str | None, method: str, progress: Progress | None = None
) -> Found:
    """Return the singular values by a method that the caller names."""
    if method == "qr" and not source.linear:
        raise InputError(
            "method='qr' works on logits or on their log-softmax, whose thin factors are known; use 'auto'"
        )
    ways = {
        "dense": _dense,
        "qr": _qr,
        "gram": _gram,
        "gram-float32": _gram_float32,
        "two-level": _two_level,
        "tsqr": _tsqr,
        "features": _features,
    }
    if method not in ways:
        raise InputError(f"method is {method!r}; wanted 'auto', {', '.join(map(repr, ways))}, 'lanczos'")
    with np.errstate(over="ignore"):
        found = ways[method](source, center, progress)
    if not np.isfinite(found.scale):
        raise InputError("The singular values exceed float64; scale the matrix, H or W down")
    return found


def _dense(source: Source, center: str | None, progress: Progress | None) -> Found:
    X = source.dense() if center is not None else source.dense_log_probs()
    unit = power_of_two(np.abs(X).max())
    X /= unit
    X, removed = centred(X, center)
    values = linalg.svdvals(X, overwrite_a=True, check_finite=False)
    return Found(values * unit, float((values[0] + removed) * unit))


def centred(X: FloatArray, center: str | None) -> tuple[FloatArray, float]:
    """Remove row means, or row and column means, in place; return X and how large a norm was removed."""
    removed = 0.0
    if center is not None:
        means = X.mean(axis=1, keepdims=True)
        X -= means
        removed += float(np.linalg.norm(means)) * np.sqrt(X.shape[1])
    if center == "both":
        means = X.mean(axis=0)
        X -= means
        removed += float(np.linalg.norm(means)) * np.sqrt(X.shape[0])
    return X, removed


def _qr(source: Source, center: str | None, progress: Progress | None) -> Found:
    factors, exponents = zip(*map(_columns_near_one, source.factors(center)), strict=True)
    weights = np.add(*exponents)
    top = int(weights.max())
    G, V = factors[0] * np.ldexp(1.0, weights - top), factors[1]
    # QR is stable column by column, so the rounding of G V^T is that of the sum of its outer products
    scale = float(np.linalg.norm(np.linalg.norm(G, axis=0) * np.linalg.norm(V, axis=0)))
    if center is not None:
        V = V - V.mean(axis=0)
    if center == "both":
        G = G - G.mean(axis=0)
    left, right = (linalg.qr(X, mode="r", check_finite=False)[0][: X.shape[1]] for X in (G, V))
    values = _of_product(left, right, source.shape)
    return Found(np.ldexp(values, top), float(np.ldexp(scale, top)))


def _columns_near_one(X: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return X with every column divided by a power of two, and the exponents: nothing is rounded."""
    exponents = np.frexp(np.abs(X).max(axis=0))[1]
    return np.ldexp(X, -exponents), exponents


def _of_product(left: FloatArray, right: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Return the singular values of left right^T, as those of a matrix of that shape: the others are 0."""
    values = np.zeros(min(shape))
    found = linalg.svdvals(left @ right.T, check_finite=False)[: len(values)]
    values[: len(found)] = found
    return values


def _gram(source: Source, center: str | None, progress: Progress | None) -> Found:
    gauge, squares = gram(source, center, np.float64, progress)
    return _roots(linalg.eigvalsh(squares, lower=True, overwrite_a=True, check_finite=False), gauge)


def _gram_float32(source: Source, center: str | None, progress: Progress | None) -> Found:
    gauge, squares = gram(source, center, np.float32, progress)
    squares = squares.astype(np.float32 if len(squares) > FLOAT32_EIGEN else np.float64, order="F")
    return _roots(linalg.eigvalsh(squares, lower=True, overwrite_a=True, check_finite=False), gauge)


def _two_level(source: Source, center: str | None, progress: Progress | None) -> Found:
    """Take the directions above SPLIT out of the matrix, and see the others as well as it then allows."""
    gauge, products = gram(source, center, np.float64, progress)
    alone = linalg.eigvalsh(products, lower=True, check_finite=False)
    if alone[0] > SPLIT**2 * alone[-1]:  # nothing lies below: the first level sees all
        return _roots(alone, gauge)
    squares, vectors = linalg.eigh(products, lower=True, overwrite_a=True, check_finite=False)
    large = squares > SPLIT**2 * squares[-1]
    del products
    below = np.zeros((len(squares), len(squares)))
    leading = vectors[:, large]
    for block in gauge.blocks(source, np.float64, progress):
        block -= leading @ (leading.T @ block)
        below += block @ block.T
    rest = linalg.eigvalsh(below, overwrite_a=True, check_finite=False)[leading.shape[1] :]
    return _roots(np.concatenate([np.minimum(rest, SPLIT**2 * squares[-1]), squares[large]]), gauge)


def _roots(squares: Array, gauge: Gauge) -> Found:
    values = np.sqrt(np.maximum(arrays.widen(squares[::-1]), 0.0)) / gauge.unit
    return Found(values, float(values[0] + gauge.removed / gauge.unit))


def _tsqr(source: Source, center: str | None, progress: Progress | None) -> Found:
    """Add lines to a triangle that has the singular values of all lines so far."""
    gauge, n = Gauge.of(source, center), min(source.shape)
    R = np.zeros((0, n))
    for block in gauge.blocks(source, np.float64, progress, lines=2 * n):
        R = linalg.qr(np.vstack([R, block.T]), mode="r", overwrite_a=True, check_finite=False)[0][:n]
    values = linalg.svdvals(R, overwrite_a=True, check_finite=False) / gauge.unit
    return Found(values, float(values[0] + gauge.removed / gauge.unit))


def _features(source: Source, center: str | None, progress: Progress | None) -> Found:
    near = plan(source)
    if near is None:
        raise InputError(
            "method='features' needs logits of small width and a function that is finite on their range; "
            "use 'auto'"
        )
    left, right, scale = thin_factors(source, near, center)
    values = _of_product(left, right, source.shape)
    return Found(values, scale, float(np.sqrt(np.prod(source.shape, dtype=float))) * near.entry_error)
