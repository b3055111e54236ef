r"""Rank seen by float64 with every rounding error written out, on two assumptions that float64 cannot prove.

The assumptions: matrix products are conventional (an inner product of length n errs by
:math:`\gamma_n |x|^\top |y|` at most, :math:`\gamma_n = n u / (1 - n u)`), and computed values of f err by
``ULPS`` units in the last place of value or argument at most. The singular value decomposition itself is not
trusted [rump2011]_.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from rankkit.arrays import FloatArray, IntArray, widen
from rankkit.functions.base import apply
from rankkit.ranks.report import RankBound
from rankkit.ranks.subject import Subject

#: Unit roundoff of float64, and how many of it a computed value of f may be off, in value and argument.
UNIT, ULPS = 2.0**-53, 16

#: What norms and bounds are enlarged by, for the rounding errors made in computing them.
SLACK = 1 + 1e-9


def float64_bound(subject: Subject, rows: IntArray) -> RankBound | None:
    """Return how many singular values of some rows exceed all rounding errors; None where f may decrease.

    Rows of log-probabilities stand for their centred scores, whose rank is no larger.
    """
    if not subject.f.increasing:
        return None
    matrix, error = enclosure(subject, rows)
    unit = np.ldexp(1.0, int(np.frexp(np.abs(matrix).max())[1]))
    found = visible_rank(matrix / unit, error / unit)
    if found is None:
        return None
    rank, doubt = found
    what = "" if subject.logits is None else f" and {subject.f.name} errs by {ULPS} units in the last place"
    return RankBound(
        rank,
        "float64_svd",
        f"{rank} singular values in float64 exceed all rounding errors, {doubt * unit:.2g}, if matrix "
        f"products are conventional{what}; no certificate",
    )


def enclosure(subject: Subject, rows: IntArray) -> tuple[FloatArray, float]:
    """Return rows of the matrix, centred if it is not plain scores, and a Frobenius bound on their error."""
    if subject.logits is None:
        return widen(subject.head.W[rows]), 0.0
    contexts, classes = subject.factors()
    H = contexts[rows]
    logits = H @ classes.T
    radius = gamma(H.shape[1] + 2) * (np.abs(H) @ np.abs(classes).T) + H.shape[1] * 2.0**-1074
    radius = SLACK * (radius + ULPS * UNIT * np.abs(logits))
    middle = apply(subject.f, logits)
    # f increases: between the ends of an interval of logits it stays between its values there
    ends = [apply(subject.f, logits - radius), apply(subject.f, logits + radius)]
    reach = np.maximum(middle - ends[0], ends[1] - middle)
    sizes = np.maximum(*map(np.abs, ends))
    off = (
        3 * ULPS * (UNIT * sizes + 2.0**-1074)
    )  # at the ends and in the middle; the least also where subnormal
    error = SLACK * (reach + off)
    if subject.kind != "scores":
        width = middle.shape[1]
        means = middle.mean(axis=1, keepdims=True)
        sizes = np.abs(middle).mean(axis=1, keepdims=True)
        middle = middle - means
        lost = gamma(width + 2) * sizes + 2 * UNIT * np.abs(middle)
        error = SLACK * (error + error.mean(axis=1, keepdims=True) + lost)
    largest = error.max()  # positive; squares of subnormal errors would vanish
    return middle, float(largest * np.linalg.norm(error / largest)) * SLACK


def visible_rank(matrix: FloatArray, error: float) -> tuple[int, float] | None:
    r"""Return how many singular values all matrices within ``error`` (Frobenius) have, and the total doubt.

    With :math:`\hat U \hat\Sigma \hat V^\top` computed and :math:`\alpha, \beta` bounds on how far
    :math:`\hat U, \hat V` are from orthonormal,
    :math:`\sigma_i \ge \hat\sigma_i \sqrt{(1-\alpha)(1-\beta)} - \|F - \hat U \hat\Sigma \hat V^\top\|_F
    - \text{error}`.

    >>> visible_rank(np.diag([1.0, 1e-3, 1e-20]), error=1e-6)[0]
    2
    """
    n, m = matrix.shape
    left, values, right = linalg.svd(matrix, full_matrices=False, check_finite=False)
    defects = [_from_orthonormal(left), _from_orthonormal(right.T)]
    if max(defects) >= 1:
        return None
    scaled = left * values
    residual = float(np.linalg.norm(matrix - scaled @ right))
    residual += gamma(len(values) + 3) * float(np.linalg.norm(np.abs(scaled) @ np.abs(right)))
    residual += 2 * UNIT * float(np.linalg.norm(matrix)) + (n * m) * 2.0**-1000
    doubt = SLACK * (residual + error)
    shrunk = values * np.sqrt((1 - defects[0]) * (1 - defects[1])) / SLACK
    return int(np.count_nonzero(shrunk > doubt)), doubt


def gamma(n: int) -> float:
    """Return the bound on the relative error of an inner product of length n."""
    return n * UNIT / (1 - n * UNIT)


def _from_orthonormal(Q: FloatArray) -> float:
    n, k = Q.shape
    norm = float(np.linalg.norm(Q)) * SLACK
    return SLACK * (float(np.linalg.norm(Q.T @ Q - np.eye(k))) + gamma(n + 1) * norm**2 + 2 * UNIT * k)
