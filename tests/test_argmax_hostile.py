"""Heads on which a tolerance or a solver status would decide: ties, planted combinations, scales, offsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from argmax_proofs import decided, verdicts
from scipy.spatial import ConvexHull

import rankkit as rk
from rankkit.errors import InputError
from rankkit.reach.engine import exact, pricing


def gaussian(classes: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((classes, d))


def test_identical_classes_tie_and_their_group_is_decided_as_one() -> None:
    W = np.array([[1.0, 0], [0, 1], [-1, -1], [1, 0], [0, 0], [0, 0]])
    report = decided(W)
    assert report.tied.tolist() == [0, 3, 4, 5]
    assert (report.ties(0), report.group_wins(0), report.group_wins(4)) == ((3,), True, False)
    assert report.certificate(0).rows == (3,)
    assert report.group_certificate(0).ties == (3,)
    assert report.argmaxable.tolist() == [1, 2]


def test_of_identical_rows_the_largest_bias_leads() -> None:
    W = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1], [-1, -1]])
    report = decided(W, [0.0, 2.0, 1.0, 0.0, 0.0])
    assert report.argmaxable.tolist() == [1, 3, 4]
    assert report.certificate(0).rows == report.certificate(2).rows == (1,)
    assert decided(W, [0.0, 2.0, 2.0, 0.0, 0.0]).tied.tolist() == [1, 2]


def test_minus_zero_is_zero() -> None:
    assert decided([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]]).tied.tolist() == [0, 1]


def test_a_zero_matrix_ties_and_the_bias_breaks_the_tie() -> None:
    assert decided(np.zeros((3, 2))).tied.tolist() == [0, 1, 2]
    assert decided(np.zeros((3, 2)), [0.0, 2.0, 1.0]).argmaxable.tolist() == [1]


def test_a_single_class_always_wins() -> None:
    report = decided([[3.0, 4.0]])
    assert report.argmaxable.tolist() == [0]
    assert report.certificate(0).x.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("digits", [6, 9, 12])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_point_on_a_face_is_told_from_its_neighbours(side: int, digits: int, m: int) -> None:
    """A mean of m corners of a facet never wins; moved outwards it does, moved inwards it does not."""
    slack = side * 10.0**-digits
    rng = np.random.default_rng(m)
    W = np.rint(2.0**12 * rng.standard_normal((60, 5)))
    hull = ConvexHull(W)
    weights = rng.multinomial(2**10 - m, np.ones(m) / m) + 1
    on_face = weights @ W[hull.simplices[0][:m]] / 2**10  # exact: small integers over a power of two
    out = 2.0**12 * hull.equations[0][:5]
    point = on_face + slack * out if slack > 0 else on_face * (1 + slack)
    report = decided(np.vstack([W, point]))
    assert report.verdict(60).name == ("ARGMAXABLE" if slack > 0 else "UNARGMAXABLE")
    lifted = decided(np.vstack([W, point])[:, :4], np.append(W[:, 4], point[4]))
    upper = hull.equations[0][4] > 0
    assert lifted.verdict(60).name == ("ARGMAXABLE" if slack > 0 and upper else "UNARGMAXABLE")


@pytest.mark.parametrize("exponent", [-1000, -40, 14, 1000])
def test_scale_changes_no_verdict(exponent: int) -> None:
    W = np.vstack([gaussian(60, 3), np.zeros((1, 3))])
    assert verdicts(decided(W * 2.0**exponent)) == verdicts(decided(W))


@pytest.mark.parametrize("offset", [100, 2**20])
def test_an_offset_common_to_all_rows_changes_no_verdict(offset: int) -> None:
    W = np.rint(gaussian(300, 4) * 2**10) / 2**10
    b = np.rint(gaussian(300, 1)[:, 0] * 2**10) / 2**10
    assert verdicts(decided(W + offset)) == verdicts(decided(W))
    assert verdicts(decided(W + offset, b - offset)) == verdicts(decided(W, b))


def test_columns_of_unlike_scale_change_no_verdict() -> None:
    W = gaussian(80, 3)
    assert verdicts(decided(W * [2.0**-60, 1.0, 2.0**60])) == verdicts(decided(W))


def test_a_permutation_permutes_the_verdicts() -> None:
    W, b = gaussian(70, 3), gaussian(70, 1)[:, 0]
    order = np.random.default_rng(1).permutation(70)
    before, after = verdicts(decided(W, b)), verdicts(decided(W[order], b[order]))
    assert after == [before[i] for i in order]


def test_dependent_columns_change_no_verdict() -> None:
    W = np.rint(gaussian(60, 3) * 2**10)
    wide = W @ np.array([[1.0, 0, 2, 1, 0], [0, 1, -1, 1, 0], [0, 0, 1, 3, 0]])  # rank 3 in five columns
    assert np.linalg.matrix_rank(wide) == 3
    assert verdicts(decided(wide)) == verdicts(decided(W))
    assert verdicts(decided(wide, np.arange(60.0))) == verdicts(decided(W, np.arange(60.0)))


def test_adding_a_class_never_makes_another_win() -> None:
    W = gaussian(60, 3, seed=4)
    before = set(decided(W[:-1]).argmaxable)
    assert set(decided(W).argmaxable) - {59} <= before


def test_rows_of_equal_norm_all_win() -> None:
    """Points on a sphere are all vertices, at a size where restricted solvers give up."""
    W = gaussian(2101, 5)
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    assert len(rk.argmaxable(rk.Head(W)).argmaxable) == 2101


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_heads_are_taken_exactly(dtype: str) -> None:
    W = gaussian(100, 3).astype(dtype)
    assert verdicts(decided(W)) == verdicts(decided(W.astype(np.float64)))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("d", [2, 8, 32])
def test_points_planted_on_faces_and_rounded_to_float64_are_all_decided(d: int, bias: bool) -> None:
    """Rounding throws such points in or out by less than a state with float64 entries can show."""
    rng = np.random.default_rng(d)
    W = rng.standard_normal((1992, d))
    hull = rng.standard_normal((8, d)) @ W.T
    planted = []
    for k, scores in enumerate(hull):
        corners = W[np.argsort(-scores)[: 2 + k % min(d - 1, 3)]]
        mean = rng.dirichlet(np.ones(len(corners))) @ corners
        slack = (0.0, 1e-12, -1e-12, 2.0**-52)[k % 4]
        planted.append(mean * (1 + slack))
    W = np.vstack([W, planted])
    b = np.round(rng.standard_normal(2000), 3) if bias else None
    head = rk.Head(W, b)
    asked = range(1992, 2000)
    report = rk.argmaxable(head, classes=asked)
    assert report.undecided.tolist() == []
    assert all(rk.check(report.certificate(i), head) is True for i in asked)


def test_a_class_may_win_only_at_states_with_more_digits_than_float64(tmp_path: Path) -> None:
    """The origin wins at (1, -t) for t between (2**52 + 1) / 2**52 and 2**52 / (2**52 - 1).

    These are neighbours in a Farey sequence, and no ratio of two float64 numbers lies between them.
    """
    gap = 2.0**-52
    report = decided([[1 + gap, 1.0], [-1.0, gap - 1], [0.0, 0.0]])
    assert report.argmaxable.tolist() == [0, 1, 2]
    assert report.certificate(2).x.shape == (2, 2)
    report.save(tmp_path / "certificates.npz")
    found = rk.certificates.load(tmp_path / "certificates.npz")
    assert rk.certificates.check_all(found, report.head) == [True] * 3


def test_entries_of_unlike_magnitude_are_decided() -> None:
    W = np.array([[1e300, 0], [-1e300, 0], [0, 1e-300], [0, 0]])
    assert decided(W).argmaxable.tolist() == [0, 1, 2]


@pytest.mark.parametrize("step", [1e-100, 1e-300, 5e-324])
def test_rows_that_differ_by_next_to_nothing_are_decided(step: float) -> None:
    W = np.array([[1, 0], [1, step], [1, 2 * step], [1, -step]])
    assert decided(W).argmaxable.tolist() == [2, 3]
    assert decided(W, [0, 0, 0, step]).argmaxable.tolist() == [2, 3]


def test_a_state_beyond_float64_is_reported_not_guessed() -> None:
    head = rk.Head([[1e300, 0], [-1e300, 0], [0, 1e-300], [0, 0]], [0.0, 0.0, 1e-300, 1e300])
    report = rk.argmaxable(head)
    assert report.undecided.tolist() == [2]  # it takes a state of 1e600
    assert report.certificate(2) is None
    assert "beyond the range" in report.reason(2)


def test_a_subset_of_classes_gets_the_same_verdicts_and_no_others() -> None:
    head = rk.Head(gaussian(60, 3), gaussian(60, 1)[:, 0])
    whole, part = rk.argmaxable(head), rk.argmaxable(head, classes=[50, 3, 7])
    assert part.classes.tolist() == [3, 7, 50]
    assert [part.verdict(i) for i in part.classes] == [whole.verdict(i) for i in part.classes]
    with pytest.raises(InputError, match="not among"):
        part.verdict(4)


@pytest.mark.parametrize(("classes", "error"), [([60], InputError), ([-1], InputError), ([1, 1], InputError)])
def test_classes_that_do_not_exist_are_refused(classes: list[int], error: type[Exception]) -> None:
    with pytest.raises(error):
        rk.argmaxable(rk.Head(gaussian(60, 3)), classes=classes)


@pytest.mark.parametrize("wrong", [True, 3.0, "3"], ids=["bool", "float", "str"])
def test_class_numbers_are_integers(wrong: object) -> None:
    with pytest.raises(TypeError, match="class"):
        rk.argmaxable(rk.Head(gaussian(60, 3)), classes=[wrong])


def test_the_door_wants_a_head_and_a_domain() -> None:
    with pytest.raises(TypeError, match="Head"):
        rk.argmaxable(gaussian(5, 2))
    with pytest.raises(TypeError, match="domain"):
        rk.argmaxable(rk.Head(gaussian(5, 2)), domain="free")


def test_a_report_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="neither"):
        bool(rk.argmaxable(rk.Head(gaussian(5, 2))))


def test_a_monotone_function_changes_no_winner() -> None:
    head = rk.Head(gaussian(40, 3), gaussian(40, 1)[:, 0])
    report = rk.argmaxable(head)
    for f in (rk.functions.SigSoftmax(), rk.functions.Identity()):
        for i in report.argmaxable:
            x = report.certificate(i).x
            logits = head.logits(x[None] / max(1.0, np.abs(x).max()) if head.b is None else x[None]).dense()
            assert f(logits).argmax() == i == logits.argmax()


def test_progress_ends_with_every_class_and_never_falls() -> None:
    seen: list[tuple[int, int]] = []
    rk.argmaxable(rk.Head(gaussian(200, 4)), progress=lambda done, asked: seen.append((done, asked)))
    assert seen[-1] == (200, 200)
    assert seen == sorted(seen)


def test_the_report_tells_its_story() -> None:
    names = ["<b>", *map(str, range(1, 40))]
    head = rk.Head(gaussian(40, 2), class_names=names, name="<toy>")
    report = rk.argmaxable(head)
    rows = report.rows()
    assert rows[0]["name"] == "<b>"
    assert sum(sum(rules.values()) for rules in report.counts().values()) == 40
    assert {row["verdict"] for row in rows} == {"ARGMAXABLE", "UNARGMAXABLE"}
    page = report._repr_html_()
    assert "&lt;toy&gt;" in page
    assert "<toy>" not in page
    with pytest.raises(ValueError, match="read-only"):
        report.argmaxable[0] = 1


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_saved_certificates_check_and_cover_every_class(tmp_path: Path, suffix: str) -> None:
    head = rk.Head(np.vstack([gaussian(40, 2), np.ones((2, 2))]))
    path = tmp_path / f"certificates.{suffix}"
    rk.argmaxable(head).save(path)
    certificates = rk.certificates.load(path)
    assert {c.cls for c in certificates} == set(range(42))
    assert all(result is True for result in rk.certificates.check_all(certificates, head))


@pytest.mark.parametrize("twins", [30, 250])
def test_near_twins_are_told_apart_without_exact_arithmetic(twins: int) -> None:
    """Classes that were hardly trained lie closer together than float32 can tell, yet most of them win.

    Some are fewer, some more than a search finds points at a time.
    """
    assert 30 < pricing.step(12) < 250
    W = gaussian(1500, 12)
    W[-twins:] = 1.1 * W[np.linalg.norm(W, axis=1).argmax()] + 1e-8 * W[-twins:]
    report = decided(W)
    winners = [i for i in report.argmaxable if i >= 1500 - twins]
    assert len(winners) >= twins / 2
    assert {report.rule(i) for i in winners} == {"nearest point"}


@pytest.mark.parametrize("apart", [1e-10, 1e-12, 1e-14])
def test_hundreds_of_twins_are_decided_down_to_their_last_digits(
    apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 250 classes apart by less and less, some lie among the others; exact pivots do not wander there."""
    monkeypatch.setattr(exact, "LIMIT", exact.GREEDY)
    W = gaussian(1500, 12)
    W[-250:] = 1.1 * W[np.linalg.norm(W, axis=1).argmax()] + apart * W[-250:]
    report = decided(W)
    lost = np.count_nonzero(report.unargmaxable >= 1250)
    assert 30 < lost < 100


