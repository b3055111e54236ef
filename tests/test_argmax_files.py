"""The certificates of all classes in one file: short, complete, and decided by the checker on its own."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import rankkit as rk
from rankkit.certificates import Directions, checker
from rankkit.certificates.encoding import encode
from rankkit.reach import directions


def head(bias: bool, scale: float = 1.0) -> rk.Head:
    rng = np.random.default_rng(0)
    W = rng.standard_normal((600, 6)) * np.exp(rng.standard_normal((600, 1)) / 4) + 5
    W[-1] = W[0]
    b = rng.standard_normal(600)
    b[-1] = b[0]
    return rk.Head(W * scale, b * scale if bias else None)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a map pay for few classes too."""
    monkeypatch.setattr(directions, "MANY", 100)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("bias", [False, True])
def test_a_file_proves_every_class_in_few_numbers(
    tmp_path: Path, bias: bool, scale: float, suffix: str
) -> None:
    h = head(bias, scale)
    report = rk.argmaxable(h)
    path = tmp_path / f"c.{suffix}"
    report.save(path)
    found = rk.certificates.load(path)
    shared = [c for c in found if isinstance(c, Directions)]
    assert len(shared) == 1
    assert len(shared[0].classes) > 40
    assert rk.certificates.check_all(found, h) == [True] * len(found)
    winners = {i for c in shared for i in c.classes} | {c.cls for c in found if isinstance(c, rk.Witness)}
    assert winners >= set(report.argmaxable.tolist())
    losers = {c.cls for c in found if isinstance(c, rk.Combination)}
    assert losers == {*report.unargmaxable.tolist(), *report.tied.tolist()}
    assert not losers & set(shared[0].classes)


def test_few_classes_keep_their_states(tmp_path: Path) -> None:
    rk.argmaxable(head(True)).save(tmp_path / "c.npz")
    assert not any(isinstance(c, Directions) for c in rk.certificates.load(tmp_path / "c.npz"))


def claim(h: rk.Head) -> dict:
    report = rk.argmaxable(h)
    shared = directions.shared_directions(report.ledger, h.fingerprint, report.argmaxable.tolist())
    assert shared is not None
    return shared.to_json()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("bias", [False, True])
def test_every_mutation_of_shared_directions_is_refused(bias: bool) -> None:
    h = head(bias)
    c = claim(h)
    assert rk.check(c, h) is True
    never = next(i for i in rk.argmaxable(h).unargmaxable.tolist())
    through = checker.files.decode(c["through"])
    wrong: list[dict] = [
        {"head": "0" * 64},
        {"classes": [*c["classes"][:-1], never]},
        {"classes": [*c["classes"][:-1], 0 if c["classes"][0] else 599]},  # one of a tied pair
        {"classes": [*c["classes"][:-1], c["classes"][0]]},
        {"classes": [*c["classes"][:-1], 600]},
        {"classes": [*c["classes"][:-1], -1]},
        {"classes": [*c["classes"][:-1], True]},
        {"classes": c["classes"][:-1]},
        {"classes": [], "exponents": []},
        {"exponents": [*c["exponents"][:-1], 0.5]},
        {"exponents": [*c["exponents"][:-1], 10**6]},
        {"exponents": [*c["exponents"][:-1], 4000]},
        {"centre": encode(np.zeros(5))},
        {"centre": encode(np.full(6, np.nan))},
        {"centre": encode(np.full(6, 9.0))},
        {"through": encode(-through)},
        {"through": encode(0 * through)},
        {"through": encode(through[:5])},
        {"through": encode(np.full_like(through, np.inf))},
        {"through": None},
        {"domain": {"lower": encode(np.array(-1.0)), "upper": encode(np.array(1.0))}},
    ]
    for fields in wrong:
        verdict = rk.check(copy.deepcopy(c) | fields, h)
        assert not verdict, fields
        assert len(verdict) > 10
    for key in c:
        assert not rk.check({k: v for k, v in c.items() if k != key}, h)
