"""rank_bounds: the rank of a matrix of exact real numbers, from both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rankkit import arrays, threads
from rankkit.certificates import Minor, check, check_all
from rankkit.errors import CertificateError
from rankkit.functions.base import PointwiseFunction, apply
from rankkit.functions.identity import Identity
from rankkit.heads import Head, LowRankLogits
from rankkit.ranks.generic import generic_bound
from rankkit.ranks.lower import PRECISIONS, ball_bound, modular_bound
from rankkit.ranks.report import RankBound, RankReport
from rankkit.ranks.subject import Subject
from rankkit.ranks.upper import plain_bounds, solved_bounds, special_bounds
from rankkit.ranks.verified import float64_bound
from rankkit.spectra import Spectrum, spectrum

#: Size of the largest minor that is tried unless told otherwise, modulo a prime and in ball arithmetic.
MODULAR_ROWS, BALL_ROWS = 1000, 200

#: A way to prove a minor of a target size, and of a least size.
Prove = Callable[[Subject, int, np.random.Generator, int], RankBound]

#: Largest number of entries whose singular values are computed for ``numerical``; beyond it contexts are
#: left out.
NUMERICAL_ENTRIES = 5_000_000

#: The same for the decomposition behind ``supported_by``, which needs vectors.
SUPPORTED_ENTRIES = 1_000_000


def rank_bounds(
    logits_or_matrix: LowRankLogits | Head | object,
    f: PointwiseFunction | None = None,
    subject: str = "log_probs",
    max_minor: int | None = None,
    seed: int | np.random.Generator = 0,
) -> RankReport:
    r"""Return proved bounds, lower <= rank <= upper, and the numerical rank beside them.

    The rank is that of the matrix of real numbers which the stored (dyadic) numbers define: no rounding, no
    tolerance. Below, a minor is proved non-singular: by elimination modulo a prime where ``f`` maps
    rationals to rationals or is a rational function of exponentials, in ball arithmetic elsewhere
    [johansson2017]_. Above stand the shape, repeated rows and columns (up to sign where ``f`` is odd or
    even), the inner dimension with its exact null vectors, the number of monomials, and the segments of a
    piecewise-linear function. The search ends where both meet. Every certificate has been checked.

    Parameters
    ----------
    logits_or_matrix : LowRankLogits, Head or array-like (rows, columns)
        A plain matrix has the subject "matrix"; a head stands for its weights, without its bias.
    f : PointwiseFunction, optional
        Applied to every logit; the identity by default.
    subject : "log_probs", "scores" or "centred"
        Which matrix: :math:`\log\mathrm{softmax} f(A)`, :math:`f(A)`, or :math:`f(A)` less its row means,
        whose rank is the least that any normaliser leaves.
    max_minor : int, optional
        Size of the largest minor that is tried: the cost grows with its cube. By default 1,000 modulo a prime
        (a second), 200 in ball arithmetic. A larger rank stays undecided.
    seed : int or numpy.random.Generator
        Chooses the rows and columns that are looked at where there are very many.

    Returns
    -------
    RankReport

    Raises
    ------
    InputError
        NaN or infinity, an option that does not exist, or ``f`` with a plain matrix.
    CertificateError
        Two proofs contradict each other, as when a function claims to be a polynomial that it is not.

    Examples
    --------
    >>> from rankkit.functions import Identity, SigSoftmax
    >>> from rankkit.heads import Head
    >>> rng = np.random.default_rng(0)
    >>> head = Head(rng.standard_normal((12, 3)), b=rng.standard_normal(12))
    >>> logits = head.logits(rng.standard_normal((10, 3)))
    >>> [rank_bounds(logits, subject=s).exact for s in ("scores", "centred", "log_probs")]
    [4, 4, 5]
    >>> rank_bounds(logits, SigSoftmax()).exact
    10
    """
    largest = None if max_minor is None else arrays.count("max_minor", max_minor)
    rng = arrays.generator(seed)
    asked = Subject.of(logits_or_matrix, f, subject)
    with threads.suited_to(asked.head.W.size):
        return _bounds(asked, largest, rng)


def _bounds(asked: Subject, max_minor: int | None, rng: np.random.Generator) -> RankReport:
    above = _upper(asked, plain_bounds)
    nothing = RankBound(0, "none", "the upper bound is 0")
    below = _lower(asked, above[0].value, modular_bound, max_minor or MODULAR_ROWS, rng, nothing)
    for bounds in (special_bounds, solved_bounds):
        if below.value < above[0].value:
            above = [*_upper(asked, bounds, above[0].value), *above]
    if below.value < above[0].value:
        below = _lower(asked, above[0].value, ball_bound, max_minor or BALL_ROWS, rng, below)
    least = above[0]
    if below.value > least.value:
        raise CertificateError(
            f"rank >= {below.value} ({below.reason}) contradicts rank <= {least.value} ({least.reason}); "
            f"are the powers of {asked.f.name} right?"
        )
    seen, what = _numerical(asked)
    return RankReport(
        subject=asked.kind,
        shape=asked.shape,
        numerical=seen.numerical_rank(),
        tolerance=max(seen.tolerance(), seen.noise_floor),
        rule=f"max(N, M) eps sigma_1 (numpy), {what}",
        lower_proof=below,
        upper_proof=least,
        all_bounds=(below, *above),
        supported_by=_supported(asked, below.value, min(least.value, seen.numerical_rank())),
        generic=_generic(asked, below.value, min(least.value, max_minor or MODULAR_ROWS), rng),
    )


def _supported(subject: Subject, lower: int, wanted: int) -> RankBound | None:
    """Return what float64 supports beyond the proved lower bound, of evenly spaced contexts if very many."""
    if lower >= wanted:
        return None
    rows, columns = subject.shape
    keep = min(rows, max(1, SUPPORTED_ENTRIES // columns))
    found = float64_bound(subject, np.linspace(0, rows - 1, keep).astype(int))
    return found if found is not None and found.value > lower else None


def _generic(subject: Subject, lower: int, wanted: int, rng: np.random.Generator) -> RankBound | None:
    found = generic_bound(subject, wanted, rng) if lower < wanted else None
    return found if found is not None and found.value > lower else None


def _upper(
    asked: Subject, bounds: Callable[[Subject], list[RankBound]], known: int | None = None
) -> list[RankBound]:
    """Return upper bounds below one that is known whose certificates hold, the smallest first."""
    found = [b for b in bounds(asked) if known is None or b.value < known]
    claims = [b.certificate for b in found if b.certificate is not None]
    verdicts = iter(check_all(claims, asked.head))
    return sorted(
        (b for b in found if b.certificate is None or next(verdicts)), key=lambda bound: bound.value
    )


def _lower(
    subject: Subject, upper: int, prove: Prove, most: int, rng: np.random.Generator, known: RankBound
) -> RankBound:
    """Return a bound above ``known`` where one can be proved in this way, else ``known``."""
    # a function from elsewhere only claims its upper bound: one row more would refute it
    target = min(upper + (not subject.checkable), most)
    below = known
    if subject.kind == "log_probs":
        # the log-normaliser cancels in the centred scores: the log-probabilities have their rank, or one more
        centred = replace(subject, kind="centred")
        most_centred = _upper(centred, plain_bounds)[0].value + (not subject.checkable)
        below = _proved(centred, min(target, most_centred), prove, rng, known)
        if below is not known and below.value:
            below = replace(below, reason=f"{below.reason}, of the centred scores")
        target = min(target, below.value + 1)
    below = _proved(subject, target, prove, rng, below)
    if below.value < upper and below.value == most:
        below = replace(below, reason=f"{below.reason}; no larger minor was tried (max_minor={most})")
    return below


def _proved(
    subject: Subject, target: int, prove: Prove, rng: np.random.Generator, known: RankBound
) -> RankBound:
    """Return a lower bound that has passed its check, or what was known; of no rank, why there is none."""
    if target <= known.value:
        return known
    bound = prove(subject, target, rng, known.value + 1)
    claim = bound.certificate
    while claim is not None:
        verdict = check(claim, subject.about)
        if verdict:
            break
        if not isinstance(claim, Minor) or claim.bits >= PRECISIONS[-1]:
            bound = RankBound(0, "none", f"the checker refused a proof of rank >= {bound.value}: {verdict}")
            break
        claim = replace(claim, bits=2 * claim.bits)  # the checker inverts: that takes more than a determinant
    bound = replace(bound, certificate=claim) if bound.value else bound
    return bound if bound.value >= known.value else known


def _numerical(subject: Subject) -> tuple[Spectrum, str]:
    """Return singular values, of evenly spaced contexts where there are too many, and say of what."""
    contexts, classes = subject.shape
    if subject.logits is None:
        return spectrum(subject.head.W, precision="float64"), "of the whole matrix"
    linear = isinstance(subject.f, Identity)
    keep = contexts if linear else min(contexts, max(1, NUMERICAL_ENTRIES // classes))
    what = "of the whole matrix" if keep == contexts else f"of {keep:,} of {contexts:,} contexts"
    logits = subject.head.logits(subject.logits.H[np.linspace(0, contexts - 1, keep).astype(int)])
    if subject.kind == "scores":
        return spectrum(logits if linear else apply(subject.f, logits.dense())), what
    return spectrum(logits, subject.f, center="classes" if subject.kind == "centred" else None), what
