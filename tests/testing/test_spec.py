"""Contracts: what they may say, where they are found, and what a proof says of them."""

from pathlib import Path

import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.testing import OpSpec, case, collect, prove
from minigrad.testing.spec import located

ROOT = Path(__file__).parents[2]


def test_the_contracts_of_a_folder_are_collected_each_with_its_place():
    found = {spec.name: spec.command for spec in collect(ROOT / "tests/contracts")}
    assert found["relu"].endswith("tests/contracts/activation.py:relu")
    assert found["power to a number"].endswith("tests/contracts/elementwise.py:power to a number")


def test_a_contract_is_collected_once_as_a_variable_as_a_test_and_where_it_is_imported(tmp_path):
    (tmp_path / "cosines.py").write_text(
        "import minigrad.functions as F\n"
        "from minigrad.testing import OpSpec, gradtest\n"
        "contract = OpSpec(F.tanh)\n"
        "@gradtest(contract)\ndef test_tanh(report): ...\n"
        "MORE = [OpSpec(F.exp, domain=(-5, 5)), OpSpec(F.exp, domain=(0, 1), name='exp of a few')]\n"
    )
    (tmp_path / "others.py").write_text("from cosines import MORE, contract\n")
    assert [spec.name for spec in collect(tmp_path)] == ["tanh", "exp", "exp of a few"]


def test_contracts_are_found_by_the_name_of_the_function():
    file = ROOT / "tests/contracts/elementwise.py"
    powers = ["power", "power to a number", "power of a number"]
    assert [spec.name for spec in located(f"{file}:power")] == powers
    assert [spec.name for spec in located(f"{file}:power to a number")] == ["power to a number"]
    with pytest.raises(ValueError, match=r"no contract of 'sine'; there are: .*sqrt"):
        located(f"{file}:sine")


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
