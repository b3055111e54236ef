"""The singular spectrum, with the line below which nothing counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.spectra import Spectrum

#: A logarithmic axis that reaches the ends of float64 cannot be ticked.
_LOWEST, _HIGHEST = 1e-300, 1e300


def spectrum(s: Spectrum, ax: Axes | None = None, rule: str = "numpy") -> Axes:
    """Draw singular values on a log scale, with the tolerance of a rank rule and the noise floor.

    Values at or below the noise floor are not data: they are counted in words, never drawn.

    Parameters
    ----------
    s : Spectrum
        What :func:`rankkit.spectrum` returned.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.
    rule : str
        The rank rule whose tolerance is drawn.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax)
    style.label(ax, "k", "singular value σₖ")
    floor, tolerance = float(s.noise_floor), float(s.tolerance(rule))
    seen = s.values[s.values > floor]
    hidden = len(s.values) - len(seen)
    if not len(seen):
        ax.set_yticks([])
        words = f"none of {hidden:,} singular values is above\nthe noise floor, {floor:.1e}"
        look: dict[str, Any] = {"fontsize": style.FONT, "color": style.MUTED, "ha": "center", "va": "center"}
        ax.text(0.5, 0.5, words, transform=ax.transAxes, **look)
        return ax

    ax.plot(
        np.arange(1, len(seen) + 1),
        seen,
        color=style.SERIES[0],
        linewidth=1.2,
        marker=".",
        markersize=3.2,
        zorder=3,
    )
    ax.set_yscale("log")
    lowest = min(v for v in (floor, tolerance, float(seen[-1])) if v > 0)
    bottom = max(lowest / 30, _LOWEST)
    ax.set_ylim(bottom, min(float(seen[0]) * 6, _HIGHEST))
    right = min(len(s.values), int(np.ceil(1.3 * len(seen))) + 4)
    ax.set_xlim(-0.02 * right, 1.02 * right + 1)
    if floor > bottom:
        ax.axhspan(bottom, floor, color=style.BAND, zorder=0)
        words = f"noise floor {floor:.1e}"
        if hidden:
            words += f": {hidden:,} value{'s' if hidden > 1 else ''} not drawn"
        _write(ax, words, float(np.sqrt(bottom) * np.sqrt(floor)), "center", style.MUTED)
    if tolerance > bottom:
        ax.axhline(tolerance, color=style.SERIES[1], linewidth=1.1, linestyle=(0, (5, 3)), zorder=2)
        words = f"tolerance, rule “{rule}”: {tolerance:.1e}; rank {s.numerical_rank(rule):,}"
        _write(ax, words, tolerance * 1.25, "bottom", style.SERIES[1])
    return ax


def _write(ax: Axes, words: str, y: float, place: str, colour: str) -> None:
    ax.text(
        0.015,
        y,
        words,
        transform=ax.get_yaxis_transform(),
        fontsize=style.SMALL,
        color=colour,
        va=place,
        ha="left",
    )
