"""trace: the Graph is the graph that was executed."""

from dataclasses import FrozenInstanceError, dataclass, field

import numpy as np
import pytest

import minigrad as mg
from minigrad.core.function import Function
from minigrad.viz.graph import Tensor
from minigrad.viz.trace import trace


def variable(*shape, name=None):
    return mg.Variable(np.zeros(shape, np.float32), name=name)


class Named:
    """A model of named parameters."""

    def __init__(self, names):
        self.names = names

    def named_parameters(self):
        return [(name, parameter) for parameter, name in self.names.items()]


def by_id(graph):
    return {node.id: node for node in graph.nodes}


def topology(graph):
    return [(edge.source, edge.target, edge.position) for edge in graph.edges]


def rebuilt(graph, output):
    """The output's expression, as the edges tell it."""
    sources = {(edge.target, edge.position): edge.source for edge in graph.edges}
    texts = {}
    for node in graph.nodes:  # execution order: what a node needs has a text already
        count = sum(edge.target == node.id for edge in graph.edges)
        inputs = [texts[sources[node.id, i]] for i in range(count)]
        texts[node.id] = f"{node.name}({', '.join(inputs)})" if inputs else node.name
    return texts[output]


def test_the_topology_is_what_was_executed():
    a, b = variable(2, 3, name="a"), variable(3, 4, name="b")
    h = a @ b
    y = (h * h - h.sum(1).reshape(2, 1)).sum()
    graph = trace([y])
    assert (
        rebuilt(graph, "output1") == "output(Sum(Sub(Mul(MatMul(a, b), MatMul(a, b)), "
        "BroadcastTo(Reshape(Sum(MatMul(a, b)))))))"
    )
    assert [node.name for node in graph.nodes if node.kind == "operation"] == [
        *("MatMul", "Mul", "Sum", "Reshape", "BroadcastTo", "Sub", "Sum")
    ]


def test_every_node_stands_after_its_inputs_and_every_edge_has_ends():
    x = variable(3)
    graph = trace([(x * x + x).sum(), x * np.ones(3, np.float32)])
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


@pytest.mark.parametrize("backward", [False, True])
def test_edges_stand_by_their_targets(backward):
    x = variable(3)
    graph = trace([(x * x + x).sum(), x * 2], order=int(backward))
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    targets = [place[edge.target] for edge in graph.edges]
    assert targets == sorted(targets)


def test_operand_order_is_kept():
    a, b = variable(2, name="a"), variable(2, name="b")
    assert rebuilt(trace([b - a]), "output1") == "output(Sub(b, a))"


def test_tensors_are_described():
    x = mg.Variable(np.zeros((2, 3), np.float64))
    graph = trace([x.sum(1)])
    nodes = by_id(graph)
    assert nodes["parameter1"].tensor == graph.edges[0].tensor == Tensor((2, 3), "float64", 48)
    assert nodes["operation1"].tensor == nodes["output1"].tensor == graph.edges[1].tensor == Tensor((2,), "float64", 16)


def test_numbers_do_not_depend_on_what_ran_before():
    def graph():
        x = variable(2)
        return trace([(x * x).sum()])

    first = graph()
    variable(2).sum()
    assert graph() == first


def test_only_what_led_to_the_outputs_is_there():
    x = variable(2)
    x.sum()
    assert [node.id for node in trace([x * 2]).nodes] == ["parameter1", "operation1", "output1"]


def test_an_output_twice_is_one_and_two_of_one_operation_are_two():
    x = variable(2)
    y = x * 2
    assert [node.kind for node in trace([y, y]).nodes].count("output") == 1
    both = trace([y, y.sum()])
    assert topology(both) == [
        *(("parameter1", "operation1", 0), ("operation1", "operation2", 0)),
        *(("operation1", "output1", 0), ("operation2", "output2", 0)),
    ]


