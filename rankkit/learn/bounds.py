"""Divergences that no linear head of a rank can beat, each with its hypothesis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log1p, sqrt

import numpy as np

from rankkit import threads
from rankkit.arrays import FloatArray, count, matrix, parameters, widen
from rankkit.errors import InputError
from rankkit.heads import log_softmax
from rankkit.learn.objective import Target


@dataclass(frozen=True)
class SpectralBounds:
    """Two bounds around the smallest mean divergence of linear heads of width d.

    Attributes
    ----------
    lower : float
        No linear head of width d has a smaller mean divergence, in nats.
    upper : float
        Some linear head of width d has at most this mean divergence, in nats.
    tail : float
        Norm of what the best approximation of width d leaves of the centred log P.
    hypothesis : str
        Whom the lower bound holds for.
    """

    lower: float
    upper: float
    tail: float
    hypothesis: str


def spectral_bounds(P: object, d: int, bias: bool = True) -> SpectralBounds:
    r"""Bound the divergence of the best linear head of width d by the spectrum of log P.

    With :math:`\tau` the norm of the singular values beyond the first d of log P, row means removed (with a
    bias, column means too), and :math:`\mu = \min P`, the best mean divergence over N contexts is between
    :math:`\frac1N \log(1 + \frac{\mu\tau^2}{2 + \tau})` and :math:`\frac{\tau^2}{4N}`. The lower bound is
    taken for class weights :math:`\beta_j = \min_c P_{cj}` as well, :math:`\log(1 + \frac{s^2}{2 + s /
    \sqrt{\min\beta}}) / N` with s the tail of log P centred and scaled by them; the larger one is returned.
    Both are correct and loose; :func:`entropy_bound` is sharper, and supposes more.

    Parameters
    ----------
    P : array-like or scipy.sparse (contexts, classes)
        Every entry positive.
    d : int
        Width of the states.
    bias : bool
        Whether the heads have a bias.

    Raises
    ------
    InputError
        A zero in P: its logarithm is infinite, and the bound says nothing.

    Examples
    --------
    >>> P = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6]]
    >>> bounds = spectral_bounds(P, d=1, bias=False)
    >>> print(f"{bounds.lower:.3f} to {bounds.upper:.3f}")
    0.017 to 0.158
    >>> spectral_bounds(P, d=2, bias=False).upper < 1e-30
    True
    """
    target, d = Target.of(P), count("d", d)
    if (target.P == 0).any():
        c, j = (int(i) for i in np.argwhere(target.P == 0)[0])
        raise InputError(f"P[{c}, {j}] is 0; the spectral bound wants every probability positive")
    contexts, classes = target.shape
    logs = np.log(target.P)
    lower = 0.0
    for beta in (np.full(classes, target.P.min()), target.P.min(axis=0)):
        tail = _tail(logs, beta, d, bias)
        lower = max(lower, log1p(tail**2 / (2 + tail / sqrt(beta.min()))) / contexts)
    plain = _tail(logs, np.ones(classes), d, bias)
    kind = "a linear head with bias" if bias else "a linear head without bias"
    return SpectralBounds(lower, plain**2 / (4 * contexts), plain, f"{kind}, d = {d}")


def _tail(logs: FloatArray, beta: FloatArray, d: int, bias: bool) -> float:
    """Norm beyond rank d of ``logs``, centred by the weights ``beta`` and scaled by their roots."""
    centred = logs - (logs @ beta / beta.sum())[:, None]
    if bias:
        centred = centred - centred.mean(axis=0)
    values = np.linalg.svd(centred * np.sqrt(beta), compute_uv=False)
    return float(np.linalg.norm(values[d:]))


@dataclass(frozen=True, eq=False)
class EntropyBound:
    """A divergence that no head beats whose centred logits obey the stated spectrum.

    Attributes
    ----------
    lower : float
        The bound on the mean divergence, in nats; can be below 0, and then says nothing.
    spectrum : numpy.ndarray (k,)
        The hypothesis: the k-th singular value of the logits, row means removed, is at most ``spectrum[k]``,
        and those beyond are 0.
    Q : numpy.ndarray (contexts, classes)
        The distributions that prove it, by :func:`entropy_bound_of`; any others prove another bound.
    """

    lower: float
    spectrum: FloatArray
    Q: FloatArray

    @property
    def hypothesis(self) -> str:
        """Whom the bound holds for: the values are those of ``spectrum``, shown to four digits."""
        values = ", ".join(f"{value:.4g}" for value in self.spectrum)
        whose = "heads whose logits, row means removed, have singular values of at most"
        return f"{whose} {values}, and no others"


def entropy_bound(
    P: object, spectrum: Iterable[float], start: object = None, steps: int = 400
) -> EntropyBound:
    r"""Bound the divergence of every linear head whose logits obey a spectrum, by an ascent over Q.

    For all distributions Q, and all logits Z with row means removed and :math:`\sigma_k(Z) \le r_k`,

    .. math:: \sum_c KL(p_c \| \mathrm{softmax}(z_c)) \ge \sum_c H(q_c) - H(p_c) - \sum_k r_k \sigma_k(Q - P)

    by Gibbs' and von Neumann's inequalities. The right-hand side is concave in Q, so ascent finds a good one;
    the bound is as valid for a poor one. It holds for the logits of any head; a linear one of width d (and a
    bias) has at most d (d + 1) values that are not 0.

    Parameters
    ----------
    P : array-like or scipy.sparse (contexts, classes)
        Distributions; zeros are welcome.
    spectrum : iterable of float
        :math:`r_k`, descending, not negative.
    start : array-like (contexts, classes), optional
        Logits of the first Q, such as those of a fitted head; log P (with a floor) by default.
    steps : int
        Steps of the ascent.

    Examples
    --------
    Logits that are all but constant cannot follow P.

    >>> P = [[0.9, 0.1], [0.1, 0.9]]
    >>> 0.3 < entropy_bound(P, spectrum=[0.1]).lower < 0.37
    True
    """
    target = Target.of(P)
    r = parameters("spectrum", list(spectrum))
    if (r < 0).any() or (np.diff(r) > 0).any() or len(r) > min(target.shape):
        raise InputError(f"spectrum is {r}; wanted at most {min(target.shape)} values, descending, >= 0")
    V = np.log(np.maximum(target.P, 1e-12)) if start is None else widen(matrix("start", start))
    if V.shape != target.shape:
        raise InputError(f"start is {V.shape} but P is {target.shape}; the shapes must agree")
    with threads.suited_to(target.P.size):
        best_Q = _ascended(target, V, r, count("steps", steps))
    best_Q.flags.writeable = False
    return EntropyBound(entropy_bound_of(P, best_Q, r), r, best_Q)


def _ascended(target: Target, V: FloatArray, r: FloatArray, steps: int) -> FloatArray:
    """Return the best Q that Adam found from logits V."""
    best, best_Q = -np.inf, target.P
    mean, square = np.zeros_like(V), np.zeros_like(V)
    for step in range(1, steps + 1):
        log_q = log_softmax(V)
        Q = np.exp(log_q)
        value, by_Q = _entropy_bound_and_gradient(target, Q, log_q, r)
        if value > best:
            best, best_Q = value, Q
        by_V = Q * (by_Q - (Q * by_Q).sum(axis=1, keepdims=True))
        mean, square = 0.9 * mean + 0.1 * by_V, 0.99 * square + 0.01 * by_V**2
        rate = 0.05 / (1 + step / 150)  # Adam: the function has kinks where singular values vanish
        V = V + rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return best_Q


def entropy_bound_of(P: object, Q: object, spectrum: Iterable[float]) -> float:
    """Return the bound on the mean divergence that the distributions Q prove, in nats."""
    target, dual = Target.of(P), Target.of(Q)
    if target.shape != dual.shape:
        raise InputError(f"Q is {dual.shape} but P is {target.shape}; the shapes must agree")
    r = parameters("spectrum", list(spectrum))
    values = np.linalg.svd(dual.P - target.P, compute_uv=False)[: len(r)]
    return dual.entropy - target.entropy - float(r[: len(values)] @ values) / target.shape[0]


def _entropy_bound_and_gradient(
    target: Target, Q: FloatArray, log_q: FloatArray, r: FloatArray
) -> tuple[float, FloatArray]:
    U, values, Vt = np.linalg.svd(Q - target.P, full_matrices=False)
    k = len(r)
    entropy = -float((Q * log_q).sum())
    value = entropy / len(Q) - target.entropy - float(r @ values[:k]) / len(Q)
    return value, -(log_q + 1) - (U[:, :k] * r) @ Vt[:k]
