r"""PLIF with random slopes reaches the pattern rank, once it has enough segments

For fixed logits $A$ in $[-T,T]$, none of them 0, and a PLIF on $[-T,T]$ with $f(0)=0$ whose segments are no
longer than the gap between any two of 0 and the distinct logits, slopes drawn from a density give almost
surely
$$\operatorname{rank}f(A)=\pi(A),$$
the pattern rank: full rank if all logits differ.

*Proof.* A minor of $f(A)$ is a polynomial in the slopes, so almost surely it vanishes only if it is the
zero polynomial. Outwards from 0 every next logit reaches into a segment of its own, so the matrix of
increments of $f$ against slopes is a staircase with non-zero diagonal: the increments are free, which is
all that $\pi(A)$ asks for.

*Near miss.* With few segments all logits may lie in one of them, where $f$ is affine. Equal slopes are no
draw. A logit of 0 stays 0 whatever the slopes, one value less that is free.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.functions import PLIF
from rankkit.heads import Head, LowRankLogits
from rankkit.theorems.exact_rank import pattern_rank, rank, rational_scores
from rankkit.theorems.instances import Scores, integers
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    if not isinstance(x.f, PLIF) or x.f.bound is None:
        return False
    logits = x.logits.dense()
    separated = 2 * x.f.bound / x.f.segments <= np.diff(np.unique(np.append(logits, 0.0))).min()
    return bool(separated and logits.all() and abs(logits).max() <= x.f.bound and np.ptp(x.f.slopes) > 0)


def predicts(x: Scores) -> int:
    return pattern_rank(x.logits.dense(), np.random.default_rng(0))


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for contexts, classes, d, bound in [(9, 7, 1, 4), (8, 8, 2, 2), (10, 9, 3, 1), (7, 12, 2, 6)]:
        logits = _half_integers(rng, contexts, classes, d, bound)
        largest = d * bound**2 + 1
        yield Scores(logits, PLIF.random(segments=4 * largest, bound=largest, seed=rng))


def few_segments() -> Scores:
    rng = np.random.default_rng(0)
    return Scores(
        _half_integers(rng, 9, 9, 2, 3), PLIF.random(segments=3, bound=60.0, seed=rng), "one in use"
    )


def equal_slopes() -> Scores:
    return Scores(_half_integers(np.random.default_rng(0), 9, 9, 2, 3), PLIF.identity(76, bound=19.0))


def a_zero() -> Scores:
    logits = Head(np.array([[0.0], [1.0]])).logits([[1.0], [2.0]])
    return Scores(logits, PLIF.random(segments=8, bound=4.0, seed=0), "a column of zeros")


def _half_integers(
    rng: np.random.Generator, contexts: int, classes: int, d: int, bound: int
) -> LowRankLogits:
    W, H = integers(rng, (classes, d), bound), integers(rng, (contexts, d), bound)
    return Head(W, b=np.full(classes, 0.5)).logits(H)


theorem = Theorem(
    module=__name__,
    topic="piecewise-linear functions",
    title="PLIF with random slopes reaches the pattern rank, once it has enough segments",
    says=(
        "For fixed non-zero logits within the range of a PLIF whose segments are no longer than the gaps "
        "between zero and the distinct logits, random slopes give f of the logits the pattern rank almost "
        "surely: full rank if all differ."
    ),
    kind="generic",
    reference="rankkit",
    compares=(
        "the rank over the rationals of PLIF, slopes drawn as published, at half-integer logits with their "
        "pattern rank"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "a segment ends between any two logits": few_segments,
        "the slopes are drawn": equal_slopes,
        "no logit is zero": a_zero,
    },
)