def test_a_leaf_and_a_constant_as_outputs():
    leaf = trace([variable(2, name="x")])
    assert [(node.kind, node.name) for node in leaf.nodes] == [("parameter", "x"), ("output", "x")]
    assert topology(leaf) == [("parameter1", "output1", 0)]
    both = trace([variable(2, name="x"), mg.Variable(3.0, requires_grad=False)])
    assert [(node.kind, node.value) for node in both.nodes][2:] == [("output", "3")]
    assert topology(both) == topology(leaf)


def test_what_was_not_recorded_is_an_error():
    with mg.no_grad():
        y = variable(2) * 2
    for outputs in ([y], [mg.Variable(3.0, requires_grad=False)], [y, y]):
        with pytest.raises(ValueError, match=r"draw: nothing was recorded: .* constants only, or under no_grad\(\)"):
            trace(outputs)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (3, "not int$"),
        (None, "not NoneType$"),
        (np.ones(3), "not ndarray$"),
        ([mg.Variable(3.0)], r"not list; write draw\(\*outputs\)"),
        (mg.nn.Flatten(), r"not Flatten; write draw\(y, model=model\)"),
    ],
)
def test_what_is_no_variable_is_an_error(output, words):
    with pytest.raises(TypeError, match=rf"draw: outputs\[1\] must be a Variable, {words}"):
        trace([variable(2), output])


def test_constants_stay_separate():
    x, mask = variable(2), np.ones(2, np.float32)
    nodes = by_id(trace([x * mask * mask]))
    assert (nodes["input1"].kind, nodes["constant1"].kind) == ("input", "constant")
    assert (nodes["input1"].name, nodes["constant1"].name) == ("input", "constant")


def test_a_constant_is_known_by_what_was_saved_of_it():
    x, c = variable(2), np.ones(2, np.float32)
    assert by_id(trace([x * c]))["input1"].tensor == Tensor((2,), "float32", 8)
    assert by_id(trace([x + c]))["input1"].tensor is None


def test_a_constant_is_called_what_forward_calls_it():
    class Weighted(Function):
        def forward(self, x, weights):
            return x * weights

    y = mg.apply(Weighted(), variable(2) * 2, np.ones(2, np.float32))
    assert by_id(trace([y]))["constant1"].name == "weights"


def test_names_make_parameters_and_layers():
    w, b, x = variable(3, 4), variable(4), variable(2, 3, name="x")
    nodes = by_id(trace([(x @ w + b).sum()], Named({w: "net.fc.w", b: "net.fc.b"})))
    assert (nodes["input1"].name, nodes["input1"].layer) == ("x", "")
    assert [nodes[f"parameter{i}"].name for i in (1, 2)] == ["net.fc.w", "net.fc.b"]
    layers = {node.name: node.layer for node in nodes.values() if node.kind == "operation"}
    assert layers == dict.fromkeys(("MatMul", "BroadcastTo", "Add"), "net.fc") | {
        "Sum": "net.fc"
    }  # what follows a layer


def test_an_operation_of_two_layers_belongs_to_what_they_share():
    a, b, c = variable(2), variable(2), variable(2)
    nodes = by_id(trace([a * b, a * c], Named({a: "net.one.w", b: "net.two.w", c: "other.w"})))
    assert [nodes[f"operation{i}"].layer for i in (1, 2)] == ["net", ""]


def test_a_parameter_without_a_name():
    assert by_id(trace([variable(2).sum()]))["parameter1"].name == "parameter"


def test_saved_bytes():
    w = variable(3, 3)
    h = w @ w.T  # saves w, which is alive anyway, and a view of it
    y = h * h  # saves h twice
    z = mg.apply(Saving(), y, mg.Variable(np.zeros((1, 3), np.float32)).broadcast_to((3, 3)))
    graph = trace([z])
    assert {node.name: node.saved for node in graph.nodes if node.saved} == {"Mul": 36, "Saving": 36 + 12}
    assert trace([y * h]).saved == 2 * 36  # h is saved by both Muls, y by the second


