r"""Logits outside one segment add at most their matching number

For $f$ piecewise linear and any one of its segments, let $\nu$ be the largest number of logits outside it,
no two in a row or column. Then
$$\operatorname{rank}f(HW^\top)\le d+1+\nu.$$

*Proof.* Replace $f$ by the affine function that it is on the segment: rank at most $d+1$. The difference is
zero inside the segment, and by König's theorem $\nu$ rows and columns cover all its non-zero entries, so
its rank is at most $\nu$.

*Near miss.* A function that is not linear there: $x+x^3$ has no entry outside its only segment, and rank
$d+\binom{d+2}{3}$.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rankkit.functions import PLIF
from rankkit.theorems.cell_bound import not_piecewise_linear, segments
from rankkit.theorems.exact_rank import rank, rational_scores
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem


def applies(x: Scores) -> bool:
    return isinstance(x.f, PLIF)


def predicts(x: Scores) -> int:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    where = segments(x)
    outside = [csr_array((where != segment).astype(np.int8)) for segment in np.unique(where)]
    matchings = [int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum()) for graph in outside]
    return x.logits.head.d + 1 + min(matchings)


def measure(x: Scores) -> int:
    return rank(rational_scores(x))


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for d, pieces, bound in [(1, 3, 40.0), (2, 3, 100.0), (2, 5, 300.0), (3, 3, 200.0)]:
        yield Scores(drawn_logits(rng, 14, 13, d, bound=7), PLIF.random(pieces, bound=bound, seed=rng))


theorem = Theorem(
    module=__name__,
    topic="piecewise-linear functions",
    title="Logits outside one segment add at most their matching number",
    says=(
        "For a piecewise-linear f and logits of width d without bias, the rank of f of the logits is at most "
        "d + 1 plus the size of the largest matching among the entries outside any one segment."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the rank over the rationals of PLIF at integer logits with d + 1 plus the matching number",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"f is linear on every segment": not_piecewise_linear},
)
