"""Upper bounds and their certificates: every rule is decided anew, and no mutation gets through."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from test_rank_campaign import campaign  # noqa: F401  (a fixture)

from rankkit.certificates import Ceiling, check, load, save
from rankkit.certificates.checker.factors import MOST_BITS, integral, is_product
from rankkit.functions import PLIF, Identity, LeakyReLU, Polynomial, RationalQuadratic, SoftCap
from rankkit.heads import Head
from rankkit.ranks import nullspace, rank_bounds
from rankkit.ranks.nullspace import exact_factors, exact_rank
from rankkit.ranks.subject import Subject
from rankkit.ranks.upper import solved_bounds, upper_bounds


def test_every_bound_of_a_known_function_is_certified_and_no_smaller_one_passes(campaign):  # noqa: F811
    seen = Counter()
    for case in campaign.cases(number=60, seed=11):
        subject = Subject.of(case.logits, case.f, case.subject)
        for bound in [*upper_bounds(subject), *solved_bounds(subject)]:
            assert bound.certificate is not None, (case, bound)
            assert check(bound.certificate, case.logits) is True, (case, bound)
            # the checker tells segments apart that float64 cannot, so that cells may be fewer; never too few
            smaller = {case.rank - 1, bound.value - 1 if bound.kind != "cells" else case.rank - 1}
            for rank in smaller:
                assert not check(replace(bound.certificate, rank=rank), case.logits), (case, bound)
            seen[bound.kind] += 1
    assert set(seen) >= {"shape", "distinct rows", "distinct classes", "opposites", "cells", "cover"}
    assert set(seen) >= {"monomials", "null vectors"}


def ceilings() -> list[tuple[Ceiling, object]]:
    """One certificate for each rule."""
    rng = np.random.default_rng(5)
    low = rng.integers(-3, 4, (12, 2)) @ rng.integers(-3, 4, (2, 4)) / 8
    few = rng.integers(-2, 3, (14, 2)).astype(float)
    circle = np.array([[3, 4], [-4, 3], [5, 0], [0, -5], [4, -3]]) / 4
    slopes = PLIF((1.0, 2.0, 0.5), knots=(-1.5, 1.25))
    nearly_linear = np.r_[0.1 * low[:, :2], [[4.0, 1.0]]]
    cases = [
        ("log_probs", Head(np.r_[few, few]).logits(nearly_linear), LeakyReLU(0.25)),
        ("centred", Head(np.abs(few) + 1).logits(np.abs(nearly_linear)), slopes),
        ("scores", Head(few).logits(low[:, :2]), Identity()),
        ("log_probs", Head(low).logits(rng.integers(-3, 4, (9, 4)) / 4), Polynomial({2: 1.0})),
        ("centred", Head(rng.integers(-5, 6, (6, 2)) / 4).logits(circle), Polynomial({3: 1.0, 1: 2.0})),
        ("log_probs", Head(few, few[:, 0] / 2).logits(low[:, :2]), slopes),
        ("scores", Head(np.r_[few, -few]).logits(low[:, :2]), SoftCap(2.0)),
        ("scores", Head(few).logits(0.1 * low[:, :2]), LeakyReLU(0.25)),
    ]
    found: dict[str, tuple[Ceiling, object]] = {}
    for kind, logits, f in cases:
        subject = Subject.of(logits, f, kind)
        for bound in [*upper_bounds(subject), *solved_bounds(subject)]:
            claim = bound.certificate
            if isinstance(claim, Ceiling) and claim.detail.get("factors", True):
                found[claim.rule] = claim, logits
    return list(found.values())


CEILINGS = ceilings()


def test_there_is_a_certificate_of_every_rule():
    rules = {c.rule for c, _ in CEILINGS}
    assert rules == {
        *("shape", "distinct rows", "distinct classes", "opposites", "equal norms"),
        *("spans", "null vectors", "cells", "cover"),
    }


@pytest.mark.parametrize(("claim", "logits"), CEILINGS, ids=lambda x: getattr(x, "rule", ""))
def test_other_weights_contexts_functions_and_ranks_are_refused(claim, logits):
    assert check(claim, logits) is True
    assert check(claim.to_json(), logits) is True
    wrong = [replace(claim, rank=claim.rank - 1), replace(claim, rule="hope"), replace(claim, shape=(1, 1))]
    wrong += [replace(claim, subject="everything"), replace(claim, subject="matrix")]
    if claim.contexts is not None:
        wrong += [replace(claim, contexts=c) for c in (2 * claim.contexts, claim.contexts[:-1], None)]
        wrong += [replace(claim, contexts=np.full_like(claim.contexts, np.nan))]
    for other in wrong:
        assert not check(other, logits), other
    head = logits.head
    assert not check(claim, Head(head.W + 1, head.b).logits(logits.H))
    for field in claim.to_json():
        for value in (None, -1, "x", [], {}, [[1]], True):
            mutated = {**claim.to_json(), field: value}
            if mutated != claim.to_json() and not (field == "function" and value is None):
                assert not check(mutated, logits) or field == "detail", (field, value)


def test_details_that_prove_nothing_are_refused():
    by_rule = {c.rule: (c, logits) for c, logits in CEILINGS}
    claim, logits = by_rule["cover"]
    rows, cols, segment = (claim.detail[name] for name in ("rows", "cols", "segment"))
    assert rows or cols
    mask = [i in rows for i in range(claim.shape[0])]  # booleans would be read as a mask
    for detail in (
        {"rows": rows[1:], "cols": cols if rows else cols[1:], "segment": segment},
        {"rows": rows, "cols": cols, "segment": segment + 1},
        {"rows": mask, "cols": cols, "segment": segment},
        {"rows": [*rows, -1], "cols": cols, "segment": segment},
    ):
        assert not check(replace(claim, detail=detail), logits)
    for rule in ("spans", "null vectors"):
        claim, logits = by_rule[rule]
        name, shown = next(iter(claim.detail["factors"].items()))
        text = shown["right"]["integers"].split()
        more = {**shown["right"], "integers": " ".join([f"{int(text[0], 16) + 1:x}", *text[1:]])}
        for factors in ({**shown, "right": more}, {**shown, "scale": 0}, {**shown, "scale": 1.0}, {}):
            assert not check(replace(claim, detail={"factors": {name: factors}}), logits)


def test_ceilings_survive_files(tmp_path):
    claim, logits = next((c, x) for c, x in CEILINGS if c.rule == "null vectors")
    for name in ("a.json", "a.npz"):
        save(tmp_path / name, [claim])
        assert load(tmp_path / name)[0].to_json() == claim.to_json()
        assert check(load(tmp_path / name)[0], logits) is True


def test_without_a_known_function_only_bounds_that_hold_for_every_one_are_certified():
    class Odd(SoftCap):
        pass

    head = Head(np.array([[1.0], [2.0], [-1.0], [1.0]]))
    bounds = upper_bounds(Subject.of(head.logits([[1.0], [-1.0], [1.0]]), Odd(1.0), "scores"))
    certified = {b.kind: b.certificate is not None for b in bounds}
    assert certified == {"shape": True, "distinct rows": True, "distinct classes": True, "opposites": False}


# -- factors --


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (5, 5)])
@pytest.mark.parametrize("r", [0, 1, 4, 29])
@pytest.mark.parametrize("bits", [3, 30, 53])
def test_factors_are_as_thin_as_the_rank(shape, r, bits):
    rng = np.random.default_rng(r + bits)
    r = min(r, *shape)
    small = rng.integers(-9, 10, (shape[0], r)) @ rng.integers(-9, 10, (r, shape[1]))
    rows = rng.integers(1, 2 ** (bits - 2), shape[0]) if bits < 53 else 2.0 ** rng.integers(-40, 40, shape[0])
    matrix = np.asarray(small * np.asarray(rows)[:, None], dtype=np.float64)
    if r < min(shape):
        factors = exact_factors(matrix)
        assert factors is not None
        assert factors.hold(integral(matrix))
        assert len(factors.right) <= r
    assert exact_rank(matrix) == np.linalg.matrix_rank(small)


def test_what_elimination_misses_is_a_weaker_bound_and_never_a_wrong_one(monkeypatch):
    p = nullspace.PRIMES[0]
    matrix = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0 + p], [0.0, 0.0, 0.0]])
    assert exact_rank(matrix) == 2  # the second prime sees it
    monkeypatch.setattr(nullspace, "PRIMES", (p, p))
    assert exact_factors(matrix) is None
    assert exact_rank(matrix) == 3


def test_products_are_compared_beyond_one_prime():
    left, right = np.array([[1], [2]], dtype=object), np.array([[1, 3]], dtype=object)
    table = left @ right
    assert is_product(table, 1, left, right)
    assert is_product(5 * table, 1, 5 * left, right)
    first = (2**23 - 15) * (2**23 - 21)  # the largest two primes below 2**23
    wrong = table.copy()
    wrong[1, 1] += first
    assert not is_product(wrong, 1, left, right)
    assert not is_product(table, 0, left, right)
    huge = 1 << MOST_BITS
    assert not is_product(table * huge, 1, left * huge, right)


def test_a_singular_matrix_of_thousands_of_bits_is_solved():
    rng = np.random.default_rng(0)
    rows = 2.0 ** rng.integers(-900, 900, (20, 3)) * rng.standard_normal((20, 3))
    matrix = np.column_stack([rows, rows[:, :1] * 4, rows[:, 1:2] / 8])
    assert exact_rank(matrix) == 3
    report = rank_bounds(matrix)
    assert report.exact == 3
    assert check(report.upper_proof.certificate, Head(matrix)) is True


def test_rational_scores_with_odd_denominators_have_factors():
    f = RationalQuadratic((-1.0, 0.0, 2.0), (-1.0, 0.5, 3.0), (1.0, 0.7, 1.0))
    rng = np.random.default_rng(1)
    H = rng.integers(-3, 4, (8, 1)) / 4
    logits = Head(np.r_[H[:3], H[:3], H[3:4]]).logits(np.r_[H, H])
    bound = solved_bounds(Subject.of(logits, f, "centred"))
    assert all(check(b.certificate, logits) for b in bound)
