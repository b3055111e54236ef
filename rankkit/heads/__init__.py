"""What turns contexts into log-probabilities."""

from rankkit.heads.head import Head, LowRankLogits
from rankkit.heads.loading import load_head, save_head
from rankkit.heads.mixture import MixtureOfSoftmaxes
from rankkit.heads.softmax import log_probs, log_softmax

__all__ = [
    "Head",
    "LowRankLogits",
    "MixtureOfSoftmaxes",
    "load_head",
    "log_probs",
    "log_softmax",
    "save_head",
]
