"""The certificates about rank: what each one claims, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rankkit.arrays import FloatArray
from rankkit.certificates.encoding import array, encode, frozen, read_only


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
            object.__setattr__(self, "contexts", frozen(self.contexts))

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
        contexts = None if c["contexts"] is None else array(c["contexts"])
        return cls(
            c["head"], c["subject"], tuple(c["rows"]), tuple(c["cols"]), c["function"], contexts, c["bits"]
        )


@dataclass(frozen=True, eq=False)
class GenericMinor:
    """A minor of f(tA) that vanishes for isolated factors t on the logits A only.

    So f(tA) has at least its rank for almost every t. It is no statement about t = 1.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    subject : str
        "scores" or "centred", as in :class:`Minor`.
    rows, cols : tuple of int
        Which rows and columns; a centred minor of size k has k + 1 columns.
    function : dict
        What ``f.spec()`` returns.
    contexts : numpy.ndarray (k, d), float64
        The rows of H that are used.
    """

    head: str
    subject: str
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    function: Mapping[str, Any]
    contexts: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "contexts", frozen(self.contexts))

    @property
    def rank(self) -> int:
        """The rank that this minor proves for almost every scale."""
        return len(self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {
            "kind": "generic_minor",
            "head": self.head,
            "subject": self.subject,
            "rows": [int(r) for r in self.rows],
            "cols": [int(c) for c in self.cols],
            "function": dict(self.function),
            "contexts": encode(self.contexts),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        contexts = array(c["contexts"])
        return cls(c["head"], c["subject"], tuple(c["rows"]), tuple(c["cols"]), c["function"], contexts)


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


@dataclass(frozen=True, eq=False)
class Ceiling:
    """A rule that bounds a rank from above, and what it takes to apply it anew.

    Attributes
    ----------
    head : str
        Fingerprint of the head.
    subject : str
        "matrix", "scores", "centred" or "log_probs", as in :class:`Minor`.
    rule : str
        "shape", "distinct rows", "distinct classes", "opposites", "equal norms", "spans", "null vectors",
        "cells" or "cover".
    rank : int
        The bound.
    shape : tuple of int
        (contexts, classes), or that of the matrix.
    function : dict, optional
        What ``f.spec()`` returns; None for a matrix, and where the rule holds for every function.
    contexts : numpy.ndarray (contexts, d), float64, optional
        All rows of H; None where the rule does not look at them.
    detail : dict
        The side that a rule is applied to ("of"), rows and columns that cover, or factors.
    """

    head: str
    subject: str
    rule: str
    rank: int
    shape: tuple[int, int]
    function: Mapping[str, Any] | None = None
    contexts: FloatArray | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.contexts is not None:
            object.__setattr__(self, "contexts", read_only(self.contexts))

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as JSON values."""
        return {**self.fields(), "contexts": None if self.contexts is None else encode(self.contexts)}

    def fields(self) -> dict[str, Any]:
        """Return the same with contexts as the array that they are, which the checker reads too."""
        return {
            "kind": "ceiling",
            "head": self.head,
            "subject": self.subject,
            "rule": self.rule,
            "rank": self.rank,
            "shape": list(self.shape),
            "function": None if self.function is None else dict(self.function),
            "contexts": self.contexts,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, c: Mapping[str, Any]) -> Self:
        """Read a certificate from JSON values."""
        contexts = None if c["contexts"] is None else array(c["contexts"])
        rows, columns = c["shape"]
        about = c["head"], c["subject"], c["rule"], c["rank"], (rows, columns)
        return cls(*about, c["function"], contexts, c["detail"])
