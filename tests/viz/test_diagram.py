"""draw and Diagram: from Variables and options to a file."""

import io
import json
import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import viz
from minigrad.viz.operations_view import node_shapes


@pytest.fixture
def y():
    return mg.Variable(np.ones(2, np.float32), name="x").sum()


class Net:
    def __init__(self, **parameters):
        self.parameters = parameters

    def named_parameters(self):
        yield from self.parameters.items()


def test_public_names():
    assert viz.__all__ == [
        "Diagram",
        "DrawOptions",
        "Engine",
        "EngineError",
        "RecordStep",
        "Recorder",
        "diff",
        "draw",
        "engines",
        "record",
    ]
    assert isinstance(viz.draw(mg.Variable(1.0)), viz.Diagram)


def test_titles(y):
    assert viz.draw(y).title == "Compute graph"
    assert viz.draw(y, model=Net()).title == "Net"
    assert viz.draw(y, title="A <title>").title == "A <title>"
    assert "A &lt;title&gt;" in viz.draw(y, title="A <title>").dot


def test_a_model_names_its_parameters():
    w = mg.Variable(np.ones(2, np.float32), name="own name")
    graph = viz.draw(w * 2, model=Net(first=w, again=w)).graph
    assert [node.name for node in graph.nodes] == ["first", "MulScalar", "output"]


def test_a_dotted_name_frames_the_layer():
    w = mg.Variable(np.ones(2, np.float32))
    net = Net(**{"conv1.w": w})
    assert 'subgraph "cluster_1"' in viz.draw(w * 2, model=net).dot


@pytest.mark.parametrize("outputs", [(np.ones(2),), (3.0,), (None,), ([],), (mg.Variable(1.0), "x")])
def test_what_is_no_variable(outputs):
    with pytest.raises(TypeError, match=rf"outputs\[{len(outputs) - 1}\] must be a Variable, not "):
        viz.draw(*outputs)


def test_nothing_to_draw():
    with pytest.raises(TypeError, match="nothing to draw"):
        viz.draw()


def test_a_model_without_parameters(y):
    for model, given in (({}, "dict"), (y, "Variable"), (mg.nn.Flatten, "the class Flatten")):
        words = rf"model must have named_parameters\(\), as nn.Module has, not {given}"
        with pytest.raises(TypeError, match=f"draw: {words}"):
            viz.draw(y, model=model)
        with pytest.raises(TypeError, match=f"record: {words}"):
            viz.record(model)


@pytest.mark.parametrize("name", ["graph.dot", "graph.DOT", "größe [1].dot"])
@pytest.mark.parametrize("kind", [str, Path])
def test_save(y, tmp_path, name, kind):
    diagram = viz.draw(y)
    for _ in range(2):  # the second time the file is there
        diagram.save(kind(tmp_path / name))
    assert (tmp_path / name).read_bytes() == diagram.dot.encode()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.dot.ps", ".dot", "graph."])
def test_an_unknown_suffix(y, tmp_path, name):
    with pytest.raises(ValueError, match=r"suffixes: \.svg, \.png, \.pdf, \.html, \.dot, \.json$"):
        viz.draw(y).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder(y, tmp_path):
    with pytest.raises(FileNotFoundError):
        viz.draw(y).save(tmp_path / "missing" / "graph.dot")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way(y, tmp_path):
    (tmp_path / "graph.dot").mkdir()
    with pytest.raises(OSError, match=r"graph\.dot"):
        viz.draw(y).save(tmp_path / "graph.dot")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.dot"]


