r"""What few singular values a smooth function can leave above a level: all but those of a polynomial near it.

If q is a polynomial with :math:`\|(f(A) - q(A)) C\|_F \le \tau`, at most rank :math:`q(A) C` singular
values of the centred :math:`f(A) C` exceed :math:`\tau` (Weyl), and that rank is bounded by counting
monomials. Any q will do. Chebyshev series know only how large logits get; leaving out degrees that f does
without makes the count smaller; least squares on the logits themselves finds nearer ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.polynomial import chebyshev

from rankkit.arrays import FloatArray
from rankkit.functions.base import PointwiseFunction
from rankkit.ranks.upper import monomial_count
from rankkit.spectra.features import series
from rankkit.spectra.tiles import power_of_two

#: Highest degree that is tried, and how many logits are fitted to; the distance is taken over all of them.
DEGREE, FITTED = 24, 20_000


def smooth_counts(
    scores: FloatArray, logits: FloatArray, levels: FloatArray, d: int, bias: bool
) -> FloatArray:
    """Return for each level (a norm) the least monomial count of a polynomial that close; inf if none is.

    Parameters
    ----------
    scores, logits : numpy.ndarray (contexts, classes)
        f(A) and A.
    levels : numpy.ndarray (levels,)
        Distances.
    d, bias : int, bool
        Width of the head, and whether it has a bias, which lets every lower degree in.
    """
    unit = power_of_two(float(np.abs(logits).max()))
    z = logits.ravel() / unit
    some = np.linspace(0, len(z) - 1, min(len(z), FITTED)).astype(int)
    target = scores.ravel()
    best = np.full(len(levels), np.inf)
    for degrees in _supports(bias):
        for kept, count in _growing(degrees, d, bias, min(scores.shape)):
            used = sorted({0, *kept})  # a constant costs nothing, for it goes with the row means
            basis = chebyshev.chebvander(z[some], kept[-1])[:, used]
            coefficients = np.zeros(kept[-1] + 1)
            coefficients[used] = np.linalg.lstsq(basis, target[some], rcond=None)[0]
            rest = (target - chebyshev.chebval(z, coefficients)).reshape(scores.shape)
            rest -= rest.mean(axis=1, keepdims=True)
            near = np.linalg.norm(rest) <= levels
            best[near] = np.minimum(best[near], count)
            if near.all():
                break
    return best


def chebyshev_counts(
    f: PointwiseFunction, largest: float, shape: tuple[int, int], levels: FloatArray, d: int, bias: bool
) -> tuple[FloatArray, FloatArray]:
    r"""Return the counts that follow from the size of the logits alone: plain, and with parity; inf if none.

    The Chebyshev series of f on [-largest, largest], cut to some degrees, leaves entries of at most the sum
    of the other coefficients, hence a norm of :math:`\sqrt{NM}` times that.

    Examples
    --------
    tanh is odd: of 4 variables only the 4 + 20 monomials of degree 1 and 3 are needed where all up to degree
    3 are 34 without the constant.

    >>> from rankkit.functions import SoftCap
    >>> plain, parity = chebyshev_counts(SoftCap(1.0), 0.3, (100, 100), np.array([0.1]), d=4, bias=False)
    >>> plain, parity
    (array([34.]), array([24.]))
    """
    coefficients = series(f, largest)
    if coefficients is None:  # the logits may all lie on the side where f is finite
        return np.full(len(levels), np.inf), np.full(len(levels), np.inf)
    sizes = np.abs(coefficients)
    entries = float(np.sqrt(shape[0] * shape[1]))
    found = []
    for supports in (_supports(bias)[:1], _supports(bias)):
        best = np.full(len(levels), np.inf)
        for degrees in supports:
            for kept, count in _growing(degrees, d, bias, min(shape)):
                # the constant goes with the row means, whatever it is
                near = entries * float(np.delete(sizes, [0, *kept]).sum()) <= levels
                best[near] = np.minimum(best[near], count)
                if near.all():
                    break
        found.append(best)
    return found[0], found[1]


def _growing(degrees: list[int], d: int, bias: bool, most: int) -> Iterator[tuple[list[int], int]]:
    """Yield leading degrees and how many monomials they take in centred scores, below ``most``."""
    for top in degrees[1:]:
        kept = [k for k in degrees if k <= top]
        count = monomial_count(kept, d, bias) - (not bias and 0 in kept)
        if count >= most:
            return
        yield kept, count


def _supports(bias: bool) -> list[list[int]]:
    """Degrees to choose from: all; or, where lower ones do not come back, one parity, even ones and a line.

    Chebyshev polynomials of one parity span the powers of that parity.
    """
    every = list(range(DEGREE + 1))
    if bias:
        return [every]
    return [every, every[1::2], every[::2], sorted([1, *every[::2]])]
