"""Errors on the command line: one sentence on stderr and an exit code, never a traceback for a bad input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from rankkit.errors import InputError, LoadError

BAD_INPUT = 1
REFUSED = 2
INTERRUPTED = 130

#: What the library calls its arguments in advice, and the options that say the same.
_OPTIONS = {
    "pass transpose=True": "pass --transpose",
    "pass transpose=False": "leave out --transpose",
    "name one with weight=": "name one with --weight.",
    "try weight=": "try --weight ",
}

# The parent class of every "wrong option" error; typer exports only its child.
_UsageError: Any = typer.BadParameter.__mro__[1]


class Guarded(TyperGroup):
    """A group of commands under which the library's own errors become a sentence and an exit code.

    Anything else is a defect of rankkit and keeps its traceback, so that it can be reported.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _usage_is_bad_input():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _usage_is_bad_input():
                return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (InputError, LoadError, OSError, TypeError) as error:
            if isinstance(error, TypeError) and not _from_the_gate(error):
                raise
            typer.echo(f"rankkit: {_sentence(error)}", err=True)
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt as stop:
            typer.echo("rankkit: interrupted; no file was left half written", err=True)
            raise typer.Exit(INTERRUPTED) from stop


@contextmanager
def _usage_is_bad_input() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        error.exit_code = BAD_INPUT
        raise


def _from_the_gate(error: TypeError) -> bool:
    """Whether the gate for arrays raised this on purpose; anywhere else it is a defect."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and frame.tb_frame.f_globals.get("__name__") == "rankkit.arrays"


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return in_options(" ".join(str(error).split()))


def in_options(sentence: str) -> str:
    """Return the library's words with its arguments as the command line's options."""
    for argument, option in _OPTIONS.items():
        sentence = sentence.replace(argument, option)
    return sentence
