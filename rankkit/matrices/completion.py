"""How well a matrix of rank d can fit the observed entries, from both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.matrices.partial import PartialMatrix

#: Starts, rounds of alternating least squares from each, and the relative progress that ends them.
STARTS, ROUNDS, PROGRESS = 3, 300, 1e-9

#: Blocks that are looked for to bound the error from below.
BLOCKS = 64


@dataclass(frozen=True, eq=False)
class Completion:
    """The least Frobenius error on the observed entries, over all matrices of rank d.

    Attributes
    ----------
    lower : float
        No matrix of that rank does better: the singular values beyond d of blocks that were seen whole, which
        add up because the blocks share no entry (Eckart and Young). From float64 singular values, less what
        rounding can make of them.
    upper : float
        What the matrix ``left @ right.T`` reaches.
    left, right : numpy.ndarray (rows, r), (columns, r)
        Its factors; with a baseline the last column of ``right`` is ones.
    d : int
        The rank, not counting the baseline.
    norm : float
        The norm of the observed entries: the error of the zero matrix.
    """

    lower: float
    upper: float
    left: FloatArray
    right: FloatArray
    d: int
    norm: float

    def __post_init__(self) -> None:
        self.left.flags.writeable = False
        self.right.flags.writeable = False

    def __repr__(self) -> str:
        return (
            f"Completion of rank {self.d}: {self.lower:.4g} <= least error <= {self.upper:.4g}, "
            f"of a norm of {self.norm:.4g}"
        )


def completion_error(
    X: object, d: int, baseline: bool = False, seed: int | np.random.Generator = 0
) -> Completion:
    """Return bounds on the error that a matrix of rank d leaves on the observed entries of X.

    Parameters
    ----------
    X : array-like (rows, columns) with NaN for what is missing, masked array, or PartialMatrix
        Rewards, logits, ratings.
    d : int
        Rank of the model, its width.
    baseline : bool
        Whether the model adds a free number to every row, as a reward of the prefix does.
    seed : int or numpy.random.Generator
        Draws starting points; the best of a few is kept.

    Returns
    -------
    Completion
        ``lower`` and ``upper`` are equal, up to rounding, where all entries are observed.

    Examples
    --------
    The identity is what no narrow model can learn: rank d leaves the root of n - d.

    >>> completion_error(np.eye(9), d=5)
    Completion of rank 5: 2 <= least error <= 2, of a norm of 3
    """
    partial, rng = PartialMatrix.of(X), arrays.generator(seed)
    rank = arrays.count("d", d, least=0)
    if rank > min(partial.shape):
        raise InputError(f"d is {d}; wanted at most {min(partial.shape)}, the shorter side of X")
    unit = float(np.abs(partial.values).max()) or 1.0
    values, mask = partial.values / unit, partial.observed
    lower = np.sqrt(
        sum(_beyond(values[np.ix_(rows, cols)], rank, baseline) for rows, cols in _deeper(partial, rank, rng))
    )
    if mask.all():
        left, right = _truncated(values, rank, baseline)
    else:
        fits = (_fitted(values, mask, rank, baseline, start, rng) for start in range(STARTS))
        left, right = min(fits, key=lambda pair: _error(values, mask, *pair))
    return Completion(
        lower=float(lower) * unit,
        upper=_error(values, mask, left, right) * unit,
        left=left * unit,
        right=right,
        d=rank,
        norm=float(np.linalg.norm(values[mask])) * unit,
    )


def _deeper(partial: PartialMatrix, d: int, rng: np.random.Generator) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield blocks until they are no deeper than d: from there on rank d fits them."""
    for rows, cols in partial.blocks(rng, BLOCKS):
        if min(len(rows), len(cols)) <= d:
            return
        yield rows, cols


def _beyond(block: FloatArray, d: int, baseline: bool) -> float:
    """Return a lower bound on the squared error that rank d leaves on a whole block."""
    if baseline:
        block = block - block.mean(axis=1, keepdims=True)
    sigma = np.linalg.svd(block, compute_uv=False)
    rounding = max(block.shape) * np.finfo(float).eps * sigma[0]
    return float((np.maximum(sigma[d:] - rounding, 0.0) ** 2).sum())


def _truncated(values: FloatArray, d: int, baseline: bool) -> tuple[FloatArray, FloatArray]:
    means = values.mean(axis=1, keepdims=True) if baseline else np.zeros((len(values), 0))
    left, sigma, right = np.linalg.svd(values - means if baseline else values, full_matrices=False)
    ones = np.ones((values.shape[1], means.shape[1]))
    return np.hstack([left[:, :d] * sigma[:d], means]), np.hstack([right[:d].T, ones])


def _fitted(
    values: FloatArray, mask: Array, d: int, baseline: bool, start: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Alternate least squares: from the singular vectors of what is observed, then from random ones."""
    weights = mask.astype(np.float64)
    right = _truncated(values, d, baseline)[1] if start == 0 else rng.standard_normal((values.shape[1], d))
    if baseline and start:
        right = np.hstack([right, np.ones((len(right), 1))])
    before = np.inf
    for _ in range(ROUNDS):
        left = _solve(values, weights, right)
        free = values - np.outer(left[:, -1], np.ones(len(right))) * weights if baseline else values
        fixed = _solve(free.T, weights.T, left[:, :d])
        right = np.hstack([fixed, right[:, d:]])
        error = _error(values, mask, left, right)
        if error >= (1 - PROGRESS) * before:
            break
        before = error
    return left, right


def _solve(values: FloatArray, weights: FloatArray, basis: FloatArray) -> FloatArray:
    """Return, for every row, the coefficients in ``basis`` that fit its observed entries best."""
    r = basis.shape[1]
    if r == 0:
        return np.zeros((len(values), 0))
    pairs = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), r * r)
    normal = (weights @ pairs).reshape(len(values), r, r)
    normal += 1e-12 * max(float(np.abs(normal).max()), 1e-300) * np.eye(r)
    solved = np.linalg.solve(normal, ((weights * values) @ basis)[:, :, None])[:, :, 0]
    return np.asarray(solved, dtype=np.float64)


def _error(values: FloatArray, mask: Array, left: FloatArray, right: FloatArray) -> float:
    return float(np.linalg.norm((values - left @ right.T)[mask]))
