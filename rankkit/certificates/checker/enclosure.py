"""Interval arithmetic on decimals: every result holds all values that its operands allow."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

ZERO, ONE, FOUR = Decimal(0), Decimal(1), Decimal(4)


class Interval(NamedTuple):
    """All reals from ``lo`` to ``hi``."""

    lo: Decimal
    hi: Decimal


class Enclosure:
    """Interval arithmetic with a given number of decimal digits, rounded outwards.

    Addition, multiplication and division of :mod:`decimal` round as told; its ``exp`` and ``ln`` are
    correctly rounded to nearest, so one step outwards makes them bounds. They cost most, so the other end of
    an interval is bounded by how far they can rise.
    """

    def __init__(self, digits: int) -> None:
        self.down = Context(prec=digits, rounding=ROUND_FLOOR, Emin=MIN_EMIN, Emax=MAX_EMAX)
        self.up = Context(prec=digits, rounding=ROUND_CEILING, Emin=MIN_EMIN, Emax=MAX_EMAX)
        self.factor = lru_cache(64)(self.rational)  # few numbers scale many

    def rational(self, q: Fraction) -> Interval:
        n, d = Decimal(q.numerator), Decimal(q.denominator)
        return Interval(self.down.divide(n, d), self.up.divide(n, d))

    def dyadic(self, a: int, e: int) -> Interval:
        """Enclose a * 2**e."""
        if e >= 0:
            return self.rational(Fraction(a << e))
        n, d = Decimal(a), Decimal(1 << -e)
        return Interval(self.down.divide(n, d), self.up.divide(n, d))

    def add(self, x: Interval, y: Interval) -> Interval:
        return Interval(self.down.add(x.lo, y.lo), self.up.add(x.hi, y.hi))

    def scale(self, x: Interval, q: Fraction) -> Interval:
        return self.multiply(x, self.factor(q))

    def multiply(self, x: Interval, y: Interval) -> Interval:
        lows = [self.down.multiply(a, c) for a in x for c in y]
        highs = [self.up.multiply(a, c) for a in x for c in y]
        return Interval(min(lows), max(highs))

    def exp(self, x: Interval) -> Interval:
        lo = self.down.exp(x.lo)
        width = self.up.subtract(x.hi, x.lo)
        if width < 1:  # e^w <= 1 + w + w^2
            growth = self.up.add(ONE, self.up.multiply(width, self.up.add(ONE, width)))
            hi = self.up.multiply(lo.next_plus(self.up), growth)
        else:
            hi = self.up.exp(x.hi).next_plus(self.up)
        return Interval(max(ZERO, lo.next_minus(self.down)), hi)

    def ln(self, x: Interval) -> Interval:
        lo = self.down.ln(x.lo)
        rise = self.up.divide(self.up.subtract(x.hi, x.lo), x.lo)  # ln(a + w) <= ln a + w / a
        return Interval(lo.next_minus(self.down), self.up.add(lo.next_plus(self.up), rise))

    def softplus(self, x: Interval) -> Interval:
        """log(1 + e^x), the log-sum-exp of 0 and x."""
        return self.log_sum_exp([Interval(ZERO, ZERO), x])

    def log_sum_exp(self, values: list[Interval]) -> Interval:
        """Enclose it where all values are lowest; from there it rises by the widest interval at most.

        The largest value is taken out first: no exp overflows, and the sum is at least exp(0) = 1.
        """
        top = max(v.lo for v in values)
        total = Interval(ZERO, ZERO)
        for v in values:
            shift = Interval(self.down.subtract(v.lo, top), self.up.subtract(v.lo, top))
            total = self.add(total, self.exp(shift))
        rise = max(self.up.subtract(v.hi, v.lo) for v in values)
        return self.add(Interval(top, self.up.add(top, rise)), self.ln(total))

    def sigmoid(self, x: Interval) -> Interval:
        """1 / (1 + e^-x) where x is lowest; from there it rises by a quarter of the width at most."""
        low = x.lo
        size = low.copy_abs().copy_negate()  # no exp overflows
        e = self.exp(Interval(size, size))
        if low < 0:  # e / (1 + e), which increases with e
            lo = self.down.divide(e.lo, self.up.add(ONE, e.lo))
            hi = self.up.divide(e.hi, self.down.add(ONE, e.hi))
        else:
            lo = self.down.divide(ONE, self.up.add(ONE, e.hi))
            hi = self.up.divide(ONE, self.down.add(ONE, e.lo))
        rise = self.up.divide(self.up.subtract(x.hi, low), FOUR)
        return Interval(lo, self.up.add(hi, rise))

    def tanh(self, x: Interval) -> Interval:
        """tanh x is twice the sigmoid of 2x, less 1."""
        twice = self.scale(self.sigmoid(self.scale(x, Fraction(2))), Fraction(2))
        return self.add(twice, Interval(ONE.copy_negate(), ONE.copy_negate()))
