"""PLIF as a module: the slopes of a piecewise-linear increasing function, learned or frozen."""

from __future__ import annotations

from math import e, log
from typing import Self

import torch
from torch import Tensor, nn

from rankkit import functions
from rankkit.arrays import count, number
from rankkit.errors import InputError
from rankkit.torch.segments import MOST_SEGMENTS, piecewise_linear


class PLIF(nn.Module):
    r"""The piecewise-linear increasing function with K learned slopes [ganea2019]_, applied to every logit.

    Uniform segments on [-T, T], the outer ones reaching to infinity, and :math:`f(0) = 0`, as in
    :class:`rankkit.functions.PLIF`. The slopes are :math:`\log(1 + e^v)` of the free vector ``v``, so that
    any step of an optimiser keeps f increasing.

    Parameters
    ----------
    segments : int
        K, at most 2**24. **Its parity matters**: an even K puts a kink at 0, an odd K none.
    bound : float
        T, in logits.
    init : {"random", "identity"}
        Slopes log(1 + e^v) with v normal of mean log(e - 1) and deviation 1, as published [parthiban2021]_,
        or all slopes 1. The defaults of ``segments`` and ``bound`` are the published ones too.
    frozen : bool
        Whether the slopes stay as they are; that also saves their share of the backward pass.
    generator : torch.Generator, optional
        Where random slopes come from; PyTorch's own by default.

    Notes
    -----
    Logits of any floating dtype and shape; the scores have the same. float16 and bfloat16 are evaluated in
    float32. An entry costs the same whatever K. Only the logits are kept for the backward pass. On a CPU both
    passes repeat bit for bit, with any number of threads; on a GPU the sums for the slopes do so only under
    ``torch.use_deterministic_algorithms(True)``. There is no second derivative.

    Examples
    --------
    >>> f = PLIF(8, bound=4.0, init="identity")
    >>> f(torch.tensor([-5.0, 0.0, 0.5])).tolist()
    [-5.0, 0.0, 0.5]
    """

    def __init__(
        self,
        segments: int = 100_000,
        bound: float = 20.0,
        init: str = "random",
        frozen: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if count("segments", segments) > MOST_SEGMENTS:
            raise InputError(f"segments is {segments:,}; wanted at most 2**24, which float32 can count")
        if init not in ("random", "identity"):
            raise InputError(f"init is {init!r}; wanted 'random' or 'identity'")
        self.bound = number("bound", bound, positive=True)
        v = torch.full((segments,), log(e - 1), device=device, dtype=dtype)
        if init == "random":
            v += torch.randn(segments, generator=generator, device=device, dtype=dtype)
        self.v = nn.Parameter(v, requires_grad=not frozen)

    def forward(self, z: Tensor) -> Tensor:
        return piecewise_linear(z, self.slopes, self.bound)

    @property
    def slopes(self) -> Tensor:
        """The slopes (K,), from left to right: float64 where ``v`` is, else float32."""
        v = self.v if self.v.dtype == torch.float64 else self.v.float()
        return nn.functional.softplus(v, threshold=40)  # the default of 20 is off by 2e-9

    def extra_repr(self) -> str:
        frozen = "" if self.v.requires_grad else ", frozen"
        return f"{len(self.v):,} segments on [-{self.bound:g}, {self.bound:g}]{frozen}"

    def to_numpy(self) -> functions.PLIF:
        """Return the same function with the certified side's manners: exact values, enclosures, a spec."""
        return functions.PLIF(self.slopes.detach().double().cpu().numpy(), bound=self.bound)

    @classmethod
    def from_numpy(cls, f: functions.PLIF, frozen: bool = False) -> Self:
        """Return a float64 module for ``f``, which must have uniform segments.

        >>> PLIF.from_numpy(functions.PLIF([1.0, 2.0], bound=1.0))(torch.tensor([-3.0, 3.0])).tolist()
        [-3.0, 6.0]
        """
        if f.bound is None:
            raise InputError(f"f is {f!r}; wanted uniform segments, as PLIF(slopes, bound=T) makes them")
        module = cls(f.segments, f.bound, init="identity", frozen=frozen, dtype=torch.float64)
        slopes = torch.tensor(f.slopes)
        with torch.no_grad():
            module.v.copy_(slopes + torch.log(-torch.expm1(-slopes)))
        return module
