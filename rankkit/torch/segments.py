"""The piecewise-linear function as an operator: constant work per entry, and sums in a fixed order.

Autograd alone would keep an index and two gathered tables per entry. Here the logits are all that is kept.
float32 and float64 on a CPU go through compiled loops (:mod:`rankkit.torch.kernel`); all else in chunks that
stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Any

import torch
from torch import Tensor

from rankkit.torch import kernel

#: Entries in a chunk.
CHUNK = 2**16

#: Parts of a chunk that threads may take. Fixed, so that no sum depends on the number of threads.
LANES = 2

#: float32 holds the index of a segment exactly up to here.
MOST_SEGMENTS = 2**24


# torch.library.custom_op would do the same, but imports the whole compiler at the first call.
torch.library.define("rankkit::piecewise_linear", "(Tensor z, Tensor slopes, float bound) -> Tensor")
torch.library.define(
    "rankkit::piecewise_linear_backward",
    "(Tensor grad, Tensor z, Tensor slopes, float bound, bool learned) -> (Tensor, Tensor)",
)


def piecewise_linear(z: Tensor, slopes: Tensor, bound: float) -> Tensor:
    """Return f(z), f(0) = 0, with ``slopes`` (K,) on K equal segments of [-bound, bound]; dtype of z."""
    return torch.ops.rankkit.piecewise_linear(z, slopes, bound)


@torch.library.impl("rankkit::piecewise_linear", "default")
def _forward(z: Tensor, slopes: Tensor, bound: float) -> Tensor:
    """Evaluate segment by segment.

    On segment k, f is the line slopes[k] z + offsets[k]. The offset is 0 on the segments that touch 0, so
    that small logits keep their digits; elsewhere the line errs as a rounding of z would.
    """
    work, out = _work_dtype(z), torch.empty_like(z, memory_format=torch.contiguous_format)
    table, offsets = slopes.to(work), _offsets(slopes, bound).to(work)
    if _compiled(z):
        how = len(slopes) / (2 * bound), torch.get_num_threads()
        kernel.values(_flat(z), _flat(table), _flat(offsets), *how, _flat(out))
        return out
    for part, into in _chunks(z, out):
        entries = part.to(work)
        k, _ = _segment(entries, len(slopes), bound)
        into.copy_(torch.addcmul(_take(offsets, k), entries, _take(table, k)))
    return out


@torch.library.impl("rankkit::piecewise_linear_backward", "default")
def _gradients(grad: Tensor, z: Tensor, slopes: Tensor, bound: float, learned: bool) -> tuple[Tensor, Tensor]:
    """Return the gradients by z and by the slopes (K,); the latter are zeros unless ``learned``.

    The derivative of f(z) by slopes[k] is the length that [0, z] shares with segment k, negative for z < 0.
    Per segment, ``pull`` sums the gradients of its entries, and ``reach`` the same times how far into the
    segment they lie; entries that pass through the whole segment enter by the running sum of ``pull``.
    """
    K, work, out = len(slopes), _work_dtype(z), torch.empty_like(z, memory_format=torch.contiguous_format)
    table, lanes = slopes.to(work), gcd(z.numel(), LANES)
    if _compiled(z):
        how = K / (2 * bound), torch.get_num_threads(), learned
        sums = kernel.gradients(_flat(grad), _flat(z), _flat(table), *how, _flat(out))
        pull, reach = torch.from_numpy(sums).T
        return out, _by_slopes(pull, reach, bound, slopes, learned)
    pull, reach = torch.zeros(2, lanes, K if learned else 0, dtype=torch.float64, device=z.device)
    for g, part, into in _chunks(grad, z, out):
        pulled = g.to(work)
        k, inside = _segment(part.to(work), K, bound)
        into.copy_(_take(table, k).mul_(pulled))
        if learned:
            pull.scatter_add_(1, k, pulled.double())
            reach.scatter_add_(1, k, inside.mul_(pulled).double())
    return out, _by_slopes(pull.sum(0), reach.sum(0), bound, slopes, learned)


def _by_slopes(pull: Tensor, reach: Tensor, bound: float, slopes: Tensor, learned: bool) -> Tensor:
    """Return the gradient by the slopes, zeros unless ``learned``."""
    if not learned:
        return torch.zeros_like(slopes)
    K = len(slopes)
    beyond = pull.flip(0).cumsum(0).flip(0) - pull
    # Lengths are measured from 0, not from the left end: every segment gives back its part below 0.
    below = (K / 2 - torch.arange(K, dtype=torch.float64, device=slopes.device)).clamp_(0, 1)
    return ((reach + beyond - below * pull.sum()) * (2 * bound / K)).to(slopes.dtype)


@torch.library.register_fake("rankkit::piecewise_linear")
def _(z: Tensor, slopes: Tensor, bound: float) -> Tensor:
    return torch.empty_like(z, memory_format=torch.contiguous_format)


@torch.library.register_fake("rankkit::piecewise_linear_backward")
def _(grad: Tensor, z: Tensor, slopes: Tensor, bound: float, learned: bool) -> tuple[Tensor, Tensor]:
    return torch.empty_like(z, memory_format=torch.contiguous_format), torch.empty_like(slopes)


def _remember(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:
    z, slopes, ctx.bound = inputs
    ctx.save_for_backward(z, slopes)


def _chain(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
    learned = ctx.needs_input_grad[1]
    return *torch.ops.rankkit.piecewise_linear_backward(grad, *ctx.saved_tensors, ctx.bound, learned), None


torch.library.register_autograd("rankkit::piecewise_linear", _chain, setup_context=_remember)


def _compiled(z: Tensor) -> bool:
    return z.device.type == "cpu" and z.dtype in (torch.float32, torch.float64)


def _flat(z: Tensor) -> Any:
    return z.detach().reshape(-1).numpy()


def _work_dtype(z: Tensor) -> torch.dtype:
    return torch.float64 if z.dtype == torch.float64 else torch.float32


def _chunks(*tensors: Tensor) -> Iterator[list[Tensor]]:
    """Yield the same entries of each tensor, (lanes, some) at a time; of a contiguous one, as views."""
    flat = [tensor.reshape(-1) for tensor in tensors]
    entries = len(flat[0])
    for start in range(0, entries, CHUNK):
        yield [tensor[start : start + CHUNK].view(gcd(entries, LANES), -1) for tensor in flat]


def _segment(z: Tensor, K: int, bound: float) -> tuple[Tensor, Tensor]:
    """Return the index of the segment of each entry, and how many segments it lies beyond the left end.

    Within rounding of a kink, the index may be the neighbour's. NaN gets the middle segment, an infinity the
    last one and a finite distance, so that a masked class (-inf, gradient 0) pulls by 0 and not by NaN.
    """
    half, odd = divmod(K, 2)
    position = (
        (z * (K / (2 * bound))).nan_to_num_().add_(odd / 2)
    )  # from 0, where tiny logits keep their sign
    k = position.floor().clamp_(-half, half + odd - 1)
    inside = position.sub_(k)
    return k.add_(half).long(), inside


def _take(table: Tensor, k: Tensor) -> Tensor:
    return table.expand(len(k), -1).gather(1, k)


def _offsets(slopes: Tensor, bound: float) -> Tensor:
    """Return what the line of each segment, extended, takes at 0: (K,) float64, summed outwards from 0."""
    K, wide = len(slopes), slopes.double()
    kinks = torch.arange(2 - K, K, 2, dtype=torch.float64, device=slopes.device) * (bound / K)
    steps = (wide[:-1] - wide[1:]) * kinks
    left, right = steps[: K // 2], steps[K // 2 :]
    return torch.cat([-left.flip(0).cumsum(0).flip(0), wide.new_zeros(1), right.cumsum(0)])
