"""The notebooks run from top to bottom, and what is stored in them is what a reader should see."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {
        "bottleneck_in_ten_minutes",
        "how_much_rank_does_a_function_buy",
        "what_can_a_head_learn",
    }


@every_notebook
def test_runs_without_an_error(path):
    nbclient = pytest.importorskip("nbclient", reason="needs the notebooks extra: nbclient")
    nbformat = pytest.importorskip("nbformat", reason="needs the notebooks extra: nbformat")
    pytest.importorskip("ipykernel", reason="needs the notebooks extra: ipykernel")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(path.parent))


@every_notebook
def test_is_stored_executed_in_order(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not any(output["output_type"] == "error" for output in outputs)
    assert not any(output.get("name") == "stderr" for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)


@every_notebook
def test_is_small_and_names_no_machine(path):
    assert path.stat().st_size < 300_000
    text = re.sub(r'"image/png": "[^"]*"', "", path.read_text())
    for trace in ("/home/", "/Users/", "/root/", "/tmp/", "/work/", "site-packages"):
        assert trace not in text
    assert set(json.loads(path.read_text())["metadata"]) == {"kernelspec", "language_info"}


@every_notebook
def test_every_section_of_claims_is_asserted(path):
    """A heading that is followed by code has at least one assert before the next heading."""
    sections = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("#"):
            sections.append("")
        elif cell["cell_type"] == "code":
            sections[-1] += source + "\n"
    with_code = [code for code in sections[1:] if code]
    assert with_code
    assert all("assert " in code for code in with_code)
