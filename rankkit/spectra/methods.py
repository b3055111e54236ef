"""Three ways to singular values: LAPACK on the dense matrix, QR of thin factors, a streamed Gram matrix."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from rankkit import arrays
from rankkit.arrays import FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.spectra.source import Source

#: Multiplications above which "auto" streams a Gram matrix instead of a dense decomposition.
DENSE_WORK = 2e10


def choose(source: Source) -> str:
    """Return the most accurate method that the size allows."""
    contexts, classes = source.shape
    if source.linear:
        return "qr"
    dense = (
        contexts * classes * min(source.shape) <= DENSE_WORK and 8 * contexts * classes <= arrays.DENSE_LIMIT
    )
    return "dense" if dense else "gram"


def singular_values(source: Source, center: str | None, method: str) -> tuple[FloatArray, float]:
    """Return all min(contexts, classes) singular values, descending, and the size rounding is relative to."""
    if method == "qr" and not source.linear:
        raise InputError(
            "method='qr' works on logits or on their log-softmax, whose thin factors are known; use 'auto'"
        )
    ways = {"dense": _dense, "qr": _qr, "gram": _gram}
    if method not in ways:
        raise InputError(f"method is {method!r}; wanted 'auto', {', '.join(map(repr, ways))}")
    return ways[method](source, center)


def _dense(source: Source, center: str | None) -> tuple[FloatArray, float]:
    X = source.dense() if center is not None else source.dense_log_probs()
    unit = _power_of_two(np.abs(X).max())
    X /= unit
    X, removed = centred(X, center)
    values = linalg.svdvals(X, overwrite_a=True, check_finite=False)
    return values * unit, float((values[0] + removed) * unit)


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


def _qr(source: Source, center: str | None) -> tuple[FloatArray, float]:
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
    values = np.zeros(min(source.shape))
    found = linalg.svdvals(left @ right.T, check_finite=False)[: len(values)]
    values[: len(found)] = found
    with np.errstate(over="ignore"):
        values, scale = np.ldexp(values, top), float(np.ldexp(scale, top))
    if not np.isfinite(scale):
        raise InputError("The singular values exceed float64; scale H or W down")
    return values, scale


def _columns_near_one(X: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return X with every column divided by a power of two, and the exponents: nothing is rounded."""
    exponents = np.frexp(np.abs(X).max(axis=0))[1]
    return np.ldexp(X, -exponents), exponents


def _gram(source: Source, center: str | None) -> tuple[FloatArray, float]:
    contexts, classes = source.shape
    arrays.require_room("The Gram matrix", (min(source.shape), min(source.shape)))
    gram, removed, unit = (
        _gram_of_contexts(source, center) if contexts <= classes else _gram_of_classes(source, center)
    )
    if center == "both" and contexts <= classes:  # (C X)(C X)^T with C = I - 1 1^T / contexts
        means = gram.mean(axis=0)
        removed += float(np.sqrt(max(contexts * means.mean(), 0.0)))
        gram -= means + means[:, None] - means.mean()
    values = np.sqrt(np.maximum(linalg.eigvalsh(gram, overwrite_a=True, check_finite=False)[::-1], 0.0))
    return values * unit, float((values[0] + removed) * unit)


def _gram_of_contexts(source: Source, center: str | None) -> tuple[FloatArray, float, float]:
    """Return X X^T over blocks of classes, in units of the square of a power of two."""
    contexts, classes = source.shape
    gram, sums = np.zeros((contexts, contexts)), np.zeros(contexts)
    shift, unit = np.zeros(contexts), 0.0
    for cut in arrays.row_blocks(classes, 8 * contexts):
        block = source.columns(cut)
        grown = max(unit, _power_of_two(np.abs(block).max()))
        if unit == 0:
            shift = block.mean(axis=1) / grown  # near the row mean: what follows cancels little
        else:
            gram, sums, shift = gram * (unit / grown) ** 2, sums * (unit / grown), shift * (unit / grown)
        unit = grown
        block = block / unit - shift[:, None]
        gram += block @ block.T
        sums += block.sum(axis=1)
    # the wanted matrix is Y - t 1^T, where Y was accumulated
    if center is not None:
        t = sums / classes
    elif source.normalised:
        t = source.log_normaliser() / unit - shift
    else:
        t = -shift
    gram += classes * np.outer(t, t) - np.outer(sums, t) - np.outer(t, sums)
    removed = float(np.linalg.norm(shift + t)) * np.sqrt(classes) if center is not None else 0.0
    return gram, removed, unit


def _gram_of_classes(source: Source, center: str | None) -> tuple[FloatArray, float, float]:
    """Return X^T X over blocks of contexts, whose rows are whole and can be centred at once."""
    contexts, classes = source.shape
    gram, sums = np.zeros((classes, classes)), np.zeros(classes)
    removed, unit = 0.0, 0.0
    for cut in arrays.row_blocks(contexts, 8 * classes):
        block = source.rows(cut)
        grown = max(unit, _power_of_two(np.abs(block).max()))
        gram, sums, removed = gram * (unit / grown) ** 2, sums * (unit / grown), removed * (unit / grown) ** 2
        unit = grown
        block /= unit
        if center is not None:
            means = block.mean(axis=1, keepdims=True)
            block -= means
            removed += classes * float((means**2).sum())
        elif source.normalised:
            top = block.max(axis=1, keepdims=True)
            block -= top + np.log(np.exp((block - top) * unit).sum(axis=1, keepdims=True)) / unit
        gram += block.T @ block
        sums += block.sum(axis=0)
    removed = float(np.sqrt(removed))
    if center == "both":
        gram -= np.outer(sums, sums) / contexts
        removed += float(np.linalg.norm(sums)) / np.sqrt(contexts)
    return gram, removed, unit


def _power_of_two(size: float) -> float:
    """Return a power of two near ``size`` (1 for zero), so that scaling by it rounds nothing."""
    return 2.0 ** int(np.clip(np.frexp(size)[1], -1000, 1000)) if size > 0 else 1.0
