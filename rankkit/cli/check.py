"""``rankkit check``: decide the certificates of a file for a head, in exact arithmetic."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

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

    claims = certificates.load(file)
    if not claims:
        raise LoadError(f"{file} holds no certificate")
    loaded = heads.resolve(head, weight, bias, transpose)
    answers = certificates.check_all(claims, loaded)
    refused = [(c, str(answer)) for c, answer in zip(claims, answers, strict=True) if not answer]
    kinds = Counter[str]()
    for claim in claims:
        kinds[type(claim).__name__] += len(claim.classes) if isinstance(claim, certificates.Directions) else 1
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


def describe(certificate: object) -> str:
    """Return what a certificate claims, in a few words."""
    kind = type(certificate).__name__
    if hasattr(certificate, "classes"):
        return f"{kind} of {len(certificate.classes):,} classes"
    if hasattr(certificate, "cls"):
        return f"{kind} for class {certificate.cls}"
    sign = ">=" if kind == "Minor" else "<="
    return f"{kind}: rank of {certificate.subject} {sign} {certificate.rank}"  # type: ignore[attr-defined]
