"""How the rank that a family adds moves with what the logits are like, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit import arrays
from rankkit.arrays import FloatArray, IntArray
from rankkit.errors import InputError
from rankkit.functions import GSS, PLIF, Exp, Identity, LeakyReLU, SigSoftmax
from rankkit.functions.base import PointwiseFunction
from rankkit.heads import Head
from rankkit.ranks.gain import rank_gain

#: What can be moved: the standard deviation of a logit, the width, the shape, or the segments of PLIF.
PARAMETERS = ("scale", "d", "contexts", "classes", "segments")


@dataclass(frozen=True, eq=False)
class GainSweep:
    """Rank gains along one parameter.

    Attributes
    ----------
    parameter : str
        What was moved, and ``values`` along what.
    values : tuple
        One point each.
    families : tuple of str
        Names; row i of the arrays belongs to ``families[i]``.
    level : float
        Singular values above this multiple of the largest count.
    ranks, linear : numpy.ndarray (families, values) and (values,), int
        Counts of each family and of the linear head.
    upper, near : numpy.ndarray (families, values), int
        Proved bounds: by structure at any level, and by a polynomial near the function at this one.
    beyond : numpy.ndarray (families, values)
        Norm of the singular values beyond those of the linear head, over the largest: how far the family
        leaves the linear one, whatever the level.
    """

    parameter: str
    values: tuple[float, ...]
    families: tuple[str, ...]
    level: float
    ranks: IntArray
    linear: IntArray
    upper: IntArray
    near: IntArray
    beyond: FloatArray

    def __post_init__(self) -> None:
        for array in (self.ranks, self.linear, self.upper, self.near, self.beyond):
            array.flags.writeable = False

    @property
    def gain(self) -> IntArray:
        """Rank less the linear head's, (families, values)."""
        return self.ranks - self.linear

    def slope(self, family: str) -> float:
        """Return the exponent a of ``beyond`` ~ value**a, by least squares on a double logarithmic scale.

        For random slopes on K segments it is near -1/2: they are a line and a random walk of step K^(-1/2).
        """
        if len(self.values) < 2 or not self.beyond[self.families.index(family)].all():
            raise InputError("a slope needs two values or more, and a family that leaves the linear head")
        y = np.log(self.beyond[self.families.index(family)])
        return float(np.polyfit(np.log(self.values), y, 1)[0])

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per family and value."""
        return [
            {
                self.parameter: value,
                "family": family,
                "level": self.level,
                "rank": int(self.ranks[i, j]),
                "linear": int(self.linear[j]),
                "gain": int(self.gain[i, j]),
                "upper": int(self.upper[i, j]),
                "near": int(self.near[i, j]),
                "beyond": float(self.beyond[i, j]),
            }
            for i, family in enumerate(self.families)
            for j, value in enumerate(self.values)
        ]


def gain_sweep(
    parameter: str,
    values: Sequence[float],
    families: Sequence[PointwiseFunction] | None = None,
    level: float = 1e-3,
    contexts: int = 200,
    classes: int = 300,
    d: int = 8,
    scale: float = 1.0,
    draws: int = 1,
    seed: int | np.random.Generator = 0,
    progress: Callable[[int, int], None] | None = None,
) -> GainSweep:
    """Measure rank gains of drawn logits while one parameter moves and the others stay.

    Parameters
    ----------
    parameter : str
        "scale" (standard deviation of a logit), "d", "contexts", "classes", or "segments".
    values : sequence of numbers
        Where to measure.
    families : sequence of PointwiseFunction, optional
        By default a smooth, a bending, an exploding and a kinked one. With "segments" they are made:
        :meth:`rankkit.functions.PLIF.random` of each value.
    level : float
        Multiple of the largest singular value above which values count.
    contexts, classes, d, scale
        The others: shape, width, and standard deviation of a logit.
    draws : int
        How many logits, and random slopes, are drawn at each value; medians are returned.
    seed : int or numpy.random.Generator
        Draws them.
    progress : callable, optional
        Called with how many values are done and of how many.

    Examples
    --------
    >>> s = gain_sweep("segments", [1_000, 10_000, 100_000], draws=9)
    >>> round(s.slope("PLIF"), 1)
    -0.5
    """
    if parameter not in PARAMETERS:
        raise InputError(f"parameter is {parameter!r}; wanted one of {', '.join(PARAMETERS)}")
    if parameter == "segments" and families is not None:
        raise InputError("with 'segments' the families are random PLIFs; leave families out")
    rng = arrays.generator(seed)
    chosen: list[PointwiseFunction] = [SigSoftmax(), GSS(-1.5, 2.5), Exp(), LeakyReLU(0.1)]
    if families is not None:
        chosen = list(families)
    fixed = {"contexts": contexts, "classes": classes, "d": d, "scale": scale}
    points = []
    for done, value in enumerate(values):
        if progress is not None:
            progress(done, len(values))
        here = {**fixed, parameter: value}
        points.append([_measured(here, chosen, level, rng) for _ in range(arrays.count("draws", draws))])
    median = np.median(np.array(points), axis=1)  # (values, kinds of number, families)
    counts = np.rint(median).astype(np.int64).transpose(1, 2, 0)
    return GainSweep(
        parameter=parameter,
        values=tuple(values),
        families=("PLIF",) if parameter == "segments" else tuple(f.name for f in chosen),
        level=level,
        ranks=counts[0],
        linear=counts[1, 0],
        upper=counts[2],
        near=counts[3],
        beyond=median[:, 4].T.copy(),
    )


def _measured(
    here: dict[str, float], families: list[PointwiseFunction], level: float, rng: np.random.Generator
) -> FloatArray:
    """Return rank, linear rank, two upper bounds and ``beyond``, each for every family."""
    contexts, classes, d = (arrays.count(name, here[name]) for name in ("contexts", "classes", "d"))
    H = rng.standard_normal((contexts, d)) * (here["scale"] / np.sqrt(d))
    logits = Head(rng.standard_normal((classes, d))).logits(H)
    if "segments" in here:
        families = [PLIF.random(arrays.count("segments", here["segments"]), seed=rng)]
    gain = rank_gain(logits, [Identity(), *families], [level], contexts=contexts)
    own = gain.spectra[0].numerical_rank()
    beyond = [np.linalg.norm(s.values[own:]) / s.top for s in gain.spectra[1:]]
    upper = [bound.value for bound in gain.upper[1:]]
    linear = [gain.linear[0]] * len(families)
    return np.array([gain.ranks[1:, 0], linear, upper, gain.smooth[1:, 0], beyond], dtype=np.float64)
