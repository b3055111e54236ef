"""``rankkit report``: everything about one head, on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rankkit.cli import heads, output

if TYPE_CHECKING:
    from rankkit.report import Report


def report(
    head: heads.HeadArgument = heads.DEFAULT,
    contexts: heads.ContextsFile = None,
    out: Annotated[Path, typer.Option("--out", help="Where the page goes; its numbers go beside it.")] = Path(
        "report.html"
    ),
    weight: heads.Weight = None,
    bias: heads.Bias = None,
    transpose: heads.Transpose = False,
    seed: heads.Seed = 0,
    as_json: heads.Json = False,
) -> None:
    """Write a page on what a head can express, and what it never can."""
    from rankkit.report import write_report
    from rankkit.report.write import targets

    heads.spare(head, *targets(out))  # before anything is fetched or computed
    loaded = heads.resolve(head, weight, bias, transpose)
    used = heads.contexts(loaded, head, contexts, seed)
    if not as_json:
        typer.echo(f"{loaded}\nContexts: {used.how}")
    reference = heads.reference(head, weight, bias, transpose)
    with output.progress(quiet=as_json) as show:
        written = write_report(loaded, out, contexts=used, progress=show, seed=seed, reference=reference)
    if as_json:
        print(written.record.read_text(encoding="utf-8"), end="")
        return
    summarise(written)


def summarise(written: Report) -> None:
    """Print what the page says, in the order of the page; then where it is, and how to check it."""
    from rankkit.reach.story import readable

    s, f = written.study, written.facts
    console = output.console()
    rungs = {
        "matrix": "weights W",
        "scores": "logits",
        "log_probs": "log-probabilities",
        "centred": "centred",
    }
    console.print()
    console.print(
        output.table(
            ("rank of", "at least", "at most", "float64 count", "why at most"),
            [
                (rungs[r.subject], r.lower, r.upper, r.numerical, r.upper_proof.reason)
                for r in (s.weights, *s.ladder)
            ],
        )
    )
    console.print()
    console.print(
        f"Classes that can win: {f['argmax.can'].shown}; that never can: {f['argmax.never'].shown}; "
        f"that only tie: {f['argmax.tied'].shown}; undecided: {f['argmax.undecided'].shown}"
    )
    names = [readable(s.head.class_name(int(i))) for i in s.argmax.unargmaxable[:24]]
    if names:
        more = " ..." if len(s.argmax.unargmaxable) > len(names) else ""
        console.print(f"Never: {' '.join(names)}{more}", soft_wrap=True)
    console.print()
    output.print_gain(console, s.gain)
    console.print()
    console.print(
        f"{f['seconds'].shown} s; numbers and certificates' fingerprints: {written.record}", soft_wrap=True
    )
    console.print(f"The page is at {written.page}", soft_wrap=True)
    for file in json.loads(written.record.read_text(encoding="utf-8"))["certificate_files"]:
        console.print(
            f"To check it, save {file['name']} from the page into this folder, then run: {file['command']}",
            soft_wrap=True,
        )
