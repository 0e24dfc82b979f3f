"""record: what each operation took and made, noted while it was computed, and nothing changed by looking."""

import gc
import re
import time
import weakref

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz
from minigrad.core import config
from minigrad.settings import settings


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(3, 4)
        self.blocks = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        h = F.relu(self.first(x))
        for block in self.blocks:
            h = h + block(h)
        return self.dropout(h)


X = np.ones((2, 3), np.float32)


@pytest.fixture
def net():
    mg.seed(0)
    return Net()


def nodes_of(diagram, kind="operation"):
    return {node.name: node for node in diagram.graph.nodes if node.kind == kind}


def test_a_step_is_the_same_with_and_without():
    results = []
    for recorded in (False, True):
        mg.seed(0)
        net = Net()
        with viz.record(net) if recorded else mg.enable_grad():
            loss = net(X).sum()
            loss.backward()
        results.append([loss.item(), *(p.grad.data.tolist() for p in net.parameters())])
    assert results[0] == results[1]


def test_every_operation_and_derivative_has_its_time(net):
    with viz.record(net) as rec:
        net(X).sum().backward()
    graph = rec.draw().graph
    assert all(node.seconds > 0 for node in graph.nodes if node.kind in ("operation", "derivative"))
    assert sum(node.kind == "derivative" for node in graph.nodes) == sum(n.kind == "operation" for n in graph.nodes)


def test_a_slow_operation_is_seen_to_be_slow():
    class Slow(mg.Function):
        def forward(self, x):
            time.sleep(0.05)
            return x + 0

        def backward(self, gy):
            time.sleep(0.02)
            return gy * 1

    x = mg.Variable(1.0)
    with viz.record() as rec:
        (mg.apply(Slow(), x) * 2).backward()
    diagram = rec.draw()
    assert nodes_of(diagram)["Slow"].seconds > 0.045
    assert nodes_of(diagram)["MulScalar"].seconds < 0.02
    assert nodes_of(diagram, "derivative")["Slow"].seconds > 0.015


def test_what_is_not_asked_for_is_not_measured():
    x = mg.Variable(np.ones(3))
    with viz.record(time=False, memory=False, stats=False) as rec:
        (x * x).sum().backward()
    graph = rec.draw().graph
    assert all(node.seconds is node.live is node.stats is None for node in graph.nodes)
    assert graph.peak is None
    assert [node.kind for node in graph.nodes].count("derivative") == 2  # that it ran is known all the same


def test_operations_belong_to_the_layers_that_applied_them(net):
    with viz.record(net) as rec:
        net(X)
    layers = [(node.name, node.layer) for node in rec.draw().graph.nodes if node.kind == "operation"]
    assert layers == [
        *(("Linear", "first"), ("ReLU", "first")),  # what follows a layer is drawn with it
        *(("Linear", "blocks.0"), ("Add", ""), ("Linear", "blocks.1"), ("Add", ""), ("Dropout", "dropout")),
    ]


def test_stats_are_those_of_the_arrays():
    x = mg.Variable(np.array([1.0, -2.0, 4.0]))
    with viz.record() as rec:
        (x * 3.0).sum().backward()
    diagram = rec.draw()
    assert nodes_of(diagram)["MulScalar"].stats == (-6, 3, 12, 0, 0, 3)
    assert nodes_of(diagram, "derivative")["Sum"].stats == (1, 1, 1, 0, 0, 3)


@pytest.mark.parametrize(
    ("numbers", "stats"),
    [
        ([1.0, np.nan, 3.0], (1, 2, 3, 1, 0, 3)),
        ([-np.inf, 5.0, np.inf], (5, 5, 5, 0, 2, 3)),
        ([3e38, 3e38, 3e38], (3e38, 3e38, 3e38, 0, 0, 3)),  # the sum is beyond float32
    ],
)
def test_stats_of_what_is_not_finite(numbers, stats):
    x = mg.Variable(np.array(numbers, np.float32))
    with viz.record() as rec:
        x.reshape(3, 1)
    (node,) = nodes_of(rec.draw()).values()
    np.testing.assert_allclose(node.stats, stats, rtol=1e-6)


