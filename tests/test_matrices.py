"""Matrices with missing entries, of relations, and of maybe one head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rankkit as rk
from rankkit.errors import InputError
from rankkit.matrices import (
    PartialMatrix,
    completion_error,
    identity_target,
    partial_rank,
    relation_embedding,
    relation_graph,
    relation_report,
    same_head,
    staircase_rank,
    triangular_target,
)


def integers(rows: int, columns: int, rank: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(-9, 10, (rows, rank)) @ rng.integers(-9, 10, (rank, columns))).astype(float)


def holed(X: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.nan, X)


# -- partial matrices --


def test_missing_entries_come_as_nan_or_as_a_mask() -> None:
    X = np.array([[1.0, np.nan], [2.0, 3.0]])
    masked = np.ma.masked_invalid(X)
    for given in (X, X.astype("float32"), masked, PartialMatrix.of(X)):
        partial = PartialMatrix.of(given)
        assert partial.observed.tolist() == [[True, False], [True, True]]
        assert partial.values.tolist() == [[1, 0], [2, 3]]
    assert PartialMatrix.of(np.arange(6).reshape(2, 3)).observed.all()
    with pytest.raises(InputError, match="no observed entry"):
        PartialMatrix.of(np.full((2, 2), np.nan))
    with pytest.raises(InputError, match="must be finite"):
        PartialMatrix.of([[1.0, np.inf]])
    with pytest.raises(InputError, match="has 1 axis"):
        PartialMatrix.of([1.0, np.nan])
    with pytest.raises(ValueError, match="read-only"):
        PartialMatrix.of(X).values[0, 0] = 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_blocks_are_observed_whole_and_share_no_entry(share: float) -> None:
    partial = PartialMatrix.of(holed(np.ones((40, 30)), share))
    used, sizes = np.zeros((40, 30), dtype=int), []
    for rows, cols in partial.blocks(np.random.default_rng(0)):
        assert partial.observed[np.ix_(rows, cols)].all()
        used[np.ix_(rows, cols)] += 1
        sizes.append(min(len(rows), len(cols)))
    assert used.max() == 1
    assert sizes[0] == max(sizes) > (2 if share else 29)


def test_a_planted_block_is_found() -> None:
    rng = np.random.default_rng(1)
    observed = rng.random((80, 60)) < 0.2
    rows, cols = rng.choice(80, 25, replace=False), rng.choice(60, 20, replace=False)
    observed[np.ix_(rows, cols)] = True
    found = next(PartialMatrix.of(np.where(observed, 1.0, np.nan)).blocks(rng))
    assert set(rows) <= set(found[0])
    assert set(cols) <= set(found[1])


# -- rank of what was observed --


@pytest.mark.parametrize("rank", [1, 4, 9])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_no_bound_exceeds_the_rank_of_the_completion_it_came_from(rank: int, share: float, seed: int) -> None:
    X = integers(30, 40, rank, seed)
    found = partial_rank(holed(X, share, seed), seed=seed)
    assert 0 < found.lower <= rank
    assert found.check(holed(X, share, seed)) is True
    if share <= 0.05:
        assert found.lower == rank


def test_a_certificate_of_other_entries_or_of_hidden_ones_is_refused() -> None:
    X = integers(20, 20, 5)
    holes = np.full(X.shape, True)
    holes[:8, :9] = holes[5:, 15:] = False
    seen = np.where(holes, np.nan, X)
    found = partial_rank(seen)
    assert found.lower == 5
    assert rk.check(found.certificate, found.matrix) is True
    other = seen.copy()
    other[0, 0] += 1
    assert "another head" in str(found.check(other)) or not found.check(other)
    hidden = seen.copy()
    hidden[found.certificate.rows[0], found.certificate.cols[0]] = np.nan
    assert "1 entries of the minor were not observed" in found.check(hidden)
    moved = replace(found, certificate=replace(found.certificate, rows=(19, *found.certificate.rows[1:])))
    assert not moved.check(seen)
    nothing = partial_rank(np.zeros((3, 4)))
    assert nothing.lower == 0
    assert not nothing.check(np.zeros((3, 4)))


def test_one_observed_entry_is_rank_one() -> None:
    X = np.full((4, 5), np.nan)
    X[2, 3] = 7
    assert partial_rank(X).lower == staircase_rank(X) == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_staircase_has_a_completion_of_its_rank_and_none_below(seed: int) -> None:
    """The formula against alternating least squares, which fits at the rank and not one below."""
    rng = np.random.default_rng(seed)
    X = np.where(np.tri(7, 6, 1), integers(7, 6, 3, seed), np.nan)
    if seed % 2:
        X = np.where(rng.random((7, 1)) < 0.5, X, X[::-1] * np.where(np.tri(7, 6, 1), 1, np.nan))
    least = staircase_rank(X)
    assert partial_rank(X).lower <= least
    at, below = (completion_error(X, d, seed=seed) for d in (least, least - 1))
    assert at.upper < 0.02 * at.norm  # an infimum that need not be reached
    assert below.upper > at.upper
    assert below.upper > 1e-3 * below.norm


def test_staircases_telescope_to_the_rank_of_a_whole_matrix() -> None:
    X = integers(9, 12, 4)
    assert staircase_rank(X) == staircase_rank(X.T) == 4
    assert staircase_rank(np.where(np.tri(6), 1.0, np.nan)) == 1
    with pytest.raises(InputError, match="lacks"):
        staircase_rank([[1.0, np.nan], [np.nan, 1.0]])


# -- completion error --


@pytest.mark.parametrize("n", [4, 9, 30])
def test_the_identity_leaves_the_root_of_what_is_missing(n: int) -> None:
    for d in {0, 1, n // 2, n - 1, n}:
        found = completion_error(identity_target(n), d)
        assert found.lower == pytest.approx(np.sqrt(n - d), abs=1e-7)
        assert found.upper == pytest.approx(np.sqrt(n - d), abs=1e-7)
    # a free number for every prefix is worth one direction, the constant one
    with_baseline = completion_error(identity_target(n), 1, baseline=True)
    assert with_baseline.upper == pytest.approx(np.sqrt(n - 2))
    assert staircase_rank(triangular_target(n)) == n


def test_rank_two_is_enough_to_put_every_largest_reward_in_its_place() -> None:
    """Error and choice are different matters: points on a circle reward their own token most."""
    angle = 2 * np.pi * np.arange(50) / 50
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    assert ((circle @ circle.T).argmax(axis=1) == np.arange(50)).all()
    assert completion_error(identity_target(50), 2).lower > 6.9


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_the_error_lies_between_its_bounds(share: float, baseline: bool) -> None:
    rng = np.random.default_rng(2)
    X = holed(rng.standard_normal((25, 3)) @ rng.standard_normal((3, 30)) + 5 * rng.random((25, 1)), share)
    X += 0.1 * rng.standard_normal(X.shape)
    partial = PartialMatrix.of(X)
    errors = []
    for d in (1, 3, 5):
        found = completion_error(X, d, baseline)
        made = found.left @ found.right.T
        assert found.upper == pytest.approx(np.linalg.norm((made - partial.values)[partial.observed]))
        assert found.lower <= found.upper * (1 + 1e-9)
        assert np.linalg.matrix_rank(made) <= d + baseline
        errors.append(found.upper)
    assert errors == sorted(errors, reverse=True)
    if share == 0:
        assert found.lower == pytest.approx(found.upper)


def test_what_was_made_with_a_rank_is_found_again() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 50))
    found = completion_error(holed(X, 0.4), 3)
    assert found.lower <= found.upper < 1e-5 * found.norm
    assert np.allclose(found.left @ found.right.T, X, atol=1e-3)
    scaled = completion_error(np.ldexp(holed(X, 0.4), 300), 2)
    assert scaled.upper == pytest.approx(np.ldexp(completion_error(holed(X, 0.4), 2).upper, 300), rel=1e-6)


def test_completion_refusals() -> None:
    with pytest.raises(InputError, match="d is 4; wanted at most 3"):
        completion_error(np.eye(3), 4)
    with pytest.raises(InputError, match="d is -1"):
        completion_error(np.eye(3), -1)
    assert completion_error(np.zeros((3, 4)), 0).upper == 0


# -- relations --


@pytest.mark.parametrize("blocks", [2, 5])
def test_a_graph_of_blocks_has_their_number_as_rank(blocks: int) -> None:
    labels = np.repeat(np.arange(blocks), 6)
    G = relation_graph(labels[np.random.default_rng(0).permutation(len(labels))])
    collapsed, full = (relation_report(relation_embedding(G, 8, full_rank=f), G) for f in (False, True))
    assert collapsed.rank == collapsed.relation == blocks
    assert full.rank == 8
    assert collapsed.settled
    assert collapsed.outside == pytest.approx(0, abs=1e-12)
    assert full.outside > 0.05
    assert collapsed.missed == pytest.approx(0, abs=1e-12)
    assert collapsed.effective == pytest.approx(blocks)
    narrow = relation_report(relation_embedding(G, 1), G)
    assert narrow.missed == pytest.approx(1 - 1 / blocks)


def test_relation_refusals() -> None:
    G = relation_graph([0, 0, 1])
    with pytest.raises(InputError, match="wanted the same samples"):
        relation_report(np.ones((2, 2)), G)
    with pytest.raises(InputError, match="square and symmetric"):
        relation_report(np.ones((2, 2)), [[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(InputError, match="d is 4 for 3 samples"):
        relation_embedding(G, 4)


# -- one head or two --


def tables(d: int = 4, classes: int = 50, contexts: int = 30, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    W, V = rng.standard_normal((2, classes, d))
    b = rng.standard_normal(classes)
    H, K = rng.standard_normal((2, contexts, d))
    return W, V, b, H, K


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_head_is_known_again_by_other_states_coordinates_and_normalisers(dtype: str) -> None:
    W, V, _, H, K = tables()
    turned = W @ np.random.default_rng(5).standard_normal((4, 4))
    first = rk.log_probs(rk.Head(W).logits(H)).astype(dtype)
    second = rk.log_probs(rk.Head(turned).logits(K)).astype(dtype)
    found = same_head(first, second)
    assert found.same is True
    assert found.ranks == (4, 4)
    assert found.together == 4
    assert found.sines.max() < 1e-4
    other = same_head(first, rk.log_probs(rk.Head(V).logits(K)).astype(dtype))
    assert other.same is False
    assert other.together == 8
    assert other.sines.min() > 0.1
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(found)


def test_a_bias_is_seen_unless_it_is_allowed_for() -> None:
    W, _, b, H, K = tables()
    plain, shifted = rk.log_probs(rk.Head(W).logits(H)), rk.log_probs(rk.Head(W, b).logits(K))
    assert same_head(plain, shifted).same is None  # one head with the bias can make both
    assert "lies in that of B" in same_head(plain, shifted).reason
    assert same_head(plain, shifted, bias=True).same is True


def test_weights_themselves_can_be_compared_and_shifts_can_be_held_against_them() -> None:
    W, _, _, H, K = tables(contexts=20)
    assert same_head(W.T, (W @ np.triu(np.ones((4, 4)))).T).same is None  # as many rows as dimensions
    logits = H @ W.T, K @ W.T + 1
    assert same_head(*logits).same is True
    assert same_head(*logits, shifts=False).same is None


def test_an_update_of_low_rank_shows_in_as_many_angles() -> None:
    W, _, _, H, K = tables(d=6)
    rng = np.random.default_rng(9)
    tuned = W + np.outer(rng.standard_normal(50), rng.standard_normal(6))
    found = same_head(H @ W.T, K @ tuned.T)
    assert found.same is False
    assert found.together == 7
    assert np.count_nonzero(found.sines > 1e-8) == 1


def test_too_little_to_tell() -> None:
    W, _, _, H, K = tables()
    few = same_head(H[:3] @ W.T, K[:3] @ W.T)
    assert few.same is False  # three states each span different parts: no head of three dimensions
    smooth = rk.log_probs(rk.Head(W[:, :1]).logits(H[:, :1]), rk.functions.Exp())
    assert same_head(smooth, smooth).same is None
    assert "no numerical rank" in same_head(smooth, smooth).reason
    with pytest.raises(InputError, match="wanted the same classes"):
        same_head(np.eye(3), np.eye(4))
    with pytest.raises(InputError, match="two rows"):
        same_head(np.ones((1, 3)), np.eye(3), bias=True)
