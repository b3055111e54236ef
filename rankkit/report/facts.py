"""Facts: the only way a number gets onto the page, so that none stands there without its rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rankkit.report.glossary import TERMS

Value = int | float | str | None


@dataclass(frozen=True)
class Fact:
    """One value, how it reads, the rule that made it, and the glossary term that defines it."""

    key: str
    value: Value
    shown: str
    term: str
    rule: str


class Facts:
    """The facts of one page, in the order in which they were stated."""

    def __init__(self) -> None:
        self._facts: dict[str, Fact] = {}

    def add(self, key: str, value: Value, term: str, rule: str, shown: str | None = None) -> None:
        """State a fact once; ``shown`` is how it reads where that differs from the plain value."""
        if key in self._facts:
            raise KeyError(f"fact {key!r} is stated twice")
        if term not in TERMS:
            raise KeyError(f"fact {key!r} names the term {term!r}, which the glossary does not have")
        self._facts[key] = Fact(key, value, _shown(value) if shown is None else shown, term, rule)

    def __getitem__(self, key: str) -> Fact:
        return self._facts[key]

    def __contains__(self, key: object) -> bool:
        return key in self._facts

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def __len__(self) -> int:
        return len(self._facts)


def _shown(value: Value) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3g}"
    return "not known" if value is None else value
