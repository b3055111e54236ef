"""What a fit promises: the optimum where theory knows it, its conditions, and that it can be repeated."""

import concurrent.futures
import json
import pickle

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array
from scipy.special import log_softmax, rel_entr, softmax

import rankkit as rk
from rankkit.learn import HEADS, FitResult, dirichlet, fit
from rankkit.learn.heads import make
from rankkit.learn.objective import Target

SEEDS = range(3)


def kl(P, log_q):
    return rel_entr(P, np.exp(log_q)).sum(axis=1).mean()


def representable(contexts, classes, d, bias, seed):
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((contexts, d)) @ rng.standard_normal((d, classes))
    return softmax(Z + bias * rng.standard_normal(classes), axis=1)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("seed", SEEDS)
def test_linear_represents_exactly_the_distributions_of_its_rank(bias, seed):
    P = representable(24, 16, 3, bias, seed)
    assert fit(P, d=3, bias=bias).kl < 1e-11
    assert fit(P, d=2, bias=bias, restarts=2).kl > 1e-2


def test_without_its_bias_a_head_needs_one_more_dimension():
    P = representable(24, 16, 3, True, 0)
    assert fit(P, d=3, bias=False, restarts=2).kl > 1e-3
    assert fit(P, d=4, bias=False).kl < 1e-11


@pytest.mark.parametrize("seed", SEEDS)
def test_linear_optimum_matches_expectations(seed):
    P = dirichlet(30, 20, 1.0, seed)
    result = fit(P, d=3, seed=seed)
    q, W = np.exp(result.log_probs()), result.head.W
    assert result.stopped in ("gradient", "flat")  # rounding decides which of them comes first
    assert (q - P) @ W == pytest.approx(np.zeros((30, 3)), abs=1e-6)
    assert result.H.T @ (q - P) == pytest.approx(np.zeros((3, 20)), abs=1e-6)
    assert q.mean(axis=0) == pytest.approx(P.mean(axis=0), abs=1e-7)
    # what is left has lost d + 1 dimensions, those of W and of the bias
    left = np.linalg.svd(q - P, compute_uv=False)
    assert left[20 - 4] < 1e-6 < left[20 - 5]
    # the cross-entropy is the entropy of q
    assert result.cross_entropy == pytest.approx(-(q * np.log(q)).sum() / 30, abs=1e-6)


def test_cross_entropy_is_the_entropy_of_every_prediction_without_a_bias():
    P = dirichlet(30, 20, 1.0, 0)
    for bias, same in ((False, True), (True, False)):
        log_q = fit(P, d=3, bias=bias).log_probs()
        gap = np.abs((P * log_q).sum(axis=1) - (np.exp(log_q) * log_q).sum(axis=1)).max()
        assert bool(gap < 1e-5) == same


@pytest.mark.parametrize("head", ["gss", "lms-plif", "monotone-network", "rational-quadratic"])
def test_residual_of_the_contexts_is_slope_weighted_matching(head):
    P = dirichlet(20, 10, 1.0, 1)
    result = fit(P, head, d=2, steps=60, bias=False)
    logits = result.head.logits(result.H).dense()
    left = np.exp(result.log_probs()) - P
    weighted = (left * result.function.slope(logits)) @ result.head.W
    assert result.residuals["H"] == pytest.approx(np.abs(weighted).max(), rel=1e-9)
    assert result.residuals["H"] != pytest.approx(np.abs(left @ result.head.W).max(), rel=1e-3)


def test_a_monotone_optimum_matches_weighted_expectations_and_no_others():
    P = dirichlet(20, 10, 1.0, 3)  # from most starts the same optimum: the valley is not flat
    result = fit(P, "gss", d=2, steps=2000, bias=False)
    assert result.stopped in ("gradient", "flat")
    left = np.exp(result.log_probs()) - P
    weighted = left * result.function.slope(result.head.logits(result.H).dense())
    assert np.abs(weighted @ result.head.W).max() < 1e-6
    assert np.abs(left @ result.head.W).max() > 1e-3


@pytest.mark.parametrize(
    "head",
    ["sigsoftmax", "gss", "lms-plif", "monotone-network", "rational-quadratic", rk.functions.SoftCap(5.0)],
)
def test_monotone_heads_keep_every_argmax_of_their_logits(head):
    result = fit(dirichlet(40, 15, 0.3, 2), head, d=3, steps=150)
    logits = result.head.logits(result.H)
    assert (result.log_probs().argmax(axis=1) == logits.dense().argmax(axis=1)).all()
    # the public function on the public logits is the same prediction
    assert rk.log_probs(logits, result.function) == pytest.approx(result.log_probs(), abs=1e-10)


