"""Singular values of logits and log-probabilities, and the ranks that people read off them."""

from rankkit.spectra.crosswalk import Crosswalk, Reading, crosswalk
from rankkit.spectra.directions import isotropy, mean_cosine
from rankkit.spectra.effective import EFFECTIVE_RANKS, EVENNESS
from rankkit.spectra.estimate import SpectrumEstimate
from rankkit.spectra.noise import NoiseRank, expected_rank, noise_edge, noise_rank, share_below
from rankkit.spectra.plateaus import Plateau, Verdict, plateau_rank, plateaus, tolerance_curve, verdict
from rankkit.spectra.rules import RULES
from rankkit.spectra.spectrum import spectrum
from rankkit.spectra.transforms import (
    Reshaped,
    controlled,
    distance,
    exponential_decay,
    polynomial_decay,
    reshape,
    soft_decay,
)
from rankkit.spectra.values import Spectrum
from rankkit.spectra.visible import Visible, visible_ranks

__all__ = [
    "EFFECTIVE_RANKS",
    "EVENNESS",
    "RULES",
    "Crosswalk",
    "NoiseRank",
    "Plateau",
    "Reading",
    "Reshaped",
    "Spectrum",
    "SpectrumEstimate",
    "Verdict",
    "Visible",
    "controlled",
    "crosswalk",
    "distance",
    "expected_rank",
    "exponential_decay",
    "isotropy",
    "mean_cosine",
    "noise_edge",
    "noise_rank",
    "plateau_rank",
    "plateaus",
    "polynomial_decay",
    "reshape",
    "share_below",
    "soft_decay",
    "spectrum",
    "tolerance_curve",
    "verdict",
    "visible_ranks",
]
