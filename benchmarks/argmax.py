"""What it costs to decide every class of a head, with proofs, in units of one float32 product W W^T."""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.optimize import linprog
from threadpoolctl import threadpool_limits

import rankkit as rk


def drawn(name: str) -> rk.Head:
    """Make a head from a name such as ``gauss-5000-16`` or ``lm-20000-256`` (offset, unlike norms, decay)."""
    kind, classes, d = name.split("-")
    rng = np.random.default_rng(0)
    W = rng.standard_normal((int(classes), int(d)))
    if kind == "lm":
        scale = 1 / np.sqrt(np.arange(1, int(d) + 1))
        W = (
            W * scale * np.exp(0.25 * rng.standard_normal((int(classes), 1)))
            + 3 * rng.standard_normal(int(d)) * scale
        )
    return rk.Head(W, name=name)


def product_seconds(W: np.ndarray, rows: int = 512) -> float:
    """CPU seconds of the whole product, from blocks of rows."""
    W32 = W.astype(np.float32)
    W32[:rows] @ W32.T
    start = time.process_time()
    W32[:rows] @ W32.T
    return (time.process_time() - start) * len(W) / min(rows, len(W))


def linprog_seconds(head: rk.Head, sample: int) -> float:
    """CPU seconds of a linear program for each class, from a sample."""
    W = head.W.astype(np.float64)
    b = np.zeros(len(W)) if head.b is None else head.b.astype(np.float64)
    classes = np.random.default_rng(1).choice(len(W), sample, replace=False)
    start = time.process_time()
    for i in classes:
        others = np.arange(len(W)) != i
        linprog(np.zeros(W.shape[1]), W[others] - W[i], b[i] - b[others] - 1, bounds=(None, None))
    return (time.process_time() - start) * len(W) / sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "heads",
        nargs="*",
        default=["gauss-5000-16", "lm-8000-256", "ppocr-v4"],
        help="data sets, gauss-C-d, lm-C-d",
    )
    parser.add_argument(
        "--linprog", type=int, default=0, help="classes to sample for scipy's linprog (default none)"
    )
    options = parser.parse_args()
    with threadpool_limits(1):
        for name in options.heads:
            head = drawn(name) if name.startswith(("gauss-", "lm-")) else rk.datasets.load(name)
            product = product_seconds(head.W)
            start = time.process_time()
            report = rk.argmaxable(head)
            taken = time.process_time() - start
            ratio = f"{taken / product:.1f} x one float32 W W^T ({product:.2f} s)"
            print(f"{head}: {taken:.2f} s CPU on one thread = {ratio}")
            for verdict, rules in report.counts().items():
                print(f"  {verdict.lower():14}", ", ".join(f"{n:,} {rule}" for rule, n in rules.items()))
            if options.linprog:
                other = linprog_seconds(head, options.linprog)
                print(f"  linprog per class: about {other:,.0f} s, {other / taken:,.0f} x as long")


if __name__ == "__main__":
    main()
