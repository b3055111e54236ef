"""A mixture of softmaxes: several states a context, one head, probabilities averaged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.errors import InputError
from rankkit.heads.head import Head, LowRankLogits
from rankkit.heads.softmax import log_softmax

#: How far a row of the prior may be from summing to 1: float32 priors are welcome, unnormalised ones are not.
SUM_TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class MixtureOfSoftmaxes:
    r"""Yang et al.'s mixture of softmaxes over one head [yang2018]_.

    .. math:: P_{cj} = \sum_k \pi_{ck}\, \mathrm{softmax}(W h_{kc} + b)_j

    The average is taken over probabilities, so :math:`\log P` is **not** a pointwise function of one low-rank
    matrix. From two components on its rank is generically full: min(contexts, classes), and min(contexts,
    classes - 1) with row means removed. K components do not bound it by K (d + 1). One component is the
    ordinary softmax.

    Parameters
    ----------
    states : array-like (K, contexts, d)
        One set of states per component.
    prior : array-like (contexts, K)
        Weight of every component in every context: not negative; each row sums to 1 within 1e-5 and is
        divided by its sum.
    head : Head
        The head that all components share.

    Raises
    ------
    InputError, TypeError
        Shapes that do not agree, a weight below 0, a row that does not sum to 1.

    Examples
    --------
    >>> head = Head([[1.0], [0.0], [-1.0]])
    >>> states = [[[20.0], [0.0]], [[-20.0], [0.0]]]
    >>> mixture = MixtureOfSoftmaxes(states, [[0.25, 0.75], [0.5, 0.5]], head)
    >>> mixture
    MixtureOfSoftmaxes: 2 components, 2 contexts x 3 classes
    >>> np.exp(mixture.log_probs()).round(4)
    array([[0.25  , 0.    , 0.75  ],
           [0.3333, 0.3333, 0.3333]])
    """

    states: Array
    prior: Array
    head: Head

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", arrays.stack("states", self.states))
        object.__setattr__(self, "prior", arrays.matrix("prior", self.prior))
        components, contexts, d = self.states.shape
        if d != self.head.d:
            came = f"states is {self.states.shape} but W is {self.head.W.shape}"
            raise InputError(f"{came}: the last axes must agree")
        if self.prior.shape != (contexts, components):
            came = f"prior is {self.prior.shape} but states is {self.states.shape}"
            raise InputError(f"{came}; wanted ({contexts}, {components}), a weight per context and component")
        if (self.prior < 0).any():
            c, k = (int(i) for i in np.argwhere(self.prior < 0)[0])
            raise InputError(
                f"prior[{c}, {k}] = {float(self.prior[c, k]):g}; wanted weights that are not negative"
            )
        sums = arrays.widen(self.prior).sum(axis=1)
        off = np.flatnonzero(~(np.abs(sums - 1) <= SUM_TOLERANCE))
        if off.size:
            raise InputError(f"prior[{off[0]}] sums to {sums[off[0]]:.6g}; wanted rows that sum to 1")

    @classmethod
    def drawn(
        cls, logits: LowRankLogits, components: int, seed: int | np.random.Generator | None = 0
    ) -> Self:
        """Return a mixture over the head and contexts of ``logits``, to compare with functions of them.

        Component 0 keeps the contexts. Every other one hands each context the state of another context, all
        different: the logits of every component are those given, in another order, with the same scale and
        alignment with W. The prior is uniform on the simplex.

        Parameters
        ----------
        logits : LowRankLogits
            Contexts and head.
        components : int
            K, at most the number of contexts.
        seed : int or numpy.random.Generator
            Where the order and the prior come from.
        """
        rng = arrays.generator(seed)
        contexts = logits.shape[0]
        if arrays.count("components", components) > contexts:
            raise InputError(f"components is {components}; wanted at most the number of contexts, {contexts}")
        order = rng.permutation(contexts)
        states = np.empty((components, *logits.H.shape), dtype=logits.H.dtype)
        for k in range(components):
            states[k, order] = logits.H[np.roll(order, k)]
        return cls(states, rng.dirichlet(np.ones(components), size=contexts), logits.head)

    def __repr__(self) -> str:
        shape = f"{self.shape[0]:,} contexts x {self.shape[1]:,} classes"
        return f"MixtureOfSoftmaxes: {len(self.states):,} components, {shape}"

    def __reduce__(self) -> tuple[Any, ...]:
        return MixtureOfSoftmaxes, (self.states, self.prior, self.head)

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, classes)."""
        return int(self.states.shape[1]), self.head.classes

    @property
    def rank_bound(self) -> int:
        """Largest rank that the shapes allow to the log-probabilities; a lone component is a softmax."""
        linear = self.head.d + 1 + (self.head.b is not None)
        return min(*self.shape, linear) if len(self.states) == 1 else min(self.shape)

    @property
    def components(self) -> tuple[LowRankLogits, ...]:
        """The logits of every component."""
        return tuple(LowRankLogits(H, self.head) for H in self.states)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 that pins states, prior and head together."""
        return arrays.fingerprint(self.states, self.prior, self.head.W, self.head.b)

    def log_probs(self) -> FloatArray:
        """Return the log-probabilities (contexts, classes), float64, in nats.

        Components are added by log-sum-exp. No floor is added to the probabilities: it would clip every
        logarithm and change the rank.
        """
        arrays.require_room("The log-probabilities", self.shape)
        weights = arrays.widen(self.prior)
        with np.errstate(divide="ignore"):  # a component without weight adds exp(-inf) = 0
            log_prior = np.log(weights / weights.sum(axis=1, keepdims=True))
        out = np.full(self.shape, -np.inf)
        for logits, weight in zip(self.components, log_prior.T, strict=True):
            start = 0
            for block in logits.blocks():
                rows = slice(start, start + len(block))
                np.logaddexp(out[rows], log_softmax(block) + weight[rows, None], out=out[rows])
                start = rows.stop
        return out
