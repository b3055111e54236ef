r"""Two dimensions are enough for every class to win, though not for confidence

If the first two coordinates of the weights are distinct points of a circle around zero, every class is
argmaxable, in any width $d\ge2$ and without bias.

$$w_i\cdot h=r^2>r^2\cos\angle(w_i,w_j)=w_j\cdot h\quad\text{at }h=(w_{i1},w_{i2},0,\dots,0).$$

*Proof.* The formula. For $M$ equally spaced points the margin at $|h|=1$ is only
$1-\cos(2\pi/M)\approx2\pi^2/M^2$: to give the winner a probability of $1-\eta$ takes
$|h|\ge\log((M-1)/\eta)/(1-\cos\frac{2\pi}M)$, which is $5.8\cdot10^5$ for a thousand classes and
$\eta=1\%$.

*Near miss.* One class inside the circle never wins.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.arrays import FloatArray, widen
from rankkit.heads import Head
from rankkit.reach import argmaxable
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


def circle_points(square: int) -> FloatArray:
    """Return all integer points whose squared norm is ``square``.

    >>> len(circle_points(25)), len(circle_points(65**2))
    (12, 36)
    """
    side = np.arange(-int(square**0.5) - 1, int(square**0.5) + 2)
    x, y = np.meshgrid(side, side)
    on = x**2 + y**2 == square
    return np.column_stack([x[on], y[on]]).astype(np.float64)


def applies(head: Head) -> bool:
    plane = widen(head.W)[:, :2]
    distinct = len(np.unique(plane, axis=0)) == len(plane)
    return head.b is None and head.d > 1 and distinct and len(np.unique((plane**2).sum(axis=1))) == 1


def predicts(head: Head) -> int:
    return head.classes


def measure(head: Head) -> int:
    return len(argmaxable(head).argmaxable)


def instances(seed: Seed) -> Iterator[Head]:
    rng = np.random.default_rng(seed)
    for square, more in [(25, 0), (65**2, 0), (325, 3), (65**2, 4)]:
        plane = circle_points(square)
        yield Head(np.hstack([plane, integers(rng, (len(plane), more), 100)]), name=f"circle and {more} more")


def a_class_inside() -> Head:
    return Head(np.vstack([circle_points(325), [[1.0, 2.0]]]), name="circle and a point inside")


theorem = Theorem(
    module=__name__,
    topic="what can win",
    title="Two dimensions are enough for every class to win, though not for confidence",
    says=(
        "In a head without bias whose weights have their first two coordinates at distinct points of one "
        "circle around zero, every class is argmaxable."
    ),
    kind="exact",
    reference="grivas2024",
    compares="the number of classes that argmaxable proves can win with the number of classes",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"every class is on the circle": a_class_inside},
)
