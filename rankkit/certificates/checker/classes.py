"""Check claims about classes: this one can win, that one never can."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from . import simplex
from .domains import Bounds, least
from .exact import Floats, Integers, integers, solution_radius
from .scores import Each, contested

MIDDLE = 900  # exponents up to which float64 has all its digits, either way
Refused = str | None  # the reason, or None for a claim that holds


def witnesses(
    W: Floats,
    b: Floats | None,
    classes: Sequence[int],
    X: Floats,
    ties: Sequence[Sequence[int]],
    each: Each = map,
) -> list[Refused]:
    """Decide for each class i and state x whether ``w_i.x + b_i`` exceeds every other class's logit.

    Products with proved bounds on their rounding error settle nearly every pair; exact integers settle the
    rest. Equality is accepted for the classes in ``ties``, which must have the very row and bias of class i.
    """
    if not len(X):
        return []
    rest = contested(W, b, classes, X, each)
    return [
        (_false_tie(W, b, i, tie) or _beats(W, b, i, others, x, tie)) if tie or others else None
        for i, x, tie, others in zip(classes, X, ties, rest, strict=True)
    ]


def long_witness(W: Floats, b: Floats | None, i: int, terms: Floats, ties: Sequence[int]) -> Refused:
    """Decide the same for one state with more digits than float64 has: the sum of ``terms`` (m, d).

    Float64 products at the state as float64 rounds it rule out what they can: their bounds have room for
    that, unless it is at an end of float64.
    """
    n, f = integers(terms)
    total = [int(v) for v in n.sum(axis=0)]
    if abs(max(map(abs, total)).bit_length() + f) < MIDDLE:
        near = np.array([[float(Fraction(v) * Fraction(2) ** f) for v in total]])
        others = contested(W, b, [i], near)[0]
    else:
        others = [j for j in range(len(W)) if j != i]
    return _false_tie(W, b, i, ties) or _beats(W, b, i, others, terms, ties)


def _false_tie(W: Floats, b: Floats | None, i: int, ties: Sequence[int]) -> Refused:
    """Say which of ``ties`` is class i itself, is named twice, or has another row or bias."""
    for j in ties:
        if j == i or ties.count(j) > 1 or (W[i] != W[j]).any() or (b is not None and b[i] != b[j]):
            return f"class {j} is no other class with the row and bias of class {i}"
    return None


def _beats(
    W: Floats, b: Floats | None, i: int, others: Sequence[int], x: Floats, ties: Sequence[int]
) -> Refused:
    if not others:
        return None
    rows = [i, *others]
    N, e = integers(W[rows])
    n, f = integers(np.atleast_2d(x))
    n = n.sum(axis=0)
    scores = [int(s) for s in N @ n]
    if b is not None:
        B, g = integers(b[rows])
        low = min(e + f, g)
        scores = [(s << (e + f - low)) + (int(t) << (g - low)) for s, t in zip(scores, B, strict=True)]
    for j, score in zip(others, scores[1:], strict=True):
        if score > scores[0] or (score == scores[0] and j not in ties):
            return f"class {j} {'beats' if score > scores[0] else 'ties with'} class {i} at this state"
    return None


def combination(
    W: Floats,
    b: Floats | None,
    i: int,
    rows: Sequence[int],
    weights: list[Fraction],
    bounds: Bounds | None = None,
) -> Refused:
    """Decide whether class i never beats an average of other classes: everywhere, or within ``bounds``.

    What holds everywhere holds within any bounds, so there either proof will do.
    """
    if i in rows or len(set(rows)) < len(rows):
        return f"the combination for class {i} uses class {i} itself or a row twice"
    if bounds is None:
        return _everywhere(W, b, i, rows, weights)
    reason = _within(W, b, i, rows, weights, bounds)
    return reason if reason is None or _everywhere(W, b, i, rows, weights) is not None else None


def _within(
    W: Floats, b: Floats | None, i: int, rows: Sequence[int], weights: list[Fraction], bounds: Bounds
) -> Refused:
    """Decide ``sum(l_j ((w_j - w_i).h + b_j - b_i)) >= 0`` for every h within ``bounds``, exactly.

    The weights need no sum of 1: only their ratios count.
    """
    if min(weights) < 0 or not any(weights):
        return f"the weights for class {i} are not non-negative numbers of which one is positive"
    shares = _numerators(weights)[0]
    N, e = integers(W[[*rows, i]])
    slope = shares @ N[:-1] - shares.sum() * N[-1]
    level = Fraction(0)
    if b is not None:
        B, g = integers(b[[*rows, i]])
        level = Fraction(int(shares @ B[:-1] - shares.sum() * B[-1])) * Fraction(2) ** g
    unit = Fraction(2) ** e
    lowest = least([int(c) * unit for c in slope], bounds)
    if lowest is None or lowest + level < 0:
        return f"the combination for class {i} is not shown to reach it everywhere in the domain"
    return None


def _everywhere(W: Floats, b: Floats | None, i: int, rows: Sequence[int], weights: list[Fraction]) -> Refused:
    """Decide whether class i is a convex combination of other rows that has at least its bias.

    If ``w_i = sum(l_j w_j)``, ``b_i <= sum(l_j b_j)``, ``l >= 0`` and ``sum(l) = 1``, then at every state
    the logit of class i is at most an average of the others', so it is never strictly the largest. The
    weights are either exactly right as given, or there are d + 1 rows and the exact weights are enclosed
    around the given ones.
    """
    around, nearly = np.array([list(rows)]), np.array([[float(w) for w in weights]])
    if simplex.enclosed(W, b, around, np.zeros(1, int), np.array([i]), nearly)[0]:
        return None
    N, _ = integers(np.concatenate([W[list(rows)], W[[i]]]))
    target = N[-1]
    points = N[:-1]
    if all(w >= 0 for w in weights) and sum(weights) == 1 and _meets(points, target, weights):
        radius = Fraction(0)
    elif len(rows) == W.shape[1] + 1:
        size = max((abs(int(v)).bit_length() for v in N.ravel()), default=0)
        unit = np.full(len(rows), 1 << size, dtype=object)  # the row of ones, scaled like the others
        system = np.concatenate([points.T, unit[None]])
        found = solution_radius(system, np.append(target, 1 << size), weights)
        if found is None:
            return f"the rows for class {i} are not shown to be affinely independent"
        radius = found
        if min(weights) < radius:
            doubt = f"{float(min(weights)):.3g} +- {float(radius):.3g}"
            return f"a weight for class {i} is not shown to be non-negative: {doubt}"
    else:
        return f"the weights for class {i} do not reproduce its row exactly"
    if b is not None:
        lifts = [Fraction(float(b[j])) - Fraction(float(b[i])) for j in rows]
        slack = sum((w * lift for w, lift in zip(weights, lifts, strict=True)), Fraction(0))
        if slack < radius * sum(map(abs, lifts)):
            return f"the combination for class {i} is not shown to reach its bias"
    return None


def _meets(points: Integers, target: Integers, weights: list[Fraction]) -> bool:
    numerators, denominator = _numerators(weights)
    return bool((numerators @ points == denominator * target).all())


def _numerators(weights: list[Fraction]) -> tuple[npt.NDArray[Any], int]:
    """Return integers and the common denominator under which they are the weights."""
    denominator = int(np.lcm.reduce(np.array([w.denominator for w in weights], dtype=object)))
    return np.array([int(w * denominator) for w in weights], dtype=object), denominator
