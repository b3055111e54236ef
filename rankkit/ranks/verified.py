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

#: The same for the widest format of this machine, which may be float64 itself.
WIDEST = float(np.finfo(np.longdouble).eps) / 2

#: How many singular vectors are taken out at a time.
BLOCK = 64

#: What norms and bounds are enlarged by, for the rounding errors made in computing them.
SLACK = 1 + 1e-9


def float64_bound(subject: Subject, rows: IntArray) -> RankBound | None:
    """Return a rank of some rows that no rounding error explains; None where f may decrease.

    Singular values are counted; where some are too small, an approximate inverse may show full rank all the
    same. Rows of log-probabilities stand for their centred scores, whose rank is no larger.
    """
    if not subject.f.increasing:
        return None
    matrix, error = enclosure(subject, rows)
    unit = np.ldexp(1.0, int(np.frexp(np.abs(matrix).max())[1]))
    matrix, error = matrix / unit, error / unit
    given = "if matrix products are conventional"
    if subject.logits is not None:
        given += f" and {subject.f.name} errs by {ULPS} units in the last place"
    found = visible_rank(matrix, frobenius(error))
    full = min(matrix.shape)
    if (found is None or found[0] < full) and is_regular(*_square(matrix, error)):
        reason = (
            f"a {full} x {full} minor has an approximate inverse in float64 that no rounding error undoes"
        )
        return RankBound(full, "float64_inverse", f"{reason}, {given}; no certificate")
    if found is None:
        return None
    rank, doubt = found
    reason = f"{rank} singular values in float64 exceed all rounding errors, {doubt * unit:.2g}"
    return RankBound(rank, "float64_svd", f"{reason}, {given}; no certificate")


def enclosure(subject: Subject, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return rows of the matrix, centred if it is not plain scores, and what each entry may be off."""
    if subject.logits is None:
        return widen(subject.head.W[rows]), np.zeros((len(rows), subject.shape[1]))
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
    # at the ends and in the middle, by the smallest number also where they are subnormal
    off = 3 * ULPS * (UNIT * sizes + 2.0**-1074)
    error = SLACK * (reach + off)
    if subject.kind != "scores":
        width = middle.shape[1]
        # in the widest format there is, so that a mean of many scores is as good as one
        means = middle.mean(axis=1, keepdims=True, dtype=np.longdouble).astype(np.float64)
        sizes = np.abs(middle).mean(axis=1, keepdims=True)
        middle = middle - means
        lost = gamma(width + 2, WIDEST) * sizes + 2 * UNIT * (np.abs(middle) + np.abs(means))
        error = SLACK * (error + error.mean(axis=1, keepdims=True) + lost)
    return middle, error


def frobenius(error: FloatArray) -> float:
    """Return a bound on the norm of all matrices with entries up to these in size."""
    largest = float(error.max(initial=0.0))  # taken out, for squares of subnormal errors would vanish
    return largest * float(np.linalg.norm(error / largest)) * SLACK if largest else 0.0


def is_regular(matrix: FloatArray, error: FloatArray) -> bool:
    r"""Return whether all square matrices within an error of each entry are non-singular.

    With R close to the inverse, :math:`\|I - R F\|_\infty < 1` for every such F leaves no null vector.

    >>> near = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    >>> is_regular(near, np.full((2, 2), 1e-10)), is_regular(near, np.full((2, 2), 1e-9))
    (True, False)
    """
    if not (matrix.any(axis=0).all() and matrix.any(axis=1).all()):
        return False
    try:
        R = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return False
    if not np.isfinite(R).all():
        return False
    n, size = len(matrix), np.abs(R)
    off = np.abs(R @ matrix - np.eye(n)) + UNIT
    off += gamma(n + 2) * (size @ np.abs(matrix)) + size @ (error + n * 2.0**-1070)
    return bool((SLACK * off.sum(axis=1)).max() < 1)


def _square(matrix: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return as many columns as rows, or rows as columns, those that pivoted QR takes first."""
    n, m = matrix.shape
    if n > m:
        matrix, error = matrix.T, error.T
    if n != m:
        order = linalg.qr(matrix, mode="r", pivoting=True, check_finite=False)[1][: min(n, m)]
        matrix, error = matrix[:, order], error[:, order]
    return matrix, error


def visible_rank(matrix: FloatArray, error: float) -> tuple[int, float] | None:
    r"""Return how many singular values all matrices within ``error`` (Frobenius) have, and the total doubt.

    With :math:`\hat U \hat\Sigma \hat V^\top` computed and :math:`\alpha, \beta` bounds on how far
    :math:`\hat U, \hat V` are from orthonormal,
    :math:`\sigma_i \ge \hat\sigma_i \sqrt{(1-\alpha)(1-\beta)} - \|F - \hat U \hat\Sigma \hat V^\top\|_F
    - \text{error}`.

    >>> visible_rank(np.diag([1.0, 1e-3, 1e-20]), error=1e-6)[0]
    2
    """
    left, values, right = linalg.svd(matrix, full_matrices=False, check_finite=False)
    defects = [_from_orthonormal(left), _from_orthonormal(right.T)]
    if max(defects) >= 1:
        return None
    doubt = SLACK * (_residual(matrix, left, values, right, max(defects)) + error)
    shrunk = values * np.sqrt((1 - defects[0]) * (1 - defects[1])) / SLACK
    return int(np.count_nonzero(shrunk > doubt)), doubt


def _residual(
    matrix: FloatArray, left: FloatArray, values: FloatArray, right: FloatArray, defect: float
) -> float:
    """Return a Frobenius bound on what the decomposition leaves of the matrix.

    The largest singular values are taken out first, a few at a time: sums of few products err little, and
    what is left soon is small. Of the products' sizes the sum of the singular values is a bound.
    """
    rest, rounding, scaled = matrix.copy(), matrix.size * 2.0**-1000, left * values
    for start in range(0, len(values), BLOCK):
        these = slice(start, start + BLOCK)
        rest -= scaled[:, these] @ right[these]
        rounding += gamma(BLOCK + 3) * (1 + defect) * float(values[these].sum())
        rounding += UNIT * float(np.linalg.norm(rest))
    return SLACK * (float(np.linalg.norm(rest)) + SLACK * rounding)


def gamma(n: int, unit: float = UNIT) -> float:
    """Return the bound on the relative error of an inner product of length n."""
    return n * unit / (1 - n * unit)


def _from_orthonormal(Q: FloatArray) -> float:
    n, k = Q.shape
    norm = float(np.linalg.norm(Q)) * SLACK
    return SLACK * (float(np.linalg.norm(Q.T @ Q - np.eye(k))) + gamma(n + 1) * norm**2 + 2 * UNIT * k)
