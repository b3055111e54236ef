"""What a rank question is answered with: bounds, each with its reason and certificate."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, NoReturn

from rankkit.certificates import Ceiling, GenericMinor, Minor, Monomials


@dataclass(frozen=True)
class RankBound:
    """One side of a rank, and why it holds.

    Attributes
    ----------
    value : int
        The bound.
    kind : str
        What sort of proof: "minor" or "none" below; "shape", "distinct rows", "distinct classes",
        "opposites", "cover", "cells", "monomials", "equal norms", "null vectors" above. "float64_svd" and
        "float64_inverse" are no proofs: they rest on what is said of the floating-point library in their
        reason; "generic" is proved, but about almost every scale of the logits instead of this one.
    reason : str
        The proof in a sentence.
    certificate : Minor, Monomials, Ceiling, GenericMinor or None
        What :func:`rankkit.check` decides by itself; None for what rests on a function that the checker does
        not know, and where factors are too long to write down.
    """

    value: int
    kind: str
    reason: str
    certificate: Minor | Monomials | Ceiling | GenericMinor | None = None


@dataclass(frozen=True, eq=False)
class RankReport:
    """The rank of a matrix of exact real numbers, from both sides, and what floating point sees of it.

    Three things are kept apart: the matrix of reals that the stored numbers define (``lower``, ``upper``),
    what float64 makes of it (``numerical``, ``supported_by``), and the matrices with the logits scaled by
    almost any factor (``generic``).

    Attributes
    ----------
    subject : str
        "matrix", "scores", "centred" or "log_probs".
    shape : (int, int)
        Shape of that matrix.
    lower, upper : int
        Proved: lower <= rank <= upper.
    exact : int or None
        The rank where the two meet.
    numerical : int
        Singular values above ``tolerance``; it may lie below ``lower``, for floating point does not see every
        direction that exists.
    tolerance : float
        What ``numerical`` counts above.
    rule : str
        Where the tolerance comes from, and of how many contexts the values are.
    lower_proof, upper_proof : RankBound
        The reasons for ``lower`` and ``upper``.
    all_bounds : tuple of RankBound
        Every upper bound that was found, and the lower one.
    supported_by : RankBound or None
        A larger lower bound that float64 supports and nobody can check, looked for where ``numerical``
        exceeds ``lower``: kind "float64_svd" or "float64_inverse".
    generic : RankBound or None
        A larger lower bound that is proved for f(tA) with every real t but isolated ones, looked for where
        ``lower`` and ``upper`` do not meet: kind "generic", with a :class:`GenericMinor`. It says nothing of
        t = 1.
    """

    subject: str
    shape: tuple[int, int]
    numerical: int
    tolerance: float
    rule: str
    lower_proof: RankBound
    upper_proof: RankBound
    all_bounds: tuple[RankBound, ...]
    supported_by: RankBound | None = None
    generic: RankBound | None = None

    @property
    def lower(self) -> int:
        return self.lower_proof.value

    @property
    def upper(self) -> int:
        return self.upper_proof.value

    @property
    def exact(self) -> int | None:
        return self.lower if self.lower == self.upper else None

    @property
    def supported(self) -> int:
        """The lower bound on the assumptions of ``supported_by``; ``lower`` where there is none."""
        return self.lower if self.supported_by is None else self.supported_by.value

    def __repr__(self) -> str:
        rank = f"rank {self.exact}" if self.exact is not None else f"{self.lower} <= rank <= {self.upper}"
        seen = f"{self.numerical} seen at tolerance {self.tolerance:.2g}"
        if self.numerical < self.lower:
            seen += f", {self.lower - self.numerical} below it"
        if self.supported_by is not None:
            seen += f", {self.supported} supported by float64"
        if self.generic is not None:
            seen += f", {self.generic.value} at almost every scale of the logits"
        return f"RankReport: {self.subject} {self.shape[0]:,} x {self.shape[1]:,}, {rank} proved, {seen}"

    def __bool__(self) -> NoReturn:
        raise TypeError("a rank report is neither true nor false; ask for .exact, .lower or .upper")

    def rows(self) -> list[dict[str, Any]]:
        """Return the bounds as dicts with side, value, kind, reason and whether a certificate backs them."""
        return [
            {
                "side": "lower" if bound is self.lower_proof else "upper",
                "value": bound.value,
                "kind": bound.kind,
                "reason": bound.reason,
                "certificate": bound.certificate is not None,
            }
            for bound in self.all_bounds
        ]

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><td>{'rank &ge;' if row['side'] == 'lower' else 'rank &le;'} {row['value']}</td>"
            f"<td>{escape(row['reason'])}</td></tr>"
            for row in self.rows()
        )
        return f"<p>{escape(repr(self))}</p><table>{lines}</table>"