def test_a_failing_write_leaves_the_old_file(y, tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        viz.draw(y).save(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("graph.dot", "old")]


def test_a_real_model(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"conv1.w": (4, 1, 3, 3), "conv1.b": (4,), "fc.w": (64, 10), "fc.b": (10,)}
    p = {name: mg.Variable(rng.normal(size=shape).astype(np.float32)) for name, shape in shapes.items()}
    x = np.zeros((2, 1, 8, 8), np.float32)
    h = F.max_pool2d(F.relu(F.conv2d(x, p["conv1.w"], p["conv1.b"], pad=1)), 2)
    loss = F.softmax_cross_entropy(F.linear(F.flatten(h), p["fc.w"], p["fc.b"]), np.array([1, 2]))
    diagram = viz.draw(loss, model=Net(**p))
    names = [node.name for node in diagram.graph.nodes if node.kind == "operation"]
    assert names == ["Conv2d", "ReLU", "MaxPool2d", "Reshape", "Linear", "SoftmaxCrossEntropy"]
    nodes = {node.name: node for node in diagram.graph.nodes}
    assert nodes["Conv2d"].layer == nodes["conv1.b"].layer == "conv1"
    assert nodes["input"].kind == "input"
    assert nodes["loss"].kind == "output"
    assert nodes["Conv2d"].label == ("3×3, pad 1",)


# What is asked for


def net_and_loss():
    mg.seed(0)
    net = mg.nn.Sequential(mg.nn.Linear(3, 4), mg.nn.ReLU(), mg.nn.Linear(4, 4), mg.nn.ReLU(), mg.nn.Linear(4, 2))
    return net, mg.functions.softmax_cross_entropy(net(np.ones((2, 3), np.float32)), np.array([0, 1]))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"view": "nice"}, "view must be one of 'auto', 'teach', 'ops', 'layers', 'model', not 'nice'"),
        ({"order": -1}, r'order must be 0, 1, 2, ... or "all", not -1'),
        ({"order": True}, "order must be"),
        ({"show": "shape price"}, "show must be words out of shape dtype .*; 'price' is none"),
        ({"color": "red"}, "color must be one of 'family', 'time', 'memory', 'flops', not 'red'"),
        ({"fold": "all"}, "fold must be one of 'auto', 'repeats', 'never', not 'all'"),
        ({"direction": "up"}, "direction must be one of"),
        ({"theme": "blue"}, "draw: theme must be one of 'auto', 'light', 'dark', not 'blue'"),
        ({"max_nodes": 0}, "max_nodes must be at least 1, not 0"),
    ],
)
def test_what_there_is_not(y, option, words):
    with pytest.raises(ValueError, match=words):
        viz.draw(y, **option)


def test_the_options_are_the_same_wherever_a_diagram_is_made(y):
    with viz.record() as recorded:
        mg.Variable(1.0) * 2.0
    for make in (viz.DrawOptions, lambda **options: viz.diff(viz.draw(y), viz.draw(y), **options), recorded.draw):
        with pytest.raises(ValueError, match="draw: theme must be one of 'auto', 'light', 'dark', not 'blue'"):
            make(theme="blue")
    words = (
        "draw: there is no option 'colour'; there are title, view, show, color, fold, direction, theme, legend, max_n"
    )
    for make in (lambda **options: viz.draw(y, **options), recorded.draw):
        with pytest.raises(TypeError, match=words):
            make(colour="time")
    assert (
        viz.Diagram(viz.draw(y).graph, viz.DrawOptions(title="mine", view="ops")).dot
        == viz.draw(y, title="mine", view="ops").dot
    )


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"title": 3}, "title must be text, not 3"),
        ({"show": ["shape"]}, r"show must be text, not \['shape'\]"),
        ({"show": None}, "show must be text, not None"),
        ({"engine": 3}, "engine must be text, not 3"),
        ({"legend": "no"}, "legend must be True or False, not 'no'"),
        ({"max_nodes": 2.5}, r"max_nodes must be an int, not 2\.5"),
        ({"max_nodes": True}, "max_nodes must be an int, not True"),
    ],
)
def test_options_of_another_type(y, option, words):
    with pytest.raises(TypeError, match=f"draw: {words}"):
        viz.draw(y, **option)


@pytest.mark.parametrize("path", [3, None, b"graph.svg", io.BytesIO()])
def test_what_is_no_path(y, path):
    with pytest.raises(TypeError, match="save: path must be the name of a file, such as"):
        viz.draw(y).save(path)


def test_auto_teaches_what_is_small_and_shows_operations_of_the_rest(y):
    net, loss = net_and_loss()
    x = mg.Variable(2.0)
    gx = mg.grad(x**3, x, create_graph=True)
    views = [viz.draw(y).view, viz.draw(gx).view, viz.draw(loss, model=net).view]
    views.append(viz.draw(mg.Variable(np.ones((50, 50))) * 2.0).view)
    assert views == ["teach", "teach", "ops", "ops"]


