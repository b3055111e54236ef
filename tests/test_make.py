"""The script behind `make demo` and `make test`: what it says on a machine that is not ready, and a retry."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "venv.sh"

OLD = """
case "$*" in
  *platform*) echo 3.9.18 ;;
  *) exit 1 ;;
esac
"""
WITHOUT_VENV = """
case "$*" in
  *ensurepip*) exit 1 ;;
esac
"""
# An interpreter inside an environment, whose pip fails while the file `broken` beside it exists.
INSTALLED = """
here=$(dirname "$0")
case "$*" in
  *"pip install"*)
    echo "$*" >>"$here/calls"
    if [ -e "$here/broken" ]; then cat "$here/broken" >&2; exit 1; fi ;;
esac
"""
NO_NETWORK = "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(...)'\n"
NO_PACKAGE = "ERROR: No matching distribution found for highspy>=99\n"


def executable(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
    return path


def run(venv: Path, **environment: object) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "VENV": str(venv), **{k: str(v) for k, v in environment.items()}}
    return subprocess.run(
        ["sh", str(SCRIPT), "onnx"], env=given, capture_output=True, text=True, check=False, timeout=60
    )


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a failure ends with."""
    assert result.returncode == 1
    return result.stderr.strip().splitlines()[-1]


def test_an_old_python_is_named_with_its_version(tmp_path):
    said = sentence(run(tmp_path / "venv", PYTHON=executable(tmp_path / "python3", OLD)))
    assert "needs Python 3.11 or newer" in said
    assert "is Python 3.9.18" in said


def test_a_python_that_is_not_there_is_named(tmp_path):
    said = sentence(run(tmp_path / "venv", PYTHON=tmp_path / "nowhere"))
    assert f"{tmp_path}/nowhere was not found" in said


def test_a_missing_venv_module_gets_the_line_to_type(tmp_path):
    said = sentence(run(tmp_path / "venv", PYTHON=executable(tmp_path / "python3", WITHOUT_VENV)))
    assert "sudo apt install python3-venv" in said


def test_a_newer_python_is_found_behind_an_old_one(tmp_path):
    """python3 is too old and python3.12 will do: it is the one that is asked to make the environment."""
    executable(tmp_path / "bin/python3", OLD)
    executable(tmp_path / "bin/python3.13", "exit 127")
    executable(tmp_path / "bin/python3.12", 'case "$*" in *"-m venv"*) echo made >&2; exit 1 ;; esac')
    result = run(tmp_path / "venv", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert "with python3.12" in result.stdout
    assert "made" in result.stderr


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "is no virtual environment" in sentence(run(tmp_path))
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [(NO_NETWORK, "check the network"), (NO_PACKAGE, "No matching distribution found for highspy>=99")],
    ids=["network", "package"],
)
def test_after_a_failure_the_next_try_works_and_the_one_after_has_nothing_to_do(tmp_path, complaint, advice):
    python = executable(tmp_path / "bin/python", INSTALLED)
    broken, calls = python.with_name("broken"), python.with_name("calls")
    broken.write_text(complaint)
    said = sentence(run(tmp_path))
    assert advice in said
    assert "run the same command again" in said
    broken.unlink()
    assert run(tmp_path).returncode == 0
    assert len(calls.read_text().splitlines()) == 2
    assert run(tmp_path).stdout == ""
    assert len(calls.read_text().splitlines()) == 2


def test_an_environment_of_another_checkout_is_installed_anew(tmp_path):
    """The stamp says from which folder and which pyproject.toml; another of either does not count."""
    python = executable(tmp_path / "bin/python", INSTALLED)
    (tmp_path / ".installed-onnx").write_text("/somewhere/else\n")
    assert run(tmp_path).returncode == 0
    assert len(python.with_name("calls").read_text().splitlines()) == 1
