"""The checker accepts what is true and proved, refuses everything else, and needs nothing of rankkit."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rankkit as rk
from rankkit import certificates
from rankkit.certificates import Combination, Minor, Monomials, Witness, check, checker
from rankkit.certificates.checker import Refusal, classes, exact, files, rank, simplex
from rankkit.functions import families

SPEC = {"family": "SigSoftmax", "parameters": {}}
TWO_SPEC = {"family": "Polynomial", "parameters": {"coefficients": {"1": (1.0).hex(), "2": (0.5).hex()}}}


def simplex_head(d: int, seed: int, bias: bool = False) -> rk.Head:
    """A simplex of d + 1 rows, then one row inside it."""
    rng = np.random.default_rng(seed)
    corners = rng.standard_normal((d + 1, d))
    W = np.vstack([corners, rng.dirichlet(np.ones(d + 1)) @ corners])
    return rk.Head(W, np.append(np.zeros(d + 1), -0.25) if bias else None)


def simplex_certificate(head: rk.Head) -> Combination:
    corners, inside = head.W[:-1], head.W[-1]
    weights = np.linalg.solve(np.vstack([corners.T, np.ones(head.d + 1)]), np.append(inside, 1))
    return Combination(head.fingerprint, head.d + 1, tuple(range(head.d + 1)), weights)


def wins_exactly(W: np.ndarray, b: np.ndarray | None, i: int, x: np.ndarray) -> bool:
    """The definition, in fractions: what the fast path of the checker must agree with."""
    bias = [0.0] * len(W) if b is None else b.tolist()
    logits = [
        sum((Fraction(w) * Fraction(v) for w, v in zip(row, x.tolist(), strict=True)), Fraction(c))
        for row, c in zip(W.tolist(), bias, strict=True)
    ]
    return all(logits[i] > other for j, other in enumerate(logits) if j != i)


# --- exact arithmetic ---


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_integers_are_the_floats(values):
    whole, e = exact.integers(np.array(values))
    assert [int(n) * Fraction(2) ** e for n in whole] == [Fraction(v) for v in values]


@settings(max_examples=50)
@given(st.integers(1, 5), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_limb_product_is_exact(n, bits, seed):
    rng = np.random.default_rng(seed)
    A, B = (
        np.array(
            [[int.from_bytes(rng.bytes(bits // 8 + 1)) - (1 << bits) for _ in range(n)] for _ in range(n)],
            object,
        )
        for _ in range(2)
    )
    assert (exact.product(A, B) == A @ B).all()


def test_dominance_encloses_the_exact_solution():
    rng = np.random.default_rng(1)
    A, _ = exact.integers(rng.integers(-9, 10, (5, 5)) + 20 * np.eye(5))
    right = np.array([1, 2, 3, 4, 5], dtype=object)
    guess = [Fraction(v) for v in np.linalg.solve(A.astype(float), right.astype(float)).tolist()]
    radius = exact.solution_radius(A, right, guess)
    import sympy

    solution = sympy.Matrix(A.tolist()).LUsolve(sympy.Matrix(right.tolist()))
    assert radius is not None
    assert all(abs(Fraction(int(s.p), int(s.q)) - g) <= radius for s, g in zip(solution, guess, strict=True))
    singular = A.copy()
    singular[1] = singular[0]
    assert exact.solution_radius(singular, right, guess) is None


# --- witnesses ---


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("bias", [False, True])
def test_witness_check_is_the_definition(seed, bias):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-150, 150)
    W = rng.integers(-3, 4, (9, 2)) * scale  # small integers: exact ties abound
    b = rng.integers(-3, 4, 9) * scale if bias else None
    head = rk.Head(W, b)
    for x in rng.integers(-3, 4, (8, 2)).astype(float):
        for i in range(9):
            assert (check(Witness(head.fingerprint, i, x), head) is True) == wins_exactly(W, b, i, x)


def test_witness_by_a_hair():
    W = np.array([[1.0, 0], [0, 1], [0.5, 0.5 + 1e-9]])
    head = rk.Head(W)
    assert check(Witness(head.fingerprint, 2, np.array([1.0, 1.0])), head) is True
    lower = rk.Head(W - np.array([[0, 0], [0, 0], [0, 2e-9]]))
    refusal = check(Witness(lower.fingerprint, 2, np.array([1.0, 1.0])), lower)
    assert refusal == "class 0 beats class 2 at this state"


def test_a_state_may_be_a_sum_of_terms():
    """Between 1 - 2**-53 and 1 lies no float64, but a sum of two."""
    head = rk.Head([[0.0, 0.0], [1.0, -1.0], [-1.0, 1 - 2.0**-53]])
    terms = np.array([[1.0, 1.0], [-(2.0**-54), 0.0]])
    assert check(Witness(head.fingerprint, 0, terms), head) is True
    assert (
        check(Witness(head.fingerprint, 0, terms.sum(axis=0)), head)
        == "class 1 ties with class 0 at this state"
    )
    assert check(Witness(head.fingerprint, 0, 2 * terms[:1]), head) is not True
    assert check(Witness(head.fingerprint, 0, terms[:0]), head) is not True


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e300])
def test_witness_at_the_ends_of_the_range(scale):
    head = rk.Head(np.array([[1.0, 0], [0, 1.0]]) * scale)
    assert check(Witness(head.fingerprint, 0, np.array([1e300, 0.0])), head) is True
    assert check(Witness(head.fingerprint, 0, np.array([5e-324, 5e-324])), head) is not True


@pytest.mark.parametrize(
    ("W", "x", "loser"),
    [
        # a float64 product overflows to -inf for the class that wins
        ([[-0.85e308, 0, 0], [-0.8e308, -0.8e308, 0.8e308]], [2.0, 2, 2], 0),
        # the lengths underflow, and with them a careless bound on the rounding
        (
            [
                [4.4745066819006955e286, 6.375562011640596e286],
                [4.474506681900696e286, 6.375562011640595e286],
            ],
            [4.175e-321, 6.64e-321],
            1,
        ),
    ],
)
def test_false_witnesses_at_the_ends_of_the_range(W, x, loser):
    head = rk.Head(W)
    assert not wins_exactly(head.W, None, loser, np.array(x))
    assert check(Witness(head.fingerprint, loser, np.array(x)), head) is not True


def test_ties_are_only_for_identical_rows():
    head = rk.Head([[1.0, 0], [1, 0], [0, 1], [2, -1]])
    x = np.array([0.0, -1.0])
    assert check(Witness(head.fingerprint, 3, x), head) is True
    tied = rk.Head([[1.0, 0], [1, 0], [0, 1]])
    x = np.array([1.0, 0.0])
    assert check(Witness(tied.fingerprint, 0, x), tied) == "class 1 ties with class 0 at this state"
    assert check(Witness(tied.fingerprint, 0, x, ties=(1,)), tied) is True
    for wrong in [(0,), (1, 1), (2,), (1, 2)]:
        assert check(Witness(tied.fingerprint, 0, x, ties=wrong), tied) is not True
    other = rk.Head([[1.0, 0], [1, 1], [0, 1]])
    assert check(Witness(other.fingerprint, 0, x, ties=(1,)), other) is not True


# --- combinations ---


@pytest.mark.parametrize("d", [1, 2, 5, 17, 60])
@pytest.mark.parametrize("bias", [False, True])
def test_interior_of_a_simplex(d, bias):
    head = simplex_head(d, seed=d, bias=bias)
    assert check(simplex_certificate(head), head) is True


def test_enclosure_near_a_facet():
    corners = np.array([[0.0, 0], [1, 0], [0, 1]])
    rows = (0, 1, 2)
    for offset, inside in [(1e-12, True), (-1e-12, False)]:
        head = rk.Head(np.vstack([corners, [[0.3, offset]]]))
        weights = np.array([0.7 - offset, 0.3, offset])
        assert (check(Combination(head.fingerprint, 3, rows, weights), head) is True) == inside


@pytest.mark.parametrize("flat", [0, 3, 5, 6, 9])
def test_only_what_is_inside_is_enclosed(flat):
    """Simplices ever flatter, and classes by their facets: no weight is shown to be positive that is not."""
    rng, d, answers = np.random.default_rng(flat), 4, []
    for _ in range(60):
        corners = rng.standard_normal((d + 1, d)) * 10.0 ** -np.array([0, 0, 0, flat])
        weights = np.append(rng.dirichlet(np.ones(d)), rng.choice([-1, 1]) * 10.0 ** rng.uniform(-18, -1))
        W = np.vstack([corners, weights / weights.sum() @ corners])
        corners, guess = np.arange(d + 1)[None], weights[None] / weights.sum()
        shown = simplex.enclosed(W, None, corners, np.zeros(1, int), np.array([d + 1]), guess)[0]
        columns = [[Fraction(x) for x in (*row, 1.0)] for row in W.tolist()]
        table = flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in columns])
        M = flint.fmpq_mat([[table[j, k] for j in range(d + 1)] for k in range(d + 1)])
        t = flint.fmpq_mat([[table[d + 1, k]] for k in range(d + 1)])
        inside = min(M.solve(t).entries()) >= 0
        assert inside or not shown
        answers.append((inside, shown))
    assert (True, True) in answers
    assert (False, False) in answers


@pytest.mark.parametrize("apart", [1e-6, 1e-8, 1e-10])
def test_corners_close_to_one_another_beside_others_far_away(apart):
    """Weights of the far corners are as small as the near ones are close, and so are their errors."""
    rng, d, shown = np.random.default_rng(2), 6, []
    for k in range(40):
        corners = rng.standard_normal((d + 1, d))
        corners[:4] = corners[0] + apart * corners[:4]
        shares = np.where(np.arange(d + 1) < 4, 1.0, apart) * rng.uniform(0.1, 1, d + 1)
        shares[5] *= 1 - 2 * (k % 2)  # every other one is outside, by as little
        W = np.vstack([corners, shares / shares.sum() @ corners])
        M = [[Fraction(v) for v in (*row, 1.0)] for row in W.tolist()]
        table = flint.fmpq_mat(
            d + 1, d + 1, [flint.fmpq(*v.as_integer_ratio()) for row in M[:-1] for v in row]
        )
        target = flint.fmpq_mat(d + 1, 1, [flint.fmpq(*v.as_integer_ratio()) for v in M[-1]])
        weights = [Fraction(int(v.p), int(v.q)) for v in table.transpose().solve(target).entries()]
        guess = np.array([[float(v) for v in weights]])
        corners, of, classes = np.arange(d + 1)[None], np.zeros(1, int), np.array([d + 1])
        good = bool(simplex.enclosed(W, None, corners, of, classes, guess)[0])
        assert min(weights) >= 0 or not good
        shown.append((min(weights) >= 0, good))
    assert shown.count((True, True)) >= 18
    assert shown.count((False, False)) >= 18


def test_no_singular_value_is_below_its_bound():
    rng, sizes = np.random.default_rng(0), (1.0, 1e-2, 1e-4, 1e-6, 1e-9, 0.0)
    for n in (1, 2, 5, 40, 130):
        Q, P = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
        several = [Q * (np.geomspace(1.0, s, n) if s else np.arange(n) < n - 1) @ P for s in sizes]
        bounds = simplex._least_singular_values(np.array(several))
        for M, bound, least in zip(several, bounds, sizes, strict=True):
            assert bound <= np.linalg.svd(M, compute_uv=False)[-1] + 1e-14
            assert (bound > 0) == (least >= 1e-4 or (n == 1 and least > 0))


@pytest.mark.parametrize("together", [simplex.TOGETHER, 1])
def test_simplices_are_decided_together_as_alone(together, monkeypatch):
    """Of sizes from one end of float64 to the other, one of them singular, some without classes."""
    monkeypatch.setattr(simplex, "TOGETHER", together)
    rng, d, W, corners, of, weights = np.random.default_rng(5), 3, [], [], [], []
    for k, size in enumerate((1.0, 1e-300, 1e300, 1.0, 1e-9)):
        corners.append(range(len(W), len(W) + d + 1))
        W += list(size * rng.standard_normal((d + 1, d)))
        if k == 3:
            W[-1] = W[-2]
        if k != 4:
            weights += [rng.dirichlet(np.ones(d + 1)), np.array([1.1, -0.1, 0.0, 0.0])]
            of += [k, k]
    classes = np.arange(len(W), len(W) + len(of))
    W = np.vstack([*W, *(w @ np.array(W)[corners[k]] for w, k in zip(weights, of, strict=True))])
    shown = simplex.enclosed(W, None, np.array(corners), np.array(of), classes, np.array(weights))
    alone = [
        simplex.enclosed(W, None, np.array([corners[k]]), np.zeros(1, int), classes[[m]], weights[m][None])[0]
        for m, k in enumerate(of)
    ]
    assert shown.tolist() == alone
    assert shown.tolist() == [True, False, True, False, True, False, False, False]


def test_exact_weights_on_an_edge():
    head = rk.Head([[0.0, 3, 1], [3, 0, 1], [1, 2, 1]])
    third = (Fraction(2, 3), Fraction(1, 3))
    assert check(Combination(head.fingerprint, 2, (0, 1), third), head) is True
    assert check(Combination(head.fingerprint, 2, (0, 1), np.array([2 / 3, 1 / 3])), head) is not True


def test_bias_must_be_reached():
    rows, weights = (0, 1), (Fraction(1, 2), Fraction(1, 2))
    for lift, holds in [(0.0, True), (-1.0, True), (1e-300, False)]:
        head = rk.Head([[0.0], [2.0], [1.0]], b=[0.0, 0.0, lift])
        assert (check(Combination(head.fingerprint, 2, rows, weights), head) is True) == holds


# --- minors and monomials ---


def logits(contexts=30, classes=40, d=3, seed=0, bias=True) -> rk.LowRankLogits:
    rng = np.random.default_rng(seed)
    b = rng.standard_normal(classes) if bias else None
    return rk.Head(rng.standard_normal((classes, d)), b).logits(rng.standard_normal((contexts, d)))


def minor(A: rk.LowRankLogits, subject: str, k: int, spec: dict | None, bits: int = 64) -> Minor:
    cols = range(k + (subject == "centred"))
    return Minor(A.head.fingerprint, subject, tuple(range(k)), tuple(cols), spec, A.H[:k], bits)


@pytest.mark.parametrize(("subject", "rank"), [("scores", 4), ("centred", 4), ("log_probs", 5)])
def test_linear_minors_stop_at_the_ladder(subject, rank):
    A = logits(bias=True)
    spec = {"family": "Identity", "parameters": {}}
    assert check(minor(A, subject, rank, spec), A) is True
    assert check(minor(A, subject, rank + 1, spec), A) is not True


@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("Exp", {}),
        ("SigSoftmax", {}),
        ("Sigmoid", {}),
        ("SiLU", {}),
        ("Softplus", {}),
        ("GSS", {"c": (-1.5).hex(), "k": (2.5).hex()}),
        ("SoftCap", {"bound": (3.0).hex()}),
        ("LeakyReLU", {"slope_below": (0.1).hex()}),
    ],
)
def test_minors_of_other_families(subject, family, parameters):
    A = logits(d=4)
    assert check(minor(A, subject, 12, {"family": family, "parameters": parameters}, 128), A) is True


def test_normaliser_counts_where_one_class_always_wins():
    """Row maxima are then a column of the scores, and only the log-sum-exps themselves add a rank."""
    A = logits(d=3)
    b = np.append([12.0, -12.0], A.head.b[2:])
    lopsided = rk.Head(A.head.W, b).logits(0.3 * A.H)
    scores = lopsided.dense()
    assert (scores.argmax(axis=1) == 0).all()
    spec = {"family": "Identity", "parameters": {}}
    claim = Minor(
        lopsided.head.fingerprint,
        "log_probs",
        tuple(range(5)),
        tuple(range(5, 10)),
        spec,
        lopsided.H[:5],
        128,
    )
    assert check(claim, lopsided) is True
    assert check(minor(lopsided, "log_probs", 6, spec, 128), lopsided) is not True


def test_minor_with_a_repeated_context_is_refused():
    A = logits()
    twice = rk.LowRankLogits(np.vstack([A.H[:5], A.H[:1]]), A.head)
    assert check(minor(twice, "scores", 6, SPEC, 256), twice) is not True


def test_smooth_families_in_one_dimension_need_and_have_many_bits():
    A = logits(d=1, bias=False)
    assert check(minor(A, "scores", 30, SPEC, 64), A) is not True
    assert check(minor(A, "scores", 30, SPEC, 512), A) is True


@pytest.mark.parametrize(
    "spec",
    [
        f.spec()
        for f in (rk.functions.Exp(), rk.functions.SoftCap(2.0), rk.functions.Sigmoid(), rk.functions.SiLU())
    ],
)
def test_functions_of_an_exponential_need_no_bits(spec):
    A = logits(d=1, bias=False)
    assert check(minor(A, "scores", 30, spec, 32), A) is True
    assert check(minor(A, "centred", 29, spec, 32), A) is True
    assert np.linalg.matrix_rank(np.exp(A.dense())) < 30
    twice = rk.LowRankLogits(np.vstack([A.H[:5], A.H[:1]]), A.head)
    assert check(minor(twice, "scores", 6, spec, 256), twice) is not True


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("subject", ["scores", "centred", "log_probs"])
def test_monomials_meet_minors(subject, bias):
    d = 2
    A = logits(d=d, bias=bias)
    count = comb(d + 2, 2) if bias else d + comb(d + 1, 2)
    count += subject == "log_probs"
    claim = Monomials(A.head.fingerprint, subject, TWO_SPEC, A.shape, d, bias, count)
    assert check(claim, A) is True
    assert check(minor(A, subject, count, TWO_SPEC), A) is True
    lower = Monomials(A.head.fingerprint, subject, TWO_SPEC, A.shape, d, bias, count - 1)
    assert check(lower, A) is not True


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("LeakyReLU", {"slope_below": (-1.0).hex()}),
        ("LeakyReLU", {"slope_below": "0x1p0", "note": 1}),
        ("LeakyReLU", {}),
        ("PLIF", {"slopes": ["-0x1p0", "0x1p0"], "bound": "0x1p2", "knots": None}),
        ("PLIF", {"slopes": ["0x1p0", "0x1p1", "0x1p0"], "bound": None, "knots": ["0x1p1", "0x1p0"]}),
        ("PLIF", {"slopes": ["0x1p0", "0x1p1"], "bound": None, "knots": ["0x1p1", "0x1p2"]}),
        ("SoftCap", {"bound": "-0x1p0"}),
        ("SoftCap", {}),
        ("Polynomial", {"coefficients": {"-1": "0x1p0", "1": "0x1p0"}}),
        ("Polynomial", {"coefficients": {"1000000000": "0x1p0"}}),
        ("Polynomial", {"coefficients": {"01": "0x1p0"}}),
        ("Exp", {"base": 2}),
        ("SoftCap", {"bound": None}),
        ("SoftCap", {"bound": []}),
        ("PLIF", {"slopes": "123", "bound": None, "knots": "31"}),
    ],
)
def test_parameters_outside_a_family_are_refused(family, parameters):
    """A leaky ReLU that falls on one side sends states h and -h to one row of log-probabilities."""
    head, spec = rk.Head([[2.0], [3.0]]), {"family": family, "parameters": parameters}
    for subject in ("scores", "log_probs"):
        claim = Minor(head.fingerprint, subject, (0, 1), (0, 1), spec, np.array([[-3.0], [3.0]]), 256)
        assert check(claim, head) is not True
    assert check(Monomials(head.fingerprint, "scores", spec, (2, 2), 1, False, 2), head) is not True


@pytest.mark.parametrize("size", [1e9, 1e18, 1e300])
def test_enclosures_end_at_any_size_of_score(size):
    specs = [
        {"family": name, "parameters": {}} for name in ("Exp", "Identity", "Sigmoid", "SiLU", "Softplus")
    ]
    head, line = rk.Head([[1.0], [0.5]]), specs[1]
    for spec, sign in product([*specs, rk.functions.SoftCap(2.0).spec()], (1, -1)):
        for subject in ("scores", "log_probs"):
            states = sign * size * np.array([[1.0], [2.0]])
            verdict = check(Minor(head.fingerprint, subject, (0, 1), (0, 1), spec, states), head)
            assert verdict is True or isinstance(verdict, Refusal)
    one = rk.Head([[-(np.log(10) * size)]])
    claim = Minor(one.fingerprint, "log_probs", (0,), (0,), line, np.ones((1, 1)))
    assert check(claim, one) is not True  # a single class has log-probability 0


@pytest.mark.parametrize(
    ("W", "b"),
    [
        (np.array([[np.nan, 0], [0, 1]]), None),
        (np.array([[np.inf, 0], [0, 1]]), None),
        (np.eye(2, dtype=np.longdouble), None),
        (np.eye(2), np.zeros(3)),
        (np.eye(2), np.array([0, np.nan])),
        (np.ones(2), None),
    ],
)
def test_the_checker_refuses_weights_that_are_no_head(W, b):
    claim = Minor(files.fingerprint(np.eye(2), None), "matrix", (0, 1), (0, 1)).to_json()
    assert not checker.check([claim], W, b)[0]


@pytest.mark.parametrize("certificate", [[1], "x", None, 5, {}, {"kind": ["witness"]}])
def test_what_is_no_certificate_is_refused(certificate):
    assert not checker.check([certificate], np.eye(2))[0]


def test_minor_of_the_weights():
    A = logits()
    W = A.head
    assert check(Minor(W.fingerprint, "matrix", (0, 1, 2), (0, 1, 2)), W) is True
    flat = rk.Head(np.outer([1.0, 2, 3], [1.0, 2, 3]))
    assert check(Minor(flat.fingerprint, "matrix", (0, 1), (0, 1)), flat) is not True


def test_claims_for_other_contexts_are_refused():
    A, B = logits(seed=0), logits(seed=0, contexts=29)
    other = rk.LowRankLogits(A.H[::-1], A.head)
    proof = minor(A, "scores", 4, SPEC)
    assert check(proof, A.head) is True
    assert check(proof, B) is True
    assert check(proof, other) == "the certificate is for other contexts"


# --- mutations ---


def mutations(c: dict) -> list[dict]:
    """Certificates that are wrong, each in one way."""
    out = []

    def change(**fields: object) -> None:
        out.append(copy.deepcopy(c) | fields)

    change(head="0" * 64)
    change(kind="proof")
    change(surprise=1)
    for key in c:
        out.append({k: v for k, v in c.items() if k != key})
    if "class" in c:
        for wrong in (-1, 10**6, 1.0, True, None, "0"):
            change(**{"class": wrong})
        change(**{"class": 0 if c["class"] else 1})
    if c["kind"] == "witness":
        x = files.decode(c["x"])
        change(x=certificates.kinds.encode(-x))
        change(x=certificates.kinds.encode(0 * x))
        change(x=certificates.kinds.encode(x[:-1]))
        change(x=certificates.kinds.encode(np.full_like(x, np.nan)))
        change(x={"float64": "!!", "shape": [2]})
        change(ties=[-1])
    if c["kind"] == "combination":
        w = c["weights"]
        change(weights=w[:-1])
        change(weights=["-" + w[0], *w[1:]])
        change(weights=["0x0p+0"] * len(w))
        change(weights=[*w[:-1], "nan"])
        change(weights=[*w[:-1], "1/0"])
        change(weights=[w[1], w[0], *w[2:]])
        change(weights=["1" * 300_000, *w[1:]])
        change(rows=[c["rows"][0]] * len(w))
        change(rows=[c["class"], *c["rows"][1:]])
        change(rows=[-1, *c["rows"][1:]])
        change(rows=[10**6, *c["rows"][1:]])
    if c["kind"] == "minor":
        change(rows=[c["rows"][0]] * len(c["rows"]))
        change(cols=[c["cols"][0]] * len(c["cols"]))
        change(cols=c["cols"][:-1])
        change(rows=c["rows"][:-1])
        change(cols=[-1, *c["cols"][1:]])
        change(subject="everything")
        change(function={"family": "Unknown", "parameters": {}})
        change(contexts=None)
        change(bits=10**9)
        change(bits=-1)
        H = files.decode(c["contexts"])
        H[1] = H[0]
        change(contexts=certificates.kinds.encode(H))
    if c["kind"] == "monomials":
        change(rank=c["rank"] - 1)
        change(d=c["d"] - 1)
        change(bias=not c["bias"])
        change(shape=[c["shape"][0], c["shape"][1] + 1])
        change(function=SPEC)
        change(subject="matrix")
    return out


def examples() -> list[tuple[dict, rk.Head]]:
    d = 4
    inside, A = simplex_head(d, seed=3), logits(bias=False)
    corner = Witness(inside.fingerprint, 0, np.linalg.solve(inside.W[:d] - inside.W[d], np.eye(d)[0]))
    return [
        (corner.to_json(), inside),
        (simplex_certificate(inside).to_json(), inside),
        (minor(A, "scores", 6, SPEC).to_json(), A.head),
        (Monomials(A.head.fingerprint, "scores", TWO_SPEC, A.shape, 3, False, 9).to_json(), A.head),
    ]


@pytest.mark.parametrize("kind", range(4))
def test_every_mutation_is_refused(kind):
    certificate, head = examples()[kind]
    assert check(certificate, head) is True
    for wrong in mutations(certificate):
        verdict = check(wrong, head)
        assert isinstance(verdict, Refusal), wrong
        assert not verdict
        assert len(verdict) > 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 3), st.data())
def test_arbitrary_fields_never_crash_the_checker(kind, data):
    certificate, head = examples()[kind]
    field = data.draw(st.sampled_from(sorted(certificate)))
    wrong = dict(certificate) | {field: data.draw(json_values)}
    if wrong != certificate:
        verdict = check(wrong, head)
        # a true claim may be stated in another way, such as other bits of precision or more ties
        assert verdict is True or isinstance(verdict, Refusal)


# --- files, and the checker on its own ---


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_files_keep_every_claim(tmp_path, suffix):
    head = simplex_head(3, seed=5)
    exact_weights = (Fraction(1, 3), Fraction(2, 3))
    several = [
        Witness(head.fingerprint, 0, np.array([1.0, 2.5, -3.0])),
        Witness(head.fingerprint, 1, np.array([1.0, 1e-9, 0.0]), ties=(2,)),
        simplex_certificate(head),
        Combination(head.fingerprint, 2, (0, 1), exact_weights),
        Minor(head.fingerprint, "matrix", (0, 1), (0, 1)),
        Monomials(head.fingerprint, "scores", TWO_SPEC, (7, 5), 3, False, 5),
    ]
    path = tmp_path / f"certificates{suffix}"
    certificates.save(path, several)
    read = certificates.load(path)
    key = lambda c: json.dumps(c.to_json(), sort_keys=True)  # noqa: E731
    assert sorted(map(key, read)) == sorted(map(key, several))


def test_a_file_holds_certificates_of_one_head():
    one, other = simplex_head(3, seed=5), simplex_head(3, seed=6)
    with pytest.raises(rk.InputError, match="2 heads"):
        certificates.pack([simplex_certificate(one), simplex_certificate(other)])


def test_the_checker_stands_alone(tmp_path):
    folder = Path(certificates.__file__).parent / "checker"
    shutil.copytree(folder, tmp_path / "checker", ignore=shutil.ignore_patterns("__pycache__"))
    head = simplex_head(6, seed=8, bias=True)
    np.savez(tmp_path / "weights.npz", W=head.W, b=head.b)
    np.savez(tmp_path / "other.npz", W=2 * head.W, b=head.b)
    certificates.save(tmp_path / "good.npz", [simplex_certificate(head)])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", _ALONE, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good = run("good.npz", "weights.npz")
    assert (good.returncode, good.stdout.strip()) == (0, "hold: 1 combination"), good.stderr
    whole = rk.Head([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    certificates.save(tmp_path / "whole.npz", [rk.argmaxable(whole).certificate(2)])
    for name, W in (("integers", whole.W.astype(int)), ("large", whole.W.astype(np.int64) * 2**60)):
        np.save(tmp_path / f"{name}.npy", W)
    assert run("whole.npz", "integers.npy").returncode == 0
    assert "2**53" in run("whole.npz", "large.npy").stderr
    wrong = run("good.npz", "other.npz")
    assert wrong.returncode == 2
    assert "other weights" in wrong.stdout
    assert run("missing.npz", "weights.npz").returncode == 1
    for content in ("[1]", '"x"', "null", "[[1]]", "{}"):
        (tmp_path / "odd.json").write_text(content)
        odd = run("odd.json", "weights.npz")
        assert odd.returncode in (1, 2)
        assert "Traceback" not in odd.stderr
    (tmp_path / "weights.npy").write_bytes(b"\x93NUMPY")
    assert run("weights.npy", "weights.npz").returncode == 1


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "null",
        '[{"kind": "combination", "head": "", "class": 0, "rows": [1], "weights": ["1/0"]}]',
        "[" * 9999,
    ],
)
def test_a_file_that_holds_no_certificates_is_a_load_error(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(rk.LoadError, match=r"odd\.json"):
        certificates.load(tmp_path / "odd.json")


_ALONE = """
import sys
sys.path.insert(0, ".")
sys.modules["rankkit"] = None  # importing it would fail
from checker.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_fingerprint_is_stated_twice_alike():
    head = rk.Head(np.array([[1.5, -0.0], [2, 3]], dtype=np.float16), b=np.array([1.0, 2]))
    assert head.fingerprint == files.fingerprint(head.W.astype(float), head.b)


@pytest.mark.parametrize("f", [f for family in families() for f in family.examples()], ids=lambda f: f.name)
def test_families_are_stated_twice_alike(f):
    A = logits(d=2)
    spec = f.spec()
    scores = rank.Scores(A.head.W, A.head.b, A.H[:3], [0, 1, 2], "scores", spec["family"], spec["parameters"])
    mid, radius = rank.enclosed_minor(scores, 128)
    assert radius.max() < 2.0**64
    expected = f(A.dense()[:3, :3])
    assert np.abs(mid.astype(float) / 2.0**128 - expected).max() <= 1e-12 * np.abs(expected).max()


def test_float_filter_leaves_doubt_to_integers():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((200, 8)) + 1e8  # a common offset: rounding hides the differences
    X = rng.standard_normal((20, 8))
    found = classes.witnesses(W, None, [0] * 20, X, [()] * 20)
    assert [r is None for r in found] == [wins_exactly(W, None, 0, x) for x in X]
