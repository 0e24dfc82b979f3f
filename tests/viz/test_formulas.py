"""formulas: computations are written as in a textbook, and long ones get a short name."""

# ruff: noqa: PLW0108 - the names of the arguments are those in the formulas

import re
from dataclasses import dataclass

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import apply
from minigrad.core.arithmetic import AddScalar, DivScalar, Mul, MulScalar, PowScalar
from minigrad.core.shaping import ToDevice
from minigrad.functions.linalg import Linear
from minigrad.viz.formulas import formula_of, formulas
from minigrad.viz.graph import Edge, Graph, Node
from minigrad.viz.trace import trace


def written(compute, **names):
    """The formula of the last operation of a computation on matrices, which have the names of its arguments."""
    arguments = compute.__code__.co_varnames[: compute.__code__.co_argcount]
    y = compute(*[mg.Variable(np.ones((2, 2), np.float32), name=names.get(name, name)) for name in arguments])
    graph = trace([y])
    return formulas(graph)[next(node.id for node in reversed(graph.nodes) if node.kind == "operation")]


@pytest.mark.parametrize(
    ("compute", "formula"),
    [
        (lambda a, b: a + b, "a + b"),
        (lambda a, b: a - b, "a − b"),
        (lambda a, b: a * b, "a·b"),
        (lambda a, b: a / b, "a / b"),
        (lambda a, b: a @ b, "a@b"),
        (lambda a, b: a**b, "a^b"),
        (lambda a: -a, "−a"),
        (lambda x, w: apply(Linear(), x, w), "x@w"),
        (lambda x, w: F.linear(x, w, mg.Variable(np.ones(2, np.float32), name="b")), "x@w + b"),
        (lambda x: F.exp(x), "eˣ"),
        (lambda q: F.exp(q), "exp(q)"),
        (lambda a, b: F.exp(a + b), "exp(a + b)"),
        (lambda x: F.log(x), "ln x"),
        (lambda a, b: F.log(a * b), "ln(a·b)"),
        (lambda x: F.sqrt(x), "√x"),
        (lambda x: x.sum(0, keepdims=True), "Σ x"),
        (lambda a, b: (a + b).sum(0), "Σ(a + b)"),
        (lambda x: x.sum_to((2,)), "Σ x"),
        (lambda x: x.mean((0, 1)), "mean(x)"),
        (lambda x: F.relu(x), "relu(x)"),
        (lambda a, b: F.maximum(a, b), "maximum(a, b)"),
        (lambda x: x.T, "xᵀ"),
        (lambda x: x.reshape(1, 2, 2).transpose(0, 2, 1), "xᵀ"),
        (lambda x: x.reshape(1, 2, 2).transpose(2, 0, 1), "transpose(x)"),
        (lambda x: x.reshape(1, 4).sum().transpose(), "transpose(Σ x)"),
        (lambda x: x[0, 0:2], "x[0, 0:2]"),
        (lambda x: x[..., -1], "x[…, -1]"),
        (lambda x: x[::2], "x[::2]"),
        (lambda x: x[np.array([0, 1])], "x[…]"),
        (lambda x: x[None], "x[…]"),
        (lambda b: b.broadcast_to((3, 2, 2)), "b"),
        (lambda x: x.reshape(4), "x"),
        (lambda x: x.astype(np.float64), "x"),
        (lambda x: apply(ToDevice("cpu", "cpu"), x), "x"),
    ],
)
def test_operations_in_the_fields_notation(compute, formula):
    assert written(compute) == formula


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (PowScalar(2), "x²"),
        (PowScalar(-1), "x⁻¹"),
        (PowScalar(10), "x¹⁰"),
        (PowScalar(0.5), "√x"),
        (PowScalar(-1.5), "x^−1.5"),
        (PowScalar(1), "x"),
        (MulScalar(3), "3x"),
        (MulScalar(-0.5), "−0.5x"),
        (MulScalar(-1), "−x"),
        (MulScalar(1.0), "x"),
        (MulScalar(1e6), "1e+06·x"),
        (MulScalar(np.float32(0.1)), "0.1x"),
        (AddScalar(1), "x + 1"),
        (AddScalar(-1.5), "x − 1.5"),
        (DivScalar(4), "x / 4"),
        (DivScalar(-4), "x / (−4)"),
        (MulScalar(float("nan")), "mulscalar(x)"),
    ],
)
def test_numbers_are_those_of_the_fields(function, formula):
    with np.errstate(all="ignore"):
        assert written(lambda x: apply(function, x)) == formula


