"""Write the page and its numbers, whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rankkit.errors import InputError
from rankkit.report.facts import Facts
from rankkit.report.study import Clock, Show, Study, study

if TYPE_CHECKING:
    from rankkit.heads import Head


@dataclass(frozen=True, eq=False)
class Report:
    """Where a report was written, and everything it says."""

    page: Path
    record: Path
    study: Study
    facts: Facts

    def __repr__(self) -> str:
        return f"Report on {self.study.head.name!r}: {self.page}"


def write_report(
    head: Head,
    path: str | os.PathLike[str] = "report.html",
    contexts: object | None = None,
    progress: Show | None = None,
    seed: int = 0,
    reference: str | None = None,
) -> Report:
    """Write one self-contained HTML page about ``head``, and all its numbers as JSON beside it.

    Parameters
    ----------
    head : Head
        The output layer.
    path : path
        Where the page goes; the numbers go to the same name with ``.json``. Both appear whole or not at all.
    contexts : array-like (contexts, d) or Contexts, optional
        States to look at; drawn by default, and the page says which.
    progress : callable, optional
        Called with ``(stage, fraction of the whole)``.
    seed : int
        Seed of everything that is drawn.
    reference : str, optional
        How ``rankkit check`` finds this head again: a dataset's name, or a file with its options. The page
        prints it; by default the head's name.

    Returns
    -------
    Report

    Raises
    ------
    InputError, TypeError
        ``head`` is no head, the contexts do not fit it, or ``path`` cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, rankkit as rk
    >>> head = rk.Head(np.random.default_rng(0).standard_normal((12, 3)), name="toy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = rk.write_report(head, f"{folder}/toy.html")
    ...     report.page.name, report.record.name
    ('toy.html', 'toy.json')
    """
    from rankkit.report.certificates import certificate_file
    from rankkit.report.findings import findings
    from rankkit.report.page import render
    from rankkit.report.pictures import pictures
    from rankkit.report.record import record

    page, numbers = targets(path)
    s = study(head, contexts, progress, seed)
    with Clock(progress)("page"):
        file = certificate_file(s, reference or head.name)
        facts = findings(s, file)
        text = render(s, facts, pictures(s), file, numbers.name)
        data = json.dumps(record(s, facts, [file]), ensure_ascii=False, allow_nan=False, indent=1)
        _replace(numbers, data + "\n")
        _replace(page, text)
    return Report(page, numbers, s, facts)


def targets(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return where a page and its numbers go, after checking that they can.

    Raises
    ------
    InputError
        The folder does not exist, is itself the path, or the page would have the name of its numbers.
    """
    page = Path(path).absolute()
    numbers = page.with_suffix(".json")
    if page == numbers:
        raise InputError(
            f"path is {path}; wanted a page such as report.html, because its numbers go to {numbers.name}"
        )
    if page.is_dir():
        raise InputError(f"path is {path}, which is a folder; wanted a file in it, such as report.html")
    if not page.parent.is_dir():
        raise InputError(f"path is {path}, but {page.parent} is not a folder; make it first")
    return page, numbers


def _replace(path: Path, text: str) -> None:
    """Put ``text`` at ``path`` in one step: a reader sees the old file or the new one, never half."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
