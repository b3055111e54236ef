"""Many witnesses in few numbers: classes that win in their own directions, seen through one map."""

from __future__ import annotations

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray
from rankkit.certificates.checker import directions as checker
from rankkit.certificates.kinds import Directions
from rankkit.reach.ledger import Ledger, Rule

#: Numbers of states from which one map is written in their place.
MANY = 100_000


def shared_directions(ledger: Ledger, head: str, classes: list[int]) -> Directions | None:
    """Return one certificate for those of ``classes`` whose own directions are shown to make them win.

    The map is that of the coordinates in which rows look round: the inverse root of their covariance. Each
    state is as long as the one that the ledger holds, or up to twice that, and is checked here as the
    stand-alone checker will. None where it would not be shorter.
    """
    d = ledger.W.shape[1]
    own = [i for i in classes if ledger.rules[i] == Rule.OWN_DIRECTION and ledger.bounds is None]
    if len(own) * d < MANY or len(own) < 4 * d:
        return None
    centre, through = _round(ledger.W)
    lengths = np.array([_size(ledger.state(i)) for i in own])
    plain = checker.states(ledger.W, own, [0] * len(own), centre, through)
    sizes = _exponent(plain)
    exponents = (lengths - sizes).tolist()
    shown = checker.own_directions(ledger.W, ledger.b, own, exponents, centre, through)
    good = [k for k, reason in enumerate(shown) if reason is None]
    if not good:
        return None
    return Directions(head, tuple(own[k] for k in good), tuple(exponents[k] for k in good), centre, through)


def _round(W: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean row, and the symmetric map (d, d) that evens out the spread of the rows around it."""
    unit = 2.0 ** np.frexp(np.abs(W).max())[1]
    centre = (W / unit).mean(axis=0) * unit
    square = np.zeros((W.shape[1], W.shape[1]))
    for cut in arrays.row_blocks(len(W), row_bytes=8 * W.shape[1]):
        block = (W[cut] - centre) / unit
        square += block.T @ block
    spread, axes = np.linalg.eigh(square)
    root = np.sqrt(np.maximum(spread, 1e-16 * spread[-1]))
    return centre, (axes / root) @ axes.T * (root[-1] / unit)


def _exponent(X: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.frexp(np.abs(X).max(axis=1))[1].astype(np.int64)


def _size(state: FloatArray) -> int:
    return int(np.frexp(np.abs(state).max())[1])
