"""Check claims about rank: at least k by a non-singular minor, at most k by counting monomials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import comb
from typing import Any, NamedTuple

import numpy as np

from .exact import (
    Floats,
    Integers,
    dominance,
    fixed_point_inverse,
    integers,
    nonsingular_mod,
    product,
    rough_inverse,
)
from .families import ENCLOSED, EXACT, INCREASING, OF_EXPONENTIAL, Enclosure, Interval, misfit

Refused = str | None
PRIMES = (2**31 - 1, 2**31 - 19)
SUBJECTS = ("matrix", "scores", "centred", "log_probs")
MOST_BITS = 8192
MOST_ROWS = 4096  # of a minor: its cost grows with the cube


class Scores(NamedTuple):
    """Scores f(H W^T + b) of some contexts, and which of their columns a minor uses."""

    W: Floats
    b: Floats | None
    H: Floats
    cols: Sequence[int]
    subject: str
    family: str
    parameters: Mapping[str, Any]

    def logits(self, contexts: slice, cols: Sequence[int] | slice) -> tuple[Integers, int]:
        """Return integers A and an exponent e: the logits, contexts by classes, are A * 2**e."""
        (N, e), (M, f) = integers(self.H[contexts]), integers(self.W[cols])
        A, low = product(N, M.T), e + f
        if self.b is None:
            return A, low
        B, g = integers(self.b[cols])
        least = min(low, g)
        return (A << (low - least)) + (B << (g - least)), least


def minor(
    W: Floats,
    b: Floats | None,
    subject: str,
    rows: Sequence[int],
    cols: Sequence[int],
    function: Mapping[str, Any] | None,
    H: Floats | None,
    bits: int,
) -> Refused:
    """Decide whether the named submatrix is non-singular, which shows that the rank is at least its size.

    ``matrix`` is W itself; ``scores`` is f(H W^T + b); ``centred`` is its differences to the first named
    column, whose rank is that of the scores less their row means; ``log_probs`` is the scores less the
    log-sum-exp of each row.

    For rational scores the log-sum-exp may be replaced by the row maximum, which is exact. If a rational
    combination y of the rows made the log-probabilities lose the extra rank, then ``prod_i (sum_j
    exp(F_ij))**y_i`` would be the exponential of a rational; by Lindemann and Weierstrass that identity
    would hold term by term, so its leading exponents would agree, and y would make the scores less their
    row maxima lose that rank as well.

    Where f is a rational function of ``exp(c a)``, all scores are rational functions of one number
    ``q = exp(c 2**e)``, which is transcendental by the theorem of Lindemann. So a determinant that vanishes
    at q vanishes identically, and modulo every prime with any residue in place of q.
    """
    if subject not in SUBJECTS:
        return f"unknown subject {subject!r}; known are {', '.join(SUBJECTS)}"
    if len(set(rows)) < len(rows) or len(set(cols)) < len(cols):
        return "the minor names a row or column twice"
    if not 1 <= len(rows) <= MOST_ROWS:
        return f"a minor of {len(rows)} rows is outside 1 to {MOST_ROWS}"
    if subject == "matrix":
        found, _ = integers(W[np.ix_(rows, cols)])
        return _invertible(found)
    if H is None or function is None:
        return f"a minor of the {subject} needs its contexts and its function"
    if wrong := misfit(function):
        return wrong
    family = function["family"]
    scores = Scores(W, b, H, cols, subject, family, function["parameters"])
    if family in EXACT:
        reason = _invertible(_exact_minor(scores))
        if reason is None or subject != "log_probs":
            return reason  # else the row maxima lose a rank that the log-sum-exps may keep
    exponential = family in OF_EXPONENTIAL and subject != "log_probs"
    if exponential and any(_transcendental(scores, prime) for prime in PRIMES):
        return None
    if not 32 <= bits <= MOST_BITS:
        return f"a precision of {bits} bits is outside 32 to {MOST_BITS}"
    mid, radius = enclosed_minor(scores, bits)
    if mid.shape[0] != mid.shape[1]:
        return f"the minor is {mid.shape[0]} x {mid.shape[1]}, not square"
    for R in (rough_inverse(mid), fixed_point_inverse(mid, bits)):
        if R is not None and dominance(R, mid, radius) is not None:
            return None
    return f"the minor is not shown to be non-singular with {bits} bits"


def monomials(
    subject: str, function: Mapping[str, Any], shape: Sequence[int], d: int, bias: bool, rank: int
) -> Refused:
    """Decide whether a polynomial of the given exponents can make a matrix of rank above ``rank``.

    (h.w)^k is an inner product in C(d+k-1, k) monomials; with a bias every lower degree appears, C(d+p, p)
    in all. Subtracting row means removes the constant where it is constant along rows; the log-normaliser
    adds one.
    """
    if wrong := misfit(function):
        return wrong
    if any(type(n) is not int or n < 1 for n in (*shape, d)) or type(rank) is not int:
        return "shape, width and rank are not whole numbers from 1 on"
    family, parameters = function["family"], function["parameters"]
    if family == "Identity":
        exponents = {1}
    elif family == "Polynomial":
        exponents = {int(k) for k, c in parameters["coefficients"].items() if float.fromhex(c) != 0}
    else:
        return f"family {family!r} is not a polynomial"
    contexts, classes = shape
    degree = max(exponents, default=0)
    count = comb(d + degree, degree) if bias else sum(comb(d + k - 1, k) for k in exponents)
    constant = 0 in exponents and not bias
    cap = classes
    if subject == "centred":
        count, cap = count - constant, classes - 1
    elif subject == "log_probs":
        count = count - constant + 1
    elif subject != "scores":
        return f"subject {subject!r} has no monomial count"
    least = min(count, contexts, cap)
    return None if rank >= least else f"{rank} is below the {least} that this count allows"


def _exact_minor(scores: Scores) -> Integers:
    f = EXACT[scores.family](scores.parameters)

    def values(cols: Sequence[int] | slice, largest: bool = False) -> list[list[Fraction]]:
        whole, e = scores.logits(slice(None), cols)
        if largest:  # an increasing function has its maximum at the largest logit
            whole = whole.max(axis=1, keepdims=True)
        unit = Fraction(2) ** e
        return [[f(int(a) * unit) for a in row] for row in whole]

    table = values(scores.cols)
    if scores.subject == "centred":
        table = [[v - row[0] for v in row[1:]] for row in table]
    elif scores.subject == "log_probs":
        tops = [max(row) for row in values(slice(None), largest=scores.family in INCREASING)]
        table = [[v - top for v in row] for row, top in zip(table, tops, strict=True)]
    return _common_denominator(table)


def _transcendental(scores: Scores, prime: int) -> bool:
    """Whether the minor is invertible modulo a prime, with the residue 7 in place of exp(c 2**e)."""
    f = OF_EXPONENTIAL[scores.family]
    whole, _ = scores.logits(slice(None), scores.cols)
    powers = [[pow(7, int(a) % (prime - 1), prime) for a in row] for row in whole]
    if any(y == prime - 1 for row in powers for y in row):
        return False  # y + 1 may be a denominator
    values = np.array([[f(y, prime) for y in row] for row in powers], dtype=object)
    if scores.subject == "centred":
        values = values[:, 1:] - values[:, :1]
    return values.shape[0] == values.shape[1] and nonsingular_mod(values, prime)


def _common_denominator(values: list[list[Fraction]]) -> Integers:
    """Clear denominators row by row: a row scaled by a non-zero number does not change rank."""
    rows = []
    for row in values:
        denominator = int(np.lcm.reduce(np.array([v.denominator for v in row], dtype=object)))
        rows.append([int(v * denominator) for v in row])
    return np.array(rows, dtype=object)


def _invertible(A: Integers) -> Refused:
    if A.shape[0] != A.shape[1]:
        return f"the minor is {A.shape[0]} x {A.shape[1]}, not square"
    if any(nonsingular_mod(A, prime) for prime in PRIMES):
        return None
    return "the minor is singular modulo two primes, so it proves nothing"


def enclosed_minor(scores: Scores, bits: int) -> tuple[Integers, Integers]:
    """Return integers M and r with every entry of the minor within (M +- r) / 2**bits."""
    arithmetic = Enclosure(int(bits * 0.302) + 12)
    family, parameters = scores.family, scores.parameters
    exactly = EXACT[family](parameters) if family in EXACT else None

    def value(a: int, e: int) -> Interval:
        if exactly is not None:
            return arithmetic.rational(exactly(a * Fraction(2) ** e))
        return ENCLOSED[family](parameters, arithmetic.dyadic(a, e), arithmetic)

    entries: list[list[Interval]] = []
    for k in range(len(scores.H)):
        context = slice(k, k + 1)
        named, e = scores.logits(context, scores.cols)
        values = [value(a, e) for a in named[0]]
        if scores.subject == "centred":
            base = _negative(values[0])
            values = [arithmetic.add(v, base) for v in values[1:]]
        elif scores.subject == "log_probs":
            every, e = scores.logits(context, slice(None))
            normaliser = _negative(arithmetic.log_sum_exp([value(a, e) for a in every[0]]))
            values = [arithmetic.add(v, normaliser) for v in values]
        entries.append(values)
    # copy_negate, because unary minus would round to the default context
    low = np.array([[_floor(v.lo, bits) for v in row] for row in entries], dtype=object)
    high = np.array([[-_floor(v.hi.copy_negate(), bits) for v in row] for row in entries], dtype=object)
    mid = (low + high) >> 1
    return mid, np.maximum(high - mid, mid - low)


def _negative(x: Interval) -> Interval:
    return Interval(x.hi.copy_negate(), x.lo.copy_negate())


def _floor(x: Decimal, bits: int) -> int:
    """Return the largest integer up to x * 2**bits."""
    if x and x.adjusted() < -bits:  # smaller than 2**-bits
        return -1 if x < 0 else 0
    if x.adjusted() > MOST_BITS:
        raise ValueError(f"a score of about 1E{x.adjusted()} is too large to enclose")
    return int(Fraction(x) * (1 << bits) // 1)
