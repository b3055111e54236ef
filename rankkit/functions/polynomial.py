"""Polynomials: the functions whose rank can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.polynomial import polynomial

from rankkit.arrays import FloatArray, count, number
from rankkit.errors import InputError
from rankkit.functions.base import PointwiseFunction, rising_ball

#: Largest degree; beyond it float64 values overflow or vanish nearly everywhere.
MAX_DEGREE = 1000


@dataclass(frozen=True)
class Polynomial(PointwiseFunction):
    r"""A polynomial :math:`f(z) = \sum_k c_k z^k`: it can add no more rank than it has monomials.

    Parameters
    ----------
    coefficients : mapping int -> float
        Exponent, at most 1000 -> coefficient. Terms that are zero are dropped; one must be left.

    Raises
    ------
    InputError, TypeError
        An exponent that is not an integer in 0..1000, a coefficient that is not a finite float64 number, or
        nothing left.

    Examples
    --------
    >>> f = Polynomial({1: 1.0, 3: 0.5})
    >>> f(np.array([-2.0, 0.0, 2.0])), f.increasing
    (array([-6.,  0.,  6.]), True)
    >>> Polynomial({2: 1.0}).increasing
    False
    """

    coefficients: Mapping[int, float]

    def __post_init__(self) -> None:
        if not isinstance(self.coefficients, Mapping):
            raise TypeError(
                f"coefficients is {self.coefficients!r}; wanted a mapping such as {{1: 1.0, 3: 0.5}}"
            )
        given = sorted((count("exponent", k, least=0), c) for k, c in self.coefficients.items())
        terms = {k: c for k, c in ((k, number(f"coefficients[{k}]", c)) for k, c in given) if c}
        if not terms:
            raise InputError(f"coefficients is {dict(self.coefficients)}; wanted at least one non-zero term")
        if max(terms) > MAX_DEGREE:
            raise InputError(f"exponent is {max(terms)}; wanted at most {MAX_DEGREE}")
        object.__setattr__(self, "coefficients", MappingProxyType(terms))

    def __hash__(self) -> int:
        return hash(tuple(self.coefficients.items()))

    @np.errstate(over="ignore")
    def __call__(self, z: FloatArray) -> FloatArray:
        return np.asarray(polynomial.polyval(z, self._dense), dtype=np.float64)

    @np.errstate(over="ignore")
    def slope(self, z: FloatArray) -> FloatArray:
        return np.asarray(polynomial.polyval(z, polynomial.polyder(self._dense)), dtype=np.float64)

    def ball(self, z: Any) -> Any:
        return rising_ball(self._horner, z) if self.increasing else self._horner(z)

    def _horner(self, z: Any) -> Any:
        value = 0 * z
        for c in self._dense[::-1]:  # flint's own power gives up on balls around 0
            value = value * z + float(c)
        return value

    def exact(self, z: Fraction) -> Fraction:
        return sum((Fraction(c) * z**k for k, c in self.coefficients.items()), Fraction(0))

    @property
    def powers(self) -> Mapping[int, float]:
        return self.coefficients

    @cached_property
    def increasing(self) -> bool:
        """Whether f' >= 0 everywhere, exactly: f' is positive far right and changes sign at no root."""
        from flint import fmpq, fmpq_poly

        slope = fmpq_poly([fmpq(*float(c).as_integer_ratio()) for c in self._dense]).derivative()
        if slope.degree() < 0 or slope[slope.degree()] < 0:
            return False
        return all(times % 2 == 0 for root, times in slope.numer().complex_roots() if root.imag == 0)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return cls({1: 1.0, 3: 0.5}), cls({3: 1.0}), cls({2: 1.0}), cls({0: 0.5, 1: -1.0, 2: 0.25, 5: 0.0625})

    @property
    def name(self) -> str:
        terms = " + ".join(_term(k, c) for k, c in self.coefficients.items())
        return f"Polynomial({terms.replace('+ -', '- ')})"

    @cached_property
    def _dense(self) -> FloatArray:
        dense = np.zeros(max(self.coefficients) + 1)
        dense[list(self.coefficients)] = list(self.coefficients.values())
        return dense


def _term(k: int, c: float) -> str:
    power = "z" if k == 1 else f"z^{k}"
    return f"{c:g}" if k == 0 else power if c == 1 else f"{c:g} {power}"
