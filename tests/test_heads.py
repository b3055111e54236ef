"""Heads, logits, log-probabilities and mixtures: right by independent sums, and clear about bad input."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from flint import arb, ctx
from scipy import special

import rankkit as rk
from rankkit import arrays
from rankkit.errors import InputError
from rankkit.functions import GSS, PLIF, Exp, Identity, Polynomial, SigSoftmax, SoftCap
from rankkit.heads import Head, LowRankLogits, MixtureOfSoftmaxes, log_probs, log_softmax

EPS = np.finfo(np.float64).eps


def draw(seed: int, contexts: int, classes: int, d: int, bias: bool = False) -> LowRankLogits:
    rng = np.random.default_rng(seed)
    head = Head(rng.normal(size=(classes, d)), b=rng.normal(size=classes) if bias else None)
    return head.logits(rng.normal(size=(contexts, d)))


def centred_rank(L: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(L - L.mean(axis=1, keepdims=True)))


# Values.


@pytest.mark.parametrize("spread", [1e-8, 1.0, 50.0, 1e4, 1e150])
def test_log_softmax_against_scipy(spread: float) -> None:
    scores = np.random.default_rng(0).normal(0, spread, (40, 30)) + 3 * spread
    kept = scores.copy()
    out = log_softmax(scores)
    assert (scores == kept).all()
    assert np.allclose(out, special.log_softmax(scores, axis=1), rtol=1e-14, atol=1e-14)
    assert np.allclose(np.exp(out).sum(axis=1), 1, rtol=0, atol=1e-13)


def test_log_softmax_to_the_last_digits() -> None:
    scores = np.random.default_rng(1).normal(0, 20, (6, 9))
    with ctx.workprec(200):
        for row, out in zip(scores, log_softmax(scores), strict=True):
            total = sum((arb(float(s)).exp() for s in row), arb(0)).log()
            for s, value in zip(row, out, strict=True):
                assert abs(arb(float(s)) - total - arb(float(value))) <= 4 * EPS * (1 + abs(scores).max())


def test_log_softmax_ignores_a_constant_and_follows_a_permutation() -> None:
    rng = np.random.default_rng(2)
    scores, order = rng.integers(-999, 999, (20, 15)) / 8, rng.permutation(15)
    assert (log_softmax(scores + 1024.0) == log_softmax(scores)).all()  # these sums are exact in float64
    assert np.allclose(log_softmax(scores[:, order]), log_softmax(scores)[:, order], rtol=1e-15, atol=1e-14)
    assert (log_softmax(scores[::-1]) == log_softmax(scores)[::-1]).all()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "f",
    [
        None,
        Identity(),
        SigSoftmax(),
        GSS(-1.5, 2.5),
        SoftCap(3.0),
        PLIF.random(8, 4.0),
        Exp(),
        Polynomial({3: 0.1}),
    ],
    ids=lambda f: type(f).__name__,
)
def test_log_probs_against_scipy(f: Any, bias: bool) -> None:
    logits = draw(3, 25, 17, 4, bias)
    dense = logits.H @ logits.head.W.T + (logits.head.b if logits.head.b is not None else 0)
    assert np.allclose(logits.dense(), dense, rtol=1e-14, atol=1e-14)
    scores = dense if f is None else f(dense)
    out = log_probs(logits, f)
    assert out.shape == logits.shape
    assert out.dtype == np.float64
    assert np.allclose(out, special.log_softmax(scores, axis=1), rtol=1e-12, atol=1e-12)


def test_log_probs_take_only_logits_and_functions() -> None:
    with pytest.raises(TypeError, match=r"logits is ndarray; wanted LowRankLogits, as made by Head"):
        log_probs(np.eye(2))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="wanted an instance such as"):
        log_probs(draw(0, 2, 2, 1), SigSoftmax)  # type: ignore[arg-type]


def test_the_ladder_of_ranks() -> None:
    """d, d + 1, d + 2, and d again with row means removed."""
    without, with_bias = draw(4, 40, 30, 5), draw(5, 40, 30, 5, bias=True)
    rank = np.linalg.matrix_rank
    assert (
        [rank(x.dense()) for x in (without, with_bias)]
        == [5, 6]
        == [without.rank_bound, with_bias.rank_bound]
    )
    assert [rank(log_probs(x)) for x in (without, with_bias)] == [6, 7]
    assert [centred_rank(log_probs(x)) for x in (without, with_bias)] == [5, 6]


# Blocks and slices.


def test_rows_and_blocks_are_the_dense_matrix() -> None:
    logits = draw(6, 23, 7, 3, bias=True)
    dense = logits.dense()
    assert np.allclose(logits.rows(slice(4, 9)), dense[4:9], rtol=1e-14)
    assert np.allclose(logits.rows(np.array([20, 0, 3])), dense[[20, 0, 3]], rtol=1e-14)
    for rows in (1, 5, 23, 100):
        blocks = list(logits.blocks(rows))
        assert {len(b) for b in blocks[:-1]} <= {rows}
        assert np.allclose(np.concatenate(blocks), dense, rtol=1e-14)
    assert len(list(logits.blocks())) == 1


def test_what_does_not_fit_is_refused_before_it_is_made() -> None:
    wide = Head(np.ones((10**6, 1))).logits(np.ones((10**6, 1)))
    mixture = MixtureOfSoftmaxes(np.ones((1, 10**6, 1)), np.ones((10**6, 1)), wide.head)
    for attempt in (wide.dense, lambda: log_probs(wide), mixture.log_probs):
        with pytest.raises(InputError, match=r"1,000,000 x 1,000,000 matrix of 7450.6 GiB.*use .blocks"):
            attempt()
    assert next(wide.blocks()).shape[1] == 10**6


# Exactness of what is stored.


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, ">f4", ">f8"])
def test_every_exact_dtype_is_widened_exactly(dtype: Any) -> None:
    rng = np.random.default_rng(7)
    W = rng.normal(size=(9, 4)).astype(dtype)
    W[0, 0] = np.finfo(np.float16).smallest_subnormal if W.dtype == np.float16 else 1.0
    head = Head(W, b=np.zeros(9, dtype=dtype))
    wide = W.astype(np.float64)
    assert (arrays.widen(head.W) == wide).all()
    assert head.W.dtype == W.dtype.newbyteorder("=")
    assert head.fingerprint == Head(wide, b=np.zeros(9)).fingerprint
    assert (head.logits(np.eye(4)).dense() == wide.T).all()
    assert np.allclose(log_probs(head.logits(np.eye(4, dtype=dtype))), log_softmax(wide.T), rtol=1e-14)


def test_fingerprints_tell_heads_apart() -> None:
    W = np.arange(6.0).reshape(3, 2)
    heads = [Head(W), Head(W, b=np.zeros(3)), Head(W.T), Head(W.reshape(2, 3)), Head(W + 1), Head(W[::-1])]
    heads += [Head(np.nextafter(W, 9)), Head(W, b=[0, 0, 1])]
    assert len({h.fingerprint for h in heads}) == len(heads)
    assert Head(-0.0 * W).fingerprint == Head(0 * W).fingerprint
    assert Head(np.asfortranarray(W), name="other").fingerprint == Head(W).fingerprint
    assert Head(W.astype(int)).fingerprint == Head(W.tolist()).fingerprint == Head(W).fingerprint
    logits = [Head(W).logits(np.eye(2)), Head(W).logits(2 * np.eye(2)), Head(W + 1).logits(np.eye(2))]
    assert len({x.fingerprint for x in logits}) == 3


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    W, H = np.ones((3, 2)), np.ones((4, 2))
    logits = Head(W, b=np.ones(3)).logits(H)
    for held in (logits.head.W, logits.head.b, logits.H):
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 0
    W[0] = H[0] = 5
    logits.dense()[0] = 7
    with pytest.raises(AttributeError):
        logits.head.W = W  # type: ignore[misc]


def test_heads_logits_and_mixtures_travel_to_another_process() -> None:
    head = Head(np.eye(2), b=[1, 2], name="n", class_names="ab", source={"package": "p"})
    logits = head.logits(np.ones((3, 2)))
    mixture = MixtureOfSoftmaxes.drawn(logits, 2)
    again_head, again_logits, again_mixture = pickle.loads(pickle.dumps((head, logits, mixture)))
    assert (again_head.name, again_head.class_names, dict(again_head.source)) == (
        "n",
        ("a", "b"),
        {"package": "p"},
    )
    assert again_head.fingerprint == head.fingerprint
    assert again_logits.fingerprint == logits.fingerprint
    assert again_mixture.fingerprint == mixture.fingerprint
    assert not any(
        a.flags.writeable for a in (again_head.W, again_head.b, again_logits.H, again_mixture.states)
    )


def test_inputs_in_any_layout_are_the_same_head() -> None:
    W = np.random.default_rng(8).normal(size=(6, 4))
    big = np.zeros((12, 8))
    big[::2, ::-2] = W

    class Frame:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return W

    subclass = W.view(type("Array", (np.ndarray,), {}))
    for same in (np.asfortranarray(W), big[::2, ::-2], W.tolist(), Frame(), subclass):
        assert Head(same).fingerprint == Head(W).fingerprint
        assert type(Head(same).W) is np.ndarray
        assert Head(same).W.flags.c_contiguous


def test_names() -> None:
    head = Head(np.eye(2), class_names=["a", 7], name="toy", source={"package": "p"})
    assert (head.class_name(0), head.class_name(1), Head(np.eye(2)).class_name(1)) == ("a", "7", "1")
    assert repr(head) == "Head 'toy': 2 classes x 2, no bias"
    with pytest.raises(TypeError):
        head.source["package"] = "q"  # type: ignore[index]
    with pytest.raises(InputError, match=r"class_names has 1 entries but W is \(2, 2\)"):
        Head(np.eye(2), class_names=["a"])


# Bad input: what came, what is wanted.

W = np.ones((50, 7))
CUDA = type("Tensor", (), {"device": type("Device", (), {"type": "cuda"})()})()


class Unreadable:
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("call detach() first")


def bad(values: Any) -> np.ndarray:
    out = np.ones((3, 2))
    for index, value in values.items():
        out[index] = value
    return out


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "other d": (
        lambda: Head(W).logits(np.ones((10, 8))),
        InputError,
        r"H is \(10, 8\) but W is \(50, 7\): the last",
    ),
    "transposed": (lambda: Head(W.T).logits(np.ones((9, 7))), InputError, "is W transposed"),
    "one axis": (lambda: Head([1.0, 2.0]), InputError, r"W has 1 axis, shape \(2,\); wanted 2 axes"),
    "three axes": (
        lambda: Head(np.ones((2, 2, 2))),
        InputError,
        r"W has 3 axes, shape \(2, 2, 2\); wanted 2",
    ),
    "no axis": (lambda: Head(1.0), InputError, "W has 0 axes"),
    "bias of two axes": (lambda: Head(np.eye(2), b=np.eye(2)), InputError, "b has 2 axes"),
    "bias too short": (lambda: Head(W, b=[1, 2]), InputError, r"b has 2 entries but W is \(50, 7\)"),
    "no classes": (lambda: Head(np.ones((0, 3))), InputError, r"W has an empty axis, shape \(0, 3\)"),
    "no width": (lambda: Head(np.ones((3, 0))), InputError, r"empty axis, shape \(3, 0\)"),
    "no contexts": (
        lambda: Head(W).logits(np.ones((0, 7))),
        InputError,
        r"H has an empty axis, shape \(0, 7\)",
    ),
    "one nan": (
        lambda: Head(bad({(1, 0): np.nan})),
        InputError,
        r"1 of its entries is NaN.*first is at \(1, 0\)",
    ),
    "nan and inf": (
        lambda: Head(np.eye(2)).logits(bad({(2, 1): np.inf, (1, 1): np.nan})),
        InputError,
        r"H must be finite, but 2 of its entries are NaN or infinite; the first is at \(1, 1\)",
    ),
    "infinite bias": (lambda: Head(np.eye(2), b=[0, -np.inf]), InputError, r"b must be finite.*\(1,\)"),
    "infinite bfloat16": (lambda: Head(bad({0: np.inf}).astype(ml_dtypes.bfloat16)), InputError, "finite"),
    "large integer": (lambda: Head([[2**53 + 1]]), InputError, r"W holds an integer beyond 2\*\*53"),
    "small integer": (lambda: Head([[-(2**63)]]), InputError, r"beyond 2\*\*53"),
    "huge integer": (lambda: Head([[2**70]]), TypeError, "W has dtype object"),
    "boolean": (lambda: Head([[True]]), TypeError, r"W has dtype bool; wanted numbers \(W.astype\(float\)"),
    "complex": (lambda: Head([[1j]]), TypeError, "W has dtype complex128; wanted one whose values are exact"),
    "object": (lambda: Head(np.array([[1.0]], dtype=object)), TypeError, "W has dtype object"),
    "text": (lambda: Head([["1"]]), TypeError, "W has dtype <U1"),
    "dates": (lambda: Head(np.array([["2020-01-01"]], dtype="M8[D]")), TypeError, "W has dtype datetime64"),
    "longdouble": (
        lambda: Head(np.ones((2, 2), dtype=np.longdouble)),
        TypeError,
        "W has dtype (float128|longdouble)",
    ),
    "float8": (lambda: Head(np.ones((2, 2), dtype=ml_dtypes.float8_e4m3fn)), TypeError, "W has dtype float8"),
    "masked": (lambda: Head(np.ma.masked_array([[1.0]], [[True]])), TypeError, "W is a masked array"),
    "another device": (lambda: Head(CUDA), TypeError, r"W lives on another device; pass W.cpu\(\) instead"),
    "ragged": (lambda: Head([[1.0], [1.0, 2.0]]), InputError, "W cannot be read as an array"),
    "no such class": (lambda: Head(W).class_name(50), InputError, "class is 50; wanted one of 0 to 49"),
    "counted from the end": (
        lambda: Head(W).class_name(-1),
        InputError,
        "class is -1; wanted an integer >= 0",
    ),
    "class as float": (lambda: Head(W).class_name(3.0), TypeError, "class is 3.0"),  # type: ignore[arg-type]
    "unreadable": (
        lambda: Head(Unreadable()),
        InputError,
        r"W cannot be read as an array: call detach\(\) first",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input(kind: str) -> None:
    make, error, told = BAD[kind]
    with pytest.raises(error, match=told):
        make()


def test_longdouble_where_it_is_float64() -> None:
    """On platforms without extended precision nothing would be rounded, and the name says so."""
    dtype = np.dtype(np.longdouble)
    assert dtype.itemsize > 8 or dtype.name in ("longdouble", "float64")


def test_integers_up_to_the_limit_are_exact() -> None:
    for value in (2**53, -(2**53)):
        assert int(Head([[value]]).W[0, 0]) == value
    assert Head(np.array([[255]], dtype=np.uint8)).W.dtype == np.float64


def test_numbers_beyond_float64_are_refused_not_lost() -> None:
    head = Head([[1e200], [-1e200]])
    with pytest.raises(InputError, match=r"exceed float64 \(largest entries: 1e\+200 in H, 1e\+200 in W\)"):
        head.logits([[1e200]]).dense()
    with pytest.raises(InputError, match=r"Exp\(z\) is not finite for 1 logit, largest \|z\| = 1e\+200"):
        log_probs(head.logits([[1.0]]), Exp())
    with pytest.raises(InputError, match=r"span more than 1\.8e308"):
        log_probs(Head([[1e308], [-1e308]]).logits([[1.0]]))
    assert np.isfinite(log_probs(Head([[1e308], [0.0]]).logits([[1.0]]))).all()
    denormal = log_probs(Head([[5e-324], [0.0]]).logits([[1.0]]))
    assert np.allclose(denormal, np.log(0.5))


def test_one_class_and_zero_heads() -> None:
    assert (log_probs(Head([[3.0, 1.0]]).logits(np.ones((4, 2)))) == 0).all()
    assert Head([[3.0, 1.0]]).logits(np.ones((4, 2))).rank_bound == 1
    for f in (None, SigSoftmax(), Exp()):
        assert np.allclose(
            log_probs(Head(np.zeros((5, 2))).logits(np.ones((4, 2))), f), -np.log(5), rtol=1e-15
        )
    ties = log_probs(Head([[1.0], [0.0], [1.0]]).logits([[2.0]]))
    assert ties[0, 0] == ties[0, 2] > ties[0, 1]


# Mixtures of softmaxes.


def drawn_mixture(
    seed: int, K: int, contexts: int, classes: int, d: int, bias: bool = False
) -> MixtureOfSoftmaxes:
    rng = np.random.default_rng(seed)
    head = Head(rng.normal(size=(classes, d)), b=rng.normal(size=classes) if bias else None)
    return MixtureOfSoftmaxes(rng.normal(size=(K, contexts, d)), rng.dirichlet(np.ones(K), contexts), head)


@pytest.mark.parametrize("K", [1, 2, 5])
@pytest.mark.parametrize("bias", [False, True])
def test_a_mixture_averages_probabilities(K: int, bias: bool) -> None:
    mixture = drawn_mixture(9, K, 12, 8, 3, bias)
    b = 0 if mixture.head.b is None else mixture.head.b
    P = sum(
        mixture.prior[:, [k]] * special.softmax(mixture.states[k] @ mixture.head.W.T + b, axis=1)
        for k in range(K)
    )
    assert np.allclose(mixture.log_probs(), np.log(P), rtol=1e-12, atol=1e-12)
    assert mixture.shape == (12, 8)
    assert rk.MixtureOfSoftmaxes is MixtureOfSoftmaxes


def test_a_mixture_of_one_is_the_softmax() -> None:
    logits = draw(10, 6, 5, 2, bias=True)
    mixture = MixtureOfSoftmaxes(logits.H[None], np.ones((6, 1)), logits.head)
    assert np.allclose(mixture.log_probs(), log_probs(logits), rtol=1e-15, atol=1e-15)
    assert mixture.rank_bound == 4 == np.linalg.matrix_rank(mixture.log_probs())


def test_two_components_are_a_softplus_of_two_low_rank_matrices() -> None:
    """log P = h1.w + log(1 + exp((h2 - h1).w + beta)) up to a constant a row, beta free through the prior."""
    mixture = drawn_mixture(11, 2, 30, 25, 3)
    first, second = (x.dense() for x in mixture.components)
    Z1, Z2 = (special.logsumexp(x, axis=1, keepdims=True) for x in (first, second))
    beta = np.log(mixture.prior[:, [1]] / mixture.prior[:, [0]]) + Z1 - Z2
    stated = first + np.logaddexp(0, second - first + beta)
    difference = mixture.log_probs() - stated
    assert np.allclose(difference, difference[:, :1], rtol=0, atol=1e-12)


def test_mixtures_fill_the_rank_and_do_not_stop_at_K_times_d_plus_one() -> None:
    mixture = drawn_mixture(12, 2, 40, 30, 4)
    L = mixture.log_probs()
    assert centred_rank(L) == 29 > 2 * (4 + 1)
    assert np.linalg.matrix_rank(L) == 30 == mixture.rank_bound
    same = MixtureOfSoftmaxes(np.stack([mixture.states[0]] * 2), mixture.prior, mixture.head)
    assert centred_rank(same.log_probs()) == 4  # equal states mix to a single softmax


def test_no_floor_clips_small_probabilities() -> None:
    head = Head([[0.0], [1.0]])
    mixture = MixtureOfSoftmaxes([[[800.0]], [[900.0]]], [[0.5, 0.5]], head)
    assert np.allclose(mixture.log_probs()[0, 0], np.log(0.5) - 800, rtol=1e-15)


def test_a_component_without_weight_does_not_count() -> None:
    mixture = drawn_mixture(13, 3, 5, 4, 2)
    prior = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [-0.0, 0.0, 1.0]])
    L = MixtureOfSoftmaxes(mixture.states, prior, mixture.head).log_probs()
    parts = [log_probs(x) for x in mixture.components]
    for row, part in ((0, 0), (1, 1), (2, 2), (4, 2)):
        assert np.allclose(L[row], parts[part][row], rtol=1e-15)
    assert np.allclose(np.exp(L).sum(axis=1), 1)


def test_float32_priors_are_normalised() -> None:
    mixture = drawn_mixture(14, 7, 50, 4, 2)
    single = MixtureOfSoftmaxes(mixture.states, mixture.prior.astype(np.float32), mixture.head)
    assert np.allclose(np.exp(single.log_probs()).sum(axis=1), 1, rtol=0, atol=1e-14)


def test_a_drawn_mixture_reorders_the_contexts() -> None:
    logits = draw(15, 30, 20, 3, bias=True)
    mixture = MixtureOfSoftmaxes.drawn(logits, 4, seed=1)
    assert mixture.shape == logits.shape
    assert mixture.head is logits.head
    assert (mixture.states[0] == logits.H).all()
    for states in mixture.states:
        assert sorted(map(tuple, states)) == sorted(map(tuple, logits.H))
    for context in range(30):
        assert len({tuple(state) for state in mixture.states[:, context]}) == 4
    assert centred_rank(mixture.log_probs()) == 19
    again = MixtureOfSoftmaxes.drawn(logits, 4, seed=np.random.default_rng(1))
    assert again.fingerprint == mixture.fingerprint
    assert MixtureOfSoftmaxes.drawn(logits, 4, seed=2).fingerprint != mixture.fingerprint
    half = Head(logits.head.W).logits(logits.H.astype(ml_dtypes.bfloat16))
    assert MixtureOfSoftmaxes.drawn(half, 2).states.dtype == ml_dtypes.bfloat16


S, PRIOR, HEAD = np.ones((2, 3, 4)), np.full((3, 2), 0.5), Head(np.ones((5, 4)))
BAD_MIXTURE: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "two axes": (lambda: MixtureOfSoftmaxes(S[0], PRIOR, HEAD), InputError, "states has 2 axes"),
    "other d": (
        lambda: MixtureOfSoftmaxes(S[:, :, :3], PRIOR, HEAD),
        InputError,
        r"states is \(2, 3, 3\) but W is \(5, 4\): the last axes must agree",
    ),
    "prior transposed": (
        lambda: MixtureOfSoftmaxes(S, PRIOR.T, HEAD),
        InputError,
        r"prior is \(2, 3\) but states is \(2, 3, 4\); wanted \(3, 2\)",
    ),
    "negative": (
        lambda: MixtureOfSoftmaxes(S, PRIOR - np.array([[0, 0], [0, 0], [1, -1]]), HEAD),
        InputError,
        r"prior\[2, 0\] = -0.5",
    ),
    "not a distribution": (
        lambda: MixtureOfSoftmaxes(S, PRIOR * np.array([[1], [2], [1]]), HEAD),
        InputError,
        r"prior\[1\] sums to 2; wanted",
    ),
    "nan": (lambda: MixtureOfSoftmaxes(S, PRIOR * np.nan, HEAD), InputError, "prior must be finite"),
    "none drawn": (
        lambda: MixtureOfSoftmaxes.drawn(HEAD.logits(S[0]), 0),
        InputError,
        "components is 0; wanted an integer >= 1",
    ),
    "too many drawn": (
        lambda: MixtureOfSoftmaxes.drawn(HEAD.logits(S[0]), 4),
        InputError,
        "components is 4; wanted at most the number of contexts, 3",
    ),
    "bad seed": (
        lambda: MixtureOfSoftmaxes.drawn(HEAD.logits(S[0]), 2, seed=np.random.RandomState(0)),
        TypeError,
        "legacy RandomState",
    ),
}


@pytest.mark.parametrize("kind", BAD_MIXTURE)
def test_bad_mixtures(kind: str) -> None:
    make, error, told = BAD_MIXTURE[kind]
    with pytest.raises(error, match=told):
        make()
