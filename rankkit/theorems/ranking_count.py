r"""How many rankings a narrow head can produce

For $M$ weights in ranking-general position in $\mathbf R^d$, $d<M$, with $c(n,k)$ the unsigned Stirling
numbers of the first kind, the number of orders of all classes by probability is
$$2\,[\,c(M,M-d+1)+c(M,M-d+3)+\dots]\ \text{ without bias},\qquad
\sum_{k=0}^{d}c(M,M-k)\ \text{ with generic bias}.$$

*Proof.* Orders are the regions of the arrangement of the hyperplanes $(w_i-w_j)\cdot h=0$. In general
position its matroid is the graphical one of the complete graph, truncated at rank $d$; Zaslavsky's theorem
counts the regions by the absolute coefficients of the characteristic polynomial $t(t-1)\cdots(t-M+1)$, cut
off accordingly. Of $M!$ orders a head of small width makes about $M^{2d}$ only.

*Near miss.* Parallel chords lose orders: the vertices of a regular hexagon, or any affine image, give 12
orders, not 30.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import factorial

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head
from rankkit.theorems.arrangement import affine_regions, regions
from rankkit.theorems.exact_rank import fractions, rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


def stirling(n: int) -> list[int]:
    """Return the unsigned Stirling numbers of the first kind c(n, 0), ..., c(n, n).

    >>> stirling(4)
    [0, 6, 11, 6, 1]
    """
    row = [1]
    for m in range(n):
        row = [m * a + b for a, b in zip([*row, 0], [0, *row], strict=True)]
    return row


def applies(head: Head) -> bool:
    """Whether chords without a cycle, as many as fit the dimension, are independent."""
    points = widen(head.W) if head.b is None else np.column_stack([widen(head.W), widen(head.b)])
    size = min(head.d, head.classes - 1)
    chords = list(combinations(range(head.classes), 2))
    forests = [edges for edges in combinations(chords, size) if _forest(edges)]
    return all(
        rank([points[i, : head.d] - points[j, : head.d] for i, j in edges]) == size for edges in forests
    )


def predicts(head: Head) -> int:
    n, d, c = head.classes, head.d, stirling(head.classes)
    if d >= n - 1:
        return factorial(n)
    if head.b is not None:
        return sum(c[n - d :])
    return 2 * sum(c[n - d + 1 :: 2])


def measure(head: Head) -> int:
    W = fractions(widen(head.W))
    pairs = list(combinations(range(head.classes), 2))
    chords = [tuple(W[i] - W[j]) for i, j in pairs]
    if head.b is None:
        return regions(chords)
    b = fractions(widen(head.b))
    return affine_regions(chords, [b[i] - b[j] for i, j in pairs])


def instances(seed: Seed) -> Iterator[Head]:
    rng = np.random.default_rng(seed)
    for classes, d, bias in [(4, 2, False), (5, 2, True), (5, 3, False), (4, 3, True), (6, 2, False)]:
        yield Head(integers(rng, (classes, d), 10**6), integers(rng, (classes,), 10**6) if bias else None)


def _forest(edges: tuple[tuple[int, int], ...]) -> bool:
    group = {i: i for edge in edges for i in edge}
    for i, j in edges:
        if group[i] == group[j]:
            return False
        group = {k: group[j] if g == group[i] else g for k, g in group.items()}
    return True


def hexagon() -> Head:
    return Head(
        np.array([[1.0, 0], [1, 1], [0, 1], [-1, 0], [-1, -1], [0, -1]]), name="affine image of a hexagon"
    )


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="How many rankings a narrow head can produce",
    says=(
        "For weights of width d in ranking-general position, the number of orders of all M classes over all "
        "states is a sum of Stirling numbers of the first kind: every second one of the last d without bias, "
        "the last d + 1 with generic bias."
    ),
    kind="generic",
    reference="cover1967",
    compares=(
        "the regions of the arrangement of integer chords, counted by deletion and restriction, with the "
        "formula"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"no chords are parallel": hexagon},
)
