"""What opposite logits do to a rank: functions that are odd or even, or that but for a constant or a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .families import degrees_of, number

#: log(1 + e^z) is z / 2 and an even function of z, and z sigmoid(z) is z / 2 and z tanh(z / 2) / 2.
LINE_AND_EVEN = ("SigSoftmax", "Softplus", "SiLU", "LeakyReLU")


def parity_of(family: str | None, parameters: Mapping[str, Any]) -> str | None:
    """Return whether f(-z) is -f(z), or f(z), or f is odd but for a constant, or even but for a line."""
    if family in LINE_AND_EVEN or (family == "GSS" and number(parameters["c"]) == 0):
        return "line + even"
    if family == "Sigmoid":  # 1/2 + tanh(z / 2) / 2
        return "constant + odd"
    degrees = {1} if family == "SoftCap" else degrees_of(family, parameters)
    if degrees and all(k % 2 for k in degrees):
        return "odd"
    if degrees and not any(k % 2 for k in degrees - {1}):
        return "line + even" if 1 in degrees else "even"
    return None


def opposite_rank(
    parity: str, subject: str, of_contexts: bool, different: tuple[int, int], line: int, vanishes: bool
) -> int:
    """Return the most rank that contexts, or classes, leave of which so many differ up to sign.

    The odd or even part of f has one row (or column) up to sign for each; a constant has rank one, the line
    that of the logits. A row of f(0) alone is 0 where the function ``vanishes`` at 0, and constant else. Of
    centred scores constants go, and columns are differences, one fewer than there are different ones. Log-
    probabilities are centred scores and a multiple of ones for each context, which adds one; but of an even
    function opposite contexts have one normaliser, and nothing is added to what is different.

    Parameters
    ----------
    different : (int, int)
        How many differ up to sign, and how many of these are not 0.
    line : int
        Width of the logits, a bias included.

    Examples
    --------
    >>> opposite_rank("odd", "scores", True, (5, 4), 2, True)
    4
    >>> opposite_rank("constant + odd", "scores", True, (5, 4), 2, False)
    5
    >>> opposite_rank("line + even", "centred", False, (5, 4), 2, True)
    6
    """
    every, nonzero = different
    odd = parity in ("odd", "constant + odd")
    if parity == "even" and subject == "log_probs":
        return every
    if subject == "scores":
        rank = (nonzero if odd or vanishes else every) + (parity == "constant + odd")
    else:
        rank = (nonzero if odd or of_contexts else every - 1) + (subject == "log_probs")
    return rank + (line if parity == "line + even" else 0)
