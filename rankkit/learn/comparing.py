"""Fitting many heads to many truths, resumably, and putting the figures side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray, count, generator
from rankkit.errors import InputError
from rankkit.learn.bounds import entropy_bound, spectral_bounds
from rankkit.learn.fitting import fit, repeatable
from rankkit.learn.heads import make
from rankkit.learn.objective import Target
from rankkit.learn.result import FitResult
from rankkit.learn.study import Cell, Study
from rankkit.learn.truths import Counts, dirichlet, next_words

#: The heads of a study, unless others are named.
COMPARED = ("linear", "sigsoftmax", "lms-plif", "mos")

#: What a head can have in common with the linear head beside it.
EQUAL = ("width", "parameters")


@dataclass(frozen=True, eq=False)
class Truth:
    """What heads are fitted to, and what they are judged by.

    Attributes
    ----------
    P : array-like or scipy.sparse (contexts, classes)
        Distributions or counts, as for :func:`rankkit.learn.fit`.
    weights : array-like (contexts,), optional
        How much each context counts.
    held_out : scipy.sparse (contexts, classes), optional
        Counts to judge by, such as those of another part of a text.
    """

    P: Any
    weights: Any = None
    held_out: Any = None

    @classmethod
    def of(cls, given: object) -> Truth:
        """Take a truth, counts of a text (contexts weigh by how often they were seen) or distributions."""
        if isinstance(given, Counts):
            return cls(given.matrix, given.totals)
        return given if isinstance(given, Truth) else cls(given)


@dataclass(frozen=True, eq=False)
class _Job:
    """One fit of a study: all that another process needs."""

    target: Target
    held_out: Any
    head: str
    options: Mapping[str, Any]
    d: int
    steps: int
    restarts: int
    seed: int

    def __call__(self) -> dict[str, float]:
        result = fit(
            self.target.P, self.head, self.d, self.seed, weights=self.target.weights, steps=self.steps,
            restarts=self.restarts, **self.options,
        )  # fmt: skip
        figures = {
            "kl": result.kl,
            "mode_match": result.mode_match,
            "rank": float((result.spectrum > 1e-10 * result.spectrum[0]).sum()),
            "seconds_per_step": result.seconds_per_step,
        }
        if self.held_out is not None:
            figures["held_out"] = result.cross_entropy_of(self.held_out)
        if self.head == "linear" and np.ptp(self.target.weights) == 0:
            figures |= self._floors(result)
        return figures

    def _floors(self, result: FitResult) -> dict[str, float]:
        """Bounds on the divergence of linear heads, where their hypotheses hold."""
        P, bias = self.target.P, self.options["bias"]
        logits = result.head.logits(result.H).dense()
        centred = logits - logits.mean(axis=1, keepdims=True)
        values = np.linalg.svd(centred, compute_uv=False)[: self.d + bias]
        found = {"entropy_floor": entropy_bound(P, values, start=logits, steps=200).lower}
        if (P > 0).all():
            found["spectral_floor"] = spectral_bounds(P, self.d, bias).lower
        return found

    @property
    def key(self) -> str:
        """What a journal knows this fit by."""
        content = sha256(self.target.P.tobytes() + self.target.weights.tobytes())
        if self.held_out is not None:
            content.update(self.held_out.toarray().tobytes())
        recipe = [self.head, dict(self.options), self.d, self.steps, self.restarts, self.seed]
        content.update(json.dumps(recipe, sort_keys=True).encode())
        return content.hexdigest()


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
    jobs: dict[tuple[str, str, int], list[_Job]] = {
        (truth, label, d): [
            _Job(target, held_out, head, own, d, steps, restarts, own_seed + i)
            for target, held_out in targets[truth]
            for i in range(each)
        ]
        for truth, _, _, label, head, own, d in places
    }
    figures = _run([job for group in jobs.values() for job in group], journal, executor, progress)
    cells = []
    for truth, mode, width, label, head, own, d in places:
        runs = [figures[job.key] for job in jobs[truth, label, d]]
        size = make(head, **own).parameter_count(*targets[truth][0][0].shape, d)
        cells.append(_cell((truth, mode, width, d, label), size, runs))
    return Study(tuple(cells), lengths.pop(), each, steps, restarts, own_seed)


def synthetic_truths(
    contexts: int, classes: int, alphas: Sequence[float], truths: int = 3, seed: int = 0
) -> dict[str, list[FloatArray]]:
    """Draw Dirichlet truths for :func:`compare`, some for each concentration."""
    rng = generator(seed)
    drawn = range(count("truths", truths))
    return {f"alpha {alpha:g}": [dirichlet(contexts, classes, alpha, rng) for _ in drawn] for alpha in alphas}


def text_truth(
    name: str = "sotu", order: int = 2, contexts: int = 200, words: int = 300, every: int = 10
) -> Truth:
    """Count next words in a public-domain text, and hold out every so many-th of its documents.

    Parameters
    ----------
    name : str
        Name in ``rankkit.datasets.TEXTS``.
    order, contexts, words : int
        As in :func:`rankkit.learn.next_words`.
    every : int
        One document in so many is held out.

    Raises
    ------
    DatasetMissing
        The text is not on this machine; the message has the lines that fetch it.
    """
    from rankkit.datasets import text

    learned, held_out = text(name).split(every)
    counts = next_words(learned, order, contexts, words)
    return Truth(counts.matrix, counts.totals, counts.of(held_out))


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


def _run(
    jobs: list[_Job],
    journal: str | PathLike[str] | None,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, dict[str, float]]:
    """Return the figures of every job by its key, from the journal or by fitting."""
    done: dict[str, dict[str, float]] = {}
    if journal is not None and Path(journal).exists():
        for line in Path(journal).read_text(encoding="utf-8").splitlines():
            try:
                done |= json.loads(line)
            except ValueError:  # empty, or what a killed run was writing
                continue
    waiting = {job.key: job for job in jobs}
    left = [(key, job) for key, job in waiting.items() if key not in done]
    results = (executor.map if executor else map)(_called, [job for _, job in left])
    for i, ((key, _), found) in enumerate(zip(left, results, strict=True)):
        done[key] = found
        if journal is not None:
            with open(journal, "a", encoding="utf-8") as file:
                file.write("\n" + json.dumps({key: found}))  # a line cut short stays alone
        if progress is not None:
            progress(len(waiting) - len(left) + i + 1, len(waiting))
    return done


def _called(job: _Job) -> dict[str, float]:
    return job()


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
