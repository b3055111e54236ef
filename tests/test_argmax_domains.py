"""Verdicts where states are bounded, against enumeration in rationals and against a simplex method."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from argmax_proofs import decided
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import rankkit as rk
from rankkit.certificates.kinds import encode
from rankkit.domains import AtLeast, Box, Free, NonNegative
from rankkit.errors import InputError


def exact_verdicts(head: rk.Head, box: Box) -> list[str]:
    """Decide every class from the definition: it loses if a cone of d + 2 columns holds it.

    The columns are the other classes (w, b, 1), "less bias" (0, -1, 0), and a ray for each finite bound.
    """
    lower, upper = box.bounds(head.d)
    b = np.zeros(head.classes) if head.b is None else head.b
    points = [[Fraction(float(v)) for v in (*w, c, 1)] for w, c in zip(head.W, b, strict=True)]
    rays = [[Fraction(0)] * head.d + [Fraction(-1), Fraction(0)]]
    for k in range(head.d):
        for sign, bound in ((-1, lower[k]), (1, upper[k])):
            if np.isfinite(bound):
                ray = [Fraction(0)] * (head.d + 2)
                ray[k], ray[head.d] = Fraction(sign), -sign * Fraction(float(bound))
                rays.append(ray)
    out = []
    for i, point in enumerate(points):
        others = [p for j, p in enumerate(points) if j != i]
        if point in others and max(p[-2] for p in points if p[:-2] == point[:-2]) == point[-2]:
            out.append("TIED")
            continue
        groups = (g for m in range(1, head.d + 3) for g in itertools.combinations([*others, *rays], m))
        out.append("UNARGMAXABLE" if any(_in_cone(point, g) for g in groups) else "ARGMAXABLE")
    return out


def _in_cone(target: list[Fraction], columns: tuple[list[Fraction], ...]) -> bool:
    """Whether linearly independent ``columns`` make ``target`` with weights >= 0."""
    system = [[c[k] for c in columns] + [target[k]] for k in range(len(target))]
    for k in range(len(columns)):
        pivot = next((r for r in range(k, len(system)) if system[r][k]), None)
        if pivot is None:
            return False
        system[k], system[pivot] = system[pivot], system[k]
        system[k] = [v / system[k][k] for v in system[k]]
        for r in range(len(system)):
            if r != k and system[r][k]:
                system[r] = [v - system[r][k] * u for v, u in zip(system[r], system[k], strict=True)]
    weights = [row[-1] for row in system]
    return min(weights[: len(columns)]) >= 0 and not any(weights[len(columns) :])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_small_integer_heads_agree_with_enumeration(data: st.DataObject) -> None:
    """Ties, boxes without interior, without the origin, and with one side or none: all end in verdicts."""
    d, classes = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 6))
    entries = st.integers(-2, 2)
    rows = st.lists(st.lists(entries, min_size=d, max_size=d), min_size=classes, max_size=classes)
    W = np.array(data.draw(rows))
    b = data.draw(st.none() | st.lists(entries, min_size=classes, max_size=classes).map(np.array))
    lower = np.array(data.draw(st.lists(st.sampled_from([-np.inf, -1, -0.5, 0, 1]), min_size=d, max_size=d)))
    width = np.array(data.draw(st.lists(st.sampled_from([0, 0.5, 2, np.inf]), min_size=d, max_size=d)))
    upper = np.where(np.isfinite(lower), lower, 0) + width
    box = Box(lower, upper)
    report = decided(W, b, box)
    assert [report.verdict(i).name for i in range(classes)] == exact_verdicts(report.head, box)


def margin(head: rk.Head, i: int, box: Box) -> float:
    """Return the largest lead of class ``i`` within the box, at most 1, by a linear program."""
    b = np.zeros(head.classes) if head.b is None else head.b
    others = np.arange(head.classes) != i
    table = np.column_stack([head.W[others] - head.W[i], np.ones(head.classes - 1)])
    bounds = [*zip(*box.bounds(head.d), strict=True), (None, 1)]
    found = linprog(-np.eye(head.d + 1)[-1], table, b[i] - b[others], bounds=bounds)
    assert found.status == 0
    return float(-found.fun)


DOMAINS = [
    Box(0.5),
    Box(100),
    NonNegative(),
    AtLeast(-0.2785),
    AtLeast([1.0, -np.inf, 0.0, -1.0]),
    Box([0.5, -1, -1, 2], [0.5, 1, np.inf, 2]),
    Box(-np.inf, [0, 1, 2, np.inf]),
]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("box", DOMAINS, ids=range(len(DOMAINS)))
def test_random_heads_agree_with_a_simplex_method(box: Box, bias: bool) -> None:
    rng = np.random.default_rng(5)
    W, b = rng.standard_normal((70, 4)), rng.standard_normal(70)
    report = decided(W, b if bias else None, box)
    for i in range(70):
        assert (report.verdict(i).name == "ARGMAXABLE") == (margin(report.head, i, box) > 1e-9), i


def test_wide_heads_are_searched_by_the_compiled_walk() -> None:
    rng = np.random.default_rng(0)
    W = rng.standard_normal((300, 60))
    W[200:] = rng.dirichlet(np.ones(5), 100) @ W[:5] - rng.uniform(-0.1, 0.3, (100, 60))
    report = decided(W, rng.standard_normal(300), NonNegative())
    assert 0 < len(report.unargmaxable) < 300
    for i in (*report.unargmaxable[:3], *report.argmaxable[:3]):
        assert (report.verdict(i).name == "ARGMAXABLE") == (margin(report.head, i, NonNegative()) > 0)


@pytest.mark.parametrize("slack", [0.0, 2.0**-52, -(2.0**-52), 1e-9, -1e-9])
def test_a_class_that_only_reaches_a_tie_at_the_edge_never_wins(slack: float) -> None:
    """On [0, 1], h - 1 + slack against 0: the edge decides."""
    report = decided([[1.0], [0.0]], [-1 + slack, 0.0], Box([0], [1]))
    assert (0 in report.argmaxable) == (slack > 0)
    assert 1 in report.argmaxable


def test_states_that_lie_within_bounds_stay_what_they_are(tmp_path: Path) -> None:
    """Those in float32 and those that need float64; those that lie outside are shortened, or found anew."""
    corners = np.random.default_rng(2).standard_normal((5, 4))
    middle = corners[:2].mean(axis=0)
    outside = middle + 1e-12 * (middle - corners.mean(axis=0))
    head = rk.Head(np.vstack([corners, outside, corners.mean(axis=0)]))
    free, wide = rk.argmaxable(head), rk.argmaxable(head, Box(100.0), journal=tmp_path / "journal")
    assert wide.argmaxable.tolist() == free.argmaxable.tolist()
    forms = set()
    for i in free.argmaxable:
        x = free.certificate(i).x
        forms.add((x.ndim, bool((x.astype(np.float32) == x).all())))
        assert np.array_equal(wide.certificate(i).x, x)
    assert {(1, True), (1, False)} <= forms
    assert [row["rule"] for row in wide.rows()] == [row["rule"] for row in free.rows()]
    again = rk.argmaxable(head, Box(100.0), journal=tmp_path / "journal")
    assert all(np.array_equal(again.certificate(i).x, wide.certificate(i).x) for i in free.argmaxable)
    narrow = decided(head.W, domain=Box(1e-3))
    assert narrow.argmaxable.tolist() == free.argmaxable.tolist()
    assert max(np.abs(narrow.certificate(i).x).max() for i in narrow.argmaxable) <= 1e-3


def test_a_box_of_one_state_has_one_winner_or_none() -> None:
    W = np.random.default_rng(1).standard_normal((30, 3))
    point = np.array([0.3, -1.0, 2.0])
    report = decided(W, None, Box(point, point))
    assert report.argmaxable.tolist() == [int((W @ point).argmax())]
    assert decided([[1.0, 0], [0, 1]], None, Box([1, 1], [1, 1])).unargmaxable.tolist() == [0, 1]


def test_scale_does_not_matter_without_a_bias_where_the_origin_is_inside() -> None:
    W = np.random.default_rng(2).standard_normal((80, 3))
    free = decided(W)
    for box in (Box(1e-3), Box([-1, -1e-9, -5], [1e-9, np.inf, 5]), AtLeast(-0.2785)):
        report = decided(W, None, box)
        assert report.argmaxable.tolist() == free.argmaxable.tolist()
    assert len(decided(W, None, NonNegative()).argmaxable) < len(free.argmaxable)


def test_a_smaller_domain_never_has_more_winners() -> None:
    rng = np.random.default_rng(3)
    W, b = rng.standard_normal((60, 3)), rng.standard_normal(60)
    chain: list[Free | Box] = [Free(), AtLeast(-1), Box(-1, 3), Box(-0.5, 2), Box(0, 0.5)]
    winners = [set(decided(W, b, domain).argmaxable.tolist()) for domain in chain]
    assert all(small <= large for large, small in itertools.pairwise(winners))
    assert len(winners[-1]) < len(winners[0])


def test_identical_and_dominated_rows_stand_within_bounds_as_without() -> None:
    W = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1], [0, 1]])
    report = decided(W, [0.0, 1, 1, 0, -1], Box(3))
    assert report.tied.tolist() == [1, 2]
    assert report.unargmaxable.tolist() == [0, 4]
    assert report.group_certificate(1).ties == (2,)


def test_a_proof_for_a_box_is_none_for_more() -> None:
    head = rk.Head([[1.0], [0.0]], [-2.0, 0.0])
    report = rk.argmaxable(head, domain=Box(1))
    loses, wins = report.certificate(0), report.certificate(1)
    assert rk.check(loses, head) is True
    assert rk.check(replace(loses, domain=Box(2)), head) is True  # a tie at the edge
    assert rk.check(replace(loses, domain=Box(2.001)), head) == (
        "the combination for class 0 is not shown to reach it everywhere in the domain"
    )
    assert rk.check(replace(loses, domain=Free()), head) is not True
    assert rk.check(replace(wins, x=np.array([-5.0])), head) == (
        "coordinate 0 of the state is outside the domain"
    )
    assert rk.check(replace(wins, x=np.array([-5.0]), domain=Free()), head) is True
    long = np.array([[1.0], [2.0**-60]])
    assert "outside" in rk.check(replace(wins, x=long), head)
    assert rk.check(replace(wins, x=-long), head) is not True
    assert rk.check(replace(wins, x=[[1.0], [-(2.0**-60)]]), head) is True


def test_what_holds_everywhere_holds_in_a_box() -> None:
    """Around float64 weights that are not exactly right, the exact ones are enclosed."""
    rng = np.random.default_rng(0)
    corners = rng.standard_normal((4, 3))
    head = rk.Head(np.vstack([corners, np.full(4, 0.25) @ corners + 1e-3]))
    proof = rk.argmaxable(head).certificate(4)
    assert rk.check(replace(proof, domain=AtLeast(-np.inf)), head) is True
    for weights in (-proof.weights, 0 * proof.weights, np.array([0.4, 0.3, 0.2, 0.1])):
        assert rk.check(replace(proof, weights=weights, domain=Box(1)), head) is not True


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_files_keep_the_domain(tmp_path: Path, suffix: str) -> None:
    head = rk.Head(np.random.default_rng(4).standard_normal((30, 2)), np.arange(30.0))
    report = rk.argmaxable(head, AtLeast([0.0, -1.0]))
    report.save(tmp_path / f"c.{suffix}")
    found = rk.certificates.load(tmp_path / f"c.{suffix}")
    assert {c.domain for c in found} == {AtLeast([0.0, -1.0])}
    free = rk.argmaxable(head).certificate(0)
    assert "domain" not in free.to_json()
    rk.certificates.save(tmp_path / f"mixed.{suffix}", [*found, free])
    mixed = rk.certificates.load(tmp_path / f"mixed.{suffix}")
    assert [c.domain for c in mixed if c.domain == Free()] == [Free()]
    assert rk.certificates.check_all(mixed, head) == [True] * 31


@pytest.mark.parametrize(
    "domain",
    [
        {"lower": [0, 0], "upper": [1, 1]},
        {"lower": {"float64": "", "shape": [0]}},
        {},
        None,
        "box",
        *({"lower": encode(np.array(a)), "upper": encode(np.array(b))} for a, b in
          [(1.0, 0.0), (np.nan, 1.0), (np.inf, np.inf), ([0.0, 0, 0], 1.0)]),
    ],
)  # fmt: skip
def test_a_domain_that_is_none_is_refused(domain: object) -> None:
    head = rk.Head([[1.0, 0], [0, 1]])
    claim = rk.argmaxable(head, Box(1)).certificate(0).to_json()
    assert rk.check(claim, head) is True
    assert not rk.check(claim | {"domain": domain}, head)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Box(-1), InputError),
        (lambda: Box(1, 0), InputError),
        (lambda: Box([0, 1], [1, 0]), InputError),
        (lambda: Box([0, 1], [1, 2, 3]), InputError),
        (lambda: AtLeast(np.inf), InputError),
        (lambda: AtLeast(np.nan), InputError),
        (lambda: AtLeast("0"), TypeError),
        (lambda: AtLeast(1j), TypeError),
        (lambda: AtLeast([[0.0]]), TypeError),
        (lambda: AtLeast([]), TypeError),
        (lambda: AtLeast(2**60 + 1), InputError),
        (lambda: rk.argmaxable(rk.Head(np.eye(3)), Box([0, 0], [1, 1])), InputError),
        (lambda: rk.argmaxable(rk.Head(np.eye(3)), "box"), TypeError),
    ],
)
def test_domains_that_are_none_are_errors(make: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("name", ["Ball", "LayerNorm", "box", "Sphere"])
def test_a_domain_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(AttributeError, match="the domains are AtLeast, Box, Free, NonNegative") as told:
        getattr(rk.domains, name)
    assert (f". {name}: " in str(told.value)) == (name in ("Ball", "LayerNorm"))
    assert not hasattr(rk.domains, name)
    assert all(hasattr(rk.domains, other) for other in rk.domains.__all__)


def test_boxes_named_in_place_of_other_domains_hold_what_is_said() -> None:
    rng, d = np.random.default_rng(0), 5
    z = np.vstack([rng.standard_normal((1000, d)), d * np.eye(d)])
    z -= z.mean(axis=1, keepdims=True)
    z *= np.sqrt(d) / np.linalg.norm(z, axis=1, keepdims=True)
    assert np.abs(z).max() == pytest.approx(np.sqrt(d - 1))  # the radius for LayerNorm, and no smaller one
    head = rk.Head(rng.standard_normal((30, d)), rng.standard_normal(30))
    within = rk.argmaxable(head, Box(1 / np.sqrt(d)))
    states = np.array([np.atleast_2d(within.certificate(int(i)).x).sum(axis=0) for i in within.argmaxable])
    assert len(states)
    assert np.linalg.norm(states, axis=1).max() <= 1 + 1e-12
