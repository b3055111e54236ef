"""Where the states h may lie: the sets over which a question about a head is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Free:
    """Every state in R^d is possible: what no input can produce here, no input can produce at all.

    >>> Free()
    Free()
    """
