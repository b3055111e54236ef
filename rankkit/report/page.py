"""Fill the page's template from a study: text stays in the template, numbers come from facts."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import rankkit
from rankkit.figures.argmax_map import centrality
from rankkit.figures.svg import theme
from rankkit.reach.story import readable, why
from rankkit.report.findings import by_family, gain_rule, signed
from rankkit.report.glossary import TERMS, family_term

if TYPE_CHECKING:
    from rankkit.report.certificates import CertificateFile
    from rankkit.report.facts import Facts
    from rankkit.report.study import Study

#: Classes that one list on the page holds at most; the JSON beside it holds all.
LISTED = 2000

SECTIONS = (
    ("express", "What this head can express"),
    ("spectrum", "How strong each direction is"),
    ("never", "Which classes can never win"),
    ("gain", "How much rank a function buys"),
    ("order", "What none of these functions can change"),
)


def render(s: Study, facts: Facts, pictures: dict[str, str], file: CertificateFile, record_name: str) -> str:
    """Return the whole page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from rankkit import theorems

    environment = Environment(
        loader=PackageLoader("rankkit.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["slug"] = slug
    css = environment.get_template("page.css").render(light=theme(), dark=theme(dark=True))
    js = environment.get_template("page.js").render()
    levels = [row["level"] for row in next(iter(by_family(s).values()))]
    return environment.get_template("page.html").render(
        version=rankkit.__version__, css=Markup(css), js=Markup(js), seed=s.seed,
        head=s.head, contexts=s.contexts,
        f=facts, terms=TERMS, pictures=pictures, record_name=record_name,
        sections=[{"id": key, "title": title} for key, title in SECTIONS],
        source=_source(s), how=s.contexts.how.removeprefix(f"{len(s.contexts.H):,} "),
        ladder=_ladder(s), lists=_lists(s), certificates=_download(file),
        levels=[f"{level:g}".replace("e-0", "e-") for level in levels],
        gains=_gains(s),
        gain_rule=gain_rule(s),
        theorem=theorems.get("order-invariance"),
    )  # fmt: skip


def slug(text: str) -> str:
    """Return ``text`` as an id: letters and digits kept, everything else spelled by its code.

    >>> slug("gain.PLIF K=20.upper")
    'gain-2e-PLIF-20-K-3d-20-2e-upper'
    """
    return re.sub(r"[^A-Za-z0-9]", lambda m: f"-{ord(m[0]):x}-", text).strip("-")


def class_rows(s: Study, classes: Any) -> list[dict[str, Any]]:
    """Return what is known about each class of a list, as plain numbers."""
    norm, cosine = centrality(s.head)
    return [
        {
            "class": int(i),
            "name": s.head.class_name(int(i)),
            "norm": float(norm[i]),
            "cosine": float(cosine[i]),
            "bias": None if s.head.b is None else float(s.head.b[i]),
            "reason": why(s.argmax, int(i)),
        }
        for i in classes
    ]


def _lists(s: Study) -> list[dict[str, Any]]:
    from rankkit.report.certificates import fingerprint

    groups = {
        "Classes that can never win": s.argmax.unargmaxable,
        "Classes that tie with an identical one": s.argmax.tied,
        "Undecided classes": s.argmax.undecided,
    }
    out = []
    for title, classes in groups.items():
        rows = []
        for row in class_rows(s, classes[:LISTED]):
            certificate = s.argmax.certificate(row["class"])
            shown = {"index": row["class"], "name": readable(row["name"]), "reason": row["reason"]}
            shown |= {key: f"{row[key]:.3f}" for key in ("norm", "cosine", "bias") if row[key] is not None}
            rows.append(shown | {"fingerprint": None if certificate is None else fingerprint(certificate)})
        if rows:
            out.append({"title": f"{title}: {len(classes):,}", "rows": rows, "total": len(classes)})
    return out


def _source(s: Study) -> list[tuple[str, Any]]:
    """Return where the head comes from; what only a machine reads is in the JSON."""
    shown = {key: value for key, value in s.head.source.items() if value and key not in ("sha256", "dtype")}
    return [(key.replace("_", " ").capitalize(), value) for key, value in shown.items()]


def _ladder(s: Study) -> list[dict[str, str]]:
    biased = s.head.b is not None
    one = (
        "and one more for the bias, which shifts every context alike"
        if biased
        else "and no more, for lack of a bias"
    )
    if s.head.classes == 1:
        normalised = "are all 0, because the only class has all the probability."
    else:
        normalised = "have one more, for the normaliser that each context subtracts."
    words = {
        "scores": ("Logits", f"have rank at most d, {one}."),
        "log_probs": ("Log-probabilities", normalised),
        "centred": ("Centred", "logits have lost each context's mean, and the normaliser with it."),
    }
    return [
        {"key": f"ladder.{r.subject}", "title": words[r.subject][0], "why": words[r.subject][1]}
        for r in s.ladder
    ]


def _gains(s: Study) -> list[dict[str, Any]]:
    """Return the table of gains: first what the linear head counts, then what each family adds to it."""
    (linear, counts), *families = by_family(s).items()

    def cell(row: dict[str, Any], shown: str) -> str:
        if row["measurable"]:
            return shown
        # a table that is proved to be 0 has no noise, only no largest value to count against
        return "0" if row["upper"] == counts[0]["upper"] == 0 else "noise"

    named = [("linear head, count", linear, [cell(row, f"{row['linear']:,}") for row in counts])]
    named += [(family, family, [cell(row, signed(row["gain"])) for row in rows]) for family, rows in families]
    return [
        {"title": title, "family": family, "term": family_term(family), "cells": cells}
        for title, family, cells in named
    ]


def _download(file: CertificateFile) -> dict[str, str]:
    data = base64.b64encode(file.content).decode()
    return {
        "name": file.name, "what": file.what, "command": file.command,
        "href": f"data:application/octet-stream;base64,{data}",
    }  # fmt: skip