def test_a_mixture_prefers_a_class_that_no_component_prefers():
    H = np.log([[[0.5, 0.45, 0.05]], [[0.05, 0.45, 0.5]]])
    scores, _ = make("mos", bias=False).scores({"H": H, "W": np.eye(3), "prior": np.zeros((1, 2))})
    assert H.argmax(axis=2).tolist() == [[0], [2]]
    assert np.exp(scores) == pytest.approx(np.array([[0.275, 0.45, 0.275]]))


def centred_rank(result):
    return rk.spectrum(result.log_probs(), center="classes").numerical_rank("relative", 1e-10)


def test_rank_of_every_head():
    P = dirichlet(30, 20, 0.5, 3)
    ranks = {head: centred_rank(fit(P, head, d=3, steps=200)) for head in HEADS}
    for head in ("linear", "moc", "two-towers", "dnd"):
        assert ranks.pop(head) == 4  # d, and one for the bias
    assert min(ranks.values()) > 10
    for head in ("mos", "mos-projected", "mixtape", "lms-plif"):
        assert ranks[head] == 19


@pytest.mark.parametrize("head", ["moc", "two-towers"])
def test_negative_controls_gain_nothing(head):
    P = dirichlet(30, 20, 1.0, 0)
    linear = min(fit(P, d=3, restarts=6, steps=500).restarts)
    assert min(fit(P, head, d=3, restarts=6, steps=500).restarts) == pytest.approx(linear, rel=0.02)


def test_order_of_the_heads_on_average():
    """A monotone head lies between the linear head and a mixture, after as many steps."""
    rows = []
    for seed in range(4):
        P = dirichlet(40, 25, 0.3, seed)
        heads = ("linear", "sigsoftmax", "lms-plif", "mos")
        fits = [fit(P, head, d=3, steps=500, restarts=2, seed=seed, bias=False) for head in heads]
        rows.append([result.kl for result in fits])
    linear, sigsoftmax, plif, mixture = np.mean(rows, axis=0)
    assert mixture < 0.95 * plif < 0.95 * 0.95 * linear
    assert sigsoftmax == pytest.approx(linear, rel=0.02)


@pytest.mark.parametrize("head", ["lms-plif", "monotone-network", "rational-quadratic"])
def test_learned_functions_reach_full_rank_for_certain(head):
    result = fit(dirichlet(24, 15, 0.3, 0), head, d=3, steps=100)
    logits = result.head.logits(result.H)
    ranks = rk.rank_bounds(logits, result.function, subject="centred")
    assert ranks.exact == 14
    assert rk.check(ranks.lower_proof.certificate, result.head)
    assert rk.rank_bounds(logits, subject="centred").exact == 4


def test_sigsoftmax_gains_rank_for_certain():
    P = dirichlet(30, 20, 1.0, 0)
    result = fit(P, "sigsoftmax", d=2, bias=False, steps=500)
    ranks = rk.rank_bounds(result.head.logits(result.H), result.function, subject="centred")
    assert ranks.lower > 10
    assert result.kl > 0.98 * fit(P, d=2, bias=False).kl


@pytest.mark.parametrize("head", HEADS)
def test_figures_are_those_of_the_log_probabilities(head):
    P = dirichlet(20, 12, 0.05, 4)
    P[P < 1e-3] = 0
    P /= P.sum(axis=1, keepdims=True)
    result = fit(P, head, d=2, steps=40)
    log_q = result.log_probs()
    assert np.exp(log_q).sum(axis=1) == pytest.approx(np.ones(20))
    assert result.kl == pytest.approx(kl(P, log_q), rel=1e-10)
    assert result.entropy == pytest.approx(-np.sum(P[P > 0] * np.log(P[P > 0])) / 20)
    assert result.cross_entropy == pytest.approx(-(P * log_q).sum() / 20)
    assert result.mode_match == np.mean(log_q.argmax(axis=1) == P.argmax(axis=1))
    if head != "dnd":  # which minimises something else
        assert result.history[-1] == pytest.approx(result.kl, abs=1e-10)
    assert result.history[0] > result.kl
    assert result.kl < fit(P, head, d=2, steps=1).kl
    assert result.parameters == result.model.parameter_count(20, 12, 2)
    with pytest.raises(ValueError, match="read-only"):
        result.arrays["W"][0] = 0


