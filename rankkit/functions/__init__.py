"""Pointwise functions on logits, one family a file: a new family is a new file in this folder."""

from rankkit.functions.base import MonotoneFunction, PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.functions.sigsoftmax import SigSoftmax

__all__ = ["Identity", "MonotoneFunction", "PointwiseFunction", "SigSoftmax", "apply"]
