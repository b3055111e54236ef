"""``rankkit argmax``: which classes can win, which never can, each verdict with a checked certificate."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Annotated

import typer

from rankkit.cli import heads, output
from rankkit.cli.guard import INTERRUPTED


def argmax(
    head: heads.HeadArgument = heads.DEFAULT,
    save: Annotated[Path | None, typer.Option("--save", help="Write every certificate to this file.")] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", help="Keep every verdict in this file; an interrupted run goes on from there."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Classes to list in the table.")] = 20,
    lower: Annotated[
        float | None, typer.Option("--lower", help="Least value of every coordinate of a state.")
    ] = None,
    upper: Annotated[
        float | None, typer.Option("--upper", help="Largest value of every coordinate of a state.")
    ] = None,
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    as_json: heads.Json = False,
) -> None:
    """Decide for every class whether some state makes it win."""
    from rankkit import certificates
    from rankkit.domains import Box, Free
    from rankkit.reach import argmaxable
    from rankkit.reach.story import by_rule, found, readable, why

    if save is not None:
        certificates.target(save)
    heads.spare(head, save)
    loaded = heads.resolve(head, weight, bias, transpose)
    low, high = -inf if lower is None else lower, inf if upper is None else upper
    domain = Free() if (low, high) == (-inf, inf) else Box(low, high)
    try:
        with output.progress(quiet=as_json) as show:
            report = argmaxable(
                loaded,
                domain,
                journal=journal,
                progress=lambda done, asked: show(f"{done:,} of {asked:,} classes", done / max(1, asked)),
            )
    except KeyboardInterrupt as stop:
        kept = (
            "with --journal FILE, what is decided is kept"
            if journal is None
            else f"what was decided is in {journal}, and the same command goes on from there"
        )
        typer.echo(f"rankkit: interrupted; {kept}", err=True)
        raise typer.Exit(INTERRUPTED) from stop
    if save is not None:
        report.save(save)
    groups = {name: getattr(report, name) for name in ("argmaxable", "unargmaxable", "tied", "undecided")}
    if as_json:
        output.print_json(
            {
                "head": loaded.name,
                "fingerprint": loaded.fingerprint,
                "domain": str(domain),
                **groups,
                "rows": report.rows(),
            }
        )
        return
    console = output.console()
    console.print(f"{loaded}" if isinstance(domain, Free) else f"{loaded}; states in {domain}")
    counts = report.counts()
    verdicts = [(name, len(group), by_rule(counts.get(name.upper(), {}))) for name, group in groups.items()]
    console.print(output.table(("verdict", "classes", "proved"), verdicts))
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
    for sentence in found(report) if limit else ():
        console.print()
        console.print(sentence)
    if save is not None:
        console.print(f"Certificates: {save.resolve()}")
