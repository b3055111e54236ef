"""Every family of pointwise functions keeps its promises; a new file in the folder is tested by itself."""

from __future__ import annotations

import json
import math
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from rankkit import functions
from rankkit.arrays import FloatArray
from rankkit.certificates.checker import families as second_statement
from rankkit.errors import InputError
from rankkit.functions import (
    GSS,
    PLIF,
    Exp,
    Identity,
    LeakyReLU,
    MonotoneFunction,
    MonotoneNetwork,
    PointwiseFunction,
    Polynomial,
    SigSoftmax,
    SoftCap,
    apply,
    families,
    from_spec,
)

EPS = np.finfo(np.float64).eps
LARGEST = np.finfo(np.float64).max
EACH = [f for family in families() for f in family.examples()]
IDS = [f"{family.__name__}{i}" for family in families() for i, _ in enumerate(family.examples())]

_SIZES = [
    5e-324,
    1e-310,
    1e-300,
    1e-16,
    1e-8,
    0.1,
    0.25,
    0.5,
    1 - EPS,
    1.0,
    1.5,
    2.0,
    3.7,
    19.9,
    20.0,
    36.5,
    700.0,
]
MODERATE = np.sort(np.concatenate([np.negative(_SIZES), [-0.0, 0.0], _SIZES]))
_HUGE = [709.9, 746.0, 1e4, 1e16, 1e150, 1e300, 1e308, LARGEST]
HOSTILE = np.sort(np.concatenate([np.negative(_HUGE), MODERATE, _HUGE]))


def has_ball(f: PointwiseFunction) -> bool:
    return type(f).ball is not PointwiseFunction.ball


def holds(ball: Any, value: Fraction | None) -> bool:
    """Whether the exact value is in the ball, to 3000 bits; flint's contains() rounds rationals first."""
    if value is None:
        return True
    with ctx.workprec(3000):
        return bool(ball.overlaps(arb(fmpq(value.numerator, value.denominator))))


def scale(f: PointwiseFunction, x: float) -> float:
    """How large f and its steps are between -x and x: what rounding errors are measured against."""
    around = np.linspace(-abs(x), abs(x), 33)
    return float(abs(f(around[[0, 16, 32]])).max() + abs(x) * abs(f.slope(around)).max()) + 1e-300


# What every family must do. Each check is run on every example of every family; each fails on a broken one.


def keeps_shape_and_dtype(f: PointwiseFunction) -> None:
    cube = np.random.default_rng(0).normal(0, 3, (2, 3, 4))
    for z in (
        cube[0, 0, :0],
        cube[0, 0],
        cube[0],
        cube,
        np.asfortranarray(cube[1]),
        cube[:, ::2, ::-1],
        cube[:0],
    ):
        before = z.copy()
        for out in (f(z), f.slope(z)):
            assert isinstance(out, np.ndarray)
            assert out.shape == z.shape
            assert out.dtype == np.float64
            assert not np.shares_memory(out, z)
        assert (z == before).all()
        assert (f(z).ravel() == [f(np.array([x]))[0] for x in z.ravel()]).all()


def survives_hostile_numbers(f: PointwiseFunction) -> None:
    values, slopes = f(HOSTILE), f.slope(HOSTILE)
    assert not np.isnan(values).any()
    assert not np.isnan(slopes).any()
    for x, value in zip(HOSTILE, values, strict=True):
        if np.isinf(value) and has_ball(f):  # infinite only where the true value is beyond float64
            assert not abs(f.ball(arb(float(x)))) < LARGEST


def increases_where_it_says_so(f: PointwiseFunction) -> None:
    if not f.increasing:
        return
    values = f(HOSTILE)
    drops = values[:-1][values[1:] < values[:-1]] - values[1:][values[1:] < values[:-1]]
    assert (drops <= 4 * EPS * abs(f(np.ones(1)))).all()
    around = np.linspace(-5, 5, 201)
    assert (np.diff(f(around)) > 0).all()
    if has_ball(f):
        with ctx.workprec(5000):
            exact = [f.ball(arb(float(x))) for x in np.unique(MODERATE)]
        assert all(a < b for a, b in pairwise(exact))