@pytest.mark.parametrize(
    ("compute", "formula"),
    [
        (lambda a, b, c: (a + b) * c, "(a + b)·c"),
        (lambda a, b, c: c * (a - b), "c·(a − b)"),
        (lambda a, b, c: (a / b) * c, "(a / b)·c"),
        (lambda a, b, c: (a @ b) * c, "(a@b)·c"),
        (lambda x, c: x.sum(0).broadcast_to((2, 2)) * c, "(Σ x)·c"),
        (lambda a, b: (-a) * b, "(−a)·b"),
        (lambda a, b, c: a * b * c, "a·b·c"),
        (lambda x, gy: gy * (x**2 * 3), "3x²·gy"),
        (lambda a, b, c: c - (a + b), "c − (a + b)"),
        (lambda a, b, c: a + b - c, "a + b − c"),
        (lambda a, c: c + (-a), "c + (−a)"),
        (lambda a, c: (-a) + c, "−a + c"),
        (lambda a, b: a * b + a / b, "a·b + a / b"),
        (lambda a, b, c: c / (a * b), "c / (a·b)"),
        (lambda a, b, x: a * b / x**2, "a·b / x²"),
        (lambda a, b, c: a / b / c, "a / b / c"),
        (lambda a, b: -(a + b), "−(a + b)"),
        (lambda a, b: -(a * b), "−a·b"),
        (lambda a: -np.negative(a), "−(−a)"),
        (lambda a, b: (a + b) ** 2, "(a + b)²"),
        (lambda a: (-a) ** 2, "(−a)²"),
        (lambda x: (x**2) ** 3, "(x²)³"),
        (lambda x: F.exp(x) ** 2, "(eˣ)²"),
        (lambda x: F.relu(x) ** 2, "relu(x)²"),
        (lambda x: (x * 3) * 2, "2·3x"),
        (lambda a, b: (a + b) * 2, "2(a + b)"),
        (lambda x: (x + 1) * 2, "2(x + 1)"),
        (lambda a, b: (a @ b).T, "(a@b)ᵀ"),
        (lambda x, gy: x.T @ gy, "xᵀ@gy"),
        (lambda a, b, x: (x * 2) @ (a + b), "(2x)@(a + b)"),
        (lambda a, b: (a + b)[0], "(a + b)[0]"),
        (lambda x: F.log(x**2), "ln x²"),
        (lambda a, b: F.relu(a + b), "relu(a + b)"),
    ],
)
def test_parentheses_where_they_are_needed(compute, formula):
    assert written(compute) == formula


def test_parentheses_around_odd_names():
    assert written(lambda x: x * 3, x="x²") == "3(x²)"
    assert written(lambda x, c: x * c, x="a + b") == "(a + b)·c"


@dataclass(eq=False)
class Affine(mg.Function):
    scale: float
    words: object = None
    formula = "scale * x + b"

    def forward(self, x, b=None):
        return x * self.scale


class Odd(Mul):
    pass


@pytest.mark.parametrize(
    ("function", "own", "inputs", "shown"),
    [
        (Affine(2.0), "2 * x0 + x1", 2, "2x + b"),
        (Affine(-2.0), "-2 * x0 + x1", 1, "−2x"),
        (Affine("no number"), "... * x0 + x1", 2, "affine(x, b)"),
        (Odd(), "", 2, "odd(x, b)"),
    ],
)
def test_a_users_function_says_its_own_formula(function, own, inputs, shown):
    assert formula_of(function) == own
    node = Node("operation1", "operation", function.name, formula=own)
    leaves = [Node(f"input{i}", "input", name) for i, name in enumerate("xb")][:inputs]
    edges = [Edge(leaf.id, node.id, i, None) for i, leaf in enumerate(leaves)]
    assert formulas(Graph((*leaves, node), tuple(edges), 0))[node.id] == shown


@pytest.mark.parametrize(
    "formula", ["x0 +", "x0 % 2", "x5", "x0 if x0 else x0", "lambda: x0", "\0", "x0 * x1", "f(x0)(x0)"]
)
def test_a_formula_without_a_notation_gives_a_call(formula):
    leaf, node = Node("input1", "input", "x"), Node("operation1", "operation", "Mine", formula=formula)
    graph = Graph((leaf, node), (Edge(leaf.id, node.id, 0, None),), 0)
    assert formulas(graph)[node.id] == "mine(x)"


