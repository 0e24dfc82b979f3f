"""The comparison with PyTorch notices what is wrong, at each stage; it runs where PyTorch is (README.md)."""

import pytest

pytest.importorskip("torch.testing._internal.common_methods_invocations", exc_type=ImportError)

import minigrad.functions as F
from tests.comparisons import opinfo


def counted(monkeypatch, f):
    monkeypatch.setitem(opinfo.CALLS, "tanh", f)
    return opinfo.measure([op for op in opinfo.op_db if op.name == "tanh"])


def test_tanh_is_right_up_to_the_second_derivative(monkeypatch):
    counts = counted(monkeypatch, F.tanh)
    assert not counts.wrong
    assert counts.stages["second derivative"] > 0


def test_a_wrong_value_is_found(monkeypatch):
    assert "value (" in counted(monkeypatch, lambda x: F.tanh(x) * (1 + 1e-3)).wrong[0]


def test_a_wrong_gradient_is_found(monkeypatch):
    assert "gradient (" in counted(monkeypatch, lambda x: F.tanh(x) + 1e-3 * (x - x.detach())).wrong[0]


def test_a_wrong_second_derivative_is_found(monkeypatch):
    counts = counted(monkeypatch, lambda x: F.tanh(x) + 1e-3 * (x - x.detach()) ** 2)
    assert "second derivative (" in counts.wrong[0]


def test_a_wrong_float_type_is_found(monkeypatch):
    assert "float32 here, float64 in PyTorch" in counted(monkeypatch, lambda x: F.tanh(x).astype("float32")).wrong[0]


def test_an_error_is_found(monkeypatch):
    assert "ZeroDivisionError" in counted(monkeypatch, lambda _: 1 / 0).wrong[0]


def test_an_option_that_minigrad_lacks_is_counted():
    counts = opinfo.measure([op for op in opinfo.op_db if op.name == "cumsum"])
    assert counts.out["option 'dtype'"] == 2
