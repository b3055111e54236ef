r"""Rank of a reward matrix from the entries that were observed: what no completion can avoid.

A reward model scores a token v after a prefix x: an incomplete matrix (prefixes x tokens). A model of the
form :math:`b(x) + h(x)^\top A e_v` has rank at most d + 1, so a proof of more is a proof that no such model
fits [troshin2025]_.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import IntArray
from rankkit.certificates import Minor, Refusal, check
from rankkit.errors import InputError
from rankkit.heads import Head
from rankkit.matrices.partial import PartialMatrix
from rankkit.ranks import rank_bounds
from rankkit.ranks.nullspace import exact_rank

#: Blocks that are tried.
BLOCKS = 8


@dataclass(frozen=True, eq=False)
class PartialRank:
    """A rank that every completion of a partial matrix has at least.

    Attributes
    ----------
    lower : int
        The bound.
    reason : str
        Its proof in a sentence.
    certificate : Minor or None
        A minor of observed entries that is not singular, of the matrix with 0 for what is missing.
    matrix : Head
        That matrix: what :func:`rankkit.check` takes beside the certificate.
    rows, cols : numpy.ndarray
        The observed block that was looked at.
    """

    lower: int
    reason: str
    certificate: Minor | None
    matrix: Head
    rows: IntArray
    cols: IntArray

    def check(self, X: object) -> bool | Refusal:
        """Decide the certificate for ``X``: a non-singular minor, all of whose entries were observed."""
        partial = PartialMatrix.of(X)
        if self.certificate is None:
            return Refusal("there is no certificate: nothing was proved")
        hidden = ~partial.observed[np.ix_(self.certificate.rows, self.certificate.cols)]
        if hidden.any():
            return Refusal(f"{int(hidden.sum())} entries of the minor were not observed")
        return check(self.certificate, Head(partial.values))


def partial_rank(X: object, max_minor: int = 200, seed: int | np.random.Generator = 0) -> PartialRank:
    """Return a lower bound on the rank of every completion of X, with its certificate.

    Parameters
    ----------
    X : array-like (rows, columns) with NaN for what is missing, masked array, or PartialMatrix
        Taken as exact real numbers.
    max_minor : int
        Size of the largest minor that is tried.
    seed : int or numpy.random.Generator
        Draws the rows from which blocks are grown.

    Returns
    -------
    PartialRank

    Examples
    --------
    >>> X = np.where(np.tri(6, dtype=bool), np.add.outer(np.arange(6.0), np.arange(6.0) ** 2) + 1, np.nan)
    >>> found = partial_rank(X)
    >>> found.lower, bool(found.check(X))
    (2, True)
    """
    partial, rng = PartialMatrix.of(X), arrays.generator(seed)
    whole = Head(partial.values)
    best = PartialRank(0, "every observed entry is 0", None, whole, np.array([]), np.array([]))
    for rows, cols in partial.blocks(rng, BLOCKS):
        if min(len(rows), len(cols)) <= best.lower:
            continue
        proof = rank_bounds(partial.values[np.ix_(rows, cols)], max_minor=max_minor, seed=rng).lower_proof
        if proof.value > best.lower and isinstance(proof.certificate, Minor):
            claim = proof.certificate
            minor = Minor(
                whole.fingerprint,
                "matrix",
                tuple(rows[list(claim.rows)].tolist()),
                tuple(cols[list(claim.cols)].tolist()),
            )
            where = f"of an observed block of {len(rows):,} x {len(cols):,}"
            best = PartialRank(proof.value, f"{proof.reason}, {where}", minor, whole, rows, cols)
    return best


def staircase_rank(X: object) -> int:
    r"""Return the least rank of any completion of a matrix whose observed entries make a staircase.

    The rows can then be ordered so that what is observed of each, :math:`S_i`, holds what is observed of the
    one before. The least rank is [woerdeman1989]_

    .. math:: \sum_i \operatorname{rank} X[i{:}, S_i] - \sum_i \operatorname{rank} X[i{+}1{:}, S_i],

    computed here in exact arithmetic. A causal model's rewards, of which every prefix has those of its own
    tokens, have this form.

    Raises
    ------
    InputError
        Two rows that each have an entry which the other lacks.

    Examples
    --------
    >>> staircase_rank(np.where(np.tri(5), np.eye(5), np.nan)), staircase_rank([[1, np.nan], [1, 1]])
    (5, 1)
    """
    partial = PartialMatrix.of(X)
    order = np.argsort(partial.observed.sum(axis=1), kind="stable")
    values, observed = partial.values[order], partial.observed[order]
    falls = np.flatnonzero((observed[:-1] & ~observed[1:]).any(axis=1))
    if falls.size:
        a, b = int(order[falls[0]]), int(order[falls[0] + 1])
        raise InputError(
            f"X[{a}] and X[{b}] each have an entry that the other lacks; a staircase has none such"
        )
    total = 0
    starts = np.concatenate([[0], np.flatnonzero((observed[1:] != observed[:-1]).any(axis=1)) + 1])
    ends = np.append(starts[1:], len(values))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        seen = values[:, observed[start]]  # rows with one set of entries telescope
        total += _rank(seen[start:]) - _rank(seen[end:])
    return total


def _rank(block: arrays.FloatArray) -> int:
    if not block.size:
        return 0
    return exact_rank(block if block.shape[0] >= block.shape[1] else block.T)
