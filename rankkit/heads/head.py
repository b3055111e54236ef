"""A head: the last affine map of a network, exactly as stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rankkit import arrays
from rankkit.arrays import Array
from rankkit.errors import InputError

if TYPE_CHECKING:
    from rankkit.heads.logits import LowRankLogits


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
        return f"Head {self.name!r}: {self.classes:,} classes x {self.d}, {bias}"

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
        from rankkit.heads.logits import LowRankLogits

        return LowRankLogits(arrays.matrix("H", H), self)
