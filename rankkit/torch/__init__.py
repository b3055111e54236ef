"""The heads as PyTorch modules, to train in place of a linear decoder; needs the extra ``torch``.

A function (:class:`PLIF`, :class:`SigSoftmax`, :class:`GSS`) maps logits to scores. A head
(:class:`MonotoneSoftmax`, :class:`MixtureOfSoftmaxes`) maps states to log-probabilities. What was learned
goes back to the certified side with ``to_numpy()``.
"""

from __future__ import annotations

try:
    import torch  # noqa: F401
except ModuleNotFoundError as why:
    if why.name != "torch":
        raise
    raise ModuleNotFoundError(
        'rankkit.torch needs PyTorch: pip install "softmax-rankkit[torch]"', name="torch"
    ) from None

from rankkit.torch.head import MonotoneSoftmax
from rankkit.torch.mixture import MixtureOfSoftmaxes
from rankkit.torch.plif import PLIF
from rankkit.torch.smooth import GSS, Identity, SigSoftmax

__all__ = ["GSS", "PLIF", "Identity", "MixtureOfSoftmaxes", "MonotoneSoftmax", "SigSoftmax"]
