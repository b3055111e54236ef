"""The target distributions, and what a head's scores cost against them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError

#: How far a row of a dense P may be from summing to 1; within it, rows are divided by their sum.
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Target:
    """A distribution over classes for every context, with zeros where the truth has zeros.

    Attributes
    ----------
    P : numpy.ndarray (contexts, classes)
        float64, rows sum to 1, read-only.
    weights : numpy.ndarray (contexts,)
        How much each context counts; positive, sums to 1, read-only.
    """

    P: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, P: object, weights: object = None) -> Self:
        """Take distributions (dense) or counts (``scipy.sparse``), or say what is wrong with them.

        Raises
        ------
        InputError
            NaN, a negative entry, a dense row that does not sum to 1, a context that was never counted.

        Examples
        --------
        >>> Target.of([[0.5, 0.5], [0.9, 0.3]])
        Traceback (most recent call last):
            ...
        rankkit.errors.InputError: P[1] sums to 1.2; wanted rows that sum to 1 (counts go in as scipy.sparse)
        """
        counts = hasattr(P, "tocsr") and hasattr(P, "toarray")
        if counts:
            rows, columns = (*P.shape, 1)[:2]  # type: ignore[attr-defined]
            arrays.require_room("P", (rows, columns))
            P = P.toarray()  # type: ignore[attr-defined]
        probabilities = arrays.widen(arrays.matrix("P", P))
        if (probabilities < 0).any():
            c, j = (int(i) for i in np.argwhere(probabilities < 0)[0])
            raise InputError(f"P[{c}, {j}] = {probabilities[c, j]:g}; wanted probabilities or counts, >= 0")
        sums = probabilities.sum(axis=1, keepdims=True)
        off = np.flatnonzero(sums == 0 if counts else np.abs(sums - 1) > SUM_TOLERANCE)
        if off.size and counts:
            raise InputError(f"P[{off[0]}] has no count; drop contexts that were never seen")
        if off.size:
            raise InputError(
                f"P[{off[0]}] sums to {sums[off[0], 0]:.6g}; "
                "wanted rows that sum to 1 (counts go in as scipy.sparse)"
            )
        return cls(_frozen(probabilities / sums), _weights(weights, len(sums)))

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, classes)."""
        return int(self.P.shape[0]), int(self.P.shape[1])

    @cached_property
    def entropy(self) -> float:
        """Weighted mean entropy of the rows, in nats, with 0 log 0 = 0: no cross-entropy is below it."""
        return float(-self.weights @ _times_log(self.P, self.P).sum(axis=1))

    def kl(self, log_q: FloatArray) -> float:
        """Return the weighted mean divergence of P from exp(log_q), in nats."""
        terms = _times_log(self.P, self.P) - np.where(self.P > 0, self.P * log_q, 0.0)
        return float(self.weights @ terms.sum(axis=1))

    def loss(self, scores: FloatArray) -> tuple[float, FloatArray]:
        """Return cross-entropy and its gradient for a softmax of ``scores``, times the number of contexts.

        The factor makes the gradient with respect to the scores of a context the plain q - p when the weights
        are uniform, whatever the number of contexts.
        """
        scale = self.weights * len(self.weights)
        top = scores.max(axis=1, keepdims=True)
        q = np.exp(scores - top)
        sums = q.sum(axis=1, keepdims=True)
        costs = np.log(sums[:, 0]) + top[:, 0] - np.einsum("ij,ij->i", self.P, scores)
        q /= sums
        q -= self.P
        q *= scale[:, None]
        return float(scale @ costs), q

    def mode_match(self, log_q: FloatArray) -> float:
        """Return the share of contexts whose likeliest class under q is a likeliest one under P."""
        return self.top_overlap(log_q, 1)

    def top_overlap(self, log_q: FloatArray, k: int) -> float:
        """Return the mean share of q's top k classes that are in P's top k, ties at its border included."""
        chosen = np.argsort(-log_q, axis=1, kind="stable")[:, :k]
        border = -np.partition(-self.P, k - 1, axis=1)[:, k - 1]
        return float((np.take_along_axis(self.P, chosen, axis=1) >= border[:, None]).mean())


def _times_log(p: FloatArray, x: FloatArray) -> FloatArray:
    """p log x where p > 0, and 0 where p = 0."""
    logs = np.zeros_like(x)
    np.log(x, out=logs, where=p > 0)
    return p * logs


def _weights(weights: Any, contexts: int) -> FloatArray:
    if weights is None:
        return _frozen(np.full(contexts, 1 / contexts))
    own = arrays.parameters("weights", weights, positive=True)
    if len(own) != contexts:
        raise InputError(f"weights has {len(own)} entries but P has {contexts} rows; wanted one a context")
    return _frozen(own / own.sum())


def _frozen(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
