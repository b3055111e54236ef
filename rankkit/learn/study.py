"""Heads compared on the same truths: at equal width, at equal size, and the claims made about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray, count, generator
from rankkit.errors import InputError
from rankkit.learn.fitting import fit, repeatable
from rankkit.learn.heads import make
from rankkit.learn.objective import Target
from rankkit.learn.truths import dirichlet

#: The heads of a study, unless others are named.
COMPARED = ("linear", "sigsoftmax", "lms-plif", "mos")

#: A divergence within this share of another is the same, for a claim.
SAME = 0.02


@dataclass(frozen=True)
class Cell:
    """One head of one width on the truths of one kind; means and standard deviations over the truths.

    Attributes
    ----------
    truth : str
        What the truths are.
    d : int
        Width of the states.
    head : str
        The head's name.
    kl, kl_sd : float
        Divergence in nats.
    mode_match, mode_match_sd : float
        Share of contexts whose likeliest class was matched.
    parameters : int
        Free numbers, contexts included.
    seconds_per_step : float
        Wall time.
    linear_d : int
        The smallest width at which a linear head has as many parameters.
    linear_kl : float
        Divergence of the linear head of that width.
    """

    truth: str
    d: int
    head: str
    kl: float
    kl_sd: float
    mode_match: float
    mode_match_sd: float
    parameters: int
    seconds_per_step: float
    linear_d: int
    linear_kl: float


@dataclass(frozen=True)
class Claim:
    """What is said of a head, whether these truths agree, and the figures."""

    says: str
    truth: str
    d: int
    holds: bool
    figures: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """Heads compared.

    Attributes
    ----------
    cells : tuple of Cell
        By truth, width and head.
    truths : int
        Number of truths of each kind.
    steps, restarts, seed : int
        As given to :func:`compare`.
    """

    cells: tuple[Cell, ...]
    truths: int
    steps: int
    restarts: int
    seed: int

    def __repr__(self) -> str:
        return f"Study: {len(self.cells)} cells, {self.truths} truths each, {self.steps:,} steps"

    def rows(self) -> list[dict[str, Any]]:
        """Return the cells as rows of a table."""
        return [dict(vars(cell)) for cell in self.cells]

    def claims(self) -> list[Claim]:
        """Return what is said of monotone heads and SigSoftmax, and whether the means agree.

        Between linear and mixture: no worse than the one, no better than the other. Next to nothing: within
        2 % of the divergence of the linear head.
        """
        found = []
        for truth, d in dict.fromkeys((cell.truth, cell.d) for cell in self.cells):
            at = {cell.head: cell for cell in self.cells if (cell.truth, cell.d) == (truth, d)}
            if {"linear", "lms-plif", "mos"} <= set(at):
                trio = [at[name] for name in ("linear", "lms-plif", "mos")]
                kl, modes = tuple(c.kl for c in trio), tuple(c.mode_match for c in trio)
                says = "lms-plif is between linear and mos in {}"
                found.append(Claim(says.format("divergence"), truth, d, kl[0] >= kl[1] >= kl[2], kl))
                found.append(Claim(says.format("modes"), truth, d, modes[0] <= modes[1] <= modes[2], modes))
            if {"linear", "sigsoftmax"} <= set(at):
                kl = (at["linear"].kl, at["sigsoftmax"].kl)
                says = "sigsoftmax gains next to nothing in divergence"
                found.append(Claim(says, truth, d, abs(kl[0] - kl[1]) <= SAME * kl[0], kl))
        return found


def compare(
    truths: Mapping[str, Sequence[object]],
    heads: Sequence[str] = COMPARED,
    widths: Sequence[int] = (2, 5, 10),
    seed: int | np.random.Generator | None = 0,
    *,
    steps: int = 1000,
    restarts: int = 1,
    bias: bool = True,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Study:
    """Fit every head at every width to every truth.

    All get the same number of steps. Beside each head stands the linear head with as many parameters.

    Parameters
    ----------
    truths : mapping of str to sequence of array-like or scipy.sparse (contexts, classes)
        Kinds of truths, each with several of one shape: the spread is over these.
    heads : sequence of str
        Names in :data:`rankkit.learn.HEADS`, with their default options.
    widths : sequence of int
        Widths of the states.
    seed : int, numpy.random.Generator or None
        Where the random starts come from.
    steps, restarts, bias
        As in :func:`rankkit.learn.fit`.
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
    >>> study = compare({"alpha 0.5": P}, heads=["linear", "mos"], widths=[2], steps=100)
    >>> for cell in study.cells:
    ...     print(cell.head, cell.parameters, cell.linear_d)
    linear 48 2
    mos 96 5
    """
    targets = {truth: [Target.of(P) for P in group] for truth, group in truths.items()}
    lengths = {len(group) for group in targets.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InputError(
            f"truths holds {sorted(lengths)} truths a kind; wanted as many of each, at least one"
        )
    own_seed = repeatable(seed)
    shapes = {truth: group[0].shape for truth, group in targets.items()}
    asked = [(truth, count("d", d), head) for truth in targets for d in widths for head in heads]
    sizes = {key: _parameters(shapes[key[0]], key[1], key[2], bias) for key in asked}
    rivals = {key: _linear_width(shapes[key[0]], sizes[key], bias) for key in asked}
    needed = dict.fromkeys([*asked, *((key[0], rivals[key], "linear") for key in asked)])
    jobs = [
        (target.P, head, d, steps, restarts, own_seed, bias)
        for truth, d, head in needed
        for target in targets[truth]
    ]
    runs: list[tuple[float, float, float]] = []
    for run in (executor.map if executor else map)(_figures, jobs):
        runs.append(run)
        if progress is not None:
            progress(len(runs), len(jobs))
    each = lengths.pop()
    figures = {key: np.array(runs[each * i : each * (i + 1)]) for i, key in enumerate(needed)}
    cells = []
    for key in asked:
        truth, d, head = key
        (kl, modes, seconds), (kl_sd, modes_sd, _) = figures[key].mean(axis=0), _spread(figures[key])
        linear_kl = float(figures[truth, rivals[key], "linear"][:, 0].mean())
        spread = (float(kl), float(kl_sd), float(modes), float(modes_sd))
        cells.append(Cell(truth, d, head, *spread, sizes[key], float(seconds), rivals[key], linear_kl))
    return Study(tuple(cells), each, steps, restarts, own_seed)


def synthetic_truths(
    contexts: int, classes: int, alphas: Sequence[float], truths: int = 3, seed: int = 0
) -> dict[str, list[FloatArray]]:
    """Draw Dirichlet truths for :func:`compare`, some for each concentration."""
    rng = generator(seed)
    drawn = range(count("truths", truths))
    return {f"alpha {alpha:g}": [dirichlet(contexts, classes, alpha, rng) for _ in drawn] for alpha in alphas}


def _figures(job: tuple[FloatArray, str, int, int, int, int, bool]) -> tuple[float, float, float]:
    P, head, d, steps, restarts, seed, bias = job
    result = fit(P, head, d=d, seed=seed, steps=steps, restarts=restarts, bias=bias)
    return result.kl, result.mode_match, result.seconds_per_step


def _spread(figures: FloatArray) -> FloatArray:
    """Standard deviations over truths; 0 where there is one."""
    return np.asarray(figures.std(axis=0, ddof=min(1, len(figures) - 1)))


def _parameters(shape: tuple[int, int], d: int, head: str, bias: bool) -> int:
    return make(head, bias=bias).parameter_count(*shape, d)


def _linear_width(shape: tuple[int, int], parameters: int, bias: bool) -> int:
    """The smallest width of a linear head with as many parameters; widths beyond full rank buy nothing."""
    wide = (d for d in range(1, min(shape)) if _parameters(shape, d, "linear", bias) >= parameters)
    return next(wide, min(shape))
