"""The command line: what it prints and writes, one sentence for a bad input, and its exit codes."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import rankkit as rk
from rankkit import certificates, datasets
from rankkit.cli import app
from rankkit.cli.output import SHOWN
from rankkit.cli.selftest import CHECKS
from rankkit.errors import DatasetMissing
from rankkit.heads import save_head
from rankkit.report.findings import signed

COMMANDS = (
    *("report", "spectrum", "argmax", "gain", "fit"),
    *("check", "theorems", "datasets", "figures", "selftest"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A head in whose middle class 20 can never win, its transpose, contexts, and files that are wrong."""
    place = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(2)
    W = rng.integers(-40, 41, (24, 4)).astype(float)
    W[20] = W[:4].mean(axis=0)
    np.savez(place / "head.npz", W=W, b=np.zeros(24))
    np.savez(place / "turned.npz", W=W.T)
    np.savez(place / "other.npz", W=W + 1.0)
    np.savez(place / "shifted.npz", W=W.T, b=np.zeros(24))
    np.save(place / "nan.npy", np.full((30, 4), np.nan))
    np.savez(place / "nan.npz", W=np.where(W > 30, np.nan, W))
    np.savez(place / "complex.npz", W=W + 1j)
    np.savez(place / "two.npz", first=W, second=W)
    np.save(place / "contexts.npy", rng.standard_normal((30, 4)))
    np.save(place / "narrow.npy", rng.standard_normal((30, 3)))
    (place / "weights.pt").write_bytes(b"\x80\x04.")
    (place / "junk.npz").write_text("not an archive")
    return place


@pytest.fixture
def head(folder):
    return rk.load_head(folder / "head.npz")


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == code, result.output
    if code != 0:
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
    return result


def test_version_and_help():
    assert run("--version").stdout == f"rankkit {rk.__version__}\n"
    text = run("--help").stdout
    assert all(command in text for command in COMMANDS)
    for command in COMMANDS:
        assert "Usage" in run(command, "--help").stdout


def test_report_writes_both_files_and_ends_with_the_page_and_its_check(folder, tmp_path, monkeypatch):
    out = tmp_path / "page.html"
    monkeypatch.chdir(folder)
    result = run("report", "head.npz", "--contexts", "contexts.npy", "--out", out)
    *_, place, check = result.stdout.splitlines()
    assert place == f"The page is at {out}"
    assert Path(place.removeprefix("The page is at ")).is_absolute()
    data = json.loads(out.with_suffix(".json").read_text())
    assert data["contexts"]["how"] == "30 read from contexts.npy"
    assert f"that never can: {len(data['argmax']['unargmaxable'])}" in result.stdout

    page = out.read_text()
    assert "rankkit check head-certificates.npz" in page
    content = re.search(r"data:application/octet-stream;base64,([^\"]+)", page)[1]
    Path("head-certificates.npz").write_bytes(base64.b64decode(content))
    command = check.partition(
        "save head-certificates.npz from the page into this folder, then run: rankkit "
    )[2]
    assert "All hold" in run(*shlex.split(command)).stdout


def test_report_as_json_prints_the_record_and_nothing_else(folder, tmp_path):
    out = tmp_path / "page.html"
    result = run("report", folder / "head.npz", "--out", out, "--json", "--seed", 4)
    assert json.loads(result.stdout) == json.loads(out.with_suffix(".json").read_text())
    assert json.loads(result.stdout)["seed"] == 4


@pytest.mark.parametrize(
    ("of", "rank", "values"), [("weights", 4, 4), ("logits", 4, 24), ("log-probs", 5, 24), ("centred", 4, 24)]
)
def test_spectrum(folder, of, rank, values):
    arguments = ("spectrum", folder / "head.npz", "--of", of, "--contexts", folder / "contexts.npy")
    found = json.loads(run(*arguments, "--json").stdout)
    assert found["numerical_rank"] == rank
    assert len(found["values"]) == values
    assert "noise floor" in run(*arguments).stdout


