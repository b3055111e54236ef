"""Bounds that no linear head can beat: they hold under their hypothesis and break without it."""

import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr, softmax

import rankkit as rk
from rankkit.learn import dirichlet, entropy_bound, entropy_bound_of, fit, spectral_bounds


def truth(seed):
    """Positive distributions of a shape, concentration and rank that change with the seed."""
    rng = np.random.default_rng(seed)
    contexts, classes = (int(n) for n in rng.integers(4, 30, size=2))
    P = np.maximum(rng.dirichlet(np.full(classes, rng.choice([0.3, 1.0, 5.0])), size=contexts), 1e-4)
    return P / P.sum(axis=1, keepdims=True), int(rng.integers(1, 4))


def centred_spectrum(logits):
    return np.linalg.svd(logits - logits.mean(axis=1, keepdims=True), compute_uv=False)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("seed", range(12))
def test_no_linear_head_beats_the_lower_bound_and_the_best_reaches_the_upper_one(seed, bias):
    P, d = truth(seed)
    bounds = spectral_bounds(P, d, bias=bias)
    result = fit(P, d=d, bias=bias, restarts=3, steps=300)
    assert 0 <= bounds.lower <= result.restarts.min() + 1e-12
    assert result.kl <= bounds.upper + 1e-9


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_the_upper_bound_is_met_by_the_truncated_spectrum(bias):
    """An oracle that fits nothing: the best approximation of log P is a head of width d."""
    for seed in range(12):
        P, d = truth(seed)
        L = np.log(P) - np.log(P).mean(axis=1, keepdims=True)
        offset = L.mean(axis=0) * bias
        U, values, Vt = np.linalg.svd(L - offset)
        logits = (U[:, :d] * values[:d]) @ Vt[:d] + offset
        bounds = spectral_bounds(P, d, bias=bias)
        kl = rel_entr(P, softmax(logits, axis=1)).sum(axis=1).mean()
        assert bounds.lower <= kl <= bounds.upper
        assert bounds.tail == pytest.approx(np.linalg.norm(L - logits))


def test_a_wider_head_does_beat_the_bound():
    """Near miss: the same logits seen as a head of one dimension fewer."""
    P, _ = truth(3)
    assert spectral_bounds(P, 1).lower > fit(P, d=min(P.shape), steps=500).kl


def test_a_bias_beats_the_bound_of_heads_without():
    P = softmax(np.tile([[2.0, 3.0, 0.0], [0.0, 3.0, 2.0]], (3, 1)), axis=1)
    assert fit(P, d=1, bias=True).kl < 1e-9 < spectral_bounds(P, 1, bias=False).lower


@pytest.mark.parametrize("head", ["linear", "lms-plif", "mos"])
@pytest.mark.parametrize("seed", range(6))
def test_no_head_whose_logits_obey_the_spectrum_beats_the_entropy_bound(seed, head):
    P = dirichlet(16, 9, 0.3, seed)
    result = fit(P, head, d=2, steps=150)
    spectrum = centred_spectrum(result.log_probs())
    bound = entropy_bound(P, spectrum, start=result.log_probs(), steps=60)
    assert bound.lower <= result.kl + 1e-12
    assert bound.lower == entropy_bound_of(P, bound.Q, spectrum)
    # a poor Q proves a poor bound, not a wrong one
    Q = np.random.default_rng(seed).dirichlet(np.ones(9), size=16)
    assert entropy_bound_of(P, Q, spectrum) <= bound.lower


def test_entropy_bound_comes_close_where_the_spectral_one_does_not():
    P, d = truth(0)
    result = fit(P, d=d, bias=False, restarts=2)
    logits = result.head.logits(result.H).dense()
    bound = entropy_bound(P, centred_spectrum(logits)[:d], start=logits)
    assert result.kl > bound.lower > 0.5 * result.kl > 5 * spectral_bounds(P, d, bias=False).lower


def test_larger_logits_do_beat_the_entropy_bound():
    """Near miss: the bound for half the spectrum is broken by the head that has all of it."""
    P = dirichlet(16, 9, 0.3, 0)
    result = fit(P, d=3, steps=300)
    half = 0.5 * centred_spectrum(result.log_probs())
    assert entropy_bound(P, half, start=result.log_probs()).lower > result.kl


def test_without_logits_the_entropy_bound_is_the_divergence_from_uniform():
    P = dirichlet(10, 6, 1.0, 0)
    uniform = np.full((10, 6), 1 / 6)
    assert entropy_bound_of(P, uniform, [0.0]) == pytest.approx(rel_entr(P, uniform).sum(axis=1).mean())


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_at_the_optimum_is_a_difference_of_entropies(seed):
    """Where Q matches all that the logits can see, nothing is left to pay for them."""
    P = dirichlet(12, 6, 1.0, seed)
    result = fit(P, d=2, bias=False, steps=2000)
    assert result.stopped in ("gradient", "flat")  # rounding decides which of them comes first
    Q = np.exp(result.log_probs())
    assert np.abs((Q - P) @ result.head.W).max() < 1e-6
    assert entropy_bound_of(P, Q, [0.0]) == pytest.approx(result.kl, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: spectral_bounds([[1.0, 0.0]], 1), r"P\[0, 1\] is 0; the spectral bound wants"),
        (lambda: spectral_bounds([[0.5, 0.5]], 0), "d is 0"),
        (lambda: entropy_bound([[0.5, 0.5]], [1.0, 1.0]), "wanted at most 1 values, descending"),
        (lambda: entropy_bound(np.full((2, 2), 0.5), [1.0, 2.0]), "descending"),
        (lambda: entropy_bound([[0.5, 0.5]], [-1.0]), ">= 0"),
        (lambda: entropy_bound([[0.5, 0.5]], [1.0], start=[[0.0]]), r"start is \(1, 1\) but P is \(1, 2\)"),
        (lambda: entropy_bound_of([[0.5, 0.5]], [[1.0]], [1.0]), r"Q is \(1, 1\) but P is \(1, 2\)"),
        (lambda: entropy_bound_of([[0.5, 0.5]], [[0.5, 0.6]], [1.0]), "sums to 1.1"),
    ],
)
def test_bad_inputs_are_named(call, sentence):
    with pytest.raises(rk.InputError, match=sentence):
        call()


def test_zeros_are_welcome_in_the_entropy_bound():
    P = np.eye(4)
    bound = entropy_bound(P, [1.0, 0.5, 0.2])
    assert bound.hypothesis.endswith("singular values of at most 1, 0.5, 0.2, and no others")
    assert 0 < bound.lower < np.log(4)
    log_q = log_softmax(np.diag([0.2, 0.1, 0.1, 0.1]), axis=1)
    assert (centred_spectrum(log_q)[:3] <= [1.0, 0.5, 0.2]).all()
    assert bound.lower <= -np.diag(log_q).mean()
