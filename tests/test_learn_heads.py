"""What is said of a head before it is fitted, against the head itself: size, cost, rank, dimension, order."""

import numpy as np
import pytest
from scipy.special import log_softmax

import rankkit as rk
from rankkit.learn import HEADS, Order, facts, fit, jacobian_rank
from rankkit.learn.heads import make
from rankkit.learn.objective import Target

#: Functions beside the named heads: polynomials, whose rank is a count, and one with a kink.
POLYNOMIALS = [
    rk.functions.Identity(),
    rk.functions.Polynomial({1: 1.0, 3: 0.2}),
    rk.functions.Polynomial({0: 2.0, 2: 1.0}),
]
EVERY = [*HEADS, *POLYNOMIALS, rk.functions.Exp(), rk.functions.LeakyReLU(0.2)]
#: Knots where the logits are, else a head is its linear limit.
OPTIONS = {"lms-plif": {"segments": 12, "bound": 3.0}, "rational-quadratic": {"segments": 6, "bound": 3.0}}
VARIANTS = [
    ("mos", {"components": 1}),
    ("mos", {"components": 3}),
    ("mos-projected", {"components": 1}),
    ("mixtape", {"components": 1}),
    ("multi-facet", {"components": 1, "parts": 3}),
    ("multi-facet", {"components": 1, "parts": 1}),
    ("multi-facet", {"components": 3, "parts": 1}),
    ("multi-facet", {"components": 1, "parts": 20}),
    ("multi-facet", {"components": 2, "parts": 3}),
    ("gss", {"k": 1.0}),
]
CASES = [(head, OPTIONS.get(head, {})) for head in EVERY] + VARIANTS
IDS = [f"{h if isinstance(h, str) else h.name}{''.join(f'-{k}{v}' for k, v in o.items())}" for h, o in CASES]
each_head = pytest.mark.parametrize(("head", "options"), CASES, ids=IDS)
with_and_without_bias = pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])


def drawn(head, contexts, classes, d, seed, **options):
    model, rng = make(head, **options), np.random.default_rng(seed)
    shapes = model.shapes(contexts, classes, d)
    start = model.start(shapes, rng)
    return model, {name: start[name] + 0.6 * rng.standard_normal(shapes[name]) for name in shapes}


def centred_rank(scores):
    L = log_softmax(scores, axis=1)
    values = np.linalg.svd(L - L.mean(axis=1, keepdims=True), compute_uv=False)
    return int((values > 1e-11 * values[0]).sum())


@each_head
@with_and_without_bias
@pytest.mark.parametrize("shape", [(14, 8, 2), (7, 12, 2), (6, 6, 1), (5, 4, 6)], ids=str)
def test_rank_is_what_is_said(head, options, bias, shape):
    said = facts(head, *shape, bias=bias, **options)
    found = [
        centred_rank(model.scores(arrays)[0])
        for model, arrays in (drawn(head, *shape, seed, bias=bias, **options) for seed in range(3))
    ]
    assert max(found) <= said.rank
    if said.attained:
        assert max(found) == said.rank
    assert said.reason


def test_attained_is_not_said_where_it_fails():
    """Near miss: with every logit on one segment, PLIF is linear."""
    said = facts("lms-plif", 14, 8, 2, segments=3, bound=100.0)
    model, arrays = drawn("lms-plif", 14, 8, 2, 0, segments=3, bound=100.0)
    assert not said.attained
    assert centred_rank(model.scores(arrays)[0]) == 3 < said.rank == 7


@each_head
@with_and_without_bias
@pytest.mark.parametrize("shape", [(7, 6, 2), (5, 8, 1), (3, 4, 5)], ids=str)
def test_dimension_is_a_bound_on_the_jacobian_rank(head, options, bias, shape):
    at = jacobian_rank(head, *shape, seed=1, bias=bias, **options)
    assert at.rank <= at.bound <= at.whole == shape[0] * (shape[1] - 1)
    assert at.parameters == facts(head, *shape, bias=bias, **options).parameters


@pytest.mark.parametrize("shape", [(10, 10, 2), (14, 14, 2), (12, 8, 3)], ids=str)
def test_the_dimensions_that_theory_knows(shape):
    N, M, d = shape
    for head, wanted in {
        "linear": d * (N + M - 1 - d),
        "moc": d * (N + M - 1 - d),
        "sigsoftmax": d * (N + M - d),
        rk.functions.SoftCap(2.0): d * (N + M - d),
        rk.functions.SiLU(): d * (N + M - d),
        "mos": min(N * (M - 1), 2 * N * d + M * d + N - d * (d + 1)),
    }.items():
        at = jacobian_rank(head, *shape, bias=False)
        assert at.rank == wanted == at.bound
        assert at.gap > 1e3
    assert d * (N + M - d) < jacobian_rank("lms-plif", *shape, bias=False, segments=5, bound=2.0).rank


def test_a_fit_has_a_dimension_where_it_ended():
    result = fit(rk.learn.dirichlet(6, 5, 1.0, 0), "sigsoftmax", d=2, steps=30)
    at = jacobian_rank(result)
    assert (at.parameters, at.whole) == (result.parameters, 24)
    assert at.rank <= at.bound


@each_head
@with_and_without_bias
def test_parameters_are_counted(head, options, bias):
    said = facts(head, 11, 7, 3, bias=bias, **options)
    assert said.parameters == sum(a.size for a in drawn(head, 11, 7, 3, 0, bias=bias, **options)[1].values())
    wider = facts(head, 12, 7, 3, bias=bias, **options)
    assert wider.parameters - said.parameters == said.per_context


