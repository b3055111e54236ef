"""The command line. One command a file; each asks the library, then prints or writes what it answered.

Exit codes: 0 done; 1 bad input, a file that cannot be read, or a failed self-test; 2 a refused certificate;
130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

import rankkit
from rankkit.cli.argmax import argmax
from rankkit.cli.check import check
from rankkit.cli.datasets import app as datasets_app
from rankkit.cli.figures import figures
from rankkit.cli.fit import fit
from rankkit.cli.gain import gain
from rankkit.cli.guard import Guarded
from rankkit.cli.report import report
from rankkit.cli.selftest import selftest
from rankkit.cli.spectrum import spectrum
from rankkit.cli.theorems import app as theorems_app

app = typer.Typer(
    name="rankkit",
    cls=Guarded,
    help="What a softmax output layer can express, and what it never can: each answer with its certificate.",
    epilog="Exit codes: 0 done, 1 bad input, 2 refused certificate, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rankkit {rankkit.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


app.command()(report)
app.command()(spectrum)
app.command()(argmax)
app.command()(gain)
app.command()(fit)
app.command()(check)
app.add_typer(theorems_app, name="theorems")
app.add_typer(datasets_app, name="datasets")
app.command()(figures)
app.command()(selftest)


def main() -> None:
    """Run the command line; this is the ``rankkit`` entry point."""
    app()
