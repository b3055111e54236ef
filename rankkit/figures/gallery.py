"""The figures of the README and the pages, drawn again from the library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rankkit import figures
from rankkit.errors import LoadError
from rankkit.figures.svg import to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rankkit.heads import Head, LowRankLogits
    from rankkit.learn import Perplexity

#: The families whose tolerance curves are drawn.
COMPARED = ("Identity", "SigSoftmax", "PLIF(100,000 segments)", "Exp", "LeakyReLU(0.1)")

#: Along what gains are drawn, and of what.
SCALES, SEGMENTS = (0.1, 0.2, 0.5, 1, 2, 5, 10), (10, 100, 1_000, 10_000, 100_000)
DRAWN = "normal logits, 200 contexts x 300 classes, width 8"

#: Activations whose feature maps are drawn.
ACTIVATIONS = ("linear", "square", "ReLU", "SiLU", "ELU", "softplus", "sigmoid", "tanh")

#: The head that the README speaks of.
DEFAULT = "ppocr-v4"


def draw_all(folder: str | os.PathLike[str], seed: int = 0) -> list[Path]:
    """Draw every figure of the pages into ``folder``, as SVG that follows the reader's light or dark theme.

    They show the default head and its real contexts where their package is on this machine, else a
    synthetic head; each names what it shows.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    from matplotlib.figure import Figure

    from rankkit.ranks import channel_ranks, gain_sweep, rank_bounds, rank_gain
    from rankkit.reach import argmaxable
    from rankkit.spectra import spectrum

    logits, what = subject(seed)
    head = logits.head
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ladder = [rank_bounds(logits, subject=rung, seed=seed) for rung in ("scores", "log_probs", "centred")]
    gain, values, verdicts = (
        rank_gain(logits, seed=seed),
        spectrum(logits, center="classes"),
        argmaxable(head),
    )

    seen = dict(zip(gain.families, gain.spectra, strict=True))

    dimensions, _, contexts = what.rpartition(", ")
    sampled = f"{dimensions}, {len(gain.contexts):,} of {contexts}"

    drawings = {
        "rank_gain": (
            (5.6, 5.0),
            lambda ax: figures.rank_gain(gain, ax),
            "Rank added by each function family",
        ),
        "spectrum": (
            (5.4, 3.2),
            lambda ax: figures.spectrum(values, ax),
            "Spectrum of the centred log-probabilities",
        ),
        "tolerance_curve": (
            (5.6, 4.4),
            lambda ax: figures.tolerance_curve({name: seen[name] for name in COMPARED}, ax),
            "Numerical rank by tolerance",
        ),
        "argmax_map": (
            (5.4, 3.6),
            lambda ax: figures.argmax_map(verdicts, head, ax),
            "Classes that can never win",
        ),
        "rank_ladder": (
            (5.4, 2.3),
            lambda ax: figures.rank_ladder(ladder, head.d, ax),
            "Proved rank, step by step",
        ),
        "gain_by_scale": (
            (5.2, 3.9),
            lambda ax: figures.gain_sweep(gain_sweep("scale", SCALES, draws=3, seed=seed), ax),
            "Rank added by scale of the logits",
        ),
        "gain_by_segments": (
            (5.2, 3.7),
            lambda ax: figures.gain_sweep(gain_sweep("segments", SEGMENTS, draws=5, seed=seed), ax),
            "How far a random piecewise-linear function leaves the linear head, by its segments",
        ),
        "channel_ranks": (
            (5.2, 4.0),
            lambda ax: figures.channel_ranks(channel_ranks(activations=ACTIVATIONS, seed=seed), ax),
            "Rank of random feature maps by channel ratio",
        ),
        "head_perplexities": (
            (5.6, 4.4),
            lambda ax: figures.head_perplexities(compared_models(), ax),
            "Perplexity of language models by head, over the linear head's",
        ),
    }
    written = []
    for name, (size, draw, title) in drawings.items():
        figure = Figure(figsize=size, layout="constrained")
        ax: Axes = draw(figure.subplots())
        words = {
            "argmax_map": dimensions,
            "rank_gain": sampled,
            "tolerance_curve": sampled,
            "gain_by_scale": DRAWN,
            "gain_by_segments": DRAWN,
            "channel_ranks": "random weights, 60 channels out, 240 inputs",
            "head_perplexities": "published [parthiban2021], and ours: examples/language_model.py",
        }.get(name, what)
        ax.figure.supxlabel(words, fontsize=figures.style.SMALL, color=figures.style.MUTED)
        path = folder / f"{name}.svg"
        path.write_text(to_svg(figure, name, title, words, standalone=True), encoding="utf-8")
        written.append(path)
    return written + draw_steps(folder)


def draw_steps(folder: Path) -> list[Path]:
    """Draw how the search for winning classes proceeds, one file a step."""
    from matplotlib.figure import Figure

    written = []
    for name, (title, _) in figures.STEPS.items():
        figure = Figure(figsize=(6.0, 3.3), layout="constrained")
        figures.argmax_step(name, figure.subplots())
        written.append(folder / f"argmax_{name}.svg")
        svg = to_svg(figure, f"argmax_{name}", title, f"synthetic classes: {title}", standalone=True)
        written[-1].write_text(svg, encoding="utf-8")
    return written


def compared_models() -> list[Perplexity]:
    """Return published perplexities that are means over runs, and all of our own."""
    from rankkit.learn import perplexities

    return [row for row in perplexities() if row.runs > 1 or row.source.startswith("examples/")]


def subject(seed: int) -> tuple[LowRankLogits, str]:
    """Return the logits to draw, and what they are in words."""
    from rankkit import datasets

    try:
        head = datasets.load(DEFAULT)
        states = datasets.contexts(DEFAULT, seed=seed)
    except LoadError:
        head = synthetic(np.random.default_rng(seed))
        states = datasets.drawn_contexts(head, seed=seed)
    kind = "real" if states.real else "drawn"
    return head.logits(
        states.H
    ), f"{head.name}: {head.classes:,} classes x {head.d}, {len(states.H):,} {kind} contexts"


def synthetic(rng: np.random.Generator) -> Head:
    """Return a small head in whose middle some classes can never win."""
    from rankkit.heads import Head

    W = rng.standard_normal((900, 8)) * rng.uniform(0.3, 1.5, (900, 1)) + 0.3
    return Head(W, name="synthetic")
