"""Learning heads: what each family of heads can reach on a known truth, and what none of a rank can."""

from rankkit.learn.bounds import (
    EntropyBound,
    SpectralBounds,
    entropy_bound,
    entropy_bound_of,
    spectral_bounds,
)
from rankkit.learn.comparing import COMPARED, EQUAL, compare
from rankkit.learn.dimension import Dimension, jacobian_rank
from rankkit.learn.fitting import fit
from rankkit.learn.heads import HEADS, Facts, Order, facts
from rankkit.learn.perplexities import Perplexity, perplexities
from rankkit.learn.result import FitResult
from rankkit.learn.study import Cell, Claim, Study
from rankkit.learn.truths import Counts, Truth, dirichlet, next_words, synthetic_truths, text_truth

__all__ = [
    "COMPARED",
    "EQUAL",
    "HEADS",
    "Cell",
    "Claim",
    "Counts",
    "Dimension",
    "EntropyBound",
    "Facts",
    "FitResult",
    "Order",
    "Perplexity",
    "SpectralBounds",
    "Study",
    "Truth",
    "compare",
    "dirichlet",
    "entropy_bound",
    "entropy_bound_of",
    "facts",
    "fit",
    "jacobian_rank",
    "next_words",
    "perplexities",
    "spectral_bounds",
    "synthetic_truths",
    "text_truth",
]
