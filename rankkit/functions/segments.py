"""PLIF for people: cut its segments finer, merge them, and see which of them logits reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray, IntArray, count
from rankkit.errors import InputError
from rankkit.functions.plif import PLIF


def refine(f: PLIF, times: int) -> PLIF:
    """Cut every segment of ``f`` into equal ones: the same function, with more slopes to learn.

    Parameters
    ----------
    f : PLIF
        With uniform segments.
    times : int
        New segments for each old one. An odd K becomes even for an even ``times``, which puts a kink at 0.

    Returns
    -------
    PLIF
        The same function exactly: old kinks are kinks still, to the last bit.

    Examples
    --------
    >>> refine(PLIF([1.0, 2.0], bound=1.0), times=3)
    PLIF: 6 segments on [-1, 1], a kink at 0
    """
    return PLIF(np.repeat(f.slopes, count("times", times)), bound=_uniform(f))


def coarsen(f: PLIF, times: int) -> PLIF:
    """Merge neighbouring segments of ``f``; the new slopes are means of the old ones.

    The result agrees with ``f`` at its kinks inside and, up to a constant, at both ends. What it changes is
    bounded: cross-entropy and divergence of any prediction move by at most 2 :func:`distance` in a context.

    Parameters
    ----------
    f : PLIF
        With uniform segments.
    times : int
        Old segments for each new one; must divide their number.

    Raises
    ------
    InputError
        Segments that ``times`` does not divide, or that are not uniform.

    Examples
    --------
    >>> coarsen(PLIF([1.0, 2.0, 5.0, 8.0], bound=1.0), times=2).slopes
    array([1.5, 6.5])
    """
    bound = _uniform(f)
    if f.segments % count("times", times):
        raise InputError(f"times is {times}, which does not divide the {f.segments:,} segments")
    return PLIF(f.slopes.reshape(-1, times).mean(axis=1), bound=bound)


def distance(f: PLIF, g: PLIF, low: float, high: float) -> float:
    """Return how far f and g are apart between two logits, up to a constant, which no softmax sees.

    Half the difference of the largest and the smallest value of f - g on [low, high]; both are taken at a
    kink or an end, so the value is exact up to rounding.

    >>> distance(PLIF([1.0, 3.0], bound=1.0), PLIF([2.0, 2.0], bound=1.0), -1.0, 1.0)
    0.5
    """
    if not low <= high:
        raise InputError(f"low is {low:g} and high is {high:g}; wanted low <= high")
    kinks = np.concatenate([f.kinks, g.kinks])
    ends = np.array([low, high], dtype=np.float64)
    at = np.concatenate([ends, kinks[(kinks > low) & (kinks < high)]])
    return float(np.ptp(f(at) - g(at)) / 2)


@dataclass(frozen=True, eq=False)
class SegmentReport:
    """Which segments of a PLIF some logits reach, and how bent it is there.

    Attributes
    ----------
    left, right, slopes : numpy.ndarray (K,)
        The segments; the first begins at minus infinity, the last ends at infinity.
    counts : numpy.ndarray (K,)
        Logits in each.
    kink_at_zero : bool
        Whether f bends at 0: for uniform segments, whether K is even. Without it, small logits see a line.
    kinks_inside : int
        Kinks strictly between the smallest and the largest logit: with none, the head is a linear one.
    reached : int
        Segments with at least one logit.
    deviation : float
        Root mean square distance of f from its best line over the logits, by the spread of f over them: 0
        for a line.
    """

    left: FloatArray
    right: FloatArray
    slopes: FloatArray
    counts: IntArray
    kink_at_zero: bool
    kinks_inside: int
    reached: int
    deviation: float

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for every segment that logits reach."""
        total = int(self.counts.sum())
        return [
            {
                "segment": int(k),
                "left": float(self.left[k]),
                "right": float(self.right[k]),
                "slope": float(self.slopes[k]),
                "logits": int(self.counts[k]),
                "share": float(self.counts[k] / total),
            }
            for k in np.flatnonzero(self.counts)
        ]


def segment_report(f: PLIF, logits: FloatArray) -> SegmentReport:
    """Report which segments of ``f`` the logits reach.

    Parameters
    ----------
    f : PLIF
        Uniform segments or not.
    logits : numpy.ndarray
        Of any shape, finite, at least one.

    Examples
    --------
    >>> report = segment_report(PLIF([1.0, 2.0, 3.0], bound=1.5), np.array([-0.25, 0.0, 0.25, 1.0]))
    >>> report.kink_at_zero, report.kinks_inside, report.counts
    (False, 1, array([0, 3, 1]))
    """
    z = np.asarray(logits, dtype=np.float64).ravel()
    if not z.size or not np.isfinite(z).all():
        raise InputError("logits must be finite, and at least one")
    counts = np.bincount(f.segment(z), minlength=f.segments)
    ends = np.concatenate([[-np.inf], f.kinks, [np.inf]])
    values = f(z)
    bent = values - values.mean()
    centred = z - z.mean()
    spread = float(centred @ centred)
    left_over = bent - (centred @ bent / spread if spread else 0.0) * centred
    norm = float(np.linalg.norm(bent))
    for array in (counts, ends):
        array.flags.writeable = False
    return SegmentReport(
        left=ends[:-1],
        right=ends[1:],
        slopes=f.slopes,
        counts=counts,
        kink_at_zero=bool((f.kinks == 0).any()),
        kinks_inside=int(((f.kinks > z.min()) & (f.kinks < z.max())).sum()),
        reached=int((counts > 0).sum()),
        deviation=float(np.linalg.norm(left_over) / norm) if norm else 0.0,
    )


def _uniform(f: PLIF) -> float:
    if f.bound is None:
        raise InputError(f"f is {f!r}; wanted uniform segments, as PLIF(slopes, bound=T) makes them")
    return f.bound