def has_the_slope_it_says(f: PointwiseFunction) -> None:
    if not has_ball(f):
        h = 1e-6
        assert np.allclose(
            (f(MODERATE + h) - f(MODERATE - h)) / (2 * h), f.slope(MODERATE), rtol=1e-3, atol=1e-3
        )
        return
    for x, slope in zip(MODERATE, f.slope(MODERATE), strict=True):
        with ctx.workprec(2500):
            h = arb(2) ** -1200
            right = (f.ball(arb(float(x)) + h) - f.ball(arb(float(x)))) / h
        assert abs(float(right) - slope) <= 64 * EPS * (abs(f.slope(np.linspace(-abs(x), abs(x), 33))).max())


def values_are_nearly_exact(f: PointwiseFunction) -> None:
    if not has_ball(f):
        return
    points = np.concatenate([MODERATE, np.random.default_rng(1).normal(0, 5, 100)])
    for x, value in zip(points, f(points), strict=True):
        with ctx.workprec(300):
            error = abs(f.ball(arb(float(x))) - arb(float(value)))
        assert error <= 16 * EPS * scale(f, float(x))


def ball_encloses(f: PointwiseFunction) -> None:
    """FLINT's own recipe: inclusion, two precisions, unions, zeros, huge exponents."""
    if not has_ball(f):
        return
    rng = np.random.default_rng(2)
    for size in (1e-9, 0.3, 3.0, 30.0):
        for radius in (0.0, 1e-12, 1e-3, 0.7, 25.0):
            mid = round(float(rng.normal(0, size)), 12)
            z = arb(mid, radius)
            out = f.ball(z)
            assert out.is_finite() or radius > 0.1  # a family of somebody else's may give up on wide balls
            if radius == 0:
                assert float(out.rad()) <= 1e-12 * scale(f, mid)  # a point stays nearly a point
            for numerator in rng.integers(-99, 100, 12).tolist():
                q = fmpq(*mid.as_integer_ratio()) + fmpq(*radius.as_integer_ratio()) * fmpq(numerator, 99)
                with ctx.workprec(300):
                    assert out.overlaps(f.ball(arb(q)))
                assert holds(out, f.exact(Fraction(int(q.p), int(q.q))))
            with ctx.workprec(300):
                assert out.overlaps(f.ball(z))
            a, b = arb(mid), arb(float(rng.normal(0, size)))
            assert all(f.ball(a.union(b)).overlaps(f.ball(x)) for x in (a, b, (a + b) / 2))
    for text in ("0", "-0", "1e-400", "-1e400", "1e400", "1e1000000", "-1e1000000"):
        for z in (arb(text), arb(text).union(arb(0)), arb(text).union(arb(1))):
            out = f.ball(z)
            with ctx.workprec(200):
                finer = f.ball(z)
            assert out.is_nan() or finer.is_nan() or out.overlaps(finer)
            if f.increasing and text.startswith("1e"):
                assert not out < f.ball(-z)


def exact_is_exact(f: PointwiseFunction) -> None:
    if f.exact(Fraction(1)) is None:
        return
    for x in np.concatenate([MODERATE, np.random.default_rng(3).normal(0, 4, 100)]).tolist():
        value = f.exact(Fraction(x))
        assert isinstance(value, Fraction)
        assert abs(value - Fraction(float(f(np.array([x]))[0]))) <= 16 * Fraction(EPS) * Fraction(scale(f, x))
    dyadics = np.arange(-24, 25) / 8
    thirds = [Fraction(k, 3) for k in range(-20, 21)]
    if f.increasing:
        values = [f.exact(q) for q in sorted([*map(Fraction, dyadics.tolist()), *thirds])]
        assert all(a <= b for a, b in pairwise(values))


def powers_are_the_function(f: PointwiseFunction) -> None:
    if f.powers is None:
        return
    assert all(isinstance(k, int) and k >= 0 and c != 0 for k, c in f.powers.items())
    for q in (Fraction(0), Fraction(1), Fraction(-7, 3), Fraction(22, 7), Fraction(10**6)):
        total = sum((Fraction(c) * q**k for k, c in f.powers.items()), Fraction(0))
        if f.exact(q) is not None:
            assert f.exact(q) == total
        assert math.isclose(float(f(np.array([float(q)]))[0]), float(total), rel_tol=1e-9, abs_tol=1e-9)


def spec_tells_all(f: PointwiseFunction) -> None:
    spec = json.loads(json.dumps(f.spec(), allow_nan=False))
    again = from_spec(spec)
    assert type(again) is type(f)
    assert again.spec() == f.spec() == spec
    assert (again(HOSTILE) == f(HOSTILE)).all()
    assert isinstance(f.name, str)


