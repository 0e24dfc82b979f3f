"""diff: the nodes that were added, removed or changed between two graphs, in one of them all."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import viz
from minigrad.viz.diff import compare
from minigrad.viz.graph import Graph, Node, Stats
from minigrad.viz.trace import trace
from tests.viz.graphs import Making, backward, checked, tensor


def operation(name, **attributes):
    return "operation", name, {"tensor": tensor(64, 32)} | attributes


def chained(*nodes):
    """Each node takes what the one before it made."""
    m = Making()
    inputs = []
    for kind, name, attributes in nodes:
        inputs = [m.node(kind, name, *inputs, **attributes)]
    return m.graph()


def network(*operations):
    x = "input", "x", {"tensor": tensor(64, 32), "requires_grad": False}
    return chained(x, *operations, ("output", "loss", {"value": "0.5"}))


def chained_by_name(text, **attributes):
    return network(*(operation(name, **attributes) for name in text.split()))


def merged(before, after):
    """Both graphs in one, after a look whether it could be executed and whether all of both is in it."""
    graph = checked(compare(before, after))
    for side, without in ((before, "added"), (after, "removed")):
        assert Counter(n.name for n in graph.nodes if n.change != without) == Counter(n.name for n in side.nodes)
        assert named_edges(graph, without) == named_edges(side, without)
    return graph


def named_edges(graph, without=None):
    names = {node.id: (node.kind, node.name) for node in graph.nodes}
    edges = [edge for edge in graph.edges if edge.change != without]
    return Counter((names[edge.source], names[edge.target], edge.position, edge.flow) for edge in edges)


def signs(graph):
    """As "+ReLU −Tanh ~Linear Add", without input and output."""
    sign = {"": "", "added": "+", "removed": "−", "changed": "~"}
    return " ".join(sign[n.change] + n.name for n in graph.nodes if n.kind not in ("input", "output"))


def edge_signs(graph):
    names = {node.id: node.name for node in graph.nodes}
    return [(names[edge.source], names[edge.target], edge.change) for edge in graph.edges if edge.change]


def the_label(old, new):
    (found,) = [n for n in merged(network(old), network(new)).nodes if n.kind == "operation"]
    return found.change, found.label


def test_a_graph_and_itself_make_the_same_graph():
    graph = backward(chained_by_name("Linear ReLU Linear ReLU"))
    assert compare(graph, graph) == graph


def test_an_operation_that_came_is_added_with_its_edges():
    graph = merged(chained_by_name("Conv2d Pool"), chained_by_name("Conv2d ReLU Pool"))
    assert signs(graph) == "Conv2d +ReLU Pool"
    assert edge_signs(graph) == [("Conv2d", "ReLU", "added"), ("ReLU", "Pool", "added"), ("Conv2d", "Pool", "removed")]


def test_an_operation_that_went_is_removed_and_still_there():
    graph = merged(chained_by_name("Conv2d ReLU Pool"), chained_by_name("Conv2d Pool"))
    assert signs(graph) == "Conv2d −ReLU Pool"
    assert edge_signs(graph) == [
        ("Conv2d", "ReLU", "removed"),
        ("Conv2d", "Pool", "added"),
        ("ReLU", "Pool", "removed"),
    ]


def test_another_operation_in_its_place_is_one_removed_and_one_added():
    assert signs(merged(chained_by_name("A ReLU B"), chained_by_name("A GELU B"))) == "A −ReLU +GELU B"


def test_what_is_inserted_in_the_middle_leaves_the_rest_alone():
    before = chained_by_name("Linear ReLU Linear ReLU Linear ReLU")
    after = chained_by_name("Linear ReLU Linear Dropout ReLU ReLU Linear ReLU")
    assert signs(merged(before, after)) == "Linear ReLU Linear +Dropout +ReLU ReLU Linear ReLU"
    before, after = chained_by_name("A ReLU B C ReLU D"), chained_by_name("ReLU A ReLU B ReLU C ReLU E")
    assert signs(merged(before, after)) == "+ReLU A ReLU B +ReLU C ReLU −D +E"


def test_layers_tell_operations_of_one_name_apart():
    before = network(operation("Linear", layer="a"), operation("Linear", layer="c"))
    after = network(operation("Linear", layer="a"), operation("Linear", layer="b"), operation("Linear", layer="c"))
    graph = merged(before, after)
    assert [(n.layer, n.change) for n in graph.nodes if n.kind == "operation"] == [("a", ""), ("b", "added"), ("c", "")]


def test_another_parameter_of_an_operation_is_a_change():
    old, new = (
        operation("Conv2d", label=("3×3, pad 1", "groups 1")),
        operation("Conv2d", label=("5×5, pad 2", "groups 1")),
    )
    assert the_label(old, new) == ("changed", ("3×3 → 5×5, pad 1 → pad 2", "groups 1"))
    old, new = operation("Sum", label=("axis 0, 1",)), operation("Sum", label=("axis 0, 1, keepdims",))
    assert the_label(old, new) == ("changed", ("axis 0, 1 → axis 0, 1, keepdims",))
    assert the_label(operation("Sum"), operation("Sum", label=("axis 1",))) == ("changed", ("none → axis 1",))


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (tensor(64, 48), "64×32 → 64×48"),
        (tensor(64, 32, dtype="float64"), "float32 → float64"),
        (tensor(64, dtype="float64"), "64×32 float32 → 64 float64"),
    ],
)
def test_another_shape_or_dtype_is_a_change(new, line):
    old = operation("Linear", label=("bias",))
    assert the_label(old, operation("Linear", label=("bias",), tensor=new)) == ("changed", ("bias", line))


def test_other_costs_are_a_change_where_nothing_else_is():
    old = operation("Linear", flops=2000, saved=10)
    assert the_label(old, operation("Linear", flops=3000, saved=10)) == ("changed", ("2,000 → 3,000 FLOP",))
    assert the_label(old, operation("Linear", flops=2000, saved=0)) == ("changed", ("10 → 0 B saved",))
    assert the_label(old, operation("Linear", flops=3000, tensor=tensor(2))) == ("changed", ("64×32 → 2",))
    frozen = operation("Linear", flops=2000, saved=10, requires_grad=False)
    assert the_label(old, frozen) == ("changed", ("gradient → no gradient",))


def test_what_was_measured_and_values_are_no_change_but_those_of_after():
    stats = Stats(0, 1, 2, nan=0, inf=0, size=3)
    measured = {"seconds": 1.0, "live": 2, "stats": stats, "norm": 3.0, "source": "a.py:1", "value": "8"}
    graph = merged(network(operation("Exp")), network(operation("Exp", **measured)))
    assert graph.nodes[1] == Node("operation1", "operation", "Exp", tensor=tensor(64, 32), **measured)


def test_what_only_one_graph_knows_is_no_change():
    known = operation("Exp", flops=10)
    assert (
        the_label(operation("Exp", tensor=None), known) == the_label(known, operation("Exp", tensor=None)) == ("", ())
    )


def test_the_value_of_the_loss_is_no_change():
    before, after = chained_by_name("Mean"), chained_by_name("Mean")
    after = replace(after, nodes=(*after.nodes[:-1], replace(after.nodes[-1], value="0.3")))
    assert compare(before, after) == after


def test_saved_and_peak_are_those_of_after():
    graph = compare(replace(chained_by_name("A"), saved=1, peak=2), replace(chained_by_name("A"), saved=3, peak=4))
    assert (graph.saved, graph.peak) == (3, 4)


def test_a_derivative_goes_with_its_operation():
    before = backward(chained_by_name("Linear ReLU ReLU Head"))
    after = backward(chained_by_name("Linear ReLU ReLU ReLU Head"))
    graph = merged(before, after)
    added = [n for n in graph.nodes if n.change == "added"]
    assert [n.kind for n in added] == ["operation", "derivative"]
    assert added[1].of == added[0].id
    pairs = {n.id: n for n in graph.nodes}
    derivatives = [n for n in graph.nodes if n.kind == "derivative"]
    assert all(pairs[n.of].name == n.name and pairs[n.of].change == n.change for n in derivatives)


def test_ids_are_numbered_anew_by_kind():
    graph = merged(backward(chained_by_name("A B")), backward(chained_by_name("A C B")))
    ids = [n.id for n in graph.nodes]
    assert ids == [
        *("input1", "operation1", "operation2", "operation3", "output1"),
        *("seed1", "derivative1", "derivative2", "derivative3"),
    ]


def test_what_changed_places_is_removed_and_added():
    def joined(*names):
        m = Making()
        place = {name: m.op(name, layer=name) for name in names}
        m.op("Add", place["a"], place["b"])
        return m.graph()

    assert signs(merged(joined("a", "b"), joined("b", "a"))) == "+b a −b Add"


def test_an_order_that_was_turned_round_makes_no_circle():
    graph = merged(chained_by_name("A B C"), chained_by_name("C B A"))
    assert Counter(n.change for n in graph.nodes) == {"": 3, "added": 2, "removed": 2}


def test_graphs_without_anything_in_common_stand_side_by_side():
    graph = merged(chained(operation("A"), operation("B")), chained(operation("C")))
    assert signs(graph) == "−A −B +C"


def test_an_empty_graph_is_all_added_or_removed():
    empty, graph = Graph((), (), 0), chained_by_name("A B")
    assert {n.change for n in compare(empty, graph).nodes} == {"added"}
    assert {e.change for e in compare(graph, empty).edges} == {"removed"}
    assert compare(empty, empty) == empty


def test_large_graphs_are_merged_without_recursion():
    before = chained_by_name("Add Mul Exp " * 3_000)
    after = chained_by_name("Add Mul Exp " * 1_500 + "Tanh " + "Add Mul Exp " * 1_500)
    assert [n.name for n in compare(before, after).nodes if n.change] == ["Tanh"]


def test_what_is_too_long_to_align_is_counted():
    before = chained_by_name("First " + "Add Mul Exp " * 1000 + "Last")
    after = chained_by_name("Begin " + "Add Mul Exp " * 1000 + "Add End")
    assert {n.name for n in merged(before, after).nodes if n.change} == {"First", "Begin", "Last", "End", "Add"}


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs_merge_into_one_that_could_be_executed(seed):
    random = np.random.default_rng(seed)

    def graph():
        m = Making()
        made = [m.input()]
        for _ in range(random.integers(1, 30)):
            sources = random.choice(made, size=2)
            made.append(m.op("ABCDEFGH"[random.integers(8)], *sources, layer="xyz"[random.integers(3)]))
        return backward(m.graph(made[-1]))

    before, after = graph(), graph()
    assert repr(merged(before, after)) == repr(merged(before, after))


@pytest.mark.parametrize("seed", range(10))
def test_random_traces_merge_into_one_that_could_be_executed(seed):
    random = np.random.default_rng(seed)

    def graph():
        made = [mg.Variable(np.ones(2), name=name) for name in random.permutation(list("abc"))]
        for _ in range(random.integers(1, 30)):
            i, j = random.integers(len(made), size=2)
            made.append([F.relu(made[i]), made[i] + made[j], made[i] * made[j]][random.integers(3)])
        return trace(made[-2:], order=1)

    merged(graph(), graph())


# Diagrams compared


def drawn():
    return mg.Variable(np.ones(2, np.float32), name="x").sum()


def test_a_diff_names_what_it_compares():
    x = mg.Variable(np.ones(3), name="x")
    changes = viz.diff(viz.draw(x * 2.0, title="a"), viz.draw((x * 4.0).sum(), title="b"))
    assert changes.title == "a → b"
    assert "~ MulScalar" in changes.dot
    assert "+ Sum" in changes.dot
    assert ">&#160;+ added&#160;<" in changes.dot
    assert "− MulScalar" not in changes.dot
    assert viz.diff(viz.draw(x * 2.0), viz.draw(x * 2.0), title="the same").dot.count("~") == 0


@pytest.mark.parametrize("arguments", [(None, "diagram"), ("diagram", 3)])
def test_what_is_no_diagram_can_t_be_compared(arguments):
    diagrams = [viz.draw(drawn()) if argument == "diagram" else argument for argument in arguments]
    with pytest.raises(TypeError, match=r"diff: (before|after) must be a Diagram, as draw makes it, not "):
        viz.diff(*diagrams)


@pytest.mark.parametrize("view", ["teach", "auto"])
def test_a_diff_is_not_for_teaching(view):
    with pytest.raises(ValueError, match=f"diff: view must be 'ops', 'layers' or 'model', not '{view}'"):
        viz.diff(viz.draw(drawn()), viz.draw(drawn()), view=view)


def test_a_diff_counts_what_is_there_after_it():
    x = mg.Variable(np.ones(3), name="x")
    assert "1 operation," in viz.diff(viz.draw((x * 2.0).sum() + 1.0), viz.draw(x.sum())).summary()
