"""Which way to singular values: by what is asked, by the size, and by how smooth the function is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rankkit import arrays
from rankkit.errors import InputError
from rankkit.spectra.features import Plan, plan
from rankkit.spectra.rules import EPS
from rankkit.spectra.source import Source, centred, log_sum_exp
from rankkit.spectra.tiles import Progress, keeps

#: Multiplications above which "auto" streams a Gram matrix instead of a dense decomposition.
DENSE_WORK = 2e10

#: Multiple of the largest singular value down to which the first of two Gram matrices is trusted.
SPLIT = 1e-4

#: Multiple of the largest singular value down to which "auto" wants to see where nothing else is said.
FEATURES_REACH = 1e-7

#: Contexts and classes of a sample that tells how large the scores are.
SAMPLE = 200

#: Size over number of values from which "auto" looks for these alone, by whether the matrix is kept.
FEW = {True: 20, False: 80}


@dataclass(frozen=True)
class Task:
    """Of what singular values are wanted: all of them, or the first ``k``."""

    source: Source
    center: str | None
    k: int | None = None
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    progress: Progress | None = None

    @cached_property
    def near(self) -> Plan | None:
        """A polynomial near the function, where there is one of few monomials."""
        return plan(self.source)

    def tell(self, done: int, of: int) -> None:
        if self.progress is not None:
            self.progress(done, of)


def choose(task: Task, reach: float | None) -> str:
    """Return the most accurate method that the size allows, or the fastest that reaches far enough."""
    source, (contexts, classes) = task.source, task.source.shape
    if source.linear:
        return "qr"
    least = min(source.shape)
    if contexts * classes * least <= DENSE_WORK and 8 * contexts * classes <= arrays.DENSE_LIMIT:
        return "dense"
    if task.near is not None and _near_enough(task, task.near, reach or FEATURES_REACH):
        return "features"
    floor = gram_floor(source.shape)
    fits = 8 * least**2 <= arrays.DENSE_LIMIT
    few = task.k is not None and (not fits or FEW[keeps(source.shape, np.float64)] * task.k <= least)
    if few and (reach is None or reach >= floor):
        return "subspace"
    if not fits:
        raise InputError(
            f"Neither the {contexts:,} x {classes:,} matrix nor its Gram matrix fits the limit of "
            f"{arrays.DENSE_LIMIT / 2**30:.1f} GiB; method='lanczos' estimates effective ranks in less, "
            "k leading values take less too, or take fewer contexts"
        )
    if reach is None or reach >= floor:
        return "gram"
    return "two-level" if reach >= SPLIT * floor else "tsqr"


def _near_enough(task: Task, near: Plan, reach: float) -> bool:
    """Whether what a polynomial leaves stays below ``reach`` times the largest singular value.

    As a sample of the scores shows it, in the mean of an entry: sigma_1 / sqrt(N M) is about the same in it.
    """
    X = task.source.sample(SAMPLE)
    if task.center is None and task.source.normalised:
        X -= log_sum_exp(X)[:, None]
    X, _ = centred(X, task.center)
    return bool(near.entry_error <= reach * np.linalg.norm(X, 2) / np.sqrt(X.size))


def gram_floor(shape: tuple[int, int]) -> float:
    """Return the root of max(N, M) eps: X X^T is good to max(N, M) eps sigma_1^2, sigma only to its root."""
    return float(np.sqrt(max(shape) * EPS["float64"]))