def test_the_first_nan_is_marked_with_its_way_to_the_result():
    x = mg.Variable(np.array([-1.0, 1.0, 2.0, -3.0]), name="x")
    with viz.record(time=False) as rec, np.errstate(all="ignore"):
        (F.log(x).sum() + (x * x).sum()).backward()
    text = rec.draw(view="ops").dot
    assert "NaN 2 / 4" in text
    assert text.count('color="#b3261e"') == 1 + 3  # the operation's border, and Log -> Sum -> Add -> output
    assert "first NaN or Inf" in text


def test_a_nan_of_backward_is_marked():
    x = mg.Variable(np.array([0.0, 1.0]), name="x")
    with viz.record(time=False) as rec, np.errstate(all="ignore"):
        (F.sqrt(x) * 0.0).sum().backward()
    lines = [line for line in rec.draw(view="ops").dot.splitlines() if "NaN 1" in line or "Inf 1" in line]
    assert len(lines) == 1
    assert "∂Sqrt" in lines[0]


def test_live_bytes_and_their_peak():
    x = mg.Variable(np.ones(1000))
    with viz.record() as rec:
        y = ((x + 1.0) + 1.0) + 1.0  # nobody keeps what is between
    graph = rec.draw().graph
    live = [node.live for node in graph.nodes if node.kind == "operation"]
    assert live == [8000, 16000, 16000]
    assert graph.peak == 16000
    assert y.size == 1000


def test_small_values_are_known():
    x = mg.Variable(2.0, name="x")
    with viz.record() as rec:
        y = x * 3.0 + 1.0
    assert [node.value for node in rec.draw(y).graph.nodes] == ["2", "6", "7", "7"]


def test_the_line_of_the_code(net):
    with viz.record() as rec:
        (mg.Variable(1.0) * 2.0).sum()
    source = nodes_of(rec.draw())["MulScalar"].source
    assert source.startswith("test_record.py:")
    assert "test_record.py:" in rec.draw(view="ops").svg()


def test_all_results_are_drawn_that_nothing_was_computed_from():
    x = mg.Variable(2.0, name="x")
    with viz.record() as rec:
        y = x**3
        y.name = "y"
        gx = mg.grad(y, x, create_graph=True)
        gx.name = "gx"
        ggx = mg.grad(gx, x, create_graph=True)
        mg.grad(gx, x, create_graph=True)  # dropped
    outputs = [(node.name, node.order, node.value) for node in rec.draw().graph.nodes if node.kind == "output"]
    assert outputs == [("y", 0, "8"), ("gx", 1, "12"), ("output", 2, "12")]
    assert ggx.item() == 12


def test_order_stops_at_an_order():
    x = mg.Variable(2.0, name="x")
    with viz.record() as rec:
        y = x**3
        gx = mg.grad(y, x, create_graph=True)
    assert gx.item() == 12
    assert max(node.order for node in rec.draw().graph.nodes) == 1
    assert max(node.order for node in rec.draw(order=0).graph.nodes) == 0


def test_nothing_was_recorded():
    with viz.record() as rec:
        np.ones(2) + 1
    with pytest.raises(ValueError, match="draw: nothing was recorded"):
        rec.draw()


def test_an_operation_that_another_hook_refused_is_not_drawn():
    x = mg.Variable(-1.0)
    with viz.record() as rec:
        x * 2.0
        with pytest.raises(mg.NonFiniteError), mg.detect_anomaly(), np.errstate(all="ignore"):
            F.log(x)
    assert [node.name for node in rec.draw().graph.nodes if node.kind == "operation"] == ["MulScalar"]


def test_it_looks_on_only_inside_of_its_block():
    x = mg.Variable(1.0)
    with viz.record() as rec:
        y = x * 2.0
    z = y * 3.0
    assert settings.get().grad_mode == config.GradMode()
    assert [node.name for node in rec.draw().graph.nodes if node.kind == "operation"] == ["MulScalar"]
    assert len(rec.draw(z).graph.nodes) == 4  # what came later is drawn without measures


