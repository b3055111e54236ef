"""Lower bounds: a square submatrix that is proved non-singular, modulo a prime or in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rankkit.ranks.choice import Choice, choose
from rankkit.ranks.nullspace import pivots
from rankkit.ranks.report import RankBound
from rankkit.ranks.residues import residues
from rankkit.ranks.subject import Subject

#: Bits of ball arithmetic that are tried, in this order.
PRECISIONS = (64, 128, 256, 512, 1024, 2048, 4096)

#: How many doublings in a row may prove nothing more: what is singular stays so at any precision.
PATIENCE = 3

#: Size cubed times bits beyond which the precision is doubled no further; a second or two for a determinant.
WORK = 4e9


def lower_bound(subject: Subject, target: int, rng: np.random.Generator, least: int = 1) -> RankBound:
    """Return the largest proved minor of ``least`` to ``target`` rows, and how it was proved."""
    if target == 0:
        return RankBound(0, "none", "the upper bound is 0")
    choice = choose(subject, target, rng)
    size = min(target, len(choice.rows), len(choice.cols) - choice.centred)
    found = _modular(subject, choice, size)
    if found is None:
        return _balls(subject, choice, size, least)
    if subject.kind == "log_probs" and found.value < size:  # row maxima may lose what log-sum-exps keep
        return max(found, _balls(subject, choice, size, least), key=lambda bound: bound.value)
    return found


def _modular(subject: Subject, choice: Choice, size: int) -> RankBound | None:
    """Prove by elimination modulo a prime: first of as many rows as wanted, then of all."""
    for pool in (choice.leading(size), choice):
        found = residues(subject, pool.rows, pool.cols)
        if found is None:
            return None
        table, standing = found
        cols = pivots(table)[:size]
        if len(cols) == size:
            break
    if not cols:
        return RankBound(0, "none", "every entry that was looked at is 0")
    rows = pivots([[row[c] for row in table] for c in cols])
    why = ", ".join(filter(None, ["a determinant that is not 0 modulo 2^61 - 1", standing]))
    return _claim(subject, pool.at(rows, cols), why, PRECISIONS[0])


def _balls(subject: Subject, choice: Choice, size: int, least: int) -> RankBound:
    """Prove by determinants of balls that exclude 0, doubling the precision while that proves more."""
    import flint

    best, used, tried, stalled = least - 1, 0, 0, 0
    for bits in PRECISIONS:
        if tried and size**3 * bits > WORK:
            break
        with flint.ctx.workprec(bits):
            try:
                entries = subject.balls(*choice.leading(size)[:2])
            except NotImplementedError:
                return RankBound(0, "none", f"{subject.f.name} has no ball(): nothing can be proved")
            proved = _largest(partial(_excludes_zero, entries), best, size)
        stalled = 0 if proved > best else stalled + 1
        tried = bits
        if proved > best:
            best, used = proved, bits
        if best == size or stalled == PATIENCE:
            break
    if not used:
        return RankBound(0, "none", f"no minor of {least} rows or more is proved with {tried} bits")
    why = f"a determinant whose ball excludes 0 at {used} bits"
    if best < size:
        why += f" ({size} rows were tried, with up to {tried} bits)"
    return _claim(subject, choice.leading(best), why, used)


def _claim(subject: Subject, chosen: Choice, why: str, bits: int) -> RankBound:
    size = len(chosen.rows)
    reason = f"a {size} x {size} minor with {why}"
    if not subject.checkable:
        return RankBound(
            size, "minor", f"{reason}; no certificate, the checker does not know {subject.f.name}"
        )
    return RankBound(size, "minor", reason, subject.minor(chosen.rows, chosen.cols, bits))


def _largest(holds: Callable[[int], bool], known: int, size: int) -> int:
    """Return the largest k that bisection finds between one that is known to hold and ``size``."""
    if holds(size):
        return size
    low, high = known, size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _excludes_zero(entries: list[list[object]], k: int) -> bool:
    """Whether the leading k x k minor is proved to differ from 0."""
    import flint

    determinant = flint.arb_mat([row[:k] for row in entries[:k]]).det()
    return bool(determinant.is_finite() and not determinant.contains(0))
