"""Which contexts a report looks at, and how it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rankkit import arrays
from rankkit.arrays import Array

if TYPE_CHECKING:
    from rankkit.heads import Head

#: Contexts that are drawn where none are given, as far as the dense matrix keeps within ``_ENTRIES``.
COUNT = 1500
_ENTRIES = 30_000_000


@dataclass(frozen=True, eq=False)
class Used:
    """The contexts ``H`` (contexts, d), their kind ("real", "drawn" or "given"), and where they come from."""

    H: Array
    kind: str
    how: str


def use(head: Head, contexts: object | None, seed: int) -> Used:
    """Return the contexts to report on.

    Parameters
    ----------
    head : Head
        The head that reads them.
    contexts : None, array-like (contexts, d), or Contexts
        None draws them; those of :func:`rankkit.datasets.contexts` say themselves how they were made.
    seed : int
        Seed of the drawing.
    """
    from rankkit.datasets import Contexts, drawn_contexts

    if isinstance(contexts, Used):
        return contexts
    if contexts is None:
        count = max(head.d + 3, min(COUNT, _ENTRIES // head.classes))
        contexts = drawn_contexts(head, count, seed)
    if isinstance(contexts, Contexts):
        return Used(contexts.H, "real" if contexts.real else "drawn", contexts.how)
    H = arrays.matrix("contexts", contexts)
    return Used(H, "given", f"{len(H):,} given by the caller; where they come from is not known here")
