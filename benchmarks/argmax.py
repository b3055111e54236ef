"""What it costs to decide every class of a head, with proofs, in units of one float32 product W W^T.

For each head, in one process, each as the median of several runs: the product, from blocks of rows and, up to
some size, as numpy makes it whole, which takes memory for the result; the engine; the check of all its
certificates as ``rankkit check`` runs it. With ``--beside N`` also linear programs for N sampled classes
(scipy's ``linprog`` once a class; one HiGHS model that is changed and started warm), and Qhull where it can.
CPU seconds on one thread; with ``--threads 2`` wall seconds on as many.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import ConvexHull, QhullError
from threadpoolctl import threadpool_limits

import rankkit as rk

HEADS = ("gauss-1000-4", "gauss-5000-16", "gauss-20000-256", "lm-20000-256", "ppocr-v4", "ppocr-v5")
QHULL = 6
WHOLE = 2**30  # entries of the largest product that is made whole


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
    return rk.Head(W.astype(np.float32), name=name)


def product_seconds(W: np.ndarray, clock: Callable[[], float] = time.process_time, rows: int = 1024) -> float:
    """Return the seconds of the whole product, from blocks of rows."""
    W32 = W.astype(np.float32)
    W32[:rows] @ W32.T
    start = clock()
    W32[:rows] @ W32.T
    return (clock() - start) * len(W) / min(rows, len(W))


def whole_product_seconds(W: np.ndarray, clock: Callable[[], float]) -> float:
    """Return the seconds of ``W @ W.T`` as numpy runs it, which takes memory for the result."""
    W32 = W.astype(np.float32)
    start = clock()
    W32 @ W32.T
    return clock() - start


def linprog_seconds(head: rk.Head, sample: int) -> float:
    """Return CPU seconds of a linear program for each class, from a sample."""
    W = head.W.astype(np.float64)
    b = np.zeros(len(W)) if head.b is None else head.b.astype(np.float64)
    classes = np.random.default_rng(1).choice(len(W), sample, replace=False)
    start = time.process_time()
    for i in classes:
        others = np.arange(len(W)) != i
        linprog(np.zeros(W.shape[1]), W[others] - W[i], b[i] - b[others] - 1, bounds=(None, None))
    return (time.process_time() - start) * len(W) / sample


def highs_seconds(head: rk.Head, sample: int) -> float:
    """Return the same for one model, "row i is a mean of the others", that goes on from its last basis."""
    import highspy

    W = head.W.astype(np.float64)
    points = W if head.b is None else np.column_stack([W, head.b.astype(np.float64)])
    classes = np.random.default_rng(1).choice(len(W), sample + 1, replace=False)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    model = highspy.HighsLp()
    n, rows = points.shape[0] + (head.b is not None), points.shape[1] + 1
    table = np.vstack([points.T, np.ones(len(points))])
    if head.b is not None:  # a mean bias above its own will do
        table = np.column_stack([table, np.eye(rows)[-2] * -1])
    model.num_col_, model.num_row_ = n, rows
    model.col_cost_ = np.zeros(n)
    model.col_lower_, model.col_upper_ = np.zeros(n), np.full(n, highspy.kHighsInf)
    model.row_lower_ = model.row_upper_ = np.zeros(rows)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(n + 1) * rows
    model.a_matrix_.index_ = np.tile(np.arange(rows), n)
    model.a_matrix_.value_ = table.T.ravel()
    solver.passModel(model)
    start = 0.0
    for k, i in enumerate(classes):
        if k == 1:  # the first one is cold
            start = time.process_time()
        for r, value in enumerate((*points[i], 1.0)):
            solver.changeRowBounds(r, value, value)
        solver.changeColBounds(int(i), 0.0, 0.0)
        solver.run()
        solver.changeColBounds(int(i), 0.0, highspy.kHighsInf)
    return (time.process_time() - start) * len(W) / sample


def qhull_seconds(head: rk.Head) -> float:
    """Return CPU seconds of the convex hull of all rows."""
    W = head.W.astype(np.float64)
    start = time.process_time()
    ConvexHull(W if head.b is None else np.column_stack([W, head.b.astype(np.float64)]))
    return time.process_time() - start


def median(run: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    """Return the median time of some runs."""
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def check_file(path: Path, head: rk.Head, answers: list[object]) -> None:
    """Read a file of certificates and decide them all, as ``rankkit check`` does."""
    answers += rk.certificates.check_all(rk.certificates.read(path), head)


def measure(head: rk.Head, options: argparse.Namespace) -> None:
    """Print what one head costs."""
    clock = time.process_time if options.threads == 1 else time.perf_counter
    product = statistics.median(product_seconds(head.W, clock) for _ in range(5))
    reports: dict[str, rk.ArgmaxReport] = {}
    taken = median(lambda: reports.update(last=rk.argmaxable(head)), options.repeats, clock)
    report = reports["last"]
    with TemporaryDirectory() as folder:
        path = Path(folder, "certificates.npz")
        report.save(path)
        answers: list[object] = []
        read_and_check = partial(check_file, path, head, answers)
        checked = median(read_and_check, options.repeats, clock)
        size = path.stat().st_size / len(head.W)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    units = {"one float32 W W^T": product}
    if len(head.W) ** 2 <= WHOLE:
        units["W @ W.T"] = statistics.median(whole_product_seconds(head.W, clock) for _ in range(5))

    def in_units(seconds: float) -> str:
        return ", ".join(f"{seconds / unit:.2f} x {name}" for name, unit in units.items())

    print(f"{head}: {', '.join(f'{name} {unit:.3f} s' for name, unit in units.items())}")
    print(f"  all decided: {taken:.2f} s = {in_units(taken)}")
    for verdict, rules in report.counts().items():
        print(f"  {verdict.lower():14}", ", ".join(f"{n:,} {rule}" for rule, n in rules.items()))
    refused = sum(answer is not True for answer in answers)
    print(f"  check of the file of all certificates: {checked:.2f} s = {in_units(checked)}")
    print(f"  file of them: {size:.0f} bytes a class, {refused} certificates refused")
    print(f"  memory so far: {memory:.2f} GiB")
    if options.beside:
        for name, seconds in (
            ("linprog per class", linprog_seconds),
            ("one warm HiGHS model", highs_seconds),
        ):
            if name.endswith("model") and find_spec("highspy") is None:
                print("  one warm HiGHS model: not measured, highspy is not installed")
                continue
            other = seconds(head, options.beside)
            print(f"  {name}: about {other:,.0f} s, {other / taken:,.0f} x as long")
        if head.d + (head.b is not None) <= QHULL:
            try:
                other = qhull_seconds(head)
                print(f"  Qhull: {other:.3f} s, {other / taken:.2f} x as long")
            except QhullError as error:
                print(f"  Qhull: {str(error).splitlines()[0]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", nargs="*", default=HEADS, help="data sets, gauss-C-d, lm-C-d")
    parser.add_argument("--beside", type=int, default=0, help="classes to sample for linear programs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    rk.argmaxable(drawn("gauss-4000-8"))  # loads what is compiled
    with threadpool_limits(options.threads):
        for name in options.heads:
            measure(drawn(name) if name.startswith(("gauss-", "lm-")) else rk.datasets.load(name), options)


if __name__ == "__main__":
    main()
