"""``rankkit check``: decide the certificates of a file for a head, in exact arithmetic."""

from __future__ import annotations

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
    from rankkit.errors import LoadError

    claims = certificates.read(file)
    if not claims:
        raise LoadError(f"{file} holds no certificate")
    loaded = heads.resolve(head, weight, bias, transpose)
    answers = certificates.check_all(claims, loaded)
    refused = [(c, str(answer)) for c, answer in zip(claims, answers, strict=True) if not answer]
    kinds = Counter[str]()
    for claim in claims:
        kinds[_name(claim)] += len(claim["classes"]) if isinstance(claim.get("classes"), list) else 1
    if as_json:
        output.print_json(
            {
                "file": str(file),
                "head": loaded.name,
                "fingerprint": loaded.fingerprint,
                "checked": dict(kinds),
                "refused": [{"certificate": describe(c), "reason": reason} for c, reason in refused],
            }
        )
    else:
        counted = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
        typer.echo(f"{file.name} for {loaded}: {counted}")
        for c, reason in refused[:_SHOWN]:
            typer.echo(f"refused: {describe(c)}: {reason}", err=True)
        if len(refused) > _SHOWN:
            typer.echo(f"refused: {len(refused) - _SHOWN:,} more", err=True)
        if not refused:
            typer.echo("All hold: checked in exact arithmetic.")
    if refused:
        raise typer.Exit(REFUSED)


def describe(claim: Mapping[str, Any]) -> str:
    """Return what a certificate claims, in a few words; it may be malformed."""
    name, several, rows = _name(claim), claim.get("classes"), claim.get("rows")
    if isinstance(several, list):
        return f"{name} of {len(several):,} classes"
    if "class" in claim:
        return f"{name} for class {claim['class']}"
    subject = claim.get("subject")
    if "rank" in claim:
        return f"{name}: rank of {subject} <= {claim['rank']}"
    return f"{name}: rank of {subject} >= {len(rows)}" if isinstance(rows, list) else name


def _name(claim: Mapping[str, Any]) -> str:
    from rankkit.certificates.kinds import KINDS

    kind = claim.get("kind")
    return KINDS[kind].__name__ if isinstance(kind, str) and kind in KINDS else f"unknown kind {kind!r}"
