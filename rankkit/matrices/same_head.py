r"""Two tables of logits or log-probabilities: can one head have made both?

A linear head sends every state into the space that the columns of W span, and a softmax adds the same number
to all classes. So the rows of a table, less their means, lie in one space of at most d dimensions, the
*image* of the head [finlayson2024]_. Two tables of one head share it, whatever the states were; and two heads
of one image differ by a change of coordinates of their states, which no table shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from rankkit import arrays
from rankkit.arrays import Array, FloatArray
from rankkit.errors import InputError
from rankkit.spectra import Spectrum, spectrum, verdict
from rankkit.spectra.rules import EPS


@dataclass(frozen=True, eq=False)
class HeadComparison:
    """How the images of two tables lie to each other. Numerical: seen at a tolerance, not proved.

    Attributes
    ----------
    same : True, False or None
        Whether both tables span one image; None if a table has no numerical rank.
    reason : str
        What was compared.
    ranks : (int, int)
        Dimensions of the two images.
    together : int
        Dimension of what both span together: any head that makes both is at least so wide.
    sines : numpy.ndarray (min(ranks),)
        Sines of the principal angles between the images, ascending: 0 for a shared direction.
    tolerance : float
        Directions of the stacked tables, each scaled to norm 1, were counted above it.
    """

    same: bool | None
    reason: str
    ranks: tuple[int, int]
    together: int
    sines: FloatArray
    tolerance: float

    def __post_init__(self) -> None:
        self.sines.flags.writeable = False

    def __bool__(self) -> NoReturn:
        raise TypeError("a comparison is neither true nor false; ask for .same, which may be None")


def same_head(A: object, B: object, shifts: bool = True, bias: bool = False) -> HeadComparison:
    """Compare the images of two tables over the same classes.

    Parameters
    ----------
    A, B : array-like (contexts, classes)
        Logits or log-probabilities, of any contexts; or the transposed weights of two heads. The classes must
        be in the same order. There must be more contexts than the head is wide, or an image is not all seen.
    shifts : bool
        Whether rows may be shifted by constants, as a softmax lets them; False compares logits as they are.
    bias : bool
        Whether each head may have a bias: then differences between rows of a table are compared, and the
        bias itself is not.

    Returns
    -------
    HeadComparison

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> W, V = rng.standard_normal((2, 30, 4))
    >>> turned = rng.standard_normal((4, 4))
    >>> states = rng.standard_normal((2, 20, 4))
    >>> same_head(states[0] @ W.T, states[1] @ (W @ turned).T + rng.standard_normal((20, 1))).same
    True
    >>> same_head(states[0] @ W.T, states[1] @ V.T).reason
    'the images have 4 and 4 dimensions and span 8 together'
    """
    tables = [arrays.matrix(name, X) for name, X in (("A", A), ("B", B))]
    if tables[0].shape[1] != tables[1].shape[1]:
        raise InputError(
            f"A has {tables[0].shape[1]:,} classes and B {tables[1].shape[1]:,}; wanted the same classes"
        )
    if bias and min(len(X) for X in tables) < 2:
        raise InputError("bias=True compares differences between rows; wanted two rows or more in A and in B")
    center = "classes" if shifts else None
    born = max((X.dtype.name for X in tables), key=lambda name: EPS[name])
    scaled = [_scaled(X, bias) for X in tables]
    seen = [spectrum(X, center=center, precision=born) for X in scaled]
    both = spectrum(np.vstack(scaled), center=center, precision=born)
    counted = (seen[0].numerical_rank(), seen[1].numerical_rank())
    same, reason = _judge(seen, both)
    left, right = (_image(X, rank, shifts) for X, rank in zip(scaled, counted, strict=True))
    return HeadComparison(
        same, reason, counted, both.numerical_rank(), _sines(left, right),
        max(both.tolerance(), both.noise_floor),
    )  # fmt: skip


def _scaled(X: Array, bias: bool) -> FloatArray:
    rows = arrays.widen(X)
    rows = rows / (float(np.abs(rows).max()) or 1.0)
    if bias:
        rows = rows[1:] - rows[0]
    scaled: FloatArray = rows / (float(np.linalg.norm(rows)) or 1.0)
    return scaled


def _judge(seen: list[Spectrum], both: Spectrum) -> tuple[bool | None, str]:
    for name, s in zip(("A", "B", "A above B"), (*seen, both), strict=True):
        if verdict(s).rank is None:
            return None, f"{name} has no numerical rank: {verdict(s).reason}"
    a, b, together = (s.numerical_rank() for s in (*seen, both))
    spanned = f"the images have {a:,} and {b:,} dimensions and span {together:,} together"
    if together > max(a, b):
        return False, spanned
    for name, s, rank in zip("AB", seen, (a, b), strict=True):
        if rank == s.shape[0]:
            return None, f"{name} has as many dimensions as rows: more contexts are needed to see its image"
    if a != b:
        inner, outer = ("A", "B") if a < b else ("B", "A")
        return None, f"the image of {inner} lies in that of {outer}: one head can make both, states fill less"
    return True, spanned


def _image(X: FloatArray, rank: int, shifts: bool) -> FloatArray:
    """Return an orthonormal basis (classes, rank) of what the rows span."""
    if shifts:
        X = X - X.mean(axis=1, keepdims=True)
    basis: FloatArray = np.linalg.svd(X, full_matrices=False)[2][:rank].T
    return basis


def _sines(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the sines of the principal angles between two spaces, the smallest first."""
    small, large = sorted((left, right), key=lambda basis: basis.shape[1])
    if not small.shape[1]:
        return np.zeros(0)
    outside = np.linalg.svd(small - large @ (large.T @ small), compute_uv=False)
    return np.sort(np.asarray(outside[: small.shape[1]], dtype=np.float64))
