"""``rankkit argmax``: which classes can win, which never can, each verdict with a checked certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rankkit.cli import heads, output


def argmax(
    head: heads.HeadArgument = heads.DEFAULT,
    save: Annotated[Path | None, typer.Option("--save", help="Write every certificate to this file.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Classes to list in the table.")] = 20,
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    as_json: heads.Json = False,
) -> None:
    """Decide for every class whether some state makes it win."""
    from rankkit.reach import argmaxable
    from rankkit.report.page import readable, why

    loaded = heads.resolve(head, weight, bias, transpose)
    with output.progress(quiet=as_json) as show:
        report = argmaxable(loaded, progress=output.stage(show, "classes"))
    if save is not None:
        report.save(save)
    groups = {name: getattr(report, name) for name in ("argmaxable", "unargmaxable", "tied", "undecided")}
    if as_json:
        output.print_json(
            {"head": loaded.name, "fingerprint": loaded.fingerprint, **groups, "rows": report.rows()}
        )
        return
    console = output.console()
    console.print(f"{loaded}")
    console.print(
        output.table(("verdict", "classes"), [(name, len(group)) for name, group in groups.items()])
    )
    rows = [
        (int(i), readable(loaded.class_name(int(i))), name, why(report, int(i)))
        for name, group in list(groups.items())[1:]
        for i in group[:limit]
    ]
    if rows:
        console.print()
        console.print(output.table(("class", "name", "verdict", "reason"), rows))
    left = sum(max(0, len(group) - limit) for group in list(groups.values())[1:])
    if left:
        console.print(f"{left:,} more; --limit shows them, --json prints all")
    if save is not None:
        console.print(f"Certificates: {save.resolve()}")
