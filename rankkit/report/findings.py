"""State the facts of a study: every number the page prints in its text, with the rule that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rankkit import arrays
from rankkit.figures.argmax_map import centrality
from rankkit.report.facts import Facts

if TYPE_CHECKING:
    from rankkit.ranks import RankReport
    from rankkit.report.certificates import CertificateFile
    from rankkit.report.study import Study
    from rankkit.spectra import Spectrum

#: Distance, as a share of the length of a row, up to which other rows all but coincide with it.
NEAR = 0.01


def findings(s: Study, file: CertificateFile) -> Facts:
    """Return the facts of ``s`` and of the certificate file that goes with it."""
    facts = Facts()
    head = s.head
    stored = f"as stored, {head.W.dtype}"
    facts.add("head.classes", head.classes, "class", f"number of rows of W, {stored}")
    facts.add("head.d", head.d, "width", f"number of columns of W, {stored}")
    bias = "with" if head.b is not None else "without"
    facts.add("head.bias", int(head.b is not None), "bias", "whether the head stores one", f"{bias} bias")
    facts.add("head.fingerprint", head.fingerprint, "fingerprint", "sha256 of shapes and numbers of W and b",
              head.fingerprint[:16] + "…")  # fmt: skip
    facts.add("contexts.count", len(s.contexts.H), "context", s.contexts.how)
    _rank(facts, "weights", s.weights)
    for report in s.ladder:
        _rank(facts, f"ladder.{report.subject}", report)
    _spectrum(facts, "spectrum.weights", s.weights_spectrum)
    _spectrum(facts, "spectrum.centred", s.centred_spectrum)
    _argmax(facts, s)
    _cluster(facts, s)
    sampled = f"drawn from the {len(s.contexts.H):,} with seed {s.seed}; {s.contexts.how}"
    facts.add("gain.contexts", len(s.gain.contexts), "context", sampled)
    for family, rows in by_family(s).items():
        last = rows[-1]
        facts.add(f"gain.{family}.upper", int(last["upper"]), "upper-bound", str(last["upper_reason"]))
    size = len(file.content)
    facts.add("certificates.size", size, "certificate", f"bytes of {file.name}", _size(size))
    facts.add("seconds", float(sum(s.seconds.values())), "time",
              "; ".join(f"{stage} {t:.1f} s" for stage, t in s.seconds.items()))  # fmt: skip
    return facts


def by_family(s: Study) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the rank gain by family, each from the coarsest level to the finest."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in s.gain.rows():
        out.setdefault(str(row["family"]), []).append(row)
    return {family: sorted(rows, key=lambda row: -float(row["level"])) for family, rows in out.items()}


def gain_rule(s: Study) -> str:
    """Return what the rank gain counts, in a sentence."""
    sampled = f"{len(s.gain.contexts):,} of the {s.gain.shape[0]:,} contexts"
    return (
        f"Counted: singular values of the centred log-probabilities of {sampled} above the level times "
        "the largest one. The first row is that count for the linear head, the others are their own count "
        "less that. “noise”: the level lies below the noise floor, so rounding hides the count."
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def signed(gain: int | None) -> str:
    """Return a rank gain as tables show it."""
    if gain is None:
        return "noise"
    return f"{gain:+,}" if gain else "0"


def _rank(facts: Facts, key: str, r: RankReport) -> None:
    facts.add(f"{key}.lower", r.lower, "lower-bound", r.lower_proof.reason)
    facts.add(f"{key}.upper", r.upper, "upper-bound", r.upper_proof.reason)
    if r.exact is not None:
        shown, rule = None, "the proved lower and upper bound are equal"
    else:
        shown, rule = f"{r.lower:,} to {r.upper:,}", "between the proved bounds, which do not meet"
    facts.add(f"{key}.exact", r.exact, "exact-rank", rule, shown)
    counted = f"singular values above {r.tolerance:.3g}, rule “{r.rule}”"
    facts.add(f"{key}.numerical", r.numerical, "float64-count", counted)


def _spectrum(facts: Facts, key: str, s: Spectrum) -> None:
    rows, columns = s.shape
    method = f"of a {rows:,} x {columns:,} matrix by method “{s.method}”"
    facts.add(f"{key}.count", len(s.values), "singular-value", f"number of singular values {method}")
    facts.add(f"{key}.top", s.top, "singular-value", f"the largest singular value {method}")
    facts.add(
        f"{key}.rank",
        s.numerical_rank(),
        "float64-count",
        "rule “numpy”: max(N, M) eps σ₁, and above the noise",
    )
    facts.add(f"{key}.tolerance", s.tolerance(), "tolerance", "rule “numpy”: max(N, M) eps σ₁")
    facts.add(f"{key}.floor", s.noise_floor, "noise-floor", s.floor_rule)


def _argmax(facts: Facts, s: Study) -> None:
    a = s.argmax
    checked = "each with a certificate that was checked in exact arithmetic"
    facts.add(
        "argmax.can", len(a.argmaxable), "can-win", f"classes with a state at which they win, {checked}"
    )
    facts.add("argmax.never", len(a.unargmaxable), "never-wins",
              f"classes that are weighted averages of others, {checked}")  # fmt: skip
    facts.add(
        "argmax.tied", len(a.tied), "ties", f"classes whose row and bias another class has too, {checked}"
    )
    facts.add(
        "argmax.undecided", len(a.undecided), "undecided", "classes without a certificate in either direction"
    )


def _cluster(facts: Facts, s: Study) -> None:
    """State how many classes that can never win have all but the same row, where that is most of them."""
    classes = s.argmax.unargmaxable
    if len(classes) < 3:
        return
    W = arrays.widen(s.head.W[classes])
    W = W / (float(np.abs(W).max()) or 1.0)  # or squares of huge and tiny entries leave float64's range
    middle = np.median(W, axis=0)
    inside = classes[np.linalg.norm(W - middle, axis=1) <= NEAR * np.linalg.norm(middle)]
    if 2 * len(inside) <= len(classes):
        return
    norm, cosine = centrality(s.head)
    rule = (
        f"classes that can never win whose row differs from the median row of all {len(classes):,} of them, "
        f"entry by entry, by at most {NEAR:.0%} of its length"
    )
    facts.add("argmax.cluster", len(inside), "cluster", rule)
    for key, values in (("norm", norm), ("cosine", cosine)):
        facts.add(f"argmax.cluster.{key}", float(np.median(values[inside])), key, "median over that cluster")