def test_top_overlap_is_counted_by_hand():
    P = np.array([[0.4, 0.3, 0.1, 0.1, 0.05, 0.05, 0.0]])
    target = Target.of(P)
    log_q = np.log([[0.3, 0.05, 0.2, 0.25, 0.1, 0.05, 0.05]])
    assert target.top_overlap(log_q, 1) == 1
    assert target.top_overlap(log_q, 2) == 0.5  # q: 0, 3; P: 0, 1
    assert target.top_overlap(log_q, 3) == 1.0  # q: 0, 3, 2; P: 0, 1 and a tie of 2 and 3


def test_mixture_is_the_public_mixture():
    result = fit(dirichlet(15, 10, 1.0, 0), "mos", d=2, components=3, steps=50)
    public = rk.MixtureOfSoftmaxes(result.H, softmax(result.arrays["prior"], axis=1), result.head)
    assert public.log_probs() == pytest.approx(result.log_probs(), abs=1e-12)


@pytest.mark.parametrize("head", ["linear", "lms-plif", "mos"])
def test_a_seed_decides_everything(head):
    P = dirichlet(15, 10, 0.5, 0)
    first, again, other = (fit(P, head, d=2, steps=30, seed=seed) for seed in (7, 7, 8))
    assert all((first.arrays[name] == again.arrays[name]).all() for name in first.arrays)
    assert (first.history == again.history).all()
    assert (first.H != other.H).any()


def test_a_drawn_seed_is_told_and_repeats():
    P = dirichlet(10, 6, 1.0, 0)
    assert fit(P, d=1, steps=10, seed=np.int64(7)).seed == 7
    for seed in (None, np.random.default_rng(3)):
        drawn = fit(P, d=1, steps=10, seed=seed)
        assert (fit(P, d=1, steps=10, seed=drawn.seed).H == drawn.H).all()


def test_restarts_keep_the_best_and_do_not_depend_on_each_other():
    P = dirichlet(20, 12, 0.2, 0)
    three, five = fit(P, d=2, restarts=3, steps=80), fit(P, d=2, restarts=5, steps=80)
    assert (three.restarts == five.restarts[:3]).all()
    assert five.kl == five.restarts.min() < five.restarts.max()


def test_an_executor_gives_the_same_answer():
    P = dirichlet(12, 8, 0.5, 0)
    alone = fit(P, "lms-plif", d=2, restarts=2, steps=20)
    seen = []
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        pooled = fit(
            P, "lms-plif", d=2, restarts=2, steps=20, executor=pool, progress=lambda *of: seen.append(of)
        )
    assert (pooled.restarts == alone.restarts).all()
    assert (pooled.H == alone.H).all()
    assert seen == [(20, 40), (40, 40)]


def test_saved_loaded_and_continued(tmp_path):
    P = dirichlet(20, 12, 0.3, 0)
    half = fit(P, "lms-plif", d=2, steps=40)
    half.save(tmp_path / "half.npz")
    loaded = FitResult.load(tmp_path / "half.npz")
    assert repr(loaded) == repr(half)
    assert (loaded.log_probs() == half.log_probs()).all()
    on = fit(P, "lms-plif", d=2, steps=40, warm=loaded)
    assert on.kl < half.kl
    assert on.steps == half.steps + 40
    assert (on.history[: half.steps + 1] == half.history).all()


def test_a_function_as_head_is_saved_by_its_spec(tmp_path):
    result = fit(
        dirichlet(10, 6, 1.0, 0), rk.functions.GSS(-1.0, 3.0), d=np.int64(1), steps=10, bias=np.False_
    )
    result.save(tmp_path / "fit.npz")
    assert FitResult.load(tmp_path / "fit.npz").function == rk.functions.GSS(-1.0, 3.0)


@pytest.mark.parametrize("head", ["lms-plif", "rational-quadratic", "mos", "mixtape", "moc", "two-towers"])
def test_every_head_that_contains_the_linear_one_goes_on_from_its_fit(head):
    P = dirichlet(20, 12, 0.3, 0)
    linear = fit(P, d=2)
    on = fit(P, head, d=2, warm=linear, steps=100)
    assert on.history[linear.steps] == linear.history[-1]
    assert on.kl <= linear.kl + 1e-9
    assert (on.kl < 0.9 * linear.kl) == (head not in ("moc", "two-towers"))


