"""collapse: layers, repeated layers and stretches become one node, and the graph stays one that could be executed."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from minigrad.viz.collapse import collapse_layers, collapse_repeats, collapse_to
from minigrad.viz.graph import Edge, Graph, Node, Stats
from tests.viz.graphs import Making, backward, checked, tensor

FINITE = Stats(0, 1, 2, nan=0, inf=0, size=3)


def folded_at(graph, *paths):
    return checked(collapse_layers(graph, lambda path: path in paths))


def cards(graph, order=0):
    return [node for node in graph.nodes if node.kind == "folded" and node.order == order]


def the_card(graph, order=0):
    (card,) = cards(graph, order)
    return card


def flows(graph, flow="tensor"):
    name = {node.id: node.name for node in graph.nodes}
    return [(name[edge.source], name[edge.target], edge.position) for edge in graph.edges if edge.flow == flow]


def two_layers():
    m = Making()
    h = m.op("ReLU", m.linear(m.input(), "a"), layer="a")
    return m.graph(m.op("ReLU", m.linear(h, "b"), layer="b"))


def blocks(number, prefix="blocks."):
    m = Making()
    h = m.op("Stem", m.input())
    for i in range(number):
        h = m.block(h, f"{prefix}{i}")
    return m.graph(m.op("Head", h))


def chain(length):
    nodes = [Node("input1", "input", "x")]
    nodes += [Node(f"operation{i}", "operation", ("Add", "Mul", "Mul")[i % 3]) for i in range(1, length + 1)]
    return Graph(tuple(nodes), tuple(Edge(a.id, b.id, 0, None) for a, b in pairwise(nodes)), 0)


def test_a_layer_becomes_one_node_between_what_it_takes_and_who_takes_it():
    graph = folded_at(two_layers(), "a", "b")
    assert [(node.id, node.kind) for node in graph.nodes] == [
        *(("input1", "input"), ("folded1", "folded"), ("folded2", "folded"), ("output1", "output"))
    ]
    assert flows(graph) == [("x", "a", 0), ("a", "b", 0), ("b", "output", 0)]
    assert all(edge.tensor == tensor(64, 32) for edge in graph.edges)
    assert (graph.saved, graph.peak) == (7, 9)


def test_what_nobody_chose_stays():
    graph = two_layers()
    assert collapse_layers(graph, lambda path: False) == graph
    assert folded_at(graph, "b").nodes[:4] == graph.nodes[:4]


def test_the_outermost_chosen_layer_wins():
    graph = blocks(2, "net.b")
    card = the_card(folded_at(graph, "net", "net.b0", "net.b0.linear"))
    assert (card.name, card.layer) == ("net", "")
    assert [(card.name, card.layer) for card in cards(folded_at(graph, "net.b0", "net.b1.linear"))] == [
        *(("net.b0", "net"), ("net.b1.linear", "net.b1"))
    ]


def test_every_layer_is_offered_by_its_path():
    asked = []
    collapse_layers(blocks(2, "net.b"), asked.append)
    assert asked == ["net", "net.b0", "net.b0.linear", "net.b1", "net.b1.linear"]


def test_a_card_lists_its_operations_and_counts_its_parameters():
    m = Making()
    h = m.input()
    for layer, names in (("few", "AABC"), ("many", "ABAACCA")):
        for name in names:
            h = m.op(name, h, layer=layer)
    for i in range(25):
        h = m.op("AB"[i % 2], h, layer="very many")
    h = m.linear(m.linear(h, "two.0", 64), "two.1", 4)
    found = {card.name: card.label for card in cards(folded_at(m.graph(h), "few", "many", "very many", "two"))}
    assert found["few"] == ("A ×2 · B · C",)
    assert found["many"] == ("A · B · A ×2 · … 7 operations",)
    assert found["very many"] == ("A ×13, B ×12",)
    assert found["two"] == ("Linear ×2", "4,112 parameters")


def test_a_card_sums_what_its_operations_cost():
    m = Making()
    h = m.op("A", m.input(), layer="a", flops=10, seconds=1.0, saved=3, live=50, source="net.py:1", family="view")
    h = m.op("B", h, layer="a", flops=30, seconds=2.0, saved=4, live=70, source="net.py:2", family="product")
    h = m.op("C", h, layer="a", live=60, stats=FINITE, requires_grad=False, tensor=tensor(3), family="loss")
    card = the_card(folded_at(m.graph(h), "a"))
    assert (card.flops, card.seconds, card.saved, card.live) == (40, 3.0, 7, 70)
    assert (card.stats, card.tensor, card.requires_grad) == (FINITE, tensor(3), True)
    assert (card.source, card.family, card.count) == ("net.py:1", "product", 1)


def test_a_card_keeps_the_first_nan_inside():
    m = Making()
    h = m.op("Sub", m.input(), layer="a", stats=FINITE)
    h = m.op("Log", h, layer="a", stats=FINITE._replace(nan=2))
    h = m.op("Exp", h, layer="a", stats=FINITE._replace(nan=1, inf=1))
    h = m.op("Where", h, layer="a", stats=FINITE)
    assert the_card(folded_at(m.graph(h), "a")).stats == FINITE._replace(nan=2)


def test_what_nobody_measured_stays_unknown():
    card = cards(folded_at(two_layers(), "a"))[0]
    assert (card.flops, card.seconds, card.live, card.norm) == (None, None, None, None)
    assert card.family == "product"


def test_a_skip_connection_survives_and_an_array_comes_in_once():
    m = Making()
    x = m.op("Stem", m.input())
    h = m.op("Mul", x, x, layer="a")
    h = m.op("Add", m.op("ReLU", h, layer="a"), x, layer="a")
    far = m.op("Cat", m.op("ReLU", h), x, layer="b")
    graph = folded_at(m.graph(far), "a", "b")
    assert flows(graph) == [
        *(("x", "Stem", 0), ("Stem", "a", 0), ("a", "ReLU", 0), ("ReLU", "b", 0), ("Stem", "b", 1), ("b", "output", 0))
    ]


def test_an_operation_outside_keeps_its_input_numbers():
    m = Making()
    x = m.input()
    a, b = m.op("A", x, layer="a"), m.op("B", x, layer="a")
    graph = folded_at(m.graph(m.op("Where", x, a, b)), "a")
    assert flows(graph)[1:4] == [("x", "Where", 0), ("a", "Where", 1), ("a", "Where", 2)]


def test_a_layer_that_is_called_twice_becomes_two_nodes_and_its_weight_stays():
    m = Making()
    w = m.node("parameter", "a.w", layer="a", tensor=tensor(32, 32))
    h = m.op("ReLU", m.op("Linear", m.input(), w, layer="a"), layer="a")
    h = m.op("Tanh", h)
    h = m.op("ReLU", m.op("Linear", h, w, layer="a"), layer="a")
    graph = folded_at(m.graph(h), "a")
    assert [node.name for node in graph.nodes] == ["a.w", "x", "a", "Tanh", "a", "output"]
    assert flows(graph) == [
        *(("x", "a", 0), ("a.w", "a", 1), ("a", "Tanh", 0), ("Tanh", "a", 0), ("a.w", "a", 1), ("a", "output", 0))
    ]
    assert {card.label for card in cards(graph)} == {("Linear · ReLU",)}


def test_a_parameter_that_two_layers_share_stays_and_its_gradient_too():
    m = Making()
    w = m.node("parameter", "a.w", layer="a", tensor=tensor(32, 32))
    h = m.op("Linear", m.op("Linear", m.input(), w, layer="a"), w, layer="b")
    graph = folded_at(backward(m.graph(h)), "a", "b")
    assert [node.name for node in graph.nodes if node.kind in ("parameter", "gradient")] == ["a.w", "a.w"]


def test_branches_that_were_executed_by_turns_are_not_split():
    m = Making()
    a = b = m.input()
    for _ in range(3):
        a, b = m.op("A", a, layer="a"), m.op("B", b, layer="b")
    late = m.op("Late", m.input())
    graph = folded_at(m.graph(m.op("A", a, late, layer="a"), b), "a", "b")
    assert [card.name for card in cards(graph)] == ["b", "a"]


def test_layers_that_wait_for_each_other_are_split():
    m = Making()
    a, b = m.op("A", m.input(), layer="a"), m.op("B", m.input(), layer="b")
    graph = folded_at(m.graph(m.op("A", b, layer="a"), m.op("B", a, layer="b")), "a", "b")
    assert [card.name for card in cards(graph)] == ["a", "b", "a"]


def test_derivatives_and_gradients_fold_as_what_they_are_the_derivatives_of():
    graph = folded_at(backward(two_layers()), "a", "b")
    a, b = cards(graph)
    db, da = cards(graph, order=1)
    assert [(card.name, card.of, card.label) for card in (db, da)] == [
        *(("b", b.id, ("ReLU · Linear",)), ("a", a.id, ("ReLU · Linear",)))
    ]
    assert flows(graph, "gradient") == [("output", "backward()", 0), ("backward()", "b", 0), ("b", "a", 0)]
    assert flows(graph, "saved") == [("b", "b", 0), ("a", "a", 0)]
    assert all(node.kind in ("input", "folded", "output", "seed") for node in graph.nodes)


def test_the_norms_of_gradients_add_up_as_vectors_do():
    m = Making()
    w, b = (m.node("parameter", f"a.{name}", layer="a", tensor=tensor(3)) for name in "wb")
    graph = backward(m.graph(m.op("Linear", m.input(), w, b, layer="a")))
    norms = {"a.w": 3.0, "a.b": 4.0}
    nodes = tuple(replace(n, norm=norms[n.name]) if n.kind == "gradient" else n for n in graph.nodes)
    assert the_card(folded_at(replace(graph, nodes=nodes), "a"), order=1).norm == 5.0


def test_a_gradient_flows_towards_the_input_that_the_card_has():
    m = Making()
    x, y = m.op("X", m.input()), m.op("Y", m.input())
    h = m.op("Add", m.op("ReLU", x, layer="a"), m.op("Mul", y, y, layer="a"), layer="a")
    graph = folded_at(backward(m.graph(h)), "a")
    assert flows(graph)[2:4] == [("X", "a", 0), ("Y", "a", 1)]
    assert sorted(flows(graph, "gradient"))[:2] == [("a", "X", 0), ("a", "Y", 1)]


def test_what_changed_shows_on_the_card():
    m = Making()
    h = m.op("A", m.op("A", m.input(), layer="a", change="added"), layer="a", change="added")
    h = m.op("A", m.op("A", h, layer="b"), layer="b", change="removed")
    assert [card.change for card in cards(folded_at(m.graph(h), "a", "b"))] == ["added", "changed"]


def test_twelve_blocks_become_one_node():
    graph = checked(collapse_repeats(blocks(12)))
    card = the_card(graph)
    assert (card.name, card.layer, card.count) == ("blocks.0 … 11", "blocks", 12)
    assert card.label == ("Linear · ReLU · Add", "12 × 1,024 parameters")
    assert flows(graph) == [
        *(("x", "Stem", 0), ("Stem", "blocks.0 … 11", 0), ("blocks.0 … 11", "Head", 0), ("Head", "output", 0))
    ]


def test_siblings_are_numbered_in_their_names_too():
    card = the_card(collapse_repeats(blocks(3, "net.block")))
    assert (card.name, card.layer) == ("net.block0 … 2", "net")
    card = the_card(collapse_repeats(blocks(3, "")))
    assert (card.name, card.layer) == ("0 … 2", "")


def test_repeated_layers_fold_in_backward_too():
    graph = checked(collapse_repeats(backward(blocks(12))))
    card, derivative = the_card(graph), the_card(graph, order=1)
    assert (derivative.name, derivative.of, derivative.count) == (card.name, card.id, 12)
    assert derivative.label == ("Add · ReLU · Linear",)
    kinds = ["input", *["operation", "folded", "operation"], "output", "seed", *["derivative", "folded", "derivative"]]
    assert [node.kind for node in graph.nodes] == kinds


def test_sums_go_over_all_repeated_layers():
    m = Making()
    h = m.input()
    for i in range(4):
        h = m.op("A", h, layer=f"a{i}", flops=10, seconds=0.5, saved=3)
    card = the_card(collapse_repeats(m.graph(h)))
    assert (card.flops, card.seconds, card.saved) == (40, 2.0, 12)


def test_one_layer_is_no_repetition():
    graph = blocks(1)
    assert collapse_repeats(graph) == graph


def test_blocks_of_blocks_become_one_node():
    m = Making()
    h = m.input()
    for stage in range(2):
        for i in range(3):
            h = m.block(h, f"stages.{stage}.{i}")
    card = the_card(checked(collapse_repeats(m.graph(h))))
    assert (card.name, card.count) == ("stages.0 … 1", 2)
    assert card.label == ("Linear · ReLU · Add · … 9 operations", "2 × 3,072 parameters")


def test_layers_of_any_depth_are_tried_from_the_deepest_on():
    m = Making()
    h = m.input()
    for path in ("a.b.c.d.e", "a.b.c.d.f", "a.b.c.g", "a.b.h"):
        h = m.op("Exp", m.op("ReLU", h, layer=path), layer=path)
    graph = m.graph(h)
    assert [card.name for card in cards(collapse_to(graph, 5)[0])] == ["a.b.c.d", "a.b.c.g", "a.b.h"]
    assert [card.name for card in cards(collapse_to(graph, 4)[0])] == ["a.b.c", "a.b.h"]


def test_stages_of_another_width_are_folded_within():
    m = Making()
    h = m.input()
    for stage, size in enumerate((32, 64)):
        for i in range(3):
            h = m.linear(h, f"stages.{stage}.{i}", size)
    assert [card.name for card in cards(collapse_repeats(m.graph(h)))] == ["stages.0.0 … 2", "stages.1.0 … 2"]


@pytest.mark.parametrize(
    "second",
    [
        {"name": "Tanh"},
        {"label": ("axis 1",)},
        {"family": "view"},
        {"tensor": tensor(3)},
        {"layer": "a.1.inner"},
        {"layer": "b.1"},
        {"layer": "a.x"},
    ],
)
def test_layers_of_another_form_stay(second):
    m = Making()
    h = m.op("ReLU", m.input(), layer="a.0")
    attributes = {"name": "ReLU", "layer": "a.1"} | second
    graph = m.graph(m.op(attributes.pop("name"), h, **attributes))
    assert collapse_repeats(graph) == graph


def test_siblings_that_do_not_feed_each_other_stay():
    m = Making()
    x = m.input()
    side_by_side = m.graph(m.op("ReLU", x, layer="a.0"), m.op("ReLU", x, layer="a.1"))
    assert collapse_repeats(side_by_side) == side_by_side
    m = Making()
    h = m.op("ReLU", m.input(), layer="a.0")
    apart = m.graph(m.op("ReLU", m.op("Tanh", h), layer="a.1"))
    assert collapse_repeats(apart) == apart


def test_blocks_with_other_edges_stay():
    m = Making()
    x = m.input()
    a = m.op("ReLU", m.op("Exp", x, layer="a.0"), layer="a.0")
    b = m.op("ReLU", m.op("Exp", a, layer="a.1"), layer="a.1")
    last = m.op("Exp", b, layer="a.2")
    graph = m.graph(m.op("ReLU", a, layer="a.2"), last)
    assert the_card(collapse_repeats(graph)).name == "a.0 … 1"


def test_what_all_blocks_take_from_outside_comes_in_once():
    m = Making()
    h, mask = m.input(), m.op("Mask", m.input())
    for i in range(3):
        h = m.op("Add", h, mask, layer=f"a.{i}")
    graph = checked(collapse_repeats(m.graph(h)))
    assert flows(graph)[1:3] == [("x", "a.0 … 2", 0), ("Mask", "a.0 … 2", 1)]


def test_a_parameter_that_blocks_share_stays():
    m = Making()
    h = m.input()
    w = m.node("parameter", "w", tensor=tensor(32, 32))
    for i in range(3):
        h = m.op("Linear", h, w, layer=f"a.{i}")
    graph = checked(collapse_repeats(m.graph(h)))
    assert [node.name for node in graph.nodes] == ["x", "w", "a.0 … 2", "output"]
    assert the_card(graph).label == ("Linear",)


def test_nothing_is_folded_that_is_small_enough():
    graph = blocks(12)
    assert collapse_to(graph, len(graph.nodes)) == (graph, "")


def network():
    """Two repeated blocks, an encoder with layers in layers, and a head."""
    m = Making()
    h = m.input()
    for i in range(2):
        h = m.block(h, f"blocks.{i}")
    for part in "abc":
        for layer in "pq":
            for _ in range(2):
                h = m.op("ReLU" if part < "b" else "Tanh", h, layer=f"encoder.{part}.{layer}")
    return m.graph(m.op("Softmax", h))


@pytest.mark.parametrize(
    ("most", "names", "words"),
    [
        (16, ["blocks.0 … 1"], "2 layers of 1 form folded"),
        (
            10,
            ["blocks.0 … 1", *(f"encoder.{name}" for name in ("a.p", "a.q", "b.p", "b.q", "c.p", "c.q"))],
            "folded by layer",
        ),
        (9, ["blocks.0 … 1", "encoder.a", "encoder.b", "encoder.c"], "folded by layer"),
        (6, ["blocks", "encoder"], "folded by layer"),
        (4, ["operations 1 … 10", "operations 11 … 19"], "folded: 19 operations in 2 cards"),
    ],
)
def test_no_more_is_folded_than_it_takes(most, names, words):
    graph, said = collapse_to(network(), most)
    assert ([card.name for card in cards(checked(graph))], said) == (names, words)
    assert len(graph.nodes) <= most


def test_ten_thousand_operations_without_layers_fold_into_stretches():
    graph, words = collapse_to(chain(10_000), 201)
    assert (len(checked(graph).nodes), words) == (201, "folded: 10,000 operations in 200 cards")
    first, *_, last = cards(graph)
    assert (first.name, last.name) == ("operations 1 … 50", "operations 9,951 … 10,000")
    assert first.label == ("Mul ×34, Add ×16",)


def test_stretches_of_backward_go_with_those_of_forward():
    graph, _ = collapse_to(backward(chain(10_000)), 400)
    assert 300 < len(checked(graph).nodes) <= 400
    assert len(cards(graph)) == len(cards(graph, order=1))


def test_many_inputs_are_folded_with_the_operations_that_take_them():
    m = Making()
    graph = m.graph(*(m.op("Exp", m.input()) for _ in range(300)))
    assert len(checked(collapse_to(graph, 40)[0]).nodes) <= 40
    assert len(checked(collapse_to(backward(graph), 40)[0]).nodes) <= 40


def test_weights_that_every_stretch_takes_stay():
    m = Making()
    weights = [m.node("parameter", f"w{i}", tensor=tensor(3)) for i in range(30)]
    h = m.input()
    for i in range(600):
        h = m.op("Add", h, weights[i % 30])
    graph = checked(collapse_to(m.graph(h), 100)[0])
    assert len(graph.nodes) <= 100
    assert sum(node.kind == "parameter" for node in graph.nodes) == 30


@pytest.mark.parametrize("length", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_a_long_chain_needs_no_recursion(length):
    assert len(collapse_to(chain(length), 400)[0].nodes) <= 400


def test_a_second_run_folds_the_same():
    graph = backward(network())
    for most in range(4, len(graph.nodes)):
        assert repr(collapse_to(graph, most)) == repr(collapse_to(backward(network()), most))


def at_random(seed, length=60):
    """Operations of random layers that take what random operations before made."""
    random = np.random.default_rng(seed)
    m = Making()
    made = [m.input(), m.node("parameter", "a.w", layer="a"), m.node("constant", "2", layer="b")]
    paths = ["", "a", "b", "a.0", "a.1", "b.0", "b.0.c"]
    for _ in range(length):
        inputs = [made[-int(i)] for i in random.integers(1, min(len(made), 8) + 1, random.integers(1, 4))]
        made.append(m.op("Add", *inputs, layer=paths[random.integers(len(paths))]))
    return backward(m.graph(m.op("Add", made[-1], made[0])))


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_folded_can_be_executed_and_leads_where_it_led(seed):
    graph = at_random(seed)
    for fold in (
        lambda graph: collapse_layers(graph, lambda path: path in ("a", "b")),
        lambda graph: collapse_layers(graph, lambda path: path.count(".") == 1),
        collapse_repeats,
        lambda graph: collapse_to(graph, 9)[0],
    ):
        folded = checked(fold(graph))
        assert "output1" in reachable(folded, "input1")
        assert {card.of for card in cards(folded, order=1)} <= {card.id for card in cards(folded)}


def reachable(graph, start):
    found = {start}
    for edge in graph.edges:  # by their targets, in execution order
        if edge.source in found:
            found.add(edge.target)
    return found
