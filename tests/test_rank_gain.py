"""Rank added by a family at a level: counted above rounding, bounded by structure."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from rankkit.errors import InputError
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
from rankkit.heads import Head, LowRankLogits, MixtureOfSoftmaxes, log_probs
from rankkit.ranks import RankGain, channel_ranks, default_families, gain_sweep, rank_gain
from rankkit.ranks.channels import ACTIVATIONS


def drawn(contexts: int, classes: int, d: int, bias: bool = False, seed: int = 0) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    b = rng.standard_normal(classes) if bias else None
    return Head(rng.standard_normal((classes, d)), b).logits(rng.standard_normal((contexts, d)))


def ranks_of(gain: RankGain, family: str) -> list[int | None]:
    return [row["rank"] for row in gain.rows() if row["family"] == family]


def test_counts_are_those_of_the_explicit_matrix() -> None:
    logits, levels = drawn(40, 60, 3, bias=True), [1e-1, 1e-3, 1e-6]
    for f in (Identity(), SigSoftmax(), Exp()):
        L = log_probs(logits, f)
        sigma = np.linalg.svd(L - L.mean(axis=1, keepdims=True), compute_uv=False)
        got = rank_gain(logits, [f], levels)
        assert ranks_of(got, f.name) == [int((sigma > level * sigma[0]).sum()) for level in levels]


def test_polynomials_reach_their_bound_and_never_pass_it() -> None:
    gain = rank_gain(drawn(60, 70, 3), [Identity(), Polynomial({1: 1.0, 3: 0.5})], [1e-8])
    rows = gain.rows()
    assert [(row["rank"], row["linear"], row["gain"], row["upper"]) for row in rows] == [
        (3, 3, 0, 3),
        (13, 3, 10, 13),
    ]
    assert "monomials" in rows[1]["upper_reason"]


@pytest.mark.parametrize("bias", [False, True])
def test_measured_never_exceeds_the_bound(bias: bool) -> None:
    gain = rank_gain(drawn(50, 45, 2, bias))
    for row in gain.rows():
        assert (row["rank"] is None) == (not row["measurable"])
        assert row["rank"] is None or row["rank"] <= row["upper"]
    assert (np.diff(gain.ranks, axis=1) >= 0).all()  # a lower level shows more
    assert (gain.gain[0] == 0).all()  # the identity is the linear head


def test_levels_in_the_noise_are_not_counted() -> None:
    levels = [1e-3, 1e-16, 1e-17]
    gain = rank_gain(drawn(50, 60, 2), [SigSoftmax()], levels)
    assert gain.measurable.tolist() == [[True, False, False]]
    assert ranks_of(gain, SigSoftmax().name)[1:] == [None, None]
    # a large constant leaves the centred matrix alone and drowns its small values in rounding
    shifted = rank_gain(drawn(50, 60, 2), [Polynomial({0: 1e9, 1: 1.0, 3: 0.5})], [1e-3, 1e-9])
    assert shifted.measurable.tolist() == [[True, False]]


def test_many_segments_are_nearly_a_line() -> None:
    logits = drawn(80, 90, 4)
    few, many = PLIF.random(16, bound=6.0, seed=1), PLIF.random(100_000, seed=1)
    gain = rank_gain(logits, [few, many, LeakyReLU(0.1)], [1e-2])
    assert gain.gain[1, 0] == 0
    assert gain.gain[0, 0] > 20
    assert gain.gain[2, 0] > 20


def test_scale_of_the_logits_moves_smooth_families_and_not_homogeneous_ones() -> None:
    rng = np.random.default_rng(3)
    W, H = rng.standard_normal((60, 3)), rng.standard_normal((50, 3))
    families, levels = [SigSoftmax(), LeakyReLU(0.25)], [1e-4]
    small, large = (
        rank_gain(Head(W).logits(scale * H), families, levels).ranks[:, 0] for scale in (2**-4, 2**2)
    )
    assert small[0] < large[0]
    assert small[1] == large[1]


def test_default_families_are_ten_and_have_names() -> None:
    gain = rank_gain(drawn(30, 40, 3, bias=True))
    assert len(set(gain.families)) == len(default_families()) == 10
    assert gain.families[0] == "Identity"
    assert gain.families[-1] == "MoS(3 components)"
    assert gain.upper[-1].value == 30
    assert len(gain.spectra) == 10
    assert "<table>" in gain._repr_html_()
    assert repr(gain) == "RankGain: 10 families at 9 levels on 30 of 30 contexts x 40 classes"


def test_default_families_that_overflow_are_skipped_and_named() -> None:
    logits = drawn(30, 40, 3)
    large = Head(1000 * logits.head.W).logits(logits.H)
    gain = rank_gain(large, levels=[1e-3])
    assert len(gain.families) == len(gain.upper) == 9
    assert [name for name, _ in gain.skipped] == ["Exp"]
    assert "not finite" in gain.skipped[0][1]
    assert rank_gain(logits, levels=[1e-3]).skipped == ()
    with pytest.raises(InputError, match="not finite"):
        rank_gain(large, [Exp()])


def test_mixtures_come_as_callables() -> None:
    one, two = (partial(MixtureOfSoftmaxes.drawn, components=k, seed=0) for k in (1, 2))
    gain = rank_gain(drawn(30, 40, 3), [one, two], [1e-8])
    assert gain.gain[:, 0].tolist() == [0, 27]
    assert [bound.value for bound in gain.upper] == [4, 30]


def test_contexts_are_sampled_and_named() -> None:
    logits = drawn(90, 30, 3)
    gain = rank_gain(logits, [Identity()], [1e-3], contexts=40)
    assert len(set(gain.contexts.tolist())) == 40
    assert gain.shape == (90, 30)
    assert "40 of 90 contexts" in repr(gain)
    again = rank_gain(logits, [Identity()], [1e-3], contexts=40)
    assert np.array_equal(gain.contexts, again.contexts)
    assert np.array_equal(rank_gain(logits, seed=4).ranks, rank_gain(logits, seed=4).ranks)


def test_refusals() -> None:
    logits = drawn(5, 6, 2)
    for level in (0.0, 1.0, -1e-3, np.nan):
        with pytest.raises(InputError, match="levels holds"):
            rank_gain(logits, levels=[level])
    with pytest.raises(TypeError, match="wanted LowRankLogits"):
        rank_gain(np.eye(3))
    with pytest.raises(InputError, match="contexts is 0"):
        rank_gain(logits, contexts=0)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(rank_gain(logits, [Identity()]))
    with pytest.raises(TypeError, match="families holds 'Exp'"):
        rank_gain(logits, ["Exp"])


# -- what is near a polynomial has few values above the distance --


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scale", [0.1, 0.5])
def test_smooth_families_stay_below_a_polynomial_near_them(bias: bool, scale: float) -> None:
    logits = drawn(150, 160, 3, bias)
    logits = Head(scale * logits.head.W, logits.head.b).logits(logits.H)
    gain = rank_gain(logits, [Identity(), SigSoftmax(), Exp(), SoftCap(1.0), LeakyReLU(0.1)])
    upper = np.array([bound.value for bound in gain.upper])[:, None]
    assert (gain.ranks[gain.measurable] <= gain.smooth[gain.measurable]).all()
    assert (gain.smooth <= upper).all()
    if scale == 0.1 and not bias:
        assert (gain.smooth[1:4, 1] < upper[1:4, 0] / 2).all()  # at 1e-2 much is known of smooth families
    assert gain.smooth[4, 2] == upper[4, 0]  # and nothing of a kink


def test_parity_sharpens_the_bound() -> None:
    """softplus is a line and even powers, tanh odd ones: counts without the other degrees are met."""
    rng = np.random.default_rng(0)
    logits = Head(0.1 * rng.standard_normal((300, 4)) / 2).logits(rng.standard_normal((300, 4)))
    gain = rank_gain(logits, [SigSoftmax(), SoftCap(1.0)], [1e-3, 1e-4])
    assert gain.smooth[0].tolist() == [14, 14]  # 4 + C(5, 2), where degrees to 4 with cubes would be 69
    assert gain.smooth[1, 0] == 24  # 4 + C(6, 3)
    assert gain.ranks[0, -1] == 14


def test_a_constant_beside_an_odd_function_costs_nothing() -> None:
    """The sigmoid is 1/2 and half a tanh: once centred it needs the odd degrees of tanh, and no more."""
    rng = np.random.default_rng(1)
    logits = Head(0.05 * rng.standard_normal((200, 4))).logits(0.2 + np.abs(rng.standard_normal((200, 4))))
    gain = rank_gain(logits, [Sigmoid(), SoftCap(2.0), Softplus(), SiLU()], [1e-3])
    assert gain.smooth[0, 0] == gain.smooth[1, 0] == 24  # 4 + C(6, 3)
    assert gain.parity[0, 0] == gain.parity[1, 0]
    assert gain.smooth[2, 0] == 14  # 4 + C(5, 2)
    assert (gain.ranks[:, 0] <= gain.smooth[:, 0]).all()
    assert gain.ranks[0, 0] == gain.ranks[1, 0]


def test_default_slopes_bend_like_the_root_of_their_length() -> None:
    """Random slopes on K segments leave a walk of step K^(-1/2) beside a line (Donsker)."""
    logits = drawn(120, 130, 3, seed=2)
    bends = []
    for segments in (100, 10_000):
        gain = rank_gain(logits, [PLIF.random(segments, seed=k) for k in range(5)], [1e-3])
        bends.append(np.median([np.linalg.norm(s.values[3:]) / s.top for s in gain.spectra]))
    assert 7 < bends[0] / bends[1] < 14


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scale", [0.03, 0.1, 0.5])
def test_each_certificate_is_sharper_than_the_one_before_and_none_is_beaten(bias: bool, scale: float) -> None:
    logits = drawn(150, 160, 3, bias)
    b = None if logits.head.b is None else scale * logits.head.b
    logits = Head(scale * logits.head.W, b).logits(logits.H)
    gain = rank_gain(logits, [Identity(), SigSoftmax(), Exp(), SoftCap(1.0), GSS(-1.5, 2.5), LeakyReLU(0.1)])
    seen = gain.measurable
    upper = np.array([bound.value for bound in gain.upper])[:, None]
    assert (gain.ranks[seen] <= gain.smooth[seen]).all()
    assert (gain.smooth <= gain.parity).all()
    assert (gain.parity <= gain.chebyshev).all()
    assert (gain.chebyshev <= upper).all()
    if bias:  # every lower degree comes back
        assert (gain.parity == gain.chebyshev).all()
    elif scale < 0.5:
        assert (gain.parity[1] < gain.chebyshev[1]).any()  # softplus: a line and even degrees
        assert (gain.parity[3] < gain.chebyshev[3]).any()  # tanh: odd ones


def test_a_function_that_overflows_on_the_other_side_has_no_series_and_still_a_rank() -> None:
    logits = drawn(30, 40, 1)
    far = Head(logits.head.W, np.full(40, -900.0)).logits(logits.H)
    gain = rank_gain(far, [SoftCap(2000.0), Exp()], [1e-3])
    assert gain.chebyshev[1, 0] == gain.upper[1].value


# -- how gains move --


def test_sweeps_move_one_thing() -> None:
    by_scale = gain_sweep("scale", [0.1, 1, 10], contexts=60, classes=70, d=3)
    assert by_scale.linear.tolist() == [3, 3, 3]
    smooth, exploding = (by_scale.families.index(name) for name in ("SigSoftmax", "Exp"))
    assert (np.diff(by_scale.gain[smooth]) > 0).all()
    assert by_scale.gain[exploding, 2] < 0  # one logit outweighs all others
    by_width = gain_sweep("d", [2, 4], [SigSoftmax()], contexts=60, classes=70)
    assert by_width.linear.tolist() == [2, 4]
    assert by_width.gain[0, 0] < by_width.gain[0, 1]
    for parameter in ("contexts", "classes"):
        sweep = gain_sweep(parameter, [40, 80], [LeakyReLU(0.1)], contexts=90, classes=95, d=4)
        assert (sweep.ranks <= sweep.near).all()
        assert (sweep.near <= sweep.upper).all()
        assert (sweep.upper <= [[40, 80]]).all()
        assert [row[parameter] for row in sweep.rows()] == [40, 80]


def test_random_slopes_follow_the_root_of_their_number() -> None:
    s = gain_sweep("segments", [100, 1_000, 10_000, 100_000], contexts=60, classes=70, d=4, draws=9)
    assert s.slope("PLIF") == pytest.approx(-0.5, abs=0.07)
    assert s.gain[0, -1] < s.gain[0, 0]


def test_sweep_refusals() -> None:
    with pytest.raises(InputError, match="parameter is 'size'"):
        gain_sweep("size", [1])
    with pytest.raises(InputError, match="leave families out"):
        gain_sweep("segments", [10], [Exp()])
    with pytest.raises(InputError, match="a slope needs two values"):
        gain_sweep("scale", [1.0], [Exp()], contexts=9, classes=9, d=2).slope("Exp")
    said: list[tuple[int, int]] = []
    gain_sweep("d", [1, 2], [Exp()], contexts=9, classes=9, progress=lambda *done: said.append(done))
    assert said == [(0, 2), (1, 2)]


# -- random feature maps over the channel ratio --


def test_feature_maps_have_full_rank_exactly_and_rise_slowly_by_energy() -> None:
    found = channel_ranks([0.1, 0.5, 0.9])
    row = {name: i for i, name in enumerate(found.activations)}
    assert (found.lower <= found.upper).all()
    assert found.lower[row["linear"]].tolist() == found.upper[row["linear"]].tolist() == [0.1, 0.5, 0.9]
    assert found.upper[row["square"], 0] == found.lower[row["square"], 0] == 21 / 60  # C(7, 2)
    assert found.upper[row["cube"], 0] == found.lower[row["cube"], 0] == 56 / 60  # C(8, 3)
    full = ["ReLU", "ReLU6", "ELU", "SiLU", "softplus", "sigmoid", "tanh"]
    assert (found.lower[[row[name] for name in full]] == 1).all()
    assert 0.7 < found.lower[row["hard swish"], 0] < 1  # a quadratic, but for the entries beyond 3
    recomputed = {
        "ReLU": (0.39, 0.86, 0.90), "SiLU": (0.35, 0.84, 0.90), "ELU": (0.29, 0.70, 0.82),
        "softplus": (0.19, 0.51, 0.68), "sigmoid": (0.12, 0.39, 0.54), "tanh": (0.37, 0.72, 0.83),
        "linear": (0.10, 0.47, 0.72),
    }  # fmt: skip
    for name, energies in recomputed.items():
        assert found.energy[row[name]] == pytest.approx(energies, abs=0.04), name
    assert len(found.rows()) == 33


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_keep_their_promises(name: str) -> None:
    """Values against a slope by differences, and against exact values or balls."""
    import flint

    f, z = ACTIVATIONS[name], np.linspace(-7.3, 7.1, 200)
    slope = (f(z + 1e-6) - f(z - 1e-6)) / 2e-6
    assert np.allclose(slope, f.slope(z), atol=1e-5)
    for x, y in zip(z.tolist(), f(z).tolist(), strict=True):
        exact = f.exact(Fraction(x))
        if exact is not None:
            assert y == pytest.approx(float(exact), rel=1e-14, abs=1e-15)
        else:
            wide = f.ball(flint.arb(x, 0.01))
            assert wide.contains(f.ball(flint.arb(x)))
            assert y == pytest.approx(float(f.ball(flint.arb(x)).mid()), rel=1e-14)


def test_channel_refusals() -> None:
    with pytest.raises(InputError, match="activations holds 'mish'"):
        channel_ranks([0.5], ["mish"])
    with pytest.raises(InputError, match="leaves none"):
        channel_ranks([0.001], ["ReLU"])


def test_progress_counts_the_families() -> None:
    said: list[tuple[int, int]] = []
    rank_gain(
        drawn(9, 8, 2), [Identity(), Exp()], [1e-3], progress=lambda done, total: said.append((done, total))
    )
    assert said == [(0, 2), (1, 2)]
