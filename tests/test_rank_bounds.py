"""Proved rank bounds: never wrong, tight where they can be, and honest about the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from rankkit.certificates import check
from rankkit.errors import CertificateError, InputError
from rankkit.functions import (
    GSS,
    PLIF,
    Exp,
    Identity,
    LeakyReLU,
    Polynomial,
    Sigmoid,
    SigSoftmax,
    SiLU,
    SoftCap,
    Softplus,
)
from rankkit.functions.base import MonotoneFunction, PointwiseFunction
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks import RankReport, rank_bounds

TINY = mpmath.mpf(10) ** -80  # what is larger in 150 digits differs from zero, at the sizes of these tests


def eliminated(table: list[list[object]], zero: object = 0) -> int:
    """The rank by textbook elimination with full pivoting; entries not above ``zero`` count as zero."""
    rows = [list(row) for row in table]
    rank = 0
    while rows and rows[0]:
        size, i, j = max((abs(a), i, j) for i, row in enumerate(rows) for j, a in enumerate(row))
        if not size > zero:
            break
        top = rows.pop(i)
        rows = [[a - row[j] / top[j] * t for a, t in zip(row, top, strict=True)] for row in rows]
        rank += 1
    return rank


def exact_scores(logits: LowRankLogits, f: PointwiseFunction) -> list[list[Fraction]]:
    b = logits.head.b if logits.head.b is not None else np.zeros(logits.head.classes)
    rows = [[Fraction(x) for x in (*w, float(c))] for w, c in zip(logits.head.W.tolist(), b, strict=True)]
    states = [[Fraction(x) for x in (*h, 1.0)] for h in logits.H.tolist()]
    return [[f.exact(sum(x * y for x, y in zip(h, w, strict=True))) for w in rows] for h in states]


def drawn(
    rng: np.random.Generator, contexts: int, classes: int, d: int, bias: bool, scale: float = 1.0
) -> LowRankLogits:
    """Small whole numbers over powers of two: duplicates, zeros and +- pairs come by themselves."""
    H, W = (rng.integers(-3, 4, (n, d)) * 2.0 ** rng.integers(-2, 3) for n in (contexts, classes))
    return Head(W, rng.integers(-2, 3, classes) / 2 if bias else None).logits(scale * H)


def holds(report: RankReport, logits: LowRankLogits | Head, rank: int) -> None:
    assert report.lower <= rank <= report.upper
    assert report.exact in (None, rank)
    for bound in report.all_bounds:
        if bound.certificate is not None:
            assert check(bound.certificate, logits)


# -- never wrong --


@pytest.mark.parametrize("seed", range(60))
def test_matrices_of_known_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, r = rng.integers(1, 9, 3)
    X = rng.integers(-2, 3, (n, r)) @ rng.integers(-2, 3, (r, m)) * 2.0 ** rng.integers(-400, 400)
    if n > 2:
        X[1], X[2] = X[0], -X[0]
    want = eliminated([[Fraction(a) for a in row] for row in X.tolist()])
    for matrix in (X, X.T):
        report = rank_bounds(matrix)
        holds(report, Head(matrix), want)
        assert report.exact == want
        assert report.subject == "matrix"


RATIONAL = [
    Identity(),
    Polynomial({3: 1.0}),
    Polynomial({0: 0.5, 1: -1.0, 2: 0.25}),
    Polynomial({1: 1.0, 3: 0.5}),
    LeakyReLU(0.125),
    PLIF([0.5, 2.0, 1.0, 0.25], bound=4.0),
    PLIF([1.0, 3.0], knots=[0.5]),
]


@pytest.mark.parametrize("f", RATIONAL, ids=lambda f: f.name)
@pytest.mark.parametrize("bias", [False, True])
def test_rational_families_against_elimination(f: PointwiseFunction, bias: bool) -> None:
    rng = np.random.default_rng(RATIONAL.index(f))
    tight = 0
    for _ in range(12):
        logits = drawn(rng, *rng.integers(1, 9, 2), int(rng.integers(1, 4)), bias)
        scores = exact_scores(logits, f)
        want = eliminated(scores)
        report = rank_bounds(logits, f, "scores")
        holds(report, logits, want)
        assert report.lower == want  # elimination modulo a prime looks at everything in small cases
        tight += report.exact is not None
        centred = eliminated([[s - sum(row) / len(row) for s in row] for row in scores])
        report = rank_bounds(logits, f, "centred")
        holds(report, logits, centred)
        assert report.lower == centred
        whole = rank_bounds(logits, f)
        holds(whole, logits, rank_of_log_probs(logits, f))
        assert report.lower <= whole.lower <= report.upper + 1
    assert tight > 0


def shifted(scores: list[list[object]], shift: Callable[[list[object]], object]) -> int:
    shifts = [shift(row) for row in scores]
    return eliminated([[s - t for s in row] for row, t in zip(scores, shifts, strict=True)], TINY)


def log_sum_exp(row: list[object]) -> object:
    return mpmath.log(mpmath.fsum(mpmath.exp(s) for s in row))


def rank_of_log_probs(logits: LowRankLogits, f: PointwiseFunction) -> int:
    with mpmath.workdps(150):
        scores = [[mpmath.mpf(s.numerator) / s.denominator for s in row] for row in exact_scores(logits, f)]
        return shifted(scores, log_sum_exp)


def mp_scores(logits: LowRankLogits, f: Callable[[object], object]) -> list[list[object]]:
    exact = exact_scores(logits, Identity())
    return [[f(mpmath.mpf(a.numerator) / a.denominator) for a in row] for row in exact]


SMOOTH = [
    (Exp(), mpmath.exp),
    (SigSoftmax(), lambda z: 2 * z - mpmath.log1p(mpmath.exp(z))),
    (GSS(-1.5, 2.5), lambda z: 2.5 * (z + 1.5) - 1.5 - 1.5 * mpmath.log1p(mpmath.exp(z + 1.5))),
    (SoftCap(2.0), lambda z: 2 * mpmath.tanh(z / 2)),
    (Sigmoid(), lambda z: 1 / (1 + mpmath.exp(-z))),
    (SiLU(), lambda z: z / (1 + mpmath.exp(-z))),
    (Softplus(), lambda z: mpmath.log1p(mpmath.exp(z))),
]


@pytest.mark.parametrize(("f", "same"), SMOOTH, ids=lambda f: getattr(f, "name", ""))
@pytest.mark.parametrize("bias", [False, True])
def test_smooth_families_against_150_digits(f: PointwiseFunction, same: object, bias: bool) -> None:
    rng = np.random.default_rng(5 + bias)
    tight = 0
    for _ in range(8):
        logits = drawn(rng, *rng.integers(1, 8, 2), int(rng.integers(1, 4)), bias, scale=1 / 32)
        with mpmath.workdps(150):
            scores = mp_scores(logits, same)
            want = {
                "scores": shifted(scores, lambda row: 0),
                "centred": shifted(scores, lambda row: mpmath.fsum(row) / len(row)),
                "log_probs": shifted(scores, log_sum_exp),
            }
        for subject, rank in want.items():
            report = rank_bounds(logits, f, subject)
            holds(report, logits, rank)
            tight += report.lower == rank
    assert tight == 24


# -- what floating point does not see --


def test_exp_on_a_line_has_full_rank_that_numpy_does_not_see() -> None:
    rng = np.random.default_rng(0)
    logits = Head(rng.standard_normal((30, 1))).logits(rng.standard_normal((30, 1)))
    report = rank_bounds(logits, Exp(), "scores")
    assert report.exact == 30
    assert report.numerical < 20
    assert "below it" in repr(report)
    assert check(report.lower_proof.certificate, logits)


def test_scale_hides_rank_from_floats_only() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((20, 30))
    X[0] *= 1e17
    report = rank_bounds(X)
    assert (report.exact, report.numerical) == (20, 1)
    wild = np.ldexp(rng.standard_normal((6, 6)), rng.integers(-1000, 1000, (6, 6)))
    assert rank_bounds(wild).exact == 6
    assert rank_bounds(np.diag([5e-324, 1.0, 1e308])).exact == 3


def test_rounding_noise_is_rank_exactly() -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((12, 2)) @ rng.standard_normal((2, 12))
    assert rank_bounds(X.astype("float32")).exact == 12
    factored = Head(rng.standard_normal((12, 2))).logits(rng.standard_normal((12, 2)))
    assert rank_bounds(factored, None, "scores").exact == 2


# -- nothing changes under --


@pytest.mark.parametrize("f", [Identity(), LeakyReLU(0.25), SigSoftmax()], ids=lambda f: f.name)
def test_permutations_and_powers_of_two(f: PointwiseFunction) -> None:
    rng = np.random.default_rng(3)
    W, b, H = (
        rng.integers(-9, 10, (14, 2)) / 4,
        rng.integers(-9, 10, 14) / 4,
        rng.integers(-9, 10, (11, 2)) / 4,
    )
    base = rank_bounds(Head(W, b).logits(H), f)
    order = rng.permutation(14)
    assert same(base, rank_bounds(Head(W[order], b[order]).logits(H[rng.permutation(11)]), f))
    if not isinstance(f, SigSoftmax):  # homogeneous
        assert same(base, rank_bounds(Head(W * 2.0**30, b).logits(H * 2.0**-30), f))
    doubled = Head(np.repeat(W, 2, axis=0), np.repeat(b, 2)).logits(np.repeat(H, 3, axis=0))
    assert same(base, rank_bounds(doubled, f))


def test_a_common_bias_changes_no_log_probability() -> None:
    rng = np.random.default_rng(4)
    W, H = rng.standard_normal((14, 3)), rng.standard_normal((11, 3))
    assert same(rank_bounds(Head(W).logits(H)), rank_bounds(Head(W, np.full(14, 0.1)).logits(H)))


def same(one: RankReport, other: RankReport) -> bool:
    return (one.lower, one.upper) == (other.lower, other.upper)


# -- ends quickly, and says what it could not do --


@pytest.mark.parametrize("same", ["all of W", "one column of W"])
def test_what_all_classes_share_changes_no_log_probability(same: str) -> None:
    rng = np.random.default_rng(4)
    W, b = rng.standard_normal((9, 3)), rng.standard_normal(9)
    H = rng.standard_normal((12, 3))
    if same == "all of W":
        W[:] = W[0]
        assert rank_bounds(Head(W, b).logits(H)).exact == 1
        assert rank_bounds(Head(W, b).logits(H), subject="centred").exact == 1
        assert rank_bounds(Head(W, b).logits(H), SigSoftmax()).exact == 9  # a bend tells the contexts apart
    else:
        W[:, 0], H[:, 1:] = W[0, 0], H[0, 1:]
        assert rank_bounds(Head(W).logits(H)).exact == 1
        H[1, 2] += 1.0
        assert rank_bounds(Head(W).logits(H)).exact == 2


@pytest.mark.parametrize("power", [-560, 500])
def test_segments_at_the_ends_of_float64(power: int) -> None:
    """Products that underflow to 0 lie on either side of a kink at 0; norms that are squared overflow."""
    rng = np.random.default_rng(8)
    logits = drawn(rng, 9, 8, 2, bias=False)
    tiny = Head(np.ldexp(logits.head.W, power)).logits(np.ldexp(logits.H, power))
    want = eliminated(exact_scores(logits, LeakyReLU(0.25)))
    holds(rank_bounds(tiny, LeakyReLU(0.25), "scores"), tiny, want)


def test_log_sum_exps_of_scores_beyond_the_reach_of_exp() -> None:
    rng = np.random.default_rng(2)
    H, W = rng.standard_normal((6, 2)), rng.standard_normal((7, 2))
    for scale in (1e3, 1e20, 1e200):
        logits = Head(scale * W).logits(H)
        report = rank_bounds(logits, SigSoftmax())
        holds(report, logits, 6)
        assert report.exact == 6
    steep = Head(100 * W).logits(H)  # the scores themselves are exponentials as large as 1e120
    assert rank_bounds(steep, Exp()).exact == 6


def test_singular_determinants_do_not_keep_the_search_going() -> None:
    """No precision shows that a singular determinant differs from 0, so the search must stop by itself."""
    rng = np.random.default_rng(5)
    half, W = rng.standard_normal((6, 1)), rng.standard_normal((12, 1))
    # f(a) - f(-a) = 3a for SigSoftmax, so six opposite pairs span seven dimensions; an odd f halves them
    for f, rank in [(SigSoftmax(), 7), (SoftCap(1.0), 6)]:
        logits = Head(W).logits(np.concatenate([half, -half]))
        assert rank_bounds(logits, f, "scores").exact == rank
        unseen = Head(W, np.zeros(12)).logits(logits.H)  # a bias, though of zeros: no symmetry is looked for
        report = rank_bounds(unseen, f, "scores")
        assert (report.lower, report.upper) == (rank, 12)
    assert rank_bounds(logits, Polynomial({1: 1.0, 3: 1.0}), "scores").exact == 2


@pytest.mark.parametrize(
    "f",
    [
        SoftCap(1.0),
        Sigmoid(),
        SiLU(),
        Softplus(),
        SigSoftmax(),
        LeakyReLU(0.5),
        Polynomial({0: 1.0, 2: 2.0}),
    ],
    ids=lambda f: f.name,
)
@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
def test_opposites_count_once(f: PointwiseFunction, subject: str) -> None:
    rng = np.random.default_rng(9)
    half, other = rng.integers(1, 40, (5, 3)) / 16, rng.integers(-40, 40, (23, 3)) / 16
    twice = np.concatenate([half, -half, np.zeros((1, 3))])
    for H, W in [(twice, other), (other, twice)]:
        report = rank_bounds(Head(W).logits(H), f, subject)
        opposite = [bound for bound in report.all_bounds if bound.kind == "opposites"]
        assert opposite
        assert opposite[0].value < 11 + (subject == "log_probs")
        assert opposite[0].value >= report.lower
        if f.parity in ("odd", "even", "constant + odd"):
            assert report.exact is not None
        # with a bias contexts are opposite no more, and classes only if their biases are
        for b, found in [(W[:, 0], W is twice), (1 + abs(W[:, 0]), False)]:
            biased = rank_bounds(Head(W, b).logits(H), f, subject)
            assert ("opposites" in {bound.kind for bound in biased.all_bounds}) == found


@pytest.mark.parametrize("f", [Exp(), SoftCap(3.0), Sigmoid(), SiLU()], ids=lambda f: f.name)
@pytest.mark.parametrize("d", [1, 2])
def test_transcendence_proves_what_no_float_sees(f: PointwiseFunction, d: int) -> None:
    rng = np.random.default_rng(d)
    W, H = rng.standard_normal((70, d)), rng.standard_normal((60, d))
    logits = Head(W, rng.standard_normal(70) if d == 1 else None).logits(H)
    for subject in ("scores", "centred"):
        report = rank_bounds(logits, f, subject)
        assert report.exact == 60
        assert "Lindemann" in report.lower_proof.reason
        assert check(report.lower_proof.certificate, logits)
        if d == 1:
            assert report.numerical < 30
    proof = report.lower_proof.certificate
    contexts = proof.contexts.copy()
    contexts[7] = contexts[3]
    assert not check(replace(proof, contexts=contexts), logits.head)


def test_max_minor_caps_the_proof_and_says_so() -> None:
    rng = np.random.default_rng(6)
    logits = Head(rng.standard_normal((30, 4))).logits(rng.standard_normal((25, 4)))
    report = rank_bounds(logits, SigSoftmax(), max_minor=9)
    assert (report.lower, report.upper, report.exact) == (9, 25, None)
    assert "max_minor=9" in report.lower_proof.reason
    assert len(report.lower_proof.certificate.rows) == 9


def test_one_precision_is_tried_whatever_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rankkit.ranks.lower.WORK", 1.0)
    rng = np.random.default_rng(10)
    report = rank_bounds(
        Head(rng.standard_normal((12, 4))).logits(rng.standard_normal((11, 4))), SigSoftmax()
    )
    assert report.exact == 11
    narrow = Head(rng.standard_normal((31, 1))).logits(rng.standard_normal((30, 1)))
    line = rank_bounds(narrow, SigSoftmax(), "scores")
    assert 5 < line.lower < line.upper == 30
    assert "up to 64 bits" in line.lower_proof.reason


class Asinh(MonotoneFunction):
    def __call__(self, z: np.ndarray) -> np.ndarray:
        return np.arcsinh(z)

    def slope(self, z: np.ndarray) -> np.ndarray:
        return 1 / np.hypot(1, z)


class ProvableAsinh(Asinh):
    def ball(self, z: object) -> object:
        return z.asinh()

    def spec(self) -> dict:
        return {"family": "ProvableAsinh", "parameters": {}}


class Boastful(ProvableAsinh):
    @property
    def powers(self) -> dict[int, float]:
        return {1: 1.0}


def test_functions_of_ones_own() -> None:
    rng = np.random.default_rng(7)
    logits = Head(rng.standard_normal((9, 2))).logits(rng.standard_normal((8, 2)))
    mute = rank_bounds(logits, Asinh())
    assert (mute.lower, mute.upper, mute.numerical) == (0, 8, 8)
    assert mute.lower_proof.reason == "Asinh has no ball(): nothing can be proved"
    told = rank_bounds(logits, ProvableAsinh())
    assert told.exact == 8
    assert told.lower_proof.certificate is None
    assert "does not know ProvableAsinh" in told.lower_proof.reason
    with pytest.raises(CertificateError, match=r"contradicts rank <= 3.*powers of Boastful"):
        rank_bounds(logits, Boastful())


def test_certificates_are_about_these_weights_and_this_claim() -> None:
    rng = np.random.default_rng(8)
    head = Head(rng.standard_normal((9, 3)), rng.standard_normal(9))
    logits = head.logits(rng.standard_normal((8, 3)))
    for f, subject in [(None, "log_probs"), (SigSoftmax(), "centred"), (Polynomial({2: 1.0}), "scores")]:
        proof = rank_bounds(logits, f, subject).lower_proof.certificate
        assert check(proof, logits)
        W = head.W.copy()
        W[0, 0] = np.nextafter(W[0, 0], 9)
        refusals = [
            check(proof, Head(W, head.b)),
            check(replace(proof, rows=proof.rows[:-1]), logits),
            check(replace(proof, cols=(*proof.cols[:-1], proof.cols[0])), logits),
            check(replace(proof, contexts=np.repeat(proof.contexts[:1], len(proof.rows), axis=0)), logits),
            check(replace(proof, head="0" * 64), logits),
        ]
        assert not any(refusals)
    count = rank_bounds(logits).upper_proof.certificate
    assert not check(replace(count, rank=count.rank - 1), logits)


def test_a_head_stands_for_its_weights() -> None:
    rng = np.random.default_rng(9)
    head = Head(rng.standard_normal((9, 3)), rng.standard_normal(9))
    report = rank_bounds(head)
    assert (report.subject, report.exact) == ("matrix", 3)
    assert check(report.lower_proof.certificate, head)
    assert not check(report.lower_proof.certificate, Head(head.W))


def test_report_speaks_for_itself() -> None:
    report = rank_bounds(np.eye(3))
    assert repr(report).startswith("RankReport: matrix 3 x 3, rank 3 proved, 3 seen at tolerance")
    assert report.rows()[0]["side"] == "lower"
    assert {row["value"] for row in report.rows()} == {3}
    assert "<table>" in report._repr_html_()
    assert report.tolerance > 0
    assert "numpy" in report.rule
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(report)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.array([[1.0, np.nan]]), r"first is at \(0, 1\)"),
        (np.array([[1.0, -np.inf]]), r"first is at \(0, 1\)"),
        (np.ones(4), "has 1 axis"),
        (np.ones((2, 2, 2)), "has 3 axes"),
        (np.ones((0, 4)), "empty axis"),
        (np.array([[2**53 + 1]]), r"beyond 2\*\*53"),
    ],
    ids=["nan", "infinite", "1-D", "3-D", "empty", "large integer"],
)
def test_matrices_that_cannot_be_used(value: np.ndarray, error: str) -> None:
    with pytest.raises(InputError, match=error):
        rank_bounds(value)


def test_options_that_cannot_be_used() -> None:
    logits = Head(np.eye(3)).logits(np.eye(3))
    for bad, error, kind in [
        ({"subject": "logits"}, "subject is 'logits'", InputError),
        ({"subject": "matrix"}, "subject is 'matrix'", InputError),
        ({"max_minor": 0}, "max_minor is 0", InputError),
        ({"max_minor": 2.5}, "max_minor is 2.5", TypeError),
        ({"seed": -1}, "seed is -1", InputError),
    ]:
        with pytest.raises(kind, match=error):
            rank_bounds(logits, **bad)
    with pytest.raises(InputError, match="a plain matrix takes no f"):
        rank_bounds(np.eye(3), SigSoftmax())
    with pytest.raises(TypeError, match="complex"):
        rank_bounds(np.eye(3, dtype=complex))
    with pytest.raises(InputError, match=r"not finite for 3 logits"):
        rank_bounds(Head(np.eye(3)).logits(np.diag([1e3, 1e3, 1e3])), Exp())


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64"])
def test_exact_dtypes_and_odd_layouts(dtype: str) -> None:
    X = np.arange(12).reshape(3, 4).astype(dtype)
    assert rank_bounds(X).exact == rank_bounds(np.asfortranarray(X)[::-1, ::-1]).exact == 2
