"""Ways to singular values: LAPACK on the dense matrix, QR of thin factors, streamed Gram matrices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.spectra.choice import SPLIT, Task, gram_floor
from rankkit.spectra.features import thin_factors
from rankkit.spectra.gram import gram
from rankkit.spectra.source import centred
from rankkit.spectra.subspace import leading
from rankkit.spectra.tiles import Gauge, power_of_two

#: Size from which products in float32 are decomposed in float32: below, it saves nothing.
FLOAT32_EIGEN = 500


class Found(NamedTuple):
    """Singular values, descending, and how good they are.

    ``scale`` is the size that rounding is relative to, ``error`` bounds what else they may be off by.
    """

    values: FloatArray
    scale: float
    error: float = 0.0


def singular_values(task: Task, method: str) -> Found:
    """Return the singular values by a method that the caller names."""
    if method == "qr" and not task.source.linear:
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
        "subspace": _subspace,
    }
    if method not in ways:
        raise InputError(f"method is {method!r}; wanted 'auto', {', '.join(map(repr, ways))}, 'lanczos'")
    with np.errstate(over="ignore"):
        found = ways[method](task)
    if not np.isfinite(found.scale):
        raise InputError("The singular values exceed float64; scale the matrix, H or W down")
    return found


def _dense(task: Task) -> Found:
    X = task.source.dense() if task.center is not None else task.source.dense_log_probs()
    task.tell(1, 2)
    unit = power_of_two(np.abs(X).max())
    X /= unit
    X, removed = centred(X, task.center)
    values = linalg.svdvals(X, overwrite_a=True, check_finite=False)
    task.tell(2, 2)
    return Found(values * unit, float((values[0] + removed) * unit))


def _qr(task: Task) -> Found:
    source, center = task.source, task.center
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


def _gram(task: Task) -> Found:
    gauge, squares = gram(task.source, task.center, np.float64, task.progress)
    return _roots(linalg.eigvalsh(squares, lower=True, overwrite_a=True, check_finite=False), gauge)


def _gram_float32(task: Task) -> Found:
    gauge, squares = gram(task.source, task.center, np.float32, task.progress)
    squares = squares.astype(np.float32 if len(squares) > FLOAT32_EIGEN else np.float64, order="F")
    return _roots(linalg.eigvalsh(squares, lower=True, overwrite_a=True, check_finite=False), gauge)


def _two_level(task: Task) -> Found:
    """Take the directions above SPLIT out of the matrix, and see the others as well as it then allows."""
    gauge, products = gram(task.source, task.center, np.float64, task.progress)
    alone = linalg.eigvalsh(products, lower=True, check_finite=False)
    if alone[0] > SPLIT**2 * alone[-1]:  # nothing lies below: the first level sees all
        return _roots(alone, gauge)
    squares, vectors = linalg.eigh(products, lower=True, overwrite_a=True, check_finite=False)
    large = squares > SPLIT**2 * squares[-1]
    del products
    below = np.zeros((len(squares), len(squares)))
    leading = vectors[:, large]
    for block in gauge.blocks(task.source, np.float64, task.progress):
        block -= leading @ (leading.T @ block)
        below += block @ block.T
    rest = linalg.eigvalsh(below, overwrite_a=True, check_finite=False)[leading.shape[1] :]
    return _roots(np.concatenate([np.minimum(rest, SPLIT**2 * squares[-1]), squares[large]]), gauge)


def _roots(squares: Array, gauge: Gauge) -> Found:
    values = np.sqrt(np.maximum(arrays.widen(squares[::-1]), 0.0)) / gauge.unit
    return Found(values, float(values[0] + gauge.removed / gauge.unit))


def _tsqr(task: Task) -> Found:
    """Add lines to a triangle that has the singular values of all lines so far."""
    gauge, n = Gauge.of(task.source, task.center), min(task.source.shape)
    R = np.zeros((0, n))
    for block in gauge.blocks(task.source, np.float64, task.progress, lines=2 * n):
        R = linalg.qr(np.vstack([R, block.T]), mode="r", overwrite_a=True, check_finite=False)[0][:n]
    values = linalg.svdvals(R, overwrite_a=True, check_finite=False) / gauge.unit
    return Found(values, float(values[0] + gauge.removed / gauge.unit))


def _features(task: Task) -> Found:
    if task.near is None:
        raise InputError(
            "method='features' needs logits of small width and a function that is finite on their range; "
            "use 'auto'"
        )
    left, right, scale = thin_factors(task.source, task.near, task.center, task.progress)
    values = _of_product(left, right, task.source.shape)
    return Found(
        values, scale, float(np.sqrt(np.prod(task.source.shape, dtype=float))) * task.near.entry_error
    )


def _subspace(task: Task) -> Found:
    if task.k is None:
        raise InputError("method='subspace' finds the k largest values; say how many, as in k=100")
    floor = gram_floor(task.source.shape)
    found = leading(task.source, task.center, task.k, floor, task.rng, task.progress)
    return Found(found.values, float(found.values[0] + found.removed), found.error)
