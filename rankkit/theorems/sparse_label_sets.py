r"""Width 2k + 1 is enough for every set of at most k labels

With weights $w_j=(1,t_j,t_j^2,\dots,t_j^{2k})$ at distinct points $t_j$, every set of at most $k$ labels is
the set of those with $w_j\cdot h>0$ for some $h$, and so is every complement of one.

$$h\cdot(1,t,\dots,t^{2k})=\varepsilon-\prod_{i\in S}(t-t_i)^2 .$$

*Proof.* The formula: the polynomial is $\varepsilon$ at the points of $S$ and negative at the others for
small $\varepsilon>0$; its degree is at most $2k$. A trigonometric layer of the same width does the same on
a circle.

*Near miss.* Weights of the same width that are drawn make only part of these sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.theorems.convexity import in_hull
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights of a layer of sigmoids, and the largest number of labels that are on together."""

    W: FloatArray
    k: int

    def __str__(self) -> str:
        curve = "on the moment curve" if applies(self) else "drawn"
        return f"{len(self.W)} labels, width {self.W.shape[1]}, {curve}, sets of at most {self.k}"

    @property
    def sets(self) -> list[tuple[int, ...]]:
        return [S for size in range(self.k + 1) for S in combinations(range(len(self.W)), size)]


def applies(x: Layer) -> bool:
    t = x.W[:, 1]
    return len(np.unique(t)) == len(t) and np.array_equal(x.W, _curve(t, x.k))


def predicts(x: Layer) -> int:
    return len(x.sets)


def measure(x: Layer) -> int:
    """Count the sets that occur: by Gordan, those whose signed weights do not have zero in their hull."""
    feasible = 0
    for S in x.sets:
        signs = np.where(np.isin(np.arange(len(x.W)), S), 1, -1)
        feasible += not in_hull(np.zeros(x.W.shape[1]), signs[:, None] * x.W)
    return feasible


def instances(seed: Seed) -> Iterator[Layer]:
    rng = np.random.default_rng(seed)
    for labels, k in [(5, 1), (7, 1), (6, 2)]:
        yield Layer(_curve(rng.choice(np.arange(-9.0, 10.0), size=labels, replace=False), k), k)


def drawn_weights() -> Layer:
    return Layer(integers(np.random.default_rng(0), (7, 3), 9), 1)


def _curve(t: FloatArray, k: int) -> FloatArray:
    return np.vander(t, 2 * k + 1, increasing=True)


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="Width 2k + 1 is enough for every set of at most k labels",
    says=(
        "A layer of sigmoids without bias whose weights lie on the moment curve of dimension 2k + 1, at "
        "distinct points, produces every set of at most k labels."
    ),
    kind="exact",
    reference="grivas2024",
    compares=(
        "the sets of at most k labels that occur, decided exactly by Gordan's alternative, with all of them"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"weights lie on the moment curve": drawn_weights},
)
