r"""Changes of a spectrum that keep the directions: SoftDecay, and control towards a prescribed decay.

Both replace the singular values of a representation and leave its singular vectors alone. What that does to
every rank and effective rank is a table: :func:`reshape`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.errors import InputError
from rankkit.spectra.crosswalk import crosswalk
from rankkit.spectra.spectrum import spectrum
from rankkit.spectra.values import Spectrum


@dataclass(frozen=True, eq=False)
class Reshaped:
    """A matrix with new singular values.

    Attributes
    ----------
    matrix : numpy.ndarray (rows, columns)
        The new matrix.
    before, after : Spectrum
        The spectra of the old and the new one.
    """

    matrix: FloatArray
    before: Spectrum
    after: Spectrum

    def __post_init__(self) -> None:
        self.matrix.flags.writeable = False

    def rows(self) -> list[dict[str, Any]]:
        """Return what every reading of the cross-walk was and is, as ``before`` and ``after``."""
        pairs = zip(crosswalk(self.before).readings, crosswalk(self.after).readings, strict=True)
        return [{"group": b.group, "name": b.name, "before": b.value, "after": a.value} for b, a in pairs]

    def __repr__(self) -> str:
        old, new = self.before, self.after
        return (
            f"Reshaped: {new.shape[0]:,} x {new.shape[1]:,}, numerical rank {old.numerical_rank():,} -> "
            f"{new.numerical_rank():,}, effective rank {old.effective_rank('roy-vetterli'):.4g} -> "
            f"{new.effective_rank('roy-vetterli'):.4g} (roy-vetterli)"
        )


def reshape(X: object, change: Callable[[FloatArray], FloatArray]) -> Reshaped:
    """Return X with its singular values s replaced by ``change(s)``.

    Parameters
    ----------
    X : array-like (rows, columns)
        A representation, or an embedding matrix.
    change : callable
        Takes the descending singular values, gives as many finite ones. All of them are changed, those that
        are rounding noise too: what a function makes of 0 is part of it.

    Examples
    --------
    >>> reshape(np.diag([100.0, 1.0, 0.0]), soft_decay)
    Reshaped: 3 x 3, numerical rank 2 -> 3, effective rank 1.057 -> 1.289 (roy-vetterli)
    """
    matrix = arrays.matrix("X", X)
    left, values, right = np.linalg.svd(arrays.widen(matrix), full_matrices=False)
    new = np.asarray(change(values.copy()), dtype=np.float64)
    if new.shape != values.shape or not np.isfinite(new).all():
        raise InputError(f"change returned {new.shape}; wanted {values.shape} finite singular values")
    made = (left * new) @ right
    return Reshaped(made, spectrum(matrix), spectrum(made))


def soft_decay(values: FloatArray, alpha: float = -0.2) -> FloatArray:
    r"""Return :math:`-\log(1 - \alpha(s + \alpha) + 10^{-7}) / \alpha` for each singular value s [yan2022]_.

    It presses large singular values together. At 0 it is :math:`-\log(1-\alpha^2)/\alpha`, which is not 0:
    applied to all singular values of a matrix that lacks rank, it raises the rank (a negative value is a
    singular value with its vector turned round).

    >>> soft_decay(np.array([100.0, 20.0, 5.0, 1.0, 0.0])).round(4)
    array([15.2131,  8.007 ,  3.3647,  0.7421, -0.2041])
    """
    if not alpha < 0:
        raise InputError(f"alpha is {alpha}; wanted a negative number, as published: -0.2, -0.5, -0.8")
    inside = 1 - alpha * (values + alpha) + 1e-7
    if (inside <= 0).any():
        raise InputError(
            f"alpha is {alpha}; at the singular value {values.min():.3g} the logarithm has no value"
        )
    decayed: FloatArray = -np.log(inside) / alpha
    return decayed


def exponential_decay(n: int, rate: float, power: float = 1.0) -> FloatArray:
    r"""Return the n prescribed singular values :math:`e^{-r (k-1)^\gamma}` of spectrum control [wang2020]_.

    >>> exponential_decay(3, rate=1.0).round(3)
    array([1.   , 0.368, 0.135])
    """
    rate, power = arrays.number("rate", rate, positive=True), arrays.number("power", power, positive=True)
    decay: FloatArray = np.exp(-rate * np.arange(arrays.count("n", n)) ** power)
    return decay


def polynomial_decay(n: int, power: float = 1.0) -> FloatArray:
    r"""Return the n prescribed singular values :math:`k^{-\gamma}` of spectrum control [wang2020]_.

    >>> polynomial_decay(4)
    array([1.        , 0.5       , 0.33333333, 0.25      ])
    """
    k = np.arange(1, arrays.count("n", n) + 1, dtype=np.float64)
    decay: FloatArray = k ** -arrays.number("power", power, positive=True)
    return decay


def controlled(target: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return the change that puts ``target``, scaled to the same squared norm, in place of a spectrum.

    >>> reshape(np.diag([3.0, 4.0]), controlled(polynomial_decay(2))).after.values.round(4)
    array([4.4721, 2.2361])
    """

    def change(values: FloatArray) -> FloatArray:
        if len(target) != len(values):
            raise InputError(f"target has {len(target)} values; the matrix has {len(values)}")
        scaled: FloatArray = target * (np.linalg.norm(values) / np.linalg.norm(target))
        return scaled

    return change


def distance(s: Spectrum, target: FloatArray) -> float:
    """Return how far a spectrum is from a prescribed one, both scaled to norm 1: from 0 to the root of 2.

    >>> s = spectrum(np.diag([2.0, 1.0]))
    >>> distance(s, polynomial_decay(2)), round(distance(s, np.array([1.0, 1.0])), 3)
    (0.0, 0.32)
    """
    if len(target) != len(s.values):
        raise InputError(f"target has {len(target)} values; the spectrum has {len(s.values)}")
    if not s.top or not np.any(target):
        raise InputError("a zero spectrum has no shape to compare")
    return float(np.linalg.norm(s.values / np.linalg.norm(s.values) - target / np.linalg.norm(target)))
