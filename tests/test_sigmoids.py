"""Sigmoid, SiLU and softplus: digits at the ends of float64, and ranks against elimination in 200 digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rankkit as rk
from rankkit.certificates import check
from rankkit.certificates.checker.ceilings import parity_of
from rankkit.functions import PointwiseFunction, Sigmoid, SigSoftmax, SiLU, SoftCap, Softplus
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks import rank_bounds
from rankkit.ranks.subject import Subject
from rankkit.ranks.upper import upper_bounds

Real = Callable[[Any], Any]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


#: Each family with value and slope stated again.
STATED: list[tuple[PointwiseFunction, Real, Real]] = [
    (Sigmoid(), sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    (SiLU(), lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
    (Softplus(), lambda z: mpmath.log1p(mpmath.exp(z)), sigmoid),
]
each = pytest.mark.parametrize(("f", "value", "slope"), STATED, ids=lambda x: getattr(x, "name", ""))

RNG = np.random.default_rng(0)
POINTS = np.concatenate(
    [
        np.negative([0.0, 5e-324, 1e-300, 1e-9, 1.0, 36.7, 100.0, 700.0, 709.0, 735.0, 744.0, 744.4, 751.0]),
        [0.0, 5e-324, 1e-300, 1e-9, 1.0, 36.7, 100.0, 700.0, 745.0, 1e4, 1e300, 1.79e308],
        *(RNG.normal(0, size, 100) for size in (1e-6, 1.0, 5.0, 40.0, 300.0)),
    ]
)


def misfit(found: np.ndarray, stated: Real, at: np.ndarray) -> float:
    """How far values are off, in spacings of float64 numbers there."""
    worst = 0.0
    with mpmath.workdps(400):
        for x, y in zip(at.tolist(), found.tolist(), strict=True):
            want = stated(mpmath.mpf(x))
            worst = max(worst, float(abs(want - mpmath.mpf(y)) / np.spacing(abs(float(want)))))
    return worst


@each
def test_values_and_slopes_have_all_their_digits(f: PointwiseFunction, value: Real, slope: Real) -> None:
    assert misfit(f(POINTS), value, POINTS) <= 4
    away = POINTS[np.abs(POINTS + 1.2784645) > 0.1] if isinstance(f, SiLU) else POINTS
    assert misfit(f.slope(away), slope, away) <= 5
    near = -1.2784645 + np.linspace(-0.1, 0.1, 200)  # where the slope of SiLU is 0: digits of the argument
    with mpmath.workdps(50):
        off = [
            abs(slope(mpmath.mpf(x)) - y) for x, y in zip(near.tolist(), f.slope(near).tolist(), strict=True)
        ]
    assert max(off) <= 4 * 2.0**-53


def test_what_is_small_and_representable_is_not_0() -> None:
    z = np.array([-744.0, -700.0, -40.0])
    for f in (Sigmoid(), Softplus()):
        assert (f(z) > 0).all()
        assert (f.slope(z) > 0).all()
    assert (SiLU()(np.array([-750.0, -700.0])) < 0).all()  # |z| e^z outlives e^z
    assert (SiLU().slope(np.array([-750.0, -700.0])) < 0).all()
    ends = np.array([-1.79e308, 1.79e308])
    assert [list(f(ends)) for f in (Sigmoid(), SiLU(), Softplus())] == [[0, 1], [0, 1.79e308], [0, 1.79e308]]
    assert [list(f.slope(ends)) for f in (Sigmoid(), SiLU(), Softplus())] == [[0, 0], [0, 1], [0, 1]]


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e308, 1e308) | st.floats(-50, 50))
def test_what_they_are_to_one_another(x: float) -> None:
    z = np.array([x, -x])
    s, silu, plus = Sigmoid()(z), SiLU()(z), Softplus()(z)
    eps = 8 * np.finfo(float).eps
    assert abs(s.sum() - 1) <= eps
    assert s[0] == pytest.approx(0.5 + SoftCap(2.0)(z)[0] / 4, abs=eps)
    assert abs(plus[0] - plus[1] - x) <= eps * abs(x) + eps
    assert abs(silu[0] - silu[1] - x) <= eps * abs(x) + 5e-324
    assert (Softplus().slope(z) == s).all()
    if abs(x) < 1e300:
        assert abs(SigSoftmax()(z)[0] - (x - plus[1])) <= eps * abs(x) + eps


def test_inverses_against_closed_forms() -> None:
    y = np.array([1e-300, 1e-9, 0.1, 0.5, 0.5 + 2**-40, 0.9])
    with mpmath.workdps(60):
        logit = [float(mpmath.log(mpmath.mpf(v) / (1 - mpmath.mpf(v)))) for v in y.tolist()]
        unbent = [float(mpmath.log(mpmath.expm1(mpmath.mpf(v)))) for v in y.tolist()]
    assert np.allclose(Sigmoid().inverse(y), logit, rtol=1e-12, atol=1e-15)
    assert np.allclose(Softplus().inverse(y), unbent, rtol=1e-13, atol=1e-15)
    assert np.isnan(Sigmoid().inverse(np.array([-0.1, 1.1]))).all()
    assert np.isnan(Softplus().inverse(np.array([-1e-300]))).all()
    with pytest.raises(rk.InputError, match="SiLU is not increasing"):
        SiLU().inverse(y)


# -- SiLU turns --


def test_silu_turns_where_it_is_said_to_and_changes_who_wins() -> None:
    with mpmath.workdps(40):
        least = -mpmath.lambertw(mpmath.exp(-1)).real
        turn = float(least - 1)
    assert turn == pytest.approx(-1.2784645427610738, abs=1e-15)
    z = np.linspace(-30, turn, 300)
    assert (np.diff(SiLU()(z)) < 0).all()
    assert (np.diff(SiLU()(np.linspace(turn, 30, 300))) > 0).all()
    assert SiLU()(np.array([turn]))[0] == pytest.approx(float(least), abs=1e-16)
    assert not SiLU().increasing
    logits = Head(np.array([[1.0], [2.0]])).logits(np.array([[-3.0]]))
    assert logits.dense().argmax() == 0
    assert rk.log_probs(logits, SiLU()).argmax() == 1


@settings(max_examples=100, deadline=None)
@given(st.floats(-40, 40), st.floats(0, 20), st.floats(0, 1))
@example(3.3715480345758834e-167, 3.0149423513607433e-214, 0.0)
def test_wide_balls_of_silu_hold_its_values_and_little_more(
    middle: float, radius: float, share: float
) -> None:
    out = SiLU().ball(arb(middle, radius))
    with ctx.workprec(200):
        for at in (share, 0.0, 1.0):
            x = arb(middle) + arb(radius) * (2 * arb(at) - 1)  # floats would round a short radius away
            assert out.overlaps(x / (1 + (-x).exp()))
    low, high = middle - radius, middle + radius
    with mpmath.workdps(30):
        turn = -1 - mpmath.lambertw(mpmath.exp(-1)).real
        ends = [float(x * sigmoid(mpmath.mpf(x))) for x in (low, high)]
        floor = float(turn + 1) if low <= turn <= high else min(ends)
    if radius > 2**-9:
        assert float(out.lower()) == pytest.approx(floor, rel=1e-6, abs=1e-6)
        assert float(out.upper()) == pytest.approx(max(ends), rel=1e-6, abs=1e-6)
    for finite in ("nan", "inf"):
        assert not SiLU().ball(arb(finite)).is_finite()


# -- ranks --


def exact_rank(logits: LowRankLogits, value: Real, subject: str) -> int:
    """By elimination with full pivoting in 200 digits, what is below 1e-150 counted as 0."""
    with mpmath.workdps(200):
        A = [
            [
                sum(Fraction(x) * Fraction(y) for x, y in zip(h, w, strict=True))
                for w in logits.head.W.tolist()
            ]
            for h in logits.H.tolist()
        ]
        if logits.head.b is not None:
            A = [[a + Fraction(b) for a, b in zip(row, logits.head.b.tolist(), strict=True)] for row in A]
        rows = [[value(mpmath.mpf(a.numerator) / a.denominator) for a in row] for row in A]
        if subject == "centred":
            rows = [[s - row[0] for s in row[1:]] for row in rows]
        if subject == "log_probs":
            rows = [[s - mpmath.log(mpmath.fsum(map(mpmath.exp, row))) for s in row] for row in rows]
        rank = 0
        while rows and rows[0]:
            size, i, j = max((abs(a), i, j) for i, row in enumerate(rows) for j, a in enumerate(row))
            if not size > mpmath.mpf(10) ** -150:
                break
            top = rows.pop(i)
            rows = [[a - row[j] / top[j] * t for a, t in zip(row, top, strict=True)] for row in rows]
            rank += 1
        return rank


def paired(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Contexts with opposites and zero, and classes in general position."""
    half = rng.integers(1, 40, (4, d)) / 16
    return np.concatenate([half, -half, np.zeros((1, d))]), rng.integers(1, 40, (12, d)) / 16


