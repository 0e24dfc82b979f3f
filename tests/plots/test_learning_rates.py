"""plots.learning_rates: the loss against the rate, with the rate that is suggested."""

import numpy as np
import pytest

from minigrad import plots
from minigrad.training import LearningRateSearch

RATES = tuple(10.0 ** np.arange(-4, 2))
FOUND = LearningRateSearch(RATES, (2.0, 1.9, 1.0, 0.5, 1.5, np.inf), (2.0, 1.9, 1.2, 0.8, 0.9, np.inf))


def test_the_losses_are_drawn_against_a_logarithmic_rate(axes):
    assert plots.learning_rates(FOUND, axes=axes) is axes
    faint, mean, _ = axes.lines
    assert axes.get_xscale() == "log"
    assert faint.get_ydata().tolist() == list(FOUND.losses)
    assert mean.get_xdata().tolist() == list(RATES)
    axes.figure.canvas.draw()


def test_the_suggested_rate_is_marked(axes):
    plots.learning_rates(FOUND, axes=axes)
    assert axes.lines[2].get_xdata() == [0.01, 0.01]
    assert [text.get_text() for text in axes.texts] == ["lr = 0.01"]


def test_what_explodes_leaves_the_picture(axes):
    plots.learning_rates(
        LearningRateSearch(RATES, (2.0, 1.9, 1.0, 0.5, 1.5, 1e30), (2.0, 1.9, 1.2, 0.8, 0.9, 1e29)), axes=axes
    )
    low, high = axes.get_ylim()
    assert low < 0.5
    assert 2.0 < high < 10


def test_something_else_is_refused():
    with pytest.raises(TypeError, match=r"found must be what training\.find_learning_rate returned, not list"):
        plots.learning_rates([0.1])
