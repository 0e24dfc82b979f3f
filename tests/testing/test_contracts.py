"""Every public differentiable function keeps its contract."""

from pathlib import Path

import pytest

import minigrad.functions as F
from minigrad.operators import Operators
from minigrad.testing import OpSpec, gradtest
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
    @gradtest(spec)
    def check(report):
        assert report.counts.skipped <= 0.3 * report.counts.compared
        assert report.examples >= len(spec.cases)

    check()


def test_every_function_operator_and_method_has_a_contract():
    public = {*F.__all__, *vars(Operators)} - NOT_DIFFERENTIABLE - REFLECTED
    contracted = {spec.name.split()[0] for spec in CONTRACTS}
    assert public - contracted == set(), "these have no contract in minigrad/testing/contracts"
    assert contracted - public == {"operators"}, "these contracts are of nothing public"


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


def test_a_contract_names_what_is_wrong_with_it():
    with pytest.raises(TypeError, match="OpSpec: op must be a function"):
        OpSpec(3)
    with pytest.raises(ValueError, match=r"OpSpec: orders must be \(1,\), \(1, 2\)"):
        OpSpec(F.tanh, orders=(4,))
    with pytest.raises(TypeError, match="write @gradtest"):
        gradtest(F.tanh)
