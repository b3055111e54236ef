"""How a numerical rank moves with its tolerance: flat where there is a rank, a slope where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rankkit.figures import style
from rankkit.spectra.plateaus import tolerance_curve as curve
from rankkit.spectra.plateaus import verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.spectra import Spectrum


def tolerance_curve(spectra: Mapping[str, Spectrum], ax: Axes | None = None) -> Axes:
    """Draw, for each spectrum, how many singular values exceed a tolerance, down to its noise floor.

    Each curve ends with its noise floor; nothing is drawn below. The legend says what numerical rank the
    tolerances agree on, or that there is none.

    Parameters
    ----------
    spectra : mapping of str to Spectrum
        What to compare, by the name it has in the legend.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax, size=(5.2, 4.2))
    for i, (name, s) in enumerate(spectra.items()):
        levels, ranks = curve(s, per_decade=24)
        levels, ranks = levels[ranks > 0], ranks[ranks > 0]
        found = verdict(s).rank
        words = "no numerical rank" if found is None else f"rank {found:,}"
        colour = style.SERIES[i % len(style.SERIES)]
        ax.plot(levels, ranks, color=colour, linewidth=1.4, drawstyle="steps-post", label=f"{name}: {words}")
        ax.plot(levels[-1:], ranks[-1:], color=colour, marker=style.MARKERS[i % len(style.MARKERS)])
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.9)
    ax.yaxis.set_major_formatter(lambda rank, _: f"{rank:,.0f}")
    style.label(
        ax, "tolerance, as a multiple of σ₁; each curve ends at its noise floor", "singular values above"
    )
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.5, columnspacing=1.5,
    )  # fmt: skip
    return ax
