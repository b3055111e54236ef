"""How the rank that families add moves with scale, width, size or the number of segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.ranks import GainSweep

#: What the axis says of each parameter.
NAMES = {
    "scale": "standard deviation of a logit",
    "d": "width d",
    "contexts": "contexts N",
    "classes": "classes M",
    "segments": "segments K of a random PLIF",
}


def gain_sweep(s: GainSweep, ax: Axes | None = None) -> Axes:
    """Draw a sweep: rank added above its level, or for segments how far the function leaves the linear head.

    Of segments the norm of what is beyond the linear head is drawn, with the line of slope -1/2 that a random
    walk has: at no level does a count show it as well.

    Parameters
    ----------
    s : GainSweep
        What :func:`rankkit.ranks.gain_sweep` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax)
    ax.set_xscale("log")
    x = np.array(s.values, dtype=float)
    if s.parameter == "segments":
        y = s.beyond[0]
        ax.plot(x, y, color=style.SERIES[0], marker="o", markersize=4, linewidth=1.3, label="measured")
        law = y[-1] * np.sqrt(x[-1] / x)
        ax.plot(x, law, color=style.MUTED, linestyle=(0, (5, 3)), linewidth=1, label="K to the power -1/2")
        ax.set_yscale("log")
        style.label(ax, NAMES[s.parameter], "beyond the linear head, over σ₁")
    else:
        for i, family in enumerate(s.families):
            colour, marker = style.SERIES[i % len(style.SERIES)], style.MARKERS[i % len(style.MARKERS)]
            ax.plot(x, s.gain[i], color=colour, marker=marker, markersize=4, linewidth=1.3, label=family)
        ax.axhline(0, color=style.MUTED, linewidth=0.8, zorder=1)
        style.label(ax, NAMES[s.parameter], f"rank added above {s.level:g} σ₁")
    ax.set_xticks(x, [f"{value:,g}" for value in x])
    ax.minorticks_off()
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.5, columnspacing=1.5,
    )  # fmt: skip
    return ax
