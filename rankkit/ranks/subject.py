"""The matrix whose rank is asked, and its submatrices: in floats, in rationals, in balls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.certificates import Ceiling, Minor, encoding
from rankkit.errors import InputError
from rankkit.functions import families
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.heads import Head, LowRankLogits, log_softmax
from rankkit.ranks.dyadic import Dyadic

SUBJECTS = ("log_probs", "scores", "centred")


@dataclass(frozen=True)
class Subject:
    """A matrix of ``kind``: "matrix" (the weights of ``head`` themselves), or one made of logits.

    "scores" is f(A), "centred" is f(A) less its row means, "log_probs" is log softmax f(A).
    """

    kind: str
    head: Head
    logits: LowRankLogits | None
    f: PointwiseFunction

    @classmethod
    def of(cls, value: object, f: PointwiseFunction | None, kind: str) -> Subject:
        if not isinstance(f, PointwiseFunction | None):
            raise InputError(f"f is {f!r}; wanted an instance such as rankkit.functions.SigSoftmax()")
        if isinstance(value, LowRankLogits):
            if kind not in SUBJECTS:
                raise InputError(f"subject is {kind!r}; wanted one of {', '.join(SUBJECTS)} for logits")
            return cls(kind, value.head, value, Identity() if f is None else f)
        if isinstance(value, Head) and f is None and kind in ("log_probs", "matrix"):
            return cls("matrix", value, None, Identity())
        if f is not None or kind not in ("log_probs", "matrix"):
            raise InputError(
                "a plain matrix takes no f and has only the subject 'matrix'; pass Head(W, b).logits(H)"
            )
        return cls("matrix", Head(arrays.matrix("logits_or_matrix", value)), None, Identity())

    @property
    def shape(self) -> tuple[int, int]:
        if self.logits is None:
            return self.head.W.shape[0], self.head.W.shape[1]
        return self.logits.shape

    @property
    def about(self) -> LowRankLogits | Head:
        """What certificates are checked against."""
        return self.logits or self.head

    @cached_property
    def contexts(self) -> FloatArray:
        assert self.logits is not None
        return encoding.read_only(self.logits.H)

    def factors(self, cols: IntArray | slice = slice(None)) -> tuple[FloatArray, FloatArray]:
        """Return the logits' factors, (contexts, r) and (classes, r), a bias as a last column beside ones."""
        H, W, b = self.contexts, arrays.widen(self.head.W[cols]), self.head.b
        if b is None:
            return H, W
        return np.column_stack([H, np.ones(len(H))]), np.column_stack([W, arrays.widen(b[cols])])

    def candidates(self) -> tuple[IntArray, IntArray]:
        """Return the rows and columns a minor can use: the first of equal ones, or +- equal if f is odd."""
        if self.logits is None:
            W = arrays.widen(self.head.W)
            return distinct(W, up_to_sign=True), distinct(W.T, up_to_sign=True)
        contexts, classes = self.factors()
        # of an odd function opposite contexts have opposite rows while no normaliser is subtracted, and
        # opposite classes have opposite columns while nothing is; of an even one they have equal ones
        parity = self.f.parity
        if parity == "constant + odd" and self.kind == "centred":  # the constant goes with the row means
            parity = "odd"
        left, right = (
            parity == "even" or (parity == "odd" and kept)
            for kept in (self.kind != "log_probs", self.kind == "scores")
        )
        return distinct(contexts, left), distinct(classes, right)

    def floats(self, rows: IntArray, cols: IntArray) -> FloatArray:
        """Return a submatrix in float64, a centred one as the differences to its first column."""
        if self.logits is None:
            return arrays.widen(self.head.W[np.ix_(rows, cols)])
        if self.kind == "log_probs":
            cuts = (rows[cut] for cut in arrays.row_blocks(len(rows), 8 * self.head.classes))
            return np.concatenate([log_softmax(apply(self.f, self.logits.rows(c)))[:, cols] for c in cuts])
        contexts, classes = self.factors(cols)
        scores = apply(self.f, contexts[rows] @ classes.T)
        return scores[:, 1:] - scores[:, :1] if self.kind == "centred" else scores

    @property
    def rational(self) -> bool:
        """Whether ``f`` maps rationals to rationals."""
        return self.f.exact(Fraction(1)) is not None

    def rationals(self, rows: IntArray, cols: IntArray) -> list[list[Fraction]]:
        """Return a submatrix exactly; for log-probabilities, one that is singular if theirs is.

        There every row's log-sum-exp z_i is replaced by its maximum. A minor of scores less z_i is singular
        where sum(c_i z_i) = q for rationals c_i and q that the scores fix. For log-sum-exps of rationals
        that says prod(sum_j exp(F_ij))^c_i = exp(q), which by the theorem of Lindemann and Weierstrass
        holds term by term; the leading terms say sum(c_i max_j F_ij) = q, and the minor of scores less
        their maxima is singular.
        """
        if self.logits is None:
            return Dyadic.of(self.head.W[np.ix_(rows, cols)]).fractions()
        scores = self._scores(self.exact_logits(rows, cols).fractions())
        if self.kind != "log_probs":
            return self.differences(scores)
        every = self.exact_logits(rows, slice(None))
        extremes = every.row_maxima() if self.f.increasing else every
        tops = [max(row) for row in self._scores(extremes.fractions())]
        return [[s - top for s in row] for row, top in zip(scores, tops, strict=True)]

    def balls(self, rows: IntArray, cols: IntArray) -> list[list[Any]]:
        """Return a submatrix as ``flint.arb`` balls at the current precision.

        Raises
        ------
        NotImplementedError
            The function has no ``ball``.
        """
        scores = self._balls_of(self.exact_logits(rows, cols))
        if self.kind != "log_probs":
            return self.differences(scores)
        every = self.exact_logits(rows, slice(None))
        normalisers = [_log_sum_exp(row) for row in self._balls_of(every)]
        return [[s - z for s in row] for row, z in zip(scores, normalisers, strict=True)]

    @property
    def checkable(self) -> bool:
        """Whether the checker knows the function, as it does the families of this package."""
        return type(self.f) in families()

    def minor(self, rows: IntArray, cols: IntArray, bits: int) -> Minor:
        """Return the claim that a square submatrix is non-singular, as balls of ``bits`` bits can show."""
        where = tuple(rows.tolist()), tuple(cols.tolist())
        if self.logits is None:
            return Minor(self.head.fingerprint, self.kind, *where)
        return Minor(self.head.fingerprint, self.kind, *where, self.f.spec(), self.contexts[rows], bits)

    def ceiling(
        self, rule: str, rank: int, detail: Mapping[str, Any] | None = None, of: str = "f and contexts"
    ) -> Ceiling | None:
        """Claim that a rule bounds the rank, ``of`` what it looks at; None where nobody can check it."""
        function, contexts = None, None
        if self.logits is not None:
            if self.checkable:
                function = self.f.spec()
            elif "f" in of.split():
                return None
            contexts = self.contexts if "contexts" in of else None
        return Ceiling(
            self.head.fingerprint, self.kind, rule, rank, self.shape, function, contexts, detail or {}
        )

    def _scores(self, logits: list[list[Fraction]]) -> list[list[Fraction]]:
        scores = [[self.f.exact(a) for a in row] for row in logits]
        if any(s is None for row in scores for s in row):
            raise InputError(f"{self.f.name}.exact gives a value at 1 but not at every rational")
        return scores  # type: ignore[return-value]

    def _balls_of(self, logits: Dyadic) -> list[list[Any]]:
        import flint

        return [[self.f.ball(flint.arb((a, logits.exponent))) for a in row] for row in logits.rows()]

    def exact_logits(self, rows: IntArray, cols: IntArray | slice) -> Dyadic:
        """Return some logits exactly."""
        contexts, classes = self.factors(cols)
        return Dyadic.of(contexts[rows]).product(Dyadic.of(classes))

    def differences(self, scores: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Return scores, of a centred subject as the differences to their first column."""
        if self.kind == "centred":
            return [[s - row[0] for s in row[1:]] for row in scores]
        return [list(row) for row in scores]


def _log_sum_exp(scores: list[Any]) -> Any:
    top = max(scores, key=lambda s: float(s.mid()))  # taken out first: no exp overflows
    return top + sum((s - top).exp() for s in scores).log()


def distinct(array: Array, up_to_sign: bool = False) -> IntArray:
    """Return the index of the first of each group of equal rows; with ``up_to_sign``, of +- equal ones.

    >>> distinct(np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [-1.0, -2.0]]))
    array([0, 1, 3])
    """
    rows = arrays.widen(array) + 0.0
    if up_to_sign:
        leading = np.take_along_axis(rows, (rows != 0).argmax(axis=1)[:, None], axis=1)
        rows = rows * np.where(leading < 0, -1.0, 1.0) + 0.0
    first: dict[bytes, int] = {}
    for i, row in enumerate(rows):
        first.setdefault(row.tobytes(), i)
    return np.array(list(first.values()))