def test_order_one_is_backward_as_it_would_run():
    net, loss = net_and_loss()
    kinds = [[node.kind for node in viz.draw(loss, model=net, order=order).graph.nodes] for order in (0, 1, "all")]
    assert [found.count("derivative") for found in kinds] == [0, 6, 0]
    assert [found.count("gradient") for found in kinds] == [0, 6, 0]
    assert "∂Linear" in viz.draw(loss, model=net, order=1).dot


def test_gradients_show_their_norm_if_it_is_that_of_this_backward():
    net, loss = net_and_loss()
    with viz.record(net) as rec:
        loss.backward()
    bias = dict(net.named_parameters())["layers.4.b"].grad.data
    assert f"norm {np.linalg.norm(bias):.3g}" in rec.draw(loss).dot
    assert "norm" not in viz.draw(loss, model=net, order=1).dot  # who knows which loss's gradients these are


def test_layers_are_cards():
    net, loss = net_and_loss()
    text = viz.draw(loss, model=net, view="layers").dot
    assert "Linear · ReLU" in text
    assert "<B>layers.0</B>" in text
    assert "cylinder" not in text


def test_a_models_own_layers_are_its_attributes_and_what_stands_in_their_lists():
    net = Stages()
    text = viz.draw(net(mg.Variable(np.ones((1, 2), np.float32))), model=net, view="model").dot
    assert [name for name in re.findall("<B>([a-z.0-9]+)</B>", text) if name != "output"] == [
        *("input", "head", "stages.0", "stages.1")
    ]


class Stages(mg.nn.Module):
    def __init__(self):
        self.head = mg.nn.Linear(2, 2)
        self.stages = [mg.nn.Sequential(mg.nn.Linear(2, 2), mg.nn.Linear(2, 2)) for _ in range(2)]

    def forward(self, x):
        h = self.head(x)
        for stage in self.stages:
            h = stage(h)
        return h


def test_a_function_decides_what_is_folded():
    net, loss = net_and_loss()
    asked = []
    text = viz.draw(loss, model=net, fold=lambda path: asked.append(path) or path == "layers.0").dot
    assert {"layers", "layers.0", "layers.2", "layers.4"} <= set(asked)
    assert text.count("cylinder") == 2
    assert "folded by layer" in text


def test_a_graph_of_too_many_nodes_is_folded_and_says_so():
    y = mg.Variable(1.0)
    for _ in range(500):
        y = y + 1.0
    diagram = viz.draw(y)
    assert diagram.dot.count("<TABLE") < 400
    assert "folded" in diagram.dot
    assert viz.draw(y, fold="never").dot.count("<B>AddScalar</B>") == 500
    assert len(diagram.graph.nodes) == 502


def test_show_leaves_out_what_is_not_named():
    net, loss = net_and_loss()
    bare, full = (
        re.sub(r'tooltip="[^"]*"', "", viz.draw(loss, model=net, show=show).dot)
        for show in ("", "shape bytes flops attrs saved")
    )
    for words in ("FLOP", "saves ", "reduction mean", "2×4  32 B"):
        assert words in full
        assert words not in bare
    assert "2×4  32 B" not in viz.draw(loss, model=net, show="shape").dot


def test_another_dtype_than_the_usual_one_is_said():
    x = mg.Variable(np.ones((9, 9), np.float32))
    assert "9×9  float64  648 B" in viz.draw((x * 2.0).astype(np.float64).sum(), view="ops").dot


def test_heat_is_a_scale_with_its_largest_amount():
    net, loss = net_and_loss()
    text = viz.draw(loss, model=net, color="flops").dot
    assert text.count('fillcolor="#ff8f3d"') == 1  # the largest layer
    assert ">&#160;72 FLOP&#160;<" in text


def test_memory_is_what_an_operation_makes_and_saves():
    x = mg.Variable(np.ones((8, 8)), name="x")
    text = viz.draw((x * x).sum(), view="ops", color="memory").dot
    assert ">&#160;512 B memory&#160;<" in text  # x is alive anyway
    text = viz.draw(mg.functions.exp(x).sum(), view="ops", color="memory").dot
    assert ">&#160;1 KiB memory&#160;<" in text


