"""The teaching view: a lane for each order of differentiation, Variables as nodes, and no edge from lane to lane."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from minigrad.viz import DrawOptions, style, teaching_view
from minigrad.viz.engines import engine_of
from minigrad.viz.graph import Edge, Graph, Node, Tensor

FORMULAS = {"PowScalar": "x0 ** c", "MulScalar": "c * x0", "Mul": "x0 * x1", "Neg": "-x0"}
SCALAR = Tensor((), "float64", 8)


class Building:
    """A Graph in the making."""

    def __init__(self):
        self.nodes, self.edges = [], []

    def add(self, kind, name, *sources, label="", tensor=SCALAR, **attributes):
        id_ = f"{kind}{len(self.nodes)}"
        family = attributes.pop("family", "elementwise") if kind == "operation" else None
        attributes |= {"formula": FORMULAS.get(name, "").replace("c", label.removeprefix("c "))}
        label = (label,) if label else ()
        self.nodes.append(Node(id_, kind, name, label=label, tensor=tensor, family=family, **attributes))
        self.edges += [Edge(source, id_, i, tensor) for i, source in enumerate(sources)]
        return id_

    @property
    def graph(self):
        return Graph(tuple(self.nodes), tuple(self.edges), 0)


def cube():
    """y = x³, differentiated twice."""
    b = Building()
    x = b.add("input", "x", value="2")
    y = b.add("operation", "PowScalar", x, label="c 3", value="8")
    b.add("output", "y", y, value="8")
    gy = b.add("seed", "gy", value="1", order=1)
    a = b.add("operation", "PowScalar", x, label="c 2", value="4", order=1)
    c = b.add("operation", "MulScalar", a, label="c 3", value="12", order=1)
    gx = b.add("operation", "Mul", gy, c, value="12", order=1)
    b.add("output", "x.grad", gx, value="12", order=1)
    ggx = b.add("seed", "ggx", value="1", order=2)
    d = b.add("operation", "Mul", ggx, gy, value="1", order=2)
    e = b.add("operation", "MulScalar", x, label="c 6", value="12", order=2)
    b.add("output", "x.grad", b.add("operation", "Mul", d, e, value="12", order=2), order=2)
    return b.graph


def shared():
    """What forward made is used twice in backward."""
    b = Building()
    x = b.add("parameter", "x", tensor=Tensor((2,), "float32", 8))
    h = b.add("operation", "Tanh", x, value="[0.76, 0.96]")
    b.add("output", "loss", b.add("operation", "Sum", h, family="reduction"))
    seed = b.add("seed", "gy", order=1)
    square = b.add("operation", "Mul", h, h, order=1)
    b.add("output", "x.grad", b.add("operation", "Mul", seed, square, order=1), order=1)
    return b.graph


def one():
    b = Building()
    b.add("operation", "Exp", b.add("input", "x"))
    return b.graph


def text_of(graph, title="title", *, direction="LR", legend=True):
    return teaching_view.write(graph, DrawOptions(title, direction=direction, legend=legend), ["a fact"])


def lane_of(text):
    """By the id of each node, its lane."""
    found, lane = {}, None
    for line in text.splitlines():
        if opened := re.fullmatch(r'  subgraph "cluster_(-?\d+)" \{', line):
            lane = int(opened[1])
        elif line == "  }":
            lane = None
        elif node := re.match(r'    "((?:[^"\\]|\\.)*)" \[', line):
            assert node[1] not in found
            found[node[1]] = lane
    return found


def edges_of(text):
    return re.findall(r'^  "((?:[^"\\]|\\.)*)" -> "((?:[^"\\]|\\.)*)" \[', text, re.MULTILINE)


def statement(text, id_):
    return next(line for line in text.splitlines() if line.startswith(f'    "{id_}" ['))


def label(text, id_):
    """The lines that a node shows."""
    markup = re.search(r"label=<(.*?)> margin", statement(text, id_))[1]
    return ["".join(ET.fromstring(f"<L>{line}</L>").itertext()) for line in re.findall("<TD[^>]*>(.*?)</TD>", markup)]  # noqa: S314 - ours


def titles(text):
    """What stands above the lanes, from the first to the last."""
    found = re.findall(r'    graph \[.*?label=<(.*)> labeljust="l"', text)
    return sorted(re.sub("<[^>]*>", "", markup).replace("&#160;", " ") for markup in found)


@pytest.mark.parametrize("graph", [cube(), shared(), one()])
def test_no_edge_leaves_its_lane_and_every_node_is_in_one(graph):
    text = text_of(graph)
    lane = lane_of(text)
    assert None not in lane.values()
    assert edges_of(text)
    assert all(lane[source] == lane[target] for source, target in edges_of(text))


def test_operations_take_and_make_variables():
    graph = cube()
    text = text_of(graph)
    operations = {node.id for node in graph.nodes if node.kind == "operation"}
    assert all((source in operations) != (target in operations) for source, target in edges_of(text))
    for id_ in operations:
        assert sum(source == id_ for source, _ in edges_of(text)) == 1


def test_the_title_of_a_lane_says_what_it_computes():
    assert titles(text_of(cube())) == [
        "order 0: forward   y = x³",
        "order 1: backward   x.grad = 3x²·gy",
        "order 2: backward of backward   x.grad = 6x·ggx·gy",
    ]


def test_higher_orders_have_titles_too():
    b = Building()
    for order in (3, 4, 11):
        b.add("operation", "Neg", b.add("seed", "g", order=order), order=order)
    assert titles(text_of(b.graph)) == [
        *("order 11: derivative of order 11", "order 3: third derivative", "order 4: derivative of order 4")
    ]


def test_an_output_is_what_its_operation_makes():
    text = text_of(cube())
    assert ("operation1", "output2") in edges_of(text)
    assert label(text, "output2") == ["y", "8"]
    assert '"operation1.y"' not in text


def test_a_second_output_and_one_of_another_order_stand_for_themselves():
    b = Building()
    y = b.add("operation", "Exp", b.add("input", "x"))
    outputs = [b.add("output", name, y, order=order) for name, order in (("y", 0), ("same", 0), ("later", 1))]
    found = edges_of(text_of(b.graph))
    assert (y, outputs[0]) in found
    assert (outputs[0], outputs[1]) in found
    assert (f"{outputs[0]} in order 1", outputs[2]) in found


def test_an_output_of_another_order_leaves_its_operation_a_variable():
    b = Building()
    y = b.add("operation", "Exp", b.add("input", "x"))
    output = b.add("output", "later", y, order=1)
    assert {(y, f"{y}.y"), (f"{y}.y in order 1", output)} < set(edges_of(text_of(b.graph)))


def test_an_output_that_is_a_leaf():
    b = Building()
    x = b.add("parameter", "x")
    y = b.add("output", "y", x)
    assert edges_of(text_of(b.graph)) == [(x, y)]


def test_variables_show_formula_and_value_or_else_shape():
    b = Building()
    x = b.add("input", "x", value="2")
    h = b.add("operation", "PowScalar", x, label="c 2", value="4")
    matrix = b.add("operation", "Exp", h, tensor=Tensor((2, 3), "float64", 48))
    vector = b.add("operation", "ReLU", h, tensor=Tensor((3,), "float64", 24))
    long = b.add("operation", "Tanh", h, tensor=Tensor((9,), "float64", 72), value=f"[{'0.12345, ' * 9}]")
    nothing = b.add("operation", "Neg", h, tensor=None)
    text = text_of(b.graph)
    assert label(text, x) == ["x", "2"]
    assert label(text, f"{h}.y") == ["x²", "4"]
    assert label(text, f"{matrix}.y") == ["exp(x²)", "2×3"]
    assert label(text, f"{vector}.y") == ["relu(x²)", "shape 3"]
    assert label(text, f"{long}.y") == ["tanh(x²)", "shape 9"]
    assert label(text, f"{nothing}.y") == ["−x²"]
    assert "float64" in re.search('tooltip="([^"]*)"', statement(text, f"{matrix}.y"))[1]
    assert "float64" not in "".join(label(text, f"{matrix}.y"))


def test_leaves_show_what_formulas_call_them():
    b = Building()
    names = [b.add("parameter", "encoder.attention.w"), b.add("constant", "constant", value="-2")]
    seed = b.add("seed", "seed", value="1", order=1)
    b.add("operation", "Concatenate", *names, seed, order=1)
    text = text_of(b.graph)
    assert label(text, names[0]) == ["t1", "encoder.attention.w", "scalar"]
    assert label(text, names[1]) == ["−2"]
    assert label(text, seed) == ["gy", "seed 1"]


def test_a_variable_of_an_earlier_lane_is_drawn_again_once():
    text = text_of(shared())
    again = [id_ for id_ in lane_of(text) if id_.endswith("in order 1")]
    assert again == ["operation1.y in order 1"]
    assert label(text, again[0]) == label(text, "operation1.y") == ["tanh(x)", "[0.76, 0.96]"]
    assert 'style="filled,dotted"' in statement(text, again[0])
    assert 'style="filled"' in statement(text, "operation1.y")
    assert not [source for source, target in edges_of(text) if target == again[0]]
    assert edges_of(text).count((again[0], "operation5")) == 2
    assert "dotted: the same variable" in text
    assert "dotted" not in text_of(one())


def test_a_leaf_belongs_to_the_first_lane_that_uses_it():
    b = Building()
    c = b.add("constant", "c")
    for order in (2, 1):
        b.add("operation", "Neg", c, order=order)
    assert {id_: lane for id_, lane in lane_of(text_of(b.graph)).items() if id_.startswith(c)} == {
        c: 1,
        f"{c} in order 2": 2,
    }


def test_what_nothing_uses_is_drawn():
    b = Building()
    x = b.add("input", "x", order=1)
    assert lane_of(text_of(b.graph)) == {x: 1}


def test_the_border_says_the_order():
    text = text_of(cube())
    first, second, third = (statement(text, id_) for id_ in ("operation1", "operation4", "operation9"))
    fill = style.COLORS["elementwise"].fill
    assert f'fillcolor="{fill}"' in first
    assert "dashed" not in first
    assert f'fillcolor="{style.BACKGROUND}"' in second
    assert 'style="rounded,filled,dashed"' in second
    assert 'peripheries="2"' in third


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ([0], []),
        ([0, 1], ["order 0: filled", "order 1: dashed"]),
        ([0, 1, 2], ["order 0: filled", "order 1: dashed", "order 2: double border"]),
        ([1, 2, 3], ["order 1: dashed", "order 2 and higher: double border"]),
    ],
)
def test_only_the_borders_that_occur_are_explained(orders, words):
    b = Building()
    for order in orders:
        b.add("operation", "Neg", b.add("input", f"x{order}"), order=order)
    text = text_of(b.graph)
    assert " · ".join(["a fact", *words]) + "<" in text


def test_derivatives_that_were_not_recorded_are_left_out():
    b = Building()
    x = b.add("parameter", "x")
    y = b.add("operation", "Exp", x)
    plain = text_of(b.graph)
    seed = b.add("seed", "seed", order=1)
    b.nodes += [Node("derivative1", "derivative", "Exp", order=1, of=y), Node("gradient1", "gradient", "x", of=x)]
    b.edges += [
        Edge(seed, "derivative1", 0, SCALAR, "gradient"),
        Edge(y, "derivative1", 0, SCALAR, "saved"),
        Edge("derivative1", "gradient1", 0, SCALAR, "gradient"),
    ]
    assert text_of(b.graph) == plain


@pytest.mark.parametrize("make", [cube, shared, one])
def test_the_same_graph_the_same_text(make):
    assert text_of(make()) == text_of(make())


def boxes(text):
    """By the name of each lane and of each node: left, bottom, right, top."""
    found = {}
    for shape in json.loads(engine_of().render(text, "json"))["objects"]:
        if "bb" in shape:
            found[shape["name"]] = tuple(map(float, shape["bb"].split(",")))
        elif "pos" in shape:
            x, y = map(float, shape["pos"].split(","))
            w, h = 36 * float(shape["width"]), 36 * float(shape["height"])
            found[shape["name"]] = x - w, y - h, x + w, y + h
    return found


def late():
    """What is drawn first in the lane of backward joins a longer path."""
    b = Building()
    x = b.add("input", "x")
    b.add("operation", "Exp", x)
    joining = b.add("operation", "Neg", b.add("seed", "gy", order=1), order=1)
    y = x
    for _ in range(3):
        y = b.add("operation", "Exp", y, order=1)
    b.add("operation", "Mul", joining, y, order=1)
    b.add("operation", "Neg", x, order=2)
    return b.graph


@pytest.mark.parametrize("graph", [cube(), late()])
def test_lanes_stand_below_each_other_and_begin_at_the_left(graph):
    found = boxes(text_of(graph))
    lanes_ = [found[f"cluster_{order}"] for order in range(3)]
    assert lanes_[0][1] >= lanes_[1][3]
    assert lanes_[1][1] >= lanes_[2][3]
    assert max(box[0] for box in lanes_) - min(box[0] for box in lanes_) < 1


def test_lanes_stand_side_by_side():
    found = boxes(text_of(cube(), direction="TB"))
    assert found["cluster_0"][2] <= found["cluster_1"][0]
    assert found["cluster_1"][2] <= found["cluster_2"][0]


def test_operands_stand_in_their_order():
    b = Building()
    operands = [b.add("input", name) for name in "abc"]
    b.add("operation", "Concatenate", *operands)
    tops = [boxes(text_of(b.graph))[id_][3] for id_ in operands]
    assert tops == sorted(tops, reverse=True)


@pytest.mark.parametrize("graph", [cube(), shared()])
def test_nothing_overlaps(graph):
    found = [box for name, box in boxes(text_of(graph)).items() if not name.startswith("cluster")]
    for i, (left, bottom, right, top) in enumerate(found):
        for other in found[:i]:
            assert right <= other[0] or other[2] <= left or top <= other[1] or other[3] <= bottom


HOSTILE = [
    *('a "quoted" name', "<b>&lt;&amp;", "--> <!-- ]]>", "{x|y}[z];", "back\\slash\\", '\\"];}', "\\N\\L%s", "é∂🙂"),
    *("", "two\nlines", "nul\x00 \ud800 \u202e", "x" * 10_000, "t1"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_give_a_picture(name):
    b = Building()
    x, w, c = b.add("input", name, value=name), b.add("parameter", name), b.add("constant", name)
    y = b.add("operation", name, x, w, c, label=name, value=name, family="other")
    b.add("output", name, y)
    b.add("output", name, b.add("operation", "Mul", y, b.add("seed", name, order=1), order=1), order=1)
    text = text_of(b.graph, name)
    assert all(character.isprintable() or character == "\n" for character in text)
    svg = ET.fromstring(engine_of().render(text, "svg"))  # noqa: S314 - ours
    shown = ["".join(element.itertext()) for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    if name.isprintable() and 0 < len(name) <= 14:
        assert sum(line == name for line in shown) >= 6
    assert {"order 0: forward", "order 1: backward"} <= set(shown)


def test_the_legend_and_the_title():
    assert "order 1: dashed" in text_of(cube())
    assert "order 1: dashed" not in text_of(cube(), legend=False)
    assert "<B>title</B>" in text_of(one())
    assert "<B>title</B>" not in text_of(one(), None)


def test_an_empty_graph():
    assert engine_of().render(text_of(Graph((), (), 0)), "svg")


def test_a_long_chain():
    b = Building()
    y = b.add("input", "x")
    for _ in range(5000):
        y = b.add("operation", "Neg", y)
    assert len(edges_of(text_of(b.graph))) == 10_000


def test_every_colour_of_a_fill_or_a_text_has_a_dark_one():
    colors = set(re.findall(r'(?:fillcolor|fontcolor|bgcolor|COLOR)="(#\w+)"', text_of(cube()) + text_of(shared())))
    assert colors <= set(style.DARK)
