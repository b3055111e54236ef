"""Full-batch minimisation of the cross-entropy over all arrays of a head."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.learn.heads.model import Arrays, Model, Shapes
from rankkit.learn.objective import Target

#: Correction pairs that L-BFGS keeps.
MEMORY = 20

#: Decreases of the loss below this many units of rounding are no progress.
FLAT = 1.0


@dataclass(frozen=True, eq=False)
class Run:
    """Where one minimisation ended.

    Attributes
    ----------
    arrays : mapping
        The head's arrays.
    history : numpy.ndarray (steps + 1,)
        Mean divergence before the first and after every step, in nats.
    seconds : float
        Wall time.
    stopped : "gradient", "steps", "flat" or "asked"
        Why it ended: gradient below the tolerance, no steps left, no float64 progress, or told to.
    """

    arrays: dict[str, FloatArray]
    history: FloatArray
    seconds: float
    stopped: str


def minimise(
    model: Model,
    target: Target,
    start: Arrays,
    steps: int,
    tolerance: float,
    watch: Callable[[int], None],
) -> Run:
    """Run L-BFGS from ``start`` until the largest gradient entry is below ``tolerance``.

    ``watch`` is called with the number of steps taken; it may raise StopIteration to end here.
    """
    from scipy.optimize import minimize

    shapes = {name: array.shape for name, array in start.items()}
    contexts = target.shape[0]
    began, asked = time.perf_counter(), False
    history: list[float] = []

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        """Where a long step overflows, higher than at the start, so that the line search turns back."""
        value, by_array = loss_and_gradient(model, target, unpack(flat, shapes))
        gradient = pack(by_array, shapes)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return value - contexts * target.entropy, gradient
        return 10 * contexts * (1 + history[0]), np.zeros_like(flat)

    def after_step(intermediate_result: Any) -> None:
        nonlocal asked
        history.append(intermediate_result.fun / contexts)
        try:
            watch(len(history) - 1)
        except StopIteration:
            asked = True
            raise

    flat = pack(start, shapes)
    history.append(loss_and_gradient(model, target, start)[0] / contexts - target.entropy)
    if not np.isfinite(history[0]):
        raise InputError("the loss overflows at the start; wanted a function that is finite around 0")
    limits = {"maxiter": steps, "maxfun": 20 * steps, "maxcor": MEMORY, "maxls": 40}
    stops = {"gtol": tolerance, "ftol": FLAT * np.finfo(float).eps}
    found = minimize(loss, flat, jac=True, method="L-BFGS-B", callback=after_step, options=limits | stops)
    if asked:
        stopped = "asked"
    elif np.abs(found.jac).max() <= tolerance:
        stopped = "gradient"
    else:
        stopped = "steps" if len(history) > steps else "flat"
    arrays = {name: array.copy() for name, array in unpack(found.x, shapes).items()}
    return Run(arrays, np.array(history), time.perf_counter() - began, stopped)


def loss_and_gradient(model: Model, target: Target, arrays: Arrays) -> tuple[float, dict[str, FloatArray]]:
    """Return contexts x cross-entropy and its gradient by every array; not finite where float64 overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return model.loss(arrays, target)


def pack(arrays: Arrays, shapes: Shapes) -> FloatArray:
    """Return all numbers in one vector, in the order of ``shapes``."""
    return np.concatenate([arrays[name].ravel() for name in shapes])


def unpack(flat: FloatArray, shapes: Shapes) -> dict[str, FloatArray]:
    """Return the arrays that :func:`pack` packed, as views."""
    ends = np.cumsum([prod(shape) for shape in shapes.values()])
    pieces = np.split(flat, ends[:-1])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