def test_spectrum_prints_every_number_with_its_rule(folder):
    arguments = ("spectrum", folder / "head.npz", "--of", "centred", "--contexts", folder / "contexts.npy")
    rows = {row["name"]: row for row in json.loads(run(*arguments, "--numbers", "--json").stdout)["numbers"]}
    assert rows["numpy"]["value"] == rows["visible in float32"]["value"] == rows["plateau"]["value"] == 4
    assert rows["press"]["tolerance"] < rows["numpy"]["tolerance"]
    printed = run(*arguments, "--numbers").stdout
    assert all(name in printed for name in rows)
    assert "exp H(p)" in printed


def test_argmax_saves_certificates_that_check_accepts(folder, tmp_path, head):
    saved = tmp_path / "c.npz"
    found = json.loads(run("argmax", folder / "head.npz", "--json", "--save", saved).stdout)
    verdicts = rk.argmaxable(head)
    assert found["unargmaxable"] == verdicts.unargmaxable.tolist()
    assert 20 in found["unargmaxable"]
    assert len(found["rows"]) == 24
    assert "unargmaxable" in run("argmax", folder / "head.npz", "--limit", 0).stdout
    reasons = " ".join(run("argmax", folder / "head.npz").stdout.split())
    assert "None" not in reasons
    assert reasons.count("a weighted average of") + reasons.count("never above") == len(found["unargmaxable"])
    assert "All hold" in run("check", saved, folder / "head.npz").stdout


def test_argmax_takes_bounds_on_the_states(folder, tmp_path):
    saved = tmp_path / "c.json"
    arguments = ("argmax", folder / "head.npz", "--lower", -1, "--upper", 0.5, "--save", saved)
    found = json.loads(run(*arguments, "--json").stdout)
    assert found["domain"] == "Box(lower=-1, upper=0.5)"
    assert {c.domain for c in certificates.load(saved)} == {rk.domains.Box(-1, 0.5)}
    assert "All hold" in run("check", saved, folder / "head.npz").stdout
    assert "within the bounds" in " ".join(run("argmax", folder / "head.npz", "--lower", 0).stdout.split())
    assert "lower" in run("argmax", folder / "head.npz", "--lower", 1, "--upper", 0, code=1).stderr


def test_argmax_says_what_a_class_ties_with(tmp_path):
    np.savez(tmp_path / "twins.npz", W=[[1.0, 0], [0, 1], [-1, -1], [0, 1]])
    assert "same row as 3 (3); together they can win" in run("argmax", tmp_path / "twins.npz").stdout


def test_gain(folder):
    arguments = ("gain", folder / "head.npz", "--contexts", folder / "contexts.npy")
    rows = json.loads(run(*arguments, "--json").stdout)["rows"]
    assert {row["gain"] for row in rows if row["family"] == "Identity"} <= {0, None}
    shown = run(*arguments).stdout
    assert "Rank added to the linear head" in shown
    assert "measured on all 30 contexts" in shown
    (first,) = [line.split() for line in shown.splitlines() if line.startswith("linear head, count")]
    linear = {row["level"]: row["linear"] for row in rows}
    assert first[3:] == [str(linear[level]) for level in SHOWN] + ["4"]


def test_gain_says_of_how_many_contexts_it_took_a_sample(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "small.npz", W=rng.standard_normal((9, 2)))
    np.save(tmp_path / "many.npy", rng.standard_normal((600, 2)))
    shown = run("gain", tmp_path / "small.npz", "--contexts", tmp_path / "many.npy").stdout
    assert "measured on 500 of the 600 contexts" in shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_number_is_ever_cut(folder, monkeypatch, width):
    from rankkit.cli import output

    monkeypatch.setattr(output, "_WIDTH", width)
    arguments = ("gain", folder / "head.npz", "--contexts", folder / "contexts.npy")
    rows = json.loads(run(*arguments, "--json").stdout)["rows"]
    shown = run(*arguments).stdout
    for family in {row["family"] for row in rows} - {"Identity"}:
        of_it = [row for row in rows if row["family"] == family and row["level"] in SHOWN]
        wanted = [signed(row["gain"]) for row in of_it] + [str(of_it[0]["upper"])]
        lines = [line.removeprefix(family) for line in shown.splitlines() if line.startswith(family)]
        assert " ".join(lines).split() == wanted
    heads = datasets.available()
    shown = run("datasets", "list").stdout
    assert max(map(len, shown.splitlines())) <= width
    for d in heads:
        words = " ".join(line for line in shown.splitlines() if line.startswith(d.name)).split()
        assert {d.name, f"{d.classes:,}", f"{d.d:,}", f"{d.size_mb:.0f}"} <= set(words)