@pytest.mark.parametrize(
    ("W", "b"),
    [
        ([[1.0], [-1.0]], [1.7e308, -1.7e308]),
        ([[1e-300, 0], [0, 1e-300], [-1e-300, -1e-300], [0, 0]], [0, 1e308, 0, -1e308]),
        ([[1.7e308, 0], [-1.7e308, 0], [0, 1.7e308], [0, 0]], [0, 5e-324, -5e-324, 0]),
    ],
)
def test_differences_beyond_float64_leave_only_proofs(W, b):
    head = rk.Head(W, b)
    report = rk.argmaxable(head)
    for i in [*report.argmaxable, *report.unargmaxable]:
        assert rk.check(report.certificate(i), head) is True
    for i in report.undecided:
        assert "float64" in report.reason(i)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scale", [1e-5, 1e-9, 1e4, 1e150, 1e-150])
def test_a_scale_that_rounds_changes_no_verdict_of_a_cloud(scale: float, bias: bool) -> None:
    """Where radii have a tolerance, or states a box, such a scale ends in errors or guesses."""
    W = gaussian(300, 6, seed=7)
    b = gaussian(300, 1, seed=8)[:, 0] if bias else None
    plain = decided(W, b)
    assert 20 < len(plain.argmaxable) < 280
    assert verdicts(decided(W * scale, None if b is None else b * scale)) == verdicts(plain)


