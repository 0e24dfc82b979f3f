"""Every public differentiable function keeps its contract."""

from pathlib import Path

import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.backend import numpy_kernels
from minigrad.backend.kernels import Kernels
from minigrad.core.operators import Operators
from minigrad.testing import OpSpec, case, gradtest, prove
from minigrad.testing.contracts import CONTRACTS, named
from minigrad.testing.table import table

TABLE = Path(__file__).parents[2] / "docs" / "functions.md"
NOT_DIFFERENTIABLE = {"__module__", "__doc__", "__annotations__", "_apply", "_filled_axes"}
REFLECTED = {
    "__radd__",
    "__rsub__",
    "__rmul__",
    "__rtruediv__",
    "__rpow__",
}  # in the contract "operators", and of power


@pytest.mark.parametrize("spec", [pytest.param(spec, id=spec.name) for spec in CONTRACTS])
def test_contract(spec):
    report = prove(spec)
    assert report.finding is None, str(report)
    assert report.counts.compared > 0
    assert report.higher.compared > 0


def test_every_function_operator_and_method_has_a_contract():
    methods = set(vars(Operators)) - NOT_DIFFERENTIABLE - REFLECTED
    both = methods & set(F.__all__)
    public = {*F.__all__, *(methods - both), *(f"{name} as a method" for name in both)}
    contracted = {spec.name for spec in CONTRACTS}
    contracted |= {name.split()[0] for name in contracted if not name.endswith("as a method")}
    assert public - contracted == set(), "these have no contract in minigrad/testing/contracts"


def test_every_contract_names_the_kernels_that_serve_the_function(monkeypatch):
    members = [name for name in vars(Kernels) if not name.startswith("_")]
    used = set()
    monkeypatch.setattr("minigrad.backend.kernels.cpu_kernels", lambda dtype: numpy_kernels)

    def recording(name, kernel):
        def recorded(*arguments, **options):
            used.add(name)
            return kernel(*arguments, **options)

        return recorded

    for name in members:
        monkeypatch.setattr(numpy_kernels, name, recording(name, getattr(numpy_kernels, name)))
    for spec in CONTRACTS:
        used.clear()
        prove(spec, examples=8)
        assert used == set(spec.kernels), spec.name


def test_every_contract_has_a_formula_a_reference_and_a_name_of_its_own():
    names = [spec.name for spec in CONTRACTS]
    assert len(set(names)) == len(names)
    assert [spec.name for spec in CONTRACTS if not spec.formula] == []
    assert [spec.name for spec in CONTRACTS if spec.reference is None] == []


def test_every_function_is_proved_to_the_third_order_in_every_float_type():
    assert {spec.orders for spec in CONTRACTS} == {(1, 2, 3)}
    assert {spec.dtypes for spec in CONTRACTS} == {("float64", "float32", "float16")}


def test_the_table_in_the_documentation_is_that_of_the_contracts():
    assert TABLE.read_text() == table() + "\n", "make docs/functions.md anew: python -m minigrad.testing --table"


def test_contracts_are_found_by_the_name_of_the_function():
    assert [spec.name for spec in named("power")] == ["power", "power to a number", "power of a number"]
    assert [spec.name for spec in named("power to a number")] == ["power to a number"]
    with pytest.raises(ValueError, match=r"no contract of 'sine'; there are: .*sigmoid"):
        named("sine")


