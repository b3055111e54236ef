"""Fitting a head to a target: the door of this room."""

from __future__ import annotations

from concurrent.futures import Executor
from numbers import Integral
from typing import Any

import numpy as np

from rankkit.arrays import count, generator, number
from rankkit.errors import InputError
from rankkit.functions import PointwiseFunction
from rankkit.heads import log_softmax
from rankkit.learn.heads import Model, make
from rankkit.learn.heads.linear import Linear
from rankkit.learn.objective import Target
from rankkit.learn.optimise import Run, loss_and_gradient
from rankkit.learn.restart import Progress, Restart
from rankkit.learn.result import FitResult

#: The k for which the overlap of top k classes is reported, where there are more classes.
TOPS = (5, 10)


def fit(
    P: object,
    head: str | PointwiseFunction = "linear",
    d: int = 10,
    seed: int | np.random.Generator | None = 0,
    *,
    steps: int = 1000,
    restarts: int = 1,
    tolerance: float = 1e-7,
    weights: object = None,
    warm: FitResult | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> FitResult:
    r"""Fit contexts, output layer and a head's own parameters to target distributions, in float64.

    Minimises the mean cross-entropy :math:`-\sum_c \omega_c \sum_j P_{cj} \log Q_{cj}` over everything,
    full batch, by L-BFGS with gradients written by hand. The contexts are free, so what is left of the
    divergence is the head's own limit, or a local optimum.

    Parameters
    ----------
    P : array-like or scipy.sparse (contexts, classes)
        Dense rows that sum to 1, or sparse counts, each row divided by its sum. Zeros cost nothing: 0 log 0
        is 0, nothing is added to them.
    head : str or PointwiseFunction
        "linear", "sigsoftmax", "gss", "lms-plif", "monotone-network", "rational-quadratic", "mos" (a mixture
        with free states), "mos-projected" (states from one h), "multi-facet" (states for parts of the
        classes), "mixtape" (gates for every class), "moc", "two-towers", "dnd" (dropout and decoupling), or a
        function to put on the logits. :func:`rankkit.learn.facts` says what is known of each.
    d : int
        Width of the states.
    seed : int, numpy.random.Generator or None
        Where the random starts come from; the result tells the integer that repeats it.
    steps : int
        At most so many L-BFGS steps. Monotone heads spend the first tenth of them as a linear head, where
        they start from.
    restarts : int
        Number of random starts; the best is returned.
    tolerance : float
        Stop when no entry of the gradient of contexts x divergence is larger.
    weights : array-like (contexts,), optional
        How much each context counts, such as how often it was seen; equal by default.
    warm : FitResult, optional
        Start there: an earlier fit of the same head, which goes on, of "lms-plif" with fewer segments that
        the new ones divide, or of the linear head.
    executor : concurrent.futures.Executor, optional
        Runs the restarts.
    progress : callable, optional
        Called with the steps done and the steps there will be at most; may raise StopIteration to stop early.
        With an executor it is called after every restart, from here, and cannot stop one.
    **options
        The head's own: ``bias`` for all, ``segments`` and ``bound`` of "lms-plif", ``components`` of
        mixtures, and so on; an unknown one is answered with the list.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        P with NaN, negative entries or rows that do not sum to 1; an unknown head or option; d < 1; ``warm``
        of another shape.

    Examples
    --------
    >>> P = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6]]
    >>> fit(P, d=2, bias=False).kl < 1e-9
    True
    >>> fit(P, d=1, bias=False).kl > 0.01
    True
    """
    model, target = make(head, **options), Target.of(P, weights)
    d, steps, restarts = count("d", d), count("steps", steps), count("restarts", restarts)
    tolerance = number("tolerance", tolerance, positive=True)
    own_seed, show = repeatable(seed), progress or _silent
    if warm is not None and restarts > 1:
        raise InputError(f"restarts is {restarts} with warm=; one start has no random restarts")
    recipe = {
        "head": head.spec() if isinstance(head, PointwiseFunction) else head,
        "options": {name: v.item() if isinstance(v, np.generic) else v for name, v in options.items()},
    }
    jobs = [Restart(model, target, d, (own_seed, i), steps, tolerance) for i in range(restarts)]
    if warm is not None:
        _require_same(warm, model, target, d)
        before = Run(dict(warm.arrays), warm.history, warm.seconds, warm.stopped)
        runs = [jobs[0].go_on(before, warm.model, show)]
    elif executor is None:
        runs = [job(_shifted(show, i, restarts)) for i, job in enumerate(jobs)]
    else:
        runs = []
        for run in executor.map(_call, jobs):
            runs.append(run)
            show(len(runs) * steps, restarts * steps)
    return _result(recipe, model, target, own_seed, tolerance, runs)


def repeatable(seed: int | np.random.Generator | None) -> int:
    """Return an integer seed: the one given, or one drawn from what was given."""
    if isinstance(seed, Integral):
        return count("seed", seed, least=0)
    return int(generator(seed).integers(2**62))


def _call(job: Restart) -> Run:
    return job(_silent)


def _silent(done: int, total: int) -> None:
    return None


def _shifted(progress: Progress, i: int, restarts: int) -> Progress:
    return lambda done, total: progress(i * total + done, restarts * total)


def _require_same(warm: FitResult, model: Model, target: Target, d: int) -> None:
    if (warm.shape, warm.d) != (target.shape, d):
        raise InputError(
            f"warm is a fit of {warm.shape} with d = {warm.d}; wanted {target.shape} with d = {d}"
        )
    contained = model.take_over(warm.model, warm.arrays) is not None
    if not contained and warm.model != Linear(bias=model.bias):
        raise InputError(
            f"warm is a fit of {warm.model}; wanted one of {model} or of {Linear(bias=model.bias)}"
        )


def _result(
    recipe: dict[str, Any], model: Model, target: Target, seed: int, tolerance: float, runs: list[Run]
) -> FitResult:
    log_q = [log_softmax(model.scores(run.arrays)[0]) for run in runs]
    divergences = np.array([target.kl(log) for log in log_q])
    best = int(divergences.argmin())
    run, log_best = runs[best], log_q[best]
    gradient = loss_and_gradient(model, target, run.arrays)[1]
    return FitResult(
        recipe=recipe,
        arrays=run.arrays,
        seed=seed,
        kl=float(divergences[best]),
        cross_entropy=float(divergences[best]) + target.entropy,
        entropy=target.entropy,
        mode_match=target.mode_match(log_best),
        top_overlap={k: target.top_overlap(log_best, k) for k in TOPS if k < target.shape[1]},
        history=run.history,
        seconds=run.seconds,
        stopped=run.stopped,
        tolerance=tolerance,
        residuals={name: float(np.abs(gradient[name]).max()) for name in run.arrays},
        restarts=divergences,
    )
