"""How long `import rankkit` takes in a fresh interpreter, beside `import numpy`."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

TIMED = "import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"

# rankkit loads its rooms at first use, so a user's first line that does something is timed too.
STATEMENTS = ("import numpy", "import rankkit", "import rankkit; rankkit.Head([[1.0]])")


def seconds(statement: str) -> float:
    command = [sys.executable, "-c", TIMED.format(statement=statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=15, help="fresh interpreters for each statement (default 15)"
    )
    runs = parser.parse_args().runs
    for statement in STATEMENTS:
        seconds(statement)  # the first import compiles to .pyc and warms the disk cache
    # They take turns, so that a load from elsewhere falls on all of them.
    taken = [[seconds(statement) for statement in STATEMENTS] for _ in range(runs)]
    medians = [statistics.median(column) for column in zip(*taken, strict=True)]
    print(f"medians of {runs} fresh interpreters")
    for statement, median in zip(STATEMENTS, medians, strict=True):
        print(f"{statement:40} {median:.3f} s   {median / medians[0]:.2f} x numpy")


if __name__ == "__main__":
    main()