@each
@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
@pytest.mark.parametrize("d", [1, 2])
def test_opposites_against_exact_ranks(
    f: PointwiseFunction, value: Real, slope: Real, subject: str, d: int
) -> None:
    rng = np.random.default_rng(d)
    H, W = paired(rng, d)
    b = rng.integers(-9, 10, 4) / 8
    for logits in (
        Head(W).logits(H),
        Head(H).logits(W),
        Head(H[:8], np.r_[b, -b]).logits(W),
        Head(W, b[0] + W[:, 0]).logits(H),
    ):
        rank = exact_rank(logits, value, subject)
        report = rank_bounds(logits, f, subject)
        assert report.lower == rank == report.exact
        assert all(bound.value >= rank for bound in report.all_bounds[1:])
        for bound in upper_bounds(Subject.of(logits, f, subject)):
            assert check(bound.certificate, logits) is True
            if bound.value == rank:
                assert not check(replace(bound.certificate, rank=rank - 1), logits)


def test_a_sigmoid_is_not_odd_and_no_rule_for_odd_functions_bounds_it() -> None:
    """Opposite contexts count once and the constant once more; nothing is lost without a pair."""
    rng = np.random.default_rng(4)
    H, W = paired(rng, 2)
    logits = Head(W).logits(H)
    odd, own = rank_bounds(logits, SoftCap(2.0), "scores"), rank_bounds(logits, Sigmoid(), "scores")
    assert (odd.exact, own.exact) == (4, 5)
    assert rank_bounds(logits, Sigmoid(), "centred").exact == 4  # its constant goes with the row means
    claim = own.upper_proof.certificate
    assert claim.rule == "opposites"
    assert check(claim, logits) is True
    tanh = replace(claim, function=SoftCap(2.0).spec(), rank=4)
    assert check(tanh, logits) is True  # of tanh that is true
    assert not check(replace(tanh, function=Sigmoid().spec()), logits)
    assert rank_bounds(Head(W).logits(H[:4]), Sigmoid(), "scores").exact == 4  # no pair, no constant
    nearly = H.copy()
    nearly[4, 0] = np.nextafter(nearly[4, 0], 9)  # one context is opposite to none any more
    assert rank_bounds(Head(W).logits(nearly), Sigmoid(), "scores").exact == 6
    assert not check(replace(claim, contexts=nearly), Head(W))


