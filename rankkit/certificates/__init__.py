"""Certificates, and the checker that decides them in exact arithmetic."""

from rankkit.certificates.checker import Refusal
from rankkit.certificates.kinds import Certificate, Combination, Directions, Witness
from rankkit.certificates.rank_kinds import Ceiling, GenericMinor, Minor, Monomials
from rankkit.certificates.store import check, check_all, load, pack, read, save, target

__all__ = [
    "Ceiling",
    "Certificate",
    "Combination",
    "Directions",
    "GenericMinor",
    "Minor",
    "Monomials",
    "Refusal",
    "Witness",
    "check",
    "check_all",
    "load",
    "pack",
    "read",
    "save",
    "target",
]
