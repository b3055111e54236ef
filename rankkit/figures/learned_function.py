"""A learned function over the logits that it was learned on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rankkit.errors import InputError
from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.learn import FitResult

#: How much of the height the histogram of the logits takes.
_SHARE = 0.3


def learned_function(fit: FitResult, ax: Axes | None = None) -> Axes:
    """Draw the function of a fitted monotone head, its best line, and a histogram of its logits below.

    Only the bend counts: a line changes nothing that contexts and output layer could not do. The line is the
    least-squares one over the logits, so the function is near it where the logits are.

    Parameters
    ----------
    fit : FitResult
        A fit of a head that is a softmax of a function of the logits.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        A mixture: it has no function on the logits.
    """
    f = fit.function
    if f is None:
        raise InputError(f"{fit.name} has no function on the logits; wanted a fit of a monotone head")
    logits = fit.head.logits(fit.H).dense().ravel()
    z = np.linspace(logits.min(), logits.max(), 400)
    slope, height = np.polyfit(logits, f(logits), 1)
    ax = style.axes(ax)
    ax.plot(z, slope * z + height, "--", color=style.MUTED, linewidth=1.0, label="best line")
    ax.plot(z, f(z), color=style.SERIES[0], linewidth=1.8, label=f.name)
    counts, edges = np.histogram(logits, bins=60)
    ax.fill_between(
        np.repeat(edges, 2)[1:-1],
        _SHARE * np.repeat(counts / counts.max(), 2),
        transform=ax.get_xaxis_transform(),
        color=style.GRID,
        linewidth=0,
        zorder=0.5,
        label="logits",
    )
    style.label(ax, "logit z", "f(z)")
    style.key(ax, "upper left")
    return ax
