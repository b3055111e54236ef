"""Rank bounds against ranks that are known in other ways, on thousands of small hostile cases.

Rational scores have their rank from FLINT's rational elimination; others from elimination in thousands of
digits, where what is smaller than 10^-1500 counts as 0. Nothing of the proofs is used for either.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import flint
import mpmath
import numpy as np

import rankkit as rk
from rankkit import functions

DIGITS, TINY = 2500, mpmath.mpf(10) ** -1500
SUBJECTS = ("scores", "centred", "log_probs")

#: Families with the same function stated again: on fractions, or on numbers of many digits.
Family = tuple[functions.PointwiseFunction, Callable[[Any], Any]]
FAMILIES: list[Family] = [
    (functions.Identity(), lambda z: z),
    (functions.Polynomial({1: 1.0, 3: 0.5}), lambda z: z + z**3 / 2),
    (functions.Polynomial({2: 1.0}), lambda z: z**2),
    (functions.Polynomial({0: 1.0, 1: -2.0, 4: 0.25}), lambda z: 1 - 2 * z + z**4 / 4),
    (functions.LeakyReLU(0.125), lambda z: z if z >= 0 else z / 8),
    (functions.PLIF([0.5, 2.0, 1.0, 0.25], bound=4.0), lambda z: segments(z, [-2, 0, 2], [0.5, 2, 1, 0.25])),
    (functions.PLIF([1.0, 3.0], knots=[0.5]), lambda z: segments(z, [0.5], [1, 3])),
    (functions.Exp(), mpmath.exp),
    (functions.Sigmoid(), lambda z: 1 / (1 + mpmath.exp(-z))),
    (functions.SiLU(), lambda z: z / (1 + mpmath.exp(-z))),
    (functions.Softplus(), lambda z: mpmath.log1p(mpmath.exp(z))),
    (functions.SoftCap(2.0), lambda z: 2 * mpmath.tanh(z / 2)),
    (functions.SigSoftmax(), lambda z: z - softplus(-z)),
    (functions.GSS(-1.5, 2.5), lambda z: z - mpmath.mpf(3) / 2 * softplus(-1.5 - z)),
    (
        functions.MonotoneNetwork(0.5, [1.0, 0.25], [2.0, 0.75], [0.5, -1.0]),
        lambda z: z / 2 + 2 * mpmath.tanh((z - 0.5) / 2) + 3 * mpmath.tanh((z + 1) / 0.75) / 16,
    ),
]


class Case(NamedTuple):
    logits: rk.LowRankLogits
    f: functions.PointwiseFunction
    subject: str
    rank: int


def segments(z: Fraction, kinks: list[float], slopes: list[float]) -> Fraction:
    """Integrate the slopes from 0 to z."""
    edges = sorted({Fraction(0), z, *(Fraction(k) for k in kinks if min(0, z) < k < max(0, z))})
    total = Fraction(0)
    for low, high in pairwise(edges):
        total += (high - low) * Fraction(slopes[sum(k <= low for k in kinks)])
    return total if z >= 0 else -total


def softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(z)) if z < 0 else z + mpmath.log1p(mpmath.exp(-z))


def cases(number: int, seed: int) -> Iterator[Case]:
    """Yield cases of all families in turn, each with three subjects."""
    rng = np.random.default_rng(seed)
    for k in range(number):
        f, again = FAMILIES[k % len(FAMILIES)]
        logits = drawn(rng, steep=isinstance(f, functions.Exp))
        exact = exact_logits(logits)
        rational = f.exact(Fraction(1)) is not None
        with mpmath.workdps(DIGITS):
            scores = [[again(a if rational else number_of(a)) for a in row] for row in exact]
            for subject in SUBJECTS:
                yield Case(logits, f, subject, known_rank(scores, subject, rational))


def drawn(rng: np.random.Generator, steep: bool) -> rk.LowRankLogits:
    """Draw few whole numbers or many digits, at scales from 1e-3 to 1e3, with repeated and opposite rows."""
    n, m, d = (int(k) for k in (*rng.integers(1, 8, 2), rng.integers(1, 4)))
    if rng.random() < 0.5:
        H, W, b = (rng.integers(-3, 4, shape) / 2 for shape in ((n, d), (m, d), m))
    else:
        H, W, b = (rng.standard_normal(shape) for shape in ((n, d), (m, d), m))
    for X in (H, W):
        if len(X) > 2 and rng.random() < 0.5:
            X[-1] = X[0]
        if len(X) > 3 and rng.random() < 0.5:
            X[-2] = -X[1]
    scale = 10.0 ** rng.uniform(-3, 3)
    largest = float(np.abs(H @ W.T).max() * scale + np.abs(b).max())
    scale *= min(1.0, 500 / largest) if steep and largest > 500 else 1.0
    return rk.Head(W, b if rng.random() < 0.4 else None).logits(H * scale)


def exact_logits(logits: rk.LowRankLogits) -> list[list[Fraction]]:
    b = np.zeros(logits.head.classes) if logits.head.b is None else logits.head.b
    return [
        [
            sum((Fraction(x) * Fraction(y) for x, y in zip(h, w, strict=True)), Fraction(float(c)))
            for w, c in zip(logits.head.W.tolist(), b, strict=True)
        ]
        for h in logits.H.tolist()
    ]


def number_of(a: Fraction) -> Any:
    return mpmath.mpf(a.numerator) / a.denominator


def known_rank(scores: list[list[Any]], subject: str, rational: bool) -> int:
    if subject == "centred":
        scores = [[s - row[0] for s in row[1:]] for row in scores]
        if not scores[0]:
            return 0
    if rational and subject != "log_probs":
        entries = [flint.fmpq(s.numerator, s.denominator) for row in scores for s in row]
        return int(flint.fmpq_mat(len(scores), len(scores[0]), entries).rank())
    if rational:
        scores = [[number_of(s) for s in row] for row in scores]
    if subject == "log_probs":
        tops = [max(row) for row in scores]
        sums = [mpmath.fsum(mpmath.exp(s - t) for s in row) for row, t in zip(scores, tops, strict=True)]
        scores = [
            [s - t - mpmath.log(total) for s in row] for row, t, total in zip(scores, tops, sums, strict=True)
        ]
    return eliminated(scores)


def eliminated(table: list[list[Any]]) -> int:
    """Return the rank by elimination with full pivoting."""
    rows, rank = [list(row) for row in table], 0
    while rows and rows[0]:
        size, i, j = max((abs(a), i, j) for i, row in enumerate(rows) for j, a in enumerate(row))
        if not size > TINY:
            break
        top = rows.pop(i)
        rows = [[a - row[j] / top[j] * t for a, t in zip(row, top, strict=True)] for row in rows]
        rank += 1
    return rank


def broken(case: Case, report: rk.RankReport) -> str | None:
    """Say what is wrong about the bounds of a case, or None."""
    if not report.lower <= case.rank <= report.upper:
        return f"{report.lower} <= {case.rank} <= {report.upper} does not hold"
    for bound in report.all_bounds:
        if bound.certificate is not None and not rk.check(bound.certificate, case.logits):
            return f"a certificate of {bound.kind} is refused"
        if bound is not report.lower_proof and bound.value < case.rank:
            return f"{bound.kind} says at most {bound.value}, but the rank is {case.rank}"
    if report.supported > min(report.upper, case.rank):
        return f"float64 is said to support {report.supported} of {case.rank}"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=2_000, help="heads with contexts; each has three subjects"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, seen, met, wrong = time.process_time(), Counter[str](), Counter[str](), 0
    for case in cases(options.cases, options.seed):
        name, report = type(case.f).__name__, rk.rank_bounds(case.logits, case.f, case.subject)
        problem = broken(case, report)
        if problem is not None:
            wrong += 1
            print(f"{case.f.name}, {case.subject}, {case.logits.H!r}, {case.logits.head.W!r}: {problem}")
        seen[name] += 1
        met[name] += report.exact is not None
    for name in seen:
        print(f"{name}: {seen[name]} matrices, bounds meet in {met[name]}")
    taken = time.process_time() - start
    print(f"{seen.total()} matrices, {met.total()} exact, {wrong} wrong, {taken:.0f} s of CPU")


if __name__ == "__main__":
    main()
