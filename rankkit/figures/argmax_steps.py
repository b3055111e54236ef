"""How the search for winning classes proceeds, one picture a step, each computed on a small head."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.certificates import Combination
from rankkit.errors import InputError
from rankkit.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.reach import ArgmaxReport

BLUE, RED, GREEN = style.SERIES[0], style.SERIES[1], style.SERIES[2]


def argmax_step(step: str, ax: Axes | None = None) -> Axes:
    """Draw one step of :func:`rankkit.argmaxable` on a head of 40 classes in the plane, or on a line.

    Parameters
    ----------
    step : str
        One of ``STEPS``.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        There is no such step.
    """
    if step not in STEPS:
        raise InputError(f"step is {step!r}; wanted one of {', '.join(STEPS)}")
    ax = style.axes(ax)
    STEPS[step][1](ax)
    return ax


def rows() -> FloatArray:
    """Return the rows (40, 2) of the head that most steps show."""
    rng = np.random.default_rng(11)
    return rng.standard_normal((40, 2)) * rng.uniform(0.4, 1.3, (40, 1)) + [0.4, 0.2]


def _report(W: FloatArray, b: FloatArray | None = None, domain: object = None) -> ArgmaxReport:
    from rankkit.heads import Head
    from rankkit.reach import argmaxable

    return argmaxable(Head(W, b), domain)  # type: ignore[arg-type]


def _corners(ax: Axes) -> None:
    W, report = rows(), _report(rows())
    i = int(report.argmaxable[np.argmax(W[report.argmaxable] @ [0.5, 1.0])])
    x = report.certificate(i).x  # type: ignore[union-attr]
    h = x / np.linalg.norm(x)
    _hull(ax, W, report.argmaxable)
    _line(ax, W[i], h, BLUE)
    _arrow(ax, W[i], W[i] + 0.5 * h, "h")
    _dots(ax, W, report.argmaxable, "can win: the corners")
    _dots(ax, W, report.unargmaxable, "never wins", hollow=True)
    _plane(ax)


def _own_direction(ax: Axes) -> None:
    W = rows()
    centre = W.mean(axis=0)
    offset = W - centre
    scores = offset @ offset.T
    own = np.diag(scores)
    wins = np.flatnonzero((scores >= own[:, None]).sum(axis=1) == 1)
    i = int(wins[np.argsort(-own[wins])[len(wins) // 2]])
    radius = np.sqrt(own[i])
    near = np.flatnonzero(np.linalg.norm(offset, axis=1) < radius)
    far = np.setdiff1d(np.arange(len(W)), [*near, i])
    from matplotlib.patches import Circle

    ax.add_patch(Circle(tuple(centre), radius, facecolor=style.BAND, edgecolor=style.MUTED, linewidth=0.8))
    _line(ax, W[i], offset[i] / radius, BLUE)
    _arrow(ax, centre, W[i], "")
    ax.plot(*centre, "+", color=style.INK, markersize=9)
    _dots(ax, W, near, f"shorter: no product needed ({len(near)})", hollow=True)
    _dots(ax, W, far, f"no shorter: behind the line ({len(far)})")
    ax.plot(*W[i], "o", color=BLUE, markersize=8, label="wins in its own direction")
    _plane(ax)


def _nearest_point(ax: Axes) -> None:
    from rankkit.reach.engine.min_norm import nearest_point

    W, report = rows(), _report(rows())
    offset = W - W.mean(axis=0)
    hidden = [i for i in report.argmaxable if ((offset @ offset[i]) > offset[i] @ offset[i]).any()]
    i = int(hidden[np.argmax([np.linalg.norm(offset[k]) for k in hidden])])
    others = np.delete(np.arange(len(W)), i)
    weights, direction, _ = nearest_point(W[others] - W[i])
    nearest = weights @ W[others]
    _hull(ax, W, _report(W[others]).argmaxable, others)
    _line(ax, W[i], direction / np.linalg.norm(direction), BLUE)
    ax.plot(*np.array([nearest, W[i]]).T, color=BLUE, linewidth=1.4)
    ax.plot(*nearest, "D", color=GREEN, markersize=6, label="nearest point of the others' hull")
    _dots(ax, W, others, "the others", hollow=True)
    ax.plot(*W[i], "o", color=BLUE, markersize=8, label="wins in the direction away")
    _plane(ax)


def _shared_simplex(ax: Axes) -> None:
    W, report = rows(), _report(rows())
    never = report.unargmaxable
    proofs = [
        p for p in map(report.certificate, never.tolist()) if isinstance(p, Combination) and len(p.rows) == 3
    ]

    def inside(p: Combination) -> IntArray:
        corners, points = (np.vstack([W[which].T, np.ones(len(which))]) for which in (list(p.rows), never))
        return never[(np.linalg.solve(corners, points) > 1e-9).all(axis=0)]

    proof = max((p for p in proofs if len(inside(p)) > 3), key=lambda p: min(p.weights))
    i, corners = proof.cls, np.array(proof.rows)
    ax.fill(*W[corners].T, color=style.BAND, zorder=0)
    for j, weight in zip(corners, proof.weights, strict=True):
        ax.plot(*np.array([W[i], W[j]]).T, color=RED, linewidth=1, zorder=1)
        away = 13 * (W[j] - W[i]) / np.linalg.norm(W[j] - W[i])  # in points, beyond the corner
        ax.annotate(f"{float(weight):.0%}", tuple(W[j]), tuple(away), textcoords="offset points",
                    ha="center", va="center", fontsize=style.SMALL, color=style.INK)  # fmt: skip
    shared = np.setdiff1d(inside(proof), [i])
    rest = np.setdiff1d(np.arange(len(W)), [*shared, *corners, i])
    _dots(ax, W, rest, "others", hollow=True)
    _dots(ax, W, corners, "three others")
    _cross(ax, W[[i]], "their weighted mean never wins")
    ax.plot(
        *W[shared].T, "x", color=RED, markersize=6, linestyle="", label=f"nor do {len(shared)} more, inside"
    )
    _plane(ax)


def _exact(ax: Axes) -> None:
    places = np.array([0.2, 0.5, 0.8])
    offsets = np.array([1e-9, 0.0, -1e-9])
    W = np.array(
        [[1.0, 0], [0, 1], [-1, -1], *([[1 - t, t + s] for t, s in zip(places, offsets, strict=True)])]
    )
    report = _report(W)
    ax.axhspan(-2, 0, color=style.BAND, zorder=0)
    ax.axhline(0, color=style.INK, linewidth=1.2)
    wins = [k for k in range(3) if 3 + k in report.argmaxable]
    loses = [k for k in range(3) if k not in wins]
    height = (W[3:] @ [1.0, 1.0] - 1) / 1e-9
    spots = np.column_stack([places, height])
    _dots(ax, spots, np.array(wins), "wins")
    _cross(ax, spots[loses], "never wins")
    for k in range(3):
        ax.annotate(report.rule(3 + k), (places[k], height[k]), (0, 9), textcoords="offset points",
                    ha="center", fontsize=style.SMALL, color=style.MUTED)  # fmt: skip
    ax.set_ylim(-2, 2)
    ax.set_xlim(0, 1)
    style.label(ax, "along the edge between two corners", "beyond the edge, in 10⁻⁹")
    _key(ax)


def _bias_and_bounds(ax: Axes) -> None:
    from rankkit.domains import Box

    w = np.array([-2.2, -1.5, -0.7, 0.1, 0.9, 1.6, 2.3])
    b = np.array([-1.9, -0.2, 0.35, 0.6, -0.1, 0.15, -1.6])
    free, bounded = _report(w[:, None], b), _report(w[:, None], b, Box(-0.5, 1))
    ends = bounded.argmaxable[[0, -1]]
    for j, slope, side in ((ends[0], 0.5, -1), (ends[1], -1.0, 1)):
        far = np.array([w[j], w[j] + side * 3])
        ax.plot(far, b[j] + slope * (far - w[j]), "--", color=GREEN, linewidth=1.2,
                label="bounds: −½ ≤ h ≤ 1" if side < 0 else None)  # fmt: skip
    ax.plot(w[free.argmaxable], b[free.argmaxable], color=style.MUTED, linewidth=1)
    only = np.setdiff1d(free.argmaxable, bounded.argmaxable)
    ax.plot(
        w[bounded.argmaxable],
        b[bounded.argmaxable],
        "o",
        color=BLUE,
        markersize=7,
        linestyle="",
        label="can win",
    )
    ax.plot(
        w[only], b[only], "s", color=GREEN, markersize=6, linestyle="", label="wins beyond the bounds only"
    )
    ax.plot(
        w[free.unargmaxable],
        b[free.unargmaxable],
        "X",
        color=RED,
        markersize=8,
        linestyle="",
        label="never wins",
    )
    ax.set_xlim(-2.7, 2.8)
    ax.set_ylim(-2.3, 1.2)
    style.label(ax, "row w", "bias b")
    _key(ax)


#: Name -> title and drawing, in the order in which classes meet them.
STEPS: dict[str, tuple[str, Callable[[Axes], None]]] = {
    "corners": ("The classes that can win are the corners", _corners),
    "own_direction": ("A row that stands out wins in its own direction", _own_direction),
    "nearest_point": ("Away from the nearest point of the others", _nearest_point),
    "shared_simplex": ("One proof that a class never wins covers all that lie inside", _shared_simplex),
    "exact": ("What floating point cannot tell", _exact),
    "bias_and_bounds": ("A bias lifts the rows, bounds on the states add rays", _bias_and_bounds),
}


def _hull(ax: Axes, W: FloatArray, corners: IntArray, names: IntArray | None = None) -> None:
    points = W[corners if names is None else names[corners]]
    turn = np.argsort(np.arctan2(*(points - points.mean(axis=0)).T[::-1]))
    ax.fill(*points[turn].T, facecolor=style.BAND, edgecolor=style.MUTED, linewidth=0.8, zorder=0)


def _line(ax: Axes, through: FloatArray, normal: FloatArray, colour: str) -> None:
    along = np.array([-normal[1], normal[0]])
    ax.plot(*np.array([through - 9 * along, through + 9 * along]).T, "--", color=colour, linewidth=1)


def _arrow(ax: Axes, start: FloatArray, end: FloatArray, name: str) -> None:
    tip = (float(end[0]), float(end[1]))
    tail = (float(start[0]), float(start[1]))
    ax.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 1.4})
    if name:
        ax.annotate(name, tip, (4, 2), textcoords="offset points", fontsize=style.FONT, color=style.INK)


def _dots(ax: Axes, W: FloatArray, which: IntArray, label: str, hollow: bool = False) -> None:
    face, edge = ("none", style.MUTED) if hollow else (BLUE, BLUE)
    ax.plot(*W[which].T, "o", markersize=5, linestyle="", mfc=face, mec=edge, label=label)


def _cross(ax: Axes, points: FloatArray, label: str) -> None:
    ax.plot(*points.T, "X", color=RED, markersize=8, linestyle="", label=label)


def _key(ax: Axes) -> None:
    """Draw the legend beside the axes, where it hides nothing."""
    style.key(ax)
    legend = ax.get_legend()
    assert legend is not None
    legend.set_loc("center left")
    legend.set_bbox_to_anchor((1.02, 0.5))


def _plane(ax: Axes) -> None:
    W = rows()
    low, high = W.min(axis=0), W.max(axis=0)
    ax.set_xlim(low[0] - 0.7, high[0] + 0.7)
    ax.set_ylim(low[1] - 0.7, high[1] + 0.7)
    ax.set_aspect("equal")
    style.label(ax, "first coordinate of the row", "second")
    _key(ax)
