r"""The leading singular values alone, in a block Krylov space of few random directions [musco2015]_.

Its values never exceed the singular value of the same index. Some singular value lies within
:math:`\|XX^\top u - \sigma^2 u\| / \sigma` of each, with u its vector: the residual says how near.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.spectra.krylov import Krylov
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Gauge, Progress, keeps

#: Least random directions, and the number of values wanted for each; of a matrix that every pass makes anew
#: there are more of them, for fewer passes.
LEAST, SHARE = {True: 16, False: 64}, {True: 3, False: 1}

#: Largest residual of a wanted value, relative to it, at which no more passes are made.
NEAR = 0.01

#: Most passes.
PASSES = 30


class Leading(NamedTuple):
    """The first singular values, how far the least certain may be from one, and what was taken off before."""

    values: FloatArray
    error: float
    removed: float


def leading(
    source: Source,
    center: str | None,
    k: int,
    floor: float,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Leading:
    """Go through the matrix until values above ``floor`` times the largest have small residuals."""
    gauge, n, kept = Gauge.of(source, center), min(source.shape), keeps(source.shape, np.float64)
    block_size = max(LEAST[kept], -(-k // SHARE[kept]))
    if 4 * max(k, block_size) > n:
        block_size = n  # one pass sees all
    space = Krylov(rng.standard_normal((n, block_size)))
    for done, blocks in enumerate(gauge.passes(source, np.float64), start=1):
        image = np.zeros_like(space.last)
        for block in blocks:
            image += block @ (block.T @ space.last)
        space.grow(image)
        if progress is not None:
            progress(done, PASSES)
        if done * block_size < k:
            continue
        found = space.ritz()
        values = np.sqrt(np.maximum(found.squares[:k], 0.0))
        sure = values > floor * values[0]  # the others are seen too little for a residual to mean something
        errors = found.residuals[:k][sure] / values[sure]
        full = (done + 1) * block_size > n
        if (errors <= NEAR * values[sure]).all() or full or done == PASSES:
            break
    return Leading(values / gauge.unit, float(errors.max(initial=0)) / gauge.unit, gauge.removed / gauge.unit)
