"""Statements about softmax heads, one a file: each is verified on instances, and broken by its near misses.

A new statement is a new file of this folder that makes a :class:`Theorem` and calls it ``theorem``.

>>> import rankkit as rk
>>> rk.theorems.get("polynomial-rank").verify(seed=0).holds
True
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from rankkit.errors import InputError
from rankkit.theorems.statement import TOPICS, Case, Theorem, Verification

__all__ = ["TOPICS", "Case", "Theorem", "Verification", "all", "get"]


@cache
def all() -> tuple[Theorem, ...]:
    """Return every statement of this folder, topic by topic."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.theorem for module in modules if hasattr(module, "theorem")]
    return tuple(sorted(found, key=lambda theorem: (TOPICS.index(theorem.topic), theorem.slug)))


def get(slug: str) -> Theorem:
    """Return one statement by its slug.

    Raises
    ------
    InputError
        There is no such statement; the message gives the nearest name.

    Examples
    --------
    >>> get("polynomial-rnk")
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: there is no theorem 'polynomial-rnk'; did you mean polynomial-rank?
    """
    known = {theorem.slug: theorem for theorem in all()}
    if slug in known:
        return known[slug]
    near = difflib.get_close_matches(slug, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise InputError(f"there is no theorem {slug!r}; {hint}")
