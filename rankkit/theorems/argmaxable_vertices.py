r"""Without bias, the classes that can win are the vertices of the hull of the weights

$$\exists h:\ w_i\cdot h>w_j\cdot h\ \ \forall j\ne i
\quad\Longleftrightarrow\quad
w_i\notin\operatorname{conv}\{w_j:j\ne i\}.$$

*Proof.* If $w_i=\sum_j\lambda_jw_j$ with weights that are non-negative and sum to one, then $w_i\cdot h$ is
a mean of the $w_j\cdot h$ and cannot exceed all of them. Otherwise a hyperplane separates $w_i$ strictly
from the hull of the others, and its normal is an $h$ at which class $i$ wins. Scaling shows that any ball
of states around zero serves as well. Equal weights are in each other's hull: neither wins strictly.

*Near miss.* A bias lifts classes: with $b_j=-\tfrac12|w_j|^2$ every class wins, at $h=w_j$.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.arrays import widen
from rankkit.heads import Head
from rankkit.reach import argmaxable
from rankkit.theorems.convexity import vertices
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem

#: A square with a corner given twice, a point on an edge and two inside.
DEGENERATE = np.array([[0.0, 0], [4, 0], [0, 4], [4, 4], [2, 0], [2, 2], [3, 1], [4, 4]])


def applies(head: Head) -> bool:
    return head.b is None


def predicts(head: Head) -> tuple[int, ...]:
    return vertices(widen(head.W))


def measure(head: Head) -> tuple[int, ...]:
    return tuple(int(i) for i in argmaxable(head).argmaxable)


def instances(seed: Seed) -> Iterator[Head]:
    rng = np.random.default_rng(seed)
    yield Head(DEGENERATE, name="on an edge, inside, twice")
    yield Head(np.array([[-3.0], [1.0], [0.0], [2.0]]), name="on a line")
    for classes, d in [(10, 2), (9, 3), (8, 4)]:
        yield Head(integers(rng, (classes, d), 3), name="drawn")


def with_bias() -> Head:
    W = np.array([[0.0, 0.0], [4, 0], [0, 4], [4, 4], [2, 0], [2, 2]])
    return Head(W, b=-(W**2).sum(axis=1) / 2, name="bias of a Voronoi diagram")


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="Without bias, the classes that can win are the vertices of the hull of the weights",
    says=(
        "In a head without bias, over all states, class i is the strict argmax for some state if and only if "
        "its weight vector is not a convex combination of the weight vectors of the other classes."
    ),
    kind="equivalence",
    reference="demeter2020",
    compares="the classes that argmaxable proves can win with the vertices found by exact enumeration",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the head has no bias": with_bias},
)
