r"""Gram matrices of centred scores in one pass: the means are not known before, and are put right after.

Lines are shifted by the means of a few of them. If x_j are the lines, s their sum and L their number, then
:math:`\sum_j (x_j - s/L)(x_j - s/L)^\top = \sum_j x_j x_j^\top - s s^\top / L`, and after the shift s is so
small that nothing cancels. Means along a line are taken off at once.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Dtype, Gauge, Progress, power_of_two

#: Lines from which means and the largest score are guessed.
SAMPLE = 256

#: Columns of a Gram matrix that are added at a time.
STRIPE = 128

#: Sums of squares outside of this range are made again in a better unit.
RANGE = {np.float64: (1e-200, 1e200), np.float32: (1e-12, 1e25)}


def gram(
    source: Source, center: str | None, dtype: Dtype, progress: Progress | None = None
) -> tuple[Gauge, FloatArray]:
    """Return what was taken off, and the lower triangle of X X^T for the shorter side, in its unit.

    Products are made in ``dtype`` and summed in float64.
    """
    n = min(source.shape)
    arrays.require_room("The Gram matrix", (n, n))
    known = source.normalised and center is None
    gauge = Gauge.of(source, None) if known else _guess(source, center)
    found = _pass(source, center, gauge, dtype, progress)
    low, high = RANGE[dtype]
    top = float(found[1].diagonal().max())
    if not known and not low < top < high and top != 0:
        found = _pass(source, center, Gauge.of(source, center), dtype, progress)
    return found


def _guess(source: Source, center: str | None) -> Gauge:
    """Guess the means of all lines from some of them; those along a line need no guess."""
    contexts, classes = source.shape
    tall = contexts > classes
    rows, columns = np.zeros((contexts, 1)), np.zeros(classes)
    some = np.unique(np.linspace(0, max(source.shape) - 1, SAMPLE).astype(int))
    seen = source.picked(some, tall)
    unit = 1 / power_of_two(float(np.abs(seen).max()))
    if center is not None and not tall:
        rows = seen.mean(axis=1, keepdims=True)
    elif center == "both":
        columns = (seen - seen.mean(axis=1, keepdims=True)).mean(axis=0)
    return Gauge(rows, columns, unit)


def _pass(
    source: Source, center: str | None, gauge: Gauge, dtype: Dtype, progress: Progress | None
) -> tuple[Gauge, FloatArray]:
    tall = source.shape[0] > source.shape[1]
    inside, over = (center is not None, center == "both")[:: 1 if tall else -1]
    n, lines = sorted(source.shape)
    out, total, means = np.zeros((n, n), order="F"), np.zeros(n), []
    single = np.zeros((n, n), np.float32, order="F") if dtype == np.float32 else None
    with np.errstate(over="ignore", invalid="ignore"):
        for block in gauge.blocks(source, dtype, progress):
            if inside:  # each line less its own mean
                means.append(block.mean(axis=0))
                block -= means[-1]
            if over:
                total += block.sum(axis=1)
            out = _added(out, block, single)
        if over:
            out = blas.dsyr(-1 / lines, total, a=out, lower=1, overwrite_a=1)
    across = total / (lines * gauge.unit)
    along = np.concatenate(means) / gauge.unit if inside else np.zeros(lines)
    return _put_right(gauge, across, along, tall, inside), out


def _added(out: FloatArray, block: Array, single: Array | None) -> FloatArray:
    """Add block block^T to the lower triangle; a product in float32 is made in ``single`` first."""
    if single is None:
        return np.asarray(blas.dsyrk(1.0, block, beta=1.0, c=out, lower=1, overwrite_c=1))
    made = blas.ssyrk(1.0, block, beta=0.0, c=single, lower=1, overwrite_c=1)
    for at in range(0, len(out), STRIPE):  # stripe by stripe, nothing above the diagonal but a corner
        out[at:, at : at + STRIPE] += made[at:, at : at + STRIPE]
    return out


def _put_right(gauge: Gauge, across: FloatArray, along: FloatArray, tall: bool, inside: bool) -> Gauge:
    """Return the exact means, given those that were found after the guess was taken off."""
    rows, columns = gauge.rows[:, 0], gauge.columns
    if tall:
        if inside:
            rows = rows + along + columns.mean()
            columns = columns - columns.mean() + across
    else:
        exact = rows + across
        columns = columns + along + (rows.mean() - exact.mean()) * inside
        rows = exact
    return Gauge(rows[:, None], columns, gauge.unit)
