"""How long a fit of a thousand contexts and a thousand classes takes, for every head."""

from __future__ import annotations

import argparse
import time

import rankkit as rk
from rankkit.learn import HEADS, dirichlet, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contexts", type=int, default=1000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("-d", type=int, default=20)
    parser.add_argument("--alpha", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=500, help="L-BFGS steps at most (default 500)")
    parser.add_argument("--heads", nargs="*", default=list(HEADS), choices=list(HEADS))
    options = parser.parse_args()
    P = dirichlet(options.contexts, options.classes, options.alpha, 0)
    print(
        f"{options.contexts:,} contexts x {options.classes:,} classes, d = {options.d}, "
        f"Dirichlet({options.alpha:g}), at most {options.steps} steps; rankkit {rk.__version__}"
    )
    print("head                   KL  modes  parameters  steps    CPU s  wall s")
    for head in options.heads:
        wall, cpu = time.perf_counter(), time.process_time()
        found = fit(P, head, d=options.d, steps=options.steps)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(
            f"{head:18} {found.kl:7.4f}  {found.mode_match:5.0%}  {found.parameters:10,}  {found.steps:5}  "
            f"{cpu:7.1f}  {wall:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
