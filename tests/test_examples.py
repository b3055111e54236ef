"""The examples run, and what they print is a table of what they trained."""

import runpy
import sys

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; it is the extra 'torch'")


@pytest.mark.filterwarnings("default")
def test_a_language_model_is_trained_with_every_head(tmp_path, monkeypatch, capsys):
    text = tmp_path / "text.txt"
    text.write_text(400 * "The cat saw the dog, and the dog saw the bird. The bird saw 3 cats! ")
    small = [
        "--words",
        "12",
        "--d",
        "4",
        "--hidden",
        "8",
        "--segments",
        "50",
        "--epochs",
        "8",
        "--contexts",
        "60",
    ]
    monkeypatch.setattr(sys, "argv", ["language_model.py", "--file", str(text), *small])
    runpy.run_path("examples/language_model.py", run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    rows = {line[:12].strip(): line[12:].split() for line in said[2:]}
    assert list(rows) == ["linear", "dnd", "sigsoftmax", "gss", "plif frozen", "plif", "mos"]
    for figures in rows.values():
        assert float(figures[2]) < 11  # of 12 words
    assert int(rows["linear"][3]) <= 5
    assert int(rows["dnd"][0].replace(",", "")) > int(rows["linear"][0].replace(",", ""))
