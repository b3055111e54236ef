"""Certificates, and the checker that decides them in exact arithmetic."""

from rankkit.certificates.checker import Refusal
from rankkit.certificates.kinds import Certificate, Combination, Minor, Monomials, Witness
from rankkit.certificates.store import check, check_all, load, pack, save

__all__ = [
    "Certificate",
    "Combination",
    "Minor",
    "Monomials",
    "Refusal",
    "Witness",
    "check",
    "check_all",
    "load",
    "pack",
    "save",
]