class Twice(mg.Function):
    def forward(self, x):
        return x * 2

    def backward(self, gy):
        return gy * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"op": 3}, "op must be a function of Variables"),
        ({"op": Twice}, r"op must be a function of Variables, such as lambda x: apply\(...\), not <class"),
        ({"orders": (4,)}, r"orders must be \(1,\), \(1, 2\) or \(1, 2, 3\), not \(4,\)"),
        ({"orders": 1}, "orders must be"),
        ({"domain": (1, -1)}, r"domain  ?must be \(low, high\), finite, not \(1, -1\)"),
        ({"domain": (0, float("inf"))}, "domain"),
        ({"domain": {"x": 3}}, r"domain x must be \(low, high\), finite, not 3"),
        ({"domain": {"z": (0, 1)}}, "domain names z, but the inputs are x"),
        ({"shapes": (2, 3)}, r"shapes must be a number of inputs, a list such as \[\(2, 3\)\]"),
        ({"shapes": []}, "shapes must be"),
        ({"shapes": 0}, "shapes must be 1 or more inputs"),
        ({"kwargs": None}, "kwargs must be"),
        ({"dtypes": "float64"}, "dtypes must be some of"),
        ({"dtypes": ("float63",)}, "dtypes must be some of"),
        ({"cases": case(1.0)}, "cases must be a list of what case"),
    ],
)
def test_a_contract_names_what_is_wrong_with_it(arguments, message):
    with pytest.raises((TypeError, ValueError), match=f"^OpSpec: {message}"):
        prove(OpSpec(**{"op": F.tanh, **arguments}), examples=1)


def test_what_is_no_contract():
    with pytest.raises(TypeError, match=r"prove: spec must be an OpSpec, .* write prove\(OpSpec\(function\)\)"):
        prove(F.tanh)
    with pytest.raises(TypeError, match="write @gradtest"):
        gradtest(F.tanh)
    with pytest.raises(ValueError, match="examples must be at least 1"):
        prove(OpSpec(F.tanh), examples=0)


def test_of_empty_arrays_alone_nothing_is_proved():
    report = prove(OpSpec(lambda x: x * x.detach(), shapes=[(0,), (0, 2)], name="f"), examples=10)
    assert str(report).startswith("Inconclusive: f, no derivative was compared")


def test_what_could_not_be_compared_is_shown():
    text = str(prove(OpSpec(F.sqrt, shapes=[(2,)], domain=(0.0, 0.0)), examples=10))
    assert text.startswith("Inconclusive: sqrt, 20 of 20 derivatives could not be compared")
    assert "for example: x float64 (2,)\n  x = [0., 0.]" in text


def test_a_case_can_say_what_the_gradient_is_at_a_kink():
    promises = [case([0.0, 1.0], gradient=[0.5, 1])]
    assert prove(OpSpec(F.relu, cases=[case([0.0, 1.0], gradient=[0, 1])])).finding is None
    assert "the gradient of x is not what the contract says" in str(prove(OpSpec(F.relu, cases=promises)))


def test_a_large_domain_is_drawn_from():
    assert prove(OpSpec(lambda x: x * 2, domain=(1e6, 1e7)), examples=10).finding is None


def test_the_seed_alone_decides_the_examples(fresh_python):
    code = """
import hashlib
import minigrad.functions as F
from minigrad.testing import OpSpec, prove
drawn = hashlib.md5()
def reference(x):
    drawn.update(repr(x.tolist()).encode())
    return x * x
prove(OpSpec(F.square, reference, shapes=[(2, 3)]), examples=30)
print(drawn.hexdigest())
"""
    assert fresh_python(code) == fresh_python("import tests.testing.pages, tests.testing.test_check_grad\n" + code)


@pytest.mark.parametrize("function", [lambda: None, pytest.Item, print], ids=["lambda", "class", "builtin"])
def test_gradtest_decorates_a_function_with_a_report(function):
    with pytest.raises(TypeError, match="gradtest: it decorates a function with a parameter `report`"):
        gradtest(OpSpec(F.tanh))(function)


def test_gradtest_decorates_no_coroutine():
    with pytest.raises(TypeError, match="with a parameter `report`"):

        @gradtest(OpSpec(F.tanh))
        async def test(report):
            pass


def test_a_repeated_operand_is_described_once():
    def product(a, b):
        return a * b.detach()

    report = prove(OpSpec(product, shapes=[((2,), (2,))], name="product"), examples=60)
    assert "input " in str(report)
