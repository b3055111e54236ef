"""A linear decoder with an increasing function between logits and softmax."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from rankkit import functions
from rankkit.errors import InputError
from rankkit.heads import Head
from rankkit.torch.smooth import MODULES, Identity


class MonotoneSoftmax(nn.Module):
    r"""States to log-probabilities, :math:`\log\mathrm{softmax}(f(W h + b))`, in place of a linear decoder.

    ``weight`` and ``bias`` are called as those of :class:`torch.nn.Linear`, so that a decoder's checkpoint
    loads into the head.

    Parameters
    ----------
    d, classes : int
        Width of a state; number of classes.
    f : torch.nn.Module, optional
        Applied to every logit; increasing, so that no argmax changes. Without one, the ordinary softmax.
    bias : bool
        Whether there is a bias.
    weight : torch.nn.Parameter (classes, d), optional
        The weight itself, to share it: ``weight=embedding.weight``.

    Examples
    --------
    >>> from rankkit.torch import PLIF
    >>> embedding = nn.Embedding(50, 8)
    >>> head = MonotoneSoftmax(8, 50, PLIF(100), weight=embedding.weight)
    >>> log_probs = head(torch.randn(3, 8))
    >>> log_probs.shape, head.weight is embedding.weight
    (torch.Size([3, 50]), True)
    """

    def __init__(
        self,
        d: int,
        classes: int,
        f: nn.Module | None = None,
        bias: bool = True,
        weight: nn.Parameter | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.weight, self.bias = decoder(d, classes, bias, weight, device, dtype)
        self.f = Identity() if f is None else f

    def forward(self, H: Tensor) -> Tensor:
        return torch.log_softmax(self.f(self.logits(H)), dim=-1)

    def logits(self, H: Tensor) -> Tensor:
        """Return the logits (..., classes) of states (..., d)."""
        return nn.functional.linear(H, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]} to {self.weight.shape[0]:,} classes"

    def to_numpy(self) -> tuple[Head, functions.PointwiseFunction]:
        """Return head and function: ``rk.log_probs(head.logits(H), f)`` is what this module computes."""
        to_numpy: Any = getattr(self.f, "to_numpy", None)
        if to_numpy is None:
            raise TypeError(f"f is a {type(self.f).__name__}, which has no to_numpy()")
        return head_of(self.weight, self.bias), to_numpy()

    @classmethod
    def from_numpy(cls, head: Head, f: functions.PointwiseFunction | None = None) -> Self:
        """Return a float64 module for a head and a function."""
        f = functions.Identity() if f is None else f
        if type(f) not in MODULES:
            known = ", ".join(sorted(family.__name__ for family in MODULES))
            raise TypeError(f"f is {f!r}; wanted one of the families that have a module: {known}")
        module = cls(
            head.d, head.classes, MODULES[type(f)].from_numpy(f), head.b is not None, dtype=torch.float64
        )
        load(module, head)
        return module


def decoder(
    d: int, classes: int, bias: bool, weight: nn.Parameter | None, device: Any, dtype: Any
) -> tuple[nn.Parameter, nn.Parameter | None]:
    """Return weight and bias as ``nn.Linear`` starts them, or the given weight itself."""
    if weight is None:
        linear = nn.Linear(d, classes, bias, device=device, dtype=dtype)
        return linear.weight, linear.bias
    if not isinstance(weight, nn.Parameter):
        raise TypeError(f"weight is a {type(weight).__name__}; wanted the nn.Parameter that is to be shared")
    if weight.shape != (classes, d):
        raise InputError(f"weight is {tuple(weight.shape)}; wanted (classes, d) = ({classes}, {d})")
    return weight, nn.Parameter(weight.new_zeros(classes)) if bias else None


def head_of(weight: Tensor, bias: Tensor | None) -> Head:
    """Return the numpy head with the same numbers."""
    return Head(_numbers(weight), None if bias is None else _numbers(bias))


def load(module: nn.Module, head: Head) -> None:
    """Copy the numbers of a numpy head into the weight and bias of a module."""
    with torch.no_grad():
        module.weight.copy_(torch.tensor(head.W.astype("float64")))
        if head.b is not None:
            module.bias.copy_(torch.tensor(head.b.astype("float64")))


def _numbers(part: Tensor) -> Any:
    part = part.detach().cpu()
    return (part.float() if part.dtype == torch.bfloat16 else part).numpy().copy()  # numpy has no bfloat16
