r"""Rank of a learned representation against the rank of the relation it was trained on.

Self-supervised learning is given a graph: which samples are views of one thing. Some losses are optimal at
representations whose rank is that of the graph, others keep full rank [balestriero2022]_. So a small rank
need not be a failure: compare it with what the relation holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.spectra import spectrum, verdict


@dataclass(frozen=True)
class RelationReport:
    """What a representation keeps of a relation.

    Attributes
    ----------
    rank, relation : int
        Numerical ranks of the representation and of the graph, under numpy's rule.
    settled : bool
        Whether all tolerances near the noise agree on both ranks.
    effective, effective_relation : float
        Effective ranks (Roy and Vetterli).
    outside : float
        Share of the representation's squared norm that lies outside the column space of the graph: 0 if it
        says nothing but the relation.
    missed : float
        Share of the graph's column space that the representation does not reach, from 0 to 1.
    """

    rank: int
    relation: int
    settled: bool
    effective: float
    effective_relation: float
    outside: float
    missed: float

    def __repr__(self) -> str:
        return (
            f"RelationReport: representation of rank {self.rank:,}, relation of rank {self.relation:,}; "
            f"{self.outside:.1%} of the representation lies outside the relation, "
            f"{self.missed:.1%} of the relation is missed"
        )


def relation_graph(labels: Sequence[object]) -> FloatArray:
    """Return the graph that relates samples of one label: 1 for a pair, in as many blocks as labels.

    >>> relation_graph("aba")
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 0., 1.]])
    """
    _, block = np.unique(np.asarray(list(labels)), return_inverse=True)
    related: FloatArray = (block[:, None] == block[None, :]).astype(np.float64)
    return related


def relation_embedding(
    graph: object, d: int, full_rank: bool = False, seed: int | np.random.Generator = 0
) -> FloatArray:
    """Return a representation (samples, d) that a spectral loss calls optimal for a relation.

    Parameters
    ----------
    graph : array-like (samples, samples)
        Symmetric, positive semidefinite, such as :func:`relation_graph` makes.
    d : int
        Width of the representation.
    full_rank : bool
        False keeps the graph's leading eigenvectors weighted by their eigenvalues, and 0 where there are no
        more: contrastive losses and decorrelation may end here. True fills the other dimensions with
        orthonormal ones: so do losses that keep the variance of every dimension.
    seed : int or numpy.random.Generator
        Turns the representation by a random rotation, which no such loss sees.

    Examples
    --------
    >>> G = relation_graph([0, 0, 1, 1, 2, 2])
    >>> [int(np.linalg.matrix_rank(relation_embedding(G, 5, full))) for full in (False, True)]
    [3, 5]
    """
    G, width = _graph(graph), arrays.count("d", d)
    if width > len(G):
        raise InputError(f"d is {d} for {len(G)} samples; wanted at most as many dimensions as samples")
    values, vectors = np.linalg.eigh(G)
    values, vectors = values[::-1][:width], vectors[:, ::-1][:, :width]
    kept = values > len(G) * np.finfo(float).eps * max(values[0], 0.0)
    weights = np.where(kept, np.sqrt(np.maximum(values, 0.0)), 1.0 if full_rank else 0.0)
    turn = np.linalg.qr(arrays.generator(seed).standard_normal((width, width)))[0]
    Z: FloatArray = (vectors * weights) @ turn
    return Z


def relation_report(Z: object, graph: object) -> RelationReport:
    """Compare a representation (samples, d) with the relation (samples, samples) of its samples.

    Neither is centred here: a loss that centres wants both centred over samples first.

    Examples
    --------
    >>> G = relation_graph([0, 0, 1, 1, 2, 2])
    >>> relation_report(relation_embedding(G, 5, full_rank=True), G)
    RelationReport: representation of rank 5, relation of rank 3; 25.0% of the representation lies outside
    the relation, 0.0% of the relation is missed
    """
    rows, G = arrays.widen(arrays.matrix("Z", Z)), _graph(graph)
    if len(rows) != len(G):
        raise InputError(
            f"Z has {len(rows)} samples, the graph {len(G)}; wanted the same samples in one order"
        )
    ours, theirs = spectrum(rows), spectrum(G)
    left, right = _range(rows, ours.numerical_rank()), _range(G, theirs.numerical_rank())
    total = float(np.linalg.norm(rows)) ** 2
    within = float(np.linalg.norm(right.T @ rows)) ** 2
    shared = float(np.linalg.norm(left.T @ right)) ** 2
    return RelationReport(
        rank=ours.numerical_rank(),
        relation=theirs.numerical_rank(),
        settled=None not in (verdict(ours).rank, verdict(theirs).rank),
        effective=ours.effective_rank("roy-vetterli"),
        effective_relation=theirs.effective_rank("roy-vetterli"),
        outside=max(0.0, 1 - within / total) if total else 0.0,
        missed=max(0.0, 1 - shared / right.shape[1]) if right.shape[1] else 0.0,
    )


def _graph(graph: object) -> FloatArray:
    G = arrays.widen(arrays.matrix("graph", graph))
    if G.shape[0] != G.shape[1] or not np.array_equal(G, G.T):
        raise InputError(f"graph is {G.shape} and has to be square and symmetric: relations go both ways")
    return G


def _range(X: FloatArray, rank: int) -> FloatArray:
    """Return an orthonormal basis (rows, rank) of the leading left singular vectors."""
    vectors: FloatArray = np.linalg.svd(X, full_matrices=False)[0][:, :rank]
    return vectors
