"""The certificates that a page hands out: one file, and the command that checks it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rankkit.certificates import Certificate, pack

if TYPE_CHECKING:
    from rankkit.report.study import Study

#: Bytes up to which the states of the classes that can win go into the file too.
WITNESSES_UP_TO = 6_000_000


@dataclass(frozen=True)
class CertificateFile:
    """A certificate file as the page offers it for download."""

    name: str
    content: bytes
    what: str
    command: str

    @property
    def fingerprint(self) -> str:
        """sha256 of the content."""
        return hashlib.sha256(self.content).hexdigest()


def certificate_file(s: Study, reference: str) -> CertificateFile:
    """Return one file with the certificates of a study.

    Parameters
    ----------
    s : Study
        What was found.
    reference : str
        How the command line finds the head again: the name of a dataset, or a file with its options.
    """
    ranks = {
        fingerprint(c): c
        for r in (s.weights, *s.ladder)
        for c in (r.lower_proof.certificate, r.upper_proof.certificate)
        if c is not None
    }
    cannot_win = [*s.argmax.unargmaxable, *s.argmax.tied]
    certificates = [*ranks.values(), *_of(s, cannot_win)]
    what = "the ranks above and every class that cannot win"
    if 4 * s.head.d * len(s.argmax.argmaxable) <= WITNESSES_UP_TO:
        certificates += _of(s, s.argmax.argmaxable)
        what = "the ranks above and every class, those that can win and those that cannot"
    name = re.sub(r"[^\w.-]+", "-", s.head.name).strip("-") or "head"
    name = f"{name}-certificates.npz"
    return CertificateFile(name, pack(certificates), what, f"rankkit check {shlex.quote(name)} {reference}")


def _of(s: Study, classes: Iterable[int]) -> list[Certificate]:
    return [c for c in (s.argmax.certificate(int(i)) for i in classes) if c is not None]


def fingerprint(certificate: Any) -> str:
    """Return the sha256 of a certificate's JSON, with sorted keys and without spaces."""
    text = json.dumps(certificate.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