def test_tables_keep_brackets_and_every_letter():
    from io import StringIO

    from rich.console import Console

    from rankkit.cli import output

    names = ["[bold]", "[/x]", ":smile:", "本" * 40, "x" * 200]
    for width in (34, 80):
        text = StringIO()
        console = Console(file=text, width=width, highlight=False, markup=False, emoji=False)
        console.print(
            output.table(("class", "name", "count"), [(i, n, -1234567) for i, n in enumerate(names)])
        )
        letters = "".join(text.getvalue().split())
        assert text.getvalue().count("-1,234,567") == len(names)
        assert letters.count("本") == 40
        assert letters.count("x") == 201
        assert all(name in text.getvalue() for name in names[:3])


def test_fit_gives_a_spread_only_where_there_is_one():
    few = ("fit", "--synthetic", "--head", "linear", "-d", 2, "--contexts", 6, "--classes", 5, "--steps", 3)
    assert "±" not in run(*few, "--truths", 1).stdout
    assert "±" in run(*few, "--truths", 2).stdout


def test_check_refuses_with_code_2_and_the_reason(folder, tmp_path, head):
    path = tmp_path / "c.json"
    good = rk.argmaxable(head).certificate(20)
    certificates.save(path, [good])
    assert run("check", path, folder / "head.npz").stderr == ""
    result = run("check", path, folder / "other.npz", code=2)
    assert "refused: Combination for class 20: the certificate is for other weights" in result.stderr
    assert "All hold" not in result.stdout

    forged = json.loads(path.read_text())
    forged[0]["class"] = 0
    path.write_text(json.dumps(forged))
    refused = json.loads(run("check", path, folder / "head.npz", "--json", code=2).stdout)["refused"]
    assert [r["certificate"] for r in refused] == ["Combination for class 0"]
    assert refused[0]["reason"]


def test_check_tells_which_classes_are_decided_and_where(folder, tmp_path, head):
    files = {name: tmp_path / f"{name}.npz" for name in ("free", "box")}
    run("argmax", folder / "head.npz", "--save", files["free"])
    run("argmax", folder / "head.npz", "--lower", -1, "--upper", 0.5, "--save", files["box"])
    said = {name: run("check", file, folder / "head.npz").stdout for name, file in files.items()}
    of_all = f"{head.classes} of {head.classes} classes are decided"
    assert f"{of_all}.\n" in said["free"]
    assert f"{of_all}, at states in Box(lower=-1, upper=0.5).\n" in said["box"]
    certificates.save(files["free"], certificates.load(files["free"])[-3:])
    shown = json.loads(run("check", files["free"], folder / "head.npz", "--json").stdout)
    assert (shown["decided"], shown["domains"]) == (3, ["Free()"])


def test_no_command_writes_over_the_weights(tmp_path, head):
    weights = tmp_path / "weights.npz"
    save_head(head, weights)
    before = weights.read_bytes()
    for words in (("argmax", weights, "--save", weights), ("report", weights, "--out", weights)):
        assert "holds the weights" in run(*words, code=1).stderr
    assert weights.read_bytes() == before


def test_check_names_what_is_refused_however_it_is_written(folder, tmp_path, head):
    print_ = head.fingerprint
    claims = {
        "Witness for class 3": {"kind": "witness", "head": print_, "class": 3},
        "Directions of 2 classes": {"kind": "directions", "head": print_, "classes": [1, 2]},
        "Minor: rank of matrix >= 2": {"kind": "minor", "head": print_, "subject": "matrix", "rows": [0, 1]},
        "Monomials: rank of scores <= 5": {"kind": "monomials", "subject": "scores", "rank": 5},
        "Ceiling": {"kind": "ceiling"},
        "unknown kind 'proof'": {"kind": "proof"},
        "unknown kind [1]": {"kind": [1]},
        "unknown kind None": {},
        "an entry": None,
    }
    path = tmp_path / "odd.json"
    path.write_text(json.dumps([*claims.values()]))
    refused = json.loads(run("check", path, folder / "head.npz", "--json", code=2).stdout)["refused"]
    assert [r["certificate"] for r in refused] == [*claims]


