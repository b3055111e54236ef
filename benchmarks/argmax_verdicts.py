"""A hundred thousand verdicts against systems that share nothing with the engine, and planted ones.

Run it as ``python benchmarks/argmax_verdicts.py``; it takes some minutes and ends with a table. Every verdict
is compared, no sample is drawn.

qhull    Gaussian heads in 1 to 6 dimensions, with and without a bias: the vertices of the (upper) hull.
simplex  Small integers in 1 to 8 dimensions, where duplicates and classes on edges and faces abound, and
         Gaussian heads in 7 and 8: a simplex method on fractions.
planted  Means of 2, 3, d/2 and d corners of a cross polytope, moved by 0 to 1e-6 of their distance to the
         centre, inwards (never wins) and outwards; of all 2d corners; float32-rounded ones; duplicates.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from scipy.spatial import ConvexHull
from threadpoolctl import threadpool_limits

import rankkit as rk

Judged = tuple[rk.Head, dict[int, str]]
WINS, NEVER, TIED = "ARGMAXABLE", "UNARGMAXABLE", "TIED"


def by_qhull(rng: np.random.Generator, verdicts: int) -> Iterator[Judged]:
    """Heads in general position, judged by Qhull."""
    left = verdicts
    while left > 0:
        d, bias = int(rng.integers(1, 7)), bool(rng.integers(2))
        if d + bias < 2:
            continue
        W = rng.standard_normal((int(rng.integers(d + 2, 100 * d)), d))
        b = rng.standard_normal(len(W)) if bias else None
        hull = ConvexHull(W if b is None else np.column_stack([W, b]))
        won = set(hull.vertices) if b is None else set(hull.simplices[hull.equations[:, d] > 0].ravel())
        yield rk.Head(W, b), {i: WINS if i in won else NEVER for i in range(len(W))}
        left -= len(W)


def by_simplex(rng: np.random.Generator, verdicts: int) -> Iterator[Judged]:
    """Degenerate heads, judged by a simplex method on fractions."""
    left = verdicts
    while left > 0:
        d, bias = int(rng.integers(1, 9)), bool(rng.integers(2))
        classes = int(rng.integers(2, 16))
        size = int(rng.integers(1, 4))
        table = rng.integers(-size, size + 1, (classes, d + 1)).astype(float)
        if rng.integers(4) == 0:
            table = rng.standard_normal((classes, d + 1))
        W, b = table[:, :d], table[:, d] if bias else None
        yield rk.Head(W, b), {i: judged(W, b, i) for i in range(classes)}
        left -= classes


def judged(W: np.ndarray, b: np.ndarray | None, i: int) -> str:
    """Decide one class in fractions: is its row a mean of others, with a mean bias that is no smaller?

    Phase one of the simplex method with the least-index rule: minimise the sum of artificial variables.
    """
    lift = np.zeros(len(W)) if b is None else b
    same = [j for j in range(len(W)) if j != i and (W[j] == W[i]).all()]
    if any(lift[j] > lift[i] for j in same):
        return NEVER
    if any(lift[j] == lift[i] for j in same):
        return TIED
    columns = [[Fraction(v) for v in (*W[j], lift[j], 1.0)] for j in range(len(W)) if j != i]
    columns.append([Fraction(0)] * W.shape[1] + [Fraction(-1), Fraction(0)])  # less bias
    right = [Fraction(v) for v in (*W[i], lift[i], 1.0)]
    rows = [[c[r] for c in columns] + [right[r]] for r in range(len(right))]
    rows = [[-v for v in row] if row[-1] < 0 else row for row in rows]
    basis = [-1] * len(rows)  # artificial
    while True:
        cost = [sum(row[c] for row, k in zip(rows, basis, strict=True) if k < 0) for c in range(len(columns))]
        entering = next((c for c, v in enumerate(cost) if v > 0 and c not in basis), None)
        if entering is None:
            left = sum(row[-1] for row, k in zip(rows, basis, strict=True) if k < 0)
            return NEVER if left == 0 else WINS
        steps = [(row[-1] / row[entering], basis[r], r) for r, row in enumerate(rows) if row[entering] > 0]
        r = min(steps)[2]
        rows[r] = [v / rows[r][entering] for v in rows[r]]
        for q in range(len(rows)):
            if q != r and rows[q][entering]:
                rows[q] = [v - rows[q][entering] * u for v, u in zip(rows[q], rows[r], strict=True)]
        basis[r] = entering


def by_planting(rng: np.random.Generator, verdicts: int) -> Iterator[Judged]:
    """Cross polytopes with classes planted at, inside and outside of their faces.

    The faces are those with sum |x_k| = 1, so a planted row wins exactly if its entries, as the
    numbers they are, sum to more than 1 in absolute value.
    """
    left = verdicts
    while left > 0:
        d = int(rng.choice([3, 8, 24, 64, 200]))
        corners = np.vstack([np.eye(d), -np.eye(d)])
        planted = []
        for m in sorted({2, 3, max(2, d // 2), d}):
            signs = np.zeros(d)
            signs[:m] = rng.choice([-1.0, 1.0], m)
            shares = rng.dirichlet(np.ones(m))
            slack = float(rng.choice([0.0, 2e-16, 1e-12, 1e-9, 1e-6])) * int(rng.choice([-1, 1]))
            row = np.zeros(d)
            row[:m] = shares * (1 + slack)
            row = row * np.where(signs == 0, 1, signs)
            planted.append(row.astype(np.float32).astype(float) if rng.integers(3) == 0 else row)
        planted.append(rng.dirichlet(np.ones(2 * d)) @ corners)
        for row in planted:
            W = np.vstack([corners, row])
            beyond = sum(abs(Fraction(v)) for v in row) > 1
            truth = {2 * d: WINS} if beyond else dict.fromkeys(range(2 * d), WINS) | {2 * d: NEVER}
            if rng.integers(8) == 0:
                W = np.vstack([W, row])
                truth = {2 * d: TIED, 2 * d + 1: TIED}
            yield rk.Head(W), truth
            left -= len(truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=100_000, help="verdicts in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shares = {by_qhull: 0.7, by_simplex: 0.2, by_planting: 0.1}
    print(f"{'judge':10} {'verdicts':>9} {'right':>9} {'wrong':>6} {'undecided':>10} {'CPU s':>7}")
    with threadpool_limits(1):
        for source, share in shares.items():
            start, counts = time.process_time(), Counter()
            rng = np.random.default_rng(options.seed)
            for head, truth in source(rng, round(options.verdicts * share)):
                report = rk.argmaxable(head)
                for i, verdict in truth.items():
                    found = report.verdict(i).name
                    outcome = "right" if found == verdict else found if found == "UNDECIDED" else "wrong"
                    counts[outcome] += 1
            name = source.__name__.removeprefix("by_")
            print(
                f"{name:10} {sum(counts.values()):9,} {counts['right']:9,} {counts['wrong']:6,} "
                f"{counts['UNDECIDED']:10,} {time.process_time() - start:7,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
