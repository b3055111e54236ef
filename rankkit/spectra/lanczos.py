r"""Effective ranks of matrices too large for a Gram matrix: block Lanczos, deflated by what has converged.

From a few dozen random signs a block Krylov space of :math:`XX^\top` grows by one pass over X a step. Its
Ritz values are the nodes of a quadrature for traces :math:`\sum_k \varphi(\sigma_k)` [ubaru2017]_. The
leading ones that have converged are eigenvalues and count once each; only the others are weighted by the
probes, whose random error the large ones would otherwise make.
"""

from __future__ import annotations

import numpy as np

from rankkit.errors import InputError
from rankkit.spectra.estimate import Quadrature, SpectrumEstimate
from rankkit.spectra.krylov import Krylov
from rankkit.spectra.rules import EPS, tolerance
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Gauge, Progress, keeps

#: Least and most random starting vectors, and the most steps that are made.
PROBES, MOST, STEPS = 32, 128, 32

#: Relative change of the effective rank over the last third of the steps below which no more are made.
CHANGE = 0.008

#: Residual, in gaps to the next Ritz value, below which a Ritz value counts as converged.
RESIDUAL = 0.05


def estimate(
    source: Source,
    center: str | None,
    precision: str | None,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> SpectrumEstimate:
    """Return the spectrum of the Krylov space as soon as its effective rank moves no more."""
    n = min(source.shape)
    if n < 8 * PROBES:
        raise InputError(
            f"method='lanczos' is for matrices of at least {8 * PROBES} rows and columns, this one is "
            f"{source.shape[0]:,} x {source.shape[1]:,}; use 'auto'"
        )
    gauge, probes = Gauge.of(source, center), _probes(source)

    def seen(rules: list[Quadrature]) -> SpectrumEstimate:
        return SpectrumEstimate(
            shape=source.shape,
            center=center,
            precision=precision or source.precision,
            quadrature=rules[-1],
            coarser=rules[2 * len(rules) // 3 - 1],
            passes=len(rules) + 1,
            unit=1 / gauge.unit,
            noise_floor=tolerance(
                "press", source.shape, EPS["float32"], (rules[-1].nodes[0] + gauge.removed) / gauge.unit
            ),
        )

    rules: list[Quadrature] = []
    space = Krylov(rng.choice([-1.0, 1.0], (n, probes)))
    for blocks in gauge.passes(source, np.float32):
        image = np.zeros((n, probes))
        last = space.last.astype(np.float32)
        for block in blocks:
            image += block @ (block.T @ last)
        space.grow(image)
        rules.append(_quadrature(space))
        if progress is not None:
            progress(len(rules), STEPS)
        if len(rules) < 9:
            continue
        found = seen(rules)
        settled = found.change("roy-vetterli") <= CHANGE * found.effective_rank("roy-vetterli")
        if settled or len(rules) == STEPS or (len(rules) + 1) * probes > n:
            break
    return found


def _probes(source: Source) -> int:
    """Return how many starting vectors pay: more need fewer passes, each of which makes all logits."""
    width = 0 if source.logits is None else source.logits.head.d
    if keeps(source.shape, np.float32):  # they are made only once
        return PROBES
    wanted = min(MOST, max(PROBES, 2 ** round(np.log2(max(1, width / 4)))))
    return max(PROBES, min(wanted, min(source.shape) // 16))


def _quadrature(space: Krylov) -> Quadrature:
    found = space.ritz()
    gaps = np.abs(np.diff(found.squares, prepend=np.inf, append=np.inf))
    sure = found.residuals < RESIDUAL * np.minimum(gaps[1:], gaps[:-1])
    return Quadrature(
        nodes=np.sqrt(np.maximum(found.squares, 0.0)),
        weights=(space.start.T @ found.vectors[: len(space.start.T)]) ** 2,
        converged=int(np.argmin(np.append(sure, False))),
        n=len(space.basis),
    )
