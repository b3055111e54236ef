r"""Matrices that a narrow model cannot learn: tests of expressivity with known answers.

* The identity: every prefix rewards one token of its own. Rank d leaves :math:`\sqrt{n-d}`, whatever is
  trained, though rank 2 is enough to put every largest reward in its place.
* Its lower triangle: the rewards of later tokens are not observed. The least rank of a completion is still
  n, by :func:`staircase_rank`; what is seen whole is only half as wide, so less is proved about the error.
"""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.matrices.partial import PartialMatrix


def identity_target(n: int) -> PartialMatrix:
    """Return the n x n identity, all of it observed.

    >>> identity_target(3)
    PartialMatrix: 3 x 3, 100% observed
    """
    return PartialMatrix.of(np.eye(arrays.count("n", n)))


def triangular_target(n: int) -> PartialMatrix:
    """Return the n x n identity of which only the lower triangle is observed.

    >>> triangular_target(4).observed.sum()
    np.int64(10)
    """
    size = arrays.count("n", n)
    return PartialMatrix.of(np.where(np.tri(size), np.eye(size), np.nan))
