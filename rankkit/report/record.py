"""The JSON beside the page: every number, its rule, and the fingerprints of the certificates.

``report.schema.json`` in this folder describes it. Nothing is NaN or infinite; what is not known is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import rankkit
from rankkit import arrays
from rankkit.report.certificates import CertificateFile, fingerprint
from rankkit.report.facts import Facts
from rankkit.report.findings import gain_rule
from rankkit.report.page import class_rows

if TYPE_CHECKING:
    from rankkit.ranks import RankReport
    from rankkit.report.study import Study
    from rankkit.spectra import Spectrum

#: Name and version of the layout; a change that breaks readers raises the number.
LAYOUT = "rankkit-report/1"

#: JSON Schema of the record.
SCHEMA = Path(__file__).with_name("report.schema.json")


def record(s: Study, facts: Facts, files: Sequence[CertificateFile]) -> dict[str, Any]:
    """Return the record of a study, ready for :func:`json.dumps` with ``allow_nan=False``."""
    head = s.head
    return _plain(
        {
            "layout": LAYOUT,
            "rankkit": rankkit.__version__,
            "seed": s.seed,
            "head": {
                "name": head.name, "classes": head.classes, "d": head.d, "bias": head.b is not None,
                "dtype": str(head.W.dtype), "fingerprint": head.fingerprint, "source": dict(head.source),
            },
            "contexts": {
                "count": len(s.contexts.H), "kind": s.contexts.kind, "how": s.contexts.how,
                "fingerprint": arrays.fingerprint(s.contexts.H),
            },
            "ranks": [_rank(r) for r in (s.weights, *s.ladder)],
            "spectra": {
                "weights": _spectrum(s.weights_spectrum), "centred_log_probs": _spectrum(s.centred_spectrum)
            },
            "argmax": _argmax(s),
            "gain": {"rule": gain_rule(s), "rows": s.gain.rows()},
            "certificate_files": [
                {"name": file.name, "sha256": file.fingerprint, "command": file.command} for file in files
            ],
            "facts": {
                fact.key: {"value": fact.value, "term": fact.term, "rule": fact.rule} for fact in facts
            },
            "seconds": dict(s.seconds),
        }
    )  # fmt: skip


def _rank(r: RankReport) -> dict[str, Any]:
    return {
        "subject": r.subject, "shape": list(r.shape), "lower": r.lower, "upper": r.upper, "exact": r.exact,
        "numerical": r.numerical, "tolerance": r.tolerance, "rule": r.rule,
        "proofs": {
            side: {
                "kind": proof.kind, "reason": proof.reason,
                "certificate": None if proof.certificate is None else fingerprint(proof.certificate),
            }
            for side, proof in (("lower", r.lower_proof), ("upper", r.upper_proof))
        },
    }  # fmt: skip


def _spectrum(s: Spectrum) -> dict[str, Any]:
    return {
        "shape": list(s.shape), "center": s.center, "method": s.method, "values": s.values,
        "noise_floor": s.noise_floor, "noise_floor_rule": s.floor_rule,
        "rule": "numpy", "tolerance": s.tolerance(), "numerical_rank": s.numerical_rank(),
    }  # fmt: skip


def _argmax(s: Study) -> dict[str, Any]:
    a = s.argmax
    out: dict[str, Any] = {"argmaxable": len(a.argmaxable)}
    for name in ("unargmaxable", "tied", "undecided"):
        out[name] = class_rows(s, getattr(a, name))
        for row in out[name]:
            certificate = a.certificate(row["class"])
            row["certificate"] = None if certificate is None else fingerprint(certificate)
    return out


def _plain(value: Any) -> Any:
    """Return ``value`` with numpy numbers and arrays as Python's, and what is not finite as None."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | None) else str(value)
