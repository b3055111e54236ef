"""The report: five sections, every number from the results and with its rule, a page that loads nothing."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import rankkit as rk
from rankkit import certificates
from rankkit.reach.story import readable
from rankkit.report import page as page_module
from rankkit.report.certificates import certificate_file, fingerprint
from rankkit.report.facts import Facts
from rankkit.report.findings import findings
from rankkit.report.glossary import TERMS, family_term
from rankkit.report.page import SECTIONS, render
from rankkit.report.pictures import pictures
from rankkit.report.record import SCHEMA, record
from rankkit.report.study import STAGES

VOID = {"meta", "link", "input", "br", "hr", "img"}
HOSTILE = "<script>alert('x')</script> & co"


def make_head(bias=True):
    """Some drawn rows, an inner class (the mean of four), two equal rows, and names that try to break out."""
    rng = np.random.default_rng(5)
    W = rng.integers(-40, 41, (24, 4)).astype(float)
    W[20] = W[:4].mean(axis=0)
    W[21] = W[7]
    b = np.zeros(24)
    b[20] = -1.0
    names = [chr(0x4E00 + i) for i in range(24)]
    names[20], names[7], names[21] = HOSTILE, " ", "​"
    return rk.Head(W, b if bias else None, name="toy <i>", class_names=names, source={"package": "<none>"})


@pytest.fixture(scope="module")
def head():
    return make_head()


@pytest.fixture(scope="module")
def report(head, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "toy.html"
    return rk.write_report(head, path, seed=3, reference="toy.npz")


@pytest.fixture(scope="module")
def text(report):
    return report.page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(report):
    def refuse(constant):
        raise AssertionError(f"the record holds {constant}")

    return json.loads(report.record.read_text(encoding="utf-8"), parse_constant=refuse)


class Reader(HTMLParser):
    """Collects what a page holds, and refuses tags that do not balance."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.words = [], [], []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_data(self, words):
        self.words.append((words, [tag for tag, _ in self.open], [a for _, a in self.open]))


def attributes(text, name):
    return [values[name] for _, values in Reader(text).tags if values.get(name)]


def test_the_page_is_balanced_with_unique_ids_and_every_reference_hits(text):
    assert text.startswith("<!DOCTYPE html>")
    ids = attributes(text, "id")
    assert len(ids) == len(set(ids))
    for name in ("popovertarget", "data-filters", "data-copies", "data-opens"):
        assert set(attributes(text, name)) <= set(ids), name
    inside = [place[1:] for place in attributes(text, "href") if place.startswith("#")]
    assert set(inside) <= set(ids)
    for labels in attributes(text, "aria-labelledby"):
        assert set(labels.split()) <= set(ids)


@pytest.mark.parametrize("broken", ["<p><b>x</p></b>", "<p>x", "x</p>"])
def test_the_balance_test_sees_imbalance(broken):
    with pytest.raises(AssertionError):
        Reader(broken)


def test_the_page_loads_nothing(text):
    places = [p for name in ("src", "href", "srcset", "action", "data") for p in attributes(text, name)]
    assert places
    assert all(place.startswith(("#", "data:")) for place in places)
    assert re.findall(r"url\((?!#)[^)]*\)", text) == []
    assert "@import" not in text
    assert "http:" not in text
    assert "https:" not in text


def test_the_five_sections_stand_in_order(text):
    sections = [values["id"] for tag, values in Reader(text).tags if tag == "section"]
    assert sections == [key for key, _ in SECTIONS]
    assert [tag for tag, _ in Reader(text).tags if re.fullmatch(r"h[1-6]", tag)][:2] == ["h1", "h2"]
    for _, title in SECTIONS:
        assert text.count(title) >= 2, "in the contents and above the section"


def test_names_of_classes_and_heads_cannot_break_out(text):
    assert "<script>alert" not in text
    assert html.escape(HOSTILE, quote=False) in html.unescape(text).replace("<", "&lt;").replace(
        ">", "&gt;"
    ) or ("&lt;script&gt;alert" in text)
    assert "toy &lt;i&gt;" in text
    assert "&lt;none&gt;" in text


