"""plots.LiveCurves: what it draws of a training that runs, and where."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import minigrad.functions as F
from minigrad import metrics, nn, optim, plots, training
from minigrad.plots import live

X, T = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])


def fit(*callbacks, epochs=3, **options):
    model = nn.Linear(4, 2)
    minibatches = [(X[:2], T[:2]), (X[2:], T[2:])]
    return training.fit(
        model, optim.SGD(model.parameters(), lr=0.1), minibatches, loss=F.softmax_cross_entropy, epochs=epochs,
        validation=minibatches, callbacks=callbacks, progress=False, **options,
    )  # fmt: skip


@pytest.fixture
def notebook(monkeypatch):
    """Something like IPython in a notebook; what it shows is counted."""
    shown = []
    handle = SimpleNamespace(update=lambda figure: shown.append(("update", figure)))

    def display(figure, *, display_id):
        assert display_id
        shown.append(("display", figure))
        return handle

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return shown


def test_at_the_end_the_whole_training_is_drawn():
    drawn = plots.LiveCurves(seconds=1000)
    history = fit(drawn, metrics={"accuracy": metrics.Accuracy()})
    assert [panel.get_title(loc="left") for panel in drawn.axes] == ["loss", "accuracy"]
    line = next(line for line in drawn.axes[0].lines if str(line.get_label()).startswith("validation"))
    assert line.get_ydata().tolist() == history["validation_loss"]
    assert plt.gcf() is drawn.axes[0].figure


def test_it_is_drawn_again_and_again_in_one_figure(notebook, monkeypatch):
    monkeypatch.setattr(live, "monotonic", lambda: 0.0)
    fit(plots.LiveCurves(seconds=0), metrics={"accuracy": metrics.Accuracy()})
    kinds, figures = zip(*notebook, strict=True)
    assert kinds == ("display", *["update"] * 9)  # six steps, three epochs, the end
    assert len(set(map(id, figures))) == 1
    assert len(figures[0].axes) == 2
    assert plt.get_fignums() == []  # or the notebook would show it again


def test_between_two_pictures_there_is_some_time(notebook):
    fit(plots.LiveCurves(seconds=1000))
    assert [kind for kind, _ in notebook] == ["display"]


def test_where_drawing_is_slow_the_training_has_nine_tenths_of_the_time(notebook, monkeypatch):
    clock = [0.0]

    class Slow(training.Callback):
        def after_step(self, training):
            clock[0] += 1.0

    def draw_slowly(*arguments, **options):
        clock[0] += 2.0
        return plots.curves(*arguments, **options)

    monkeypatch.setattr(live, "monotonic", lambda: clock[0])
    monkeypatch.setattr(live, "curves", draw_slowly)
    fit(Slow(), plots.LiveCurves(seconds=0), epochs=20)  # 40 steps of a second: drawn at first, then every 18 seconds
    assert len(notebook) == 1 + 2 + 1  # and at the end


def test_a_second_training_has_a_picture_of_its_own(notebook):
    drawn = plots.LiveCurves(seconds=1000)
    fit(drawn)
    fit(drawn)
    assert [kind for kind, _ in notebook] == ["display", "display"]
    assert notebook[0][1] is not notebook[1][1]


def test_it_draws_in_the_axes_that_are_given():
    several = Figure().subplots(1, 2)
    drawn = plots.LiveCurves(names=("loss", "lr"), axes=several)
    fit(drawn)
    assert [panel.get_title(loc="left") for panel in several] == ["loss", "lr"]
    assert drawn.axes == list(several)
    assert plt.get_fignums() == []


def test_without_a_notebook_or_a_window_nothing_is_rendered_for_nobody():
    figure = Figure()
    rendered = []
    figure.canvas.mpl_connect("draw_event", rendered.append)
    fit(plots.LiveCurves(names="loss", seconds=0, axes=figure.subplots()))
    assert rendered == []


def test_a_window_is_asked_to_draw_when_it_has_time():
    figure = Figure()
    asked = []

    class Window(FigureCanvasAgg):
        def draw_idle(self):
            asked.append("draw")

        def flush_events(self):
            asked.append("flush")

    Window(figure)
    fit(plots.LiveCurves(names="loss", seconds=1000, axes=figure.subplots()))
    assert asked == ["draw", "flush"]


def test_a_metric_that_is_not_there_yet_is_waited_for():
    several = Figure().subplots(1, 2)
    fit(plots.LiveCurves(names=("accuracy", "loss"), seconds=0, axes=several), metrics={"accuracy": metrics.Accuracy()})
    assert [panel.get_title(loc="left") for panel in several] == ["accuracy", "loss"]
    for names in (["accuracy", "loss"], ["accuracy"]):
        drawn = plots.LiveCurves(names=names, seconds=0)
        fit(drawn, metrics={"accuracy": metrics.Accuracy()})
        assert [panel.get_title(loc="left") for panel in drawn.axes] == names


def test_a_name_that_there_will_not_be_is_said_before_the_training():
    with pytest.raises(ValueError, match="LiveCurves: there will be no 'accuracy', but loss, lr"):
        fit(plots.LiveCurves(names="accuracy"))


def test_a_training_that_fails_at_once_draws_nothing(notebook):
    class Failing(training.Callback):
        def before_step(self, training):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fit(plots.LiveCurves(seconds=0), Failing())
    assert notebook == []


def test_what_are_no_axes_is_refused_before_the_training():
    with pytest.raises(TypeError, match="LiveCurves: axes must be one matplotlib Axes, not str"):
        plots.LiveCurves(axes=["here"])
    with pytest.raises(ValueError, match="each of the 1 axes needs one of names, not None"):
        plots.LiveCurves(axes=Figure().subplots())
    with pytest.raises(ValueError, match="LiveCurves: seconds must not be negative"):
        plots.LiveCurves(seconds=-1)
