"""The wanted matrix, a block at a time: logits, f and centring while a piece of it is in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.spectra.source import Source, log_sum_exp

#: Lines that are made together, and bytes of a block of them.
LINES, BLOCK = 128, 2**26

#: Bytes of a matrix that is kept where it is wanted many times.
KEPT = 3 * 2**28

Dtype = type[np.floating[Any]]

#: Called with how many steps of a long work are done, and of how many.
Progress = Callable[[int, int], None]


class Scores:
    """Scores of a source, some lines at a time: a line is a row or a column, whichever is shorter.

    Families with a compiled form are made in ``dtype``; in float32 only where they bear it. Others are asked
    themselves, in float64.
    """

    def __init__(self, source: Source, dtype: Dtype) -> None:
        self.source, self.tall = source, source.shape[0] > source.shape[1]
        self.short, self.long = sorted(source.shape)
        self.kernel = None
        if source.logits is None:
            return
        from rankkit.functions.compiled import bears_float32, kernel

        self.kernel = kernel(source.f)
        if self.kernel is not None:
            H, head = arrays.widen(source.logits.H), source.logits.head
            W, b = arrays.widen(head.W), None if head.b is None else arrays.widen(head.b)
            made = dtype if bears_float32(source.f, _largest_logit(H, W, b)) else np.float64
            lines, across = (H, W) if self.tall else (W, H)
            self.lines, self.across = lines.astype(made), np.ascontiguousarray(across.T, dtype=made)
            bias = np.zeros(len(W), dtype=made) if b is None else b.astype(made)
            self.bias = bias if self.tall else bias[:, None]
            self.scratch = np.empty((LINES, self.short), dtype=made)

    def chunks(self, out: Array, first: int, unit: float) -> Iterator[tuple[slice, Array]]:
        """Write the lines from ``first`` on, times ``unit``, into ``out`` (lines, short) and yield them."""
        for start in range(0, len(out), LINES):
            piece = out[start : start + LINES]
            some = slice(first + start, first + start + len(piece))
            if not self._compiled(some, piece, unit):
                whole = slice(0, self.short)
                rows, cols = (some, whole) if self.tall else (whole, some)
                made = self.source.tile(rows, cols)  # says what overflows, if anything does
                np.multiply(made if self.tall else made.T, unit, out=piece, casting="same_kind")
            yield some, piece

    def _compiled(self, some: slice, piece: Array, unit: float) -> bool:
        if self.kernel is None:
            return False
        same = piece.dtype == self.scratch.dtype
        made = piece if same else self.scratch[: len(piece)]
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(self.lines[some], self.across, out=made)
            if self.source.logits is not None and self.source.logits.head.b is not None:
                made += self.bias if self.tall else self.bias[some]
            self.kernel(made)
            if not np.isfinite(made.sum()):
                return False
        if not same or unit != 1:
            np.multiply(made, unit, out=piece, casting="same_kind")
        return True


@dataclass(frozen=True)
class Gauge:
    """What is taken off the scores: ``unit`` times what is left is of size 1.

    Attributes
    ----------
    rows : numpy.ndarray (contexts, 1)
        Row means, log-normalisers, or zeros.
    columns : numpy.ndarray (classes,)
        Column means of what is left, or zeros.
    unit : float
        A power of two.
    """

    rows: FloatArray
    columns: FloatArray
    unit: float

    @property
    def removed(self) -> float:
        """Bound on the norm of what is taken off, in the same unit."""
        rows, columns = np.linalg.norm(self.rows * self.unit), np.linalg.norm(self.columns * self.unit)
        return float(rows * np.sqrt(len(self.columns)) + columns * np.sqrt(len(self.rows)))

    @classmethod
    def of(cls, source: Source, center: str | None) -> Gauge:
        """Look at the scores once, some lines at a time."""
        contexts, classes = source.shape
        scores, largest = Scores(source, np.float64), 0.0
        normalise = source.normalised and center is None
        rows, totals = np.full(contexts, -np.inf if normalise else 0.0), np.zeros(classes)
        lines = np.empty((LINES, scores.short))
        for first in range(0, scores.long, LINES):
            for some, piece in scores.chunks(lines[: scores.long - first], first, 1.0):
                tile = piece if scores.tall else piece.T
                r, c = (some, slice(None)) if scores.tall else (slice(None), some)
                largest = max(largest, float(piece.max()), -float(piece.min()))
                if normalise:
                    rows[r] = np.logaddexp(rows[r], log_sum_exp(tile))
                elif center is not None:
                    rows[r] += (tile / classes).sum(axis=1)
                    totals[c] += (tile / contexts).sum(axis=0)
        columns = totals - rows.mean() if center == "both" else np.zeros(classes)
        return cls(rows[:, None], columns, 1 / power_of_two(max(largest, float(np.abs(rows).max()))))

    def blocks(
        self, source: Source, dtype: Dtype, progress: Progress | None = None, lines: int = LINES
    ) -> Iterator[Array]:
        """Yield the matrix times ``unit`` as (min(shape), some) blocks; the next overwrites the last.

        Of at least ``lines`` lines, where there are so many.
        """
        scores = Scores(source, dtype)
        many = max(lines, BLOCK // (np.dtype(dtype).itemsize * scores.short))
        buffer = np.empty((min(many, scores.long), scores.short), dtype=dtype)
        along, across = (self.rows[:, 0], self.columns) if scores.tall else (self.columns, self.rows[:, 0])
        along, across = along * self.unit, (across * self.unit).astype(dtype)
        for first in range(0, scores.long, many):
            block = buffer[: scores.long - first]
            for some, piece in scores.chunks(block, first, self.unit):
                if across.any():
                    piece -= across
                if along[some].any():
                    piece -= along[some, None]
            if progress is not None:
                progress(first + len(block), scores.long)
            yield block.T

    def passes(self, source: Source, dtype: Dtype) -> Iterator[Iterable[Array]]:
        """Yield all blocks again and again; a matrix that takes little memory is made only once."""
        if keeps(source.shape, dtype):
            kept = [block.copy(order="K") for block in self.blocks(source, dtype)]
            while True:
                yield kept
        while True:
            yield self.blocks(source, dtype)


def keeps(shape: tuple[int, int], dtype: Dtype) -> bool:
    """Whether a matrix of that shape is made only once, for many passes."""
    return np.dtype(dtype).itemsize * shape[0] * shape[1] <= KEPT


def _largest_logit(H: FloatArray, W: FloatArray, b: FloatArray | None) -> float:
    """Return a bound on the size of a logit, maybe infinity."""
    with np.errstate(over="ignore"):
        longest = [float(np.linalg.norm(X, axis=1).max()) for X in (H, W)]
        return longest[0] * longest[1] + (0.0 if b is None else float(np.abs(b).max()))


def power_of_two(size: float) -> float:
    """Return a power of two near ``size`` (1 for zero), so that scaling by it rounds nothing."""
    return float(2.0 ** int(np.clip(np.frexp(size)[1], -1000, 1000))) if size > 0 else 1.0
