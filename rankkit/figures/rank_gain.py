"""The figure of the project: how much rank each function family buys, at which level, and at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.ranks import RankGain


def rank_gain(g: RankGain, ax: Axes | None = None) -> Axes:
    """Draw the rank each family adds over the linear head, level by level, next to its proved upper bound.

    The level is relative: at level eps only singular values above eps times the largest one count. Levels are
    evenly spaced, coarse ones on the left, what only high precision can see on the right. Counts that
    rounding hides are not drawn. The last column is what the family could add at most at the finest level,
    by its proved bound.

    Parameters
    ----------
    g : RankGain
        What :func:`rankkit.rank_gain` returned; its first family is taken as the linear head.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax, size=(5.2, 4.6))
    steps = np.arange(len(g.levels))
    wall = len(steps) + 0.2  # where the column of bounds stands
    gain = np.where(g.measurable, g.gain, 0)
    linear = g.linear[g.measurable[0]]
    bounds = [bound.value - int(linear[-1] if len(linear) else 0) for bound in g.upper]

    ax.set_xlim(-0.4, wall + 0.6)
    ax.set_yscale("symlog", linthresh=10, linscale=0.7)
    ax.set_ylim(min(0, gain.min()) * 1.2 - 1.5, max(gain.max(), *bounds) * 1.6 + 5)
    ax.axvspan(wall - 0.6, wall + 0.6, color=style.BAND, zorder=0, linewidth=0)
    ax.axhline(0, color=style.MUTED, linewidth=0.8, zorder=1)

    ends = []
    for i, family in enumerate(g.families):
        # The linear head itself is the line that all others are measured from, and grey.
        colour = style.SERIES[(i - 1) % len(style.SERIES)] if i else style.MUTED
        marker = style.MARKERS[i % len(style.MARKERS)]
        dash = "-" if i <= len(style.SERIES) else (0, (4, 1.5))
        seen = g.measurable[i]
        x, y = steps[seen], g.gain[i][seen]
        ax.plot(x, y, color=colour, marker=marker, markersize=4, linewidth=1.3, linestyle=dash, zorder=4)
        if len(x):
            ax.plot([x[-1], wall], [y[-1], bounds[i]], color=colour, linewidth=0.8, linestyle=":", zorder=3)
        ax.plot(
            wall, bounds[i], marker=marker, color=colour, markerfacecolor="none", markersize=5.5, zorder=5
        )
        ends.append((family, colour, bounds[i], float(y.mean()) if len(y) else 0.0))
    _name(ax, ends, wall)

    ax.set_xticks([*steps, wall], [*(_short(float(level)) for level in g.levels), "proved\nbound"])
    ax.minorticks_off()
    style.label(ax, "level: what counts is above this fraction of σ₁", "rank added to the linear head")
    return ax


def _name(ax: Axes, ends: list[tuple[str, str, int, float]], wall: float) -> None:
    """Write each family's name beside its bound, names moved apart where bounds coincide."""
    to_fraction = ax.transData + ax.transAxes.inverted()
    # Equal bounds are ordered by what was measured, so that names follow the curves.
    heights = [float(to_fraction.transform((wall, bound))[1]) for _, _, bound, _ in ends]
    nudge = [1e-6 * float(to_fraction.transform((wall, gain))[1]) for _, _, _, gain in ends]
    places = style.spread(list(np.add(heights, nudge)), gap=0.062, low=0.02, high=0.99)
    for (family, colour, _, _), height, place in zip(ends, heights, places, strict=True):
        line = {
            "arrowstyle": "-",
            "color": colour,
            "linewidth": 0.5,
            "shrinkA": 1,
            "shrinkB": 0,
            "relpos": (0, 0.5),
        }
        ax.annotate(
            family, (1.0, height), (1.035, place), "axes fraction", "axes fraction", arrowprops=line,
            fontsize=style.SMALL, color=colour, va="center", ha="left", annotation_clip=False,
        )  # fmt: skip


def _short(level: float) -> str:
    exponent = round(float(np.log10(level)))
    if level > 0.005 or not np.isclose(level, 10.0**exponent):
        return f"{level:.2g}".removeprefix("0")
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
