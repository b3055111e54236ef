"""The PyTorch modules against the numpy functions, a dense reference, and autograd's own checks."""

import subprocess
import sys
from itertools import accumulate

import numpy as np
import pytest

import rankkit as rk
from rankkit import functions

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is the extra 'torch'")

from rankkit.torch import GSS, PLIF, Identity, MixtureOfSoftmaxes, MonotoneSoftmax, SigSoftmax  # noqa: E402
from rankkit.torch.smooth import MODULES  # noqa: E402

FUNCTIONS = [
    functions.Identity(),
    functions.SigSoftmax(),
    functions.GSS(-1.5, 2.5),
    functions.PLIF.random(8, 4.0),
    functions.PLIF.random(9, 4.0),
    functions.PLIF([0.5], bound=1.0),
    functions.PLIF([0.5, 30.0], bound=1.0),
    functions.PLIF.random(100_000),
]


def logits(shape, seed=0, scale=3.0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def overlaps(z, kinks):
    """Length that [0, z] shares with each segment, with the sign of z: (entries, K)."""
    ends = np.concatenate([[-np.inf], kinks, [np.inf]])
    return np.clip(z[:, None], ends[:-1], ends[1:]) - np.clip(0.0, ends[:-1], ends[1:])


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_values_and_slopes_are_those_of_the_numpy_function(f):
    z = np.concatenate([logits(500), [0.0, -0.0, 1e-300, -1e-9, 1e-9, 700.0, -700.0]])
    module = MODULES[type(f)].from_numpy(f)
    at = torch.tensor(z, requires_grad=True)
    values = module(at)
    (slopes,) = torch.autograd.grad(values.sum(), at)
    assert np.abs(values.detach().numpy() - f(z)).max() <= 1e-12 * max(1, np.abs(f(z)).max())
    away = z != 0  # at a kink either side's slope is one
    assert slopes.numpy()[away] == pytest.approx(f.slope(z)[away], rel=1e-12)
    back = module.to_numpy()
    assert np.abs(back(z) - f(z)).max() <= 1e-12 * max(1, np.abs(f(z)).max())


@pytest.mark.parametrize("K", [1, 2, 7, 8, 1000])
def test_gradient_by_the_slopes_is_the_shared_length(K):
    f = functions.PLIF.random(K, 4.0, seed=K)
    z, pull = logits(3001), logits(3001, seed=1)
    z[: len(f.kinks)] = f.kinks  # there both sides count the same length
    z[-1] = 0
    slopes = torch.tensor(f.slopes, requires_grad=True)
    torch.ops.rankkit.piecewise_linear(torch.tensor(z), slopes, 4.0).backward(torch.tensor(pull))
    want = pull @ overlaps(z, f.kinks)
    assert np.abs(slopes.grad.numpy() - want).max() <= 1e-12 * np.abs(pull).sum()


@pytest.mark.parametrize("K", [6, 7])
def test_gradcheck(K):
    f = PLIF(K, 4.0, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z = torch.tensor(logits((4, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda z, v: torch.func.functional_call(f, {"v": v}, z), (z, f.v))


@pytest.mark.parametrize("f", [Identity(), SigSoftmax(), GSS(-1.5, 2.5), PLIF(7, 4.0).double()], ids=str)
def test_gradcheck_of_the_heads(f):
    torch.manual_seed(0)
    head = MonotoneSoftmax(3, 6, f, dtype=torch.float64)
    H = torch.tensor(logits((4, 3)), requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda H, W, b: torch.func.functional_call(head, {"weight": W, "bias": b}, H),
        (H, head.weight, head.bias),
    )
    mixture = MixtureOfSoftmaxes(3, 6, components=2, dtype=torch.float64)
    assert torch.autograd.gradcheck(mixture, (H,))


@pytest.mark.parametrize("f", [SigSoftmax(), GSS(-1.5, 2.5), GSS(1.0, 0.1)], ids=str)
def test_smooth_functions_and_mixtures_have_second_derivatives(f):
    torch.manual_seed(0)
    z = torch.tensor(logits((3, 4)), requires_grad=True)
    assert torch.autograd.gradgradcheck(f, (z,))
    assert torch.autograd.gradgradcheck(MixtureOfSoftmaxes(4, 5, components=3, dtype=torch.float64), (z,))


def held(head, states, classes, d):
    """Return blocks of logits that a step holds at most, and those that it keeps for its backward pass."""
    from torch.profiler import ProfilerActivity, profile

    H, target = torch.randn(states, d, requires_grad=True), torch.randint(classes, (states,))
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = torch.nn.functional.nll_loss(head(H), target)
    loss.backward()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        torch.nn.functional.nll_loss(head(H), target).backward()
    events = [event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"]
    most = max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))
    for part in head.parameters():
        kept.pop(part.untyped_storage().data_ptr(), None)
    return most / (4 * states * classes), sum(kept.values()) / (4 * states * classes)


def test_a_function_holds_one_block_of_logits_more_than_the_linear_head():
    shape = {"states": 64, "classes": 4000, "d": 8}
    assert held(MonotoneSoftmax(8, 4000), **shape) == pytest.approx((3, 1), abs=0.05)
    for f in (SigSoftmax(), GSS(-1.5, 2.5), PLIF(100)):
        assert held(MonotoneSoftmax(8, 4000, f), **shape) == pytest.approx((4, 2), abs=0.05)


@pytest.mark.parametrize("K", [2, 3])
def test_a_mixture_keeps_a_block_of_logits_a_component_and_the_result(K):
    mixture = MixtureOfSoftmaxes(8, 4000, components=K)
    assert held(mixture, states=64, classes=4000, d=8) == pytest.approx((3 * K + 3, K + 1), abs=0.05)


def test_a_class_that_no_component_allows_pulls_by_nothing():
    mixture = MixtureOfSoftmaxes(3, 5, components=2)
    with torch.no_grad():
        mixture.bias[2] = -torch.inf
    H = torch.randn(4, 3, requires_grad=True)
    mixture(H)[:, 0].sum().backward()
    assert torch.isfinite(H.grad).all()
    assert torch.isfinite(mixture.weight.grad).all()


def test_the_operator_keeps_pytorchs_rules():
    z = torch.tensor(logits((5, 7)), requires_grad=True)
    slopes = torch.ones(7, dtype=torch.float64, requires_grad=True)
    torch.library.opcheck(torch.ops.rankkit.piecewise_linear.default, (z, slopes, 4.0))


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.parametrize(
    "head",
    [
        MonotoneSoftmax(4, 30, PLIF(100)),
        MonotoneSoftmax(4, 30, SigSoftmax()),
        MonotoneSoftmax(4, 30, GSS(-1.5, 2.5)),
        MixtureOfSoftmaxes(4, 30, components=3),
    ],
    ids=["plif", "sigsoftmax", "gss", "mixture"],
)
def test_compiles_into_one_graph(head):
    H = torch.randn(5, 4)
    compiled = torch.compile(head, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(H), head(H))
    gradients = []
    for each in (compiled, head):
        head.zero_grad()
        each(H)[:, 0].sum().backward()
        gradients.append([part.grad.clone() for part in head.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_backward_repeats_bit_for_bit_with_any_number_of_threads():
    z = torch.randn(64, 4000, generator=torch.Generator().manual_seed(0)) * 3
    f = PLIF(1000, generator=torch.Generator().manual_seed(0))
    gradients, before = [], torch.get_num_threads()
    for threads in (1, 2, 2):
        torch.set_num_threads(threads)
        f.zero_grad()
        at = z.clone().requires_grad_()
        torch.log_softmax(f(at), -1)[:, 0].sum().backward()
        gradients.append((at.grad, f.v.grad.clone()))
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in gradients[1:] for a, b in zip(gradients[0], other, strict=True))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_low_precision_rounds_once(dtype):
    f = PLIF(1000, generator=torch.Generator().manual_seed(0))
    z = torch.tensor(logits(400)).to(dtype).requires_grad_()
    values = f(z)
    exact = f.to_numpy()(z.detach().double().numpy())
    assert values.dtype == dtype
    for smooth in (SigSoftmax(), GSS(-1.5, 2.5)):
        (slopes,) = torch.autograd.grad(smooth(z).sum(), z)
        wanted = smooth.to_numpy().slope(z.detach().double().numpy())
        assert slopes.dtype == dtype
        assert slopes.double().numpy() == pytest.approx(wanted, rel=8 * torch.finfo(dtype).eps)
    assert values.detach().double().numpy() == pytest.approx(exact, rel=2 * torch.finfo(dtype).eps, abs=1e-5)
    values.sum().backward()
    assert z.grad.dtype == dtype
    assert torch.isfinite(f.v.grad).all()


def test_masked_and_broken_logits():
    f = PLIF(10)
    z = torch.tensor([[0.5, -torch.inf, 1.0]], requires_grad=True)
    torch.log_softmax(f(z), -1)[0, 0].backward()
    assert torch.isfinite(z.grad).all()
    assert torch.isfinite(f.v.grad).all()
    assert f(torch.tensor([torch.nan])).isnan().all()
    assert f(torch.empty(0, 3)).shape == (0, 3)
    assert torch.equal(f(z.expand(4, 3)), f(z.expand(4, 3).contiguous()))


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_head_goes_to_numpy_and_back(f):
    numpy_head, H = rk.Head(logits((20, 4)), logits(20, seed=1)), logits((7, 4), seed=2)
    head = MonotoneSoftmax.from_numpy(numpy_head, f)
    got = head(torch.tensor(H)).detach().numpy()
    want = rk.log_probs(numpy_head.logits(H), f)
    assert np.abs(got - want).max() <= 1e-12 * max(1, np.abs(want).max())
    assert (got.argmax(1) == numpy_head.logits(H).dense().argmax(1)).all()
    back, function = head.to_numpy()
    assert back.fingerprint == numpy_head.fingerprint
    assert type(function) is type(f)


def test_mixture_is_the_numpy_mixture():
    torch.manual_seed(0)
    mixture = MixtureOfSoftmaxes(4, 20, components=3, inputs=6, dtype=torch.float64)
    H = torch.tensor(logits((7, 6)))
    assert np.abs(mixture(H).detach().numpy() - mixture.to_numpy(H).log_probs()).max() <= 1e-12
    drawn = rk.MixtureOfSoftmaxes.drawn(mixture.to_numpy(H).head.logits(logits((7, 4))), 3)
    log_prior = torch.tensor(np.log(drawn.prior))
    got = mixture.mix(torch.tensor(drawn.states), log_prior).detach().numpy()
    assert np.abs(got - drawn.log_probs()).max() <= 1e-12
    assert mixture(H.unflatten(0, (7, 1))).shape == (7, 1, 20)


def test_bfloat16_heads_keep_their_numbers():
    head = MonotoneSoftmax(4, 9, PLIF(10), dtype=torch.bfloat16)
    assert head(torch.randn(2, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert pytest.approx(head.weight.detach().double().numpy(), abs=0) == head.to_numpy()[0].W
    mixture = MixtureOfSoftmaxes(4, 9, components=2, dtype=torch.bfloat16)
    mixture.to_numpy(torch.randn(3, 4, dtype=torch.bfloat16)).log_probs()


def test_weights_are_shared_and_checkpoints_of_a_linear_decoder_load():
    embedding = torch.nn.Embedding(9, 4)
    head = MonotoneSoftmax(4, 9, SigSoftmax(), weight=embedding.weight)
    head(torch.randn(2, 4))[:, 0].sum().backward()
    assert embedding.weight.grad is head.weight.grad
    MonotoneSoftmax(4, 9, SigSoftmax()).load_state_dict(torch.nn.Linear(4, 9).state_dict())
    with pytest.raises(rk.InputError, match=r"weight is \(9, 4\); wanted \(classes, d\) = \(4, 9\)"):
        MonotoneSoftmax(9, 4, weight=embedding.weight)
    with pytest.raises(TypeError, match=r"nn\.Parameter"):
        MonotoneSoftmax(4, 9, weight=embedding.weight.detach())


def test_frozen_slopes_stay_and_learned_ones_move():
    for frozen in (True, False):
        head = MonotoneSoftmax(4, 9, PLIF(50, 4.0, frozen=frozen))
        before = head.f.slopes.detach().clone()
        learned = [p for p in head.parameters() if p.requires_grad]
        head(torch.randn(8, 4))[:, 0].mean().neg().backward()
        torch.optim.SGD(learned, lr=1.0).step()
        assert torch.equal(before, head.f.slopes) == frozen
        assert (head.f.slopes > 0).all()


def test_the_published_start():
    f = PLIF(generator=torch.Generator().manual_seed(0))
    assert f.v.mean().item() == pytest.approx(np.log(np.e - 1), abs=0.02)
    assert f.v.std().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(
        PLIF(8, init="identity", dtype=torch.float64).slopes, torch.ones(8, dtype=torch.float64)
    ) or (PLIF(8, init="identity", dtype=torch.float64).slopes.sub(1).abs().max() < 1e-15)


def test_refusals_say_what_is_wanted():
    with pytest.raises(rk.InputError, match="'random' or 'identity'"):
        PLIF(8, init="zeros")
    with pytest.raises(rk.InputError, match="2\\*\\*24"):
        PLIF(2**24 + 1)
    with pytest.raises(rk.InputError, match="uniform segments"):
        PLIF.from_numpy(functions.PLIF([1.0, 2.0], knots=[0.5]))
    head = rk.Head(np.eye(3))
    with pytest.raises(TypeError, match="families that have a module: GSS, Identity, PLIF, SigSoftmax"):
        MonotoneSoftmax.from_numpy(head, functions.Exp())
    with pytest.raises(TypeError, match="Tanh, which has no to_numpy"):
        MonotoneSoftmax(2, 3, torch.nn.Tanh()).to_numpy()


def test_without_pytorch_the_error_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; import rankkit.torch"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode
    assert told.stderr.endswith('rankkit.torch needs PyTorch: pip install "softmax-rankkit[torch]"\n')