def test_bars_and_their_legend_stand_together():
    x = mg.Variable(np.ones(3), name="x")
    with viz.record() as rec:
        (x * 2.0).sum()
    for show, there in (("time", True), ("shape", False)):
        text = rec.draw(view="ops", show=show).dot
        assert ("full bar" in text, 'BGCOLOR="#e3e8ed"' in text) == (there, there)


def test_higher_orders_are_explained():
    x = mg.Variable(2.0, name="x")
    gx = mg.grad(x**3, x, create_graph=True)
    ggx = mg.grad(gx, x, create_graph=True)
    assert "double border" not in viz.draw(gx, view="ops").dot
    assert "double border: of higher order" in viz.draw(ggx, view="ops").dot


def test_the_legend_lists_what_is_there_and_nothing_else():
    net, loss = net_and_loss()
    text = viz.draw(loss, model=net).dot
    assert "matrix product" in text
    assert "pooling" not in text
    assert "gradient" not in text
    assert "tensor, width = bytes" not in viz.draw(loss, model=net, legend=False).dot


def test_left_to_right(y):
    assert 'rankdir="LR"' in viz.draw(y, view="ops", direction="LR").dot
    assert 'rankdir="TB"' in viz.draw(y, view="teach", direction="TB").dot


@pytest.mark.parametrize("view", ["teach", "ops", "layers", "model"])
def test_every_view_draws_every_graph(view):
    net, loss = net_and_loss()
    x = mg.Variable(2.0)
    gx = mg.grad(x**3, x, create_graph=True)
    for diagram in (viz.draw(loss, model=net, view=view, order=1), viz.draw(gx, x, view=view), viz.draw(x, view=view)):
        assert "</svg>" in diagram.svg()


# Layers and parameters that are used again


class Recurrent(mg.nn.Module):
    def __init__(self):
        self.cell, self.inp = mg.nn.Linear(4, 4), mg.nn.Linear(3, 4)

    def forward(self, x, steps):
        h = mg.functions.tanh(self.inp(x))
        for _ in range(steps):
            h = mg.functions.tanh(self.cell(h) + self.inp(x))
        return h.sum()


@pytest.mark.parametrize("steps", [2, 40, 100])
@pytest.mark.parametrize("order", [0, 1])
def test_weights_of_many_steps_are_drawn_beside_each(steps, order):
    net = Recurrent()
    diagram = viz.draw(net(np.ones((2, 3), np.float32), steps), model=net, order=order)
    assert diagram.svg().count("</svg>") == 1  # within the engine's time, and without its trouble
    again = "parameter3 at operation" in diagram.dot
    assert ("the same, drawn again" in diagram.dot) == (steps > 2)
    assert again == (steps == 40)  # few arrows don't hurt; a hundred steps are folded


class Twice(mg.nn.Module):
    def __init__(self):
        self.m = mg.nn.Sequential(mg.nn.Linear(2, 2), mg.nn.ReLU(), mg.nn.Linear(2, 2))
        self.last = mg.nn.Linear(2, 2)

    def forward(self, x):
        return self.last(self.m(self.last(self.m(self.last(x)))))


@pytest.mark.parametrize("view", ["ops", "layers", "model"])
@pytest.mark.parametrize("order", [0, 1])
def test_layers_that_are_called_again(view, order):
    net = Twice()
    diagram = viz.draw(net(np.ones((1, 2), np.float32)).sum(), model=net, view=view, order=order)
    assert "</svg>" in diagram.svg()


def test_a_hundred_nested_layers_are_folded():
    net = Nested(100)
    diagram = viz.draw(net(mg.Variable(np.ones(2))).sum(), model=net)
    assert diagram.dot.count("<TABLE") < 900
    assert "folded" in diagram.dot


class Nested(mg.nn.Module):
    def __init__(self, depth):
        self.w = mg.nn.Parameter(np.ones(2))
        self.inner = Nested(depth - 1) if depth else None

    def forward(self, x):
        for _ in range(3):
            x = x * self.w
        return self.inner(x) if self.inner else x


# Formats

HARD = ["<b>&amp;", '"quoted"', "{a|b}", "line\nbreak", "back\\slash", "x" * 10_000, "ünïcode ∂ 漢字", "]]>", "\\N", ""]


