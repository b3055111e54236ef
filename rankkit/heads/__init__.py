"""What turns contexts into log-probabilities."""

from rankkit.heads.head import Head
from rankkit.heads.logits import LowRankLogits, log_probs, log_softmax

__all__ = ["Head", "LowRankLogits", "log_probs", "log_softmax"]