def test_theorems():
    rows = json.loads(run("theorems", "list", "--json").stdout)
    assert {"order-invariance", "polynomial-rank"} <= {row["slug"] for row in rows}
    assert "order-invariance" in run("theorems", "list").stdout
    (row,) = json.loads(run("theorems", "verify", "order-invariance", "--json").stdout)
    assert row["ok"]
    assert row["instances"] > 0
    assert row["near_misses_broken"] == row["near_misses"] > 0
    assert "ok" in run("theorems", "verify", "order-invariance").stdout


def test_a_theorem_that_fails_is_an_error(monkeypatch):
    from rankkit.theorems import statement

    monkeypatch.setitem(statement.RELATIONS, "invariance", ("=", lambda measured, predicted: False))
    result = run("theorems", "verify", "order-invariance", code=1)
    assert "FAILS" in result.stdout


def test_datasets():
    rows = json.loads(run("datasets", "list", "--json").stdout)
    assert "ppocr-v4" in {row["name"] for row in rows}
    assert "ppocr-v4" in run("datasets", "list").stdout
    assert json.loads(run("datasets", "info", "ppocr-v4", "--json").stdout)["d"] == 120
    shown = run("datasets", "info", "ppocr-v4").stdout
    assert "rapidocr" in shown
    assert "6,625" in shown
    assert not any(raw in shown for raw in ("None", "{", "()", "True"))


def test_a_missing_dataset_is_fetched_once_and_a_line_says_so(monkeypatch, head):
    fetched = []

    def load(name):
        if not fetched:
            raise DatasetMissing("not here")
        return head

    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(datasets, "fetch", fetched.append)
    result = run("spectrum", "ppocr-v4", "--json")
    assert fetched == ["ppocr-v4"]
    assert "Fetching ppocr-v4 once: rapidocr-onnxruntime" in result.stderr
    assert json.loads(result.stdout)["shape"] == [24, 4]


BAD = [
    (("report", "no-such-head"), "neither a file nor a dataset"),
    (("report", "no-such-head"), "ppocr-v4"),
    (("report", "ppocrv4"), "did you mean ppocr-v4"),
    (("argmax", "no-such.npz"), "no such file"),
    (("argmax", "no/such"), "no folder 'no'"),
    (("argmax", "{}/shifted.npz"), "pass --transpose"),
    (("gain", "{}/head.npz", "--contexts", "{}/nan.npy"), "contexts must be finite"),
    (("spectrum", "{}/nan.npz"), "W must be finite"),
    (("spectrum", "{}/two.npz"), "name one with --weight. Its"),
    (("spectrum", "{}/weights.pt"), "pickle"),
    (("spectrum", "{}/junk.npz"), "junk.npz"),
    (("spectrum", "{}/two.npz"), "first"),
    (("spectrum", "{}/head.npz", "--of", "everything"), "wanted one of"),
    (("spectrum", "{}/head.npz", "--rule", "mine"), "wanted one of"),
    (("spectrum", "{}/head.npz", "--weight", "V"), "no tensor 'V'"),
    (("spectrum", "ppocr-v4", "--transpose"), "is a dataset"),
    (("gain", "{}/head.npz", "--contexts", "{}/narrow.npy"), "the last axes must agree"),
    (("gain", "{}/head.npz", "--contexts", "{}/none.npy"), "none.npy"),
    (("report", "{}/head.npz", "--out", "{}/no/folder/r.html"), "not a folder"),
    (("report", "{}/head.npz", "--out", "{}/r.json"), "report.html"),
    (("report", "{}/head.npz", "--out", "{}"), "which is a folder"),
    (("spectrum", "{}/complex.npz"), "complex128"),
    (("argmax", "{}/head.npz", "--save", "{}/c.txt"), "c.txt"),
    (("argmax", "{}/head.npz", "--save", "{}/no/folder/c.npz"), "not a folder"),
    (("argmax", "no-such.npz", "--save", "{}/no/folder/c.npz"), "not a folder"),  # before anything else
    (("check", "{}/none.npz", "{}/head.npz"), "none.npz"),
    (("check", "{}/head.npz", "{}/head.npz"), "not a file of certificates"),
    (("theorems", "verify", "polynomial-rnk"), "did you mean polynomial-rank"),
    (("datasets", "info", "ppocrv5"), "did you mean ppocr-v5"),
    (("datasets", "info", "nothing"), "there is no dataset 'nothing'"),
    (("datasets", "fetch", "nothing"), "there is no dataset 'nothing'"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[f"{a[0]}-{i}" for i, (a, _) in enumerate(BAD)])
def test_bad_input_is_one_sentence_on_stderr_and_code_1(folder, arguments, words):
    result = run(*(a.format(folder) for a in arguments), code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("rankkit: ")
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("spectrum", "--nonsense"), ("--nonsense",), ("check",)]
)
def test_a_mistyped_command_is_bad_input_and_not_a_refused_certificate(arguments):
    assert "sage" in run(*arguments, code=1).stderr


