"""What exact ranks cost beside other ways to them. Times are CPU seconds; ratios compare this one process."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import flint
import numpy as np
from threadpoolctl import threadpool_limits

import rankkit as rk
from rankkit.ranks.nullspace import pivots
from rankkit.ranks.subject import Subject
from rankkit.ranks.verified import enclosure, frobenius, visible_rank


def seconds(run: Callable[[], object], repeats: int = 1) -> tuple[float, object]:
    """Median CPU seconds, and what came out."""
    taken, out = [], None
    for _ in range(repeats):
        start = time.process_time()
        out = run()
        taken.append(time.process_time() - start)
    return statistics.median(taken), out


def singular(n: int) -> None:
    rng = np.random.default_rng(0)
    H, W = (rng.integers(-9, 10, (n, 6)) for _ in range(2))
    table = ((H @ W.T) ** 3 + H @ W.T).tolist()
    whole = flint.fmpz_mat(table)
    ours, rank = seconds(lambda: len(pivots(table)), 3)
    theirs, same = seconds(whole.rank)
    print(
        f"x^3 + x of integers, {n} x {n}, rank {rank}: {ours:.2f} s; fmpz_mat.rank {theirs:.1f} s, "
        f"{theirs / ours:.0f} times as long{'' if rank == same else ', AND DIFFERENT'}"
    )


def exponential(n: int) -> None:
    rng = np.random.default_rng(0)
    logits = rk.Head(rng.standard_normal((n, 4))).logits(rng.standard_normal((n, 4)))
    f = rk.functions.Exp()
    from rankkit.ranks.lower import lower_bound

    taken, bound = seconds(lambda: lower_bound(Subject.of(logits, f, "scores"), n, rng))
    print(f"exp of {n} x {n} logits, d=4: rank {bound.value} proved in {taken:.1f} s (unchecked)")


def supported(n: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    logits = rk.Head(rng.standard_normal((n, 2))).logits(rng.standard_normal((n, 2)))
    for f in (rk.functions.SigSoftmax(), rk.functions.Exp(), rk.functions.SoftCap(1.0)):
        subject, rows = Subject.of(logits, f, "centred"), np.arange(n)
        matrix, error = enclosure(subject, rows)
        peer, values = seconds(lambda X=matrix: np.linalg.svd(X)[1], repeats)
        ours, (rank, _) = seconds(lambda X=matrix, e=error: visible_rank(X, frobenius(e)), repeats)
        seen = int(np.count_nonzero(values > n * 2.0**-52 * values[0]))
        print(
            f"{f.name} {n} x {n}, d=2: {rank} singular values supported, numpy counts {seen} "
            f"({rank / seen:.3f}), at {ours / peer:.2f} times the decomposition"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--singular", type=int, default=2_000)
    parser.add_argument("--exp", type=int, nargs="*", default=[1_000, 2_000])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, FLINT {flint.__FLINT_VERSION__}")
    with threadpool_limits(1):
        supported(600, options.repeats)
        singular(options.singular)
        for n in options.exp:
            exponential(n)


if __name__ == "__main__":
    main()
