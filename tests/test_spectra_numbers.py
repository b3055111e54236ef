"""The numbers people read off a spectrum: rules, verdicts, noise laws, directions, transforms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rankkit.errors import InputError
from rankkit.functions import Exp, Identity, Polynomial
from rankkit.heads import Head, log_probs
from rankkit.spectra import (
    EFFECTIVE_RANKS,
    EVENNESS,
    RULES,
    controlled,
    crosswalk,
    distance,
    expected_rank,
    exponential_decay,
    isotropy,
    mean_cosine,
    noise_edge,
    noise_rank,
    plateau_rank,
    polynomial_decay,
    reshape,
    share_below,
    soft_decay,
    spectrum,
    tolerance_curve,
    verdict,
    visible_ranks,
)


def normal(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns))


# -- rules and the cross-walk --


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1.5, 3e5])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_matlab_counts_from_the_spacing_of_numbers_at_the_norm(scale: float, dtype: str) -> None:
    s = spectrum((scale * normal(20, 30)).astype(dtype))
    assert s.tolerance("matlab") == pytest.approx(30 * float(np.spacing(np.dtype(dtype).type(s.top))))
    assert 0.5 < s.tolerance("matlab") / s.tolerance("numpy") <= 1


def test_one_matrix_measures_18_or_398() -> None:
    """The same low-rank matrix through float16: which rule, and which precision it admits to."""
    rng = np.random.default_rng(0)
    logits = Head(rng.standard_normal((400, 16)), rng.standard_normal(400)).logits(normal(450, 16, 1))
    half = log_probs(logits, Identity()).astype("float16")
    born, claimed = crosswalk(spectrum(half)), crosswalk(spectrum(half.astype("float32")))
    assert born["numpy"] <= born["press"] <= 18  # these are for worse rounding than occurs
    assert claimed["numpy"] == claimed["drill"] == claimed["gap"] == 18
    assert claimed["press"] > 350
    assert claimed["carlini"] > 300
    assert claimed["weightwatcher"] == 400


def test_the_crosswalk_holds_every_rule_dialect_and_precision_once() -> None:
    X = normal(40, 30)
    table = crosswalk(spectrum(X, center="classes"), visible_ranks(X, center="classes"))
    names = [r.name for r in table.readings]
    assert len(set(names)) == len(names)
    assert {*RULES, *EFFECTIVE_RANKS} <= set(names)
    assert {f"visible in {p}" for p in ("float64", "float32", "float16", "bfloat16")} <= set(names)
    assert len([r for r in table.readings if r.group == "evenness"]) == len(EVENNESS) + 1
    assert all(r.rule for r in table.readings)
    assert table.gauge == "less row means"
    assert "born in float64" in repr(table)
    assert "<table>" in table._repr_html_()
    with pytest.raises(KeyError):
        table["rank"]


def test_counts_in_the_crosswalk_are_those_above_its_tolerances() -> None:
    s = spectrum(normal(60, 50) * np.logspace(0, -20, 50))
    for r in crosswalk(s).readings:
        if r.tolerance is not None and r.noise is not None:
            assert r.value == np.count_nonzero(s.values > r.tolerance)
            assert r.noise == np.count_nonzero((s.values > r.tolerance) & (s.values <= s.noise_floor))


def test_the_crosswalk_of_nothing_is_quiet() -> None:
    table = crosswalk(spectrum(np.zeros((4, 5))), visible_ranks(np.zeros((4, 5))))
    assert {r.value for r in table.readings} == {0}


@pytest.mark.parametrize("change", ["rows", "columns", "transpose", "scale"])
def test_readings_do_not_depend_on_order_transposition_or_unit(change: str) -> None:
    rng = np.random.default_rng(3)
    X = np.exp(normal(40, 3, 4) @ normal(3, 50, 5) / 2)
    other = {
        "rows": X[rng.permutation(40)],
        "columns": X[:, rng.permutation(50)],
        "transpose": X.T,
        "scale": np.ldexp(X, 40),
    }[change]
    before, after = crosswalk(spectrum(X)), crosswalk(spectrum(other))
    for r in before.readings:
        absolute = r.name in (
            "drill",
            "carlini",
            "weightwatcher-weak",
        )  # a rule in units changes with the unit
        if not (absolute and change == "scale"):
            assert after[r.name] == pytest.approx(r.value, rel=1e-9), r.name


@pytest.mark.parametrize(
    ("kind", "want"), [("normalised-entropy", 0.80652), ("lightly", 0.46912), ("weightwatcher", 0.37958)]
)
def test_evenness_dialects(kind: str, want: float) -> None:
    s = spectrum(normal(200, 50) / np.arange(1, 51))
    assert s.evenness(kind) == pytest.approx(want, abs=5e-6)
    assert spectrum(np.eye(7)).evenness(kind) == pytest.approx(1)
    assert spectrum(np.ones((1, 1))).evenness(kind) in (0, 1)
    with pytest.raises(InputError, match="kind is 'even'"):
        s.evenness("even")


def test_visible_in_float64_is_float32_29_bits_further_down() -> None:
    logits = Head(normal(80, 2, 1)).logits(normal(60, 2))
    seen = {v.precision: v for v in visible_ranks(logits, Exp(), "classes")}
    assert seen["float64"].noise == np.ldexp(seen["float32"].noise, -29)
    assert [seen[p].rank for p in ("float64", "float32", "float16", "bfloat16")] == sorted(
        (v.rank for v in seen.values()), reverse=True
    )
    assert seen["float64"].rank > 1.5 * seen["float32"].rank


def test_a_matrix_born_in_float32_has_its_rounding_noise_at_float32() -> None:
    """Storing it again loses nothing, but what it lost at birth is still lost."""
    X = log_probs(Head(normal(90, 5, 1)).logits(normal(80, 5)), Identity()).astype("float32")
    again = visible_ranks(X, precisions=("float64", "float32"))
    assert [v.noise for v in again] == [0, 0]
    assert [v.rank for v in again] == [6, 6]


def test_the_norm_of_large_noise_is_found_without_decomposing_it() -> None:
    X = normal(230, 260)
    (v,) = visible_ranks(X, precisions=("bfloat16",))
    import ml_dtypes

    lost = X.astype(ml_dtypes.bfloat16).astype(float) - X
    assert v.noise == pytest.approx(np.linalg.norm(lost, 2), rel=1e-9)


# -- is there a numerical rank? --


def test_there_is_no_numerical_rank_of_a_smooth_kernel() -> None:
    logits = Head(normal(150, 2, 1)).logits(normal(140, 2))
    smooth, cubic = (spectrum(logits, f, "classes") for f in (Exp(), Polynomial({3: 1.0})))
    assert verdict(smooth).rank is None
    assert "there is no numerical rank" in verdict(smooth).reason
    assert verdict(smooth).per_decade > 5
    assert verdict(cubic).rank == plateau_rank(cubic) == 4
    assert "decades" in verdict(cubic).reason
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(verdict(cubic))


def test_the_tolerance_curve_counts_and_stops_at_the_noise() -> None:
    s = spectrum(Head(normal(150, 2, 1)).logits(normal(140, 2)), Exp(), "classes")
    levels, ranks = tolerance_curve(s, per_decade=3)
    assert (np.diff(levels) < 0).all()
    assert levels[-1] * s.top >= s.noise_floor > levels[-1] * s.top / 10 ** (1 / 3)
    assert (np.diff(ranks) >= 0).all()
    assert [s.numerical_rank("relative", t) for t in levels] == ranks.tolist()
    assert tolerance_curve(spectrum(np.zeros((3, 3))))[1].tolist() == [0]


# -- random noise --


@pytest.mark.parametrize(
    ("variance", "predicted", "measured"),
    [
        (1e-20, 9900, 9899), (1e-21, 9684, 9681), (1e-22, 9002, 9001),
        (1e-23, 6875, 6869), (1e-24, 1166, 1159), (1e-25, 10, 10),
    ],
)  # fmt: skip
def test_the_published_table_of_ranks_under_noise_is_a_law(
    variance: float, predicted: int, measured: int
) -> None:
    """A rank-10 matrix of 10,000 rows, noise of variance c / n^2, Numerical Recipes' rule in float64."""
    n = 10_000
    tolerance = 0.5 * math.sqrt(2 * n + 1) * 2.0**-52
    law = expected_rank(10, (n, n), math.sqrt(variance) / n, tolerance)
    assert round(law) == predicted
    assert abs(law - measured) < 8


