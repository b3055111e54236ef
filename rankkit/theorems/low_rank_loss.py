r"""What a narrow head must lose, and need not lose more than

For strictly positive distributions $P$, with $\mu$ their smallest entry and
$\tau_d^2=\sum_{k>d}\sigma_k(\log P\cdot C_M)^2$, every head of width $d$ without bias has mean divergence
$$\frac1N\sum_c\operatorname{KL}(p_c\,\|\,q_c)\ \ge\ \frac1N\log\Big(1+\frac{\mu\,\tau_d^2}{2+\tau_d}\Big),$$
and one of them has at most $\tau_d^2/4N$.

*Proof.* By Eckart and Young the centred logits of the head differ from $\log P\cdot C_M$ by at least
$\tau_d$ in Frobenius norm, and the truncated singular value decomposition is a head that differs by just
that. Row by row the divergence is between the two bounds of [kl-sandwich](#kl-sandwich); the lower one is a
concave function of $\delta^2$ that is 0 at 0, so the sum over rows is at least its value at the sum.

*Near miss.* A head that is one wider than assumed may lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from rankkit.arrays import FloatArray
from rankkit.heads import Head, log_probs
from rankkit.spectra import spectrum
from rankkit.theorems.statement import Seed, Theorem


@dataclass(frozen=True, eq=False)
class Truncated:
    """True distributions, the width that is claimed, and the width of the head that copies them."""

    P: FloatArray
    claimed: int
    width: int

    def __str__(self) -> str:
        return (
            f"{self.P.shape[0]} x {self.P.shape[1]}, claimed width {self.claimed}, head of width {self.width}"
        )


def applies(x: Truncated) -> bool:
    return bool(x.width <= x.claimed and (x.P > 0).all())


def predicts(x: Truncated) -> tuple[float, float]:
    tail = float((spectrum(_centred(x.P)).values[x.claimed :] ** 2).sum())
    return log(1 + x.P.min() * tail / (2 + sqrt(tail))) / len(x.P), tail / 4 / len(x.P)


def measure(x: Truncated) -> float:
    """Return the mean divergence of the head that copies the largest singular values, once trained."""
    from scipy.optimize import minimize

    U, s, Vt = np.linalg.svd(_centred(x.P), full_matrices=False)
    start = np.concatenate([(U[:, : x.width] * s[: x.width]).ravel(), Vt[: x.width].T.ravel()])

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        H, W = np.split(parameters.reshape(-1, x.width), [len(x.P)])
        log_Q = log_probs(Head(W).logits(H))
        slope = (np.exp(log_Q) - x.P) / len(x.P)
        divergence = (x.P * (np.log(x.P) - log_Q)).sum(axis=1).mean()
        return float(divergence), np.concatenate([(slope @ W).ravel(), (slope.T @ H).ravel()])

    return float(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).fun)


def instances(seed: Seed) -> Iterator[Truncated]:
    rng = np.random.default_rng(seed)
    for concentration, width in [(1.0, 1), (1.0, 6), (5.0, 2), (100.0, 4)]:
        P = np.maximum(rng.dirichlet(np.full(12, concentration), size=20), 1e-4)
        yield Truncated(P / P.sum(axis=1, keepdims=True), width, width)


def a_wider_head() -> Truncated:
    rng = np.random.default_rng(0)
    logits = Head(rng.standard_normal((12, 4))).logits(rng.standard_normal((20, 4)))
    return Truncated(np.exp(log_probs(logits)), claimed=3, width=4)


def _centred(P: FloatArray) -> FloatArray:
    L = np.log(P)
    return L - L.mean(axis=1, keepdims=True)


theorem = Theorem(
    module=__name__,
    topic="loss and noise",
    title="What a narrow head must lose, and need not lose more than",
    says=(
        "For strictly positive true distributions, the tail of the singular values of their centred "
        "logarithms beyond d bounds the mean divergence of every head of width d from below, and that of the "
        "best one from above."
    ),
    kind="two-sided bound",
    reference="rankkit",
    compares="the mean divergence of a trained head of width d, in float64, with both bounds",
    applies=applies,
    predicts=predicts,
    measure=measure,
    instances=instances,
    near_misses={"the head is no wider than d": a_wider_head},
)
