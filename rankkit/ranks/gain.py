"""rank_gain: how much rank each function family adds over the linear head, level by level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from math import isfinite
from typing import Any, NoReturn

import numpy as np

from rankkit import arrays, threads
from rankkit.arrays import Array, FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.functions import GSS, PLIF, Exp, Identity, LeakyReLU, Polynomial, SigSoftmax, SoftCap
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.heads import LowRankLogits, MixtureOfSoftmaxes
from rankkit.ranks.approximation import chebyshev_counts, smooth_counts
from rankkit.ranks.report import RankBound
from rankkit.ranks.subject import Subject
from rankkit.ranks.upper import upper_bounds
from rankkit.spectra import Spectrum, spectrum

#: What turns logits into log-probabilities: a function of every logit, or a mixture made from them.
Family = PointwiseFunction | Callable[[LowRankLogits], MixtureOfSoftmaxes]

#: Levels that are looked at by default, as multiples of the largest singular value: finer where models live,
#: coarser where only high precision sees.
LEVELS = (0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6, 1e-8, 1e-12)

#: Contexts that are looked at by default where there are more.
CONTEXTS = 500


@dataclass(frozen=True, eq=False)
class RankGain:
    """Ranks of centred log-probabilities by family and level.

    Attributes
    ----------
    families : tuple of str
        Names; row i of the arrays belongs to ``families[i]``.
    levels : numpy.ndarray (levels,)
        Multiples of each matrix's own largest singular value, descending.
    ranks : numpy.ndarray (families, levels), int
        Singular values above the level. Read it only where ``measurable``.
    measurable : numpy.ndarray (families, levels), bool
        Whether the level lies above the noise floor of the family's matrix and of the linear head's.
    linear : numpy.ndarray (levels,), int
        The same count for the linear head.
    upper : tuple of RankBound
        What each family could reach at any level, from structure alone.
    spectra : tuple of Spectrum
        The singular values behind ``ranks``.
    contexts : numpy.ndarray (sampled,), int
        Which contexts the matrices are made of.
    shape : (int, int)
        Shape of the logits that were given, of which ``contexts`` may be a sample.
    chebyshev, parity, smooth : numpy.ndarray (families, levels), int
        What each family can reach at each level because a polynomial is that near, not above ``upper``: by
        its Chebyshev series on the range of the logits; by those degrees of it that f has, all even or all
        odd ones but for a line; by least squares on the logits, parity included. Distances are summed in
        float64.
    skipped : tuple of (str, str)
        Default families that cannot be evaluated at these logits, and why.
    """

    families: tuple[str, ...]
    levels: FloatArray
    ranks: IntArray
    measurable: Array
    linear: IntArray
    upper: tuple[RankBound, ...]
    spectra: tuple[Spectrum, ...]
    contexts: IntArray
    shape: tuple[int, int]
    chebyshev: IntArray
    parity: IntArray
    smooth: IntArray
    skipped: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        counts = (self.ranks, self.linear, self.chebyshev, self.parity, self.smooth)
        for array in (self.levels, self.measurable, self.contexts, *counts):
            array.flags.writeable = False

    @property
    def gain(self) -> IntArray:
        """Rank less the linear head's at the same level, (families, levels)."""
        return self.ranks - self.linear

    def __repr__(self) -> str:
        contexts = f"{len(self.contexts):,} of {self.shape[0]:,} contexts x {self.shape[1]:,} classes"
        return f"RankGain: {len(self.families)} families at {len(self.levels)} levels on {contexts}"

    def __bool__(self) -> NoReturn:
        raise TypeError("a rank gain is neither true nor false; ask for .gain or .rows()")

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per family and level; ``rank`` and ``gain`` are None where rounding hides it."""
        return [
            {
                "family": family,
                "level": float(level),
                "rank": int(self.ranks[i, j]) if self.measurable[i, j] else None,
                "linear": int(self.linear[j]),
                "gain": int(self.gain[i, j]) if self.measurable[i, j] else None,
                "upper": self.upper[i].value,
                "chebyshev": int(self.chebyshev[i, j]),
                "parity": int(self.parity[i, j]),
                "smooth": int(self.smooth[i, j]),
                "upper_reason": self.upper[i].reason,
                "measurable": bool(self.measurable[i, j]),
            }
            for i, family in enumerate(self.families)
            for j, level in enumerate(self.levels)
        ]

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{level:.0e}</th>" for level in self.levels)
        body = "".join(
            f"<tr><td>{escape(family)}</td>"
            + "".join(
                f"<td>{gain:+d}</td>" if seen else "<td>noise</td>"
                for gain, seen in zip(self.gain[i], self.measurable[i], strict=True)
            )
            + f"<td>{self.upper[i].value}</td></tr>"
            for i, family in enumerate(self.families)
        )
        return f"<p>{escape(repr(self))}</p><table><tr><th>family</th>{head}<th>bound</th></tr>{body}</table>"


def rank_gain(
    logits: LowRankLogits,
    families: Sequence[Family] | None = None,
    levels: Sequence[float] = LEVELS,
    seed: int | np.random.Generator = 0,
    contexts: int = CONTEXTS,
    progress: Callable[[int, int], None] | None = None,
) -> RankGain:
    r"""Return how many singular values each family adds above each level.

    At level :math:`\varepsilon` the rank of a family is the number of singular values of its centred
    log-probabilities above :math:`\varepsilon\sigma_1`, each matrix with its own :math:`\sigma_1`. Centring
    removes the log-normaliser, whose size would otherwise decide every count. Counts move with the scale of
    the logits, except for homogeneous families: compare ``head.logits(s * H)`` for several s.

    Parameters
    ----------
    logits : LowRankLogits
        Contexts and head.
    families : sequence, optional
        Functions of a logit, or callables that make a :class:`MixtureOfSoftmaxes` of logits. By default the
        identity and the families of the softmax-bottleneck literature in their published settings.
    levels : sequence of float
        Between 0 and 1.
    seed : int or numpy.random.Generator
        Draws the sample of contexts, and the random slopes and mixture among the default families.
    contexts : int
        How many contexts to look at where there are more.
    progress : callable, optional
        Called with the number of families that are done and of all.

    Returns
    -------
    RankGain

    Examples
    --------
    >>> from rankkit.heads import Head
    >>> rng = np.random.default_rng(0)
    >>> logits = Head(rng.standard_normal((60, 3))).logits(rng.standard_normal((50, 3)))
    >>> gain = rank_gain(logits, [Identity(), Polynomial({1: 1.0, 3: 0.5})], levels=[1e-6])
    >>> [(row["rank"], row["gain"], row["upper"]) for row in gain.rows()]
    [(3, 0, 3), (13, 10, 13)]
    """
    if not isinstance(logits, LowRankLogits):
        raise TypeError(
            f"logits is {type(logits).__name__}; wanted LowRankLogits, as made by Head(W, b).logits(H)"
        )
    heights = np.array(sorted((_level(level) for level in levels), reverse=True))
    rng = arrays.generator(seed)
    chosen = default_families(rng) if families is None else families
    sampled = np.arange(logits.shape[0])
    if len(sampled) > arrays.count("contexts", contexts):
        sampled = np.sort(rng.choice(sampled, contexts, replace=False))
    some = logits.head.logits(logits.H[sampled])
    with threads.suited_to(logits.head.W.size):
        base = spectrum(some, Identity(), center="classes")
        found, skipped = [], []
        for done, family in enumerate(chosen):
            if progress is not None:
                progress(done, len(chosen))
            try:
                found.append(_measure(some, family, heights))
            except InputError as why:  # large logits overflow some default families: the others still count
                if families is not None or not isinstance(family, PointwiseFunction):
                    raise
                skipped.append((family.name, str(why)))
    spectra = tuple(seen for _, seen, _, _ in found)
    near = np.array([counts for _, _, _, counts in found]).reshape(len(found), 3, len(heights))
    return RankGain(
        families=tuple(name for name, _, _, _ in found),
        levels=heights,
        ranks=np.array([_count(seen, heights) for seen in spectra]).reshape(len(found), len(heights)),
        measurable=np.array([_above_noise(s, heights) & _above_noise(base, heights) for s in spectra]),
        linear=_count(base, heights),
        upper=tuple(bound for _, _, bound, _ in found),
        chebyshev=near[:, 0],
        parity=near[:, 1],
        smooth=near[:, 2],
        spectra=spectra,
        contexts=sampled,
        shape=logits.shape,
        skipped=tuple(skipped),
    )


def default_families(seed: int | np.random.Generator = 0) -> list[Family]:
    """Return the families that :func:`rank_gain` compares, in published settings where there are any."""
    rng = arrays.generator(seed)
    return [
        Identity(),
        Polynomial({1: 1.0, 3: 0.5}),
        SigSoftmax(),
        GSS(-1.5, 2.5),
        PLIF.random(segments=16, seed=rng),
        PLIF.random(segments=100_000, seed=rng),
        Exp(),
        SoftCap(30.0),
        LeakyReLU(0.1),
        partial(MixtureOfSoftmaxes.drawn, components=3, seed=rng),
    ]


def _measure(
    logits: LowRankLogits, family: Family, levels: FloatArray
) -> tuple[str, Spectrum, RankBound, IntArray]:
    if isinstance(family, PointwiseFunction):
        upper = upper_bounds(Subject.of(logits, family, "centred"))[0]
        seen = spectrum(logits, family, center="classes")
        A, tolerances = logits.dense(), levels * seen.top
        d, bias = logits.head.d, logits.head.b is not None
        by_size = chebyshev_counts(family, float(np.abs(A).max()), A.shape, tolerances, d, bias)
        fitted = smooth_counts(apply(family, A), A, tolerances, d, bias)
        near = np.minimum([*by_size, np.minimum(fitted, by_size[1])], upper.value)
        return family.name, seen, upper, near.astype(np.int64)
    if not callable(family):
        raise TypeError(
            f"families holds {family!r}; wanted functions, or callables that make a mixture of logits"
        )
    mixture = family(logits)
    seen = spectrum(mixture.log_probs(), center="classes")
    cap = RankBound(min(mixture.rank_bound, logits.shape[1] - 1), "shape", "no bound but the shape is known")
    return f"MoS({len(mixture.states)} components)", seen, cap, np.full((3, len(levels)), cap.value)


def _count(seen: Spectrum, levels: FloatArray) -> IntArray:
    return np.array([np.count_nonzero(seen.values > level * seen.top) for level in levels])


def _above_noise(seen: Spectrum, levels: FloatArray) -> Array:
    return levels * seen.top > seen.noise_floor


def _level(level: float) -> float:
    if not (isfinite(level) and 0 < level < 1):
        raise InputError(
            f"levels holds {level}; wanted multiples of the largest singular value, between 0 and 1"
        )
    return float(level)
