"""Decide every class of the real heads in the catalogue, and write what was found as docs/findings.md.

Run it as ``python benchmarks/findings.py --write docs/findings.md``. Heads that have a bias are decided with
it and without it. It takes some minutes on one thread; ``--all`` adds the two largest, for an hour on two.
"""

from __future__ import annotations

import argparse
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import rankkit as rk

LARGEST = ("use-multi", "glove-6b-50")
PACKAGES = ("numpy", "scipy", "numba", "python-flint")
EXAMPLES, LONGEST = 12, 32

HEADER = """# Findings

Every class of the heads below, from [the catalogue](datasets.md), was decided by `rankkit.argmaxable`:
does some state, anywhere in R^d, give it the largest logit of all? Each verdict has a proof that was
checked in exact arithmetic against the numbers in the file. A class that wins has a state where it does.
A class that never wins has other classes whose rows have a weighted mean equal to its own, and whose
biases have one that is no smaller: at every state, one of them is at least as large. *Tied* classes
share row and bias with another class, so that none of them wins alone.

The question is about the head by itself. What never wins here never wins at all; what wins at some state
need not do so at a state that an input produces.
"""


def decided(head: rk.Head) -> tuple[rk.ArgmaxReport, float]:
    """Decide a head; return the report and the CPU seconds it took."""
    start = time.process_time()
    report = rk.argmaxable(head)
    return report, time.process_time() - start


def row(name: str, report: rk.ArgmaxReport, seconds: float) -> str:
    """Return a line of the table."""
    classes, d = report.head.W.shape
    never, tied, open_ = (len(found) for found in (report.unargmaxable, report.tied, report.undecided))
    bias = "no" if report.head.b is None else "yes"
    share = f"{never:,} ({never / classes:.1%})" if never else "0"
    return f"| {name} | {classes:,} | {d} | {bias} | {share} | {tied:,} | {open_:,} | {seconds:,.1f} |"


def example(report: rk.ArgmaxReport, i: int) -> str:
    """Return the name of a class as code that Markdown leaves alone."""
    name = report.head.class_name(int(i))
    name = name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
    return (
        f"`` {name} ``" if name.isprintable() and "``" not in name and "|" not in name else f"`` {name!r} ``"
    )


def story(name: str, report: rk.ArgmaxReport) -> list[str]:
    """Return a paragraph on the classes that never win, drawn at random, and on those that tie."""
    out: list[str] = []
    if report.head.class_names is None:
        return out
    for verb, found in (("never win", report.unargmaxable), ("tie", report.tied)):
        if len(found):
            drawn = np.sort(np.random.default_rng(0).permutation(found)[:EXAMPLES])
            some = "" if len(drawn) == len(found) else f"{len(drawn)} of "
            names = ", ".join(example(report, i) for i in drawn)
            out.append(f"**{name}**, {some}the {len(found):,} that {verb}: {names}\n")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", nargs="*", help="names in the catalogue (default: all but the two largest)")
    parser.add_argument("--all", action="store_true", help="the two largest as well")
    parser.add_argument("--write", type=Path, help="where to write the page (default: print it)")
    options = parser.parse_args()
    known = [dataset.name for dataset in rk.datasets.available()]
    names = options.heads or [name for name in known if options.all or name not in LARGEST]
    table = [
        "| head | classes | width | bias | never win | tied | undecided | seconds |",
        "|---|---:|---:|---|---:|---:|---:|---:|",
    ]
    stories: list[str] = []
    for name in names:
        head = rk.datasets.load(name)
        with threadpool_limits(2 if name in LARGEST else 1):
            report, seconds = decided(head)
            table.append(row(name, report, seconds))
            stories += story(name, report)
            if head.b is not None:
                table.append(row(name, *decided(rk.Head(head.W, name=head.name))))
    made = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    page = [
        HEADER,
        *table,
        "",
        f"Seconds are CPU time on one thread ({' and '.join(LARGEST)}: on two), "
        "with the checks of all proofs.\n",
        "## By name\n",
        *stories,
        f"Made by `benchmarks/findings.py` with rankkit {rk.__version__}, {made} "
        f"on Python {platform.python_version()}.\n",
    ]
    text = "\n".join(page)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
