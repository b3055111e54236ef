"""The four certificates: what each one claims, and its JSON form."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import index
from typing import Any, Self

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.certificates.checker import files
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
        object.__setattr__(self, "x", _frozen(self.x))
        object.__setattr__(self, "ties", tuple(map(index, self.ties)))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {
            "kind": "witness",
            "head": self.head,
            "class": self.cls,
            "x": encode(self.x),
            "ties": list(self.ties),
            **restriction(self.domain),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        return cls(c["head"], c["class"], _array(c["x"]), tuple(c["ties"]), _domain(c))


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
            object.__setattr__(self, "weights", _frozen(self.weights))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        weights = [_hexadecimal(w) for w in self.weights]
        return {
            "kind": "combination",
            "head": self.head,
            "class": self.cls,
            "rows": list(self.rows),
            "weights": weights,
            **restriction(self.domain),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        weights: tuple[Fraction, ...] | FloatArray = tuple(files.weight(w) for w in c["weights"])
        if not any("/" in w for w in c["weights"]):
            weights = np.array([float(w) for w in weights])
        return cls(c["head"], c["class"], tuple(c["rows"]), weights, _domain(c))


@dataclass(frozen=True, eq=False)
class Minor:
    """A non-singular square submatrix: the rank is at least its size.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    subject : str
        "matrix" (W itself), "scores" (f(H W^T + b)), "centred" (scores less their row means, as differences
        to the first of ``cols``) or "log_probs".
    rows, cols : tuple of int
        Which rows and columns; a centred minor of size k has k + 1 columns.
    function : dict, optional
        What ``f.spec()`` returns; None for a matrix.
    contexts : numpy.ndarray (k, d), float64, optional
        The rows of H that are used; None for a matrix.
    bits : int
        Precision at which interval arithmetic succeeds; of no account where the proof is modular.
    """

    head: str
    subject: str
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    function: Mapping[str, Any] | None = None
    contexts: FloatArray | None = None
    bits: int = 64

    def __post_init__(self) -> None:
        if self.contexts is not None:
            object.__setattr__(self, "contexts", _frozen(self.contexts))

    @property
    def rank(self) -> int:
        """The rank that this minor proves."""
        return len(self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {
            "kind": "minor",
            "head": self.head,
            "subject": self.subject,
            "rows": [int(r) for r in self.rows],
            "cols": [int(c) for c in self.cols],
            "function": dict(self.function) if isinstance(self.function, Mapping) else self.function,
            "contexts": None if self.contexts is None else encode(self.contexts),
            "bits": self.bits,
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        contexts = None if c["contexts"] is None else _array(c["contexts"])
        return cls(
            c["head"], c["subject"], tuple(c["rows"]), tuple(c["cols"]), c["function"], contexts, c["bits"]
        )


@dataclass(frozen=True)
class Monomials:
    """A count of monomials: a polynomial of logits of width d has at most this rank.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    subject : str
        "scores", "centred" or "log_probs", as in :class:`Minor`.
    function : dict
        What ``f.spec()`` returns for a polynomial.
    shape : tuple of int
        (contexts, classes).
    d : int
        Width of the head.
    bias : bool
        Whether it has a bias, with which every lower monomial appears.
    rank : int
        The bound.
    """

    head: str
    subject: str
    function: Mapping[str, Any]
    shape: tuple[int, int]
    d: int
    bias: bool
    rank: int

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {
            "kind": "monomials",
            "head": self.head,
            "subject": self.subject,
            "function": dict(self.function),
            "shape": list(self.shape),
            "d": self.d,
            "bias": self.bias,
            "rank": self.rank,
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        contexts, classes = c["shape"]
        return cls(c["head"], c["subject"], c["function"], (contexts, classes), c["d"], c["bias"], c["rank"])


Certificate = Witness | Combination | Minor | Monomials
KINDS: dict[str, type[Witness] | type[Combination] | type[Minor] | type[Monomials]] = {
    "witness": Witness,
    "combination": Combination,
    "minor": Minor,
    "monomials": Monomials,
}


def encode(array: FloatArray) -> dict[str, Any]:
    """Return an array as JSON: little-endian float64 numbers in base64, and their shape."""
    return {"float64": base64.b64encode(array.astype("<f8").tobytes()).decode(), "shape": list(array.shape)}


def restriction(domain: Domain) -> dict[str, Any]:
    """Return the field that restricts a claim to a domain; a claim about every state has none."""
    if isinstance(domain, Free):
        return {}
    return {"domain": {"lower": encode(domain.lower), "upper": encode(domain.upper)}}


def _domain(c: Mapping[str, Any]) -> Domain:
    if "domain" not in c:
        return Free()
    return Box(files.decode(c["domain"]["lower"]), files.decode(c["domain"]["upper"]))


def _array(stored: Any) -> FloatArray:
    return np.asarray(stored, dtype=np.float64) if isinstance(stored, np.ndarray) else files.decode(stored)


def _hexadecimal(w: Fraction | float) -> str:
    return f"{w.numerator:x}/{w.denominator:x}" if isinstance(w, Fraction) else float(w).hex()


def _frozen(array: FloatArray) -> FloatArray:
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
