"""Singular values of logits and log-probabilities, and the ranks that people read off them."""

from rankkit.spectra.effective import EFFECTIVE_RANKS
from rankkit.spectra.rules import RULES
from rankkit.spectra.spectrum import Spectrum, spectrum

__all__ = ["EFFECTIVE_RANKS", "RULES", "Spectrum", "spectrum"]
