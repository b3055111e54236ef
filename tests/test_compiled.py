"""Compiled loops give what the families give, at the ends of their ranges too."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.functions import (
    GSS,
    PLIF,
    Exp,
    Identity,
    LeakyReLU,
    PointwiseFunction,
    Polynomial,
    Sigmoid,
    SigSoftmax,
    SiLU,
    Softplus,
)
from rankkit.functions import SoftCap as Cap
from rankkit.functions.compiled import kernel
from rankkit.heads import Head
from rankkit.spectra import spectrum

FAMILIES = [
    Identity(), Exp(), Sigmoid(), SiLU(), Softplus(), SigSoftmax(),
    GSS(-1.5, 2.5), GSS(1.0, 0.1), Cap(1.0), Cap(30.0), LeakyReLU(0.1),
    PLIF.random(8, bound=4.0), PLIF.random(9, bound=4.0), PLIF.random(100_000), PLIF([2.0], bound=1.0),
]  # fmt: skip


def arguments() -> np.ndarray:
    z = np.random.default_rng(0).standard_normal(3000)
    scales = [1e-300, 1e-30, 1e-9, 1e-3, 1.0, 5.0, 40.0, 200.0]
    special = [0.0, -0.0, 5e-324, -5e-324, 709.0, -707.0, 1e300, -1e300, 1e308, 4.0, -4.0, 0.5, 1.0, -1.0]
    return np.concatenate([special, *(s * z for s in scales)])


@pytest.mark.parametrize("f", FAMILIES, ids=lambda f: f.name)
def test_compiled_values_are_the_family_s(f: PointwiseFunction) -> None:
    z = arguments()
    if isinstance(f, Exp):
        z = z[(z < 709) & (z > -707)]
    made, want = z.copy(), f(z)
    kernel(f)(made)
    finite = np.isfinite(want)
    size = np.maximum(np.abs(want), 0 if isinstance(f, Exp) else np.abs(z))[finite]
    assert (np.abs(made[finite] - want[finite]) <= 2e-15 * size).all()
    assert np.array_equal(made[~finite], want[~finite])


@pytest.mark.parametrize("f", FAMILIES, ids=lambda f: f.name)
def test_compiled_values_in_float32(f: PointwiseFunction) -> None:
    z = (5 * np.random.default_rng(1).standard_normal((30, 40))).astype(np.float32)
    made = z.copy()
    kernel(f)(made)
    want = f(z.astype(np.float64))
    assert made.dtype == np.float32
    assert (np.abs(made - want) <= 4e-7 * np.maximum(np.abs(want), np.abs(z))).all()


def test_exponentials_leave_their_range_as_they_should() -> None:
    wide = np.array([710.0, 1e300, np.inf, -710.0, -1e300, -np.inf])
    narrow = np.array([89.0, 1e30, np.inf, -90.0, -1e30, -np.inf], dtype=np.float32)
    for made in (wide, narrow):
        kernel(Exp())(made)
        assert np.isposinf(made[:3]).all()
        assert (made[3:] == 0).all()


def test_many_logits_get_the_bits_that_few_get() -> None:
    f = PLIF.random(1000, bound=5.0, seed=3)
    z = np.random.default_rng(2).standard_normal((1025, 1024)) * 3
    z[0, :5] = [np.inf, -np.inf, 5.0, -5.0, 0.0]
    assert np.array_equal(f(z), np.concatenate([f(row) for row in z]).reshape(z.shape))
    assert np.isnan(f(np.full((1024, 1024), np.nan))).all()


def test_what_has_no_compiled_form_is_asked_itself() -> None:
    class Mine(Exp):
        def __call__(self, z: np.ndarray) -> np.ndarray:
            return z**3

    assert kernel(Mine()) is kernel(Polynomial({3: 1.0})) is None
    assert kernel(PLIF([1.0, 2.0], knots=[0.5])) is None
    rng = np.random.default_rng(0)
    logits = Head(rng.standard_normal((60, 3))).logits(rng.standard_normal((50, 3)))
    streamed, dense = (spectrum(logits, Mine(), "classes", method=m) for m in ("gram", "dense"))
    assert streamed.numerical_rank() == dense.numerical_rank() == 10


@pytest.mark.parametrize("bound", [5e-324, 1e-310, 2.0**-1001, 2.0**-1000, 1e300, 1.7e308])
def test_segments_at_the_ends_of_float64_are_found(bound: float) -> None:
    """Where segments are too short to count how many make a unit, kinks are looked up instead."""
    f = PLIF([1.0, 4.0], bound=bound)
    z = np.array([-3.0, -1.0, 0.0, 1.0, 2.0]) * min(bound, 1e300)
    assert np.array_equal(f(z), np.where(z < 0, z, 4 * z))
    assert f.segment(z).tolist() == [0, 0, 1, 1, 1]
    made = np.tile(z, 2**18)
    assert np.array_equal(f(made), np.tile(f(z), 2**18))
    assert (kernel(f) is None) == (bound < 2.0**-1000)
