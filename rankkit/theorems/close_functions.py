r"""A function that is nearly a line changes no loss by much

If $|f(z)-g(z)|\le\delta$ for all logits $z$ that occur, then with $p=\operatorname{softmax}f(A)$ and
$q=\operatorname{softmax}g(A)$
$$|\log p_{cj}-\log q_{cj}|\le2\delta .$$

*Proof.* Scores change by at most $\delta$, so the log-normaliser, which is increasing and commutes with
shifts, does so too. For a soft cap at $B$ against the identity on $[-T,T]$, $\delta=T-B\tanh(T/B)$: for
$B=30$ and $T=5$ that is 0.046. So rank and loss are different matters: $z+\varepsilon\tanh z$ has full rank
for every $\varepsilon>0$, and changes no loss by more than $2\varepsilon$ per context.

*Near miss.* Logits outside the range on which the functions are close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flint
import numpy as np

from rankkit.functions import SoftCap
from rankkit.heads import LowRankLogits
from rankkit.theorems.exact_rank import ball, elementwise, rational_logits
from rankkit.theorems.instances import drawn_logits
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Capped:
    """Logits, the cap that is applied to them, and the range that they are claimed to lie in."""

    logits: LowRankLogits
    f: SoftCap
    largest: int

    def __str__(self) -> str:
        contexts, classes = self.logits.shape
        return (
            f"{contexts} x {classes}, {self.f.name} against the identity on [-{self.largest}, {self.largest}]"
        )


def applies(x: Capped) -> bool:
    return bool(abs(x.logits.dense()).max() <= x.largest)


def predicts(x: Capped) -> Any:
    with flint.ctx.workprec(256):
        return 2 * (x.largest - x.f.ball(flint.arb(x.largest)))


def measure(x: Capped) -> Any:
    """Return the largest change of a log-probability, as a ball."""
    with flint.ctx.workprec(256):
        linear = elementwise(ball, rational_logits(x.logits))
        capped = elementwise(x.f.ball, linear)
        largest = flint.arb(0)
        for z, y in zip(linear, capped, strict=True):
            shift = (sum(a.exp() for a in y) / sum(a.exp() for a in z)).log()
            for change in y - z - shift:
                largest = largest.max(abs(change))
        return largest


def instances(seed: Seed) -> Iterator[Capped]:
    rng = np.random.default_rng(seed)
    for bound, entries in [(5.0, 1), (30.0, 2), (30.0, 4), (4.0, 3)]:
        yield Capped(drawn_logits(rng, 8, 9, 2, bound=entries), SoftCap(bound), 2 * entries**2)


def beyond_the_range() -> Capped:
    return Capped(drawn_logits(np.random.default_rng(0), 8, 9, 2, bound=6), SoftCap(30.0), 5)


theorem = Theorem(
    module=__name__,
    topic="loss and noise",
    title="A function that is nearly a line changes no loss by much",
    says=(
        "If two functions differ by at most delta at all logits that occur, the log-probabilities that they "
        "give differ by at most 2 delta, whatever ranks they have."
    ),
    kind="upper bound",
    reference="rankkit",
    compares=(
        "the largest change of a log-probability by a soft cap, in a ball of 256 bits, with twice the "
        "largest gap"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"all logits are in the range": beyond_the_range},
)
