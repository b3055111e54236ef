"""The table of perplexities says where every row is from, and agrees with what is known of ranks."""

import dataclasses
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure
from pybtex.database import parse_file

import rankkit as rk
from rankkit.learn import perplexities

matplotlib.use("agg")
ROOT = Path(__file__).parents[1]
ROWS = perplexities()
WIDTH = {
    ("PTB", "linear"): 400,
    ("WikiText-2", "linear"): 400,
    ("PTB", "moc 15"): 280,
    ("WikiText-2", "moc 15"): 300,
}


def test_every_row_has_its_source():
    known = set(parse_file(ROOT / "docs/references.bib").entries)
    assert all(row.source in known or (ROOT / row.source).is_file() for row in ROWS)
    assert all(row.place for row in ROWS)
    assert len({(row.text, row.training, row.head, row.runs) for row in ROWS}) == len(ROWS)


def test_a_spread_is_there_where_runs_are_averaged_and_only_there():
    assert all((row.test_sd is not None) == (row.runs > 1) for row in ROWS)
    assert all(row.rank is not None or row.rank_sd is None for row in ROWS)


def test_published_ranks_of_linear_heads_and_mixtures_of_contexts_are_width_bias_and_normaliser():
    seen = [row for row in ROWS if (row.text, row.head) in WIDTH]
    assert len(seen) >= 8
    assert all(row.rank == WIDTH[row.text, row.head] + 2 for row in seen)


def test_our_own_linear_head_has_rank_of_width_and_bias_with_row_means_removed():
    own = [row for row in ROWS if row.source == "examples/language_model.py"]
    assert {row.rank for row in own if row.head == "linear"} == {64 + 1}
    assert {row.head for row in own} >= {"linear", "sigsoftmax", "gss", "plif", "mos 3"}


@pytest.mark.parametrize("text", ["PTB", "WikiText-2"])
def test_rank_does_not_order_the_published_heads(text):
    at = {row.head: row for row in ROWS if (row.text, row.training) == (text, "ET-ASGD") and row.runs > 1}
    assert at["linear"].rank < at["plif"].rank < at["sigsoftmax"].rank < at["gss"].rank < at["mos 15"].rank
    assert at["mos 15"].test < at["plif"].test < min(at[head].test for head in ("sigsoftmax", "gss"))


def test_the_figure_compares_with_the_linear_head_of_the_same_group():
    rows = [row for row in ROWS if row.runs > 1]
    alone = dataclasses.replace(rows[0], text="another", head="mos")
    axes = rk.figures.head_perplexities([*rows, alone], Figure().subplots())
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == list(dict.fromkeys(row.head for row in rows))
    groups = {(row.text, row.training, row.runs): row.test for row in rows if row.head == "linear"}
    assert len(axes.containers) == len(groups)
    for (group, linear), container in zip(groups.items(), axes.containers, strict=True):
        own = [row.test for row in rows if (row.text, row.training, row.runs) == group]
        assert container.lines[0].get_xdata() == pytest.approx([test / linear for test in own])
        assert container.get_label().startswith(group[0])


def test_without_a_linear_head_there_is_nothing_to_compare_with():
    with pytest.raises(rk.InputError, match="rows has no linear head"):
        rk.figures.head_perplexities([row for row in ROWS if row.head != "linear"])
