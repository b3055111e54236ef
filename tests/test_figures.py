"""Figures: what is drawn is what was found, noise is never drawn, and nothing global changes."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import rankkit as rk
from rankkit import datasets, figures
from rankkit.errors import DatasetMissing
from rankkit.figures import gallery, style
from rankkit.figures.argmax_map import centrality
from rankkit.figures.svg import theme, to_svg
from rankkit.ranks import channel_ranks, gain_sweep

matplotlib.use("agg")


@pytest.fixture(scope="module")
def head():
    """Corners, an inner class, a zero row, and two equal rows."""
    W = np.concatenate([3 * np.eye(3), -3 * np.eye(3), [[0.2, 0.1, 0.1], [0, 0, 0], [0, 0, 3]]])
    return rk.Head(W, name="corners")


@pytest.fixture(scope="module")
def logits():
    rng = np.random.default_rng(1)
    return rk.Head(rng.standard_normal((40, 3)), name="drawn").logits(rng.standard_normal((30, 3)))


@pytest.fixture(scope="module")
def results(head, logits):
    return {
        "spectrum": (rk.spectrum(logits, center="classes"),),
        "tolerance_curve": ({"drawn": rk.spectrum(logits, center="classes")},),
        "rank_gain": (rk.rank_gain(logits, levels=[0.1, 1e-3, 1e-15]),),
        "gain_sweep": (gain_sweep("scale", [0.5, 2], contexts=20, classes=30, d=2),),
        "channel_ranks": (channel_ranks([0.2, 0.8], ["linear", "ReLU"], channels=10, samples=30),),
        "argmax_map": (rk.argmaxable(head), head),
        "rank_ladder": ([rk.rank_bounds(logits, subject=s) for s in ("scores", "log_probs", "centred")], 3),
    }


NAMES = (
    "spectrum", "tolerance_curve", "rank_gain", "gain_sweep", "channel_ranks", "argmax_map", "rank_ladder",
)  # fmt: skip


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_takes_axes_or_makes_its_own_and_changes_nothing_global(name, results, ax):
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    draw = getattr(figures, name)
    assert draw(*results[name], ax=ax) is ax
    own = draw(*results[name])
    assert isinstance(own, Axes)
    assert own.figure is not ax.figure
    pyplot.close(own.figure)
    assert dict(matplotlib.rcParams) == before


def test_a_spectrum_draws_no_noise_and_says_how_much_it_left_out(results, ax):
    (s,) = results["spectrum"]
    figures.spectrum(s, ax)
    drawn = ax.lines[0].get_ydata()
    hidden = len(s.values) - len(drawn)
    assert hidden > 0
    assert (drawn > s.noise_floor).all()
    assert (np.sort(s.values)[:hidden] <= s.noise_floor).all()
    words = " ".join(text.get_text() for text in ax.texts)
    assert f"{hidden} values not drawn" in words
    assert f"rank {s.numerical_rank()}" in words
    assert ax.lines[1].get_ydata()[0] == s.tolerance()


def test_a_spectrum_without_noise_claims_none(ax):
    figures.spectrum(rk.spectrum(np.diag([3.0, 2.0, 1.0])), ax)
    assert not any("not drawn" in text.get_text() for text in ax.texts)


@pytest.mark.parametrize("scale", [1e-300, 1e290])
def test_a_spectrum_at_the_ends_of_float64_can_be_drawn(ax, scale):
    figures.spectrum(rk.spectrum(scale * np.diag([3.0, 2.0, 1.0])), ax)
    ax.figure.canvas.draw()
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([3 * scale, 2 * scale, scale])


def test_a_spectrum_of_nothing_says_so(ax):
    figures.spectrum(rk.spectrum(np.zeros((3, 2))), ax)
    ax.figure.canvas.draw()
    assert not ax.lines
    assert "none of 2 singular values" in ax.texts[0].get_text()


def test_the_gain_is_drawn_as_measured_and_where_it_is_measurable_only(results, ax):
    (g,) = results["rank_gain"]
    assert not g.measurable.all(), "the finest level must lie in the noise, or this test shows nothing"
    figures.rank_gain(g, ax)
    curves = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert set(curves) == set(g.families)
    for i, family in enumerate(g.families):
        seen = np.flatnonzero(g.measurable[i])
        assert curves[family].get_xdata().tolist() == seen.tolist()
        assert curves[family].get_ydata().tolist() == g.gain[i][seen].tolist()


def test_the_gain_shows_every_proved_bound(results, ax):
    (g,) = results["rank_gain"]
    figures.rank_gain(g, ax)
    hollow = [line.get_ydata()[0] for line in ax.lines if line.get_markerfacecolor() == "none"]
    linear = g.linear[g.measurable[0]][-1]
    assert sorted(hollow) == sorted(bound.value - linear for bound in g.upper)


def test_the_map_places_every_class_once_under_its_verdict(results, ax):
    report, head = results["argmax_map"]
    figures.argmax_map(report, head, ax)
    norm, cosine = centrality(head)
    groups = {c.get_label().partition(":")[0]: c.get_offsets() for c in ax.collections}
    assert set(groups) == {"can win", "never wins", "ties with an equal row"}
    for words, classes in (("never wins", report.unargmaxable), ("ties with an equal row", report.tied)):
        assert np.array_equal(groups[words], np.column_stack([norm[classes], cosine[classes]]))
    assert sum(map(len, groups.values())) == head.classes


def test_centrality_of_a_zero_row_and_a_zero_mean_is_zero():
    norm, cosine = centrality(rk.Head(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])))
    assert norm.tolist() == [1, 1, 0]
    assert cosine.tolist() == [0, 0, 0]


def test_centrality_of_huge_rows_does_not_overflow():
    norm, cosine = centrality(rk.Head(1e200 * np.array([[3.0, 4.0], [3.0, 4.0]])))
    assert norm.tolist() == pytest.approx([5e200, 5e200])
    assert cosine.tolist() == pytest.approx([1, 1])


def test_the_ladder_draws_the_proved_intervals(results, ax):
    reports, d = results["rank_ladder"]
    figures.rank_ladder(reports, d, ax)
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 6 and len(line.get_xdata())]
    assert [list(bar) for bar in bars] == [[r.lower, r.upper] for r in reports]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "logits",
        "log-probabilities",
        "centred logits",
    ]


#: How deuteranopia and protanopia change linear RGB (Machado, Oliveira and Fernandes 2009).
BLINDNESS = (
    ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
)


def apart(a, b):
    """Distance of two colours in sRGB, the smallest over ways to see them."""

    def seen(colour, matrix):
        value = np.array(to_rgb(colour))
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        linear = np.clip(np.array(matrix) @ linear, 0, 1)
        return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)

    return min(np.linalg.norm(seen(a, m) - seen(b, m)) for m in (*BLINDNESS, np.eye(3)))


@pytest.mark.parametrize("dark", [False, True])
def test_series_colours_stay_apart_for_people_who_confuse_red_and_green(dark):
    colours = re.findall(r"--fig-\d: (#[0-9a-f]{6})", theme(dark))
    assert len(colours) == len(style.SERIES)
    assert min(apart(a, b) for a, b in itertools.combinations(colours, 2)) > 0.12


def test_a_red_and_a_green_that_are_confused_would_be_seen():
    assert apart("#c83737", "#388c28") < 0.02


def svg_of(results, name="argmax_map", standalone=True):
    figure = Figure(layout="constrained")
    getattr(figures, name)(*results[name], ax=figure.subplots())
    return to_svg(figure, "pic", "A title", "Words with < and &", standalone=standalone)


@pytest.mark.parametrize("name", NAMES)
def test_svg_is_well_formed_prefixed_and_loads_nothing(name, results):
    svg = svg_of(results, name)
    ids = [element.get("id") for element in ET.fromstring(svg).iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(i.startswith("pic-") for i in ids)
    for target in re.findall(r'href="([^"]*)"|url\(([^)]*)\)', svg):
        place = "".join(target)
        assert place.startswith("data:") or place.removeprefix("#") in ids
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "<text" in svg, "letters stay letters, for search and screen readers"


def test_numbers_that_are_read_keep_their_digits():
    figure = Figure()
    figure.text(0.12345, 0.5, "above 0.00125 of 3.14159")
    svg = to_svg(figure, "pic", "A title", "Words")
    assert "above 0.00125 of 3.14159" in svg
    assert not re.search(r'<[^>]* x="-?\d+\.\d{3}', svg)


def test_svg_colours_follow_the_theme(results):
    svg = svg_of(results, "rank_gain", standalone=False)
    used = set(re.findall(r"var\((--fig-[a-z0-9]+)\)", svg))
    assert {"--fig-ink", "--fig-0"} <= used
    for dark in (False, True):
        assert used <= set(re.findall(r"(--fig-[a-z0-9]+):", theme(dark)))
    assert re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", svg) == []
    assert theme() != theme(dark=True)


def test_the_gallery_draws_a_labelled_synthetic_head_where_no_real_one_is(tmp_path, monkeypatch):
    def missing(name):
        raise DatasetMissing(f"{name} is not here")

    monkeypatch.setattr(datasets, "load", missing)
    written = gallery.draw_all(tmp_path / "new" / "folder", seed=3)
    assert [path.name for path in written] == [
        "rank_gain.svg",
        "spectrum.svg",
        "tolerance_curve.svg",
        "argmax_map.svg",
        "rank_ladder.svg",
        "gain_by_scale.svg",
        "gain_by_segments.svg",
        "channel_ranks.svg",
        "head_perplexities.svg",
        *(f"argmax_{step}.svg" for step in figures.STEPS),
    ]
    for path in written:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        description = next(e.text for e in root.iter() if e.tag.endswith("desc"))
        assert description.startswith(("synthetic", "normal logits", "random weights", "published"))


def test_the_tolerance_curve_says_whether_there_is_a_rank_and_stops_at_the_noise(logits, ax):
    smooth = rk.spectrum(rk.Head(logits.head.W[:, :1]).logits(logits.H[:, :1]), rk.functions.Exp(), "classes")
    linear = rk.spectrum(logits, center="classes")
    figures.tolerance_curve({"line": linear, "exp": smooth, "zero": rk.spectrum(np.zeros((2, 2)))}, ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "line: rank 3",
        "exp: no numerical rank",
        "zero: rank 0",
    ]
    for s, line in zip((linear, smooth), ax.get_lines()[::2], strict=False):
        assert line.get_xdata().min() * s.top >= s.noise_floor


def test_a_sweep_of_segments_draws_the_law_it_is_held_against(ax):
    s = gain_sweep("segments", [10, 1000], contexts=30, classes=40, d=2)
    measured, law = figures.gain_sweep(s, ax).get_lines()
    assert measured.get_ydata() == pytest.approx(s.beyond[0])
    assert law.get_ydata()[0] / law.get_ydata()[1] == pytest.approx(10)


@pytest.mark.parametrize("step", figures.STEPS)
def test_every_step_of_the_search_is_drawn_from_verdicts(step, ax):
    figures.argmax_step(step, ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(labels) >= 2
    if step == "exact":
        assert {text.get_text() for text in ax.texts} >= {"exact"}
    with pytest.raises(rk.InputError, match="corners"):
        figures.argmax_step("none", ax)
