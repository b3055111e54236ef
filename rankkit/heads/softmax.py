"""The log-probabilities that a pointwise function and the softmax make of logits."""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.heads.head import LowRankLogits


def log_softmax(scores: FloatArray) -> FloatArray:
    """Return ``scores`` less the log-sum-exp of each row, stably, as a new array.

    Raises
    ------
    InputError
        The finite scores of a row lie further apart than float64 reaches.

    Examples
    --------
    >>> np.exp(log_softmax(np.array([[0.0, 0.0]])))
    array([[0.5, 0.5]])
    """
    with np.errstate(over="ignore"):
        out = scores - scores.max(axis=1, keepdims=True)
    if np.isneginf(out.min()):
        raise InputError("The scores of a row span more than 1.8e308; its log-probabilities are not finite")
    out -= np.log(np.exp(out).sum(axis=1, keepdims=True))
    return out


def log_probs(logits: LowRankLogits, f: PointwiseFunction | None = None) -> FloatArray:
    r"""Return the log-probabilities :math:`\log\mathrm{softmax}(f(HW^\top + b))`.

    Parameters
    ----------
    logits : LowRankLogits
        Logits of shape (contexts, classes).
    f : PointwiseFunction, optional
        Applied to every logit; the identity by default.

    Returns
    -------
    numpy.ndarray (contexts, classes), float64, in nats
        Every row exponentiates to a probability distribution.

    Raises
    ------
    InputError
        The matrix would not fit, or ``f`` overflows or breaks its promise to increase.

    Examples
    --------
    >>> from rankkit.heads import Head
    >>> logits = Head([[1.0], [0.0]]).logits([[0.0], [1.0]])
    >>> np.exp(log_probs(logits)).sum(axis=1)
    array([1., 1.])
    """
    if not isinstance(logits, LowRankLogits):
        raise TypeError(
            f"logits is {type(logits).__name__}; wanted LowRankLogits, as made by Head(W, b).logits(H)"
        )
    arrays.require_room("The log-probabilities", logits.shape)
    f = Identity() if f is None else f
    return np.concatenate([log_softmax(apply(f, block)) for block in logits.blocks()])
