"""graph: its JSON is the graph that was executed, and the first NaN or Inf is found."""

import json

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz
from minigrad.core.function import Function
from minigrad.core.hooks import Hook, hooked
from minigrad.core.traversal import topological_order
from minigrad.viz.graph import first_nonfinite


class Residual(nn.Module):
    def __init__(self):
        self.conv = nn.Conv2d(1, 2, 3, pad="same")
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        h = F.relu(self.conv(x))
        return self.fc(F.flatten(F.max_pool2d(h + F.sigmoid(h), 2)))


def two_outputs():
    a, b = (mg.Variable(np.ones((2, 2)), name=name) for name in "ab")
    h = a @ b
    return None, [(h * h - h.T).sum(), h.max()]


def a_network():
    model = Residual()
    x = mg.Variable(np.ones((2, 1, 8, 8), np.float32), name="x")
    return model, [F.softmax_cross_entropy(model(x), np.array([0, 2]))]


def twice_differentiated():
    x = mg.Variable(np.ones(3), name="x")
    gx = mg.grad((x**3).sum(), x, create_graph=True)
    return None, [gx, mg.grad(gx.sum(), x, create_graph=True)]


def executed(model, outputs):
    """Each output as an expression, by the Functions themselves."""
    names = {p: name for name, p in model.named_parameters()} if model else {}
    texts = {}

    def text(maker):
        if isinstance(maker, Function):
            return texts[maker]
        return "constant" if maker is None else names.get(maker, maker.name or "seed")

    for function in topological_order(output.creator for output in outputs):
        texts[function] = f"{function.name}({', '.join(map(text, function.inputs))})"
    return [text(output.creator) for output in outputs]


def rebuilt(content):
    """The same from the JSON alone."""
    taken = {}
    for edge in content["edges"]:
        if edge.get("flow") is None:
            taken.setdefault(edge["target"], {})[edge["position"]] = edge["source"]
    texts, results = {}, []
    for node in content["nodes"]:
        sources = [texts[source] for _, source in sorted(taken.get(node["id"], {}).items())]
        if node["kind"] == "operation":
            texts[node["id"]] = f"{node['name']}({', '.join(sources)})"
        elif node["kind"] == "output":
            results += sources
        else:
            texts[node["id"]] = node["name"] if node.get("requires_grad", True) else "constant"
    return results


@pytest.mark.parametrize("program", [two_outputs, a_network, twice_differentiated])
def test_the_graph_in_the_json_is_the_one_that_was_executed(program):
    model, outputs = program()
    content = json.loads(viz.draw(*outputs, model=model).json())
    assert rebuilt(content) == executed(model, outputs)


def test_a_folded_diagram_has_the_whole_graph_too():
    model, outputs = a_network()
    content = json.loads(viz.draw(*outputs, model=model, view="layers").json())
    assert rebuilt(content) == executed(model, outputs)


def test_backward_is_there_as_it_runs():
    model, (loss,) = a_network()
    order = []

    class Order(Hook):
        def backward(self, run, function, gy):
            order.append(function.name)
            return run(function, gy)

    with viz.record(model) as recorded:
        loss = F.softmax_cross_entropy(model(np.ones((2, 1, 8, 8), np.float32)), np.array([0, 2]))
    with hooked(Order()):
        loss.backward()
    content = json.loads(recorded.draw(loss, order=1).json())
    nodes = {node["id"]: node for node in content["nodes"]}
    derivatives = [node for node in nodes.values() if node["kind"] == "derivative"]
    assert [node["name"] for node in derivatives] == order
    tensors = {(edge["source"], edge["target"]) for edge in content["edges"] if edge.get("flow") is None}
    gradients = {
        (nodes[edge["target"]]["of"], nodes[edge["source"]]["of"])
        for edge in content["edges"]
        if edge.get("flow") == "gradient" and nodes[edge["source"]]["kind"] == "derivative"
    }
    assert gradients == {
        (a, b) for a, b in tensors if nodes[a].get("requires_grad", True) and nodes[b]["kind"] == "operation"
    }


def test_all_that_was_measured_is_there():
    with viz.record() as recorded:
        x = mg.Variable(np.array([1.0, np.nan]), name="x")
        (x * 2.0).sum().backward()
    content = json.loads(recorded.draw().json())
    mul = next(node for node in content["nodes"] if node["name"] == "MulScalar" and node["kind"] == "operation")
    assert mul["stats"] == {"least": 2.0, "mean": 2.0, "largest": 2.0, "nan": 1, "inf": 0, "size": 2}
    assert mul["seconds"] > 0
    assert mul["source"].startswith("test_graph.py:")
    assert content["peak"] >= mul["live"] >= 16
    assert content["version"] == 2


def test_nan_is_no_number_of_json():
    x = mg.Variable(np.array([np.nan, np.inf]), name="x")
    with viz.record() as recorded:
        (x * 2.0).sum().backward()
    text = recorded.draw().json()
    nodes = json.loads(text, parse_constant=pytest.fail)["nodes"]
    assert [node["stats"]["least"] for node in nodes if node["name"] == "MulScalar" and "stats" in node] == ["nan", 2.0]


def test_half_a_pair_of_utf_16_is_no_text():
    text = viz.draw(mg.Variable(1.0, name="\ud800") * 2.0, title="\udfff").json()
    assert json.loads(text.encode())["title"] == "?"


# The first NaN or Inf


def recorded(function, *numbers):
    x = mg.Variable(np.array(numbers), name="x")
    with viz.record(time=False) as rec, np.errstate(all="ignore"):
        function(x).backward()
    return rec.draw(view="ops")


def test_nothing_is_wrong_with_finite_numbers():
    assert first_nonfinite(recorded(lambda x: (x * x).sum(), 1.0, 2.0).graph) == (None, set())


def test_the_path_ends_where_the_numbers_are_finite_again():
    diagram = recorded(lambda x: F.where(np.array([True, False]), F.log(x), x).sum(), 1.0, -1.0)
    node, path = first_nonfinite(diagram.graph)
    assert node.name == "Log"
    assert list(path) == []


def test_the_path_of_backward_goes_to_the_gradients():
    node, path = first_nonfinite(recorded(lambda x: (F.sqrt(x) * 0.0).sum(), 0.0, 1.0).graph)
    assert (node.kind, node.name) == ("derivative", "Sqrt")
    assert list(path) == [(node.id, "gradient1")]


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


def test_a_folded_layer_has_the_first_nan_of_its_operations():
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
