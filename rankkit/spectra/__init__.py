"""Singular values of logits and log-probabilities, and the ranks that people read off them."""

from rankkit.spectra.effective import EFFECTIVE_RANKS
from rankkit.spectra.estimate import SpectrumEstimate
from rankkit.spectra.plateaus import Plateau, crosswalk, plateau_rank, plateaus
from rankkit.spectra.rules import RULES
from rankkit.spectra.spectrum import Spectrum, spectrum
from rankkit.spectra.visible import Visible, visible_ranks

__all__ = [
    "EFFECTIVE_RANKS",
    "RULES",
    "Plateau",
    "Spectrum",
    "SpectrumEstimate",
    "Visible",
    "crosswalk",
    "plateau_rank",
    "plateaus",
    "spectrum",
    "visible_ranks",
]
