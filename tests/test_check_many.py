"""Many certificates at once: what bounds rule out together is what exact arithmetic rules out one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import rankkit as rk
from rankkit.certificates import checker
from rankkit.certificates.checker.scores import contested


def logits(W: np.ndarray, b: np.ndarray | None, x: np.ndarray) -> list[Fraction]:
    state = [Fraction(float(v)) for v in x]
    lifts = np.zeros(len(W)) if b is None else b
    return [
        sum((Fraction(float(w)) * v for w, v in zip(row, state, strict=True)), Fraction(float(lift)))
        for row, lift in zip(W, lifts, strict=True)
    ]


@pytest.mark.parametrize("long", [0, -40, 40, -900, 900])
@pytest.mark.parametrize("lifted", [None, 0, -60, 60, -1000, 1000])
@pytest.mark.parametrize("scale", [0, -1000, 1000])
def test_no_rival_is_ruled_out_that_reaches_a_class(scale: int, lifted: int | None, long: int) -> None:
    """Rows, biases and states of unlike size, with twins, near twins and offsets, against fractions."""
    rng = np.random.default_rng([scale + 1000, long + 900, 0 if lifted is None else lifted + 1000])
    W = rng.standard_normal((24, 3)) * np.exp(rng.standard_normal((24, 1))) + rng.choice([0.0, 100.0])
    W[20:] = W[:4]
    W[22:] *= 1 + 2.0**-50
    W = np.ldexp(W, scale)
    b = None if lifted is None else np.ldexp(rng.standard_normal(24), lifted)
    if b is not None:
        b[20:] = b[:4]
    classes = rng.integers(0, 24, 12).tolist()
    X = np.ldexp(rng.standard_normal((12, 3)) * 10.0 ** rng.integers(-9, 9, (12, 1)), long)
    X[0] = 0
    open_ = contested(W, b, classes, X)
    for i, x, rivals in zip(classes, X, open_, strict=True):
        exact = logits(W, b, x)
        assert {j for j in range(24) if j != i and exact[j] >= exact[i]} <= set(rivals)
        assert i not in rivals
        assert len(rivals) == len(set(rivals))


def test_pairs_that_are_clear_need_no_exact_arithmetic() -> None:
    W = np.random.default_rng(0).standard_normal((3000, 20))
    b = np.random.default_rng(1).standard_normal(3000) / 10
    X = W * (10 + np.linalg.norm(W, axis=1, keepdims=True))
    open_ = contested(W, b, range(3000), X)
    scores = X @ W.T + b
    reached = scores > np.diag(scores)[:, None]
    assert 100 < reached.sum() < 5000
    assert [sorted(rivals) for rivals in open_] == [np.flatnonzero(row).tolist() for row in reached]


@pytest.mark.parametrize("bias", [False, True])
def test_threads_that_look_at_blocks_side_by_side_leave_the_same_pairs(bias: bool) -> None:
    rng = np.random.default_rng(3)
    W, X = rng.standard_normal((3000, 8)), rng.standard_normal((700, 8))
    b = rng.standard_normal(3000) if bias else None
    classes = (X @ W.T + (0 if b is None else b)).argmax(axis=1).tolist()
    classes[::7] = rng.integers(0, 3000, len(classes[::7])).tolist()
    alone = contested(W, b, classes, X)
    with ThreadPoolExecutor(3) as pool:
        assert contested(W, b, classes, X, pool.map) == alone
    assert sum(map(bool, alone)) >= 99


@pytest.mark.parametrize("bias", [False, True])
def test_classes_within_one_simplex_are_decided_each_on_its_own(bias: bool) -> None:
    rng = np.random.default_rng(0)
    d, inner = 6, 9
    corners = 4 * rng.standard_normal((d + 1, d))
    shares = rng.dirichlet(np.full(d + 1, 5.0), inner)
    W = np.vstack([corners, shares @ corners])
    b = np.concatenate([np.ones(d + 1), np.zeros(inner)]) if bias else None
    head = rk.Head(W, b)
    rows = tuple(range(d + 1))
    claims = [rk.Combination(head.fingerprint, d + 1 + k, rows, shares[k]) for k in range(inner)]
    wrong = [
        rk.Combination(head.fingerprint, d + 1, rows, shares[1]),  # another one's weights
        rk.Combination(head.fingerprint, 0, rows, np.eye(d + 1)[0]),  # the class itself
        rk.Combination(head.fingerprint, d + 2, rows, np.full(d + 1, np.nan)),
        rk.Combination(head.fingerprint, d + 2, rows, np.full(d + 1, 1e308)),
        rk.Combination(head.fingerprint, d + 3, (*rows[:-1], 0), shares[2]),  # a corner twice
        rk.Combination(head.fingerprint, d + 3, rows, shares[2][:-1]),
        rk.Combination("0" * 64, d + 3, rows, shares[2]),
    ]
    mixed = [*claims[:4], *wrong, *claims[4:]]
    answers = rk.certificates.check_all(mixed, head)
    assert [bool(a) for a in answers] == [True] * 4 + [False] * len(wrong) + [True] * (inner - 4)
    alone = [rk.check(c, head) for c in mixed]
    assert [str(a) for a in alone] == [str(a) for a in answers]
    texts = checker.check([c.to_json() for c in mixed if np.isfinite(c.weights).all()], W, b)
    assert [str(a) for a in texts] == [
        str(a) for c, a in zip(mixed, answers, strict=True) if np.isfinite(c.weights).all()
    ]


def test_a_class_outside_a_simplex_that_others_share_is_refused() -> None:
    corners = np.vstack([np.eye(3), -np.ones(3)])
    inner = np.array([[0.1, 0.0, 0.1], [0.0, 0.1, 0.0], [2.0, 2.0, 2.0]])
    W = np.vstack([corners, inner])
    head = rk.Head(W)
    weights = np.linalg.solve(np.vstack([corners.T, np.ones(4)]), np.vstack([inner.T, np.ones(3)])).T
    claims = [rk.Combination(head.fingerprint, 4 + k, (0, 1, 2, 3), w) for k, w in enumerate(weights)]
    assert [bool(a) for a in rk.certificates.check_all(claims, head)] == [True, True, False]
