"""Which tensor of a file is the head, and which one its bias."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Literal

from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored

#: What common libraries call the output layer.
HEAD_NAMES = (
    "lm_head.weight",
    "language_model.lm_head.weight",
    "output.weight",
    "embed_out.weight",
    "proj_out.weight",
    "classifier.weight",
    "head.weight",
    "W",
)

#: How the name of an input embedding ends; a model without a head of its own uses it as one.
EMBEDDING_ENDINGS = (
    "embed_tokens.weight",
    "wte.weight",
    "word_embeddings.weight",
    "token_embd.weight",
    "shared.weight",
)

_LISTED = 12


def choose_weight(tensors: Mapping[str, Stored], wanted: str | None) -> Stored:
    """Return the tensor called ``wanted``, or the only one that can be meant; else list what there is."""
    if wanted is not None:
        if wanted not in tensors:
            raise LoadError(_listing(tensors, f"it has no tensor {wanted!r}{_near(wanted, tensors)}."))
        stored = tensors[wanted]
        if len(stored.shape) != 2:
            raise LoadError(f"tensor {wanted!r} has shape {stored.shape}; wanted 2 axes (classes, d)")
        return stored
    known = [tensors[name] for name in HEAD_NAMES if name in tensors and len(tensors[name].shape) == 2]
    found = known or _matrices(tensors)
    if len(found) != 1:
        why = "it has no two-dimensional tensor" if not found else "several of its tensors could be the head"
        raise LoadError(_listing(tensors, f"{why}; name one with weight="))
    return found[0]


def choose_bias(
    tensors: Mapping[str, Stored], weight: str, wanted: str | Literal[False] | None
) -> Stored | None:
    """Return the tensor called ``wanted``; by default the one that belongs to ``weight`` by name, if any."""
    if wanted is False:
        return None
    if wanted is None:
        wanted = "b" if weight == "W" else f"{weight.removesuffix('.weight')}.bias"
        if wanted not in tensors:
            return None
    if wanted not in tensors:
        raise LoadError(f"it has no tensor {wanted!r} for the bias{_near(wanted, tensors)}")
    stored = tensors[wanted]
    if math.prod(stored.shape) != max(stored.shape, default=0):
        raise LoadError(f"the bias {wanted!r} has shape {stored.shape}; wanted 1 axis (classes,)")
    return stored


def _near(wanted: str, tensors: Mapping[str, Stored]) -> str:
    near = difflib.get_close_matches(wanted, list(tensors), n=3, cutoff=0.8)
    return f" (near: {', '.join(near)})" if near else ""


def _listing(tensors: Mapping[str, Stored], why: str) -> str:
    found = sorted(_matrices(tensors), key=lambda stored: (-math.prod(stored.shape), stored.name))
    lines = [f"  {stored}" for stored in found[:_LISTED]]
    if len(found) > _LISTED:
        lines.append(f"  and {len(found) - _LISTED:,} smaller ones")
    if lines:
        why += "\nIts two-dimensional tensors, largest first:\n" + "\n".join(lines)
    tied = next((stored.name for stored in found if stored.name.endswith(EMBEDDING_ENDINGS)), None)
    if tied:
        why += f"\nThe head is often tied to the input embedding: try weight={tied!r}"
    return why


def _matrices(tensors: Mapping[str, Stored]) -> list[Stored]:
    found = []
    for name in tensors:
        try:
            stored = tensors[name]
        except LoadError:  # a shard that is not here has no shapes to show
            continue
        if len(stored.shape) == 2:
            found.append(stored)
    return found
