"""One figure a function: a result in, ``ax=`` in, Axes out. Nothing is shown, nothing global changes."""

from rankkit.figures import style
from rankkit.figures.argmax_map import argmax_map
from rankkit.figures.argmax_steps import STEPS, argmax_step
from rankkit.figures.channel_ranks import channel_ranks
from rankkit.figures.gain_sweep import gain_sweep
from rankkit.figures.head_perplexities import head_perplexities
from rankkit.figures.learned_function import learned_function
from rankkit.figures.rank_gain import rank_gain
from rankkit.figures.rank_ladder import SUBJECTS, rank_ladder
from rankkit.figures.spectrum import spectrum
from rankkit.figures.tolerance_curve import tolerance_curve

__all__ = [
    "STEPS",
    "SUBJECTS",
    "argmax_map",
    "argmax_step",
    "channel_ranks",
    "gain_sweep",
    "head_perplexities",
    "learned_function",
    "rank_gain",
    "rank_ladder",
    "spectrum",
    "style",
    "tolerance_curve",
]
