"""Studies: figures are those of single fits, claims are read off the figures, the command shows both."""

import concurrent.futures
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import rankkit as rk
from rankkit.cli import app
from rankkit.learn import Cell, Study, compare, dirichlet, fit, synthetic_truths

TRUTHS = synthetic_truths(14, 9, alphas=[0.3], truths=2)


@pytest.fixture(scope="module")
def study():
    return compare(TRUTHS, widths=[2], steps=60)


def test_cells_are_means_over_single_fits(study):
    assert [cell.head for cell in study.cells] == ["linear", "sigsoftmax", "lms-plif", "mos"]
    for cell in study.cells:
        fits = [fit(P, cell.head, d=2, steps=60) for P in TRUTHS["alpha 0.3"]]
        assert cell.kl == pytest.approx(np.mean([result.kl for result in fits]))
        assert cell.kl_sd == pytest.approx(np.std([result.kl for result in fits], ddof=1))
        assert cell.mode_match == pytest.approx(np.mean([result.mode_match for result in fits]))
        assert cell.parameters == fits[0].parameters


def test_the_linear_rival_is_the_smallest_of_at_least_that_size(study):
    for cell in study.cells:
        sizes = {d: fit(TRUTHS["alpha 0.3"][0], d=d, steps=1).parameters for d in range(1, 9)}
        assert sizes[cell.linear_d] >= cell.parameters > sizes.get(cell.linear_d - 1, 0)
    cells = {cell.head: cell for cell in study.cells}
    assert cells["linear"].linear_kl == cells["linear"].kl == cells["sigsoftmax"].linear_kl
    assert cells["mos"].linear_kl < cells["linear"].kl


def invented(**kl):
    """A study with made-up divergences; modes fall where divergences rise."""
    cells = (Cell("t", 2, head, value, 0.0, 1 - value, 0.0, 9, 0.1, 2, 1.0) for head, value in kl.items())
    return Study(tuple(cells), 1, 1, 1, 0)


def test_claims_hold_and_fail_with_the_figures():
    def verdicts(**kl):
        return [claim.holds for claim in invented(**kl).claims()]

    assert verdicts(linear=0.5, **{"lms-plif": 0.4}, mos=0.3, sigsoftmax=0.495) == [True, True, True]
    assert verdicts(linear=0.5, **{"lms-plif": 0.2}, mos=0.3, sigsoftmax=0.6) == [False, False, False]
    assert verdicts(linear=0.5, **{"lms-plif": 0.6}, mos=0.3) == [False, False]
    assert verdicts(linear=0.5, mos=0.3) == []
    assert invented(linear=0.5, sigsoftmax=0.2).claims()[0].figures == (0.5, 0.2)


def test_a_study_is_repeated_by_its_seed_and_by_a_pool(study):
    seen = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        again = compare(TRUTHS, widths=[2], steps=60, executor=pool, progress=lambda *of: seen.append(of))
    timeless = [{k: v for k, v in row.items() if k != "seconds_per_step"} for row in again.rows()]
    assert timeless == [{k: row[k] for k in timeless[0]} for row in study.rows()]
    assert seen[-1][0] == seen[-1][1] == len(seen)


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
    2,
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


def test_command_fits_a_file(tmp_path):
    P = dirichlet(8, 12, 1.0, 0)
    np.save(tmp_path / "truth.npy", P)
    arguments = (tmp_path / "truth.npy", "--head", "linear", "-d", 2, "--steps", 30, "--json")
    (row,) = json.loads(run(*arguments).stdout)["rows"]
    assert row["truth"] == "truth.npy"
    assert row["kl"] == pytest.approx(fit(P, d=2, steps=30).kl, rel=1e-9)


def test_command_says_what_is_wrong(tmp_path):
    np.save(tmp_path / "logits.npy", np.arange(6.0).reshape(2, 3))
    assert "either a file with target distributions or --synthetic" in run(code=1).stderr
    assert "rows that sum to 1" in run(tmp_path / "logits.npy", code=1).stderr
    assert "head is 'plif'; wanted linear" in run(*SMALL, "--head", "plif", code=1).stderr
