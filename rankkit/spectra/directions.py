r"""How the rows of a matrix point: all one way, or evenly to all sides.

Word embeddings crowd into a narrow cone, with a large mean cosine and a small isotropy. Both are about
rows as vectors and see what an effective rank does not: a common shift of all of them.
"""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.errors import InputError


def mean_cosine(X: object) -> float:
    """Return the mean cosine between two different rows, from -1 / (rows - 1) to 1: token uniformity.

    Parameters
    ----------
    X : array-like (rows, columns)
        No row may be zero: it has no direction.

    Examples
    --------
    >>> mean_cosine(np.eye(3)), round(mean_cosine(np.ones((4, 2))), 12)
    (0.0, 1.0)
    """
    rows = arrays.widen(arrays.matrix("X", X))
    n = len(rows)
    if n < 2:
        raise InputError(f"X has {n} row; wanted two or more, whose cosines are averaged")
    largest = np.abs(rows).max(axis=1, keepdims=True)
    if not largest.all():
        raise InputError(f"X[{int(np.argmin(largest))}] is zero and has no direction; leave it out")
    rows = rows / largest
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return float((np.sum(rows.sum(axis=0) ** 2) - n) / (n * (n - 1)))


def isotropy(X: object) -> float:
    r"""Return :math:`\min_a Z(a) / \max_a Z(a)` with :math:`Z(a) = \sum_i e^{\langle a, x_i \rangle}`.

    The unit vectors a are the eigenvectors of :math:`X^\top X`, each with both its signs; 1 for rows that
    look alike from all of these sides, near 0 for a cone [mu2018]_.

    Examples
    --------
    >>> isotropy([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    1.0
    >>> round(isotropy([[1.0, 1.0], [1.0, 1.1]]), 3)
    0.055
    """
    rows = arrays.widen(arrays.matrix("X", X))
    unit = float(np.abs(rows).max()) or 1.0
    axes = np.linalg.eigh((rows / unit).T @ (rows / unit))[1]
    along = rows @ axes
    logs = np.concatenate([_log_sum_exp(along), _log_sum_exp(-along)])
    return float(np.exp(logs.min() - logs.max()))


def _log_sum_exp(X: arrays.FloatArray) -> arrays.FloatArray:
    top = X.max(axis=0)
    out: arrays.FloatArray = top + np.log(np.exp(X - top).sum(axis=0))
    return out