def test_class_names_that_cannot_be_seen_are_spelled_out():
    assert readable(" ") == "SPACE"
    assert readable("​") == "ZERO WIDTH SPACE"
    assert readable("") == "(empty)"
    assert readable("的") == "的"


def test_facts_are_the_results(report, head):
    s, facts = report.study, report.facts
    logits = head.logits(s.contexts.H)
    verdicts = rk.argmaxable(head)
    assert facts["head.classes"].value == 24
    assert facts["head.d"].value == 4
    assert facts["weights.exact"].value == np.linalg.matrix_rank(head.W) == 4
    assert facts["ladder.scores.exact"].value == rk.rank_bounds(logits, subject="scores").exact == 5
    assert facts["ladder.log_probs.exact"].value == 6
    assert facts["ladder.centred.exact"].value == 5
    assert facts["argmax.never"].value == len(verdicts.unargmaxable) >= 1
    assert facts["argmax.tied"].value == 2
    assert facts["argmax.can"].value + facts["argmax.never"].value + 2 == 24
    assert facts["spectrum.weights.top"].value == pytest.approx(np.linalg.norm(head.W, 2))


def test_without_a_bias_the_ladder_is_one_lower(tmp_path):
    head = make_head(bias=False)
    report = rk.write_report(head, tmp_path / "r.html")
    assert report.facts["ladder.log_probs.exact"].value == 5
    assert report.facts["ladder.scores.exact"].value == 4
    text = report.page.read_text(encoding="utf-8")
    assert "without bias" in text
    assert "w·h</i>" in text


def test_every_fact_has_a_rule_a_term_and_a_note(report, text):
    notes = {values["id"] for _, values in Reader(text).tags if "popover" in values}
    for fact in report.facts:
        assert fact.rule.strip()
        assert fact.term in TERMS
        assert f"note-{page_module.slug(fact.key)}" in notes
        assert fact.shown


def test_a_fact_without_a_definition_or_stated_twice_is_refused():
    facts = Facts()
    with pytest.raises(KeyError, match="glossary"):
        facts.add("x", 1, "no such term", "a rule")
    facts.add("x", 1, "rank", "a rule")
    with pytest.raises(KeyError, match="twice"):
        facts.add("x", 2, "rank", "a rule")


#: Numbers of the fixed text that measure nothing.
NAMES = re.compile(r"float64|width 400|rank 402|is 400 wide|d \+ [12]|section [13]|\bσ₁")


#: Elements that are no running text, or whose numbers have their rule elsewhere in the element.
NOT_TEXT = {
    *("svg", "script", "style", "title", "aside", "footer"),
    *("button", "td", "th", "code", "dd", "summary"),
}


def naked_numbers(text):
    """Numbers in the running text that stand in no button, table, picture or listing of facts."""
    out = []
    for words, tags, around in Reader(text).words:
        classes = " ".join(a.get("class") or "" for a in around)
        if set(tags) & NOT_TEXT or "step" in classes.split() or "rule" in classes.split():
            continue
        out += re.findall(r"\d[\d.,]*", NAMES.sub("", words))
    return out


def test_no_number_of_the_text_stands_without_its_rule(text):
    assert naked_numbers(text) == []
    assert naked_numbers("<p>rank 7</p>") == ["7"], "or this test shows nothing"


def test_every_button_shows_a_fact(report, text):
    shown = {f"note-{page_module.slug(fact.key)}": fact.shown for fact in report.facts}
    found = re.findall(r'<button type="button" class="num" popovertarget="([^"]*)">([^<]*)</button>', text)
    assert len(found) > 25
    for target, words in found:
        assert html.unescape(words) == shown[target]


def test_classes_that_never_win_are_listed_each_with_norm_and_certificate(report, text, head):
    table = text[text.index("Classes that can never win:") :]
    table = table[: table.index("</table>")]
    rows = re.findall(r'<tr><td class="right">(\d+)</td>.*?</tr>', table, flags=re.DOTALL)
    assert [int(row) for row in rows] == report.study.argmax.unargmaxable.tolist()
    for i in report.study.argmax.unargmaxable:
        assert f"{np.linalg.norm(head.W[i]):.3f}" in table
        assert fingerprint(report.study.argmax.certificate(int(i)))[:12] in table
    assert "a weighted average of" in table


