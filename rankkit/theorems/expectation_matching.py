r"""At the best state, expectations match: weighted by the slope of the function

If $h$ is a stationary point of $h\mapsto\operatorname{KL}(p\,\|\,q_h)$ for
$q_h=\operatorname{softmax}(f(Wh))$, then
$$\sum_jp_j\,f'(w_j\cdot h)\,w_j=\sum_jq_j\,f'(w_j\cdot h)\,w_j .$$
For $f(z)=z$ these are the plain means, $\mathbf E_p[w]=\mathbf E_q[w]$, and the cross entropy at the
optimum is the entropy of $q$.

*Proof.* The derivative of the divergence in $h$ is the difference of both sides. For the linear head
$-\sum_jp_j\log q_j=\log Z-\mathbf E_p[w]\cdot h$, where $p$ may then be replaced by $q$.

*Near miss.* The plain means of a head with another function do not match, so what follows from them for the
linear softmax, such as which tokens must be in the support of $p$, may not be used there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.functions import GSS, Identity, PointwiseFunction, SigSoftmax
from rankkit.heads import log_softmax
from rankkit.theorems.statement import Seed, Theorem

#: Largest difference of the two sides at the state that is found, whose own error is about 1e-8.
WITHIN = 1e-5


@dataclass(frozen=True, eq=False)
class Fitted:
    """A distribution, the weights and function that model it, and whether means are weighted by the slope."""

    p: FloatArray
    W: FloatArray
    f: PointwiseFunction
    weighted: bool = True

    def __str__(self) -> str:
        means = "slope-weighted means" if self.weighted else "plain means"
        return f"{len(self.p)} classes, d = {self.W.shape[1]}, {self.f.name}, {means}"


def applies(x: Fitted) -> bool:
    return x.weighted or isinstance(x.f, Identity)


def predicts(x: Fitted) -> float:
    return WITHIN


def measure(x: Fitted) -> float:
    """Return the largest difference of the means at the optimum, found without any derivative."""
    from scipy.optimize import minimize

    def log_q(h: FloatArray) -> FloatArray:
        return log_softmax(x.f(x.W @ h)[None, :])[0]

    tight = {"xatol": 1e-10, "fatol": 1e-16, "maxiter": 4000, "maxfev": 4000}
    h = minimize(lambda h: -x.p @ log_q(h), np.zeros(x.W.shape[1]), method="Nelder-Mead", options=tight).x
    weights = x.f.slope(x.W @ h) if x.weighted else np.ones(len(x.p))
    return float(abs(((x.p - np.exp(log_q(h))) * weights) @ x.W).max())


def instances(seed: Seed) -> Iterator[Fitted]:
    rng = np.random.default_rng(seed)
    for d, f in [(1, Identity()), (2, Identity()), (2, SigSoftmax()), (2, GSS(-1.5, 2.5))]:
        yield Fitted(rng.dirichlet(np.full(8, 2.0)), rng.standard_normal((8, d)), f)


def plain_means() -> Fitted:
    rng = np.random.default_rng(0)
    return Fitted(rng.dirichlet(np.full(8, 2.0)), rng.standard_normal((8, 2)), SigSoftmax(), weighted=False)


theorem = Theorem(
    module=__name__,
    topic="loss and noise",
    title="At the best state, expectations match: weighted by the slope of the function",
    says=(
        "At any state that is stationary for the cross entropy, the mean of the weight vectors, each "
        "weighted by the slope of f at its logit, is the same under the true and the predicted distribution."
    ),
    kind="upper bound",
    reference="rankkit",
    compares="the difference of both means at an optimum found by Nelder and Mead's method with 1e-5",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"means are weighted by the slope": plain_means},
)
