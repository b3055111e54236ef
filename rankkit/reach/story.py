"""A report on classes told in words: for a person at a terminal, in a notebook or on a page."""

from __future__ import annotations

import html
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rankkit.arrays import FloatArray, IntArray
from rankkit.certificates.kinds import Combination, Witness
from rankkit.domains import Free

if TYPE_CHECKING:
    from rankkit.reach.report import ArgmaxReport

#: Classes that a table or a sentence names, and that a record names as dominating another.
NAMED, HEAVIEST = 12, 5


def readable(name: str) -> str:
    """Return a class name that can be seen: white space and invisible characters by their Unicode name.

    >>> readable("a"), readable(" ")
    ('a', 'SPACE')
    """
    if name.strip() and name.isprintable():
        return name
    return " ".join(unicodedata.name(c, f"U+{ord(c):04X}") for c in name) or "(empty)"


def why(report: ArgmaxReport, i: int) -> str:
    """Return the reason for the verdict on class ``i`` in words: what its certificate says."""
    certificate = report.certificate(i)
    if certificate is None:
        return f"no proof found: {report.reason(i)}"
    if isinstance(certificate, Witness):
        return "a state at which it wins"
    named = [f"{readable(report.head.class_name(j))} ({j})" for j in certificate.rows]
    if len(named) == 1:
        together = {
            True: "together they can win",
            False: "together they cannot win",
            None: "together: undecided",
        }
        same = any(j == certificate.rows[0] for j in report.ties(i))
        return (
            f"same row as {named[0]}; {together[report.group_wins(i)]}" if same else f"never above {named[0]}"
        )
    weights = [float(w) for w in certificate.weights]
    heaviest = sorted(range(len(named)), key=lambda k: -weights[k])[:3]
    most = ", ".join(f"{named[k]} {weights[k] / sum(weights):.0%}" for k in heaviest)
    within = "" if isinstance(certificate.domain, Free) else "within the bounds never above "
    return f"{within}a weighted average of {len(named)} others, most of all {most}"


def records(report: ArgmaxReport) -> list[dict[str, Any]]:
    """Return what is known about every class, as plain values."""
    norms = _norms(report, report.classes).tolist()
    return [
        {
            "class": i,
            "name": report.head.class_name(i),
            "verdict": report.verdict(i).name,
            "rule": report.rule(i),
            "norm": norm if np.isfinite(norm) else None,
            "dominated_by": above(report, i),
            "ties": report.ties(i),
            "reason": report.reason(i),
        }
        for i, norm in zip(report.classes.tolist(), norms, strict=True)
    ]


def above(report: ArgmaxReport, i: int) -> list[tuple[int, float]]:
    """Return (class, weight) of those that dominate class ``i`` with the largest weights."""
    if report.verdict(i).name not in ("UNARGMAXABLE", "TIED"):
        return []
    proof = report.certificate(i)
    assert isinstance(proof, Combination)
    return sorted(zip(proof.rows, map(float, proof.weights), strict=True), key=lambda pair: -pair[1])[
        :HEAVIEST
    ]


def dominators(report: ArgmaxReport) -> list[tuple[int, int]]:
    """Return (class, how often) for the classes that dominate others with the largest weight."""
    heaviest = Counter[int]()
    for i in report.unargmaxable:
        heaviest[above(report, int(i))[0][0]] += 1
    return heaviest.most_common()


def counted(report: ArgmaxReport) -> list[str]:
    """Tell how many classes have each verdict, and by which rule."""
    where = "" if isinstance(report.domain, Free) else f" at states in {report.domain}"
    asked = f"{len(report.classes):,} classes"
    return [
        f"{sum(rules.values()):,} of {asked} {_DOES[verdict]}{where}: {by_rule(rules)}."
        for verdict, rules in report.counts().items()
    ]


def by_rule(rules: Mapping[str, int]) -> str:
    """Return counts by rule in words."""
    return ", ".join(f"{n:,} by {label}" for label, n in rules.items())


