r"""How many label sets a narrow sigmoid layer can produce

For $M$ labels with weights in general position in $\mathbf R^d$, label $j$ on where $w_j\cdot h+b_j>0$, the
number of label sets that occur is
$$2\sum_{k=0}^{d-1}\binom{M-1}{k}\ \text{ without bias},\qquad
\sum_{k=0}^{d}\binom Mk\ \text{ with generic bias}.$$

*Proof.* Label sets are the regions of $M$ hyperplanes. A new hyperplane in general position is cut by the
others into as many pieces as they would cut a space of one dimension less, and it doubles just those
regions: the recurrence of Pascal's triangle. Of $2^M$ sets a narrow layer can make about $M^d$.

*Near miss.* Three weights in one plane of $\mathbf R^3$ are not in general position.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head
from rankkit.theorems.arrangement import affine_regions, regions
from rankkit.theorems.exact_rank import fractions, rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


def applies(head: Head) -> bool:
    W = widen(head.W)
    general = all(rank(W[list(S)]) == head.d for S in combinations(range(head.classes), head.d))
    if head.b is None or not general:
        return general
    lifted = np.column_stack([W, widen(head.b)])
    return all(rank(lifted[list(S)]) == head.d + 1 for S in combinations(range(head.classes), head.d + 1))


def predicts(head: Head) -> int:
    if head.b is None:
        return 2 * sum(comb(head.classes - 1, k) for k in range(head.d))
    return sum(comb(head.classes, k) for k in range(head.d + 1))


def measure(head: Head) -> int:
    W = [tuple(row) for row in fractions(widen(head.W))]
    return regions(W) if head.b is None else affine_regions(W, fractions(widen(head.b)))


def instances(seed: Seed) -> Iterator[Head]:
    rng = np.random.default_rng(seed)
    for labels, d, bias in [(6, 2, False), (7, 3, False), (5, 4, False), (6, 2, True), (6, 3, True)]:
        yield Head(integers(rng, (labels, d), 1000), integers(rng, (labels,), 1000) if bias else None)


def three_in_a_plane() -> Head:
    W = integers(np.random.default_rng(0), (6, 3), 1000)
    W[2] = W[0] + W[1]
    return Head(W, name="three weights in a plane")


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="How many label sets a narrow sigmoid layer can produce",
    says=(
        "For a layer of M independent sigmoids of width d with weights in general position, the number of "
        "label sets over all states is 2 sum C(M - 1, k) over k < d without bias, and sum C(M, k) over k <= "
        "d with generic bias."
    ),
    kind="generic",
    reference="cover1965",
    compares=(
        "the regions of the arrangement of integer weights, counted by deletion and restriction, with the "
        "formula"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the weights are in general position": three_in_a_plane},
)
