"""``rankkit figures``: draw the figures of the README again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rankkit.cli import heads


def figures(
    outdir: Annotated[Path, typer.Argument(metavar="OUTDIR", help="Folder to write to.")] = Path(
        "docs/figures"
    ),
    seed: heads.Seed = 0,
) -> None:
    """Draw the pages' figures: of the default head where it is present, else of a synthetic one."""
    from rankkit.figures.gallery import draw_all

    for path in draw_all(outdir, seed=seed):
        typer.echo(path.resolve())
