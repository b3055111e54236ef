"""Ranks of f(tA) for every factor t on the logits but isolated ones, by the lowest power of t in a minor."""

from __future__ import annotations

import numpy as np

from rankkit.arrays import IntArray
from rankkit.certificates import GenericMinor, check
from rankkit.certificates.checker.generic import TAYLOR
from rankkit.ranks.choice import sample
from rankkit.ranks.report import RankBound
from rankkit.ranks.subject import Subject, distinct


def generic_bound(subject: Subject, target: int, rng: np.random.Generator) -> RankBound | None:
    """Return a checked lower bound for almost every scale of the logits; None where none is found.

    Log-probabilities have at least the rank of centred scores.
    """
    if subject.logits is None or not subject.checkable or type(subject.f).__name__ not in TAYLOR:
        return None
    kind = "scores" if subject.kind == "scores" else "centred"
    for rows, cols in _pools(subject):
        size = min(target, len(rows), len(cols) - (kind == "centred"))
        if size < 1:
            continue
        i, j = sample(rows, size, rng), sample(cols, size + (kind == "centred"), rng)
        claim = GenericMinor(
            subject.head.fingerprint,
            kind,
            tuple(i.tolist()),
            tuple(j.tolist()),
            subject.f.spec(),
            subject.contexts[i],
        )
        if check(claim, subject.about):
            reason = (
                f"a {size} x {size} minor of {subject.f.name}(tA) vanishes for isolated factors t only, of "
                "which 1 may be one"
            )
            return RankBound(size, "generic", reason, claim)
    return None


def _pools(subject: Subject) -> list[tuple[IntArray, IntArray]]:
    """Return rows and columns that differ, and then those that differ up to sign."""
    rows, cols = subject.candidates()
    contexts, classes = subject.factors()
    return [(rows, cols), (distinct(contexts, up_to_sign=True), distinct(classes, up_to_sign=True))]
