"""``rankkit check``: decide the certificates of a file for a head, in exact arithmetic."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rankkit.cli import heads, output
from rankkit.cli.guard import REFUSED

_SHOWN = 5


def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Certificates, as a report or --save wrote them.")
    ],
    head: heads.HeadArgument = heads.DEFAULT,
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    as_json: heads.Json = False,
) -> None:
    """Check every certificate of FILE for HEAD; exit code 0 if all hold, 2 if one is refused."""
    from rankkit import certificates
    from rankkit.certificates.kinds import domain_of
    from rankkit.errors import LoadError

    claims = certificates.read(file)
    if not claims:
        raise LoadError(f"{file} holds no certificate")
    loaded = heads.resolve(head, weight, bias, transpose)
    answers = certificates.check_all(claims, loaded)
    refused = [(c, str(answer)) for c, answer in zip(claims, answers, strict=True) if not answer]
    holding = [claim for claim, answer in zip(claims, answers, strict=True) if answer]
    decided = {i for claim in holding for i in _classes(claim)}
    where = {json.dumps(claim.get("domain")): claim for claim in holding if _classes(claim)}
    domains = sorted({str(domain_of(claim)) for claim in where.values()})
    kinds = Counter[str]()
    for claim in claims:
        kinds[_name(claim)] += max(1, len(_classes(claim)))
    if as_json:
        output.print_json(
            {
                "file": str(file),
                "head": loaded.name,
                "fingerprint": loaded.fingerprint,
                "checked": dict(kinds),
                "decided": len(decided),
                "domains": domains,
                "refused": [{"certificate": describe(c), "reason": reason} for c, reason in refused],
            }
        )
    else:
        counted = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
        typer.echo(f"{file.name} for {loaded}: {counted}")
        if decided:
            bounds = "" if domains == ["Free()"] else f", at states in {' and '.join(domains)}"
            typer.echo(f"{len(decided):,} of {loaded.classes:,} classes are decided{bounds}.")
        for c, reason in refused[:_SHOWN]:
            typer.echo(f"refused: {describe(c)}: {reason}", err=True)
        if len(refused) > _SHOWN:
            typer.echo(f"refused: {len(refused) - _SHOWN:,} more", err=True)
        if not refused:
            typer.echo("All hold: checked in exact arithmetic.")
    if refused:
        raise typer.Exit(REFUSED)


def describe(claim: object) -> str:
    """Return what an entry of a file claims, in a few words; it may be malformed."""
    if not isinstance(claim, Mapping):
        return "an entry"
    name, subject, rows = _name(claim), claim.get("subject"), claim.get("rows")
    if "classes" in claim:
        return f"{name} of {len(_classes(claim)):,} classes"
    if "class" in claim:
        return f"{name} for class {claim['class']}"
    if "rank" in claim:
        return f"{name}: rank of {subject} <= {claim['rank']}"
    return f"{name}: rank of {subject} >= {len(rows)}" if isinstance(rows, list) else name


def _classes(claim: object) -> list[Any]:
    """Return the classes that an entry is about."""
    if not isinstance(claim, Mapping):
        return []
    several = claim.get("classes", [claim["class"]] if "class" in claim else [])
    return several if isinstance(several, list) else []


def _name(claim: object) -> str:
    from rankkit.certificates.kinds import KINDS

    kind = claim.get("kind") if isinstance(claim, Mapping) else None
    return KINDS[kind].__name__ if isinstance(kind, str) and kind in KINDS else f"unknown kind {kind!r}"
