"""Graphs made by hand, without arrays, and what must hold for any Graph."""

from collections import Counter

import numpy as np

from minigrad.viz.derivatives import with_derivatives
from minigrad.viz.graph import Edge, Graph, Node, Tensor


def tensor(*shape, dtype="float32"):
    return Tensor(shape, dtype, 4 * int(np.prod(shape)))


class Making:
    """A Graph in the making: every method makes a node and says its id."""

    def __init__(self):
        self.nodes, self.edges, self.counts, self.tensors = [], [], Counter(), {}

    def node(self, kind, name, *inputs, **attributes):
        self.counts[kind] += 1
        node = Node(f"{kind}{self.counts[kind]}", kind, name, **attributes)
        self.tensors[node.id] = node.tensor
        self.nodes.append(node)
        self.edges += [Edge(source, node.id, i, self.tensors[source]) for i, source in enumerate(inputs)]
        return node.id

    def input(self):
        return self.node("input", "x", tensor=tensor(64, 32), requires_grad=False)

    def op(self, name, *inputs, **attributes):
        return self.node("operation", name, *inputs, **({"tensor": tensor(64, 32)} | attributes))

    def linear(self, x, layer, size=32):
        w = self.node("parameter", f"{layer}.w", layer=layer, tensor=tensor(size, size))
        return self.op("Linear", x, w, layer=layer, family="product", saves="x, w")

    def block(self, x, layer):
        y = self.op("ReLU", self.linear(x, f"{layer}.linear"), layer=layer)
        return self.op("Add", x, y, layer=layer)

    def graph(self, *outputs):
        for output in outputs:
            self.node("output", "output", output)
        return Graph(tuple(self.nodes), tuple(self.edges), 7, 9)


def backward(graph):
    """The graph with its backward, as trace adds it."""
    return with_derivatives(graph, {}, {})


def checked(graph):
    """The graph, after a look whether it could be executed."""
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)
    targets = [place[edge.target] for edge in graph.edges]
    assert targets == sorted(targets)
    assert all(node.of in place for node in graph.nodes if node.of)
    return graph
