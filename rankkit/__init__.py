"""rankkit: what a softmax output layer can express, and what it never can, each answer with its reason.

A head ``W`` (classes x d) and contexts ``H`` (contexts x d) make logits of rank at most d. A pointwise
function and the softmax turn them into a matrix whose rank is what the model can express. Three questions
follow: how large is the rank, really? What can ever win? What does each function family buy, and at what
level? Every answer is a number and a certificate that somebody else can check.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rankkit import certificates, datasets, domains, figures, functions, learn, matrices, theorems
    from rankkit.certificates import Combination, GenericMinor, Minor, Monomials, Witness, check
    from rankkit.errors import CertificateError, DatasetMissing, InputError, LoadError
    from rankkit.functions import MonotoneFunction, PointwiseFunction
    from rankkit.heads import Head, LowRankLogits, MixtureOfSoftmaxes, load_head, log_probs
    from rankkit.ranks import RankGain, RankReport, rank_bounds, rank_gain
    from rankkit.reach.argmaxable import argmaxable
    from rankkit.reach.report import ArgmaxReport
    from rankkit.report import write_report
    from rankkit.spectra.spectrum import spectrum
    from rankkit.spectra.values import Spectrum

# Names are loaded at first use, so that `import rankkit` stays quick.
_ROOMS = {
    "certificates": ("Combination", "GenericMinor", "Minor", "Monomials", "Witness", "check"),
    "errors": ("CertificateError", "DatasetMissing", "InputError", "LoadError"),
    "functions": ("MonotoneFunction", "PointwiseFunction"),
    "heads": ("Head", "LowRankLogits", "MixtureOfSoftmaxes", "load_head", "log_probs"),
    "ranks": ("RankGain", "RankReport", "rank_bounds", "rank_gain"),
    "reach": ("ArgmaxReport", "argmaxable"),
    "report": ("write_report",),
    "spectra": ("Spectrum", "spectrum"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
_MODULES = ("certificates", "datasets", "domains", "figures", "functions", "learn", "matrices", "theorems")

__all__ = [
    "ArgmaxReport",
    "CertificateError",
    "Combination",
    "DatasetMissing",
    "GenericMinor",
    "Head",
    "InputError",
    "LoadError",
    "LowRankLogits",
    "Minor",
    "MixtureOfSoftmaxes",
    "Monomials",
    "MonotoneFunction",
    "PointwiseFunction",
    "RankGain",
    "RankReport",
    "Spectrum",
    "Witness",
    "__version__",
    "argmaxable",
    "certificates",
    "check",
    "datasets",
    "domains",
    "figures",
    "functions",
    "learn",
    "load_head",
    "log_probs",
    "matrices",
    "rank_bounds",
    "rank_gain",
    "spectrum",
    "theorems",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"rankkit.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"rankkit.{name}")
    else:
        raise AttributeError(f"module 'rankkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
