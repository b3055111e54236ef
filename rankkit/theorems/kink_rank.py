r"""One kink at zero in the plane: the rank is a matching number on a circle

For $d=2$ and directions in general position,
$$\operatorname{rank}|HW^\top|=\max\text{ matching of contexts to adjacent kinks},$$
where the kinks are the directions orthogonal to the $w_j$, modulo $\pi$, and a context is adjacent to the
two kinks between which it lies. A maximal run of $\ell$ consecutive non-empty gaps with $n$ contexts in all
contributes $\min(\ell+1,n)$; without empty gaps the rank is $M$.

*Proof.* $|h\cdot w|=|h||w||\sin(\theta-\varphi)|$; the columns span the splines of degree one on the circle
with those kinks, in the basis of B-splines that each live on two neighbouring gaps. Such a collocation
matrix is totally positive and non-singular exactly where each context meets its B-spline (Schoenberg and
Whitney).

*Near miss.* In three dimensions the kinks are circles on a sphere, and no order on a line describes them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.heads import LowRankLogits
from rankkit.theorems.exact_rank import rank, rational_logits
from rankkit.theorems.instances import drawn_logits, no_two_parallel
from rankkit.theorems.statement import Seed, Theorem


def circle_matching(contexts: FloatArray, kinks: FloatArray) -> int:
    """Return the largest matching of contexts to the kinks beside them, all angles modulo pi.

    >>> circle_matching(np.array([0.5, 1.5, 2.5]), np.array([0.0, 1.0, 2.0]))
    3
    >>> circle_matching(np.array([0.3, 0.4, 0.5]), np.array([0.0, 1.0, 2.0]))
    2
    """
    kinks = np.sort(kinks % np.pi)
    gap = np.searchsorted(kinks, contexts % np.pi) % len(kinks)
    held = np.bincount(gap, minlength=len(kinks))
    if held.all():
        return len(kinks)
    held = np.roll(held, -int(np.flatnonzero(held == 0)[0]))
    runs = np.split(held, np.flatnonzero(held == 0)[1:])
    return sum(min(len(run), int(run.sum())) for run in runs)  # a run opens with its empty gap: length l + 1


def applies(x: LowRankLogits) -> bool:
    return x.head.d == 2 and no_two_parallel(x.H) and no_two_parallel(x.head.W)


def predicts(x: LowRankLogits) -> int:
    return circle_matching(angles(x.H), angles(x.head.W) + np.pi / 2)


def measure(x: LowRankLogits) -> int:
    return rank(abs(rational_logits(x)))


def angles(rows: FloatArray) -> FloatArray:
    """Return the direction of the first two coordinates of each row."""
    return np.arctan2(rows[:, 1], rows[:, 0])


def instances(seed: Seed) -> Iterator[LowRankLogits]:
    rng = np.random.default_rng(seed)
    for contexts, classes in [(6, 6), (20, 9), (9, 20), (25, 25), (40, 12), (3, 4)]:
        yield drawn_logits(rng, contexts, classes, d=2, bound=10**6)


theorem = Theorem(
    module=__name__,
    topic="piecewise-linear functions",
    title="One kink at zero in the plane: the rank is a matching number on a circle",
    says=(
        "For logits of width two without bias and no two parallel states or weights, the rank of their "
        "absolute values is the largest matching of contexts to the kinks beside them on the circle of "
        "directions."
    ),
    kind="exact",
    reference="rankkit",
    compares="the rank over the rationals of the absolute values of integer logits with the matching number",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "the width is two": lambda: drawn_logits(np.random.default_rng(0), 25, 25, d=3, bound=10**6)
    },
)
