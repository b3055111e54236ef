"""How long the report on a head takes in a warm environment, and how much memory."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time

#: Bytes in a unit of ru_maxrss.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", nargs="?", default="ppocr-v4", help="a data set (default ppocr-v4)")
    head = parser.parse_args().head
    rankkit = [sys.executable, "-m", "rankkit"]
    subprocess.run([*rankkit, "datasets", "fetch", head], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([*rankkit, "report", head], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * RSS_UNIT / 2**20
    print(f"rankkit report {head}: {wall:.1f} s wall, {cpu:.1f} s CPU, {peak:.0f} MiB at most")


if __name__ == "__main__":
    main()
