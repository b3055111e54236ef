"""Rank bounds with certificates, and the rank that a function family adds at a given level."""

from rankkit.ranks.bounds import rank_bounds
from rankkit.ranks.channels import ChannelRanks, channel_ranks
from rankkit.ranks.gain import RankGain, default_families, rank_gain
from rankkit.ranks.pattern import pattern_rank
from rankkit.ranks.report import RankBound, RankReport
from rankkit.ranks.sweep import GainSweep, gain_sweep

__all__ = [
    "ChannelRanks",
    "GainSweep",
    "RankBound",
    "RankGain",
    "RankReport",
    "channel_ranks",
    "default_families",
    "gain_sweep",
    "pattern_rank",
    "rank_bounds",
    "rank_gain",
]