@pytest.mark.parametrize("shape", [(300, 300), (200, 800), (800, 200), (290, 300)], ids=str)
def test_noise_spreads_by_the_law(shape: tuple[int, int]) -> None:
    values = np.linalg.svd(normal(*shape), compute_uv=False)
    small, large = sorted(shape)
    for q in (0.1, 0.3, 0.5, 0.7, 0.9):
        x = float(np.quantile(values, q)) / math.sqrt(large)
        assert share_below(x, small / large) == pytest.approx(q, abs=0.02)
    k = math.sqrt(small / large)
    assert share_below(1 - k - 1e-9, small / large) == 0
    assert share_below(1 + k, small / large) == 1


def test_the_law_is_the_quarter_circle_for_squares_and_continuous_near_them() -> None:
    for x in (0.05, 0.5, 1.3, 1.99):
        circle = (x * math.sqrt(4 - x * x) / 2 + 2 * math.asin(x / 2)) / math.pi
        assert share_below(x) == pytest.approx(circle, abs=1e-12)
        assert share_below(x, 1 - 1e-9) == pytest.approx(circle, abs=1e-6)


@pytest.mark.parametrize("shape", [(60, 60), (40, 200)], ids=str)
def test_noise_alone_rarely_passes_its_edge(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    tops = [np.linalg.norm(rng.standard_normal(shape), 2) for _ in range(400)]
    assert np.count_nonzero(np.array(tops) > noise_edge(shape)) <= 12  # 4 are expected
    assert max(tops) > 0.98 * noise_edge(shape)


@pytest.mark.parametrize("shape", [(200, 200), (120, 400)], ids=str)
@pytest.mark.parametrize("deviation", [None, 0.1])
def test_directions_in_noise_are_counted(shape: tuple[int, int], deviation: float | None) -> None:
    signal = normal(shape[0], 7) @ normal(7, shape[1], 1)
    found = noise_rank(spectrum(signal + 0.1 * normal(*shape, seed=2)), deviation)
    assert found.rank == 7
    assert found.deviation == pytest.approx(0.1, rel=0.05)
    assert found.soft_rank < 0.1
    alone = noise_rank(spectrum(normal(*shape)), deviation and 1.0)
    assert alone.rank == 0
    assert alone.soft_rank == pytest.approx(1, abs=0.1)
    assert "johnstone2001" in found.rule


def test_rounding_noise_is_noise() -> None:
    """Rounded log-probabilities, whatever dtype they say: their own bulk tells, all but a few."""
    X = log_probs(Head(normal(300, 10, 1)).logits(normal(300, 10)), Identity()).astype("float32")
    claimed = spectrum(X.astype("float64"))
    assert claimed.numerical_rank() == 300
    assert 11 <= noise_rank(claimed).rank <= 15  # the noise is larger where the entries are
    assert plateau_rank(spectrum(X)) == 11


def test_noise_refusals() -> None:
    s = spectrum(normal(9, 8))
    with pytest.raises(InputError, match="deviation is -1"):
        noise_rank(s, -1.0)
    with pytest.raises(InputError, match="cut after 3 of 8"):
        noise_rank(spectrum(normal(9, 8), k=3))
    with pytest.raises(InputError, match="aspect is 2"):
        share_below(1.0, 2.0)
    with pytest.raises(InputError, match="rank is 9"):
        expected_rank(9, (9, 8), 1.0, 1.0)
    with pytest.raises(InputError, match="deviation is nan"):
        expected_rank(1, (9, 8), math.nan, 1.0)
    assert expected_rank(3, (9, 8), 0.0, 1.0) == 3


# -- directions --


def test_mean_cosine_is_the_mean_over_pairs() -> None:
    X = normal(20, 5) + 0.7
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[~np.eye(20, dtype=bool)]
    assert mean_cosine(X) == pytest.approx(pairs.mean())
    assert mean_cosine(X * np.logspace(-200, 200, 20)[:, None]) == pytest.approx(pairs.mean())
    assert mean_cosine([[1.0], [-1.0]]) == -1
    with pytest.raises(InputError, match=r"X\[1\] is zero"):
        mean_cosine([[1.0], [0.0]])
    with pytest.raises(InputError, match="wanted two or more"):
        mean_cosine([[1.0]])


def test_isotropy_is_one_for_symmetric_sets_and_falls_with_a_shift() -> None:
    cross = np.concatenate([np.eye(4), -np.eye(4)])
    assert isotropy(cross) == 1
    X = normal(400, 4)
    assert isotropy(X) > 0.7
    assert isotropy(X + 1) < 0.2 < isotropy(X)
    assert 0 <= isotropy(1e3 * (X + 1)) < 1e-9  # no overflow
    assert isotropy(np.zeros((3, 2))) == 1


# -- changes of a spectrum --


def test_soft_decay_presses_values_together_and_lifts_zeros() -> None:
    X = normal(30, 3) @ np.diag([100.0, 10.0, 1.0]) @ normal(3, 20, 1)
    made = reshape(X, soft_decay)
    rows = {row["name"]: (row["before"], row["after"]) for row in made.rows()}
    assert rows["numpy"] == (3, 20)  # f(0) is not 0
    assert rows["roy-vetterli"][1] > rows["roy-vetterli"][0]
    assert rows["stable"][1] > rows["stable"][0]
    assert made.before.values[0] > made.after.values[0]
    assert np.allclose(made.after.values, np.sort(np.abs(soft_decay(made.before.values)))[::-1])
    assert "numerical rank 3 -> 20" in repr(made)
    with pytest.raises(InputError, match="alpha is 0"):
        soft_decay(made.before.values, 0.0)
    with pytest.raises(InputError, match="has no value"):
        soft_decay(np.zeros(2), -1.5)


@pytest.mark.parametrize("target", [exponential_decay(20, 0.3), polynomial_decay(20, 1.5)])
def test_a_controlled_spectrum_has_the_prescribed_shape(target: np.ndarray) -> None:
    X = normal(30, 20)
    made = reshape(X, controlled(target))
    assert distance(made.after, target) < 1e-12 < distance(made.before, target)
    assert np.linalg.norm(made.matrix) == pytest.approx(np.linalg.norm(X))
    left, _, right = np.linalg.svd(X, full_matrices=False)
    inner = left.T @ made.matrix @ right.T
    assert np.allclose(inner, np.diag(np.diag(inner)), atol=1e-12)  # the directions are kept
    with pytest.raises(ValueError, match="read-only"):
        made.matrix[0] = 0


def test_transform_refusals() -> None:
    X = normal(4, 3)
    with pytest.raises(InputError, match="change returned"):
        reshape(X, lambda values: values[:2])
    with pytest.raises(InputError, match="finite singular values"):
        reshape(X, lambda values: values / 0.0 if values[0] == 0 else np.full(3, np.nan))
    with pytest.raises(InputError, match="target has 2 values"):
        reshape(X, controlled(np.ones(2)))
    with pytest.raises(InputError, match="target has 2 values"):
        distance(spectrum(X), np.ones(2))
    with pytest.raises(InputError, match="no shape"):
        distance(spectrum(np.zeros((2, 2))), np.ones(2))
    with pytest.raises(InputError, match="rate is -1"):
        exponential_decay(3, -1.0)
