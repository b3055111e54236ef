r"""Two mixture components give full rank

For a mixture of $K\ge2$ softmaxes with generic states, weights and prior,
$$\operatorname{rank}(\log P\cdot C_M)=\min(N,M-1),\qquad
P_{cj}=\sum_k\pi_{ck}\operatorname{softmax}(Wh_{kc})_j,$$
in any width $d\ge1$: no multiple of $K(d+1)$ bounds it.

*Proof.* For $K=2$, up to a shift of each row, $\log P_{cj}=h_{1c}\cdot w_j+\log(1+e^{(h_{2c}-h_{1c})\cdot
w_j+\beta_c})$, where $\beta_c$ takes any value as the prior does. That is an analytic function of generic
logits with a free offset and no polynomial, so its minors vanish almost nowhere. More components contain
this case in the closure, and a minor that is analytic and not zero somewhere is zero almost nowhere.

*Near miss.* A mixture of the states before one softmax is a single component. Components with equal states
are one as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import flint
import numpy as np

from rankkit.arrays import Array, FloatArray
from rankkit.heads import Head, MixtureOfSoftmaxes
from rankkit.theorems.exact_rank import ball, differences, elementwise, proved_regular, rank, rational_logits
from rankkit.theorems.instances import integers
from rankkit.theorems.statement import Seed, Theorem


def applies(x: MixtureOfSoftmaxes) -> bool:
    distinct = len(np.unique(x.head.W, axis=0)) == x.head.classes
    return len(x.states) > 1 and bool((x.states[0] != x.states[1]).any(axis=1).all()) and distinct


def predicts(x: MixtureOfSoftmaxes) -> int:
    return min(x.shape[0], x.shape[1] - 1)


def measure(x: MixtureOfSoftmaxes) -> int:
    if not applies(x):
        return rank(differences(rational_logits(x.components[0])))
    size = predicts(x)
    return size if proved_regular(lambda: _centred_balls(x)[:size, :size]) else 0


def _centred_balls(x: MixtureOfSoftmaxes) -> Array:
    """Enclose log P less its first column, from the definition."""
    P = np.full(x.shape, flint.arb(0), dtype=object)
    for logits, weights in zip(x.components, x.prior.T, strict=True):
        scores = elementwise(lambda z: ball(z).exp(), rational_logits(logits))
        shares = elementwise(flint.arb, weights.astype(object)) / scores.sum(axis=1)
        P = P + scores * shares[:, None]
    return differences(elementwise(lambda p: p.log(), P))


def instances(seed: Seed) -> Iterator[MixtureOfSoftmaxes]:
    rng = np.random.default_rng(seed)
    for components, contexts, classes, d in [(2, 9, 8, 1), (2, 8, 12, 2), (3, 12, 9, 2), (4, 6, 6, 3)]:
        states = integers(rng, (components, contexts, d), 1000) / 256
        while (states[0] == states[1]).all(axis=1).any():
            states = integers(rng, (components, contexts, d), 1000) / 256
        yield MixtureOfSoftmaxes(states, _prior(rng, contexts, components), _head(rng, classes, d))


def one_component() -> MixtureOfSoftmaxes:
    rng = np.random.default_rng(0)
    return MixtureOfSoftmaxes(integers(rng, (1, 8, 2), 9), np.ones((8, 1)), _head(rng, 8, 2))


def equal_components() -> MixtureOfSoftmaxes:
    rng = np.random.default_rng(0)
    states = np.stack([integers(rng, (8, 2), 9)] * 2)
    return MixtureOfSoftmaxes(states, _prior(rng, 8, 2), _head(rng, 8, 2))


def _head(rng: np.random.Generator, classes: int, d: int) -> Head:
    """Draw distinct weights: the first coordinates already differ."""
    first = rng.choice(np.arange(-40.0, 41.0), size=(classes, 1), replace=False)
    return Head(np.hstack([first, integers(rng, (classes, d - 1), 40)]) / 16)


def _prior(rng: np.random.Generator, contexts: int, components: int) -> FloatArray:
    """Draw weights that are multiples of 1/64 and sum to one exactly."""
    return rng.multinomial(64 - components, np.full(components, 1 / components), size=contexts) / 64 + 1 / 64


theorem = Theorem(
    module=__name__,
    topic="smooth functions",
    title="Two mixture components give full rank",
    says=(
        "The log-probabilities of a mixture of at least two softmaxes with generic states, weights and prior "
        "have rank min(N, M - 1) after removing row means, in any width."
    ),
    kind="generic",
    reference="rankkit",
    compares=(
        "the size of a centred block whose determinant ball excludes zero (one component: the exact rank) "
        "with min(N, M - 1)"
    ),
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"there are two components": one_component, "the components differ": equal_components},
)
