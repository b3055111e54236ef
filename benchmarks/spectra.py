"""What spectra cost beside LAPACK's: whole by Gram matrices, effective ranks by block Lanczos.

Times are CPU seconds on one thread, which a busy machine changes less than the clock on the wall; each ratio
compares runs in this one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy import linalg
from threadpoolctl import threadpool_limits

import rankkit as rk
from rankkit.spectra.gram import gram
from rankkit.spectra.source import Source


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds."""
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def drawn(contexts: int, classes: int, d: int) -> rk.LowRankLogits:
    rng = np.random.default_rng(0)
    return rk.Head(rng.standard_normal((classes, d))).logits(rng.standard_normal((contexts, d)) / np.sqrt(d))


def whole(contexts: int, classes: int, d: int, repeats: int) -> None:
    logits, f = drawn(contexts, classes, d), rk.functions.Exp()
    print(f"whole centred spectrum, N={contexts:,} M={classes:,} d={d}, f = exp")
    X = rk.log_probs(logits, f)
    X -= X.mean(axis=1, keepdims=True)
    found = {}

    def lapack() -> None:
        found["svdvals"] = linalg.svdvals(X, check_finite=False)

    peer = seconds(lapack, 1)
    print(f"  scipy.linalg.svdvals of the stored matrix: {peer:.1f} s")
    for method in ("gram", "gram-float32", "two-level"):

        def ours(method: str = method) -> None:
            found[method] = rk.spectrum(logits, f, "classes", method=method).values

        taken = seconds(ours, repeats)
        error = np.abs(found[method] - found["svdvals"]).max() / found["svdvals"][0]
        print(f"  {method}: {taken:.2f} s, {peer / taken:.1f} times as fast, off by {error:.0e} sigma_1")

    source = Source.of(logits, f)
    for dtype in (np.float64, np.float32):
        A = np.random.default_rng(1).standard_normal((contexts, classes)).astype(dtype)

        def product(A: np.ndarray = A) -> None:  # the same shape, with no f and no stream: the rate to reach
            A @ A.T

        def stream(dtype: type = dtype) -> None:
            gram(source, "classes", dtype)

        rate, streamed = seconds(product, repeats), seconds(stream, repeats)
        print(
            f"  one product X X^T of it in {np.dtype(dtype).name}: {rate:.2f} s, {rate / streamed:.2f} "
            f"of the time of the stream with logits, f and centring"
        )


def effective(contexts: int, classes: int, d: int, with_gram: bool) -> None:
    logits, f = drawn(contexts, classes, d), rk.functions.Exp()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    seen = rk.spectrum(logits, f, "classes", method="lanczos")
    taken = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rank, error = seen.effective_rank("roy-vetterli"), seen.error("roy-vetterli")
    print(f"effective rank, N={contexts:,} M={classes:,} d={d}, f = exp")
    print(
        f"  lanczos: {taken:.1f} s, {seen.passes} passes, {rank:.1f} +- {error:.1f}, "
        f"peak memory {peak / 2**20:.2f} GB (before {before / 2**20:.2f})"
    )
    if with_gram:
        start = time.process_time()
        true = rk.spectrum(logits, f, "classes", method="gram").effective_rank("roy-vetterli")
        other = time.process_time() - start
        print(
            f"  streamed Gram matrix: {other:.1f} s, {other / taken:.1f} times as long, {true:.1f}: "
            f"off by {abs(rank / true - 1):.2%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["effective", "whole"], help="whole, effective, large")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, numpy {np.__version__}")
    with threadpool_limits(1):
        if "large" in options.what:
            effective(20_000, 50_000, 64, with_gram=False)
        if "effective" in options.what:
            effective(4_000, 10_000, 64, with_gram=True)
        if "whole" in options.what:
            whole(2_500, 16_000, 64, options.repeats)


if __name__ == "__main__":
    main()
