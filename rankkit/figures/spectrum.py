"""The singular spectrum, with the line below which nothing counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.spectra import Spectrum


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
    floor = float(s.noise_floor)
    tolerance = float(s.tolerance(rule))
    seen = np.asarray(s.values)[np.asarray(s.values) > floor]
    hidden = len(s.values) - len(seen)
    rank = s.numerical_rank(rule)

    k = np.arange(1, len(seen) + 1)
    ax.plot(k, seen, color=style.SERIES[0], linewidth=1.2, marker=".", markersize=3.2, zorder=3)
    ax.set_yscale("log")
    top = float(seen[0]) if len(seen) else 1.0
    positive = [v for v in (floor, tolerance) if v > 0]
    bottom = min([*positive, float(seen[-1]) if len(seen) else 1.0]) / 30
    ax.set_ylim(bottom, top * 6)
    right = min(len(s.values), int(np.ceil(1.3 * len(seen))) + 4)
    ax.set_xlim(-0.02 * right, 1.02 * right + 1)

    if floor > 0:
        ax.axhspan(bottom, floor, color=style.BAND, zorder=0)
        words = f"under the noise floor, {floor:.1e}"
        if hidden:
            words += f": {hidden:,} value{'s' if hidden > 1 else ''} not drawn"
        _write(ax, words, np.sqrt(bottom * floor), "center", style.MUTED)
    ax.axhline(tolerance, color=style.SERIES[1], linewidth=1.1, linestyle=(0, (5, 3)), zorder=2)
    _write(
        ax,
        f"tolerance, rule “{rule}”: {tolerance:.1e}; rank {rank:,}",
        tolerance * 1.25,
        "bottom",
        style.SERIES[1],
    )
    style.label(ax, "k", "singular value σₖ")
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
