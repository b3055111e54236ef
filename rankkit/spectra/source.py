"""What a spectrum is taken of: one face for plain matrices, logits, and log-probabilities under f."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.heads.head import Head, LowRankLogits
from rankkit.heads.softmax import log_probs

CENTERINGS = (None, "classes", "both")


@dataclass(frozen=True)
class Source:
    """A matrix of scores to be had in blocks; for log-probabilities, a row shift away from the one wanted.

    ``matrix`` is set for a plain matrix, ``logits`` otherwise; ``f`` is None for logits as they are.
    """

    matrix: Array | None
    logits: LowRankLogits | None
    f: PointwiseFunction | None

    @classmethod
    def of(cls, value: object, f: PointwiseFunction | None) -> Source:
        if isinstance(value, LowRankLogits):
            return cls(None, value, f)
        if f is not None:
            raise InputError(
                "f is given with a plain matrix, but it applies to logits; pass Head(W, b).logits(H)"
            )
        return cls(arrays.matrix("logits_or_matrix", value), None, None)

    @property
    def shape(self) -> tuple[int, int]:
        if self.logits is not None:
            return self.logits.shape
        assert self.matrix is not None
        return self.matrix.shape[0], self.matrix.shape[1]

    @property
    def precision(self) -> str:
        return "float64" if self.matrix is None else self.matrix.dtype.name

    @property
    def normalised(self) -> bool:
        """Whether a log-normaliser is subtracted from the scores."""
        return self.f is not None

    @property
    def linear(self) -> bool:
        """Whether thin factors give the whole matrix."""
        return self.logits is not None and (self.f is None or isinstance(self.f, Identity))

    def rows(self, cut: slice | Array) -> FloatArray:
        """Return the scores of some contexts as a new array (len(cut), classes)."""
        if self.logits is None:
            assert self.matrix is not None
            return np.array(self.matrix[cut], dtype=np.float64)
        return self._scores(self.logits.rows(cut))

    def columns(self, cut: slice) -> FloatArray:
        """Return the scores of some classes as a new array (contexts, len(cut))."""
        return self.tile(slice(None), cut)

    def tile(self, rows: slice, cols: slice) -> FloatArray:
        """Return the scores of some contexts and classes as a new array."""
        if self.logits is None:
            assert self.matrix is not None
            return np.array(self.matrix[rows, cols], dtype=np.float64)
        head = self.logits.head
        some = Head(head.W[cols], None if head.b is None else head.b[cols])
        return self._scores(LowRankLogits(self.logits.H, some).rows(rows))

    def picked(self, lines: Array, contexts: bool) -> FloatArray:
        """Return the scores of the named contexts, or of the named classes, as (contexts, classes)."""
        if contexts:
            return self.rows(lines)
        if self.logits is None:
            assert self.matrix is not None
            return np.array(self.matrix[:, lines], dtype=np.float64)
        head = self.logits.head
        some = Head(head.W[lines], None if head.b is None else head.b[lines])
        return self._scores(LowRankLogits(self.logits.H, some).dense())

    def sample(self, most: int) -> FloatArray:
        """Return the scores of some evenly spaced contexts and classes."""
        rows, cols = (np.unique(np.linspace(0, n - 1, most).astype(int)) for n in self.shape)
        if self.logits is None:
            assert self.matrix is not None
            return np.array(self.matrix[np.ix_(rows, cols)], dtype=np.float64)
        head = self.logits.head
        some = Head(head.W[cols], None if head.b is None else head.b[cols])
        return self._scores(LowRankLogits(self.logits.H, some).rows(rows))

    def dense(self) -> FloatArray:
        """Return the scores of all contexts and classes as a new array."""
        arrays.require_room("The matrix", self.shape)
        return self.rows(slice(None))

    def dense_log_probs(self) -> FloatArray:
        """Return the matrix itself as a new array: the scores, normalised where the source says so."""
        if self.logits is not None and self.f is not None:
            return log_probs(self.logits, self.f)
        return self.dense()

    def log_normaliser(self) -> FloatArray:
        """Return the log-sum-exp of every row of the scores, shape (contexts,)."""
        parts = [log_sum_exp(self.rows(cut)) for cut in arrays.row_blocks(self.shape[0], 8 * self.shape[1])]
        return np.concatenate(parts)

    def factors(self, center: str | None) -> tuple[FloatArray, FloatArray]:
        """Return G (contexts, r) and V (classes, r) with G V^T the matrix, log-normaliser included.

        Centring is left to the caller: it acts on the factors one by one.
        """
        assert self.logits is not None
        H, W, b = self.logits.H, self.logits.head.W, self.logits.head.b
        left, right = [arrays.widen(H)], [arrays.widen(W)]
        if b is not None:
            left.append(np.ones((len(H), 1)))
            right.append(arrays.widen(b)[:, None])
        if self.normalised and center is None:
            left.append(-self.log_normaliser()[:, None])
            right.append(np.ones((len(W), 1)))
        return np.hstack(left), np.hstack(right)

    def _scores(self, logits: FloatArray) -> FloatArray:
        return logits if self.f is None else apply(self.f, logits)


def centred(X: FloatArray, center: str | None) -> tuple[FloatArray, float]:
    """Remove row means, or row and column means, in place; return X and how large a norm was removed."""
    removed = 0.0
    if center is not None:
        means = X.mean(axis=1, keepdims=True)
        X -= means
        removed += float(np.linalg.norm(means)) * np.sqrt(X.shape[1])
    if center == "both":
        means = X.mean(axis=0)
        X -= means
        removed += float(np.linalg.norm(means)) * np.sqrt(X.shape[0])
    return X, removed


def log_sum_exp(scores: FloatArray) -> FloatArray:
    """Return the log-sum-exp of each row."""
    top = scores.max(axis=1)
    total: FloatArray = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return total
