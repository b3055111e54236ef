"""The figure of the project: how much rank each function family buys, at which level, and at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    ax = style.axes(ax, size=(5.2, 5.0))
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

    for i in np.argsort(-gain.sum(axis=1), kind="stable"):
        # The linear head itself is the line that all others are measured from, and grey.
        colour = style.SERIES[(i - 1) % len(style.SERIES)] if i else style.MUTED
        marker = style.MARKERS[i % len(style.MARKERS)]
        dash = "-" if i <= len(style.SERIES) else (0, (4, 1.5))
        seen = g.measurable[i]
        x, y = steps[seen], g.gain[i][seen]
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": dash}
        ax.plot(x, y, markersize=4, linewidth=1.3, zorder=4, label=g.families[i], **look)
        if len(x):
            ax.plot([x[-1], wall], [y[-1], bounds[i]], color=colour, linewidth=0.8, linestyle=":", zorder=3)
        ax.plot(
            wall, bounds[i], marker=marker, color=colour, markerfacecolor="none", markersize=5.5, zorder=5
        )
    ax.set_xticks([*steps, wall], [*(_short(float(level)) for level in g.levels), "proved\nbound"])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda gain, _: f"{gain:+,.0f}" if gain else "0")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.5, columnspacing=1.5,
    )  # fmt: skip
    style.label(ax, "level: what counts is above this fraction of σ₁", "rank added to the linear head")
    return ax


def _short(level: float) -> str:
    exponent = round(float(np.log10(level)))
    if level > 0.005 or not np.isclose(level, 10.0**exponent):
        return f"{level:.2g}".removeprefix("0")
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
