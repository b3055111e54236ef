"""Generic ranks: the lowest power of the scale in a minor, against determinants in hundreds of digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement
from math import factorial, prod

import mpmath
import numpy as np
import pytest

from rankkit.certificates import GenericMinor, check
from rankkit.certificates.checker.generic import TAYLOR, bordered, generic_minor
from rankkit.certificates.checker.modular import PRIMES, nonsingular
from rankkit.functions import GSS, Exp, Identity, LeakyReLU, Sigmoid, SigSoftmax, SiLU, SoftCap, Softplus
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks import rank_bounds

SMOOTH: list[tuple[PointwiseFunction, Callable[[object], object]]] = [
    (Exp(), mpmath.exp),
    (SigSoftmax(), lambda z: 2 * z - mpmath.log1p(mpmath.exp(z))),
    (GSS(0.0, 2.5), lambda z: z - 1.5 * mpmath.log1p(mpmath.exp(-z))),
    (GSS(-1.5, 2.5), lambda z: z - 1.5 * mpmath.log1p(mpmath.exp(-1.5 - z))),
    (SoftCap(2.0), lambda z: 2 * mpmath.tanh(z / 2)),
    (Sigmoid(), lambda z: 1 / (1 + mpmath.exp(-z))),
    (SiLU(), lambda z: z / (1 + mpmath.exp(-z))),
    (Softplus(), lambda z: mpmath.log1p(mpmath.exp(z))),
]
both = pytest.mark.parametrize("bias", [False, True])
subjects = pytest.mark.parametrize("centred", [False, True])


def test_every_family_is_here() -> None:
    assert {type(f).__name__ for f, _ in SMOOTH} == set(TAYLOR)


@pytest.mark.parametrize(("f", "same"), SMOOTH, ids=lambda f: getattr(f, "name", ""))
def test_taylor_coefficients_vanish_where_they_are_said_to(f: PointwiseFunction, same: object) -> None:
    held = TAYLOR[type(f).__name__](f.spec()["parameters"])
    with mpmath.workdps(60):
        coefficients = mpmath.taylor(same, 0, 12)
    assert [abs(c) > 1e-30 for c in coefficients] == [held(k) for k in range(13)]


def determinant(table: list[list[object]]) -> object:
    """By elimination, in whatever numbers the entries are."""
    rows, value = [list(row) for row in table], 1
    for k in range(len(rows)):
        pivot = max(range(k, len(rows)), key=lambda i: abs(rows[i][k]))
        if rows[pivot][k] == 0:
            return 0
        if pivot != k:
            rows[k], rows[pivot], value = rows[pivot], rows[k], -value
        value *= rows[k][k]
        for i in range(k + 1, len(rows)):
            share = rows[i][k] / rows[k][k]
            rows[i] = [a - share * b for a, b in zip(rows[i], rows[k], strict=True)]
    return value


def expansion(H, W, b, held, centred):  # type: ignore[no-untyped-def]
    """The bordered matrix, its power of t, and the weights that were left out, by definition."""
    n, d = len(H), len(H[0])
    terms = []  # (power of t, exponents, multinomial weight)
    for j in range(40):
        k = next(k for k in range(max(j, int(centred)), 99) if held(k))
        if b is None and k != j:
            continue
        for chosen in combinations_with_replacement(range(d), j):
            a = [chosen.count(i) for i in range(d)]
            terms.append((k, a, factorial(k) // (prod(map(factorial, a)) * factorial(k - j))))
        if len([t for t in terms if t[0] < k]) >= n:
            break
    terms.sort(key=lambda term: term[0])
    p = terms[n - 1][0]

    def left(a):  # type: ignore[no-untyped-def]
        return [prod((x**e for x, e in zip(h, a, strict=True)), start=Fraction(1)) for h in H]

    def right(k, a):  # type: ignore[no-untyped-def]
        rest = k - sum(a)
        out = [
            prod((x**e for x, e in zip(w, a, strict=True)), start=Fraction(1)) * (b[i] ** rest if rest else 1)
            for i, w in enumerate(W)
        ]
        return [v - out[0] for v in out[1:]] if centred else out

    lower = [t for t in terms if t[0] < p]
    top = [t for t in terms if t[0] == p]
    M = [[Fraction(0)] * n for _ in range(n)]
    for k, a, weight in top:
        u, v = left(a), right(k, a)
        M = [[M[i][j] + weight * u[i] * v[j] for j in range(n)] for i in range(n)]
    X, Y = [left(a) for _, a, _ in lower], [right(k, a) for k, a, _ in lower]
    table = [M[i] + [x[i] for x in X] for i in range(n)] + [y + [Fraction(0)] * len(X) for y in Y]
    power = sum(k for k, _, _ in lower) + p * (n - len(lower))
    weights = prod(weight for _, _, weight in lower)
    return table, power, weights, [k for k, _, _ in lower] + [p] * (n - len(lower))


@pytest.mark.parametrize(("f", "same"), SMOOTH, ids=lambda f: getattr(f, "name", ""))
@both
@subjects
@pytest.mark.parametrize(("d", "n"), [(1, 4), (2, 5), (3, 6)])
def test_the_lowest_power_of_a_determinant(
    f: PointwiseFunction, same: Callable[[object], object], bias: bool, centred: bool, d: int, n: int
) -> None:
    rng = np.random.default_rng(d)
    H, W = rng.integers(-9, 10, (n, d)) / 4, rng.integers(-9, 10, (n + centred, d)) / 4
    H[:, 0], W[:, 0] = np.arange(1, n + 1) / 4, np.arange(2, n + 2 + centred) / 2
    b = rng.integers(-9, 10, n + centred) / 4 if bias else None
    held = TAYLOR[type(f).__name__](f.spec()["parameters"])
    rational = [[[Fraction(x) for x in row] for row in X.tolist()] for X in (H, W)]
    shift = None if b is None else [Fraction(x) for x in b.tolist()]
    table, power, weights, orders = expansion(*rational, shift, held, centred)
    exact = determinant(table)
    assert exact != 0
    with mpmath.workdps(1500):
        t = mpmath.mpf(2) ** -60
        A = [
            [
                sum(x * y for x, y in zip(h, w, strict=True)) + (shift[j] if shift else 0)
                for j, w in enumerate(rational[1])
            ]
            for h in rational[0]
        ]
        F = [[same(t * mpmath.mpf(a.numerator) / a.denominator) for a in row] for row in A]
        if centred:
            F = [[v - row[0] for v in row[1:]] for row in F]
        c = mpmath.taylor(same, 0, max(orders))
        want = weights * mpmath.mpf(exact.numerator) / exact.denominator * mpmath.fprod(c[k] for k in orders)
        assert abs(abs(determinant(F) / t**power / want) - 1) < 1e-10
    for p in PRIMES:
        ours = bordered(H, W, b, f.spec(), centred, p)
        assert ours is not None
        peer = [[v.numerator * pow(v.denominator, -1, p) % p for v in row] for row in table]
        assert sorted(sorted(int(x) % p for x in row) for row in ours) == sorted(sorted(row) for row in peer)
        assert nonsingular(ours, p) == (exact.numerator % p != 0)


def drawn(contexts: int, classes: int, d: int, bias: bool, seed: int = 0) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    b = rng.standard_normal(classes) if bias else None
    return Head(rng.standard_normal((classes, d)), b).logits(rng.standard_normal((contexts, d)))


@both
@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_full_rank_at_almost_every_scale(
    bias: bool, subject: str, d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = drawn(150, 160, d, bias)
    report = rank_bounds(logits, SigSoftmax(), subject, max_minor=10)
    assert report.lower == 10
    assert report.generic is None  # no larger minor was asked for
    monkeypatch.setattr("rankkit.ranks.bounds.BALL_ROWS", 10)
    report = rank_bounds(logits, SigSoftmax(), subject)
    assert report.lower < report.upper == 150
    assert (report.generic.value, report.generic.kind) == (150, "generic")
    assert "almost every scale" in repr(report)
    assert report.generic not in report.all_bounds
    claim = report.generic.certificate
    assert check(claim, logits)
    assert check(GenericMinor.from_json(claim.to_json()), logits)
    assert claim.rank == 150


def test_what_would_lose_rank_at_every_scale_is_refused() -> None:
    rng = np.random.default_rng(1)
    H, W = rng.standard_normal((12, 2)), rng.standard_normal((12, 2))
    names = list(range(12))

    def refused(H: np.ndarray, W: np.ndarray, f: PointwiseFunction, subject: str = "scores") -> bool:
        cols = names[: len(H) + (subject == "centred")]
        return generic_minor(W, None, subject, names[: len(H)], cols, f.spec(), H) is not None

    assert not refused(H, W, SigSoftmax())
    assert refused(np.concatenate([H[:11], H[:1]]), W, SigSoftmax())
    assert refused(H, np.concatenate([W[:11], W[:1]]), Exp())
    opposite = np.concatenate([H[:6], -H[:6]])
    assert not refused(opposite, W, Exp())
    assert refused(opposite, W, SoftCap(1.0))
    assert refused(opposite, W, SigSoftmax())  # six pairs have rank 6 + 2
    assert not refused(opposite[:8], W[:8], SigSoftmax())
    on_a_line = np.column_stack([H[:, 0], 2 * H[:, 0]])
    assert refused(on_a_line, W, Exp())  # true, but not shown by monomials in two variables
    zero = np.concatenate([H[:10], [[0.0, 0.0]]])
    assert not refused(zero, W[:11], SigSoftmax())
    assert refused(zero, W, SigSoftmax(), "centred")  # differences of a constant row
    for other in (Identity(), LeakyReLU(0.5), GSS(0.0, 1.0)):
        assert refused(H[:2], W, other)


def test_generic_certificates_are_about_these_weights() -> None:
    logits = drawn(40, 50, 3, bias=True)
    rng = np.random.default_rng(0)
    i, j = rng.permutation(40)[:30], rng.permutation(50)[:31]
    claim = GenericMinor(
        logits.head.fingerprint,
        "centred",
        tuple(i.tolist()),
        tuple(j.tolist()),
        GSS(1.0, 2.0).spec(),
        logits.H[i],
    )
    assert check(claim, logits)
    W = logits.head.W.copy()
    W[0, 0] = np.nextafter(W[0, 0], 9)
    elsewhere = logits.H.copy()
    elsewhere[i[0]] += 1
    for bad, about in [
        (claim, Head(W, logits.head.b)),
        (claim, logits.head.logits(elsewhere)),
        (replace(claim, subject="scores"), logits),
        (replace(claim, subject="log_probs"), logits),
        (replace(claim, subject="matrix"), logits),
        (replace(claim, rows=(*claim.rows[:-1], claim.rows[0])), logits),
        (replace(claim, cols=(*claim.cols[:-1], claim.cols[0])), logits),
        (replace(claim, cols=(*claim.cols[:-1], 50)), logits),
        (replace(claim, cols=claim.cols[:-1]), logits),
        (replace(claim, contexts=np.repeat(claim.contexts[:1], 30, axis=0)), logits.head),
        (replace(claim, function=Identity().spec()), logits),
        (replace(claim, function={"family": "GSS", "parameters": {}}), logits),
        ({**claim.to_json(), "bits": 64}, logits),
        ({**claim.to_json(), "contexts": None}, logits),
        ({**claim.to_json(), "function": None}, logits),
    ]:
        assert not check(bad, about)
