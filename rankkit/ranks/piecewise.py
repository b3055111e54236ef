"""Upper bounds for piecewise-linear functions: most logits on one line, or contexts that bend alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.functions import PLIF, LeakyReLU
from rankkit.heads import Head
from rankkit.ranks.report import RankBound
from rankkit.ranks.subject import Subject, distinct

#: Share of logits off the commonest segment above which no small set of rows and columns covers them.
COVERED = 0.2

#: Number of logits above which their segments are not looked at.
ENTRIES = 50_000_000

#: Unit roundoff of float64.
UNIT = 2.0**-53

#: The smallest positive float64 number.
SMALLEST = 2.0**-1074


def piecewise_bounds(subject: Subject) -> list[RankBound]:
    """Return what the segments of a piecewise-linear function say about rank, nothing for other functions."""
    if not isinstance(subject.f, PLIF | LeakyReLU):
        return []
    asked, subject = subject, _distinct(subject)
    contexts, classes = subject.shape
    if contexts * classes > ENTRIES:
        return []
    kinks = subject.f.kinks if isinstance(subject.f, PLIF) else np.zeros(1)
    index = _segments(subject, kinks)
    cells = [_cells(asked, subject, index, of) for of in ("contexts", "classes")]
    cover = _cover(asked, subject, index, kinks)
    return cells if cover is None else [*cells, cover]


def _distinct(subject: Subject) -> Subject:
    """Leave out repeated contexts and classes: they add no rank to scores, nor to differences of them."""
    contexts, classes = (distinct(X) for X in subject.factors())
    head = subject.head
    kept = Head(head.W[classes], None if head.b is None else head.b[classes])
    return replace(subject, head=kept, logits=kept.logits(subject.contexts[contexts]))


def _segments(subject: Subject, kinks: FloatArray) -> Array:
    """Return the segment of every logit, or -1 where it is too close to a kink for float64 to tell."""
    contexts, classes = subject.factors()
    lengths = np.hypot.reduce(classes, axis=1)  # norms that square nothing, so that none overflows
    out = np.empty(subject.shape, dtype=np.int32)
    for cut in arrays.row_blocks(len(contexts), 8 * len(classes)):
        block = contexts[cut] @ classes.T
        # a product of width r errs by at most r u |h||w|, and by r times the smallest number where terms
        # underflow; twice that covers the norms and sums here
        h = np.hypot.reduce(contexts[cut], axis=1)[:, None]
        error = 2 * (classes.shape[1] + 4) * (UNIT * h * lengths + SMALLEST * np.sign(h) * np.sign(lengths))
        low = np.searchsorted(kinks, block - error, side="right")
        high = np.searchsorted(kinks, block + error, side="right")
        out[cut] = np.where(low == high, low, -1)
    return out


def _cover(asked: Subject, subject: Subject, index: Array, kinks: FloatArray) -> RankBound | None:
    """Bound the rank by that of one line plus the rows and columns that hold every logit off its segment.

    By König's theorem the fewest such rows and columns are as many as a maximum matching of those logits.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    commonest = int(np.bincount(index[index >= 0].ravel()).argmax()) if (index >= 0).any() else 0
    off = index != commonest
    if off.mean() > COVERED:
        return None
    of_rows = maximum_bipartite_matching(csr_array(off), perm_type="column")
    rows, cols = _covering(off, of_rows)
    lines = len(rows) + len(cols)
    d, bias = subject.head.d, subject.head.b is not None
    through_zero = commonest == int(np.searchsorted(kinks, 0.0, side="right")) or isinstance(
        subject.f, LeakyReLU
    )
    # the line s a + t: its constant vanishes when centred, and a bias absorbs it
    line = d + bias + (subject.kind == "scores" and not bias and not through_zero)
    value = line + lines + (subject.kind == "log_probs")
    share = f"{100 * off.mean():.2g} % of the logits fall on another slope or too near a kink to tell"
    reason = f"{share}; they sit in {lines} rows and columns, so the rank is at most {line} + {lines}"
    where = {
        name: _equal(X, Y[chosen])
        for name, X, Y, chosen in zip(
            ("rows", "cols"), asked.factors(), subject.factors(), (rows, cols), strict=True
        )
    }
    claim = asked.ceiling("cover", value, {**where, "segment": commonest})
    return RankBound(value, "cover", reason + _tail(subject.kind), claim)


def _covering(off: Array, matched: IntArray) -> tuple[IntArray, IntArray]:
    """Return as many rows and columns as are matched, which hold all entries that are ``off``.

    ``matched`` is the column of each row in a maximum matching, or -1. From rows without one, alternating
    paths reach rows and columns: the columns among them and the other rows are a cover.
    """
    row_of = np.full(off.shape[1], -1)
    row_of[matched[matched >= 0]] = np.flatnonzero(matched >= 0)
    rows, cols = matched < 0, np.zeros(off.shape[1], dtype=bool)
    front = np.flatnonzero(rows)
    while len(front):
        new = np.flatnonzero(off[front].any(axis=0) & ~cols)
        cols[new] = True
        front = row_of[new]  # no path ends in an unmatched column, or the matching would not be maximum
        rows[front] = True
    return np.flatnonzero(~rows), np.flatnonzero(cols)


def _equal(X: FloatArray, chosen: FloatArray) -> list[int]:
    """Return the rows of X that equal one of the chosen."""
    wanted = {row.tobytes() for row in chosen + 0.0}
    return [i for i, row in enumerate(X + 0.0) if row.tobytes() in wanted]


def _cells(asked: Subject, subject: Subject, index: Array, of: str) -> RankBound:
    """Sum over groups of contexts, or of classes, whose logits share their segments: there f is affine."""
    of_contexts = of == "contexts"
    patterns = index if of_contexts else np.ascontiguousarray(index.T)
    sure = (patterns >= 0).all(axis=1)
    sizes = np.unique(patterns[sure], axis=0, return_counts=True)[1]
    bias, constants = subject.head.b is not None, not isinstance(subject.f, LeakyReLU)
    # scores are s (h.w + b) + t: of a context (h, 1) they are linear in that, of a class in (w, b, 1)
    width = subject.head.d + ((bias or constants) if of_contexts else bias + constants)
    value = int(np.minimum(sizes, width).sum()) + int(np.count_nonzero(~sure)) + (subject.kind == "log_probs")
    reason = f"{len(sizes):,} groups of {of} bend alike, each of rank {width} at most"
    return RankBound(value, "cells", reason + _tail(subject.kind), asked.ceiling("cells", value, {"of": of}))


def _tail(kind: str) -> str:
    return ", + 1 for the log-normaliser" if kind == "log_probs" else ""
