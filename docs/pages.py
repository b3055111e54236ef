"""The parts of the documentation that are made from the package, so that they cannot fall behind it."""

from __future__ import annotations

import inspect
import pkgutil
import re
from itertools import groupby
from pathlib import Path

import rankkit

# The doors to the package, which have no API of their own.
DOORS = ("cli", "__main__")

# Modules below a room that are shown on its page.
BELOW = {"certificates": ("certificates.checker",)}


def write(folder: Path) -> None:
    """Write every part; one that did not change is left alone, so that Sphinx need not read it again."""
    parts = {f"api/{room}.md": api_page(room) for room in rooms()}
    parts |= {
        "parts/names.md": names(),
        "parts/theorems.md": theorems(),
        "parts/datasets.md": datasets(),
        "parts/commands.md": commands(),
    }
    for name, text in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in parts:
            path.unlink()


def rooms() -> list[str]:
    """Every room of the package: its folders and the modules beside them."""
    return [module.name for module in pkgutil.iter_modules(rankkit.__path__) if module.name not in DOORS]


def api_page(room: str) -> str:
    text = f"# rankkit.{room}\n\n{automodule(room)}"
    for module in BELOW.get(room, ()):
        text += f"\n## rankkit.{module}\n\n{automodule(module)}"
    return text


def automodule(module: str) -> str:
    return f"```{{eval-rst}}\n.. automodule:: rankkit.{module}\n   :members:\n```\n"


def names() -> str:
    """A table of the public names, each a link to where it is described."""
    public = [name for name in sorted(rankkit.__all__) if not name.startswith("__")]
    rows = [f"| {link(name)} | {first_sentence(getattr(rankkit, name))} |" for name in public]
    return table(("name", "what it is"), rows)


def link(name: str) -> str:
    if name in rankkit._HOME:
        return f"{{py:obj}}`rk.{name} <rankkit.{rankkit._HOME[name]}.{name}>`"
    return f"{{py:mod}}`rk.{name} <{getattr(rankkit, name).__name__}>`"


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring, from reStructuredText to Markdown, as it stands in a table cell."""
    first = inspect.cleandoc(inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    first = re.sub(r":math:`([^`]+)`", r"$\1$", first.replace("``", "`"))
    first = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", first)
    first = re.sub(r"\[([a-z]+\d{4}[a-z]?)\]_", r"{cite:p}`\1`", first)
    return first.replace("|", "\\|")


def theorems() -> str:
    parts = []
    for topic, statements in groupby(rankkit.theorems.all(), key=lambda theorem: theorem.topic):
        parts += [f"## {topic.capitalize()}\n", *(theorem.to_markdown(level=3) for theorem in statements)]
    return "\n".join(parts)


def datasets() -> str:
    rows = [
        f"| `{d.name}` | {d.kind} | {d.classes:,} x {d.d} | {'yes' if d.bias else 'no'} "
        f"| {d.package} {d.version} | {d.licence} | {d.size_mb:g} |"
        for d in rankkit.datasets.available()
    ]
    return table(("name", "what it is", "classes x d", "bias", "package", "licence", "download, MB"), rows)


def commands() -> str:
    """The help texts of the command line."""
    import typer
    from typer.cli import get_docs_for_click

    from rankkit.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="rankkit"), name="rankkit")
    # Lists of commands come with their help cut short; here is room for all of it.
    groups = [command, *(group for group in command.commands.values() if hasattr(group, "commands"))]
    for name, sub in (item for group in groups for item in group.commands.items()):
        text = text.replace(
            f"`{name}`: {sub.get_short_help_str()}\n", f"`{name}`: {sub.help.splitlines()[0]}\n"
        )
    return text.partition("\n")[2]


def table(columns: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows]) + "\n"