@pytest.mark.parametrize("together", [True, False])
def test_a_cluster_of_classes_that_never_win_is_named_where_there_is_one(tmp_path, together):
    rng = np.random.default_rng(2)
    outer = rng.standard_normal((60, 3))
    outer = 10 * outer / np.linalg.norm(outer, axis=1, keepdims=True) + [5, 0, 0]
    inner = rng.standard_normal((9, 3)) * (1e-3 if together else 1.0) + [4, 0, 0]
    report = rk.write_report(rk.Head(np.vstack([outer, inner])), tmp_path / "r.html")
    assert report.study.argmax.unargmaxable.tolist() == list(range(60, 69))
    assert ("form one" in report.page.read_text(encoding="utf-8")) == together
    if together:
        assert report.facts["argmax.cluster"].value == 9
        assert report.facts["argmax.cluster.norm"].value == pytest.approx(4, rel=0.01)


def test_ties_say_with_whom(text):
    table = text[text.index("Classes that tie") :]
    assert "same row as SPACE (7)" in table
    assert "same row as ZERO WIDTH SPACE (21)" in table


def embedded(text, folder):
    """The certificate file as a reader of the page gets it."""
    link = next(v for tag, v in Reader(text).tags if tag == "a" and "download" in v)
    path = folder / link["download"]
    path.write_bytes(base64.b64decode(link["href"].partition("base64,")[2]))
    return path


def test_the_certificates_in_the_page_hold_for_the_head_and_for_no_other(text, head, tmp_path):
    claims = certificates.load(embedded(text, tmp_path))
    kinds = {type(claim).__name__ for claim in claims}
    assert {"Witness", "Combination", "Minor"} <= kinds
    classes = {claim.cls for claim in claims if hasattr(claim, "cls")}
    assert classes == set(range(24))
    assert all(answer is True for answer in certificates.check_all(claims, head))
    other = rk.Head(np.asarray(head.W) + np.eye(24, 4), head.b)
    assert not any(certificates.check_all(claims, other))


def test_the_table_of_gains_starts_with_what_the_linear_head_counts(text, report):
    table = text[text.index('aria-label="Rank gain"') :]
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", table[: table.index("</table>")])
    cells = [re.findall(r">([^<>]+)</", row) for row in rows]
    gain = report.study.gain
    assert [name for name, *_ in cells] == ["linear head, count", *gain.families[1:]]
    seen = [f"{n:,}" for n, clear in zip(gain.linear, gain.measurable[0], strict=True) if clear]
    assert seen
    assert cells[0][1 : 1 + len(seen)] == seen
    assert all(family_term(family) in TERMS for family in gain.families), "or a name has no explanation"


def test_states_are_left_out_of_the_file_where_they_are_too_many(report, monkeypatch, tmp_path):
    from rankkit.report import certificates as module

    monkeypatch.setattr(module, "WITNESSES_UP_TO", 0)
    file = certificate_file(report.study, "toy.npz")
    assert "cannot win" in file.what
    path = tmp_path / file.name
    path.write_bytes(file.content)
    assert not any(isinstance(claim, rk.Witness) for claim in certificates.load(path))


def test_the_command_names_the_file_and_the_head(text):
    command = re.search(r'id="check-command">([^<]*)<', text)[1]
    assert command == "rankkit check toy-i-certificates.npz toy.npz"
    assert "in the folder where you saved the file" in text[: text.index("check-command")]


