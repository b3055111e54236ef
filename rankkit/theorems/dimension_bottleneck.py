r"""A pointwise function lifts the rank, not the number of degrees of freedom

The centred log-probabilities that a pointwise function with $q$ parameters of its own can reach, over all
states and weights of width $d$, form a set of dimension at most
$$d(N+M-d)+q,\qquad\text{where a linear head reaches }d(N+M-1-d)\text{ of }N(M-1).$$

*Proof.* $(H,W)$ has $d(N+M)$ coordinates, and $(HG,WG^{-\top})$ for the $d^2$ dimensions of invertible $G$
gives the same logits. So the rank goes from $d$ to full while the dimension grows by $d+q$ at most. The
rank of the Jacobian matrix at a point is at most the dimension.

*Near miss.* One function for each class brings a parameter for each class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array
from rankkit.theorems.exact_rank import fractions, rank
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Cubic:
    """A point of the model f_j(z) = z + c_j z^3: states, weights, and the coefficient of every class."""

    H: Array
    W: Array
    c: Array
    shared: bool = True

    def __str__(self) -> str:
        function = "one function" if self.shared else "a function for each class"
        return f"{len(self.H)} x {len(self.W)}, d = {self.W.shape[1]}, {function}"


def applies(x: Cubic) -> bool:
    return x.shared and len(set(x.c)) == 1


def predicts(x: Cubic) -> int:
    contexts, (classes, d) = len(x.H), x.W.shape
    return d * (contexts + classes - d) + 1


def measure(x: Cubic) -> int:
    """Return the rank of the Jacobian matrix of the column differences, in all parameters."""
    contexts, (classes, d) = len(x.H), x.W.shape
    A = x.H @ x.W.T
    slope = 1 + 3 * x.c * A**2
    columns = []
    for k in range(d):
        for i in range(contexts):
            columns.append(_only(A, (i, slice(None)), slope[i] * x.W[:, k]))
        for j in range(classes):
            columns.append(_only(A, (slice(None), j), slope[:, j] * x.H[:, k]))
    cubes = [A**3] if x.shared else [_only(A, (slice(None), j), A[:, j] ** 3) for j in range(classes)]
    return rank([(column[:, 1:] - column[:, :1]).ravel() for column in columns + cubes])


def _only(A: Array, where: tuple[int | slice, int | slice], values: Array) -> Array:
    out = 0 * A
    out[where] = values
    return out


def instances(seed: Seed) -> Iterator[Cubic]:
    rng = np.random.default_rng(seed)
    for contexts, classes, d in [(6, 6, 1), (7, 8, 2), (8, 8, 3)]:
        yield _drawn(rng, contexts, classes, d)


def one_for_each_class() -> Cubic:
    x = _drawn(np.random.default_rng(0), 8, 8, 2)
    return Cubic(x.H, x.W, fractions(np.arange(1.0, 9.0)), shared=False)


def _drawn(rng: np.random.Generator, contexts: int, classes: int, d: int) -> Cubic:
    H, W = (fractions(integers(rng, (rows, d), 9)) for rows in (contexts, classes))
    return Cubic(H, W, fractions(np.full(classes, float(rng.integers(1, 9)))))


theorem = Theorem(
    module=__name__,
    topic="increasing functions",
    title="A pointwise function lifts the rank, not the number of degrees of freedom",
    says=(
        "Over all states and weights of width d, the log-probabilities that a pointwise function with q "
        "parameters reaches have, up to row shifts, dimension at most d(N + M - d) + q, which is d + q more "
        "than for a linear head."
    ),
    kind="upper bound",
    reference="rankkit",
    compares=(
        "the rank over the rationals of the Jacobian matrix of z + c z^3 at integer points with the bound"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"one function serves all classes": one_for_each_class},
)
