"""Printing: JSON for machines, tables for people, progress on a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from rankkit.ranks import RankGain


#: Columns to write where no terminal says how wide it is, as in a pipe.
_WIDTH = 120

#: Levels of the rank gain that a terminal has room for; JSON has all.
SHOWN = (0.1, 0.01, 1e-3, 1e-6, 1e-12)

#: Blanks between two columns.
_GAP = 2

#: Width from which a column may wrap; no number is that long.
_WRAPS = 30

#: A cell that stands on the right: a number, signed or not, or what stands in for one.
_NUMBER = re.compile(r"[+-]?[\d,.]+(e-?\d+)?|noise")


def console(err: bool = False) -> Console:
    """Return a console on the current stdout or stderr."""
    stream = sys.stderr if err else sys.stdout
    return Console(
        file=stream, highlight=False, markup=False, emoji=False,  # class names may hold brackets and colons
        width=None if stream.isatty() else _WIDTH,
    )  # fmt: skip


def print_json(result: Any) -> None:
    """Print ``result`` as strict JSON: NaN is refused, arrays become lists."""
    print(json.dumps(result, default=_plain, allow_nan=False, ensure_ascii=False, indent=2))


@dataclass(frozen=True)
class Sheet:
    """A table of which no cell is ever cut: where it is too wide, more columns follow in a block below.

    The first column names the rows and opens every block. Short columns keep their width; sentences wrap.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one block after another, as rich asks for it."""
        needs = [max(map(cell_len, cells)) for cells in zip(self.columns, *self.rows, strict=True)]
        for number, block in enumerate(self._blocks([min(n, _WRAPS) for n in needs], options.max_width)):
            if number:
                yield ""
            yield self._table(block, needs, options.max_width)

    def _blocks(self, least: list[int], width: int) -> list[list[int]]:
        blocks = [[0]]
        for i in range(1, len(least)):
            if len(blocks[-1]) > 1 and sum(least[j] + _GAP for j in blocks[-1]) + least[i] > width:
                blocks.append([0])
            blocks[-1].append(i)
        return blocks

    def _table(self, block: list[int], needs: list[int], width: int) -> Table:
        out = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        left = width - sum(min(needs[i], _WRAPS) + _GAP for i in block) + _GAP
        for i in block:
            more = max(0, min(needs[i] - _WRAPS, left))
            left -= more
            out.add_column(
                self.columns[i], justify="right" if self.right[i] else "left", overflow="fold",
                width=min(needs[i], _WRAPS) + more,
            )  # fmt: skip
        for row in self.rows:
            out.add_row(*(row[i] for i in block))
        return out


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Sheet:
    """Return a quiet table; numbers stand on the right."""
    rows = [list(row) for row in rows]
    right = [
        bool(rows) and all(_NUMBER.fullmatch(_cell(row[i])) for row in rows) for i in range(len(columns))
    ]
    return Sheet(tuple(columns), tuple(tuple(map(_cell, row)) for row in rows), tuple(right))


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def facts(values: Mapping[str, Any]) -> Table:
    """Return a table of names and values without a header."""
    out = Table(box=None, show_header=False, pad_edge=False)
    out.add_column(no_wrap=True)
    out.add_column(overflow="fold")
    for name, value in values.items():
        out.add_row(name.replace("_", " "), f"{value:,.4g}" if isinstance(value, float) else str(value))
    return out


def print_gain(console: Console, gain: RankGain) -> None:
    """Print the rank that each family adds to the first, the linear head: a column a level, and the bound."""
    from rankkit.report.findings import signed

    levels = [j for j, level in enumerate(gain.levels) if level in SHOWN]
    linear, *others = [
        [(row["rank"], row["gain"], row["upper"]) for row in gain.rows() if row["family"] == family]
        for family in gain.families
    ]
    used, given = len(gain.contexts), gain.shape[0]
    console.print(
        "Rank added to the linear head: singular values above level x the largest one,\n"
        f"measured on {f'{used:,} of the' if used < given else 'all'} {given:,} contexts:"
    )
    counts = ["noise" if linear[j][0] is None else f"{linear[j][0]:,}" for j in levels]
    console.print(
        table(
            ("family", *(f"{gain.levels[j]:g}".replace("e-0", "e-") for j in levels), "rank at most"),
            [
                ("linear head, count", *counts, linear[0][2]),
                *(
                    (family, *(signed(row[j][1]) for j in levels), row[0][2])
                    for family, row in zip(gain.families[1:], others, strict=True)
                ),
            ],
        )
    )


def stage(show: Callable[[str, float], None], name: str) -> Callable[[int, int], None]:
    """Turn a count of ``(done, total)`` into a fraction of the stage ``name``."""
    return lambda done, total: show(name, done / max(1, total))


@contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """Give a function that shows ``(stage, fraction of the whole)`` with the time left, on a terminal."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=28), TaskProgressColumn(),
        TextColumn("elapsed"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        console=console(err=True), transient=True, disable=quiet or not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda stage, fraction: bar.update(task, description=stage, completed=fraction)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