def test_the_record_meets_its_schema_and_says_what_the_page_says(data, report, head):
    jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert data["head"]["fingerprint"] == head.fingerprint
    assert [r["subject"] for r in data["ranks"]] == ["matrix", "scores", "log_probs", "centred"]
    assert [
        row["class"] for row in data["argmax"]["unargmaxable"]
    ] == report.study.argmax.unargmaxable.tolist()
    assert data["facts"].keys() == {fact.key for fact in report.facts}
    assert len(data["gain"]["rows"]) == len(report.study.gain.families) * len(report.study.gain.levels)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("facts"),
        lambda data: data["head"].update(fingerprint="abc"),
        lambda data: data["ranks"][0].update(lower=-1),
        lambda data: data.update(extra=1),
    ],
)
def test_the_schema_refuses_damage(data, damage):
    damaged = json.loads(json.dumps(data))
    damage(damaged)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(damaged, json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("W", "rank", "tied"),
    [
        (np.ones((1, 3)), 1, 0),
        (np.zeros((4, 3)), 0, 4),
        (2.0**-400 * np.arange(1.0, 13).reshape(4, 3), 2, 0),
        (2.0**400 * np.arange(1.0, 13).reshape(4, 3), 2, 0),
        (np.eye(3, 20), 3, 0),
    ],
    ids=["one class", "zero", "tiny", "huge", "fewer classes than dimensions"],
)
def test_heads_at_the_edge_get_a_page_too(tmp_path, W, rank, tied):
    report = rk.write_report(rk.Head(W), tmp_path / "r.html")
    assert report.facts["weights.exact"].value == rank
    assert report.facts["argmax.tied"].value == tied
    assert report.facts["argmax.undecided"].value == 0
    Reader(report.page.read_text(encoding="utf-8"))


def test_a_single_class_is_spoken_of_as_one(tmp_path):
    report = rk.write_report(rk.Head(np.ones((1, 3))), tmp_path / "r.html")
    text = report.page.read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]*>", "", text[text.index("<header>") : text.index("<footer>")]).split())
    assert "scores 1 class by" in words
    assert "1 classes" not in words
    assert "have one more, for the normaliser" not in words
    gains = text[text.index('aria-label="Rank gain"') :]
    assert "noise" not in gains[: gains.index("</table>")]
    assert report.facts["certificates.size"].shown.endswith(" kB")


class Doubtful:
    """A report in which one class has lost its proof."""

    def __init__(self, report, lost):
        self._report, self._lost = report, lost

    def __getattr__(self, name):
        found = getattr(self._report, name)
        return found[found != self._lost] if isinstance(found, np.ndarray) else found

    @property
    def undecided(self):
        return np.array([self._lost])

    def certificate(self, i):
        return None if i == self._lost else self._report.certificate(i)

    def reason(self, i):
        return "the exact system is too large" if i == self._lost else None


def test_an_undecided_class_is_shown_as_such(report):
    s = dataclasses.replace(report.study, argmax=Doubtful(report.study.argmax, 0))
    file = certificate_file(s, "toy.npz")
    facts = findings(s, file)
    text = render(s, facts, pictures(s), file, "toy.json")
    assert "class is undecided:" in text
    assert "Undecided classes: 1" in text
    assert "no proof found: the exact system is too large" in text
    rows = record(s, facts, [file])["argmax"]["undecided"]
    assert [(row["class"], row["certificate"]) for row in rows] == [(0, None)]


def test_no_undecided_class_is_claimed_where_there_is_none(text):
    assert "No class is left undecided" in text
    assert "Undecided classes:" not in text