def test_an_error_in_the_block_passes_and_leaves_what_was_before():
    x = mg.Variable(1.0)
    rec = viz.record()
    with pytest.raises(ZeroDivisionError), rec:
        x * (2.0 / 0)
    assert settings.get().grad_mode == config.GradMode()
    with rec:  # and goes on
        x * 2.0
    assert len(rec.draw().graph.nodes) == 3


@pytest.mark.parametrize("inside", [True, False])
def test_with_no_grad_there_is_nothing_to_record(inside):
    rec, off = viz.record(), mg.no_grad()
    first, second = (rec, off) if inside else (off, rec)
    with first, second:
        assert not (mg.Variable(1.0) * 2.0).requires_grad
    with pytest.raises(ValueError, match="nothing was recorded"):
        rec.draw()


def test_it_works_with_detect_anomaly():
    with pytest.raises(mg.NonFiniteError), mg.detect_anomaly(), viz.record(), np.errstate(all="ignore"):
        F.log(mg.Variable(-1.0))


def test_a_layer_that_is_called_twice_and_one_that_is_not_the_models(net):
    other = nn.Linear(3, 3)
    with viz.record(net) as rec:
        net.first(net.first(other(X)) @ np.ones((4, 3), np.float32))
    layers = [node.layer for node in rec.draw().graph.nodes if node.kind == "operation"]
    assert layers == ["", "first", "first", "first"]


def test_the_recorder_lets_go_of_the_graph():
    x = mg.Variable(np.ones(10))
    with viz.record() as rec:
        y = x * x
    array = weakref.ref(y.data)
    del y
    gc.collect()
    assert array() is not None  # to be drawn
    del rec
    gc.collect()
    assert array() is None


def test_the_same_picture_without_times_in_every_run(net):
    texts = []
    for _ in range(2):
        with viz.record(net, time=False) as rec, mg.train_mode(False):
            loss = net(X).sum()
            loss.backward()
        net.zero_grad()
        texts.append(rec.draw(order=1).dot)
    assert texts[0] == texts[1]


def test_a_recorder_in_another_one_hides_nothing_from_it():
    x = mg.Variable(np.ones(3), name="x")
    with viz.record() as outer:
        y = x * 2.0
        with viz.record() as inner:
            z = (y * y).sum()
        z.backward()
    for rec, known in ((outer, 3), (inner, 2)):
        operations = [node for node in rec.draw(z).graph.nodes if node.kind == "operation"]
        assert sum(node.seconds is not None for node in operations) == known


def test_enable_grad_lets_the_recorder_look_on():
    x = mg.Variable(np.ones(3), name="x")
    with viz.record() as rec, mg.enable_grad():
        x * 2.0
    assert nodes_of(rec.draw())["MulScalar"].seconds > 0


def test_two_ways_back_through_an_operation_take_the_time_of_both():
    class Slow(mg.Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            time.sleep(0.03)
            return gy

    with viz.record() as rec:
        shared = mg.apply(Slow(), mg.Variable([1.0, 2.0]))
        a, b = shared.sum(), (shared * 2.0).sum()
        a.backward()
        b.backward()
    derivative = nodes_of(rec.draw(a, b), "derivative")["Slow"]
    assert derivative.seconds > 0.055
    assert (derivative.stats.largest, derivative.stats.size) == (2.0, 4)


def test_forward_is_what_is_of_order_0():
    x = mg.Variable(np.ones(1000), name="x")
    with viz.record() as rec:
        (x**3).sum().backward(create_graph=True)
    assert re.search("forward .* backward ", rec.draw().summary())


def test_where_a_number_is_not_finite_operations_are_shown():
    with viz.record() as rec, np.errstate(all="ignore"):
        F.log(mg.Variable([-1.0, 1.0], name="x")).sum()
    assert rec.draw().view == "ops"
    assert "first NaN or Inf" in rec.draw().dot


def test_a_recorder_that_is_entered_again_still_hides_nothing():
    x = mg.Variable(np.ones(3), name="x")
    inner = viz.record()
    with viz.record() as outer, inner, inner:
        y = x * 2.0
    assert all(nodes_of(rec.draw(y))["MulScalar"].seconds is not None for rec in (outer, inner))
