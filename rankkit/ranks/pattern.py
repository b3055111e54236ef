"""Pattern rank: the largest rank that an increasing function can give to the entries of a matrix."""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.errors import InputError
from rankkit.functions import RationalQuadratic
from rankkit.heads import Head
from rankkit.ranks.bounds import rank_bounds
from rankkit.ranks.report import RankReport

#: Largest number of distinct entries that are told apart.
DISTINCT = 100_000


def pattern_rank(matrix: object, seed: int | np.random.Generator = 0) -> RankReport:
    r"""Return the rank of f(A) for an increasing f drawn at random, which almost surely is the largest.

    It depends only on which entries of A are equal. Every minor of f(A) is a polynomial in the values that f
    takes; one that does not vanish at the drawn values vanishes for almost no increasing f. So ``lower`` is
    proved to be reached, with a minor that :func:`rankkit.check` decides; that no f does better is certain
    where ``lower == upper``, else it holds but for coincidences modulo a prime near :math:`2^{31}`.

    Parameters
    ----------
    matrix : array-like (rows, columns)
        A.
    seed : int or numpy.random.Generator
        Draws the values of f.

    Returns
    -------
    RankReport
        Of the scores f(A); certificates are about ``Head(numpy.eye(columns)).logits(A)``.

    Raises
    ------
    InputError
        More than 100,000 distinct entries.

    Examples
    --------
    >>> i = np.arange(8.0)
    >>> [pattern_rank(A).lower for A in (i[:, None] - i, np.outer(i + 1, i + 1), np.ones((8, 8)))]
    [8, 8, 1]
    """
    A = arrays.widen(arrays.matrix("matrix", matrix))
    values = np.unique(A + 0.0)
    if len(values) > DISTINCT:
        raise InputError(f"matrix has {len(values):,} distinct entries; wanted {DISTINCT:,} at most")
    rng = arrays.generator(seed)
    knots = values.tolist() if len(values) > 1 else [float(values[0]), 2 * abs(float(values[0])) + 1]
    heights = np.cumsum(rng.integers(1, 2**30, len(knots))).astype(np.float64) * 2.0**-30
    f = RationalQuadratic(np.array(knots), heights, np.ones(len(knots)))
    return rank_bounds(Head(np.eye(A.shape[1])).logits(A), f, "scores", max_minor=min(A.shape), seed=rng)