# Names


FORMULAS = {"Add": "x0 + x1", "Sub": "x0 - x1", "Mul": "x0 * x1", "Exp": "exp(x0)"}


class Building:
    """A Graph in the making."""

    def __init__(self):
        self.nodes, self.edges = [], []

    def add(self, kind, name, *sources, **attributes):
        id_ = f"{kind}{len(self.nodes)}"
        self.nodes.append(Node(id_, kind, name, **attributes))
        self.edges += [Edge(source, id_, i, None) for i, source in enumerate(sources)]
        return id_

    def operation(self, name, *sources, formula=None):
        return self.add("operation", name, *sources, formula=FORMULAS.get(name, "") if formula is None else formula)

    @property
    def formulas(self):
        return formulas(Graph(tuple(self.nodes), tuple(self.edges), 0))


def test_long_formulas_get_short_names_which_others_build_upon():
    building = Building()
    a, b = building.add("input", "alpha"), building.add("input", "beta")
    products = [building.operation("Mul", a, b), building.operation("Mul", b, a)]
    sums = [building.operation("Add", product, a) for product in products]
    total = building.operation("Add", *sums)
    assert [building.formulas[id_] for id_ in (*products, *sums, total)] == [
        *("alpha·beta", "beta·alpha", "t1", "t2", "t1 + t2")
    ]
    graph = Graph(tuple(building.nodes), tuple(building.edges), 0)
    assert formulas(graph, longest=18)[sums[0]] == "alpha·beta + alpha"


def test_operands_go_by_their_position():
    building = Building()
    y = building.operation("Sub", building.add("input", "a"), building.add("input", "b"))
    building.edges.reverse()
    assert building.formulas[y] == "a − b"


def test_short_names_are_not_those_of_leaves():
    building = Building()
    leaf = building.add("input", "t1")
    long = building.add("input", "a_very_long_name")
    y = building.operation("Add", leaf, long)
    assert building.formulas == {leaf: "t1", long: "t2", y: "t1 + t2"}


def test_a_result_is_called_by_its_name_in_what_follows():
    building = Building()
    x = building.add("input", "x")
    y = building.operation("Tanh", x)
    output = building.add("output", "y", y)
    z = building.operation("Mul", y, y)
    found = building.formulas
    assert (found[y], found[output], found[z]) == ("tanh(x)", "y", "y·y")


def test_a_result_of_a_long_name_is_called_by_its_formula():
    building = Building()
    y = building.operation("Tanh", building.add("input", "x"))
    output = building.add("output", "a_very_long_name", y)
    assert building.formulas[output] == "tanh(x)"


def test_seeds_that_nobody_named_are_the_gradients_of_y():
    building = Building()
    seeds = [building.add("seed", "seed", order=order) for order in (1, 2)]
    assert [building.formulas[seed] for seed in seeds] == ["gy", "ggy"]


def test_constants_that_nobody_named_are_their_numbers():
    building = Building()
    x, number = building.add("input", "x"), building.add("constant", "constant", value="-0.5")
    named = building.add("constant", "rate", value="2")
    array = building.add("constant", "constant", value="[1, 2]")
    products = [building.operation("Mul", x, factor) for factor in (number, named, array)]
    assert [building.formulas[id_] for id_ in products] == ["x·(−0.5)", "x·rate", "x·constant"]


@pytest.mark.parametrize("name", ["", "  ", "\n\x00", "x" * 10_000, "(((", "\ud800", "-1", "²", "∂x", "a b", "\\N<b>"])
@pytest.mark.parametrize("operation", ["Mul", "Exp", "Concatenate", "", "\n<>" * 5000])
@pytest.mark.parametrize("formula", [None, "3 * x0", "x0 ** 2", "x0[0]"])
def test_hostile_names_never_fail(name, operation, formula):
    building = Building()
    x = building.add("input", name)
    y = building.operation(operation, *[x] * (2 if operation == "Mul" else 1), formula=formula)
    for text in (building.formulas[x], building.formulas[y]):
        assert 0 < len(text) <= 14
        assert text.isprintable()


def test_deep_and_wide_graphs():
    building = Building()
    x = y = building.add("input", "x")
    for _ in range(5000):
        y = building.operation("Mul", y, x)
    wide = building.operation("Concatenate", *[y] * 5000)
    assert all(len(text) <= 14 for text in building.formulas.values())
    assert re.fullmatch(r"t\d+", building.formulas[wide])
