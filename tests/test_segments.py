"""Refining, coarsening, comparing and reporting the segments of a PLIF; the inverse of every family."""

import numpy as np
import pytest

import rankkit as rk
from rankkit.functions import PLIF, coarsen, distance, families, refine, segment_report

Z = np.random.default_rng(0).normal(0.0, 4.0, 400)


@pytest.mark.parametrize("segments", [1, 2, 7, 8, 1000])
@pytest.mark.parametrize("times", [1, 2, 3, 10])
def test_refining_changes_nothing(segments, times):
    f = PLIF.random(segments, bound=3.7, seed=1)
    finer = refine(f, times)
    assert finer.segments == times * segments
    assert set(f.kinks) <= set(finer.kinks)
    assert finer(Z) == pytest.approx(f(Z), rel=1e-13)
    assert coarsen(finer, times).slopes == pytest.approx(f.slopes)


def test_the_parity_of_k_decides_about_the_kink_at_zero():
    odd = PLIF.random(5, bound=2.0)
    assert not segment_report(odd, Z).kink_at_zero
    assert segment_report(refine(odd, 2), Z).kink_at_zero
    assert not segment_report(refine(odd, 3), Z).kink_at_zero


@pytest.mark.parametrize("times", [2, 5])
def test_coarsening_agrees_at_its_kinks_up_to_a_constant(times):
    f = PLIF.random(40, bound=3.0, seed=2)
    coarse = coarsen(f, times)
    at = np.concatenate([[-3.0], coarse.kinks, [3.0]])
    assert np.ptp(f(at) - coarse(at)) < 1e-13
    assert distance(f, coarse, -3.0, 3.0) > 0.01


def test_distance_is_half_the_spread_of_the_difference():
    f, g = PLIF.random(30, bound=3.0, seed=3), PLIF([0.5, 1.5, 2.0], knots=[-0.7, 1.1])
    low, high = -2.5, 4.0
    grid = np.linspace(low, high, 200_001)
    assert distance(f, g, low, high) == pytest.approx(np.ptp(f(grid) - g(grid)) / 2, abs=1e-4)
    assert distance(f, g, low, high) >= np.ptp(f(grid) - g(grid)) / 2 - 1e-12
    assert distance(f, f, low, high) == 0


def test_predictions_move_by_at_most_twice_the_distance():
    rng = np.random.default_rng(4)
    logits = rk.Head(rng.normal(size=(20, 3))).logits(rng.normal(size=(50, 3)))
    f = PLIF.random(64, bound=4.0, seed=5)
    coarse = coarsen(f, 8)
    z = logits.dense()
    moved = np.abs(rk.log_probs(logits, f) - rk.log_probs(logits, coarse)).max()
    assert 0 < moved <= 2 * distance(f, coarse, z.min(), z.max()) + 1e-12


def test_report_counts_by_hand():
    f = PLIF([1.0, 2.0, 3.0, 4.0], bound=2.0)
    report = segment_report(f, np.array([[-5.0, -1.0], [-0.5, 0.0], [0.25, 0.9]]))
    assert report.counts.tolist() == [1, 2, 3, 0]
    assert (report.reached, report.kinks_inside, report.kink_at_zero) == (3, 2, True)
    assert [row["segment"] for row in report.rows()] == [0, 1, 2]
    assert sum(row["share"] for row in report.rows()) == pytest.approx(1)
    assert report.left[0] == -np.inf
    assert report.right[-1] == np.inf
    with pytest.raises(ValueError, match="read-only"):
        report.counts[0] = 1


def test_deviation_is_what_a_line_leaves():
    f = PLIF.random(10, bound=4.0, seed=6)
    slope, height = np.polyfit(Z, f(Z), 1)
    left = f(Z) - slope * Z - height
    assert segment_report(f, Z).deviation == pytest.approx(left.std() / f(Z).std())
    assert segment_report(f, 1e-3 + 1e-6 * Z).deviation == pytest.approx(0, abs=1e-6)
    assert segment_report(PLIF([2.0], bound=1.0), Z).deviation < 1e-12
    assert segment_report(f, np.zeros(3)).deviation == 0


def test_the_published_start_is_nearly_a_line_and_coarse_ones_are_not():
    deviations = [segment_report(PLIF.random(K), Z).deviation for K in (10, 1000, 100_000)]
    assert deviations == sorted(deviations, reverse=True)
    assert deviations[0] > 0.03
    assert deviations[-1] < 0.005


@pytest.mark.parametrize("f", [f for family in families() for f in family.examples()], ids=lambda f: f.name)
def test_inverse(f):
    y = np.concatenate([f(Z), f(np.array([0.0, 1e-12, -1e-12]))]).reshape(13, 31)
    if not f.increasing:
        with pytest.raises(rk.InputError, match="is not increasing"):
            f.inverse(y)
        return
    z = f.inverse(y)
    assert z.shape == y.shape
    rounding = 8 * np.finfo(float).eps * np.abs(y).max()
    assert np.abs(f(z) - y).max() <= rounding
    assert (np.abs(z - np.append(Z, [0, 1e-12, -1e-12]).reshape(z.shape)) * f.slope(z) < 4 * rounding).all()


def test_values_that_are_never_taken_have_no_inverse():
    assert np.isnan(rk.functions.SoftCap(3.0).inverse(np.array([3.5, -3.5, np.nan]))).all()
    assert np.isnan(rk.functions.Exp().inverse(np.array([-1.0])))
    assert rk.functions.Exp().inverse(np.exp([-700.0, 700.0])) == pytest.approx([-700.0, 700.0])
    assert PLIF.random(10).inverse(np.array([1e300, -1e300])) == pytest.approx(
        PLIF.random(10).inverse(np.array([1e200, -1e200])) * 1e100
    )


def test_bad_inputs_are_named():
    uneven = PLIF([1.0, 2.0], knots=[0.5])
    for call, sentence in [
        (lambda: refine(uneven, 2), "wanted uniform segments"),
        (lambda: coarsen(uneven, 2), "wanted uniform segments"),
        (lambda: coarsen(PLIF.random(9), 2), "times is 2, which does not divide the 9 segments"),
        (lambda: refine(PLIF.random(9), 0), "times is 0"),
        (lambda: distance(uneven, uneven, 1.0, 0.0), "low is 1 and high is 0"),
        (lambda: segment_report(uneven, np.array([np.nan])), "logits must be finite"),
        (lambda: segment_report(uneven, np.zeros(0)), "at least one"),
    ]:
        with pytest.raises(rk.InputError, match=sentence):
            call()
