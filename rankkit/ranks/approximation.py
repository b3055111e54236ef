r"""What few singular values a smooth function can leave above a level: all but those of a polynomial near it.

If q is a polynomial with :math:`\|(f(A) - q(A)) C\|_F \le \tau`, at most rank :math:`q(A) C` singular
values of the centred :math:`f(A) C` exceed :math:`\tau` (Weyl), and that rank is bounded by counting
monomials. Any q will do; least squares finds good ones, and leaving out degrees that f does without makes
the count smaller.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev

from rankkit.arrays import FloatArray
from rankkit.ranks.upper import monomial_count
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
        for top in degrees[1:]:
            kept = [k for k in degrees if k <= top]
            count = monomial_count(kept, d, bias) - (not bias and 0 in kept)
            if count >= min(scores.shape):
                break
            basis = chebyshev.chebvander(z[some], top)[:, kept]
            coefficients = np.zeros(top + 1)
            coefficients[kept] = np.linalg.lstsq(basis, target[some], rcond=None)[0]
            rest = (target - chebyshev.chebval(z, coefficients)).reshape(scores.shape)
            rest -= rest.mean(axis=1, keepdims=True)
            near = np.linalg.norm(rest) <= levels
            best[near] = np.minimum(best[near], count)
            if near.all():
                break
    return best


def _supports(bias: bool) -> list[list[int]]:
    """Degrees to choose from: all; or, where lower ones do not come back, one parity, even ones and a line.

    Chebyshev polynomials of one parity span the powers of that parity.
    """
    every = list(range(DEGREE + 1))
    if bias:
        return [every]
    return [every, every[1::2], every[::2], sorted([1, *every[::2]])]
