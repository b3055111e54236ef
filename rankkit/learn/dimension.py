"""How many dimensions the predictions of a head span: the bottleneck that no function on the logits lifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import count, generator, require_room
from rankkit.functions import PointwiseFunction
from rankkit.learn.heads import Model, make
from rankkit.learn.heads.model import Arrays
from rankkit.learn.result import FitResult

#: A singular value below this share of the largest one counts as 0; the gap says how clear that was.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Dimension:
    """The rank of the Jacobian matrix of a head's predictions in all its parameters, at one point.

    Attributes
    ----------
    rank : int
        Singular values above ``tolerance`` times the largest: numerical, not proved.
    gap : float
        The last value counted by the first one not counted; infinite where there is none.
    bound : int
        What the rank is at most, at any point: ``dimension`` in :class:`rankkit.learn.Facts`.
    whole : int
        contexts x (classes - 1): the dimension of all predictions.
    parameters : int
        Free numbers of the head.
    tolerance : float
        What counts as 0, by the largest singular value.
    """

    rank: int
    gap: float
    bound: int
    whole: int
    parameters: int
    tolerance: float


def jacobian_rank(
    head: str | PointwiseFunction | FitResult,
    contexts: int = 10,
    classes: int = 10,
    d: int = 2,
    seed: int | np.random.Generator | None = 0,
    **options: Any,
) -> Dimension:
    """Count the dimensions in which the predictions of a head can move.

    A pointwise function lifts the rank of log P from d to full, but the dimension of the predictions by d,
    and its own parameters, only; a mixture of softmaxes adds (K - 1) (d + 1) for every context.

    Parameters
    ----------
    head : str, PointwiseFunction or FitResult
        As in :func:`rankkit.learn.fit`, at random parameters; or a fit, where it ended. A head whose function
        bends at knots wants the knots among the logits (``bound=``), or they change nothing.
    contexts, classes, d : int
        Shape; a fit brings its own.
    seed : int or numpy.random.Generator
        Where the random parameters come from.
    **options
        The head's own.

    Returns
    -------
    Dimension

    Examples
    --------
    >>> for head in ("linear", "sigsoftmax", "mos"):
    ...     at = jacobian_rank(head, contexts=10, classes=10, d=2, bias=False)
    ...     print(head, at.rank, at.bound, at.whole)
    linear 34 34 90
    sigsoftmax 36 36 90
    mos 64 64 90
    """
    if isinstance(head, FitResult):
        return _at(head.model, head.arrays, *head.shape, head.d)
    model = make(head, **options)
    contexts, classes, d = count("contexts", contexts), count("classes", classes), count("d", d)
    rng, shapes = generator(seed), model.shapes(contexts, classes, d)
    start = model.start(shapes, rng)
    arrays = {name: start[name] + 0.5 * rng.standard_normal(shapes[name]) for name in shapes}
    return _at(model, arrays, contexts, classes, d)


def _at(model: Model, arrays: Arrays, contexts: int, classes: int, d: int) -> Dimension:
    facts = model.facts(contexts, classes, d)
    require_room("The Jacobian matrix", (contexts * classes, facts.parameters))
    _, pull = model.scores(arrays)
    rows = []
    for c, j in np.ndindex(contexts, classes):
        D = np.zeros((contexts, classes))
        D[c] = -1 / classes  # scores of a context, their mean removed: the softmax does not see it
        D[c, j] += 1
        by_array = pull(D)
        rows.append(np.concatenate([by_array[name].ravel() for name in arrays]))
    values = np.append(np.linalg.svd(np.array(rows), compute_uv=False), 0.0)
    rank = int((values > TOLERANCE * values[0]).sum())
    gap = float(values[rank - 1] / values[rank]) if rank and values[rank] else np.inf
    whole = contexts * (classes - 1)
    return Dimension(rank, gap, facts.dimension, whole, facts.parameters, TOLERANCE)
