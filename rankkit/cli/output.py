"""Printing: JSON for machines, tables for people, progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
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


def console(err: bool = False) -> Console:
    """Return a console on the current stdout or stderr."""
    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDTH)


def print_json(result: Any) -> None:
    """Print ``result`` as strict JSON: NaN is refused, arrays become lists."""
    print(json.dumps(result, default=_plain, allow_nan=False, ensure_ascii=False, indent=2))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """Return a quiet table; numbers stand on the right."""
    rows = [list(row) for row in rows]
    out = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2)
    )
    for i, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        out.add_column(
            name, justify="right" if numeric else "left", overflow="fold", no_wrap=i < len(columns) - 1
        )
    for row in rows:
        out.add_row(*(f"{v:,}" if isinstance(v, int) and not isinstance(v, bool) else str(v) for v in row))
    return out


def facts(values: Mapping[str, Any]) -> Table:
    """Return a table of names and values without a header."""
    out = Table(box=None, show_header=False, pad_edge=False)
    for name, value in values.items():
        out.add_row(name.replace("_", " "), f"{value:,.4g}" if isinstance(value, float) else str(value))
    return out


def print_gain(console: Console, gain: RankGain) -> None:
    """Print the rank that each family adds, one column a level, and the proved bound."""
    from rankkit.report.findings import signed

    by_family: dict[str, dict[float, dict[str, Any]]] = {}
    for row in gain.rows():
        by_family.setdefault(row["family"], {})[row["level"]] = row
    levels = sorted({level for rows in by_family.values() for level in rows}, reverse=True)
    console.print("Rank added to the linear head, counting singular values above level x the largest one:")
    console.print(
        table(
            ("family", *(f"{level:g}" for level in levels), "rank at most"),
            [
                (family, *(signed(rows[level]["gain"]) for level in levels), rows[levels[-1]]["upper"])
                for family, rows in by_family.items()
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
        TextColumn("{task.description}"), BarColumn(bar_width=28), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), console=console(err=True), transient=True,
        disable=quiet or not sys.stderr.isatty(),
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