class Saving(Function):
    def forward(self, x, b):
        self.save(x, b, None)
        return x + b


@dataclass(eq=False)
class Window:
    size: int

    def __str__(self):
        return f"{self.size}×{self.size}"


@dataclass(eq=False)
class Parameters(Function):
    window: Window
    stride: tuple = (1, 1)
    axis: tuple = ()
    p: float = 0.5
    keepdims: bool = False
    key: object = None
    hidden: object = field(default=None, repr=False)

    def forward(self, x):
        return x


class Rude:
    @property
    def __name__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ({}, "3×3"),
        ({"stride": (2, 1), "keepdims": True}, "3×3, stride 2×1, keepdims"),
        ({"key": Window(2)}, "3×3, key 2×2"),
        ({"axis": (0, 2), "p": 1e-30}, "3×3, axis 0, 2, p 1e-30"),
        ({"key": (slice(1, None), ..., None, slice(0, 4, 2))}, "3×3, key 1:, …, None, 0:4:2"),
        ({"key": list(range(1000))}, "3×3, key 0, 1, 2, 3, 4, 5, 6, 7, …"),
        ({"key": np.zeros((2, 2), int)}, "3×3, key int64 (2, 2)"),
        ({"key": object()}, "3×3, key object"),
        ({"key": np.float32}, "3×3, key float32"),
        ({"key": 10**5000}, "3×3, key int"),
        ({"key": Rude()}, "3×3, key Rude"),
        ({"key": "x" * 1000}, f"3×3, key {'x' * 200}"),
        ({"hidden": object()}, "3×3"),
    ],
)
def test_an_operation_shows_the_parameters_that_are_no_defaults(parameters, line):
    y = mg.apply(Parameters(Window(3), **parameters), variable(2))
    assert by_id(trace([y]))["operation1"].label == (line,)


def test_an_endless_parameter_ends():
    endless = []
    endless.append(endless)
    y = mg.apply(Parameters(Window(3), key=endless), variable(2))
    assert by_id(trace([y]))["operation1"].label == ("3×3, key …",)


def test_families():
    x = variable(2, 2)
    y = mg.functions.relu(x @ x).reshape(4).sum() * 2

    class Mine(Function):
        def forward(self, x):
            return x

    class Told(Mine):
        family = "pooling"

    class Derived(Told):
        pass

    class Odd(Mine):
        family = "no family of a diagram"

    for function in (Mine(), Told(), Derived(), Odd()):
        y = mg.apply(function, y)
    families = {n.name: n.family for n in trace([y]).nodes if n.kind == "operation"}
    assert families == {
        "MatMul": "product",
        "ReLU": "elementwise",
        "Reshape": "view",
        "Sum": "reduction",
        "MulScalar": "elementwise",
        "Mine": "other",
        "Told": "pooling",
        "Derived": "pooling",
        "Odd": "other",
    }


def test_every_function_of_minigrad_says_its_family():
    pending, found = [Function], []
    while pending:
        pending += pending.pop().__subclasses__()
        found += [kind for kind in pending if kind.__module__.startswith("minigrad.")]
    assert len(set(found)) > 40
    said = [any("family" in vars(base) for base in kind.__mro__ if base is not Function) for kind in found]
    assert [kind for kind, says in zip(found, said, strict=True) if not says] == []


def test_a_deep_chain():
    y = x = mg.Variable(1.0)
    for _ in range(20_000):
        y = y + 1.0
    graph = trace([y])
    assert len(graph.nodes) == 20_002
    assert graph.edges[-1].source == "operation20000"
    assert x.grad is None


def test_a_graph_is_plain_data():
    graph = trace([variable(2) * 2])
    with pytest.raises(FrozenInstanceError):
        graph.nodes[0].name = "other"
    assert graph == trace([variable(2) * 2])
    assert hash(graph) == hash(trace([variable(2) * 2]))