def travels_to_another_process(f: PointwiseFunction) -> None:
    f(MODERATE)
    again = pickle.loads(pickle.dumps(f))
    assert again.spec() == f.spec()
    assert (again(MODERATE) == f(MODERATE)).all()


def is_accepted(f: PointwiseFunction) -> None:
    z = np.linspace(-3, 3, 12).reshape(3, 4)
    assert (apply(f, z) == f(z)).all()
    assert hash(f) == hash(f)


CHECKS: list[Callable[[Any], None]] = [
    keeps_shape_and_dtype,
    survives_hostile_numbers,
    increases_where_it_says_so,
    has_the_slope_it_says,
    values_are_nearly_exact,
    ball_encloses,
    exact_is_exact,
    powers_are_the_function,
    spec_tells_all,
    travels_to_another_process,
    is_accepted,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("f", EACH, ids=IDS)
def test_family(f: PointwiseFunction, check: Callable[[Any], None]) -> None:
    check(f)


@pytest.mark.parametrize("f", EACH, ids=IDS)
def test_every_family_here_is_exported_and_encloses_wide_balls(f: PointwiseFunction) -> None:
    for radius in (0.5, 3.0, 40.0):
        out = f.ball(arb(-1.25, radius))
        low, high = (float(v) for v in f(np.array([-1.25 - radius, -1.25 + radius])))
        assert out.is_finite()
        if f.increasing:  # as wide as it must be, and not much wider
            assert float(out.upper()) - float(out.lower()) <= 1.01 * (high - low)
    assert getattr(functions, type(f).__name__) is type(f)
    assert type(f).__name__ in functions.__all__


ASINH = """
from dataclasses import dataclass

import numpy as np

from rankkit.functions.base import MonotoneFunction


@dataclass(frozen=True)
class Asinh(MonotoneFunction):
    a: float = 1.0

    def __call__(self, z): return np.arcsinh(self.a * z) / self.a
    def slope(self, z):    return 1 / np.hypot(1, self.a * z)
    def ball(self, z):     return (z * self.a).asinh() / self.a
"""


def test_a_new_file_in_the_folder_is_a_new_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asinh.py").write_text(ASINH)
    monkeypatch.setattr(functions, "__path__", [*functions.__path__, str(tmp_path)])
    before = {family.__name__ for family in families()} - {"Asinh"}
    assert len(before) >= 8
    found = {family.__name__: family for family in families()}
    assert set(found) == before | {"Asinh"}
    (f,) = found["Asinh"].examples()
    for check in CHECKS:
        check(f)
    monkeypatch.delitem(sys.modules, "rankkit.functions.asinh")


# Broken families: every check above can fail.


def cube(z: Any) -> Any:
    return z * z * z


def cube_slope(z: Any) -> Any:
    return 3 * z * z


@dataclass(frozen=True)
class Toy(MonotoneFunction):
    """The cube, with one thing wrong: each named attribute replaces the sound one."""

    value: Any = cube
    rise: Any = cube_slope
    enclosure: Any = cube
    rational: Any = cube
    monomials: Any = field(default_factory=lambda: {3: 1.0})
    grows: bool = True

    def __call__(self, z: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return self.value(z)  # type: ignore[no-any-return]

    def slope(self, z: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return self.rise(z)  # type: ignore[no-any-return]

    def ball(self, z: Any) -> Any:
        return self.enclosure(z)

    def exact(self, z: Fraction) -> Fraction | None:
        return self.rational(z)  # type: ignore[no-any-return]

    @property
    def powers(self) -> Any:
        return self.monomials

    @property
    def increasing(self) -> bool:
        return self.grows

    @property
    def name(self) -> str:
        return "Toy"


def point_ball(z: Any) -> Any:
    """A ball function that forgets the radius."""
    return z.mid() * z.mid() * z.mid()


def float_ball(z: Any) -> Any:
    """A ball function that rounds without saying so."""
    return arb(float(z.mid()) ** 3 * (1 + 4 * EPS)) + z - z.mid()


@dataclass(frozen=True)
class Stray(SoftCap):
    """A family that no file in the folder defines."""


BROKEN: dict[str, tuple[Callable[[Any], None], PointwiseFunction]] = {
    "flattened": (keeps_shape_and_dtype, Toy(value=lambda z: z.ravel() ** 3)),
    "float32": (keeps_shape_and_dtype, Toy(value=lambda z: (z**3).astype(np.float32))),
    "its argument": (keeps_shape_and_dtype, Toy(value=lambda z: z)),
    "nan at the end": (survives_hostile_numbers, Toy(value=lambda z: z**3 / (1 + z**2) * 0 * z * z)),
    "a warning": (survives_hostile_numbers, Toy(value=lambda z: np.log(np.abs(z)))),
    "spuriously infinite": (
        survives_hostile_numbers,
        Toy(value=lambda z: z * 1e10 / 1e10, enclosure=lambda z: z),
    ),
    "decreasing": (increases_where_it_says_so, Toy(value=lambda z: -(z**3), enclosure=lambda z: -z * z * z)),
    "flat": (increases_where_it_says_so, Toy(value=lambda z: np.maximum(z, 0), enclosure=lambda z: z)),
    "wrong slope": (has_the_slope_it_says, Toy(rise=lambda z: 3.000001 * z * z)),
    "inaccurate": (values_are_nearly_exact, Toy(value=lambda z: z**3 * (1 + 1e-13))),
    "ball of its middle": (ball_encloses, Toy(enclosure=point_ball)),
    "ball of floats": (ball_encloses, Toy(enclosure=float_ball)),
    "ball of everything": (ball_encloses, Toy(enclosure=lambda z: z.nan())),
    "wrong rational": (exact_is_exact, Toy(rational=lambda q: q**3 + Fraction(1, 10**12))),
    "wrong powers": (powers_are_the_function, Toy(monomials={2: 1.0})),
    "zero powers": (powers_are_the_function, Toy(monomials={1: 0.0, 3: 1.0})),
    "unknown to from_spec": (spec_tells_all, Stray()),
    "made of lambdas": (travels_to_another_process, Toy(value=lambda z: z**3)),
    "refused": (is_accepted, Toy(value=lambda z: -(z**3))),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_checks_fail_on_broken_families(kind: str) -> None:
    check, f = BROKEN[kind]
    with pytest.raises((AssertionError, RuntimeWarning, InputError, pickle.PicklingError)):
        check(f)


@pytest.mark.parametrize("check", CHECKS[:8], ids=lambda check: check.__name__)
def test_checks_pass_on_the_sound_toy(check: Callable[[Any], None]) -> None:
    check(Toy())


# What a user is told about a broken function.


def refusal(f: PointwiseFunction, z: list[float]) -> str:
    with pytest.raises(InputError) as told:
        apply(f, np.array(z))
    return str(told.value)


def test_apply_names_the_drop() -> None:
    f = Toy(value=lambda z: np.where(z < -7.95, 2.1, np.where(z < -7.85, 2.0, z + 20)))
    assert refusal(f, [1.0]).startswith("Toy is not increasing: Toy(-8) = 2.1 > Toy(-7.9) = 2")
    assert apply(Toy(value=lambda z: -z, grows=False), np.array([1.0])) == [-1.0]  # it claims nothing


def test_apply_forgives_rounding_and_no_more() -> None:
    def flutter(size: float) -> Toy:
        return Toy(value=lambda z: np.tanh(9 * z) - size * (np.arange(z.size) % 2).reshape(z.shape))

    assert (np.diff(flutter(EPS)(np.linspace(6, 8, 9))) < 0).any()
    apply(flutter(EPS), np.array([1.0]))
    assert refusal(flutter(1e-12), [1.0]).startswith("Toy is not increasing")


def test_apply_refuses_shape_dtype_and_shared_memory() -> None:
    assert refusal(Toy(value=lambda z: z[:1]), [1.0]) == (
        "Toy returned float64 of shape (1,) for float64 logits of shape (167,); wanted the same"
    )
    assert "returned float32 of shape" in refusal(Toy(value=lambda z: z.astype(np.float32)), [1.0])
    assert "returned list of shape" in refusal(Toy(value=lambda z: z.tolist()), [1.0])
    kept = np.zeros(167)
    assert "returns the same memory at every call" in refusal(
        Toy(value=lambda z: np.add(z, 0, out=kept)), [1.0]
    )


def test_apply_refuses_overflow() -> None:
    told = refusal(Exp(), [1.0, 710.0, 1.2e308, 711.0])
    assert told == "Exp(z) is not finite for 3 logits, largest |z| = 1.2e+308"
    assert "not finite for 1 logit," in refusal(GSS(0.0, 3.0), [-1e308])


def test_apply_protects_the_logits() -> None:
    def writes(z: FloatArray) -> FloatArray:
        z *= 2
        return z

    with pytest.raises(ValueError, match="read-only"):
        apply(Toy(value=writes), np.array([1.0]))
    with pytest.raises(TypeError, match="wanted an instance such as"):
        apply(np.tanh, np.array([1.0]))  # type: ignore[arg-type]


def test_a_family_without_ball_says_that_nothing_can_be_proved() -> None:
    class Bare(MonotoneFunction):
        def __call__(self, z: FloatArray) -> FloatArray:
            return z + np.tanh(z)

        def slope(self, z: FloatArray) -> FloatArray:
            return 2 - np.tanh(z) ** 2

    f = Bare()
    for check in CHECKS[:8]:
        check(f)
    with pytest.raises(NotImplementedError, match=r"Bare has no ball\(\): nothing can be proved"):
        f.ball(arb(1))


# A second opinion: the checker states the families again, without rankkit and without flint.


@pytest.mark.parametrize("f", EACH, ids=IDS)
def test_the_checker_agrees(f: PointwiseFunction) -> None:
    family, parameters = f.spec()["family"], f.spec()["parameters"]
    points = [Fraction(k, 8) for k in range(-40, 41)] + [Fraction(k, 7) for k in range(-35, 36, 5)]
    if family in second_statement.EXACT:
        stated = second_statement.EXACT[family](parameters)
        assert [stated(q) for q in points] == [f.exact(q) for q in points]
    elif family in second_statement.ENCLOSED:
        arithmetic = second_statement.Enclosure(40)
        for q in points:
            low, high = second_statement.ENCLOSED[family](parameters, arithmetic.rational(q), arithmetic)
            with ctx.workprec(200):
                ours = f.ball(arb(fmpq(q.numerator, q.denominator)))
                theirs = arb(str(low)).union(arb(str(high)))
                assert ours.overlaps(theirs)
            assert high - low < Decimal("1e-30") * max(1, abs(high))
    else:
        pytest.skip(f"the checker does not state {family}")


# Facts about single families.


def test_special_cases_are_each_other() -> None:
    z = np.linspace(-30, 30, 241)
    assert (GSS(0.0, 2.0)(z) == SigSoftmax()(z)).all()
    assert (GSS(-1.5, 1.0)(z) == z).all()
    assert (SoftCap(1.0)(z) == np.tanh(z)).all()
    assert (Polynomial({1: 1.0})(z) == Identity()(z)).all()
    assert (PLIF([0.125, 1.0], knots=[0.0])(z) == LeakyReLU(0.125)(z)).all()
    assert (PLIF.identity(6)(z) == z).all()
    published = 2.5 * (z + 1.5) - 1.5 - 1.5 * np.log1p(np.exp(z + 1.5))
    assert np.allclose(GSS(-1.5, 2.5)(z), published, rtol=1e-13, atol=1e-13)
    sigmoid = 1 / (1 + np.exp(-z))
    assert np.allclose(SigSoftmax()(z), z + np.log(sigmoid), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("terms", "increasing"),
    [
        ({1: 1.0, 3: 0.5}, True),
        ({3: 1.0}, True),
        ({0: 4.0, 5: 2.0}, True),
        ({1: 3.0, 2: -3.0, 3: 1.0}, True),  # (z - 1)^3 + 1: the slope only touches 0
        ({1: 3.0 + 2**-50, 2: -3.0, 3: 1.0}, True),
        ({1: 3.0 - 2**-50, 2: -3.0, 3: 1.0}, False),  # the slope dips below 0 by 2^-50
        ({1: 1.0, 3: -1e-300}, False),
        ({2: 1.0}, False),
        ({1: 1.0, 4: 1.0}, False),
        ({1: -1.0}, False),
        ({0: 1.0}, False),
        ({1: 1.0, 1000: 0.5}, False),
        ({1: 1.0, 999: 0.5}, True),
    ],
)
def test_increasing_polynomials_are_known_exactly(terms: dict[int, float], increasing: bool) -> None:
    assert Polynomial(terms).increasing is increasing


def test_increasing_polynomials_against_sympy() -> None:
    z = sympy.Symbol("z")
    rng = np.random.default_rng(4)
    answers = set()
    for _ in range(150):
        roots = rng.integers(-2, 3, 2)
        slope = (z - int(roots[0])) ** 2 * (z - int(roots[1])) ** int(rng.integers(0, 3)) + int(
            rng.integers(0, 2)
        )
        poly = sympy.Poly(sympy.integrate(sympy.expand(slope * 60), z), z)
        f = Polynomial({k: float(c) for (k,), c in poly.terms() if c})
        lowest = sympy.Poly(slope, z)
        odd_roots = sum(p.count_roots() for p, times in lowest.sqf_list()[1] if times % 2)
        expected = lowest.LC() > 0 and lowest.degree() % 2 == 0 and odd_roots == 0
        assert f.increasing is bool(expected)
        answers.add(f.increasing)
    assert answers == {True, False}


@pytest.mark.parametrize(
    ("terms", "kind", "told"),
    [
        ({}, InputError, "at least one non-zero term"),
        ({1: 0.0}, InputError, "at least one non-zero term"),
        ({-1: 1.0}, InputError, "exponent is -1; wanted an integer >= 0"),
        ({1.5: 1.0}, TypeError, "exponent is 1.5"),
        ({True: 1.0}, TypeError, "exponent is True"),
        ({2000: 1.0}, InputError, "exponent is 2000; wanted at most 1000"),
        ({1: float("nan")}, InputError, r"coefficients\[1\] is nan"),
        ({1: 2**53 + 1}, InputError, r"coefficients\[1\]"),
        ({1: 1j}, TypeError, r"coefficients\[1\] is 1j"),
        ([1.0], TypeError, "wanted a mapping such as"),
    ],
)
def test_bad_polynomials(terms: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        Polynomial(terms)


def test_polynomials_drop_zero_terms_and_sort() -> None:
    f = Polynomial({3: 0.5, 2: 0.0, 1: 1})
    assert f == Polynomial({1: 1.0, 3: 0.5})
    assert f.powers == {1: 1.0, 3: 0.5}
    assert f.name == "Polynomial(z + 0.5 z^3)"
    assert len({f, Polynomial({1: 1.0, 3: 0.5})}) == 1


@pytest.mark.parametrize(
    ("make", "kind", "told"),
    [
        (lambda: SoftCap(0.0), InputError, "bound is 0.0; wanted a positive"),
        (lambda: SoftCap(float("inf")), InputError, "bound is inf"),
        (lambda: SoftCap("30"), TypeError, "bound is '30'"),
        (lambda: SoftCap(True), TypeError, "bound is True"),
        (lambda: LeakyReLU(0.0), InputError, "slope_below is 0.0"),
        (lambda: GSS(0.0, -2.0), InputError, "k is -2.0"),
        (lambda: GSS(float("nan"), 2.0), InputError, "c is nan"),
        (lambda: GSS(0, 10**400), InputError, "k is 1000"),
        (lambda: PLIF([1.0, -0.5], bound=1), InputError, r"slopes\[1\] = -0.5; wanted positive"),
        (lambda: PLIF([1.0, 2.0, 0.0], bound=1), InputError, r"slopes\[2\] = 0"),
        (lambda: PLIF([1.0, float("nan")], bound=1), InputError, r"slopes must be finite.*\(1,\)"),
        (
            lambda: PLIF([1.0] * 3, knots=[2.0, 1.0]),
            InputError,
            r"knots\[1\] = 1 is not above knots\[0\] = 2",
        ),
        (lambda: PLIF([1.0] * 4, knots=[0.0, 1.0, 1.0]), InputError, r"knots\[2\] = 1 is not above"),
        (lambda: PLIF([1.0] * 4, knots=[0.0, 1.0]), InputError, "knots has 2 entries, slopes 4"),
        (lambda: PLIF([1.0] * 9, bound=5e-324), InputError, "is not above"),
        (lambda: PLIF([1.0, 2.0]), InputError, "either bound=T"),
        (lambda: PLIF([1.0, 2.0], bound=1.0, knots=[0.0]), InputError, "either bound=T"),
        (lambda: PLIF([1.0, 2.0], bound=-1.0), InputError, "bound is -1.0"),
        (lambda: PLIF([[1.0, 2.0]], bound=1.0), InputError, "slopes has 2 axes"),
        (lambda: PLIF.random(segments=0), InputError, "segments is 0"),
        (lambda: PLIF.identity(2.0), TypeError, "segments is 2.0"),
        (lambda: MonotoneNetwork(0.0, [1], [1], [0]), InputError, "line is 0.0"),
        (
            lambda: MonotoneNetwork(1.0, [1, -2], [1, 1], [0, 0]),
            InputError,
            r"slopes\[1\] = -2; wanted positive",
        ),
        (lambda: MonotoneNetwork(1.0, [1, 2], [1], [0, 0]), InputError, r"have \[2, 1, 2\] entries"),
        (
            lambda: MonotoneNetwork.from_unconstrained([0.0] * 6),
            InputError,
            r"values has 6 entries; wanted 1 \+ 3n",
        ),
        (lambda: MonotoneNetwork.from_unconstrained([0.0, -1e4, 0.0, 0.0]), InputError, r"slopes\[0\] = 0"),
        (lambda: PLIF.random(8, seed=np.random.RandomState(0)), TypeError, "legacy RandomState"),
        (lambda: PLIF.random(8, seed=-1), InputError, "seed is -1"),
        (lambda: PLIF.random(8, seed=1.5), TypeError, "seed is 1.5"),
    ],
)
def test_bad_parameters(make: Callable[[], Any], kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        make()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"family": "Exp"}, "wanted family and parameters"),
        ({"family": "Expo", "parameters": {}}, "names the family 'Expo'; known are Exp, GSS"),
        ({"family": "MonotoneFunction", "parameters": {}}, "known are"),
        ({"family": "Exp", "parameters": {"a": 1}}, "Exp does not take these parameters"),
        ({"family": "Polynomial", "parameters": {}}, "Polynomial does not take these parameters"),
        ({"family": "SoftCap", "parameters": {"bound": "-0x1.0p+0"}}, "bound is -1.0"),
    ],
)
def test_bad_specs(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        from_spec(spec)


# PLIF.


def test_published_plif_is_nearly_a_line() -> None:
    f = PLIF.random(seed=5)
    assert (f.segments, f.bound) == (100_000, 20.0)
    # Mean and deviation of log(1 + e^v), v ~ N(log(e - 1), 1), by quadrature; five standard errors.
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    drawn = np.logaddexp(0, nodes + np.log(np.e - 1))
    mean = weights @ drawn / weights.sum()
    deviation = math.sqrt(weights @ (drawn - mean) ** 2 / weights.sum())
    assert abs(f.slopes.mean() - mean) < 5 * deviation / math.sqrt(f.segments)
    z = np.linspace(-20, 20, 1001)
    ripple = f(z) - mean * z
    # A Brownian motion of variance deviation^2 * step per unit: six deviations at the ends.
    assert abs(ripple).max() < 6 * deviation * math.sqrt(20 * 40 / f.segments)
    assert abs(ripple).max() > 0
    assert (PLIF.random(seed=5)(z) == f(z)).all()
    assert (PLIF.random(seed=6)(z) != f(z)).any()
    for x in z[::25].tolist():  # a hundred thousand additions, and still the last digits are right
        exact = f.exact(Fraction(x))
        assert abs(Fraction(float(f(np.array([x]))[0])) - exact) <= 3 * Fraction(EPS) * abs(exact)
    kept = np.random.default_rng(5)
    assert (PLIF.random(seed=kept).slopes == f.slopes).all()


@pytest.mark.parametrize("segments", [1, 2, 3, 7, 8, 1000, 1001, 100_000])
def test_uniform_segments_are_found_exactly(segments: int) -> None:
    f = PLIF.random(segments, bound=17.3, seed=7)
    kinks = f.kinks[:: max(1, segments // 500)]
    z = np.concatenate([kinks, np.nextafter(kinks, -99), np.nextafter(kinks, 99), HOSTILE])
    assert (f.segment(z) == np.searchsorted(f.kinks, z, side="right")).all()
    assert (f.slope(z) == f.slopes[f.segment(z)]).all()
    assert len(f.kinks) == segments - 1
    assert (f.kinks == -f.kinks[::-1]).all()
    assert bool((f.kinks == 0).any()) is (segments % 2 == 0)
    assert ("a kink at 0" in repr(f)) is (segments % 2 == 0)


@given(
    st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=9),
    st.one_of(st.floats(1e-3, 1e3), st.none()),
    st.floats(-1e4, 1e4),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_plif_floats_lie_within_a_rounding_of_the_exact_function(
    slopes: list[float], bound: float | None, x: float, random: Any
) -> None:
    knots = sorted({random.uniform(-50, 50) for _ in slopes[1:]})
    if bound is None and len(knots) != len(slopes) - 1:
        return
    f = (
        PLIF(slopes, bound=bound)
        if bound
        else PLIF(slopes, knots=knots)
        if knots
        else PLIF(slopes, bound=1.0)
    )
    for z in (x, random.uniform(-60, 60), *f.kinks[:2].tolist(), 0.0):
        value = Fraction(float(f(np.array([z]))[0]))
        slack = 8 * Fraction(EPS)
        below, above = sorted(f.exact(Fraction(z) * (1 + s)) * (1 + s) for s in (-slack, slack))
        assert below - Fraction(1e-300) <= value <= above + Fraction(1e-300)
        assert holds(f.ball(arb(z)), f.exact(Fraction(z)))
    assert f(np.zeros(1)) == 0


def test_plif_overflows_to_infinity_not_to_nan() -> None:
    f = PLIF([1e300, 1e305, 1e300], bound=1e9)
    values = f(np.array([-1e10, -1e8, 0.0, 1e3, 1e10, 1e308]))
    assert values.tolist() == [-np.inf, -np.inf, 0.0, 1e308, np.inf, np.inf]


def test_anchoring_at_zero_keeps_small_ranks() -> None:
    """Odd K is linear around 0: with an offset, rounding would fill the spectrum of small logits."""
    rng = np.random.default_rng(8)
    logits = 0.01 * rng.normal(size=(80, 3)) @ rng.normal(size=(3, 60))
    centred = {}
    for segments in (7, 8):
        scores = PLIF.random(segments, seed=9)(logits)
        centred[segments] = np.linalg.matrix_rank(scores - scores.mean(axis=1, keepdims=True))
    assert centred[7] == 3
    assert centred[8] > 3  # the kink at 0 is seen at every scale
    offset = PLIF.random(7, seed=9)(logits) + 22.1
    assert np.linalg.matrix_rank(offset - offset.mean(axis=1, keepdims=True)) > 3


def test_plif_keeps_its_own_numbers() -> None:
    slopes, knots = np.array([1.0, 2.0]), np.array([0.5])
    f = PLIF(slopes, knots=knots)
    slopes[:] = knots[:] = 7.0
    assert f.slopes.tolist() == [1.0, 2.0]
    assert not PLIF(slopes, bound=1.0).kinks.flags.writeable
    assert f.kinks.tolist() == [0.5]
    with pytest.raises(ValueError, match="read-only"):
        f.slopes[0] = 3.0


def test_wide_balls_of_plif_are_tight() -> None:
    f = PLIF.random(1001, bound=4.0, seed=10)
    out = f.ball(arb(0.5, 3.0))
    low, high = f(np.array([-2.5, 3.5]))
    assert abs(float(out.lower()) - low) < 1e-6
    assert abs(float(out.upper()) - high) < 1e-6


# Monotone networks.


def test_networks_read_a_free_vector() -> None:
    rng = np.random.default_rng(11)
    for n in (1, 4):
        free = rng.normal(0, 2, 1 + 3 * n)
        f = MonotoneNetwork.from_unconstrained(free)
        softplus = np.log1p(np.exp(free[: 1 + 2 * n]))
        z = np.linspace(-9, 9, 50)
        units = f.slopes * f.widths * np.tanh((z[:, None] - f.centres) / f.widths)
        assert np.allclose([f.line, *f.slopes, *f.widths], softplus, rtol=1e-14)
        assert np.allclose(f(z), f.line * z + units.sum(axis=1), rtol=1e-13, atol=1e-13)
    assert (
        MonotoneNetwork.random(3, seed=1)(z) == MonotoneNetwork.random(3, seed=np.random.default_rng(1))(z)
    ).all()


def test_networks_are_bijections() -> None:
    f = MonotoneNetwork(0.5, slopes=[4.0, 1.0], widths=[0.1, 3.0], centres=[-1.0, 2.0])
    far = np.array([-1e9, 1e9])
    assert np.allclose(f(far) - 0.5 * far, [-3.4, 3.4])
    assert np.allclose(f.slope(np.array([-1.0, -1e9, 1e9])), [0.5 + 4.0 + 1 / np.cosh(1.0) ** 2, 0.5, 0.5])
