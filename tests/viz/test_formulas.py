"""formulas: what is computed is written as in a textbook, and what would be long gets a short name."""

import re

import pytest

from minigrad.viz.formulas import formulas
from minigrad.viz.graph import Edge, Graph, Node


class Building:
    """A Graph in the making."""

    def __init__(self):
        self.nodes, self.edges = [], []

    def add(self, kind, name, *sources, **attributes):
        id_ = f"{kind}{len(self.nodes)}"
        self.nodes.append(Node(id_, kind, name, **attributes))
        self.edges += [Edge(source, id_, i, None) for i, source in enumerate(sources)]
        return id_

    def operation(self, name, *sources, label=""):
        return self.add("operation", name, *sources, label=(label,) if label else ())

    def expression(self, tree):
        """Add an operation, (its name and label in one text, operands...); or a leaf, its name."""
        if isinstance(tree, str):
            return self.add("input", tree)
        name, _, label = tree[0].partition(" ")
        return self.operation(name, *map(self.expression, tree[1:]), label=label)

    @property
    def formulas(self):
        return formulas(Graph(tuple(self.nodes), tuple(self.edges), 0))


def written(tree):
    building = Building()
    id_ = building.expression(tree)
    return building.formulas[id_]


SUM, DIFFERENCE, PRODUCT, QUOTIENT = ("Add", "a", "b"), ("Sub", "a", "b"), ("Mul", "a", "b"), ("Div", "a", "b")
MATRICES = ("MatMul", "a", "b")
SQUARE = ("PowScalar c 2", "x")


@pytest.mark.parametrize(
    ("tree", "formula"),
    [
        (SUM, "a + b"),
        (DIFFERENCE, "a − b"),
        (PRODUCT, "a·b"),
        (QUOTIENT, "a / b"),
        (MATRICES, "a@b"),
        (("Power", "a", "b"), "a^b"),
        (("Neg", "a"), "−a"),
        (("Linear", "x", "w"), "x@w"),
        (("Linear", "x", "w", "b"), "x@w + b"),
        (("Exp", "x"), "eˣ"),
        (("Exp", "q"), "exp(q)"),
        (("Exp", SUM), "exp(a + b)"),
        (("Log", "x"), "ln x"),
        (("Log", PRODUCT), "ln(a·b)"),
        (("Sqrt", "x"), "√x"),
        (("Sum axis 0, keepdims", "x"), "Σ x"),
        (("Sum axis 0", SUM), "Σ(a + b)"),
        (("SumTo shape 3", "x"), "Σ x"),
        (("Mean axis 0, 1", "x"), "mean(x)"),
        (("ReLU", "x"), "relu(x)"),
        (("Maximum", "a", "b"), "maximum(a, b)"),
        (("Transpose axes 1, 0", "x"), "xᵀ"),
        (("Transpose axes 0, 2, 1", "x"), "xᵀ"),
        (("Transpose", "x"), "xᵀ"),
        (("Transpose axes 2, 0, 1", "x"), "transpose(x)"),
        (("GetItem key 0, 1:3", "x"), "x[0, 1:3]"),
        (("GetItem key int64 (3,)", "x"), "x[…]"),
        (("BroadcastTo shape 2×3", "b"), "b"),
        (("Reshape shape 6", "x"), "x"),
        (("Cast dtype float32", "x"), "x"),
        (("ToDevice device cpu", "x"), "x"),
    ],
)
def test_operations_in_the_fields_notation(tree, formula):
    assert written(tree) == formula


@pytest.mark.parametrize(
    ("operation", "formula"),
    [
        ("PowScalar c 2", "x²"),
        ("PowScalar c -1", "x⁻¹"),
        ("PowScalar c 10", "x¹⁰"),
        ("PowScalar c 0.5", "√x"),
        ("PowScalar c -1.5", "x^−1.5"),
        ("PowScalar c 1", "x"),
        ("PowScalar exponent 3", "x³"),
        ("PowScalar 3", "x³"),
        ("MulScalar c 3", "3x"),
        ("MulScalar c -0.5", "−0.5x"),
        ("MulScalar c -1", "−x"),
        ("MulScalar c 1", "x"),
        ("MulScalar c 1e+06", "1e+06·x"),
        ("MulScalar c inf", "inf·x"),
        ("AddScalar c 1", "x + 1"),
        ("AddScalar c -1.5", "x − 1.5"),
        ("DivScalar c 4", "x / 4"),
        ("DivScalar c -4", "x / (−4)"),
        ("MulScalar", "mulscalar(x)"),
        ("PowScalar c", "powscalar(x)"),
        ("AddScalar c 1, d 2", "addscalar(x)"),
    ],
)
def test_numbers_are_those_of_the_label(operation, formula):
    assert written((operation, "x")) == formula


