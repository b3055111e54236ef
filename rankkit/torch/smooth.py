"""Fixed smooth functions of the logits, and the way from a numpy function to its module."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from rankkit import functions
from rankkit.arrays import number
from rankkit.torch.plif import PLIF


class _Bent(torch.autograd.Function):
    """z + (k - 1) log sigma(z - c), its slope computed again in the backward pass: only z is kept."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, c: float, k: float) -> Tensor:
        return nn.functional.logsigmoid(z - c if c else z).mul_(k - 1).add_(z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float, float], output: Tensor) -> None:
        z, ctx.c, ctx.k = inputs
        ctx.save_for_backward(z)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (z,) = ctx.saved_tensors
        return torch.addcmul(grad, grad, (ctx.c - z).sigmoid_(), value=ctx.k - 1), None, None


class Identity(nn.Module):
    """No function at all: with it a head is the ordinary softmax."""

    def forward(self, z: Tensor) -> Tensor:
        return z

    def to_numpy(self) -> functions.Identity:
        """Return the numpy function."""
        return functions.Identity()

    @classmethod
    def from_numpy(cls, f: functions.Identity) -> Self:
        """Return the module."""
        return cls()


class SigSoftmax(nn.Module):
    r"""Kanai et al.'s SigSoftmax, :math:`f(z) = z + \log\sigma(z)` [kanai2018]_.

    >>> SigSoftmax()(Tensor([0.0])).tolist()
    [-0.69314...]
    """

    def forward(self, z: Tensor) -> Tensor:
        return _Bent.apply(z, 0.0, 2.0)

    def to_numpy(self) -> functions.SigSoftmax:
        """Return the numpy function."""
        return functions.SigSoftmax()

    @classmethod
    def from_numpy(cls, f: functions.SigSoftmax) -> Self:
        """Return the module."""
        return cls()


class GSS(nn.Module):
    r"""Parthiban et al.'s generalised SigSoftmax [parthiban2021]_, :math:`z + (k - 1) \log\sigma(z - c)`.

    Parameters
    ----------
    c : float
        Where the line bends, in logits.
    k : float
        Slope far below ``c``, positive.
    """

    def __init__(self, c: float = 0.0, k: float = 2.0) -> None:
        super().__init__()
        self.c, self.k = number("c", c), number("k", k, positive=True)

    def forward(self, z: Tensor) -> Tensor:
        return _Bent.apply(z, self.c, self.k)

    def extra_repr(self) -> str:
        return f"c={self.c:g}, k={self.k:g}"

    def to_numpy(self) -> functions.GSS:
        """Return the numpy function."""
        return functions.GSS(self.c, self.k)

    @classmethod
    def from_numpy(cls, f: functions.GSS) -> Self:
        """Return the module with the same c and k."""
        return cls(f.c, f.k)


#: The module of each numpy family that has one.
MODULES: dict[type[functions.PointwiseFunction], Any] = {
    functions.GSS: GSS,
    functions.Identity: Identity,
    functions.PLIF: PLIF,
    functions.SigSoftmax: SigSoftmax,
}
