"""Where the classes lie that can never win: rows by norm and by how near they point to the mean row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rankkit.arrays import FloatArray, widen
from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.heads import Head
    from rankkit.reach import ArgmaxReport

#: Above this many dots they are drawn as one image inside a vector figure.
_VECTOR_DOTS = 400


def argmax_map(report: ArgmaxReport, head: Head | None = None, ax: Axes | None = None) -> Axes:
    """Draw every class by the norm of its row and the cosine between its row and the mean row.

    Rows that are short and point along the mean lie deep inside the convex hull of all rows: that is where
    the classes gather that can never win.

    Parameters
    ----------
    report : ArgmaxReport
        What :func:`rankkit.argmaxable` returned for ``head``.
    head : Head, optional
        The head itself; that of the report by default.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = style.axes(ax)
    norm, cosine = centrality(head or report.head)
    groups = (
        ("can win", report.argmaxable, ".", style.DOT, 9, 0.55),
        ("never wins", report.unargmaxable, "X", style.SERIES[1], 26, 0.9),
        ("ties with an equal row", report.tied, "D", style.SERIES[0], 20, 0.9),
        ("undecided", report.undecided, "P", style.SERIES[3], 28, 0.9),
    )
    for words, classes, marker, colour, size, alpha in groups:
        if len(classes) == 0:
            continue
        ax.scatter(
            norm[classes],
            cosine[classes],
            s=size,
            marker=marker,
            color=colour,
            alpha=alpha,
            linewidths=0,
            label=f"{words}: {len(classes):,}",
            rasterized=len(classes) > _VECTOR_DOTS,
            zorder=2 if marker == "." else 3,
        )
    style.label(ax, "norm of the row, ‖wᵢ‖", "cosine with the mean row")
    style.key(ax)
    return ax


def centrality(head: Head) -> tuple[FloatArray, FloatArray]:
    """Return each row's norm and its cosine with the mean row (0 where either is zero), both (classes,)."""
    W = widen(head.W)
    size = float(np.abs(W).max()) or 1.0  # squares of huge or tiny entries would leave the range of float64
    W = W / size
    mean = W.mean(axis=0)
    norm = np.linalg.norm(W, axis=1)
    scale = norm * np.linalg.norm(mean)
    return norm * size, np.divide(W @ mean, scale, out=np.zeros_like(norm), where=scale > 0)
