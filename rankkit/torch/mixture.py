"""A mixture of softmaxes as a module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rankkit import heads
from rankkit.arrays import count
from rankkit.torch.head import decoder, head_of


class _Mixed(torch.autograd.Function):
    """log of the sum over k of e^(each_k + log_prior_k): autograd alone keeps K blocks more."""

    generate_vmap_rule = True

    @staticmethod
    def forward(each: Tensor, log_prior: Tensor) -> Tensor:
        mixed = each[0] + log_prior[0]
        for k in range(1, len(each)):
            mixed = torch.logaddexp(mixed, each[k] + log_prior[k])
        return mixed

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        each, log_prior, mixed = ctx.saved_tensors
        mixed = mixed.clamp_min(torch.finfo(mixed.dtype).min)  # a class that no component allows pulls by 0
        by_each = ((each - mixed) + log_prior).exp_() * grad
        return by_each, by_each.sum(dim=-1, keepdim=True)


class MixtureOfSoftmaxes(nn.Module):
    r"""States to the log of K mixed softmaxes over one decoder [yang2018]_.

    .. math:: P_j = \sum_k \pi_k\, \mathrm{softmax}(W h_k + b)_j, \quad h_k = \tanh(A_k h + a_k), \quad
              \pi = \mathrm{softmax}(B h)

    Time is that of K decoders. K blocks of logits (states x classes) and the result are kept for the backward
    pass, and a step holds at most 3 K + 3 of them at once, where a linear decoder holds 3.
    tanh keeps the entries of the components' states below 1, so that no logit is beyond the sum of absolute
    weights of its class: weights that start small, as shared embeddings do, want a wider start than for a
    linear decoder.

    Parameters
    ----------
    d, classes : int
        Width of the components' states; number of classes.
    components : int
        K.
    inputs : int, optional
        Width of the states that come in; ``d`` by default.
    bias : bool
        Whether the decoder has a bias.
    weight : torch.nn.Parameter (classes, d), optional
        The decoder's weight itself, to share it.

    Examples
    --------
    >>> mixture = MixtureOfSoftmaxes(8, 50, components=3)
    >>> mixture(torch.randn(4, 8)).exp().sum(-1).allclose(torch.ones(4))
    True
    """

    def __init__(
        self,
        d: int,
        classes: int,
        components: int,
        inputs: int | None = None,
        bias: bool = True,
        weight: nn.Parameter | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.components = count("components", components)
        self.weight, self.bias = decoder(d, classes, bias, weight, device, dtype)
        width = d if inputs is None else inputs
        self.latent = nn.Linear(width, components * d, device=device, dtype=dtype)
        self.prior = nn.Linear(width, components, bias=False, device=device, dtype=dtype)

    def forward(self, H: Tensor) -> Tensor:
        return self.mix(*self.parts(H))

    def parts(self, H: Tensor) -> tuple[Tensor, Tensor]:
        """Return the components' states (K, ..., d) and the log of their weights (..., K)."""
        states = torch.tanh(self.latent(H)).unflatten(-1, (self.components, -1))
        return states.movedim(-2, 0), torch.log_softmax(self.prior(H), dim=-1)

    def mix(self, states: Tensor, log_prior: Tensor) -> Tensor:
        """Return log-probabilities (..., classes) of given states (K, ..., d) and log weights (..., K)."""
        each = torch.log_softmax(nn.functional.linear(states, self.weight, self.bias), dim=-1)
        return _Mixed.apply(each, log_prior.movedim(-1, 0).unsqueeze(-1))

    def extra_repr(self) -> str:
        return f"{self.components} components, {self.weight.shape[1]} to {self.weight.shape[0]:,} classes"

    @torch.no_grad()
    def to_numpy(self, H: Tensor) -> heads.MixtureOfSoftmaxes:
        """Return the mixture in contexts ``H`` (contexts, inputs).

        The numpy mixture holds states and weights, not the maps that made them, so there is no way back; what
        it holds goes through :meth:`mix`.
        """
        states, log_prior = (part.double().cpu() for part in self.parts(H))
        prior = torch.softmax(log_prior, dim=-1)  # sums to 1 in float64, whatever the dtype of the module
        return heads.MixtureOfSoftmaxes(states.numpy(), prior.numpy(), head_of(self.weight, self.bias))
