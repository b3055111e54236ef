"""One matrix, every number that people read off its spectrum: each with rule, tolerance and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from rankkit.spectra.effective import EFFECTIVE_RANKS, EVENNESS
from rankkit.spectra.noise import noise_rank
from rankkit.spectra.plateaus import verdict
from rankkit.spectra.rules import RULES
from rankkit.spectra.values import Spectrum
from rankkit.spectra.visible import Visible

#: Levels, as multiples of the largest singular value, at which values are counted.
LEVELS = (1e-1, 1e-2, 1e-3, 1e-6, 1e-9)

#: Shares of the squared norm that may be left out.
EPSILONS = (1e-2, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class Reading:
    """One number.

    Attributes
    ----------
    group : str
        "numerical rank", "level", "visible rank", "energy", "noise", "plateau", "effective rank" or
        "evenness".
    name : str
        What the number is called here.
    value : int, float or None
        None where there is no such number.
    tolerance : float or None
        Singular values above it were counted.
    noise : int or None
        How many of those counted lie at or below the noise floor: rounding alone can make them.
    rule : str
        How the number is defined.
    used_by : str
        Who uses it.
    """

    group: str
    name: str
    value: int | float | None
    tolerance: float | None
    noise: int | None
    rule: str
    used_by: str = ""


@dataclass(frozen=True)
class Crosswalk:
    """All readings of one spectrum, with what they depend on.

    Attributes
    ----------
    shape : (int, int)
        Shape of the matrix: effective ranks grow with it.
    gauge : str
        What was subtracted from it: nothing, row means, or row and column means.
    precision : str
        The dtype in which its entries were rounded.
    method : str
        How the singular values were computed.
    top, noise_floor : float
        The largest singular value, and what rounding alone can make.
    floor_rule : str
        The rule that made the noise floor.
    readings : tuple of Reading
        The table.
    """

    shape: tuple[int, int]
    gauge: str
    precision: str
    method: str
    top: float
    noise_floor: float
    floor_rule: str
    readings: tuple[Reading, ...]

    def __repr__(self) -> str:
        ranks = [r.value for r in self.readings if r.group == "numerical rank" and r.value is not None]
        return (
            f"Crosswalk: {self.shape[0]:,} x {self.shape[1]:,}, {self.gauge}, born in {self.precision}: "
            f"{len(self.readings)} readings, numerical ranks from {min(ranks):,} to {max(ranks):,}"
        )

    def __getitem__(self, name: str) -> int | float | None:
        """Return the value of the reading of that name."""
        return {r.name: r.value for r in self.readings}[name]

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per reading."""
        return [vars(r).copy() for r in self.readings]

    def _repr_html_(self) -> str:
        names = ("group", "name", "value", "tolerance", "noise", "rule", "used_by")
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_short(row[name]))}</td>" for name in names) + "</tr>"
            for row in self.rows()
        )
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{body}</table>"


def crosswalk(s: Spectrum, visible: Sequence[Visible] = ()) -> Crosswalk:
    """Return what every named rule, level and dialect makes of one spectrum.

    Parameters
    ----------
    s : Spectrum
        A whole spectrum: one that was cut after ``k`` values has no effective ranks.
    visible : sequence of Visible
        What :func:`visible_ranks` found for the same matrix, to stand in the table too.

    Returns
    -------
    Crosswalk

    Examples
    --------
    >>> from rankkit.spectra import spectrum
    >>> table = crosswalk(spectrum(np.diag([2.0, 1.0, 1e-5])))
    >>> table["numpy"], table["weightwatcher-weak"], table["relative 0.001"]
    (3, 2, 2)
    >>> round(table["stable"], 4)
    1.25
    """
    gauge = {None: "as it is", "classes": "less row means", "both": "less row and column means"}[s.center]
    return Crosswalk(
        s.shape, gauge, s.precision, s.method, s.top, s.noise_floor, s.floor_rule,
        tuple(_readings(s, visible)),
    )  # fmt: skip


def _readings(s: Spectrum, visible: Sequence[Visible]) -> Iterator[Reading]:
    for name, rule in RULES.items():
        yield _counted(s, "numerical rank", name, s.tolerance(name), rule.formula, rule.used_by)
    for level in LEVELS:
        yield _counted(s, "level", f"relative {level:g}", level * s.top, f"{level:g} σ₁")
    found = verdict(s)
    yield Reading("plateau", "plateau", found.rank, None, None, found.reason)
    gap = f"values before the largest drop, a factor {s.gap:.2g}; above 1e6 it marks a rank, below 100 none"
    yield Reading("plateau", "gap", s.gap_rank, None, None, gap)
    for seen in visible:
        above = None if seen.rank is None else max(seen.noise, s.noise_floor)
        yield Reading("visible rank", f"visible in {seen.precision}", seen.rank, above, None, seen.rule)
    random = noise_rank(s)
    yield Reading("noise", "above random noise", random.rank, random.edge, None, random.rule)
    for epsilon in EPSILONS:
        share = f"leading values that hold {1 - epsilon:.6g} of the squared norm"
        yield Reading("energy", f"epsilon {epsilon:g}", s.epsilon_rank(epsilon), None, None, share)
    for kind, dialect in EFFECTIVE_RANKS.items():
        value = s.effective_rank(kind)
        yield Reading("effective rank", kind, value, None, None, dialect.formula, dialect.used_by)
    for kind, dialect in EVENNESS.items():
        name = f"{kind} evenness" if kind == "weightwatcher" else kind
        yield Reading("evenness", name, s.evenness(kind), None, None, dialect.formula, dialect.used_by)
    yield Reading(
        "evenness", "singular entropy", s.singular_entropy, None, None, "log n − H(p), in nats",
        "divergence from a flat spectrum [godey2024]",
    )  # fmt: skip


def _counted(s: Spectrum, group: str, name: str, tolerance: float, rule: str, used_by: str = "") -> Reading:
    above = s.values[s.values > tolerance]
    noise = int(np.count_nonzero(above <= s.noise_floor))
    return Reading(group, name, len(above), tolerance, noise, rule, used_by)


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