def test_a_transposed_file_reads_like_the_head(folder):
    turned = run("spectrum", folder / "turned.npz", "--transpose", "--json")
    straight = run("spectrum", folder / "head.npz", "--json")
    assert json.loads(turned.stdout)["values"] == pytest.approx(json.loads(straight.stdout)["values"])


def test_what_the_loader_warns_of_is_one_line(folder):
    result = run("spectrum", folder / "turned.npz", "--json")
    assert result.stderr.startswith("rankkit: ")
    assert "--transpose" in result.stderr
    assert json.loads(result.stdout)["shape"] == [4, 24]


def test_interrupting_has_its_own_code(folder, monkeypatch):
    from rankkit import reach

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(reach, "argmaxable", interrupt)
    assert "interrupted" in run("argmax", folder / "head.npz", code=130).stderr


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_a_defect_keeps_its_traceback(folder, monkeypatch, where):
    from rankkit import reach
    from rankkit.reach.argmaxable import argmaxable

    def defect(*_, **__):
        return argmaxable(3) if where == "inside" else len(3)

    monkeypatch.setattr(reach, "argmaxable", defect)
    result = CliRunner().invoke(app, ["argmax", str(folder / "head.npz")])
    assert isinstance(result.exception, TypeError)


def test_selftest_passes_here():
    rows = json.loads(run("selftest", "--json").stdout)
    assert [row["check"] for row in rows] == list(CHECKS)
    assert all(row["ok"] for row in rows)
    assert sum(row["seconds"] for row in rows) < 30
    assert "forgeries" in run("selftest").stdout


def test_selftest_sees_the_other_distribution(monkeypatch):
    owners = {"rankkit": ["softmax-rankkit", "rankkit"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: owners)
    result = run("selftest", code=1)
    assert "belongs to rankkit and softmax-rankkit" in " ".join(result.stdout.split())


def test_selftest_sees_a_checker_that_believes_everything(monkeypatch):
    monkeypatch.setattr(rk, "check", lambda certificate, subject: True)
    rows = json.loads(run("selftest", "--json", code=1).stdout)
    assert [row["check"] for row in rows if not row["ok"]] == ["forgeries"]
    assert "was accepted" in rows[-1]["detail"]


def test_selftest_sees_a_checker_that_believes_nothing(monkeypatch):
    monkeypatch.setattr(rk, "check", lambda certificate, subject: certificates.Refusal("no"))
    rows = json.loads(run("selftest", "--json", code=1).stdout)
    assert [row["check"] for row in rows if not row["ok"]] == ["certificates"]


def test_figures(tmp_path, monkeypatch):
    from rankkit.figures import gallery

    monkeypatch.setattr(gallery, "draw_all", lambda folder, seed: [Path(folder) / f"seed-{seed}.svg"])
    assert run("figures", tmp_path, "--seed", 5).stdout == f"{tmp_path / 'seed-5.svg'}\n"


def process(*arguments):
    command = [sys.executable, "-m", "rankkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_as_a_module_in_its_own_process(folder):
    done = process("spectrum", folder / "head.npz", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["numerical_rank"] == 4
    failed = process("spectrum", folder / "nan.npz")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.count("\n") == 1


def test_report_says_which_tensor_the_contexts_are(folder, tmp_path, head):
    np.savez(tmp_path / "states.npz", hidden=np.random.default_rng(0).standard_normal((30, head.d)))
    words = (
        "report",
        folder / "head.npz",
        "--contexts",
        tmp_path / "states.npz",
        "--out",
        tmp_path / "r.html",
    )
    assert "Contexts: 30 read from states.npz, tensor 'hidden'" in run(*words).stdout
