"""Check claims about rank: at least k by a non-singular minor, at most k by counting monomials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import comb
from typing import Any, NamedTuple

import numpy as np

from .enclosure import Enclosure, Interval
from .exact import (
    Floats,
    Integers,
    dominance,
    fixed_point_inverse,
    integers,
    product,
    rough_inverse,
)
from .families import ENCLOSED, EXACT, degrees_of, misfit
from .logits import Logits, residues
from .modular import LARGE, PRIMES, Residues, nonsingular, reduce
from .residues import OF_EXPONENTIAL, RATIONAL, tops
from .residues import scores as modulo

Refused = str | None
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
        every = self.factors(cols)
        (H, e), (W, f) = integers(every.H[contexts]), integers(every.W)
        return product(H, W.T), e + f

    def factors(self, cols: Sequence[int] | slice) -> Logits:
        """Return the logits of some classes as factors."""
        return Logits.of(self.H, self.W[cols], None if self.b is None else self.b[cols])

    def primes(self) -> tuple[int, ...]:
        """Return the primes that can decide the minor: none, or first the one that rarely fails."""
        if self.family in OF_EXPONENTIAL and self.subject != "log_probs":
            # on a line, contexts or classes that agree modulo (p - 1) / 2 are equal
            return (PRIMES[1], LARGE) if self.H.shape[1] == 1 else (*PRIMES, LARGE)
        return PRIMES if self.family in RATIONAL else ()

    def modulo(self, p: int) -> Residues | None:
        """Return residues of the minor, or of one that is singular if it is; None where p will not do."""
        table = modulo(self.factors(self.cols), self.family, self.parameters, p)
        if table is None or self.subject == "scores":
            return table
        if self.subject == "centred":
            return reduce(table[:, 1:] - table[:, :1], p)
        return reduce(table - tops(self.factors(slice(None)), self.family, self.parameters, p)[:, None], p)


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

    Where f is a rational function of its argument and of exponentials, a determinant that is 0 vanishes
    identically in a transcendental number, and so modulo every prime (:mod:`.residues`).
    """
    if subject not in SUBJECTS:
        return f"unknown subject {subject!r}; known are {', '.join(SUBJECTS)}"
    if len(set(rows)) < len(rows) or len(set(cols)) < len(cols):
        return "the minor names a row or column twice"
    if not 1 <= len(rows) <= MOST_ROWS:
        return f"a minor of {len(rows)} rows is outside 1 to {MOST_ROWS}"
    if subject == "matrix":
        block = W[np.ix_(rows, cols)]
        if len(rows) != len(cols):
            return f"the minor is {block.shape[0]} x {block.shape[1]}, not square"
        proved = any(nonsingular(residues(block, p)[0], p) for p in PRIMES)
        return None if proved else "the minor is singular modulo two primes, so it proves nothing"
    if H is None or function is None:
        return f"a minor of the {subject} needs its contexts and its function"
    if wrong := misfit(function):
        return wrong
    if len(cols) != len(rows) + (subject == "centred"):
        return f"the minor is {len(rows)} x {len(cols) - (subject == 'centred')}, not square"
    scores = Scores(W, b, H, cols, subject, function["family"], function["parameters"])
    for p in scores.primes():
        table = scores.modulo(p)
        if table is not None and nonsingular(table, p):
            return None
    if scores.family in RATIONAL and subject != "log_probs":
        return "the minor is singular modulo two primes, so it proves nothing"
    if not 32 <= bits <= MOST_BITS:
        return f"a precision of {bits} bits is outside 32 to {MOST_BITS}"
    mid, radius = enclosed_minor(scores, bits)
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
    if family not in ("Identity", "Polynomial"):
        return f"family {family!r} is not a polynomial"
    exponents = degrees_of(family, parameters)
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
    numerator, denominator = x.as_integer_ratio()
    return (numerator << bits) // denominator
