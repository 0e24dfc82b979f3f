"""prove and gradtest: what a proof says, and what decides its examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
import minigrad.functions as F
from minigrad.testing import OpSpec, case, gradtest, profile, prove


def test_what_is_no_contract():
    with pytest.raises(TypeError, match=r"prove: spec must be an OpSpec, .* write prove\(OpSpec\(function\)\)"):
        prove(F.tanh)
    with pytest.raises(TypeError, match="write @gradtest"):
        gradtest(F.tanh)
    with pytest.raises(TypeError, match="OpSpec: reference must be a function of arrays, not 3"):
        OpSpec(F.tanh, 3)


def test_numbers_that_are_none():
    with pytest.raises(ValueError, match="examples must be at least 1"):
        prove(OpSpec(F.tanh), examples=0)
    for value in ("3", 2.5, True):
        for words in ({"examples": value}, {"seed": value}):
            with pytest.raises(TypeError, match=f"prove: {next(iter(words))} must be an int, not {value!r}"):
                prove(OpSpec(F.tanh), **words)
        with pytest.raises(TypeError, match="profile: seed must be an int"):
            profile("ci", seed=value)


def test_of_empty_arrays_alone_nothing_is_proved():
    report = prove(OpSpec(lambda x: x * x.detach(), shapes=[(0,), (0, 2)], name="f"), examples=10)
    assert str(report).startswith("Inconclusive: f, no derivative was compared")


def test_what_could_not_be_compared_is_shown():
    text = str(prove(OpSpec(F.sqrt, shapes=[(2,)], domain=(0.0, 0.0)), examples=10))
    assert text.startswith("Inconclusive: sqrt, 20 of 20 derivatives could not be compared")
    assert "for example: x float64 (2,)\n  x = [0., 0.]" in text


def test_a_case_can_say_what_the_gradient_is_at_a_kink():
    declared = [case([0.0, 1.0], gradient=[0.5, 1])]
    assert prove(OpSpec(F.relu, cases=[case([0.0, 1.0], gradient=[0, 1])])).finding is None
    assert "the gradient of x is not what the contract says" in str(prove(OpSpec(F.relu, cases=declared)))


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
    assert fresh_python(code) == fresh_python("import tests.testing.pages, tests.testing.test_gradient_check\n" + code)


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


class FusedSquare(mg.Function):
    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return gy * x * 2

    def backward_arrays(self, gy):
        (x,) = self.saved_arrays
        return (np.asarray(gy * x * 2),)


class FusedWrongly(FusedSquare):
    """So little that no numeric derivative shows it."""

    def backward_arrays(self, gy):
        (gx,) = super().backward_arrays(gy)
        return (gx * (1 + 1e-8),)


def test_a_random_function_is_called_so():
    mg.seed(0)
    for shape in ((), (2,)):
        report = prove(OpSpec(lambda x: F.dropout(x, 0.5), shapes=[shape]), examples=10)
        assert "forward differs from call to call" in str(report)


@settings(max_examples=3, deadline=None, derandomize=True, database=None)
@given(st.floats(0.5, 2.0), st.booleans())
def test_it_may_stand_in_a_test_by_hypothesis(slope, right):
    def scaled(x):
        return x * slope if right else x * x.detach()

    first, again = (prove(OpSpec(scaled), examples=3) for _ in range(2))
    assert (first.finding is None) is right
    assert str(first) == str(again)


@pytest.mark.parametrize(("function", "right"), [(FusedSquare, True), (FusedWrongly, False)])
def test_backward_arrays_is_backward(function, right):
    spec = OpSpec(lambda x: mg.apply(function(), x), np.square, name="square", dtypes=("float64",))
    report = prove(spec, examples=60, seed=0)
    assert (report.finding is None) is right, str(report)
    if not right:
        assert "a derivative towards x, of order 1, is another when it is recorded" in str(report)
        assert "likely: backward_arrays computes something else than backward" in str(report)
