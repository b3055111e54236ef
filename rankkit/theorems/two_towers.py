r"""Depth on either side does not help: a two-tower head keeps the rank of its joint width

For any maps $u$ of the context and $v$ of the class into $\mathbf R^d$, however deep, and a bias,
$$\operatorname{rank}\big[u(c_i)\cdot v(w_j)+b_j\big]\le d+1,\qquad
\operatorname{rank}\log P\le d+2.$$

*Proof.* Stack $u(c_i)$ as rows of $H$ and $v(w_j)$ as rows of $W$: this is a linear head. Which function
produced the rows never enters.

*Near miss.* A non-linearity after context and class have met, such as $\sum_k a_k\max(0,u_k(c)+v_k(w))$, is
not an inner product and has no such bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import Array, FloatArray
from rankkit.heads import Head
from rankkit.theorems.exact_rank import rank, rational_logits
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True)
class Towers:
    """Outputs of both towers, and how they meet: by an inner product, or by a joint layer of ReLU units."""

    u: FloatArray
    v: FloatArray
    b: FloatArray
    joint: bool = False

    def __str__(self) -> str:
        meet = "a joint ReLU layer" if self.joint else "an inner product"
        return f"{len(self.u)} contexts, {len(self.v)} classes, width {self.u.shape[1]}, meeting in {meet}"

    def logits(self) -> Array:
        if self.joint:
            return np.maximum(0, self.u[:, None, :] + self.v[None, :, :]).sum(axis=2) + self.b
        return rational_logits(Head(self.v, self.b).logits(self.u))


def applies(x: Towers) -> bool:
    return not x.joint


def predicts(x: Towers) -> int:
    return int(x.u.shape[1]) + 1


def measure(x: Towers) -> int:
    return rank(x.logits())


def instances(seed: Seed) -> Iterator[Towers]:
    rng = np.random.default_rng(seed)
    for depth, d in [(1, 1), (2, 3), (3, 2), (3, 4)]:
        yield _drawn(rng, depth, d)


def joint_layer() -> Towers:
    towers = _drawn(np.random.default_rng(0), depth=2, d=3)
    return Towers(towers.u, towers.v, towers.b, joint=True)


def _drawn(rng: np.random.Generator, depth: int, d: int) -> Towers:
    return Towers(_tower(rng, 16, depth, d), _tower(rng, 14, depth, d), integers(rng, (14,), 50))


def _tower(rng: np.random.Generator, rows: int, depth: int, d: int) -> FloatArray:
    """Integer inputs through hidden ReLU layers with integer weights: every output is an exact integer."""
    x = integers(rng, (rows, 6), 4)
    for width in [8] * (depth - 1):
        x = np.maximum(0, x @ integers(rng, (x.shape[1], width), 3))
    return x @ integers(rng, (x.shape[1], d), 3)


theorem = Theorem(
    module=__name__,
    topic="linear heads",
    title="Depth on either side does not help: a two-tower head keeps the rank of its joint width",
    says=(
        "If logits are inner products of a context vector and a class vector of width d plus a bias, their "
        "rank is at most d + 1, whatever networks produced the vectors."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of the logits of integer ReLU towers with d + 1",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"context and class meet only in the inner product": joint_layer},
)
