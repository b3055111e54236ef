"""Perplexities of language models by head, over that of the linear head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rankkit.errors import InputError
from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.learn import Perplexity


def head_perplexities(rows: Sequence[Perplexity], ax: Axes | None = None) -> Axes:
    """Draw, for each head, its test perplexity over the linear head's, one mark a text and training.

    Whiskers are a standard deviation over runs. The axis is logarithmic: as far to the left is as good as
    as far to the right is bad.

    Parameters
    ----------
    rows : sequence of Perplexity
        Such as :func:`rankkit.learn.perplexities`, or a part of it. A head is compared with the linear head
        of the same text, training and number of runs; rows that have none are left out.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        No row has a linear head to be compared with.
    """
    linear = {_group(row): row.test for row in rows if row.head == "linear"}
    compared = [row for row in rows if _group(row) in linear]
    if not compared:
        raise InputError("rows has no linear head; wanted one to compare the others with")
    heads = list(dict.fromkeys(row.head for row in compared))
    ax = style.axes(ax)
    for i, group in enumerate(linear):
        own = [row for row in compared if _group(row) == group]
        text, training, runs = group
        ax.errorbar(
            [row.test / linear[group] for row in own],
            [heads.index(row.head) + 0.16 * (i - (len(linear) - 1) / 2) for row in own],
            xerr=[(row.test_sd or 0.0) / linear[group] for row in own],
            color=style.SERIES[i % len(style.SERIES)],
            marker=style.MARKERS[i % len(style.MARKERS)],
            markersize=5,
            linewidth=0,
            elinewidth=1.2,
            label=f"{text}, {training}, {runs} run" + "s" * (runs > 1),
        )
    ax.axvline(1, color=style.MUTED, linewidth=0.8, zorder=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:.3g}")
    ax.xaxis.set_minor_formatter("{x:.3g}")
    ax.set_yticks(range(len(heads)), heads)
    ax.invert_yaxis()
    style.label(ax, "test perplexity / linear head's", "")
    ax.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.17), fontsize=style.SMALL, frameon=False,
        labelcolor=style.INK, handletextpad=0.5,
    )  # fmt: skip
    return ax


def _group(row: Perplexity) -> tuple[str, str, int]:
    return row.text, row.training, row.runs
