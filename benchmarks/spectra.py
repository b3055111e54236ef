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
from rankkit.heads.softmax import log_softmax
from rankkit.spectra.gram import gram
from rankkit.spectra.source import Source
from rankkit.spectra.tiles import Gauge


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
    found, single = {}, X.astype(np.float32)

    def lapack() -> None:
        found["svdvals"] = linalg.svdvals(X, check_finite=False)

    double, half = seconds(lapack, 1), seconds(lambda: linalg.svdvals(single, check_finite=False), 1)
    print(f"  scipy.linalg.svdvals of the stored matrix: {double:.1f} s, in float32 {half:.1f} s")
    for method in ("gram", "gram-float32", "two-level", "tsqr"):
        peer = half if method == "gram-float32" else double

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


def narrow(contexts: int, classes: int, d: int) -> None:
    """All ways to the spectrum of a smooth function on logits of small width."""
    rng, f = np.random.default_rng(0), rk.functions.Exp()
    logits = rk.Head(rng.standard_normal((classes, d))).logits(rng.standard_normal((contexts, d)) / 4)
    print(f"whole centred spectrum, N={contexts:,} M={classes:,} d={d}, f = exp")
    for method in ("features", "gram", "tsqr", "dense"):
        start = time.process_time()
        seen = rk.spectrum(logits, f, "classes", method=method)
        taken = time.process_time() - start
        print(
            f"  {method}: {taken:.2f} s, {seen.numerical_rank()} values above the tolerance and the noise "
            f"floor of {seen.noise_floor / seen.top:.0e} sigma_1"
        )


def leading(contexts: int, classes: int, d: int, k: int) -> None:
    """The largest singular values alone, beside all of them."""
    logits, f = drawn(contexts, classes, d), rk.functions.Exp()
    print(f"the {k} leading values, centred, N={contexts:,} M={classes:,} d={d}, f = exp")
    found, taken, passes = {}, {}, []
    for method, asked in (("subspace", k), ("gram", None)):
        start = time.process_time()
        found[method] = rk.spectrum(
            logits, f, "classes", asked, method, progress=lambda done, _: passes.append(done)
        )
        taken[method] = time.process_time() - start
    true, seen = found["gram"].values[:k], found["subspace"]
    print(
        f"  subspace: {taken['subspace']:.1f} s, {passes.index(max(passes[:30])) + 1} passes, off by "
        f"{np.abs(seen.values / true - 1).max():.0e}, at most {seen.error / true[-1]:.0e} is stated; "
        f"Gram matrix {taken['gram']:.1f} s"
    )


def effective(contexts: int, classes: int, d: int, with_gram: bool) -> None:
    print(f"effective rank, N={contexts:,} M={classes:,} d={d}, f = exp")
    _effective(drawn(contexts, classes, d), rk.functions.Exp(), with_gram)


def real(name: str, contexts: int) -> None:
    """Effective rank of a real head under SigSoftmax, for contexts drawn like its own rows."""
    head = rk.datasets.load(name)
    states = rk.datasets.drawn_contexts(head, contexts, seed=0).H
    print(f"effective rank, {head}, {contexts:,} drawn contexts, f = SigSoftmax")
    _effective(head.logits(states), rk.functions.SigSoftmax(), contexts <= 5_000)


def _effective(logits: rk.LowRankLogits, f: rk.PointwiseFunction, with_gram: bool) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    seen = rk.spectrum(logits, f, "classes", method="lanczos")
    taken = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rank, error = seen.effective_rank("roy-vetterli"), seen.error("roy-vetterli")
    print(
        f"  lanczos: {taken:.1f} s, {seen.passes} passes, {rank:.1f} +- {error:.1f}, "
        f"peak memory {peak / 2**20:.2f} GB (before {before / 2**20:.2f})"
    )
    if with_gram:
        start = time.process_time()
        true = rk.spectrum(logits, f, "classes", method="gram").effective_rank("roy-vetterli")
        other, how = time.process_time() - start, f"{true:.1f}: off by {abs(rank / true - 1):.2%}"
    else:
        other, how = extrapolated_gram(logits, f), "extrapolated from slices"
        again = rk.spectrum(logits, f, "classes", method="lanczos", seed=1).effective_rank("roy-vetterli")
        print(f"  other probes: {again:.1f}, {abs(again / rank - 1):.2%} from the first")
    print(f"  streamed Gram matrix: {other:.0f} s, {other / taken:.1f} times as long, {how}")


def extrapolated_gram(logits: rk.LowRankLogits, f: rk.PointwiseFunction) -> float:
    """Return what a Gram matrix would take: scores by N M, products by N^2 M, eigenvalues by N^3."""
    (N, M), (n, m) = logits.shape, (3_000, 6_000)
    source = Source.of(rk.Head(logits.head.W[:m]).logits(logits.H[:n]), f)
    gauge = Gauge.of(source, "classes")
    scores = seconds(lambda: [None for _ in gauge.blocks(source, np.float64)], 3)
    A = np.random.default_rng(0).standard_normal((n, m))
    products = seconds(lambda: A @ A.T, 3)
    G = A @ A.T
    values = seconds(lambda: linalg.eigvalsh(G, check_finite=False), 1)
    return scores * N * M / (n * m) + products * (N / n) ** 2 * (M / m) + values * (N / n) ** 3


def plif(repeats: int) -> None:
    """A piecewise-linear function on a block beside np.interp and the log-softmax of the same block."""
    A = 3 * np.random.default_rng(0).standard_normal((500, 8_000))
    print(f"PLIF on a block of {A.shape[0]} x {A.shape[1]:,} logits")
    reference = seconds(lambda: log_softmax(A), repeats)
    for segments in (100, 10_000, 100_000, 1_000_000):
        f = rk.functions.PLIF.random(segments)
        x, y = np.linspace(-20, 20, segments + 1), np.concatenate([[0], np.cumsum(f.slopes)])
        f(A)
        ours, peer = seconds(lambda f=f: f(A), repeats), seconds(lambda x=x, y=y: np.interp(A, x, y), 1)
        print(
            f"  {segments:,} segments: {ours / A.size * 1e9:.1f} ns an entry, {ours / reference:.2f} of a "
            f"log-softmax, np.interp {peer / ours:.0f} times as long"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        default=["effective", "whole"],
        help="whole, effective, narrow, leading, plif, large, or the name of a head",
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contexts", type=int, default=4_000, help="contexts drawn for a real head")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, numpy {np.__version__}")
    with threadpool_limits(1):
        if "large" in options.what:
            effective(20_000, 50_000, 64, with_gram=False)
        if "effective" in options.what:
            effective(4_000, 10_000, 64, with_gram=True)
        if "whole" in options.what:
            whole(2_500, 16_000, 64, options.repeats)
        if "narrow" in options.what:
            narrow(3_000, 6_000, 3)
        if "leading" in options.what:
            leading(4_000, 10_000, 64, 100)
        if "plif" in options.what:
            plif(options.repeats)
        for name in set(options.what) - {"whole", "effective", "narrow", "leading", "plif", "large"}:
            real(name, options.contexts)


if __name__ == "__main__":
    main()