def test_a_result_survives_pickling():
    result = fit(dirichlet(8, 5, 1.0, 0), "lms-plif", d=1, steps=5)
    again = pickle.loads(pickle.dumps(result))
    assert repr(again) == repr(result)
    assert (again.H == result.H).all()
    assert not again.H.flags.writeable


def test_files_that_are_no_fits_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("not a fit")
    np.savez(tmp_path / "other.npz", W=np.eye(2))
    np.savez(tmp_path / "broken.npz", fit=json.dumps({"kl": 1.0}), history=np.ones(2), restarts=np.ones(1))
    fit(GOOD, d=1, steps=3).save(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as stored:
        good = dict(stored)
    for name, change in {
        "narrow": {"learned.b": np.zeros(3)},
        "nan": {"learned.b": np.array([0.0, np.nan])},
        "small": {"learned.b": np.zeros(2, dtype=np.float32)},
        "extra": {"learned.curve": np.zeros(2)},
        "head": {"fit": str(good["fit"]).replace("linear", "unheard")},
        "nest": {"fit": "[" * 100_000},
        "pickle": {"history": np.array([{}], dtype=object)},
    }.items():
        np.savez(tmp_path / f"{name}.npz", **{**good, **change})
    for name in (
        "absent",
        "text",
        "other",
        "broken",
        "narrow",
        "nan",
        "small",
        "extra",
        "head",
        "nest",
        "pickle",
    ):
        with pytest.raises(rk.LoadError, match="is not a saved fit"):
            FitResult.load(tmp_path / f"{name}.npz")


def test_progress_counts_up_and_can_stop():
    seen = []

    def watch(done, total):
        seen.append((done, total))
        if done == 5:
            raise StopIteration

    result = fit(dirichlet(20, 12, 0.3, 0), d=2, steps=50, progress=watch)
    assert seen == [(i, 50) for i in range(1, 6)]
    assert (result.stopped, result.steps) == ("asked", 5)


def test_counts_are_their_frequencies_and_zeros_are_exact():
    counts = np.random.default_rng(0).poisson(0.7, size=(15, 9))
    counts[:, 0] += 1
    P = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Target.of(csr_array(counts)).P, P, rtol=1e-15)
    assert (P == 0).any()
    sparse = fit(csr_array(counts), d=2, steps=200)
    assert sparse.kl == pytest.approx(kl(P, sparse.log_probs()), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_that_overflows_is_not_taken(seed):
    P = dirichlet(40, 25, 0.1, 0)
    result = fit(P, rk.functions.Exp(), d=3, steps=300, seed=seed)
    assert result.kl < fit(P, d=3, steps=20, seed=seed).kl
    assert np.isfinite(result.history).all()


def test_a_function_that_breaks_its_promise_is_refused():
    class Falling(rk.MonotoneFunction):
        def __call__(self, z):
            return -z

        def slope(self, z):
            return np.full_like(z, -1.0)

    with pytest.raises(rk.InputError, match="Falling is not increasing"):
        fit(GOOD, Falling(), d=1)


def test_one_hot_rows_cost_nothing_at_infinity_only():
    result = fit(np.eye(4), d=2, steps=300)
    assert 0 < result.kl < 1e-4
    assert result.entropy == 0
    assert np.isfinite(result.log_probs()).all()


def test_weights_are_repeated_contexts():
    P = dirichlet(6, 5, 1.0, 0)
    weighted = fit(P, d=1, weights=[1, 2, 1, 1, 3, 1], restarts=4)
    repeated = fit(np.repeat(P, [1, 2, 1, 1, 3, 1], axis=0), d=1, restarts=4)
    assert weighted.kl == pytest.approx(repeated.kl, rel=1e-5)
    assert weighted.kl != pytest.approx(fit(P, d=1, restarts=4).kl, rel=1e-3)


GOOD = [[0.5, 0.5], [0.25, 0.75]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"P": [[0.5, 0.5], [0.9, 0.3]]}, r"P\[1\] sums to 1.2; wanted rows that sum to 1"),
        ({"P": [[0.5, 0.5], [1.5, -0.5]]}, r"P\[1, 1\] = -0.5; wanted probabilities or counts"),
        ({"P": [[0.5, np.nan]]}, "P must be finite"),
        ({"P": [0.5, 0.5]}, r"P has 1 axis, shape \(2,\)"),
        ({"P": np.zeros((0, 3))}, "P has an empty axis"),
        ({"P": csr_array([[1, 2], [0, 0]])}, r"P\[1\] has no count"),
        ({"P": coo_array([1, 2])}, r"P has 1 axis"),
        ({"P": csr_array([[1, -2], [1, 0]])}, r"P\[0, 1\] = -2"),
        ({"d": 0}, "d is 0; wanted an integer >= 1"),
        ({"steps": 0}, "steps is 0"),
        ({"restarts": 0}, "restarts is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"tolerance": 0}, "tolerance is 0; wanted a positive"),
        (
            {"head": "plif"},
            "head is 'plif'; wanted linear, sigsoftmax, gss, lms-plif, .*, dnd, or a pointwise",
        ),
        ({"head": "mos", "segments": 3}, "head 'mos' does not take segments; its options: components, bias"),
        ({"head": "lms-plif", "segments": 0}, "segments is 0"),
        ({"head": "lms-plif", "bound": -1.0}, "bound is -1.0"),
        ({"head": "monotone-network", "units": 0}, "units is 0"),
        ({"head": "mos", "components": 0}, "components is 0"),
        ({"head": rk.functions.Exp(), "curve": 1}, "does not take curve"),
        ({"weights": [1.0]}, "weights has 1 entries but P has 2 rows"),
        ({"weights": [1.0, 0.0]}, r"weights\[1\] = 0; wanted positive"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value[:24],
)
def test_bad_inputs_are_named(arguments, sentence):
    with pytest.raises(rk.InputError, match=sentence):
        fit(**{"P": GOOD, "d": 1, **arguments})


def test_a_start_of_another_shape_or_head_is_refused():
    P = dirichlet(8, 5, 1.0, 0)
    linear, mixture = fit(P, d=2, steps=5), fit(P, "mos", d=2, steps=5)
    for arguments, sentence in [
        ({"P": GOOD, "d": 2, "warm": linear}, "warm is a fit of .8, 5. with d = 2; wanted .2, 2. with d = 2"),
        ({"P": P, "d": 3, "warm": linear}, "wanted .8, 5. with d = 3"),
        ({"P": P, "d": 2, "warm": mixture}, "warm is a fit of Mixture"),
        ({"P": P, "d": 2, "bias": False, "warm": linear}, "warm is a fit of Linear"),
        ({"P": P, "d": 2, "warm": linear, "restarts": 2}, "restarts is 2 with warm="),
    ]:
        with pytest.raises(rk.InputError, match=sentence):
            fit(**arguments)


def test_a_head_of_another_kind_is_a_type_error():
    with pytest.raises(TypeError, match="head is 3; wanted a name"):
        fit(GOOD, 3)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (3, 2)], ids=str)
