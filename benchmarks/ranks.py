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
from rankkit.certificates import Certificate
from rankkit.certificates.checker.modular import PRIMES, pivots, reduce
from rankkit.heads import LowRankLogits
from rankkit.ranks import RankBound
from rankkit.ranks.generic import generic_bound
from rankkit.ranks.lower import modular_bound
from rankkit.ranks.nullspace import exact_rank
from rankkit.ranks.subject import Subject
from rankkit.ranks.upper import special_bounds, upper_bounds
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
    """Rank of a polynomial of integer logits, from below by elimination, and proved from both sides."""
    rng = np.random.default_rng(0)
    H, W = (rng.integers(-9, 10, (n, 6)).astype(float) for _ in range(2))
    table = (H @ W.T) ** 3 + H @ W.T
    ours, rank = seconds(lambda: len(pivots(reduce(table.copy(), PRIMES[0]), PRIMES[0])[0]), 3)
    cubic = Subject.of(rk.Head(W).logits(H), rk.functions.Polynomial({1: 1.0, 3: 1.0}), "scores")
    both, report = seconds(lambda: proved(cubic, upper_bounds(cubic)[0].value), 3)
    plain, same = seconds(lambda: exact_rank(table), 3)
    alone, matrix = Subject.of(table, None, "matrix"), rk.Head(table)
    proof = next(bound.certificate for bound in special_bounds(alone))
    checked, _ = seconds(lambda: accepted(proof, matrix), 3)
    whole = flint.fmpz_mat(table.astype(int).tolist())
    theirs, right = seconds(whole.rank)
    print(f"x^3 + x of integers, {n} x {n}: fmpz_mat.rank {theirs:.1f} s, rank {right}")
    for what, taken, found in (
        ("elimination modulo a prime", ours, rank),
        ("upper bound from the factors, lower bound, and its check", both, report.value),
        ("of the matrix alone, by factors of integers", plain, same),
        ("the check of those factors, which are in a certificate", checked, proof.rank),
    ):
        print(f"    {what}: {taken:.2f} s, {theirs / taken:.0f} times as fast, rank {found}")


def proved(subject: Subject, target: int) -> RankBound:
    """Prove a lower bound and check it."""
    bound = modular_bound(subject, target, np.random.default_rng(0))
    accepted(bound.certificate, subject.about)
    return bound


def accepted(proof: Certificate | None, about: rk.Head | LowRankLogits) -> None:
    if proof is None or not rk.check(proof, about):
        raise SystemExit(f"the checker refuses {proof}")


def full(n: int, f: rk.PointwiseFunction, d: int) -> None:
    rng = np.random.default_rng(0)
    logits = rk.Head(rng.standard_normal((n, d))).logits(rng.standard_normal((n, d)))
    subject = Subject.of(logits, f, "scores")
    taken, bound = seconds(lambda: modular_bound(subject, n, rng))
    checked, answer = seconds(lambda: rk.check(bound.certificate, logits))
    print(
        f"{f.name} of {n} x {n} logits, d={d}: rank {bound.value} proved in {taken:.1f} s, "
        f"checked in {checked:.1f} s: {answer}"
    )


def wide(n: int) -> None:
    """Contexts in pairs that look equal modulo both short primes: only the long one tells them apart."""
    rng = np.random.default_rng(0)
    half = 2.0**-52 * np.arange(1, n // 2 + 1)[:, None]
    H = np.concatenate([half, half + 2.0**-52 * np.prod([(p - 1) // 2 for p in PRIMES])])
    logits = rk.Head(np.arange(1.0, n + 1)[:, None]).logits(H)
    subject = Subject.of(logits, rk.functions.Exp(), "scores")
    taken, bound = seconds(lambda: modular_bound(subject, n, rng))
    checked, answer = seconds(lambda: rk.check(bound.certificate, logits))
    print(
        f"exp of {n} x {n} logits, contexts in pairs modulo 2^31 - 69: rank {bound.value} "
        f"proved in {taken:.1f} s, checked in {checked:.1f} s: {answer}"
    )


def generic(n: int, f: rk.PointwiseFunction, d: int) -> None:
    rng = np.random.default_rng(0)
    logits = rk.Head(rng.standard_normal((n, d))).logits(rng.standard_normal((n, d)))
    subject = Subject.of(logits, f, "scores")
    taken, bound = seconds(lambda: generic_bound(subject, n, rng))
    print(
        f"{f.name} of {n} x {n} logits, d={d}: rank {bound.value} at almost every scale, "
        f"proved and checked in {taken:.1f} s"
    )


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
    parser.add_argument("--full", type=int, nargs="*", default=[1_000, 2_000, 4_000])
    parser.add_argument("--generic", type=int, nargs="*", default=[1_000, 2_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.threads} threads, "
        f"FLINT {flint.__FLINT_VERSION__}"
    )
    with threadpool_limits(options.threads):
        for n in (600, 1_500):
            supported(n, options.repeats)
        singular(options.singular)
        for n in options.full:
            for d in (4, 1):
                full(n, rk.functions.Exp(), d)
            full(n, rk.functions.SoftCap(1.0), 2)
        wide(1_000)
        for n in options.generic:
            for d in (4, 1):
                generic(n, rk.functions.SigSoftmax(), d)


if __name__ == "__main__":
    main()
