"""PLIF: the piecewise-linear increasing function whose slopes are learned."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from math import e, inf, isfinite, log
from typing import Any, Self

import numpy as np

from rankkit.arrays import Array, FloatArray, IntArray, count, generator, number, parameters, row_blocks
from rankkit.errors import InputError
from rankkit.functions.base import MonotoneFunction

#: Entries evaluated at a time, so that the temporaries stay in the processor's cache.
BLOCK = 2**14

#: Entries from which a compiled loop pays, which takes a second to load at first.
COMPILED = 2**20


@dataclass(frozen=True, eq=False, repr=False)
class PLIF(MonotoneFunction):
    r"""A piecewise-linear increasing function with K segments [ganea2019]_.

    The slope is ``slopes[k]`` on segment k; the first and the last segment reach to infinity, so that f is a
    bijection of the reals. Here :math:`f(0) = 0`: a constant changes no probability, but it costs digits.

    Parameters
    ----------
    slopes : array-like (K,)
        Positive slopes, from left to right.
    bound : float, optional
        T: the K segments have equal lengths on [-T, T], with kinks at :math:`T (2k - K) / K` for 0 < k < K.
        **The parity of K matters**: an even K puts a kink at 0; an odd K makes f linear around 0, and small
        logits keep their low rank.
    knots : array-like (K - 1,), optional
        The kinks themselves, ascending, where they are not uniform. Give either ``bound`` or ``knots``.

    Raises
    ------
    InputError, TypeError
        A slope that is not positive, knots that do not ascend (with the index), lengths that do not match.

    Notes
    -----
    The function is the one that the float64 numbers in ``slopes`` and ``kinks`` define; :meth:`exact` and
    :meth:`ball` keep to it. Values in float64 are summed outwards from 0 and err by a few units in the last
    place of value or argument. Uniform segments are found by one product, whatever their number; other knots
    by bisection.

    Examples
    --------
    >>> f = PLIF([1.0, 2.0, 3.0, 4.0], bound=2.0)
    >>> f
    PLIF: 4 segments on [-2, 2], a kink at 0
    >>> f(np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]))
    array([-3., -2.,  0.,  3.,  7., 11.])
    >>> PLIF([1.0, 0.5], knots=[1.0])(np.array([1.0, 3.0]))
    array([1., 2.])
    """

    slopes: FloatArray
    bound: float | None = None
    knots: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "slopes", parameters("slopes", self.slopes, positive=True))
        if (self.bound is None) == (self.knots is None):
            raise InputError("PLIF wants either bound=T for uniform segments on [-T, T], or knots=[...]")
        if self.bound is not None:
            object.__setattr__(self, "bound", number("bound", self.bound, positive=True))
        else:
            object.__setattr__(self, "knots", parameters("knots", self.knots))
        if len(self.kinks) != self.segments - 1:
            raise InputError(
                f"knots has {len(self.kinks)} entries, slopes {self.segments}; wanted one fewer knot"
            )
        flat = np.flatnonzero(np.diff(self.kinks) <= 0)
        if flat.size:
            i = int(flat[0]) + 1
            before, here = self.kinks[i - 1 : i + 1]
            raise InputError(
                f"knots[{i}] = {here:g} is not above knots[{i - 1}] = {before:g}; knots must ascend"
            )

    @classmethod
    def identity(cls, segments: int, bound: float = 20.0) -> Self:
        """Return the identity, cut into segments: where learning starts."""
        return cls(np.ones(count("segments", segments)), bound=bound)

    @classmethod
    def random(
        cls, segments: int = 100_000, bound: float = 20.0, seed: int | np.random.Generator | None = 0
    ) -> Self:
        """Return the published initialisation: slopes log(1 + e^v), v normal of mean log(e - 1), deviation 1.

        The defaults are the published settings [parthiban2021]_. With so many segments f is nearly a line.

        >>> f"{PLIF.random(seed=0).slopes.mean():.2f}"
        '1.11'
        """
        v = generator(seed).normal(log(e - 1), 1.0, count("segments", segments))
        return cls(np.logaddexp(0.0, v), bound=bound)

    def __repr__(self) -> str:
        where = f"on [-{self.bound:g}, {self.bound:g}]" if self.bound is not None else "between given knots"
        around = "a kink at 0" if 0 in self.kinks else "linear around 0"
        return f"PLIF: {self.segments:,} segment{'s' * (self.segments > 1)} {where}, {around}"

    @property
    def segments(self) -> int:
        """The number of segments, K."""
        return len(self.slopes)

    @cached_property
    def kinks(self) -> FloatArray:
        """Where the slope changes, ascending: (K - 1,) float64."""
        if self.knots is not None:
            return self.knots
        assert self.bound is not None
        k = np.arange(1, self.segments)
        kinks = self.bound * ((2 * k - self.segments) / self.segments)
        kinks.flags.writeable = False
        return kinks

    def __call__(self, z: FloatArray) -> FloatArray:
        if z.size >= COMPILED and self.compiled:
            many = np.empty(z.size)
            self.fill(np.ravel(z), many)
            return many.reshape(z.shape)
        anchors, heights = self._anchors, self._heights
        entries, out = np.ravel(z), np.empty(z.size)
        with np.errstate(over="ignore"):
            for cut in row_blocks(z.size, row_bytes=1, budget=BLOCK):
                k = self._near(entries[cut])
                values = np.subtract(entries[cut], anchors.take(k), out=out[cut])
                values *= self.slopes.take(k)
                values += heights.take(k)
        return out.reshape(z.shape)

    @property
    def compiled(self) -> bool:
        """Whether :meth:`fill` applies: to uniform segments that are not too short to be counted."""
        return self.bound is not None and isfinite(self._scale)

    def fill(self, z: Array, out: Array) -> None:
        """Write f(z) into ``out``, which may be ``z``, in a compiled loop, where that applies.

        Both have one axis, and float32 or float64.
        """
        from rankkit.functions.compiled import loops

        loops.plif(z, out, self._scale, self._lines)

    def slope(self, z: FloatArray) -> FloatArray:
        return self.slopes.take(self.segment(z))

    def segment(self, z: FloatArray) -> IntArray:
        """Return the index of the segment of each entry, exactly; a kink belongs to its right side."""
        k = self._near(z)
        ends = np.concatenate([[-np.inf], self.kinks, [np.inf]])
        k += z >= ends.take(k + 1)
        k -= z < ends.take(k)
        return k

    def ball(self, z: Any) -> Any:
        if not z.is_finite():
            return z.nan()
        # From right of every kink surely at or below z to left of every kink surely at or above it.
        first = bisect_left(self.kinks, True, key=lambda kink: not z >= float(kink))
        last = bisect_left(self.kinks, True, key=lambda kink: bool(z <= float(kink)))
        if first < last:  # f increases, and the ends are points: they lie in one segment each
            return self.ball(z.lower()).union(self.ball(z.upper()))
        return self._line(first, z)

    def exact(self, z: Fraction) -> Fraction:
        k = bisect_right(self.kinks, z)
        height = self._exact_heights[k]
        rise = Fraction(self.slopes[k]) * (z - Fraction(self._anchors[k]))
        return Fraction(int(height.p), int(height.q)) + rise

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (
            cls.random(segments=8, bound=4.0),
            cls.random(segments=9, bound=4.0),
            cls.random(segments=1000),
            cls.identity(segments=7, bound=4.0),
            cls(np.array([0.5, 2.0, 1e-3, 8.0]), knots=np.array([0.25, 1.0, 1.5])),
        )

    @property
    def name(self) -> str:
        return f"PLIF({self.segments:,} segments)"

    def _near(self, z: FloatArray) -> IntArray:
        """Return the index of the segment of each entry; within rounding of a kink maybe its neighbour's."""
        if not self.compiled:
            return np.asarray(np.searchsorted(self.kinks, z, side="right"))
        half, odd = divmod(self.segments, 2)
        with np.errstate(over="ignore"):
            k = z * self._scale  # relative to 0, not to -T, so that tiny logits keep their sign
        k += odd / 2
        np.floor(k, out=k)
        np.clip(k, -half, self.segments - 1 - half, out=k)
        k += half
        return k.astype(np.int64)

    @cached_property
    def _scale(self) -> float:
        """Uniform segments to a unit; infinite where they are too short for a float64 to say."""
        assert self.bound is not None
        return self.segments / 2 / self.bound if self.bound >= 2.0**-1000 else inf

    @cached_property
    def _lines(self) -> FloatArray:
        """Anchor, height and slope of each segment, side by side: (K, 3)."""
        return np.column_stack([self._anchors, self._heights, self.slopes])

    @property
    def _zero(self) -> int:
        """The segment that holds 0."""
        return int(np.searchsorted(self.kinks, 0.0, side="right"))

    @cached_property
    def _anchors(self) -> FloatArray:
        """The point of each segment nearest to 0: seen from there, all terms of f have one sign."""
        return np.insert(self.kinks, self._zero, 0.0)

    @cached_property
    def _heights(self) -> FloatArray:
        """The values of f at the anchors, in float64."""
        m = self._zero
        with np.errstate(over="ignore", invalid="ignore"):
            steps = self._slopes_between_anchors * np.diff(self._anchors)
            return np.concatenate([-_running_sum(steps[:m][::-1])[::-1], [0.0], _running_sum(steps[m:])])

    @cached_property
    def _exact_heights(self) -> list[Any]:
        """The values of f at the anchors, as ``flint.fmpq``."""
        m = self._zero
        anchors = [_rational(a) for a in self._anchors.tolist()]
        slopes = [_rational(s) for s in self._slopes_between_anchors.tolist()]
        steps = [s * (b - a) for s, (a, b) in zip(slopes, pairwise(anchors), strict=True)]
        below = [-height for height in accumulate(steps[:m][::-1])][::-1]
        return [*below, _rational(0.0), *accumulate(steps[m:])]

    @property
    def _slopes_between_anchors(self) -> FloatArray:
        m = self._zero
        return np.concatenate([self.slopes[1 : m + 1], self.slopes[m:-1]])

    def _line(self, k: int, z: Any) -> Any:
        from flint import arb

        return arb(self._exact_heights[k]) + float(self.slopes[k]) * (z - float(self._anchors[k]))


def _running_sum(steps: FloatArray) -> FloatArray:
    """np.cumsum, with what each addition lost to rounding (a float64 number itself) given back."""
    total = np.cumsum(steps)
    before = np.concatenate([[0.0], total[:-1]])
    added = total - before
    lost = (before - (total - added)) + (steps - added)
    return np.where(np.isfinite(total), total + np.cumsum(lost), total)


def _rational(x: float) -> Any:
    from flint import fmpq

    return fmpq(*x.as_integer_ratio())
