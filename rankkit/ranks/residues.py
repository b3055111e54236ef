"""Submatrices modulo a prime, such that a determinant which is not 0 there is not 0 in the reals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from rankkit.arrays import IntArray
from rankkit.functions import Exp, SoftCap
from rankkit.functions.base import PointwiseFunction
from rankkit.ranks.nullspace import PRIME
from rankkit.ranks.subject import Subject

#: What stands for the transcendental number; any residue but 0 will do.
BASE = 7

#: f(a), up to a constant factor, as a rational function of y = exp(c a) for some rational c that is not 0.
OF_EXPONENTIAL: dict[type[PointwiseFunction], Callable[[int], int]] = {
    Exp: lambda y: y,
    SoftCap: lambda y: (y - 1) * pow(y + 1, -1, PRIME) % PRIME,
}


def residues(subject: Subject, rows: IntArray, cols: IntArray) -> tuple[list[list[int]], str] | None:
    """Return a submatrix modulo :data:`PRIME` and why it may stand for the real one, or None if nothing can.

    Rationals have residues themselves. Where f is a rational function of exp(c a), every logit is a whole
    multiple of one dyadic number u, so every score is a rational function of q = exp(c u) over the
    rationals. By the theorem of Lindemann q is transcendental: a determinant is 0 at q only if it is 0
    identically, and then it is 0 modulo any prime with any residue in place of q.
    """
    if subject.rational:
        why = (
            "row maxima standing for log-sum-exps (Lindemann, Weierstrass)"
            if subject.kind == "log_probs"
            else ""
        )
        return [[_residue(a) for a in row] for row in subject.rationals(rows, cols)], why
    if subject.kind == "log_probs" or type(subject.f) not in OF_EXPONENTIAL:
        return None
    f = OF_EXPONENTIAL[type(subject.f)]
    powers = [
        [pow(BASE, a % (PRIME - 1), PRIME) for a in row] for row in subject.exact_logits(rows, cols).rows()
    ]
    if any(y == PRIME - 1 for row in powers for y in row):
        return None  # a pole of tanh
    scores = [[f(y) for y in row] for row in powers]
    return subject.differences(
        scores
    ), "a residue standing for the transcendental number exp(c u) (Lindemann)"


def _residue(value: Fraction) -> int:
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME
