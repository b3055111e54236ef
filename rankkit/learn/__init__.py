"""Learning heads: what each family of heads can reach on a known truth, and what none of a rank can."""

from rankkit.learn.bounds import (
    EntropyBound,
    SpectralBounds,
    entropy_bound,
    entropy_bound_of,
    spectral_bounds,
)
from rankkit.learn.dimension import Dimension, jacobian_rank
from rankkit.learn.fitting import fit
from rankkit.learn.heads import HEADS, Facts, Order, facts
from rankkit.learn.result import FitResult
from rankkit.learn.study import COMPARED, Cell, Claim, Study, compare, synthetic_truths
from rankkit.learn.truths import Counts, dirichlet, next_words

__all__ = [
    "COMPARED",
    "HEADS",
    "Cell",
    "Claim",
    "Counts",
    "Dimension",
    "EntropyBound",
    "Facts",
    "FitResult",
    "Order",
    "SpectralBounds",
    "Study",
    "compare",
    "dirichlet",
    "entropy_bound",
    "entropy_bound_of",
    "facts",
    "fit",
    "jacobian_rank",
    "next_words",
    "spectral_bounds",
    "synthetic_truths",
]
