"""Families in compiled loops: for matrices that are made block by block, and for many logits at once."""

from __future__ import annotations

from collections.abc import Callable

from rankkit.arrays import Array
from rankkit.functions.base import PointwiseFunction
from rankkit.functions.exp import Exp
from rankkit.functions.gss import GSS
from rankkit.functions.identity import Identity
from rankkit.functions.leaky_relu import LeakyReLU
from rankkit.functions.plif import PLIF
from rankkit.functions.sigmoid import Sigmoid
from rankkit.functions.sigsoftmax import SigSoftmax
from rankkit.functions.silu import SiLU
from rankkit.functions.softcap import SoftCap
from rankkit.functions.softplus import Softplus

#: Logits up to this size lose next to nothing in float32 under an exponential.
MODERATE = 32.0

#: Slopes of a piecewise-linear function up to so many times their mean magnify no error noticeably.
STEEP = 10.0


def bears_float32(f: PointwiseFunction | None, largest: float) -> bool:
    """Whether logits up to ``largest`` may be rounded to float32 before f, as its values are after.

    Not so where f magnifies what rounding changes: exponentials of large logits, steep segments.
    """
    if isinstance(f, Exp):
        return largest <= MODERATE
    return not isinstance(f, PLIF) or bool(f.slopes.max() <= STEEP * f.slopes.mean())


def kernel(f: PointwiseFunction | None) -> Callable[[Array], None] | None:
    """Return a function that replaces a contiguous float32 or float64 array by f of it, in place.

    None where the family has no compiled form, as a family from elsewhere; so it is for a class that is
    derived from one that has. Values agree with the family's own to a few units in the last place of value
    or argument; beyond the range of the dtype they are infinite, and exponentials below its least normal
    number are 0.

    >>> import numpy as np
    >>> z = np.array([[0.0, 1.0]])
    >>> kernel(SigSoftmax())(z)
    >>> z.round(4)
    array([[-0.6931,  0.6867]])
    """
    from rankkit.functions.compiled import loops

    if f is None or type(f) is Identity:
        return lambda z: None
    if type(f) is Exp:
        return lambda z: loops.exp(z.reshape(-1))
    if type(f) is Sigmoid:
        return lambda z: loops.sigmoid(z.reshape(-1))
    if type(f) is SiLU:
        return lambda z: loops.silu(z.reshape(-1))
    if type(f) is Softplus:
        return lambda z: loops.softplus(z.reshape(-1))
    if type(f) is SigSoftmax:
        return lambda z: loops.gss(z.reshape(-1), 0.0, 1.0)
    if type(f) is GSS:
        return lambda z: loops.gss(z.reshape(-1), f.c, f.k - 1)
    if type(f) is SoftCap:
        return lambda z: loops.softcap(z.reshape(-1), f.bound)
    if type(f) is LeakyReLU:
        return lambda z: loops.leaky(z.reshape(-1), f.slope_below)
    if type(f) is PLIF and f.compiled:
        return lambda z: f.fill(z.reshape(-1), z.reshape(-1))
    return None
