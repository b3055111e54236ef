"""The page's figures as inline SVG."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rankkit import figures
from rankkit.figures.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.report.study import Study


def pictures(s: Study) -> dict[str, str]:
    """Return name -> SVG element; titles and descriptions say in words what the figure shows."""
    a = s.argmax
    rungs = "; ".join(
        f"{figures.SUBJECTS.get(r.subject, r.subject)} between {r.lower} and {r.upper}" for r in s.ladder
    )
    tall = 0.9 + 0.42 * len(s.ladder)
    return {
        "ladder": _draw(
            "ladder", lambda ax: figures.rank_ladder(s.ladder, s.head.d, ax), (4.2, tall),
            "Rank ladder", f"Proved intervals of the rank: {rungs}.",
        ),
        "weights": _draw(
            "weights", lambda ax: figures.spectrum(s.weights_spectrum, ax), (4.2, 2.9),
            "Singular spectrum of W",
            f"{s.weights_spectrum.numerical_rank()} of {len(s.weights_spectrum.values)} singular values of W "
            f"stand above the tolerance {s.weights_spectrum.tolerance():.2g}.",
        ),
        "centred": _draw(
            "centred", lambda ax: figures.spectrum(s.centred_spectrum, ax), (4.2, 2.9),
            "Singular spectrum of the centred log-probabilities",
            f"{s.centred_spectrum.numerical_rank()} of {len(s.centred_spectrum.values)} singular values of "
            f"the centred log-probabilities stand above the tolerance {s.centred_spectrum.tolerance():.2g}.",
        ),
        "argmax": _draw(
            "argmax", lambda ax: figures.argmax_map(a, s.head, ax), (4.2, 3.3),
            "Classes by norm and direction",
            f"{len(a.unargmaxable)} of all {s.head.classes} can never win, {len(a.tied)} tie and "
            f"{len(a.undecided)} are undecided; they are marked among all classes, placed by the norm of "
            "their row and its cosine with the mean row.",
        ),
        "gain": _draw(
            "gain", lambda ax: figures.rank_gain(s.gain, ax), (4.2, 4.8),
            "Rank added by each function family",
            "For every family, the rank it adds to the linear head at several levels, and its proved upper "
            "bound. The table below holds the same numbers.",
        ),
    }  # fmt: skip


def _draw(name: str, draw: Callable[[Axes], Axes], size: tuple[float, float], title: str, words: str) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    return to_svg(figure, f"figure-{name}", title, words)
