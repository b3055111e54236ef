"""Low-rank logits, and the log-probabilities that a pointwise function makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.heads.head import Head


@dataclass(frozen=True, eq=False)
class LowRankLogits:
    """The logits ``H @ W.T + b`` as the product they are, never formed unless asked.

    Parameters
    ----------
    H : array-like (contexts, d)
        One state per row.
    head : Head
        The head that reads them; its ``W`` is (classes, d).

    Raises
    ------
    InputError
        The last axes of ``H`` and ``W`` differ.

    Examples
    --------
    >>> logits = Head(np.eye(3)).logits(np.ones((2, 3)))
    >>> logits
    LowRankLogits: 2 contexts x 3 classes, rank <= 2
    """

    H: Array
    head: Head

    def __post_init__(self) -> None:
        object.__setattr__(self, "H", arrays.matrix("H", self.H))
        W = self.head.W
        if self.H.shape[1] != W.shape[1]:
            hint = "; is W transposed? A head is (classes, d)" if self.H.shape[1] == W.shape[0] else ""
            raise InputError(f"H is {self.H.shape} but W is {W.shape}: the last axes must agree{hint}")

    def __repr__(self) -> str:
        contexts, classes = self.shape
        return f"LowRankLogits: {contexts:,} contexts x {classes:,} classes, rank <= {self.rank_bound}"

    def __reduce__(self) -> tuple[Any, ...]:
        return LowRankLogits, (self.H, self.head)

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, classes)."""
        return int(self.H.shape[0]), self.head.classes

    @property
    def rank_bound(self) -> int:
        """Largest rank that these shapes allow: d, plus one with a bias, and at most either side."""
        return min(*self.shape, self.head.d + (self.head.b is not None))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 that pins contexts and head together."""
        return arrays.fingerprint(self.H, self.head.W, self.head.b)

    def dense(self) -> FloatArray:
        """Return the logits as a (contexts, classes) float64 array."""
        arrays.require_room("The logits", self.shape)
        return self.rows(slice(None))

    def rows(self, rows: slice | Array) -> FloatArray:
        """Return the logits of some contexts as a dense float64 array."""
        with np.errstate(over="ignore", invalid="ignore"):
            out = arrays.widen(self.H[rows]) @ self._weights.T
            if self.head.b is not None:
                out += arrays.widen(self.head.b)
        if not np.isfinite(out).all():
            largest = f"{np.abs(self.H).max():.3g} in H, {np.abs(self.head.W).max():.3g} in W"
            raise InputError(f"The logits exceed float64 (largest entries: {largest}); scale H or W down")
        return out

    def blocks(self, rows: int | None = None) -> Iterator[FloatArray]:
        """Yield the logits in blocks of ``rows`` contexts (chosen to take about 64 MiB by default)."""
        contexts, classes = self.shape
        if rows is None:
            cuts = arrays.row_blocks(contexts, row_bytes=8 * classes)
        else:
            cuts = arrays.row_blocks(contexts, row_bytes=1, budget=rows)
        for cut in cuts:
            yield self.rows(cut)

    @cached_property
    def _weights(self) -> FloatArray:
        return arrays.widen(self.head.W)


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