@pytest.mark.parametrize(
    ("contexts", "words"),
    [
        (None, "drawn contexts"),
        (np.random.default_rng(0).standard_normal((40, 4)), "given contexts"),
    ],
)
def test_the_page_says_what_contexts_it_saw(head, tmp_path, contexts, words):
    path = tmp_path / "r.html"
    rk.write_report(head, path, contexts=contexts)
    assert words in " ".join(re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8")).split())


def test_real_contexts_are_called_real(head, tmp_path):
    states = np.random.default_rng(0).standard_normal((30, 4))
    real = rk.datasets.Contexts(states, "30 computed by a model", real=True, check=0.0)
    report = rk.write_report(head, tmp_path / "r.html", contexts=real)
    assert report.study.contexts.kind == "real"
    assert "computed by a model" in report.page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"head": np.eye(3)}, TypeError, "wanted a Head"),
        ({"contexts": np.zeros((3, 9))}, rk.InputError, "the last axes must agree"),
        ({"contexts": np.full((3, 4), np.nan)}, rk.InputError, "finite"),
        ({"path": "nowhere/r.html"}, rk.InputError, "not a folder"),
        ({"path": "r.json"}, rk.InputError, "report.html"),
        ({"seed": -1}, rk.InputError, "seed"),
        ({"seed": True}, rk.InputError, "seed"),
    ],
)
def test_bad_input_is_named_and_leaves_nothing_behind(head, tmp_path, monkeypatch, arguments, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        rk.write_report(**{"head": head, "path": "r.html", **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_leaves_the_old_one(head, tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("old")

    def fail(*_):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(page_module, "render", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        rk.write_report(head, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_progress_goes_from_none_to_all_and_never_back(head, tmp_path):
    seen = []
    rk.write_report(head, tmp_path / "r.html", progress=lambda *step: seen.append(step))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)
    assert list(dict.fromkeys(stage for stage, _ in seen)) == list(STAGES)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def dump(page: Path, folder: Path) -> tuple[str, list[str]]:
    """What the page is after its scripts ran, and what the console says."""
    switches = (
        "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking --disable-component-update --disable-sync "
        "--enable-logging=stderr --v=0 --dump-dom"
    )
    done = subprocess.run(
        [CHROMIUM, *switches.split(), f"--user-data-dir={folder}/profile", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@browser
def test_the_page_opens_in_a_browser_without_complaint(report, tmp_path):
    dom, complaints = dump(report.page, tmp_path)
    assert complaints == []
    assert dom.count("<section id=") == 5


@browser
def test_the_console_is_really_read(tmp_path):
    page = tmp_path / "loud.html"
    page.write_text("<!DOCTYPE html><script>nothing.here()</script>")
    _, complaints = dump(page, tmp_path)
    assert any("nothing is not defined" in line for line in complaints)


@browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out_and_text_can_be_read(text, tmp_path, theme):
    """The page in a frame of 375 px: no sideways scrolling, search and notes work, contrast is enough."""
    probe = """
      const root = document.documentElement, field = document.querySelector("input[data-filters]");
      const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
      const luminance = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(linear);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const style = (place) => getComputedStyle(document.querySelector(place));
      const paper = luminance(style("body").backgroundColor);
      document.querySelector(".num").click();
      const gains = document.querySelector(".wide"), family = gains.querySelector("tbody th");
      gains.scrollLeft = 100;
      parent.postMessage({
        moved: gains.scrollLeft, name: family.getBoundingClientRect().x - gains.getBoundingClientRect().x,
        wide: root.scrollWidth, notes: document.querySelectorAll(":popover-open").length, dark: paper < 0.2,
        contrasts: ["body", ".lead", "figcaption", "nav a", ".button"].map(
          (place) => contrast(paper, luminance(style(place).color))
        ),
      }, "*");
    """
    scheme = f"<style>:root {{ color-scheme: {theme}; }}</style>"
    forced = text.replace("(prefers-color-scheme: dark)", "all" if theme == "dark" else "not all")
    inner = forced.replace("</body>", f"{scheme}<script>{probe}</script></body>")
    outer = tmp_path / "phone.html"
    outer.write_text(
        "<!DOCTYPE html><script>onmessage = (m) => { document.title = JSON.stringify(m.data); };</script>"
        f'<iframe width=375 height=800 srcdoc="{html.escape(inner)}"></iframe>',
        encoding="utf-8",
    )
    dom, complaints = dump(outer, tmp_path)
    assert complaints == []
    seen = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom)[1]))
    assert seen["wide"] <= 375
    assert seen["notes"] == 1
    assert seen["moved"] == 100
    assert abs(seen["name"]) <= 2, "the family stays in view while its row scrolls"
    assert seen["dark"] == (theme == "dark")
    assert min(seen["contrasts"]) >= 4.5
