"""Lower bounds: a square submatrix that is proved non-singular, modulo a prime or in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rankkit.arrays import IntArray
from rankkit.certificates.checker.modular import pivots
from rankkit.ranks.choice import ENTRIES, choose, sample
from rankkit.ranks.report import RankBound
from rankkit.ranks.residues import primes, standing, table
from rankkit.ranks.subject import Subject

#: Bits of ball arithmetic that are tried, in this order.
PRECISIONS = (64, 128, 256, 512, 1024, 2048, 4096)

#: How many rows and columns more than wanted are drawn at first.
MARGIN = 8

#: How many doublings in a row may prove nothing more: what is singular stays so at any precision.
PATIENCE = 3

#: Size cubed times bits beyond which the precision is doubled no further; a second or two for a determinant.
WORK = 4e9


def modular_bound(subject: Subject, target: int, rng: np.random.Generator, least: int = 1) -> RankBound:
    """Prove a minor of up to ``target`` rows modulo a prime, found by elimination modulo that prime.

    First of about as many rows as wanted, then of all.
    """
    best, seen = RankBound(0, "none", f"no prime decides minors of {subject.f.name}"), False
    for rows, cols in _pools(subject, target, rng):
        for p in primes(subject):
            entries = table(subject, rows, cols, p)
            if entries is None:
                continue
            seen = True
            i, j = pivots(entries, p, target)
            if len(i) >= max(least, best.value + 1):
                # a minor of differences names the column they are to as well
                named = np.append(cols[:1], cols[1:][j]) if subject.kind == "centred" else cols[j]
                prime = f"2^{p.bit_length()} - {(1 << p.bit_length()) - p}"
                why = ", ".join(
                    filter(None, [f"a determinant that is not 0 modulo {prime}", standing(subject)])
                )
                best = _claim(subject, rows[i], named, why, PRECISIONS[0])
            if best.value == target:
                return best
    if seen and not best.value:
        return RankBound(0, "none", f"no minor of {least} rows or more was found modulo a prime")
    return best


def _pools(subject: Subject, target: int, rng: np.random.Generator) -> list[tuple[IntArray, IntArray]]:
    """Return rows and columns to eliminate: a few more than wanted at random, and all unless very many."""
    rows, cols = subject.candidates()
    few = sample(rows, target + MARGIN, rng), sample(cols, target + MARGIN, rng)
    many = (
        sample(rows, max(2 * target + 50, ENTRIES // len(cols)), rng),
        sample(cols, max(4 * target + 50, ENTRIES // len(rows)), rng),
    )
    same = len(few[0]) == len(many[0]) and len(few[1]) == len(many[1])
    return [many] if same else [few, many]


def ball_bound(subject: Subject, target: int, rng: np.random.Generator, least: int = 1) -> RankBound:
    """Prove by determinants of balls that exclude 0, doubling the precision while that proves more."""
    import flint

    choice = choose(subject, target, rng)
    size = min(target, len(choice.rows), len(choice.cols) - choice.centred)
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
    return _claim(subject, *choice.leading(best)[:2], why, used)


def _claim(subject: Subject, rows: IntArray, cols: IntArray, why: str, bits: int) -> RankBound:
    size = len(rows)
    reason = f"a {size} x {size} minor with {why}"
    if not subject.checkable:
        return RankBound(
            size, "minor", f"{reason}; no certificate, the checker does not know {subject.f.name}"
        )
    return RankBound(size, "minor", reason, subject.minor(rows, cols, bits))


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
