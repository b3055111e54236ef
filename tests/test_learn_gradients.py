"""Every hand-written gradient against differences of an order high enough to be an oracle."""

import numpy as np
import pytest

import rankkit as rk
from rankkit.learn.curves import LearnedNetwork, LearnedPLIF, LearnedSpline
from rankkit.learn.heads import HEADS, make
from rankkit.learn.objective import Target
from rankkit.learn.optimise import loss_and_gradient

# Central differences of order 8: the error at step 1e-2 is of the size of rounding.
STENCIL = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}


#: Heads whose function changes its formula at knots, which a step must not carry a logit over.
BENT = ("lms-plif", "rational-quadratic")


def derivative(f, step):
    return sum(weight * (f(k * step) - f(-k * step)) for k, weight in STENCIL.items()) / step


def case(head, seed, bias=True):
    rng = np.random.default_rng(seed)
    model = make(head, bias=bias, **({"segments": 7, "bound": 2.0} if head in BENT else {}))
    P = rng.dirichlet(np.full(8, 0.3), size=11)
    P[:, 0] = 0  # zeros cost nothing and pull nothing
    target = Target.of(P / P.sum(axis=1, keepdims=True), weights=rng.uniform(0.5, 2.0, size=11))
    shapes = model.shapes(11, 8, 3)
    start = model.start(shapes, rng)
    return (
        model,
        target,
        {name: start[name] + 0.3 * rng.standard_normal(shapes[name]) for name in shapes},
        rng,
    )


def along(model, target, arrays, direction):
    """The loss at distance t along a direction."""
    return lambda t: loss_and_gradient(
        model, target, {name: array + t * direction[name] for name, array in arrays.items()}
    )[0]


@pytest.mark.parametrize(
    "head",
    [*HEADS, rk.functions.SoftCap(3.0), rk.functions.SiLU(), rk.functions.Polynomial({1: 1.0, 3: 0.1})],
    ids=str,
)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_gradient_of_every_array(head, bias):
    model, target, arrays, rng = case(head, 3, bias)
    gradient = loss_and_gradient(model, target, arrays)[1]
    assert set(gradient) == set(arrays)
    for name in arrays:
        assert gradient[name].shape == arrays[name].shape
        direction = {n: np.zeros_like(a) for n, a in arrays.items()}
        direction[name] = rng.standard_normal(arrays[name].shape)
        direction[name] /= np.linalg.norm(direction[name])
        step = 1e-4 if head in BENT else 1e-2
        want = derivative(along(model, target, arrays, direction), step)
        got = float(np.vdot(gradient[name], direction[name]))
        assert got == pytest.approx(want, rel=1e-9, abs=1e-10 * np.abs(gradient[name]).max())


def test_the_oracle_sees_a_wrong_gradient():
    model, target, arrays, rng = case("mos", 3)
    gradient = loss_and_gradient(model, target, arrays)[1]["prior"]
    direction = {n: np.zeros_like(a) for n, a in arrays.items()}
    direction["prior"] = rng.standard_normal(gradient.shape)
    want = derivative(along(model, target, arrays, direction), 1e-2)
    assert float(np.vdot(gradient * (1 + 1e-7), direction["prior"])) != pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(
    "curve",
    [LearnedPLIF(6, 2.0), LearnedPLIF(7, 2.0), LearnedNetwork(3, 2.0), LearnedSpline(3, 2.0)],
    ids=str,
)
def test_a_curve_is_its_function_up_to_a_constant(curve):
    rng = np.random.default_rng(1)
    theta = curve.start() + rng.standard_normal(len(curve.start()))
    z = rng.normal(0.0, 2.0, size=(40, 5))
    values, slopes, _ = curve.evaluate(z, theta)
    f = curve.function(theta)
    shift = values - f(z)
    assert np.ptp(shift) < 1e-13
    assert slopes == pytest.approx(f.slope(z), rel=1e-13)
    assert f.increasing


@pytest.mark.parametrize("curve", [LearnedPLIF(), LearnedNetwork(), LearnedSpline()], ids=str)
def test_learning_starts_near_the_identity(curve):
    z = np.linspace(-8.0, 8.0, 101)
    values, slopes, _ = curve.evaluate(z, curve.start())
    assert np.ptp(values - z) < 0.5
    assert np.abs(slopes - 1).max() < 0.2


@pytest.mark.parametrize("head", HEADS)
def test_a_start_from_the_linear_head_predicts_nearly_the_same(head):
    rng = np.random.default_rng(2)
    linear, model = make("linear"), make(head)
    arrays = linear.start(linear.shapes(9, 7, 3), rng)
    start = model.from_linear(arrays, model.shapes(9, 7, 3), rng)
    assert {name: array.shape for name, array in start.items()} == model.shapes(9, 7, 3)
    if head in ("linear", "lms-plif", "rational-quadratic", "mixtape", "moc", "two-towers"):
        assert model.scores(start)[0] - linear.scores(arrays)[0] == pytest.approx(np.zeros((9, 7)), abs=1e-13)
