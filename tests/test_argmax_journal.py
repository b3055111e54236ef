"""An interrupted run goes on where it stopped, and a journal that is not its own is refused."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from argmax_proofs import verdicts
from typer.testing import CliRunner

import rankkit as rk
from rankkit.cli import app
from rankkit.domains import AtLeast, Box, Free
from rankkit.errors import InputError, LoadError
from rankkit.reach.journal import Journal
from rankkit.reach.ledger import Ledger


def head(bias: bool = True, classes: int = 120) -> rk.Head:
    """A head with classes of every kind: winners of all rules, losers, ties, and a class on an edge."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((classes, 3))
    W[-1], W[-2], W[-3] = W[:2].mean(axis=0), W[0], W[1]
    b = rng.standard_normal(classes)
    b[-2] = b[0]
    return rk.Head(W, b if bias else None)


class Stop(Exception):
    pass


def stopped(h: rk.Head, path: Path, after: int, domain: Free | Box | None = None) -> None:
    """Run until ``after`` classes are decided."""

    def interrupt(decided: int, asked: int) -> None:
        if decided >= after:
            raise Stop

    with pytest.raises(Stop):
        rk.argmaxable(h, domain, journal=path, progress=interrupt)


@pytest.mark.parametrize("domain", [Free(), AtLeast(-0.5)], ids=["free", "box"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("after", [0, 60, 100, 118])
def test_a_run_goes_on_where_it_stopped(tmp_path: Path, after: int, bias: bool, domain: Free | Box) -> None:
    h, path = head(bias), tmp_path / "run.jsonl"
    stopped(h, path, after, domain)
    held = Ledger(h, domain, journal := Journal(path, h, domain))
    journal.close()
    known = np.flatnonzero(held.verdicts)
    assert len(known) >= min(after, 100) // 2
    seen = []
    report = rk.argmaxable(h, domain, journal=path, progress=lambda decided, asked: seen.append(decided))
    assert verdicts(report) == verdicts(rk.argmaxable(h, domain))
    assert (report.ledger.verdicts[known] == held.verdicts[known]).all()
    assert (report.ledger.rules[known] == held.rules[known]).all()
    proofs = [report.certificate(int(i)) for i in report.classes]
    assert rk.certificates.check_all(proofs, h) == [True] * h.classes
    lines = path.read_bytes().splitlines()
    again = rk.argmaxable(h, domain, journal=path)
    assert path.read_bytes().splitlines() == lines  # nothing is decided twice
    assert verdicts(again) == verdicts(report)
    for i in report.classes:
        assert again.certificate(int(i)).to_json() == report.certificate(int(i)).to_json()


def test_lines_are_json_and_the_header_says_whose_journal_it_is(tmp_path: Path) -> None:
    h, path = head(), tmp_path / "run.jsonl"
    rk.argmaxable(h, AtLeast(-1), journal=path)
    _, header = json.loads(path.read_bytes().splitlines()[0])
    assert (header["version"], header["head"]) == (rk.__version__, h.fingerprint)
    assert set(header["domain"]) == {"lower", "upper"}
    assert all(len(json.loads(line)) == 2 for line in path.read_bytes().splitlines())


def test_a_torn_last_line_is_dropped_wherever_it_is_torn(tmp_path: Path) -> None:
    h, path = head(), tmp_path / "run.jsonl"
    whole = verdicts(rk.argmaxable(h, journal=path))
    raw = path.read_bytes()
    last = raw[:-1].rindex(b"\n") + 1
    for cut in (last + 1, (last + len(raw)) // 2, len(raw) - 1):
        path.write_bytes(raw[:cut])
        assert verdicts(rk.argmaxable(h, journal=path)) == whole
        assert path.read_bytes().startswith(raw[:last])
    for cut in (0, 1, raw.index(b"\n"), raw.index(b"\n") + 1):  # killed while the header was written
        path.write_bytes(raw[:cut])
        assert verdicts(rk.argmaxable(h, journal=path)) == whole


def test_damage_before_the_last_line_is_named_by_its_line(tmp_path: Path) -> None:
    h, path = head(), tmp_path / "run.jsonl"
    rk.argmaxable(h, journal=path)
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 4
    spoilt = bytearray(lines[2])
    spoilt[len(spoilt) // 2] ^= 1
    for middle in (bytes(spoilt), lines[2][:-5], b"\n", b"[1,2]\n"):
        path.write_bytes(b"".join([*lines[:2], middle, *lines[3:]]))
        before = path.read_bytes()
        with pytest.raises(LoadError, match="line 3"):
            rk.argmaxable(h, journal=path)
        assert path.read_bytes() == before


def test_a_journal_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h, path = head(), tmp_path / "run.jsonl"
    rk.argmaxable(h, journal=path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="another head"):
        rk.argmaxable(head(bias=False), journal=path)
    with pytest.raises(InputError, match="another domain"):
        rk.argmaxable(h, AtLeast(0), journal=path)
    with monkeypatch.context() as patch:
        patch.setattr(rk, "__version__", "9")
        with pytest.raises(InputError, match=r"another version: '0\.1\.0', not '9'"):
            rk.argmaxable(h, journal=path)
    assert path.read_bytes() == before
    for other in (b"my notes", b"my\nnotes\n", b"[3,{}]\n"):
        path.write_bytes(other)
        with pytest.raises(LoadError, match="no journal"):
            rk.argmaxable(h, journal=path)
        assert path.read_bytes() == other
    with pytest.raises(OSError):
        rk.argmaxable(h, journal=tmp_path / "no" / "run.jsonl")


def test_two_runs_do_not_write_one_journal(tmp_path: Path) -> None:
    h, path = head(), tmp_path / "run.jsonl"
    journal = Journal(path, h, Free())
    with pytest.raises(LoadError, match="another process"):
        rk.argmaxable(h, journal=path)
    journal.close()
    rk.argmaxable(h, journal=path)


_RUN = """
import sys
import numpy as np
import rankkit as rk
rng = np.random.default_rng(1)
W = rng.standard_normal((3000, 10))
rk.argmaxable(rk.Head(W, rng.standard_normal(3000)), journal=sys.argv[1])
print("done")
"""


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_loses_nothing_that_was_decided(tmp_path: Path, kind: signal.Signals) -> None:
    """Kill runs at several moments until one ends: each goes on from what the last one wrote."""
    path, kept, done, kills = tmp_path / "run.jsonl", [], False, 0
    rng = np.random.default_rng(1)
    W = rng.standard_normal((3000, 10))
    h = rk.Head(W, rng.standard_normal(3000))
    while not done:
        run = subprocess.Popen(
            [sys.executable, "-c", _RUN, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        size = path.stat().st_size if path.exists() else 0
        while run.poll() is None and kills < 2:  # kill it once it has written something new
            time.sleep(0.01)
            if path.exists() and path.stat().st_size > size + 200:
                time.sleep(0.02 * kills)
                os.kill(run.pid, kind)
                kills += 1
                break
        done = (run.communicate()[0] or "").strip() == "done"
        journal = Journal(path, h, Free())
        kept.append(Ledger(h, None, journal).verdicts)
        journal.close()
    for before, after in itertools.pairwise(kept):
        assert (after[before > 0] == before[before > 0]).all()
    assert kills >= 1
    assert (kept[-1] == rk.argmaxable(h).ledger.verdicts).all()


def test_the_command_line_keeps_a_journal_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rankkit import reach
    from rankkit.reach.argmaxable import argmaxable

    def interrupted(*args: object, progress: object = None, **options: object) -> None:
        def stop(decided: int, asked: int) -> None:
            if decided:
                raise KeyboardInterrupt

        argmaxable(*args, progress=stop, **options)

    h = head()
    np.savez(tmp_path / "head.npz", W=h.W, b=h.b)
    command = ["argmax", str(tmp_path / "head.npz"), "--journal", str(tmp_path / "run.jsonl")]
    with monkeypatch.context() as patch:
        patch.setattr(reach, "argmaxable", interrupted)
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 130
        assert "the same command goes on from there" in result.stderr
        assert "--journal" in CliRunner().invoke(app, command[:2]).stderr
    assert (tmp_path / "run.jsonl").stat().st_size > 200
    assert CliRunner().invoke(app, command).exit_code == 0
    other = [*command[:1], str(tmp_path / "other.npz"), *command[2:]]
    np.savez(tmp_path / "other.npz", W=h.W)
    refused = CliRunner().invoke(app, other)
    assert (refused.exit_code, "another head" in refused.stderr) == (1, True)
