"""Check that a rank is at most k by what repeats, bends alike, lies on a sphere or has thin factors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import comb, lcm
from typing import Any, NamedTuple

import numpy as np

from .exact import Floats, integers, product
from .factors import Table, differences, indices, integral, low_rank
from .families import EXACT, degrees_of, misfit
from .logits import Logits
from .modular import Ints
from .opposites import opposite_rank, parity_of
from .rank import SUBJECTS
from .residues import kinks_of

MOST_SCORES = 200_000  # that are computed exactly, one by one
BLOCK = 2**22  # logits that are placed on segments at a time


class Claim(NamedTuple):
    """What a ceiling is about; a matrix has neither contexts nor a function."""

    W: Floats
    b: Floats | None
    H: Floats | None
    subject: str
    family: str | None
    parameters: Mapping[str, Any]
    contexts: int
    detail: Mapping[str, Any]

    @property
    def sides(self) -> tuple[Floats, Floats]:
        """The factors of the logits, a bias as a last column beside ones."""
        if self.H is None:
            raise ValueError("this bound needs the contexts")
        logits = Logits.of(self.H, self.W, self.b)
        return logits.H, logits.W

    @property
    def d(self) -> int:
        return self.W.shape[1]

    @property
    def bias(self) -> bool:
        return self.b is not None

    @property
    def normaliser(self) -> int:
        """Log-probabilities are the scores less a number in each row, which adds one to the rank at most."""
        return int(self.subject == "log_probs")

    @property
    def of_contexts(self) -> bool:
        if self.detail["of"] not in ("contexts", "classes"):
            raise ValueError("a bound is of contexts or of classes")
        return bool(self.detail["of"] == "contexts")

    def powers(self) -> set[int]:
        found = degrees_of(self.family, self.parameters)
        if not found:
            raise ValueError(f"family {self.family!r} is not a polynomial")
        return found


def ceiling(
    W: Floats,
    b: Floats | None,
    subject: str,
    rule: str,
    rank: int,
    contexts: int,
    function: Mapping[str, Any] | None,
    H: Floats | None,
    detail: Mapping[str, Any],
) -> str | None:
    """Decide whether the named rule bounds the rank by ``rank``."""
    if subject not in SUBJECTS or rule not in RULES:
        return f"unknown subject {subject!r} or rule {rule!r}; known rules are {', '.join(RULES)}"
    if type(rank) is not int or type(contexts) is not int or contexts < 1:
        return "the rank or the number of contexts is no whole number"
    if subject == "matrix" and (H is not None or function is not None):
        return "a matrix has neither contexts nor a function"
    if subject == "matrix" and (rule not in OF_MATRICES or contexts != len(W)):
        return f"{rule} is no bound for a matrix, or of another number of rows"
    if H is not None and H.shape != (contexts, W.shape[1]):
        return f"the contexts have shape {H.shape}; wanted {(contexts, W.shape[1])}"
    if function is not None and (wrong := misfit(function)):
        return wrong
    family, parameters = (None, {}) if function is None else (function["family"], function["parameters"])
    least = RULES[rule](Claim(W, b, H, subject, family, parameters, contexts, detail))
    return None if rank >= least else f"{rank} is below the {least} that {rule} allow"


def _shape(c: Claim) -> int:
    if c.subject == "matrix":
        return min(c.W.shape)
    if c.subject == "scores":
        return min(c.contexts, len(c.W))
    one = len(c.W) == 1  # a single class has no log-probability but 0
    return min(c.contexts, len(c.W) - (one or c.subject == "centred"))


def _rows(c: Claim) -> int:
    """Equal contexts have equal rows in every subject; rows of a matrix that is given may differ in sign.

    Contexts of 0 have rows f(0), which are 0 if that is 0, and are so for every f once the mean is taken out.
    """
    if c.subject == "matrix":
        return len(_first(c.W[c.W.any(axis=1)], up_to_sign=True))
    H, W = c.sides
    if c.family == "Identity" and c.subject != "scores":
        # what all classes share shifts a row of logits as a whole, and its normaliser with it
        H = H[:, (W[1:] != W[0]).any(axis=0)]
    if c.subject == "centred" or _vanishes(c):
        H = H[H.any(axis=1)]
    return len(_first(H))


def _columns(c: Claim) -> int:
    """Equal classes have equal columns; if these sum to 0 along each row, one of them is redundant."""
    if c.subject == "matrix":
        return len(_first(c.W.T[c.W.T.any(axis=1)], up_to_sign=True))
    W = c.W if c.b is None else np.column_stack([c.W, c.b])
    if _vanishes(c):
        W = W[W.any(axis=1)]
    return len(_first(W)) - (c.subject == "centred")


def _vanishes(c: Claim) -> bool:
    """Whether logits of 0 have scores of 0."""
    if c.subject != "scores" or c.family is None:
        return False
    rational = EXACT.get(c.family)
    return c.family in ("SoftCap", "SiLU") if rational is None else rational(c.parameters)(Fraction(0)) == 0


def _opposites(c: Claim) -> int:
    """With a bias classes can be opposite in weights and bias together; contexts end in 1, so none are."""
    parity, (H, W) = parity_of(c.family, c.parameters), c.sides
    if parity is None:
        raise ValueError(f"{c.family} is neither odd nor even, nor that but for a constant or a line")
    X = H if c.of_contexts else W
    different = len(_first(X, up_to_sign=True)), len(_first(X[X.any(axis=1)], up_to_sign=True))
    return opposite_rank(parity, c.subject, c.of_contexts, different, X.shape[1], _vanishes(c))


def _equal_norms(c: Claim) -> int:
    """On a sphere about 0 the monomials of a degree span those of lower degrees of the same parity."""
    powers, (H, W) = c.powers(), (c.H, c.W)
    if H is None or (c.bias and not c.of_contexts):
        raise ValueError("equal norms need contexts, and of classes no bias")
    whole, _ = integers(H if c.of_contexts else W)
    if len(set((whole * whole).sum(axis=1).tolist())) > 1:
        raise ValueError("not all norms are equal")
    degrees = {max(k for k in powers if k % 2 == rest) for rest in {k % 2 for k in powers}}
    if c.bias:  # every lower degree appears
        degrees = {max(powers), max(powers) - 1} - {-1}
    return _normalised(c, _monomials(degrees, c.d), degrees)


def _spans(c: Claim) -> int:
    """Count monomials in the dimensions that contexts and classes span, as their factors show."""
    powers, (H, W), shown = c.powers(), c.sides, c.detail["factors"]
    spans = {name: min(X.shape) for name, X in (("contexts", H), ("classes", W))}
    for name, X in (("contexts", H), ("classes", W)):
        if name in shown:
            spans[name] = low_rank(integral(X), shown[name])
    left, right = spans["contexts"], spans["classes"]
    # contexts (h, 1) that span r dimensions are affine points in one less
    top = max(powers)
    count = min(comb(left - 1 + top, top) if c.bias else _monomials(powers, left), _monomials(powers, right))
    if powers == {1} and c.subject != "scores":  # a line of the differences between classes
        moved = min(len(W) - 1, W.shape[1])
        if "differences" in shown:
            moved = low_rank(differences(integral(W)), shown["differences"])
        count = min(count, moved)
    return _normalised(c, count, powers)


def _factors(c: Claim) -> int:
    """Multiply out factors of the matrix, or of all different scores, each row times its denominator."""
    shown = c.detail["factors"]["table"]
    if c.subject == "matrix":
        return low_rank(integral(c.W), shown)
    return low_rank(_scores(c), shown) + c.normaliser


def _scores(c: Claim) -> Table:
    H, W = (X[_first(X)] for X in c.sides)
    if len(H) * len(W) > MOST_SCORES or c.family not in EXACT:
        raise ValueError(f"more than {MOST_SCORES:,} scores, or of a function that is not rational")
    f = EXACT[c.family](c.parameters)
    (left, e), (right, g) = integers(H), integers(W)
    unit = Fraction(2) ** (e + g)
    table = []
    for row in product(left, right.T).tolist():
        values = [f(a * unit) for a in row]
        if c.subject != "scores":
            values = [v - values[0] for v in values[1:]]
        whole = lcm(*(v.denominator for v in values))
        table.append([int(v * whole) for v in values])
    return np.array(table, dtype=object).reshape(len(H), len(W) - (c.subject != "scores"))


def _cells(c: Claim) -> int:
    """Rows, or columns, whose logits lie on the same segments are linear in the context, or in the class."""
    H, W = (X[_first(X)] for X in c.sides)
    kinks, line = _kinks(c)
    counts: dict[bytes, int] = {}
    for block in _segments(Logits(H, W) if c.of_contexts else Logits(W, H), kinks):
        for row in block:
            key = row.astype(np.int32).tobytes()
            counts[key] = counts.get(key, 0) + 1
    constants = not line
    # scores are s (h.w + b) + t: of a context (h, 1) they are linear in that, of a class in (w, b, 1)
    width = c.d + ((c.bias or constants) if c.of_contexts else c.bias + constants)
    return sum(min(count, width) for count in counts.values()) + c.normaliser


def _cover(c: Claim) -> int:
    """Count one line plus the rows and columns that hold every logit off it."""
    (H, W), (kinks, through_zero) = c.sides, _kinks(c)
    rows, cols = indices(c.detail["rows"], len(H)), indices(c.detail["cols"], len(W))
    segment = c.detail["segment"]
    free_rows, free_cols = (np.setdiff1d(np.arange(len(X)), some) for X, some in ((H, rows), (W, cols)))
    for block in _segments(Logits(H[free_rows], W[free_cols]), kinks):
        if (block != segment).any():
            raise ValueError("a logit outside the rows and columns lies on another segment")
    through_zero = through_zero or segment == int(np.searchsorted(kinks, 0.0, side="right"))
    # the line s a + t: its constant vanishes when centred, and a bias absorbs it
    line = c.d + c.bias + (c.subject == "scores" and not c.bias and not through_zero)
    return line + len(_first(H[rows])) + len(_first(W[cols])) + c.normaliser


def _kinks(c: Claim) -> tuple[list[float], bool]:
    """Return where a piecewise-linear function bends, and whether all its lines go through 0."""
    if c.family not in ("PLIF", "LeakyReLU"):
        raise ValueError(f"{c.family} is not piecewise linear")
    return ([0.0], True) if c.family == "LeakyReLU" else (kinks_of(c.parameters), False)


def _segments(logits: Logits, kinks: Sequence[float]) -> Iterator[Ints]:
    step = max(1, BLOCK // max(1, len(logits.W)))
    for at in range(0, len(logits.H), step):
        yield logits._replace(H=logits.H[at : at + step]).segments(kinks)


def _normalised(c: Claim, count: int, degrees: Iterable[int]) -> int:
    """Centring removes a constant monomial; the log-normaliser adds one dimension to the centred scores."""
    return count if c.subject == "scores" else count - (0 in degrees and not c.bias) + c.normaliser


def _monomials(degrees: Iterable[int], d: int) -> int:
    return sum(comb(d + k - 1, k) if d else int(k == 0) for k in degrees)


def _first(X: Floats, up_to_sign: bool = False) -> list[int]:
    """Return the index of the first of each group of equal rows; with ``up_to_sign``, of +- equal ones."""
    rows = X + 0.0
    if up_to_sign and rows.size:
        leading = np.take_along_axis(rows, (rows != 0).argmax(axis=1)[:, None], axis=1)
        rows = rows * np.where(leading < 0, -1.0, 1.0) + 0.0
    first: dict[bytes, int] = {}
    for i, row in enumerate(rows):
        first.setdefault(row.tobytes(), i)
    return list(first.values())


RULES: dict[str, Callable[[Claim], int]] = {
    "shape": _shape,
    "distinct rows": _rows,
    "distinct classes": _columns,
    "opposites": _opposites,
    "equal norms": _equal_norms,
    "spans": _spans,
    "null vectors": _factors,
    "cells": _cells,
    "cover": _cover,
}
OF_MATRICES = ("shape", "distinct rows", "distinct classes", "null vectors")
