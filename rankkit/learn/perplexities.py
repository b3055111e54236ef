"""Perplexities of language models that differ in their head only: published ones, and our own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Perplexity:
    """One head on one text; what a source does not print is None.

    Attributes
    ----------
    text : str
        What the model was trained on and tested with.
    training : str
        How: rows of one text and training, and of as many runs, can be compared.
    head : str
        Its name; a number after it is the number of components.
    parameters_millions : float
        Parameters of the whole model, in millions.
    train, valid, test : float or None
        Perplexity of a word, the mean over runs; without dropout but for our ``train``.
    test_sd : float or None
        Its standard deviation over runs.
    rank : int or None
        Singular values of log P, raw and in float32, above the tolerance of [press2007]_; ours: of 1,000
        contexts, row means removed, above 1e-3 of the largest. Not to be compared with each other.
    rank_sd : float or None
        Standard deviation of the rank over runs.
    seconds_per_epoch : float or None
        Time; ours is CPU time.
    runs : int
        Seeds averaged.
    source, place : str
        A key of the references or a file of the project, and where in it.
    """

    text: str
    training: str
    head: str
    parameters_millions: float
    train: float | None
    valid: float | None
    test: float
    test_sd: float | None
    rank: int | None
    rank_sd: float | None
    seconds_per_epoch: float | None
    runs: int
    source: str
    place: str


#: What a column holds, if not a number with decimals; an empty cell is None.
_KINDS = dict.fromkeys(("text", "training", "head", "source", "place"), str) | {"rank": int, "runs": int}


def perplexities() -> tuple[Perplexity, ...]:
    """Return the table that ships with rankkit: Penn Treebank and WikiText-2 [parthiban2021]_, and our own.

    Our own are those of ``examples/language_model.py``, a small model on a text of the public domain; no
    large model was trained again here.

    Examples
    --------
    >>> rows = [row for row in perplexities() if row.text == "PTB" and row.runs > 1]
    >>> for row in rows[:2]:
    ...     print(row.head, row.test, row.rank, row.source, row.place)
    linear 57.08 402 parthiban2021 Table 2
    sigsoftmax 57.05 5113 parthiban2021 Table 2
    """
    with (files("rankkit.learn") / "perplexities.csv").open(encoding="utf-8") as file:
        return tuple(_row(row) for row in csv.DictReader(file))


def _row(row: dict[str, str]) -> Perplexity:
    cells = {key: _KINDS.get(key, float)(cell) if cell else None for key, cell in row.items()}
    return Perplexity(**cells)  # type: ignore[arg-type]