@pytest.mark.parametrize("head", HEADS)
def test_small_shapes_and_wide_heads_work(shape, head):
    result = fit(dirichlet(*shape, 1.0, 0), head, d=4, steps=50)
    assert result.kl < 1e-2
    assert result.log_probs().shape == shape
    assert log_softmax(result.log_probs(), axis=1) == pytest.approx(result.log_probs(), abs=1e-12)


def test_a_coarse_function_is_refined_and_goes_on():
    P = dirichlet(20, 12, 0.3, 0)
    coarse = fit(P, "lms-plif", d=2, segments=6, steps=200)
    fine = fit(P, "lms-plif", d=2, segments=24, steps=100, warm=coarse)
    assert fine.function.segments == 24
    assert fine.history[coarse.steps] == coarse.history[-1]
    assert fine.kl < coarse.kl
    for options in ({"segments": 10}, {"segments": 12, "bound": 5.0}, {"segments": 12, "bias": False}):
        with pytest.raises(rk.InputError, match="warm is a fit of Monotone"):
            fit(P, "lms-plif", d=2, warm=coarse, **options)


def test_random_slopes_are_learned_or_frozen():
    P = dirichlet(20, 12, 0.3, 0)
    published = rk.functions.PLIF.random(16, bound=4.0, seed=3)
    options = {"segments": 16, "bound": 4.0, "init": "random", "slopes_seed": 3}
    frozen = fit(P, "lms-plif", d=2, steps=60, frozen=True, **options)
    learned = fit(P, "lms-plif", d=2, steps=60, **options)
    assert frozen.function.slopes == pytest.approx(published.slopes, rel=1e-12)
    assert "curve" not in frozen.arrays
    assert np.abs(learned.function.slopes - published.slopes).max() > 0.1
    assert learned.parameters - frozen.parameters == 16
    with pytest.raises(rk.InputError, match="init is 'zeros'; wanted 'identity' or 'random'"):
        fit(P, "lms-plif", d=2, init="zeros")
