"""trouble: the first NaN or Inf, and how far it went."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz
from minigrad.viz.trouble import trouble_of


def recorded(function, *numbers):
    x = mg.Variable(np.array(numbers), name="x")
    with viz.record(time=False) as rec, np.errstate(all="ignore"):
        function(x).backward()
    return rec.draw(view="ops")


def test_nothing_is_wrong_with_finite_numbers():
    assert trouble_of(recorded(lambda x: (x * x).sum(), 1.0, 2.0).graph) is None


def test_the_path_ends_where_the_numbers_are_finite_again():
    diagram = recorded(lambda x: F.where(np.array([True, False]), F.log(x), x).sum(), 1.0, -1.0)
    trouble = trouble_of(diagram.graph)
    assert trouble.node.name == "Log"
    assert list(trouble.path) == []


def test_the_path_of_backward_goes_to_the_gradients():
    trouble = trouble_of(recorded(lambda x: (F.sqrt(x) * 0.0).sum(), 0.0, 1.0).graph)
    assert (trouble.node.kind, trouble.node.name) == ("derivative", "Sqrt")
    assert list(trouble.path) == [(trouble.node.id, "gradient1")]


def test_how_many_of_all_are_not_finite():
    assert "NaN 1, Inf 1 / 4" in recorded(lambda x: F.log(x).sum(), 1.0, -1.0, 0.0, 2.0).dot


class Masked(nn.Module):
    def __init__(self):
        self.inner = Inner()

    def forward(self, x):
        return self.inner(x) * 2.0


class Inner(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(np.array([1.0, -1.0]))

    def forward(self, x):
        return F.where(np.array([True, False]), F.log(self.w * x), x)


def test_a_folded_layer_has_the_trouble_of_what_is_in_it():
    model = Masked()
    with viz.record(model, time=False) as rec, np.errstate(all="ignore"):
        model(np.ones(2)).sum().backward()
    for view in ("ops", "layers"):
        assert "NaN 1 / 2" in rec.draw(view=view).dot


@pytest.mark.parametrize("color", ["family", "flops"])
def test_its_words_can_be_read_on_every_colour(color):
    x = mg.Variable(np.array([-1.0]), name="x")
    with viz.record() as rec, np.errstate(all="ignore"):
        F.log(x).sum()
    text = rec.draw(view="ops", color=color).dot
    shown = "#b3261e" if color == "family" else "#1f2933"
    assert f'<FONT COLOR="{shown}" POINT-SIZE="10.5"><B>NaN 1 / 1</B></FONT>' in text