class Counting(np.ndarray):
    """An array that counts the multiplications of the matrix products that it takes part in."""

    done = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [x.view(np.ndarray) if isinstance(x, Counting) else x for x in inputs]
        kwargs.pop("out", None)
        out = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Counting.done += out.size * plain[0].shape[-1]
        return out.view(Counting) if isinstance(out, np.ndarray) else out


@each_head
def test_cost_is_that_of_the_matrix_products(head, options):
    counted = []
    for contexts in (4, 9):
        model, arrays = drawn(head, contexts, 8, 3, 0, **options)
        Counting.done = 0
        model.scores({name: array.view(Counting) for name, array in arrays.items()})
        counted.append(Counting.done)
    said = facts(head, 9, 8, 3, **options)
    assert counted[1] - counted[0] == 5 * said.multiplications
    assert said.evaluations >= 8


@each_head
def test_order_of_the_classes(head, options):
    """With states of width 1 and no bias, a linear head has two winners and two rankings."""
    said = facts(head, 400, 12, 1, bias=False, **options)
    winners, rankings = [], []
    for seed in range(4):
        model, arrays = drawn(head, 400, 12, 1, seed, bias=False, **options)
        far = {name: 5 * array if name in "HW" else array for name, array in arrays.items()}
        scores = model.scores(far)[0]
        winners.append(len(np.unique(scores.argmax(axis=1))))
        rankings.append(len(np.unique(scores.argsort(axis=1, kind="stable"), axis=0)))
    most = {Order.LINEAR: 2, Order.CONVEX: 2, Order.PARTS: 2 * options.get("parts", 2)}
    assert max(winners) <= most.get(said.order, 12)
    assert (max(winners) > 2) == (said.order in (Order.PARTS, Order.FREE))
    if said.order is not Order.REORDERED:
        assert (max(rankings) > 2) == (said.order is not Order.LINEAR)


def test_facets_keep_the_order_within_their_part():
    """Odd classes lie far inside the even ones: class 1 outside the others of its part, class 3 inside."""
    model, arrays = drawn("multi-facet", 500, 14, 2, 0, components=1, parts=2, bias=False)
    angle = np.arange(14) * 2 * np.pi / 14
    W = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(np.arange(14) % 2, 1.0, 9.0)[:, None]
    W[1], W[3] = 2 * W[1], 0
    H = 5 * arrays["H"]
    facets = model.scores({**arrays, "W": W, "H": H})[0]
    linear = make("linear", bias=False).scores({"W": W, "H": H[0, 0]})[0]
    assert 1 in facets.argmax(axis=1)
    assert 3 not in facets.argmax(axis=1)
    assert (linear.argmax(axis=1) % 2 == 0).all()


def test_one_part_is_a_mixture_and_one_component_of_it_is_linear():
    facet, arrays = drawn("multi-facet", 6, 5, 2, 0, components=2, parts=1)
    flat = {**arrays, "H": arrays["H"][:, 0]}
    assert facet.scores(arrays)[0] == pytest.approx(make("mos").scores(flat)[0])
    single = {**flat, "H": flat["H"][:1], "prior": flat["prior"][:, :1]}
    linear = log_softmax(make("linear").scores({**flat, "H": flat["H"][0]})[0], axis=1)
    assert make("mos", components=1).scores(single)[0] == pytest.approx(linear)


def test_facets_fit_what_one_state_cannot():
    P = rk.learn.dirichlet(30, 20, 0.3, 1)
    one, facets = fit(P, "mos", d=2, steps=200), fit(P, "multi-facet", d=2, steps=200)
    assert facets.kl < one.kl < fit(P, d=2).kl


@pytest.mark.parametrize("p", [0.02, 0.1])
def test_the_penalty_of_dropout_is_the_mean_loss_over_masks(p):
    """To second order: what is left falls faster than the penalty."""
    model, arrays = drawn("dnd", 5, 6, 3, 2, dropout=p)
    target, rng = Target.of(rk.learn.dirichlet(5, 6, 1.0, 0)), np.random.default_rng(0)
    plain = target.loss(model.scores(arrays)[0])[0]
    losses = []
    for _ in range(4000):
        mask = (rng.random((2, 5, 3)) >= p)[0] / (1 - p)
        losses.append(target.loss(model.scores({**arrays, "H": arrays["H"] * mask})[0])[0])
    penalty = model.loss(arrays, target)[0] - plain
    noise = np.std(losses) / np.sqrt(len(losses))
    assert penalty > 0
    assert abs(np.mean(losses) - plain - penalty) < 5 * noise + 3 * p * penalty


def test_dropout_trades_divergence_for_its_penalty_and_none_is_the_linear_head():
    P = rk.learn.dirichlet(20, 10, 0.5, 0)
    linear, none, some = fit(P, d=3), fit(P, "dnd", d=3, dropout=0.0), fit(P, "dnd", d=3, dropout=0.3)
    assert none.kl == pytest.approx(linear.kl, rel=1e-6)
    assert some.kl > linear.kl
    model, target = make("dnd", dropout=0.3), Target.of(P)
    assert model.loss(some.arrays, target)[0] < model.loss(linear.arrays, target)[0]


def test_bad_options_are_named():
    for options, sentence in [
        ({"dropout": 1.0}, "dropout is 1; wanted a probability"),
        ({"dropout": -0.1}, "dropout is -0.1; wanted a probability"),
    ]:
        with pytest.raises(rk.InputError, match=sentence):
            make("dnd", **options)
    for options in ({"parts": 0}, {"components": 0}):
        with pytest.raises(rk.InputError, match="is 0"):
            make("multi-facet", **options)
