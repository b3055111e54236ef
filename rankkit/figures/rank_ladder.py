"""Proved bounds on the ranks of one head, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.ranks import RankReport

#: How figures call the subject of a rank report.
SUBJECTS = {"matrix": "W", "scores": "logits", "log_probs": "log-probabilities", "centred": "centred logits"}


def rank_ladder(reports: Sequence[RankReport], d: int, ax: Axes | None = None) -> Axes:
    """Draw, for every report, the proved interval of the rank and what a float64 count says.

    Parameters
    ----------
    reports : sequence of RankReport
        One rung each, drawn from top to bottom.
    d : int
        Width of the head; lines at d, d + 1 and d + 2 show which step adds what.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax, size=(5.2, 0.9 + 0.42 * len(reports)))
    numbers = [n for r in reports for n in (r.lower, r.upper, r.numerical)]
    low, high = min(*numbers, d), max(*numbers, d + 2)
    margin = max(1.0, 0.08 * (high - low))
    for step in range(3):
        ax.axvline(d + step, color=style.GRID, linewidth=1.2, zorder=0)
    proved: dict[str, Any] = {
        "color": style.SERIES[5],
        "linewidth": 6,
        "alpha": 0.6,
        "solid_capstyle": "round",
    }
    counted: dict[str, Any] = {
        "markerfacecolor": "none",
        "markeredgecolor": style.SERIES[1],
        "markersize": 11,
        "linestyle": "",
    }
    exact: dict[str, Any] = {"color": style.SERIES[0], "markersize": 6, "linestyle": ""}
    for y, report in enumerate(reports):
        ax.plot([report.lower, report.upper], [y, y], zorder=2, **proved)
        ax.plot(report.numerical, y, "o", markeredgewidth=1.4, zorder=3, **counted)
        if report.exact is not None:
            ax.plot(report.exact, y, "D", zorder=4, **exact)
    ax.plot([], [], label="proved", **proved)
    ax.plot([], [], "o", label="float64 count", **counted)
    ax.plot([], [], "D", label="exact", **exact)
    ax.set_yticks(range(len(reports)), [SUBJECTS.get(r.subject, r.subject) for r in reports])
    ax.set_ylim(len(reports) - 0.5, -0.6)
    ax.set_xlim(low - margin, high + margin)
    if high - low <= 12:
        ticks = range(low, high + 1)
        ax.set_xticks(ticks, [_tick(t, d) for t in ticks])
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0, labelsize=style.FONT)
    ax.set_xlabel("rank", fontsize=style.FONT, color=style.INK)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, 1.26), ncols=3, fontsize=style.SMALL, frameon=False,
              labelcolor=style.INK, handletextpad=0.7, columnspacing=1.0)  # fmt: skip
    return ax


def _tick(rank: int, d: int) -> str:
    offsets = {d: "d", d + 1: "d + 1", d + 2: "d + 2"}
    return f"{rank:,}\n{offsets[rank]}" if rank in offsets else f"{rank:,}"
