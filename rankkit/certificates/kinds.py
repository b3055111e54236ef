"""The certificates: those about a class, what each one claims and its JSON form; and the list of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import index
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker import files
from rankkit.certificates.encoding import array, encode, frozen, hexadecimal
from rankkit.certificates.rank_kinds import Ceiling, GenericMinor, Minor, Monomials
from rankkit.domains import Box, Domain, Free


@dataclass(frozen=True, eq=False)
class Witness:
    """A state at which a class wins: its logit exceeds every other one, as exact real numbers.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    cls : int
        The class that wins.
    x : numpy.ndarray (d,), or (terms, d), float64
        The state; or terms whose exact sum it is, where no state with float64 entries will do.
    ties : tuple of int
        Classes with the very same row and bias, which equal it everywhere.
    domain : rankkit.domains.Free or Box
        Where the state lies.
    """

    head: str
    cls: int
    x: FloatArray
    ties: tuple[int, ...] = ()
    domain: Domain = field(default_factory=Free)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cls", index(self.cls))
        object.__setattr__(self, "x", frozen(self.x))
        object.__setattr__(self, "ties", tuple(map(index, self.ties)))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {**self.fields(), "x": encode(self.x)}

    def fields(self) -> dict[str, Any]:
        """Return the same with the state as the array that it is, which the checker reads too."""
        return {
            "kind": "witness",
            "head": self.head,
            "class": self.cls,
            "x": self.x,
            "ties": list(self.ties),
            **restriction(self.domain),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        return cls(c["head"], c["class"], array(c["x"]), tuple(c["ties"]), domain_of(c))


@dataclass(frozen=True, eq=False)
class Combination:
    """A class that never wins: at every state of the domain a weighted mean of others is at least as large.

    Over all of R^d that takes a row that is the mean of theirs, with at most their mean bias. In a box it is
    enough that the least difference there is not negative.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    cls : int
        The class that is never strictly the largest.
    rows : tuple of int (m,)
        The other classes.
    weights : tuple of Fraction, or numpy.ndarray (m,) of float64
        Non-negative, with sum 1. Either exactly right as they stand, or (for m = d + 1) float64
        approximations of weights whose existence and signs the checker proves. In a box only their ratios
        count.
    domain : rankkit.domains.Free or Box
        Where it never wins.
    """

    head: str
    cls: int
    rows: tuple[int, ...]
    weights: tuple[Fraction, ...] | FloatArray
    domain: Domain = field(default_factory=Free)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cls", index(self.cls))
        object.__setattr__(self, "rows", tuple(map(index, self.rows)))
        if isinstance(self.weights, np.ndarray):
            object.__setattr__(self, "weights", frozen(self.weights))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {**self.fields(), "weights": [hexadecimal(w) for w in self.weights]}

    def fields(self) -> dict[str, Any]:
        """Return the same with float64 weights as the array that they are, which the checker reads too."""
        exact = not isinstance(self.weights, np.ndarray)
        return {
            "kind": "combination",
            "head": self.head,
            "class": self.cls,
            "rows": list(self.rows),
            "weights": [hexadecimal(w) for w in self.weights] if exact else self.weights,
            **restriction(self.domain),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        floats = files.float_weights(c["weights"])
        weights = tuple(files.weights(c["weights"])) if floats is None else floats
        return cls(c["head"], c["class"], tuple(c["rows"]), weights, domain_of(c))


@dataclass(frozen=True, eq=False)
class Directions:
    """Classes that win in the direction of their own rows, seen through one map: witnesses without states.

    Class i wins at the state ``(w_i - centre) @ through * 2**exponent``, as float64 computes it.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    classes, exponents : tuple of int (m,)
        The classes, and a power of two for each.
    centre : numpy.ndarray (d,), float64
        Subtracted from every row.
    through : numpy.ndarray (d, d), float64
        The map.
    """

    head: str
    classes: tuple[int, ...]
    exponents: tuple[int, ...]
    centre: FloatArray
    through: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(map(index, self.classes)))
        object.__setattr__(self, "exponents", tuple(map(index, self.exponents)))
        object.__setattr__(self, "centre", frozen(self.centre))
        object.__setattr__(self, "through", frozen(self.through))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {
            "kind": "directions",
            "head": self.head,
            "classes": list(self.classes),
            "exponents": list(self.exponents),
            "centre": encode(self.centre),
            "through": encode(self.through),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        centre, through = files.decode(c["centre"]), files.decode(c["through"])
        return cls(c["head"], tuple(c["classes"]), tuple(c["exponents"]), centre, through)


Certificate = Witness | Directions | Combination | Minor | GenericMinor | Monomials | Ceiling
KINDS: dict[str, type[Certificate]] = {
    "witness": Witness,
    "directions": Directions,
    "combination": Combination,
    "minor": Minor,
    "generic_minor": GenericMinor,
    "monomials": Monomials,
    "ceiling": Ceiling,
}


def restriction(domain: Domain) -> dict[str, Any]:
    """Return the field that restricts a claim to a domain; a claim about every state has none."""
    if isinstance(domain, Free):
        return {}
    return {"domain": {"lower": encode(domain.lower), "upper": encode(domain.upper)}}


def domain_of(c: Mapping[str, Any]) -> Domain:
    """Return the domain that a claim, as JSON values, is about."""
    if "domain" not in c:
        return Free()
    return Box(files.decode(c["domain"]["lower"]), files.decode(c["domain"]["upper"]))
