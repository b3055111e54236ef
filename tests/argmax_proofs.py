"""What every test of verdicts on classes asks first: do the proofs hold?"""

from __future__ import annotations

import numpy as np

import rankkit as rk


def decided(W: object, b: object = None, domain: object = None) -> rk.ArgmaxReport:
    """Decide every class, and check every certificate by the public checker."""
    head = rk.Head(W, b)
    report = rk.argmaxable(head, domain)
    assert len(report.undecided) == 0, report.ledger.reasons
    parts = [report.argmaxable, report.unargmaxable, report.tied]
    assert sorted(np.concatenate(parts)) == list(range(head.classes))
    proofs = [report.certificate(i) for i in range(head.classes)]
    groups = [report.group_certificate(int(i)) for i in report.tied]
    assert all(result is True for result in rk.certificates.check_all([*proofs, *groups], head))
    assert [c.cls for c in proofs] == list(range(head.classes))
    assert all(c.domain == report.domain for c in [*proofs, *groups])
    winners = [i for i, c in enumerate(proofs) if isinstance(c, rk.Witness)]
    assert winners == report.argmaxable.tolist()
    return report


def verdicts(report: rk.ArgmaxReport) -> list[str]:
    """Return the name of every verdict, in the order of the classes."""
    return [report.verdict(i).name for i in report.classes]