@each
def test_what_the_checker_knows_of_parity_is_what_the_family_says(
    f: PointwiseFunction, value: Real, slope: Real
) -> None:
    assert parity_of(f.name, {}) == f.parity
    with mpmath.workdps(50):
        coefficients = mpmath.taylor(value, 0, 9)
        kept = {k for k, c in enumerate(coefficients) if abs(c) > 1e-30}
    assert all(k % 2 for k in kept - {0}) == (f.parity == "constant + odd")
    assert any(k % 2 for k in kept - {1}) != (f.parity == "line + even")
    assert (value(mpmath.mpf(0)) == 0) == f.zero_at_zero


@pytest.mark.parametrize("f", [Sigmoid(), SiLU()], ids=lambda f: f.name)
@pytest.mark.parametrize("subject", ["scores", "centred"])
@pytest.mark.parametrize("d", [1, 3])
def test_full_ranks_are_proved_by_transcendence_and_no_mutation_passes(
    f: PointwiseFunction, subject: str, d: int
) -> None:
    rng = np.random.default_rng(d)
    logits = Head(rng.standard_normal((130, d))).logits(rng.standard_normal((120, d)))
    report = rank_bounds(logits, f, subject)
    assert report.exact == 120
    assert "Lindemann" in report.lower_proof.reason
    claim = report.lower_proof.certificate
    assert check(claim, logits) is True
    repeated = claim.contexts.copy()
    repeated[5] = repeated[6]
    opposite = claim.contexts.copy()
    opposite[:4], opposite[4:8] = np.abs(opposite[:4]), -np.abs(opposite[:4])
    for other in (
        replace(claim, contexts=repeated),
        replace(claim, contexts=np.zeros_like(repeated)),
        replace(claim, rows=(*claim.rows[:-1], claim.rows[0])),
        replace(claim, function={"family": "Sigmoid", "parameters": {"bound": "0x1p0"}}),
        replace(claim, function={"family": "Sigmoidal", "parameters": {}}),
        replace(claim, contexts=2 * claim.contexts),
        replace(claim, head="0" * 64),
    ):
        assert not check(other, logits)
    two = np.concatenate([claim.contexts[:3], -claim.contexts[:3]])
    six = replace(claim, rows=tuple(range(6)), cols=claim.cols[: 6 + (subject == "centred")], contexts=two)
    assert bool(check(six, logits.head)) == (d == 3 and isinstance(f, SiLU))  # 3 + d, or 3 + 1: not six


