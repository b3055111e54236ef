"""Rank of random feature maps over the channel ratio: exact and by energy, which tell different stories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.ranks import ChannelRanks


def channel_ranks(c: ChannelRanks, ax: Axes | None = None) -> Axes:
    """Draw, for each activation, the rank by energy as a line and the proved exact rank as a dotted one.

    Parameters
    ----------
    c : ChannelRanks
        What :func:`rankkit.ranks.channel_ranks` returned; up to eight activations can be told apart.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax, size=(5.2, 4.0))
    for i, name in enumerate(c.activations):
        colour, marker = style.SERIES[i % len(style.SERIES)], style.MARKERS[i % len(style.MARKERS)]
        ax.plot(c.ratios, c.energy[i], color=colour, marker=marker, markersize=4, linewidth=1.3, label=name)
        ax.plot(c.ratios, c.lower[i], color=colour, linewidth=1.2, linestyle=":")
    ax.set_ylim(0, 1.04)
    style.label(
        ax, "channels in / channels out", f"rank / channels out\n({c.share:.0%} of the energy; ⋯ exact)"
    )
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=4, fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.5, columnspacing=1.2,
    )  # fmt: skip
    return ax
