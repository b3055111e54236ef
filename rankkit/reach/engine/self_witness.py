"""The cheapest witness of a class: its own centred row.

Seen from the middle of a round cloud, most extreme points are extreme in their own direction. One product of
the cloud with itself, 2 n^2 D flops in float32, finds them all, and tells of every other class which points
lie beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.reach.engine.coordinates import Cloud

#: Points beyond a class that are remembered for the next step.
RIVALS = 48

#: Relative margin below which a float32 product proposes nothing.
MARGIN = 1e-5


@dataclass(frozen=True)
class SelfWitness:
    """What the pass found.

    Attributes
    ----------
    passed : numpy.ndarray (n,), bool
        Points that are extreme in their own direction.
    multiples : numpy.ndarray (n,), float64
        By how much the direction must be stretched to outweigh the biases; 1 without a bias, 0 where not
        passed.
    rivals : dict
        Point -> the points furthest beyond it (at most ``RIVALS``), for points that did not pass.
    """

    passed: Array
    multiples: FloatArray
    rivals: dict[int, IntArray]


def self_witness(cloud: Cloud, asked: IntArray, b: FloatArray | None = None) -> SelfWitness:
    """Test the points ``asked`` in their own directions; ``b`` (n,) are the biases to outweigh."""
    points = cloud.points32
    n = len(points)
    own = np.einsum("ij,ij->i", points, points)
    passed = np.zeros(n, bool)
    multiples = np.zeros(n)
    rivals: dict[int, IntArray] = {}
    for cut in arrays.row_blocks(len(asked), row_bytes=4 * n):
        here = asked[cut]
        lead = points[here] @ points.T
        lead *= -1
        lead += own[here, None]
        lead[np.arange(len(here)), here] = np.inf
        good = lead.min(axis=1) > MARGIN * own[here]
        passed[here] = good
        multiples[here[good]] = 1.0 if b is None else _stretch(lead[good], b, b[here[good]])
        for k in np.flatnonzero(~good):
            rivals[int(here[k])] = _smallest(lead[k], RIVALS)
    return SelfWitness(passed, multiples, rivals)


def _stretch(lead: Array, b: FloatArray, own: FloatArray) -> FloatArray:
    """Return a power of two that lifts every lead at least twofold over the difference of biases."""
    with np.errstate(over="ignore"):
        need = np.array([((b - bi) / row).max() for row, bi in zip(lead, own, strict=True)])
    return np.ldexp(1.0, np.frexp(np.maximum(need, 2.0**-40))[1] + 1)


def _smallest(values: Array, k: int) -> IntArray:
    """Return the positions of the ``k`` smallest values, ascending, infinities left out."""
    k = min(k, int(np.isfinite(values).sum()))
    part = np.argpartition(values, k - 1)[:k] if k else np.array([], int)
    return part[np.argsort(values[part])]
