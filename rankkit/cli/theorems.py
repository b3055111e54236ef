"""``rankkit theorems``: the statements rankkit rests on, listed or verified."""

from __future__ import annotations

from typing import Annotated

import typer

from rankkit.cli import heads, output

app = typer.Typer(help="The statements rankkit rests on: list them, or verify them and their near misses.",
                  no_args_is_help=True)  # fmt: skip


@app.command("list")
def list_(as_json: heads.Json = False) -> None:
    """List every statement."""
    from rankkit import theorems

    rows = [
        {"slug": t.slug, "kind": t.kind, "reference": t.reference, "title": t.title, "says": t.says}
        for t in theorems.all()
    ]
    if as_json:
        output.print_json(rows)
    else:
        output.console().print(
            output.table(("theorem", "kind", "says"), [(r["slug"], r["kind"], r["title"]) for r in rows])
        )


@app.command()
def verify(
    slugs: Annotated[
        list[str] | None, typer.Argument(help="Theorems to verify; all of them by default.")
    ] = None,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Check statements on instances, and that each near miss breaks its statement."""
    from rankkit import theorems

    rows = []
    for theorem in [theorems.get(slug) for slug in slugs] if slugs else theorems.all():
        held, missed = theorem.verify(seed=seed), theorem.near_miss()
        broken = sum(not case.holds for case in missed.cases)
        rows.append(
            {
                "slug": theorem.slug,
                "holds": held.holds,
                "instances": len(held.cases),
                "near_misses": len(missed.cases),
                "near_misses_broken": broken,
                "ok": held.holds and broken == len(missed.cases) > 0,
                "compares": held.compares,
            }
        )
    if as_json:
        output.print_json(rows)
    else:
        output.console().print(
            output.table(
                ("theorem", "holds on", "near misses that break it", ""),
                [
                    (r["slug"], f"{r['instances']} instances" if r["holds"] else "FAILS",
                     f"{r['near_misses_broken']} of {r['near_misses']}", "ok" if r["ok"] else "BROKEN")
                    for r in rows
                ],
            )
        )  # fmt: skip
    if not all(r["ok"] for r in rows):
        raise typer.Exit(1)
