"""A head, the last affine map of a network, exactly as stored; and the low-rank logits that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.errors import InputError


@dataclass(frozen=True, eq=False)
class Head:
    """Weights and bias of a softmax output layer, taken as exact real numbers.

    Parameters
    ----------
    W : array-like (classes, d)
        One row per class. bfloat16, float16, float32 and float64 are kept as stored.
    b : array-like (classes,), optional
        One bias per class; None for a head without bias.
    name : str
        How reports call this head.
    class_names : sequence of str, optional
        What each class stands for (a character, a token), in the order of the rows of ``W``.
    source : mapping, optional
        Where the weights come from: package, version, file, tensor, licence.

    Raises
    ------
    InputError, TypeError
        ``W`` is not a finite matrix of an exact dtype, or lengths disagree.

    Examples
    --------
    >>> head = Head([[1, 0], [0, 1], [-1, -1]], b=[0, 0, 1], name="toy")
    >>> head
    Head 'toy': 3 classes x 2, bias
    >>> head.logits([[1.0, 2.0]]).dense()
    array([[ 1.,  2., -2.]])
    """

    W: Array
    b: Array | None = None
    name: str = "head"
    class_names: Sequence[str] | None = None
    source: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "W", arrays.matrix("W", self.W))
        if self.b is not None:
            object.__setattr__(self, "b", arrays.vector("b", self.b))
            if len(self.b) != self.classes:
                raise InputError(
                    f"b has {len(self.b)} entries but W is {self.W.shape}; wanted one entry per class"
                )
        if self.class_names is not None:
            object.__setattr__(self, "class_names", tuple(str(name) for name in self.class_names))
            named = len(self.class_names)
            if named != self.classes:
                raise InputError(
                    f"class_names has {named} entries but W is {self.W.shape}; wanted one a class"
                )
        object.__setattr__(self, "source", MappingProxyType(dict(self.source)))

    def __repr__(self) -> str:
        bias = "no bias" if self.b is None else "bias"
        classes = "1 class" if self.classes == 1 else f"{self.classes:,} classes"
        return f"Head {self.name!r}: {classes} x {self.d}, {bias}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle through the gate: another process gets read-only arrays too."""
        return Head, (self.W, self.b, self.name, self.class_names, dict(self.source))

    @property
    def classes(self) -> int:
        """Number of classes, M in the papers."""
        return int(self.W.shape[0])

    @property
    def d(self) -> int:
        """Width of the state that the head reads."""
        return int(self.W.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the shapes and numbers of ``W`` and ``b``: what a certificate is pinned to."""
        return arrays.fingerprint(self.W, self.b)

    def class_name(self, i: int) -> str:
        """Return the name of class ``i``, or its number where the head has no names."""
        if arrays.count("class", i, least=0) >= self.classes:
            raise InputError(f"class is {i}; wanted one of 0 to {self.classes - 1}")
        return str(i) if self.class_names is None else self.class_names[i]

    def logits(self, H: object) -> LowRankLogits:
        """Return the logits of contexts ``H`` (contexts, d), lazily: nothing contexts x classes is made."""
        return LowRankLogits(arrays.matrix("H", H), self)


@dataclass(frozen=True, eq=False)
class LowRankLogits:
    """The logits ``H @ W.T + b`` as the product they are, never formed unless asked.

    Parameters
    ----------
    H : array-like (contexts, d)
        One state per row.
    head : Head
        The head that reads them; its ``W`` is (classes, d).

    Raises
    ------
    InputError
        The last axes of ``H`` and ``W`` differ.

    Examples
    --------
    >>> logits = Head(np.eye(3)).logits(np.ones((2, 3)))
    >>> logits
    LowRankLogits: 2 contexts x 3 classes, rank <= 2
    """

    H: Array
    head: Head

    def __post_init__(self) -> None:
        object.__setattr__(self, "H", arrays.matrix("H", self.H))
        W = self.head.W
        if self.H.shape[1] != W.shape[1]:
            hint = "; is W transposed? A head is (classes, d)" if self.H.shape[1] == W.shape[0] else ""
            raise InputError(f"H is {self.H.shape} but W is {W.shape}: the last axes must agree{hint}")

    def __repr__(self) -> str:
        contexts, classes = self.shape
        return f"LowRankLogits: {contexts:,} contexts x {classes:,} classes, rank <= {self.rank_bound}"

    def __reduce__(self) -> tuple[Any, ...]:
        return LowRankLogits, (self.H, self.head)

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, classes)."""
        return int(self.H.shape[0]), self.head.classes

    @property
    def rank_bound(self) -> int:
        """Largest rank that these shapes allow: d, plus one with a bias, and at most either side."""
        return min(*self.shape, self.head.d + (self.head.b is not None))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 that pins contexts and head together."""
        return arrays.fingerprint(self.H, self.head.W, self.head.b)

    def dense(self) -> FloatArray:
        """Return the logits as a (contexts, classes) float64 array."""
        arrays.require_room("The logits", self.shape)
        return self.rows(slice(None))

    def rows(self, rows: slice | Array) -> FloatArray:
        """Return the logits of some contexts as a dense float64 array."""
        with np.errstate(over="ignore", invalid="ignore"):
            out = arrays.widen(self.H[rows]) @ self._weights.T
            if self.head.b is not None:
                out += arrays.widen(self.head.b)
        if not np.isfinite(out).all():
            largest = f"{np.abs(self.H).max():.3g} in H, {np.abs(self.head.W).max():.3g} in W"
            raise InputError(f"The logits exceed float64 (largest entries: {largest}); scale H or W down")
        return out

    def blocks(self, rows: int | None = None) -> Iterator[FloatArray]:
        """Yield the logits in blocks of ``rows`` contexts (chosen to take about 64 MiB by default)."""
        contexts, classes = self.shape
        if rows is None:
            cuts = arrays.row_blocks(contexts, row_bytes=8 * classes)
        else:
            cuts = arrays.row_blocks(contexts, row_bytes=1, budget=rows)
        for cut in cuts:
            yield self.rows(cut)

    @cached_property
    def _weights(self) -> FloatArray:
        return arrays.widen(self.head.W)
