r"""A bounded function caps every probability

If the values of $f$ span no more than $2B$, as where $|f|\le B$, then with $M$ classes
$$\max_{c,j}\operatorname{softmax}(f(A))_{cj}\le\frac1{1+(M-1)e^{-2B}}.$$

*Proof.* The most that one score can be above all others is $2B$. With ten thousand classes and $B=1$ no
probability exceeds $7.4\cdot10^{-4}$: this is why a function on logits should be unbounded, and why soft
caps are set at 30. A sigmoid spans 1: no probability exceeds $1/(1+(M-1)/e)$.

*Near miss.* An unbounded function reaches any probability below one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flint
import numpy as np

from rankkit.functions import Sigmoid, SigSoftmax, SoftCap
from rankkit.heads import Head
from rankkit.theorems.exact_rank import ball, elementwise, rational_logits
from rankkit.theorems.instances import Scores, drawn_logits
from rankkit.theorems.statement import Seed, Theorem

#: What near misses are held against: the cap of a function bounded by it.
ASSUMED_BOUND = 2.0


def applies(x: Scores) -> bool:
    return isinstance(x.f, SoftCap | Sigmoid)


def predicts(x: Scores) -> Any:
    bound = x.f.bound if isinstance(x.f, SoftCap) else 0.5 if isinstance(x.f, Sigmoid) else ASSUMED_BOUND
    with flint.ctx.workprec(256):
        return 1 / (1 + (x.logits.shape[1] - 1) * (-2 * flint.arb(bound)).exp())


def measure(x: Scores) -> Any:
    """Return the largest probability as a ball."""
    with flint.ctx.workprec(256):
        weights = elementwise(lambda z: x.f.ball(ball(z)).exp(), rational_logits(x.logits))
        largest = flint.arb(0)
        for row in weights:
            for probability in row / row.sum():
                largest = largest.max(probability)
        return largest


def instances(seed: Seed) -> Iterator[Scores]:
    rng = np.random.default_rng(seed)
    for bound, logit in [(0.5, 1), (2.0, 2), (2.0, 5), (8.0, 6)]:
        yield Scores(drawn_logits(rng, 8, 12, 2, bound=logit), SoftCap(bound), f"states up to {logit}")
    for f in (SoftCap(2.0), Sigmoid()):
        yield Scores(Head(np.array([[1.0], [-1], [-1]])).logits([[100.0]]), f, "close to the cap")


theorem = Theorem(
    module=__name__,
    topic="increasing functions",
    title="A bounded function caps every probability",
    says=(
        "If the values of f span no more than 2B, no probability among M classes exceeds 1 / (1 + (M - 1) "
        "exp(-2B))."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the largest probability, enclosed in a ball of 256 bits, with the cap",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={
        "f is bounded": lambda: Scores(
            drawn_logits(np.random.default_rng(0), 8, 12, 2, bound=5), SigSoftmax()
        )
    },
)
