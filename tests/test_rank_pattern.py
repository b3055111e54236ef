"""What entries' equalities allow: pattern rank, and matrices that are only seen in part."""

from __future__ import annotations

import numpy as np
import pytest

from rankkit.certificates import check
from rankkit.errors import InputError
from rankkit.functions import Identity, Polynomial
from rankkit.heads import Head
from rankkit.ranks import pattern_rank, rank_bounds

INDEX = np.arange(8.0)


@pytest.mark.parametrize(
    ("matrix", "rank"),
    [
        (INDEX[:, None] - INDEX, 8),
        (np.outer(INDEX + 1, INDEX + 1), 8),
        (INDEX[:, None] + INDEX, 8),
        (np.outer([0, 1, 1, 0], [1, 0, 1, 0]), 2),
        (np.full((5, 4), 3.0), 1),
        (np.zeros((3, 3)), 1),
        (np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0]]), 2),
        (np.arange(12.0).reshape(3, 4), 3),
    ],
)
def test_pattern_ranks(matrix: np.ndarray, rank: int) -> None:
    report = pattern_rank(matrix)
    assert report.lower == rank
    assert check(report.lower_proof.certificate, Head(np.eye(matrix.shape[1])).logits(matrix))
    assert report.lower >= np.linalg.matrix_rank(matrix)
    assert pattern_rank(np.exp(matrix), seed=5).lower == rank  # any other increasing function of it


def test_only_equalities_count() -> None:
    signs = np.kron([[1.0], [-1.0]], np.random.default_rng(0).standard_normal((4, 6)))
    assert np.linalg.matrix_rank(signs) == 4
    assert pattern_rank(signs).lower == 6  # no odd function can, an increasing one does
    with pytest.raises(InputError, match="distinct entries"):
        pattern_rank(np.random.default_rng(0).standard_normal((400, 400)))


# -- polynomials on a sphere --


def on_a_sphere(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Points with entries +-1 and +-2 in random places: one norm, exactly."""
    base = np.concatenate([np.ones(d - 1), [2.0]])
    return np.array([rng.permutation(base) * rng.choice([-1, 1], d) for _ in range(n)])


@pytest.mark.parametrize(
    ("powers", "collapsed", "free"), [({1: 1.0, 3: 1.0}, 20, 24), ({0: 1.0, 2: 1.0}, 10, 11)]
)
@pytest.mark.parametrize("of_contexts", [True, False])
def test_equal_norms_collapse_degrees_of_one_parity(
    powers: dict[int, float], collapsed: int, free: int, of_contexts: bool
) -> None:
    rng = np.random.default_rng(1)
    sphere, other = on_a_sphere(rng, 60, 4), rng.integers(-4, 5, (50, 4)).astype(float)
    H, W = (sphere, other) if of_contexts else (other, sphere)
    report = rank_bounds(Head(W).logits(H), Polynomial(powers), "scores")
    assert report.exact == collapsed
    assert report.upper_proof.kind == "equal norms"
    moved = sphere.copy()
    moved[0, 0] = np.nextafter(moved[0, 0], 9)  # equal to the last digit is not equal
    H, W = (moved, other) if of_contexts else (other, moved)
    report = rank_bounds(Head(W).logits(H), Polynomial(powers), "scores")
    assert report.exact == collapsed + 1
    assert free in {bound.value for bound in report.all_bounds}
    assert "equal norms" not in {bound.kind for bound in report.all_bounds}


def test_equal_norms_with_a_bias() -> None:
    rng = np.random.default_rng(2)
    H, W = on_a_sphere(rng, 70, 3), rng.integers(-4, 5, (60, 3)).astype(float)
    b = rng.integers(-5, 6, 60).astype(float)
    cube = Polynomial({3: 1.0})
    assert rank_bounds(Head(W, b).logits(H), cube, "scores").upper == 10 + 6 < 20
    swapped = rank_bounds(Head(H[:60], b).logits(W), cube, "scores")  # classes carry the bias: no collapse
    assert swapped.upper == 20
    for subject in ("scores", "centred", "log_probs"):
        report = rank_bounds(Head(W, b).logits(H), cube, subject)
        assert report.lower <= report.upper
    assert rank_bounds(Head(W).logits(H), Identity(), "scores").exact == 3