@pytest.mark.parametrize(
    ("tree", "formula"),
    [
        (("Mul", SUM, "c"), "(a + b)·c"),
        (("Mul", "c", DIFFERENCE), "c·(a − b)"),
        (("Mul", QUOTIENT, "c"), "(a / b)·c"),
        (("Mul", MATRICES, "c"), "(a@b)·c"),
        (("Mul", ("Sum", "x"), "c"), "(Σ x)·c"),
        (("Mul", ("Neg", "a"), "b"), "(−a)·b"),
        (("Mul", PRODUCT, "c"), "a·b·c"),
        (("Mul", "gy", ("MulScalar c 3", SQUARE)), "3x²·gy"),
        (("Sub", "c", SUM), "c − (a + b)"),
        (("Sub", SUM, "c"), "a + b − c"),
        (("Add", "c", ("Neg", "a")), "c + (−a)"),
        (("Add", ("Neg", "a"), "c"), "−a + c"),
        (("Add", PRODUCT, QUOTIENT), "a·b + a / b"),
        (("Div", "c", PRODUCT), "c / (a·b)"),
        (("Div", PRODUCT, SQUARE), "a·b / x²"),
        (("Div", QUOTIENT, "c"), "a / b / c"),
        (("Neg", SUM), "−(a + b)"),
        (("Neg", PRODUCT), "−a·b"),
        (("Neg", ("Neg", "a")), "−(−a)"),
        (("PowScalar c 2", SUM), "(a + b)²"),
        (("PowScalar c 2", ("Neg", "a")), "(−a)²"),
        (("PowScalar c 3", SQUARE), "(x²)³"),
        (("PowScalar c 2", ("Exp", "x")), "(eˣ)²"),
        (("PowScalar c 2", ("ReLU", "x")), "relu(x)²"),
        (("MulScalar c 2", ("MulScalar c 3", "x")), "2·3x"),
        (("MulScalar c 2", SUM), "2(a + b)"),
        (("MulScalar c 2", ("AddScalar c 1", "x")), "2(x + 1)"),
        (("Transpose axes 1, 0", MATRICES), "(a@b)ᵀ"),
        (("MatMul", ("Transpose axes 1, 0", "x"), "gy"), "xᵀ@gy"),
        (("MatMul", ("MulScalar c 2", "x"), SUM), "(2x)@(a + b)"),
        (("GetItem key 0", SUM), "(a + b)[0]"),
        (("Log", SQUARE), "ln x²"),
        (("ReLU", SUM), "relu(a + b)"),
        (("MulScalar c 3", "x²"), "3(x²)"),
        (("Mul", "a + b", "c"), "(a + b)·c"),
    ],
)
def test_parentheses_where_they_are_needed(tree, formula):
    assert written(tree) == formula


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
@pytest.mark.parametrize(
    "operation", ["Mul", "MulScalar c 3", "PowScalar c 2", "Exp", "Concatenate", "", "\n<>" * 5000]
)
def test_hostile_names_never_fail(name, operation):
    building = Building()
    x = building.add("input", name)
    name, _, label = operation.partition(" ")
    y = building.operation(name, *[x] * (2 if name == "Mul" else 1), label=label)
    for text in (building.formulas[x], building.formulas[y]):
        assert 0 < len(text) <= 14
        assert text.isprintable()


def test_operations_without_the_operands_that_they_should_have():
    assert written(("Mul", "x")) == "mul(x)"
    assert written(("Neg", "a", "b")) == "neg(a, b)"
    assert written(("Add",)) == "add()"


def test_deep_and_wide_graphs():
    building = Building()
    x = y = building.add("input", "x")
    for _ in range(5000):
        y = building.operation("Mul", y, x)
    wide = building.operation("Concatenate", *[y] * 5000)
    assert all(len(text) <= 14 for text in building.formulas.values())
    assert re.fullmatch(r"t\d+", building.formulas[wide])
