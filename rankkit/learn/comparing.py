"""Fitting many heads to many truths and putting the figures side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import Any

import numpy as np

from rankkit.arrays import count
from rankkit.errors import InputError
from rankkit.learn.fitting import repeatable
from rankkit.learn.heads import make
from rankkit.learn.jobs import Job, run_all
from rankkit.learn.objective import Target
from rankkit.learn.study import Cell, Study
from rankkit.learn.truths import Truth

#: The heads of a study, unless others are named.
COMPARED = ("linear", "sigsoftmax", "lms-plif", "mos")

#: What a head can have in common with the linear head beside it.
EQUAL = ("width", "parameters")


def compare(
    truths: Mapping[str, Sequence[object]],
    heads: Sequence[str] | Mapping[str, tuple[str, Mapping[str, Any]]] = COMPARED,
    widths: Sequence[int] = (2, 5, 10),
    seed: int | np.random.Generator | None = 0,
    *,
    equal: Sequence[str] = EQUAL,
    seeds: int = 1,
    steps: int = 1000,
    restarts: int = 1,
    bias: bool = True,
    journal: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Fit every head to every truth, at the width and at the size of linear heads.

    All get the same number of steps. At equal size, a head is as wide as its parameters, contexts included,
    may be no more than those of the linear head (but at least 1 wide).

    Parameters
    ----------
    truths : mapping of str to sequence of Truth, Counts, array-like or scipy.sparse (contexts, classes)
        Kinds of truths, each with as many, of one shape.
    heads : sequence of str, or mapping of str to (str, mapping)
        Names in :data:`rankkit.learn.HEADS` with their default options, or labels of names with options.
    widths : sequence of int
        Widths of the linear heads.
    seed : int, numpy.random.Generator or None
        Where the random starts come from.
    equal : sequence of {"width", "parameters"}
        Which comparisons to make.
    seeds : int
        Fits of each truth, from different starts; the spread is over truths and these.
    steps, restarts, bias
        As in :func:`rankkit.learn.fit`.
    journal : path, optional
        A file that keeps the figures of every fit as soon as it is done: run again, a study goes on from
        there.
    executor : concurrent.futures.Executor, optional
        Runs the fits.
    progress : callable, optional
        Called with the number of fits done and the number of fits.

    Returns
    -------
    Study

    Examples
    --------
    >>> from rankkit.learn import dirichlet
    >>> P = [dirichlet(12, 8, 0.5, seed) for seed in range(3)]
    >>> study = compare({"alpha 0.5": P}, heads=["linear", "mos"], widths=[4], steps=100)
    >>> for cell in study.cells:
    ...     print(cell.equal, cell.head, cell.d, cell.parameters)
    width linear 4 88
    width mos 4 160
    parameters linear 4 88
    parameters mos 1 64
    """
    targets = {name: [_target(given) for given in group] for name, group in truths.items()}
    lengths = {len(group) for group in targets.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(
            f"truths holds {sorted(lengths)} truths a kind; wanted as many of each, at least one"
        )
    unknown = [name for name in equal if name not in EQUAL]
    if unknown or not equal:
        raise InputError(f"equal is {list(equal)}; wanted some of {', '.join(EQUAL)}")
    named = heads if isinstance(heads, Mapping) else {head: (head, {}) for head in heads}
    each, own_seed = count("seeds", seeds), repeatable(seed)
    places = []
    for truth, group in targets.items():
        for mode in equal:
            for width in widths:
                for label, (head, options) in named.items():
                    own = {"bias": bias, **options}
                    d = _width(head, own, mode, group[0][0].shape, count("widths", width))
                    places.append((truth, mode, width, label, head, own, d))
    jobs: dict[tuple[str, str, int], list[Job]] = {
        (truth, label, d): [
            Job(target, held_out, head, own, d, steps, restarts, own_seed + i)
            for target, held_out in targets[truth]
            for i in range(each)
        ]
        for truth, _, _, label, head, own, d in places
    }
    figures = run_all([job for group in jobs.values() for job in group], journal, executor, progress)
    cells = []
    for truth, mode, width, label, head, own, d in places:
        runs = [figures[job.key] for job in jobs[truth, label, d]]
        size = make(head, **own).parameter_count(*targets[truth][0][0].shape, d)
        cells.append(_cell((truth, mode, width, d, label), size, runs))
    return Study(tuple(cells), lengths.pop(), each, steps, restarts, own_seed)


def _target(given: object) -> tuple[Target, Any]:
    truth = Truth.of(given)
    return Target.of(truth.P, truth.weights), truth.held_out


def _width(head: str, options: Mapping[str, Any], mode: str, shape: tuple[int, int], width: int) -> int:
    """The width of a head as wide, or at most as large, as the linear head of the given width."""
    if mode == "width":
        return width
    allowed = make("linear", bias=options["bias"]).parameter_count(*shape, width)
    model = make(head, **options)
    return max([1, *(d for d in range(1, width + 1) if model.parameter_count(*shape, d) <= allowed)])


def _cell(place: tuple[str, str, int, int, str], size: int, runs: list[dict[str, float]]) -> Cell:
    spread: dict[str, Any] = {}
    for name in ("kl", "mode_match", "held_out"):
        values = np.array([run[name] for run in runs if name in run])
        spread[name] = float(values.mean()) if len(values) else None
        spread[f"{name}_sd"] = float(values.std(ddof=min(1, len(values) - 1))) if len(values) else None
    for name in ("spectral_floor", "entropy_floor"):
        if name in runs[0]:
            spread[name] = float(np.mean([run[name] for run in runs]))
    truth, equal, width, d, head = place
    return Cell(
        truth=truth, equal=equal, width=width, d=d, head=head, parameters=size,
        rank=int(max(run["rank"] for run in runs)),
        seconds_per_step=float(np.mean([run["seconds_per_step"] for run in runs])), **spread,
    )  # fmt: skip
