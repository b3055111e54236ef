"""Submatrices modulo a prime, such that a determinant which is not 0 there is not 0 in the reals."""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray, IntArray
from rankkit.certificates.checker.logits import residues
from rankkit.certificates.checker.modular import PRIMES
from rankkit.certificates.checker.rank import Scores
from rankkit.ranks.subject import Subject


def primes(subject: Subject) -> tuple[int, ...]:
    """Return the primes to try, in order; none where nothing can be proved with them."""
    if subject.logits is None or not subject.checkable:
        return PRIMES if subject.rational else ()
    return _scores(subject, np.array([0]), np.array([0])).primes()


def table(subject: Subject, rows: IntArray, cols: IntArray, p: int) -> FloatArray | None:
    """Return a submatrix modulo a prime, as the checker makes it; None where the prime will not do."""
    if subject.logits is None:
        return residues(arrays.widen(subject.head.W[np.ix_(rows, cols)]), p)[0]
    if subject.checkable:
        return _scores(subject, rows, cols).modulo(p)
    values = subject.rationals(rows, cols)
    return np.array([[float(v.numerator * pow(v.denominator, -1, p) % p) for v in row] for row in values])


def standing(subject: Subject) -> str:
    """Return what residues stand for, in words, where that is not the number itself."""
    if subject.rational:
        row_maxima = "row maxima standing for log-sum-exps (Lindemann, Weierstrass)"
        return row_maxima if subject.kind == "log_probs" else ""
    return "a residue standing for a transcendental number (Lindemann)"


def _scores(subject: Subject, rows: IntArray, cols: IntArray) -> Scores:
    head, spec = subject.head, subject.f.spec()
    b = None if head.b is None else arrays.widen(head.b)
    return Scores(
        arrays.widen(head.W),
        b,
        subject.contexts[rows],
        cols.tolist(),
        subject.kind,
        spec["family"],
        spec["parameters"],
    )
