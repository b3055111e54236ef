"""Ask the library everything the page shows, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rankkit import threads
from rankkit.errors import InputError
from rankkit.report.contexts import Used, use

if TYPE_CHECKING:
    from rankkit.heads import Head
    from rankkit.ranks import RankGain, RankReport
    from rankkit.reach import ArgmaxReport
    from rankkit.spectra import Spectrum

#: Called with a stage and the fraction of the whole that is done.
Show = Callable[[str, float], None]

#: The stages in order, with the share of the time that each takes on a head of some thousand classes.
STAGES = {
    "rank of W": 0.05,
    "rank ladder": 0.3,
    "spectra": 0.05,
    "classes that can never win": 0.3,
    "rank gain": 0.28,
    "page": 0.02,
}

#: Largest minor that is tried for the ranks of tables of logits, which take ball arithmetic.
MINOR = 200

#: The rungs of the ladder, as subjects of :func:`rankkit.rank_bounds`.
LADDER = ("scores", "log_probs", "centred")


@dataclass(frozen=True, eq=False)
class Study:
    """Everything known about one head: what the page, its JSON and the terminal summary all show."""

    head: Head
    contexts: Used
    weights: RankReport
    ladder: tuple[RankReport, ...]
    weights_spectrum: Spectrum
    centred_spectrum: Spectrum
    argmax: ArgmaxReport
    gain: RankGain
    seed: int
    seconds: Mapping[str, float]


def study(head: Head, contexts: object | None = None, progress: Show | None = None, seed: int = 0) -> Study:
    """Compute everything a report needs.

    Parameters
    ----------
    head : Head
        The output layer.
    contexts : array-like (contexts, d) or Contexts, optional
        States to look at; drawn by default. :func:`rankkit.datasets.contexts` gives real ones.
    progress : callable, optional
        Called with ``(stage, fraction of the whole)``.
    seed : int
        Seed of everything that is drawn.

    Returns
    -------
    Study

    Raises
    ------
    InputError, TypeError
        ``head`` is no head, or the contexts do not fit it.
    """
    from rankkit.heads import Head
    from rankkit.ranks import rank_bounds, rank_gain
    from rankkit.reach import argmaxable
    from rankkit.spectra import spectrum

    if not isinstance(head, Head):
        raise TypeError(
            f"head is {type(head).__name__}; wanted a Head, as made by Head(W, b) or load_head(path)"
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is {seed!r}; wanted an integer >= 0, so that the page can name it")
    used = use(head, contexts, seed)
    logits = head.logits(used.H)
    clock = Clock(progress)
    with threads.suited_to(head.W.size):
        with clock("rank of W"):
            weights = rank_bounds(head, max_minor=max(MINOR, head.d), seed=seed)
        with clock("rank ladder"):
            ladder = []
            for done, subject in enumerate(LADDER):
                clock.within(done, len(LADDER))
                ladder.append(rank_bounds(logits, subject=subject, max_minor=MINOR, seed=seed))
        with clock("spectra"):
            weights_spectrum = spectrum(head.W, precision="float64")
            centred_spectrum = spectrum(logits, center="classes")
        with clock("classes that can never win"):
            argmax = argmaxable(head, progress=clock.within)
        with clock("rank gain"):
            gain = rank_gain(logits, seed=seed, progress=clock.within)
    return Study(
        head,
        used,
        weights,
        tuple(ladder),
        weights_spectrum,
        centred_spectrum,
        argmax,
        gain,
        seed,
        dict(clock.seconds),
    )


@dataclass
class Clock:
    """Times the stages, and tells how much of the whole is done."""

    show: Show | None
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: str = ""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self._stage = stage
        self.within(0, 1)
        start = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - start
        self.within(1, 1)

    def within(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` parts of the current stage are finished."""
        if self.show is not None:
            names = list(STAGES)
            before = sum(STAGES[name] for name in names[: names.index(self._stage)])
            self.show(self._stage, before + STAGES[self._stage] * done / max(1, total))