def test_what_a_default_box_of_a_solver_would_hide_is_found_and_named() -> None:
    """Class 2 wins at h = 1000 and beyond only: everywhere it can, within 100 it cannot."""
    W, b = [[1.0], [0.0], [1.001]], [0.0, 0.0, -1.0]
    assert decided(W, b).argmaxable.tolist() == [0, 1, 2]
    within = decided(W, b, rk.domains.Box(100))
    assert within.argmaxable.tolist() == [0, 1]
    assert within.certificate(2).domain == rk.domains.Box(100)


def test_a_step_that_fails_leaves_undecided_classes_not_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a search, a class without a proof is undecided, with a reason."""
    from rankkit.reach.engine.exact import ExactHull

    monkeypatch.setattr(ExactHull, "carried", lambda self, i, support: None)
    monkeypatch.setattr(ExactHull, "decide", lambda self, i, start, rivals: None)
    report = rk.argmaxable(rk.Head([[1.0, 0], [0, 1], [-1, 0], [0, -1], [0.5, 0.5]]))
    assert report.undecided.tolist() == [4]
    assert report.certificate(4) is None
    assert "pivots" in report.reason(4)
    within = rk.argmaxable(rk.Head([[1.0], [0.0], [0.5]]), rk.domains.Box([0.0], [0.0]))
    assert [*within.undecided, *within.unargmaxable] == [0, 1, 2]
