"""Rank bounds with certificates, and the rank that a function family adds at a given level."""

from rankkit.ranks.bounds import rank_bounds
from rankkit.ranks.gain import RankGain, default_families, rank_gain
from rankkit.ranks.pattern import pattern_rank
from rankkit.ranks.report import RankBound, RankReport

__all__ = [
    "RankBound",
    "RankGain",
    "RankReport",
    "default_families",
    "pattern_rank",
    "rank_bounds",
    "rank_gain",
]