def test_softplus_has_balls_where_they_suffice_and_is_generic_beyond() -> None:
    rng = np.random.default_rng(1)
    small = Head(rng.standard_normal((25, 2))).logits(rng.standard_normal((20, 2)))
    assert rank_bounds(small, Softplus(), "scores").exact == 20
    logits = Head(rng.standard_normal((260, 1))).logits(rng.standard_normal((250, 1)))
    report = rank_bounds(logits, Softplus(), "scores", max_minor=250)
    assert report.lower < report.upper == 250
    assert (report.generic.kind, report.generic.value) == ("generic", 250)
    assert "isolated factors t only" in report.generic.reason
    claim = report.generic.certificate
    assert check(claim, logits) is True
    twice = np.concatenate([claim.contexts[:-1], claim.contexts[:1]])
    assert not check(replace(claim, contexts=twice), logits.head)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.1, 1.0, 30.0, 1e3]))
def test_bounds_hold_at_every_scale(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    f, value, _ = STATED[seed % 3]
    n, m, d = rng.integers(2, 6, 3)
    H, W = rng.integers(-2, 3, (n, d)) * scale, rng.integers(-2, 3, (m, d)) / 2
    H[-1] = -H[0]
    logits = Head(W, rng.integers(-2, 3, m) / 2 if seed % 2 else None).logits(H)
    for subject in ("scores", "centred"):
        report = rank_bounds(logits, f, subject)
        if scale < 100:  # above, exponentials differ by more than 200 digits show
            assert report.lower <= exact_rank(logits, value, subject) <= report.upper
        assert report.lower_proof.certificate is None or check(report.lower_proof.certificate, logits)
