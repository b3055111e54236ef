"""How every figure looks: its colours, its quiet axes, and nothing global."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each colour is used for one role only, so that an SVG can swap it for a dark page (svg.py).
INK = "#1f2733"
MUTED = "#616b7a"
GRID = "#e4e7ec"
BAND = "#eceff3"

#: Colour-blind-safe series colours: six of Okabe and Ito, two darker ones that stay apart from them.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#332288", "#882255")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")

#: For dots in a raster, which cannot be swapped: visible on white and on near-black.
DOT = "#7f8fa6"

FONT = 9.5
SMALL = 8.5


def axes(ax: Axes | None, size: tuple[float, float] = (5.2, 3.4)) -> Axes:
    """Return ``ax``, or the axes of a new figure of ``size`` inches, made quiet."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(figsize=size, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(which="both", colors=MUTED, labelsize=SMALL, labelcolor=INK, length=3)
    ax.grid(True, which="major", color=GRID, linewidth=0.7)
    ax.set_axisbelow(True)
    return ax


def label(ax: Axes, x: str, y: str) -> None:
    """Name both axes."""
    ax.set_xlabel(x, fontsize=FONT, color=INK)
    ax.set_ylabel(y, fontsize=FONT, color=INK)


def key(ax: Axes, place: str = "best", columns: int = 1) -> None:
    """Draw the legend, small and without a frame."""
    ax.legend(
        loc=place,
        ncols=columns,
        fontsize=SMALL,
        frameon=False,
        labelcolor=INK,
        handletextpad=0.4,
        columnspacing=1.0,
    )
