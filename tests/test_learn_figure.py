"""The figure of a learned function shows that function, on the logits of the fit."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import rankkit as rk
from rankkit.learn import dirichlet, fit

matplotlib.use("agg")


@pytest.mark.parametrize("head", ["lms-plif", "rational-quadratic", "sigsoftmax"])
def test_it_draws_the_function_over_the_range_of_the_logits(head):
    result = fit(dirichlet(12, 8, 0.5, 0), head, d=2, steps=40)
    axes = rk.figures.learned_function(result, Figure().subplots())
    line, curve = axes.get_lines()
    z, drawn = curve.get_data()
    logits = result.head.logits(result.H).dense()
    assert (z[0], z[-1]) == (logits.min(), logits.max())
    assert drawn == pytest.approx(result.function(np.asarray(z)))
    # the least-squares line leaves nothing that a line could take
    left = result.function(logits) - np.interp(logits, *line.get_data())
    assert np.abs([left.mean(), (left * logits).mean()]).max() < 1e-8 * np.abs(logits).max() ** 2
    (histogram,) = axes.collections
    assert histogram.get_paths()[0].vertices[:, 1].max() <= 0.3


def test_a_mixture_has_none():
    with pytest.raises(rk.InputError, match="mos has no function on the logits"):
        rk.figures.learned_function(fit(dirichlet(6, 5, 1.0, 0), "mos", d=1, steps=2))
