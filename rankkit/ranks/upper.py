"""Upper bounds: what shapes, repeated rows, inner dimension and monomial counts allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import comb

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.certificates import Monomials
from rankkit.certificates.checker.factors import integral
from rankkit.certificates.checker.opposites import opposite_rank
from rankkit.functions import Identity
from rankkit.ranks.dyadic import Dyadic
from rankkit.ranks.nullspace import Factors, exact_factors, rational_factors
from rankkit.ranks.piecewise import piecewise_bounds
from rankkit.ranks.report import RankBound
from rankkit.ranks.subject import Subject, distinct

#: Number of scores above which no null vectors of all of them are looked for.
SOLVED = 100_000


def upper_bounds(subject: Subject) -> list[RankBound]:
    """Return all bounds that do not look at the scores themselves, the smallest first."""
    return sorted([*plain_bounds(subject), *special_bounds(subject)], key=lambda bound: bound.value)


def plain_bounds(subject: Subject) -> list[RankBound]:
    """Return the bounds by shape, by repetition and by monomials: those that cost next to nothing."""
    bounds = [_shape(subject), *_repetition(subject), *_opposites(subject)]
    if subject.logits is not None and subject.f.powers is not None:
        bounds.append(_monomials(subject, sorted(subject.f.powers)))
    return bounds


def special_bounds(subject: Subject) -> list[RankBound]:
    """Return the bounds by segments of a piecewise-linear function, exact null vectors and equal norms."""
    if subject.logits is None:
        return _null_vectors(subject)
    bounds = piecewise_bounds(subject)
    if subject.f.powers is not None:
        powers = sorted(subject.f.powers)
        bounds += [*_equal_norms(subject, powers), _inner_rank(subject, powers)]
    return bounds


def solved_bounds(subject: Subject) -> list[RankBound]:
    """Return the rank of all scores by exact null vectors, where they are rational and not too many."""
    if subject.logits is None or not subject.rational:
        return []
    scores = subject if subject.kind == "scores" else replace(subject, kind="centred")
    rows, cols = (distinct(X) for X in scores.factors())
    if len(rows) * len(cols) > SOLVED or len(cols) <= (scores.kind == "centred"):
        return []
    factors = rational_factors(scores.rationals(rows, cols))
    if factors is None:
        return []
    rank = len(factors.right)
    whose = "scores" if scores.kind == "scores" else "scores less their row means"
    reason = f"exact null vectors leave the {whose} a rank of {rank}"
    more = subject.kind == "log_probs"
    shown, claim = factors.to_json(), None
    if shown is not None:
        claim = subject.ceiling("null vectors", rank + more, {"factors": {"table": shown}})
    return [RankBound(rank + more, "null vectors", reason + (_tail(subject.kind) if more else ""), claim)]


def monomial_count(exponents: Iterable[int], d: int, bias: bool) -> int:
    """Return how many monomials powers of an inner product of width ``d`` take; a bias adds all lower ones.

    >>> monomial_count([1, 3], d=2, bias=False), monomial_count([1, 3], d=2, bias=True)
    (6, 10)
    """
    powers = list(exponents)
    if bias:
        return comb(d + max(powers), d)
    return sum(comb(d + k - 1, k) if d else int(k == 0) for k in powers)


def _shape(subject: Subject) -> RankBound:
    rows, columns = subject.shape
    value, reason = min(rows, columns), f"the matrix is {rows:,} x {columns:,}"
    if columns == 1 and subject.kind in ("log_probs", "centred"):
        value, reason = 0, "one class: every log-probability is 0"
    elif subject.kind == "centred":
        value = min(rows, columns - 1)
        sums = f"each context sums to 0 over {columns:,} classes"
        reason = f"there are only {rows:,} contexts" if rows < columns else sums
    return RankBound(value, "shape", reason, subject.ceiling("shape", value, of="shape"))


def _repetition(subject: Subject) -> list[RankBound]:
    (rows, columns), by_zero = subject.shape, ""
    if subject.logits is None:
        W = subject.head.W
        left, right = (int(np.count_nonzero(X[distinct(X, True)].any(axis=1))) for X in (W, W.T))
        what = "differ up to sign and are not zero"
        found = [
            (left, rows, f"only {left:,} of {rows:,} rows {what}"),
            (right, columns, f"only {right:,} of {columns:,} columns {what}"),
        ]
    else:
        contexts, classes = subject.factors()
        centred, where = subject.kind == "centred", ""
        if isinstance(subject.f, Identity) and subject.kind != "scores":
            # what all classes share shifts a row of logits as a whole, and its normaliser with it
            contexts, where = contexts[:, (classes != classes[0]).any(axis=0)], " in what tells classes apart"
        zero = [not X.any(axis=1).all() for X in (contexts, classes)]
        if any(zero) and subject.kind == "scores" and subject.f.zero_at_zero:
            by_zero, where = "f and ", " and are not 0, where f is 0"
            contexts, classes = (X[X.any(axis=1)] for X in (contexts, classes))
        elif zero[0] and centred:  # a context of 0 has equal scores
            contexts, where = contexts[contexts.any(axis=1)], f" and are not 0{where}"
        left, right = len(distinct(contexts)), len(distinct(classes))
        differ = f"only {right:,} of {columns:,} classes differ in weights or bias"
        found = [
            (left, rows, f"only {left:,} of {rows:,} contexts differ{where}"),
            (right - centred, columns - centred, differ + (where if by_zero else "")),
        ]
    kinds = (("distinct rows", f"{by_zero}contexts"), ("distinct classes", f"{by_zero}classes"))
    return [
        RankBound(n, kind, why, subject.ceiling(kind, n, of=of))
        for (kind, of), (n, full, why) in zip(kinds, found, strict=True)
        if n < full
    ]


def _opposites(subject: Subject) -> list[RankBound]:
    """Count contexts and classes up to sign, where f is odd or even, or that but for a constant or a line.

    A bias belongs to the classes: (w, b) and (-w, -b) have opposite logits in every context.
    """
    parity = subject.f.parity
    if subject.logits is None or parity is None:
        return []
    bounds = []
    for of, X in zip(("contexts", "classes"), subject.factors(), strict=True):
        kept = X[distinct(X, up_to_sign=True)]
        if len(kept) == len(X):
            continue
        counts, width = (len(kept), int(kept.any(axis=1).sum())), X.shape[1]
        value = opposite_rank(parity, subject.kind, of == "contexts", counts, width, subject.f.zero_at_zero)
        reason = f"f is {parity}, and {len(kept):,} of {len(X):,} {of} differ up to sign"
        if parity == "line + even":
            reason += f", + {width} for the line"
        if parity == "constant + odd" and subject.kind == "scores":
            reason += ", + 1 for the constant"
        if counts[1] < counts[0]:
            reason += "; one of them is 0"
        if parity != "even":  # of which opposite contexts have one normaliser
            reason += _tail(subject.kind)
        claim = subject.ceiling("opposites", value, {"of": of})
        bounds.append(RankBound(value, "opposites", reason, claim))
    return bounds


def _monomials(subject: Subject, powers: list[int]) -> RankBound:
    d, bias = subject.head.d, subject.head.b is not None
    count = monomial_count(powers, d, bias)
    if powers == [1]:
        reason = f"logits have inner dimension d = {d}" + (" + 1 for the bias" if bias else "")
    else:
        degrees = f"every degree up to {max(powers)}" if bias else "degrees " + ", ".join(map(str, powers))
        reason = f"{count:,} monomials of {degrees} in {d} variables"
    rows, columns = subject.shape
    value = _after_normalising(subject.kind, count, powers, bias)
    value = min(value, rows, columns - (subject.kind == "centred"))
    reason += _tail(subject.kind)
    if not subject.checkable:
        return RankBound(
            value, "monomials", f"{reason}; no certificate, the checker does not know {subject.f.name}"
        )
    claim = Monomials(subject.head.fingerprint, subject.kind, subject.f.spec(), subject.shape, d, bias, value)
    return RankBound(value, "monomials", reason, claim)


def _inner_rank(subject: Subject, powers: list[int]) -> RankBound:
    """Count monomials in the dimensions that contexts and classes span: exact null vectors may show fewer."""
    bias = subject.head.b is not None
    contexts, classes = subject.factors()
    shown = {"contexts": exact_factors(contexts), "classes": exact_factors(classes)}
    left, right = (_rank(X, shown[name]) for name, X in (("contexts", contexts), ("classes", classes)))
    reason = (
        f"by exact null vectors contexts span {left} and classes {right} of {contexts.shape[1]} dimensions"
    )
    # with a bias the contexts' vectors all end in 1, so they are affine points in one dimension less
    count = min(monomial_count(powers, left - bias, bias), monomial_count(powers, right, bias=False))
    if powers == [1] and subject.kind != "scores":
        shown["differences"] = exact_factors(classes, less_first_row=True)
        moved = _rank(classes[1:], shown["differences"])
        count = min(count, moved)
        reason += f"; differences of classes span {moved}"
    value = _after_normalising(subject.kind, count, powers, bias)
    written = {name: found.to_json() for name, found in shown.items() if found is not None}
    claim = None
    if all(written.values()):
        claim = subject.ceiling("spans", value, {"factors": written})
    return RankBound(value, "null vectors", reason + _tail(subject.kind), claim)


def _rank(X: FloatArray, factors: Factors | None) -> int:
    return min(X.shape) if factors is None else len(factors.right)


def _equal_norms(subject: Subject, powers: list[int]) -> list[RankBound]:
    """Count monomials on a sphere, where those of a degree hold all of lower degrees of the same parity."""
    H, W, d = subject.contexts, arrays.widen(subject.head.W), subject.head.d
    bias = subject.head.b is not None
    which = [name for name, X in (("contexts", H), ("classes", W)) if _on_a_sphere(X)]
    if bias:  # every lower degree appears, and only contexts are points (h, 1) whose h can share a norm
        degrees = {max(powers), max(powers) - 1} - {-1}
        which = [name for name in which if name == "contexts"]
    else:
        degrees = {max(k for k in powers if k % 2 == parity) for parity in {k % 2 for k in powers}}
    if not which:
        return []
    count = sum(comb(d + k - 1, k) for k in degrees)
    # a constant stays one of the monomials unless it hides among those of a higher even degree
    value = _after_normalising(subject.kind, count, sorted(degrees), bias)
    reason = f"all {' and '.join(which)} have one norm: {count:,} monomials on a sphere in {d} dimensions"
    claim = subject.ceiling("equal norms", value, {"of": which[0]})
    return [RankBound(value, "equal norms", reason + _tail(subject.kind), claim)]


def _on_a_sphere(X: FloatArray) -> bool:
    norms = np.hypot.reduce(X, axis=1)
    if np.ptp(norms) > 1e-12 * norms.max():
        return False
    return len({sum(a * a for a in row) for row in Dyadic.of(X).rows()}) == 1


def _null_vectors(subject: Subject) -> list[RankBound]:
    W = arrays.widen(subject.head.W)
    wide = W.shape[0] < W.shape[1]
    factors = exact_factors(np.ascontiguousarray(W.T) if wide else W)
    if factors is None:
        return []
    if wide:
        factors = factors.transposed(integral(W.T))
    rank, shown = len(factors.right), factors.to_json()
    claim = None if shown is None else subject.ceiling("null vectors", rank, {"factors": {"table": shown}})
    reason = f"{min(W.shape) - rank} exact null vectors on its shorter side"
    return [RankBound(rank, "null vectors", reason, claim)]


def _after_normalising(kind: str, count: int, powers: list[int], bias: bool) -> int:
    """Centring removes a constant monomial; the log-normaliser adds one dimension to the centred scores."""
    if kind == "scores":
        return count
    return count - (0 in powers and not bias) + (kind == "log_probs")


def _tail(kind: str) -> str:
    return {"scores": "", "centred": ", less row means", "log_probs": ", + 1 for the log-normaliser"}[kind]
