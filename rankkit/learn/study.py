"""Heads compared on the same truths, at equal width and at equal size, and what is claimed about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: A divergence within this share of another is the same, for a claim.
SAME = 0.02


@dataclass(frozen=True)
class Cell:
    """One head on the truths of one kind; means and standard deviations over truths and seeds.

    Attributes
    ----------
    truth : str
        What the truths are.
    equal : "width" or "parameters"
        What this head has in common with the linear head of the row.
    width : int
        Width of that linear head.
    d : int
        Width of this head's states.
    head : str
        Its name.
    kl, kl_sd : float
        Divergence in nats.
    mode_match, mode_match_sd : float
        Share of contexts whose likeliest class was matched.
    rank : int
        Singular values of the learned log P, row means removed, above 1e-10 of the largest: the largest such
        count. Numerical: a bound from below only.
    held_out, held_out_sd : float or None
        Cross-entropy of a word held out, in nats, for truths that hold out some.
    parameters : int
        Free numbers, contexts included.
    seconds_per_step : float
        Wall time.
    spectral_floor : float or None
        For linear heads and positive truths whose contexts weigh the same: the mean of
        :func:`rankkit.learn.spectral_bounds`, below which no linear head of this width gets.
    entropy_floor : float or None
        For linear heads and contexts that weigh the same: the mean of :func:`rankkit.learn.entropy_bound`,
        below which no head gets whose logits, row means removed, have at most the singular values of those
        that were fitted.
    """

    truth: str
    equal: str
    width: int
    d: int
    head: str
    kl: float
    kl_sd: float
    mode_match: float
    mode_match_sd: float
    rank: int
    held_out: float | None
    held_out_sd: float | None
    parameters: int
    seconds_per_step: float
    spectral_floor: float | None = None
    entropy_floor: float | None = None


@dataclass(frozen=True)
class Claim:
    """What is said of a head, whether these truths agree, and the figures."""

    says: str
    truth: str
    equal: str
    width: int
    holds: bool
    figures: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """Heads compared.

    Attributes
    ----------
    cells : tuple of Cell
        By truth, what is equal, width and head.
    truths, seeds : int
        Number of truths of each kind, and of seeds each one was fitted with.
    steps, restarts, seed : int
        As given to :func:`compare`.
    """

    cells: tuple[Cell, ...]
    truths: int
    seeds: int
    steps: int
    restarts: int
    seed: int

    def __repr__(self) -> str:
        return f"Study: {len(self.cells)} cells, {self.truths} truths each, {self.steps:,} steps"

    def rows(self) -> list[dict[str, Any]]:
        """Return the cells as rows of a table."""
        return [dict(vars(cell)) for cell in self.cells]

    def claims(self) -> list[Claim]:
        """Return what is said of monotone heads and SigSoftmax, and whether the means agree.

        Between linear and mixture: no worse than the one, no better than the other. Next to nothing: within
        2 % of the divergence of the linear head.
        """
        found: list[Claim] = []
        for place in dict.fromkeys((cell.truth, cell.equal, cell.width) for cell in self.cells):
            at = {c.head: c for c in self.cells if (c.truth, c.equal, c.width) == place}
            found += [Claim(says, *place, holds, tuple(figures)) for says, holds, figures in _judged(at)]
        return found


def _judged(at: dict[str, Cell]) -> Iterator[tuple[str, bool, list[float]]]:
    if {"linear", "lms-plif", "mos"} <= set(at):
        trio = [at[name] for name in ("linear", "lms-plif", "mos")]
        kl, modes = [c.kl for c in trio], [c.mode_match for c in trio]
        yield "lms-plif is between linear and mos in divergence", kl[0] >= kl[1] >= kl[2], kl
        yield "lms-plif is between linear and mos in modes", modes[0] <= modes[1] <= modes[2], modes
    if {"linear", "sigsoftmax"} <= set(at):
        linear, other = at["linear"], at["sigsoftmax"]
        yield "sigsoftmax gains rank", other.rank > linear.rank, [linear.rank, other.rank]
        same = abs(linear.kl - other.kl) <= SAME * linear.kl
        yield "sigsoftmax gains next to nothing in divergence", same, [linear.kl, other.kl]
