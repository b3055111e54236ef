"""What the README and the pages say is true: code runs, output is as shown, links and commands exist."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from pybtex.database import parse_file

import rankkit as rk

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
SOURCES = sorted([*ROOT.glob("rankkit/**/*.py"), *PAGES])

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CITATION = re.compile(r"\[([a-z]+\d{4}[a-z]?)\]_")
SHOWN = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def blocks(page: Path) -> Iterator[tuple[str, str, int]]:
    """Yield (language, text, line of its first character) of every fenced block."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        yield fence["info"].strip(), fence["body"], text.count("\n", 0, fence.start("body"))


def run(page: Path) -> None:
    """Run a page's Python, block after block; a `text` block right after one is what it prints."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = None
    for language, body, line in blocks(page):
        if language == "python":
            with redirect_stdout(StringIO()) as out:
                exec(compile("\n" * line + body, str(page), "exec"), namespace)
            printed = out.getvalue()
        elif language == "text" and printed is not None:
            if not doctest.OutputChecker().check_output(body, printed, SHOWN):
                pytest.fail(f"{page.name}, line {line}: the page shows\n{body}\nbut it prints\n{printed}")
            printed = None
        else:
            printed = None


def has_python(page: Path) -> bool:
    return any(language == "python" for language, _, _ in blocks(page))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if has_python(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_code_runs_as_pasted_and_prints_what_is_shown(page, tmp_path, monkeypatch):
    if "import torch" in page.read_text(encoding="utf-8"):
        pytest.importorskip("torch", reason="PyTorch is not installed; it is the extra 'torch'")
    for name in re.findall(r'datasets\.load\("([^"]+)"', page.read_text(encoding="utf-8")):
        try:
            rk.datasets.fetch(name)  # what `make demo` did before the reader pastes anything
        except rk.DatasetMissing as missing:
            pytest.skip(f"the head {name} could not be fetched: {missing}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    run(page)


def test_the_pages_that_promise_code_have_some():
    assert {"README.md", "quickstart.md"} <= {page.name for page in PAGES if has_python(page)}


@pytest.mark.parametrize(
    "text",
    [
        "```python\n1 / 0\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint(x)\n```\n",
    ],
)
def test_a_page_with_a_mistake_fails(text, tmp_path):
    (tmp_path / "page.md").write_text(text)
    with pytest.raises((Exception, pytest.fail.Exception)):
        run(tmp_path / "page.md")


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the command lines of a page's shell blocks, comments and line ends removed."""
    for language, body, _ in blocks(page):
        if language in ("sh", "console"):
            for line in body.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words:
                    yield words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_that_a_page_names_exist(page):
    import typer

    from rankkit.cli import app

    known = set(typer.main.get_command(app).commands)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    inline = [
        ["rankkit", word] for word in re.findall(r"`rankkit ([a-z]+)", page.read_text(encoding="utf-8"))
    ]
    for words in [*commands(page), *inline]:
        program = Path(words[0]).name
        if program == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, words
        if program == "rankkit" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in known, words
        for word in words[1:]:
            if program in ("python", "python3", "sh") and word.endswith((".py", ".sh")):
                assert (ROOT / word).is_file(), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    for target in targets:
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


def test_every_citation_has_its_entry():
    known = set(parse_file(ROOT / "docs/references.bib").entries)
    for path in SOURCES:
        cited = set(CITATION.findall(path.read_text(encoding="utf-8")))
        assert cited <= known, (
            f"{path.relative_to(ROOT)} cites {sorted(cited - known)}, absent from docs/references.bib"
        )
    references = {theorem.reference for theorem in rk.theorems.all()} - {"rankkit"}
    assert references <= known


def test_nobody_is_sent_to_the_other_package_of_this_name():
    """The distribution is softmax-rankkit; the name without its first half belongs to somebody else."""
    for path in [*SOURCES, *ROOT.glob("docs/*.py"), *ROOT.glob("tools/*"), *ROOT.glob("notebooks/*.ipynb")]:
        found = re.search(r"pip install (-U |--upgrade )?['\"]?rankkit", path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found}"


def test_the_version_is_told_once():
    assert f"version: {rk.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {rk.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_default_head_is_as_the_pages_describe_it():
    head = next(dataset for dataset in rk.datasets.available() if dataset.name == "ppocr-v4")
    readme, quickstart, concepts = (
        (ROOT / page).read_text(encoding="utf-8")
        for page in ("README.md", "docs/quickstart.md", "docs/concepts.md")
    )
    assert f"{head.classes:,} classes of a text recogniser, read from states of width {head.d}" in readme
    assert f"({head.size_mb:.0f} MB)" in quickstart
    assert f"({head.d} in the default head" in concepts
    assert f"({head.classes:,} characters there)" in concepts