def found(report: ArgmaxReport) -> list[str]:
    """Tell who never wins, who keeps them from it, and which classes are near duplicates."""
    head, out = report.head, []
    never = report.unargmaxable
    if len(never):
        out.append(f"Never winning: {names(report, never)}.")
        most = [f"{readable(head.class_name(j))} ({_times(n)})" for j, n in dominators(report)[:5]]
        out.append(f"Most often the heaviest of those above them: {', '.join(most)}.")
    if len(report.tied):
        out.append(f"Tied: {names(report, report.tied)}.")
    for cluster in report.clusters[:3]:
        inside = int(np.isin(report.argmaxable, cluster.classes).sum())
        some = f"{inside:,}" if inside else "none"
        alone = " alone" if np.isin(report.tied, cluster.classes).any() else ""
        lie = f"lie within {cluster.radius:.2g} of their mean" if cluster.radius else "are equal"
        out.append(
            f"{len(cluster.classes):,} classes are near duplicates, {some} of which can win{alone}: "
            f"their rows {lie}{_needs(cluster.norm)}."
        )
    return out


def names(report: ArgmaxReport, classes: IntArray) -> str:
    """Name some of ``classes``, those with the longest rows first, and say how many more there are."""
    norms = _norms(report, classes)
    first = classes[np.argsort(-norms, kind="stable")][:NAMED]
    shown = " ".join(readable(report.head.class_name(int(i))) for i in first)
    return shown + (f" and {len(classes) - len(first):,} more" if len(classes) > len(first) else "")


def _norms(report: ArgmaxReport, classes: IntArray) -> FloatArray:
    """Return the norms (m,) of the rows of some classes; infinite only where that is beyond float64."""
    rows = report.ledger.W[classes]
    top = np.frexp(np.abs(rows).max(axis=1, initial=0.0))[1]
    with np.errstate(over="ignore"):
        return np.ldexp(np.linalg.norm(np.ldexp(rows, -top[:, None]), axis=1), top)


def to_html(report: ArgmaxReport) -> str:
    """Return the report as tables: verdicts by rule, then the classes that do not win, and why."""
    body = "".join(
        f"<tr><td>{verdict}</td><td>{sum(rules.values()):,}</td><td>{html.escape(by_rule(rules))}</td></tr>"
        for verdict, rules in report.counts().items()
    )
    domain = "" if isinstance(report.domain, Free) else f"; states in {report.domain}"
    out = (
        f"<table><caption>{html.escape(f'{report.head!r}{domain}')}</caption>"
        f"<tr><th>verdict</th><th>classes</th><th>proved by</th></tr>{body}</table>"
    )
    rest = np.concatenate([report.unargmaxable, report.tied, report.undecided])
    if len(rest):
        lines = "".join(
            f"<tr><td>{i}</td><td>{html.escape(readable(report.head.class_name(int(i))))}</td>"
            f"<td>{report.verdict(int(i)).name}</td><td>{html.escape(why(report, int(i)))}</td></tr>"
            for i in rest[:NAMED]
        )
        more = f"<caption>{NAMED} of the {len(rest):,} that do not win</caption>" if len(rest) > NAMED else ""
        heads = "".join(f"<th>{name}</th>" for name in ("class", "name", "verdict", "because"))
        out += f"<table>{more}<tr>{heads}</tr>{lines}</table>"
    return out


def _needs(norm: tuple[float, float]) -> str:
    low, high = norm
    if np.isinf(low):
        return ", and at every state others are ahead of all of them"
    if low == 0 and np.isinf(high):
        return ""
    if high == 0:
        return "; states of any length put some of them ahead of all others"
    if f"{low:.3g}" == f"{high:.3g}":
        return f"; the shortest state that puts one of them ahead of all others has a norm of {low:.3g}"
    text = f"; no state of norm below {low:.3g} puts any of them ahead of all others"
    return text + (f", one of norm {high:.3g} does" if np.isfinite(high) else "")


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


_DOES = {
    "ARGMAXABLE": "can win",
    "UNARGMAXABLE": "never win",
    "TIED": "tie with an equal one",
    "UNDECIDED": "are undecided",
}
