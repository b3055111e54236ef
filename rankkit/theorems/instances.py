"""Drawn instances whose entries are small integers, so that every logit is exact."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import Identity, PointwiseFunction
from rankkit.heads import Head, LowRankLogits


@dataclass(frozen=True)
class Scores:
    """Logits, the pointwise function applied to them, and a word on what is special."""

    logits: LowRankLogits
    f: PointwiseFunction = field(default_factory=Identity)
    note: str = ""

    def __str__(self) -> str:
        contexts, classes = self.logits.shape
        bias = "" if self.logits.head.b is None else ", bias"
        note = f", {self.note}" if self.note else ""
        return f"{contexts} x {classes}, d = {self.logits.head.d}{bias}, {self.f.name}{note}"


def integers(rng: np.random.Generator, shape: tuple[int, ...], bound: int) -> FloatArray:
    """Draw integers of absolute value at most ``bound``, as float64."""
    return rng.integers(-bound, bound + 1, size=shape).astype(np.float64)


def drawn_logits(
    rng: np.random.Generator, contexts: int, classes: int, d: int, bias: bool = False, bound: int = 1000
) -> LowRankLogits:
    """Draw integer states, weights and bias; return their logits."""
    W, H = integers(rng, (classes, d), bound), integers(rng, (contexts, d), bound)
    return Head(W, integers(rng, (classes,), bound) if bias else None).logits(H)


def no_two_parallel(rows: FloatArray) -> bool:
    """Return whether no row is zero or a multiple of another."""
    inner = rows @ rows.T
    norms = np.diag(inner)
    off = ~np.eye(len(rows), dtype=bool)
    return bool((norms > 0).all() and (inner**2 < np.outer(norms, norms))[off].all())