@pytest.fixture
def product():
    x = mg.Variable(np.ones((2, 3), np.float32), name="x")
    w = mg.Variable(np.ones((3, 2), np.float32), name="w")
    return F.relu(x @ w).sum()


def test_the_svg_shows_every_node(product):
    diagram = viz.draw(product, view="ops")
    root = ET.fromstring(diagram.svg())  # noqa: S314 - our own
    titles = {element.text for element in root.iter("{http://www.w3.org/2000/svg}title")}
    shapes = {shape.first.id for shape in node_shapes(diagram.graph)}
    assert shapes <= titles
    assert {f"{edge.source}->{edge.target}" for edge in diagram.graph.edges if edge.source in shapes} <= titles


def test_the_png_is_as_wide_as_asked_for(product):
    for width in (300, 1600):
        png = viz.draw(product).png(width=width)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert abs(struct.unpack(">I", png[16:20])[0] - width) <= 2
    for width in (0, 10**7):
        with pytest.raises(ValueError, match="png: width must be 16 to 20,000 pixels, not "):
            viz.draw(product).png(width=width)
    for width in (300.0, "300", True):
        with pytest.raises(TypeError, match="png: width must be an int, not "):
            viz.draw(product).png(width=width)


def test_a_png_is_wide_enough_to_read_its_text(product):
    def width_of(diagram):
        return struct.unpack(">I", diagram.png()[16:20])[0]

    y = mg.Variable(1.0)
    for _ in range(30):
        y = F.tanh(y)
    long = viz.draw(y, view="ops", direction="LR")
    points = float(re.search(r'<svg width="([0-9.]+)pt"', long.svg())[1])
    assert points > 1600
    assert width_of(long) == pytest.approx(points * 96 / 72, abs=2)
    assert width_of(viz.draw(product)) == pytest.approx(1600, abs=2)


def test_lanes_for_teaching_lie_below_each_other_unless_they_are_long():
    y = x = mg.Variable(1.0)
    found = []
    for _ in range(9):
        y = F.tanh(y)
        found.append("LR" if 'rankdir="LR"' in viz.draw(y, view="teach").dot else "TB")
    assert found == ["LR"] * 8 + ["TB"]
    gx = mg.grad(x * 2 * 3 * 4 * 5 * 6, x, create_graph=True)  # the ways of two lanes do not count together
    assert 'rankdir="LR"' in viz.draw(gx, view="teach").dot


def test_the_page_stands_alone(product):
    page = viz.draw(product, title="a < b & c").html()
    assert page.startswith("<!doctype html>")
    assert "<title>a &lt; b &amp; c</title>" in page
    assert "<svg" in page
    assert not re.search(r"(src|href)=.http", page)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".html", ".dot", ".json", ".SVG"])
def test_the_suffix_decides_the_format(product, tmp_path, suffix):
    path = tmp_path / f"graph{suffix}"
    viz.draw(product).save(path)
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".html": b"<!doctype", ".dot": b"digraph", ".json": b"{"}
    assert path.read_bytes().startswith(start[suffix.lower()])


@pytest.mark.parametrize("name", HARD, ids=range(len(HARD)))
def test_any_name_makes_a_right_picture(name):
    x = mg.Variable(np.ones(2, np.float32), name=name)
    diagram = viz.draw((x * 2).sum(), title=name)
    ET.fromstring(diagram.svg())  # noqa: S314
    assert json.loads(diagram.json())["title"] == name


def test_a_graph_without_operations():
    ET.fromstring(viz.draw(mg.Variable(1.0)).svg())  # noqa: S314


def test_the_text_as_an_object_of_the_package_graphviz(product, tmp_path):
    graphviz = pytest.importorskip("graphviz")
    diagram = viz.draw(product)
    source = diagram.to_graphviz()
    assert isinstance(source, graphviz.Source)
    assert source.source == diagram.dot
    assert Path(source.save(directory=tmp_path)).read_text("utf-8") == diagram.dot


def test_without_the_package_graphviz_the_error_says_what_to_install(product, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match=r"to_graphviz needs the package graphviz: pip install 'minigrad-nn\[viz\]'"):
        viz.draw(product).to_graphviz()
