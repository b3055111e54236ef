r"""The loops themselves, compiled by numba.

It has no vector exponential, so one is written here: :math:`e^x = 2^k e^r` with k the integer nearest to
:math:`x / \log 2`, :math:`e^r` by its series, and :math:`2^k` put together from the bits of a number. The
functions are made of it without the cancellation that would cost small arguments their digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

#: What lets loops be vectorised and keeps infinities, NaN and the order of operations what they are.
FAST = {"contract", "nsz"}

#: 1 / log 2, and log 2 in two parts, of which a multiple of the first by a small integer is exact.
LOG2E, LOG2_HIGH, LOG2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10


def _inline(function: Any) -> Any:
    return njit(fastmath=FAST, error_model="numpy", inline="always")(function)


def _loop(function: Any) -> Any:
    return njit(fastmath=FAST, error_model="numpy", cache=True)(function)


@_inline
def _power(k):  # type: ignore[no-untyped-def]
    """Return 2**k for -1022 <= k <= 1023, and infinity for 1024."""
    return np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@_inline
def _small_expm1(r):  # type: ignore[no-untyped-def]
    """Return exp(r) - 1 for \\|r\\| <= log(2) / 2."""
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 1.6666666666666666e-01
    p = p * r + 0.5
    return (p * r + 1.0) * r


@_inline
def _exp64(x):  # type: ignore[no-untyped-def]
    within = min(max(x, -708.0), 720.0)
    k = min(np.rint(within * LOG2E), 1024.0)
    value = (_small_expm1((within - k * LOG2_HIGH) - k * LOG2_LOW) + 1.0) * _power(k)
    return 0.0 if x < -708.0 else value


@_inline
def _exp32(x):  # type: ignore[no-untyped-def]
    within = min(max(x, np.float32(-87.0)), np.float32(100.0))
    k = min(np.rint(within * np.float32(LOG2E)), np.float32(128.0))
    r = (within - k * np.float32(0.693359375)) - k * np.float32(-2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    value = p * np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)
    return np.float32(0.0) if x < np.float32(-87.0) else value


@_inline
def _expm1(x):  # type: ignore[no-untyped-def]
    """Return exp(x) - 1 for \\|x\\| <= 80."""
    k = np.rint(x * LOG2E)
    two = _power(k)
    return two * _small_expm1((x - k * LOG2_HIGH) - k * LOG2_LOW) + (two - 1.0)


@_inline
def _log1p(y):  # type: ignore[no-untyped-def]
    """Return log(1 + y) for 0 <= y <= 1: 2 artanh(y / (2 + y)), by its series."""
    s = y / (2.0 + y)
    q = s * s
    p = 1 / 35
    p = p * q + 1 / 33
    p = p * q + 1 / 31
    p = p * q + 1 / 29
    p = p * q + 1 / 27
    p = p * q + 1 / 25
    p = p * q + 1 / 23
    p = p * q + 1 / 21
    p = p * q + 1 / 19
    p = p * q + 1 / 17
    p = p * q + 1 / 15
    p = p * q + 1 / 13
    p = p * q + 1 / 11
    p = p * q + 1 / 9
    p = p * q + 1 / 7
    p = p * q + 1 / 5
    p = p * q + 1 / 3
    return 2.0 * s * (p * q + 1.0)


def exp(z: Any) -> None:
    """exp(z), in place."""
    _exp_in_float32(z) if z.dtype == np.float32 else _exp_in_float64(z)


@_loop
def _exp_in_float64(z):  # type: ignore[no-untyped-def]
    for i in range(z.size):
        z[i] = _exp64(z[i])


@_loop
def _exp_in_float32(z):  # type: ignore[no-untyped-def]
    for i in range(z.size):
        z[i] = _exp32(z[i])


@_inline
def _sigmoid(x):  # type: ignore[no-untyped-def]
    e = _exp64(-abs(x))
    return (e if x < 0 else 1.0) / (1.0 + e)


@_inline
def _softplus(x):  # type: ignore[no-untyped-def]
    return max(x, 0.0) + _log1p(_exp64(-abs(x)))


@_loop
def sigmoid(z):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-z)), in place."""
    for i in range(z.size):
        z[i] = _sigmoid(z[i])


@_loop
def silu(z):  # type: ignore[no-untyped-def]
    """z / (1 + exp(-z)), in place."""
    for i in range(z.size):
        z[i] = z[i] * _sigmoid(z[i])


@_loop
def softplus(z):  # type: ignore[no-untyped-def]
    """log(1 + exp(z)), in place."""
    for i in range(z.size):
        z[i] = _softplus(z[i])


@_loop
def gss(z, c, k):  # type: ignore[no-untyped-def]
    """z - k log(1 + exp(c - z)), in place."""
    for i in range(z.size):
        z[i] = z[i] - k * _softplus(c - z[i])


@_loop
def softcap(z, bound):  # type: ignore[no-untyped-def]
    """bound tanh(z / bound), in place."""
    for i in range(z.size):
        e = _expm1(min(max(2.0 * (z[i] / bound), -80.0), 80.0))
        z[i] = bound * (e / (e + 2.0))


@_loop
def leaky(z, slope):  # type: ignore[no-untyped-def]
    """max(z, 0) + slope min(z, 0), in place."""
    for i in range(z.size):
        z[i] = z[i] if z[i] >= 0 else slope * z[i]


@njit(error_model="numpy", cache=True)  # operation by operation as numpy does it
def plif(z, out, scale, lines):  # type: ignore[no-untyped-def]
    """Piecewise-linear values on uniform segments, ``scale`` of them to a unit; a NaN stays one.

    The anchor, height and slope of a segment lie side by side: looking one up touches one place in memory.
    """
    segments = len(lines)
    half, odd = segments // 2, segments % 2
    low, high = -1.0 * half, 1.0 * (segments - 1 - half)
    for i in range(z.size):
        x = np.float64(z[i])
        # relative to 0, not to the left end, so that tiny logits keep their sign
        k = np.floor(x * scale + odd / 2)
        j = np.int64(min(max(k, low), high)) + half if x == x else half
        out[i] = lines[j, 1] + (x - lines[j, 0]) * lines[j, 2]
