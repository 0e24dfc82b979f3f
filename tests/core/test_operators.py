"""Operators of Variables: values, dtypes and gradients, with every kind of operand on either side."""

import itertools
import operator
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable

OPERATORS = {
    "add": (operator.add, lambda a, b: (np.ones_like(a), np.ones_like(b))),
    "sub": (operator.sub, lambda a, b: (np.ones_like(a), -np.ones_like(b))),
    "mul": (operator.mul, lambda a, b: (b, a)),
    "truediv": (operator.truediv, lambda a, b: (1 / b, -a / b**2)),
    "pow": (operator.pow, lambda a, b: (b * a ** (b - 1), a**b * np.log(a))),
}
BINARY = pytest.mark.parametrize(("op", "derivatives"), OPERATORS.values(), ids=OPERATORS)

SCALARS = [
    2,
    2.0,
    True,
    np.float16(2),
    np.float32(2),
    np.float64(2),
    np.int8(2),
    np.int64(2),
    np.bool_(True),
    np.array(2.0),
    np.array(2.0, np.float16),
    np.array(2),
    np.array(True),
]
FLOATS = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


def assert_operation(y, x, value, gradient, dtype):
    """y is a Variable of `value` and `dtype`, and its sum has `gradient` towards x."""
    assert isinstance(y, Variable)
    assert isinstance(y.data, np.ndarray)
    assert y.requires_grad
    assert y.dtype == dtype
    tolerance = 1e-2 if np.float16 in (dtype, x.dtype) else 1e-6
    np.testing.assert_allclose(y.data, value, rtol=tolerance)
    gx = mg.grad(y.sum(), x)
    assert gx.dtype == x.dtype
    np.testing.assert_allclose(gx.data, gradient, rtol=tolerance)


@BINARY
def test_two_variables(op, derivatives, rng):
    a, b = rng.uniform(0.5, 2, (2, 2, 3))
    x, w = Variable(a), Variable(b)
    y = op(x, w)
    da, db = derivatives(a, b)
    assert_operation(y, x, op(a, b), da, np.float64)
    assert_operation(y, w, op(a, b), db, np.float64)


@FLOATS
@BINARY
def test_a_scalar_never_changes_the_dtype(op, derivatives, dtype):
    for data, scalar in itertools.product(([1.0, 2.0, 4.0], 3.0), SCALARS):
        a = np.array(data, dtype)
        x = Variable(a)
        exact, number = a.astype(np.float64), np.float64(scalar)
        right, left = derivatives(exact, number)[0], derivatives(number, exact)[1]
        assert_operation(op(x, scalar), x, op(exact, number), right, dtype)
        assert_operation(op(scalar, x), x, op(number, exact), left, dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.int8, np.bool_])
@BINARY
def test_an_array_is_a_constant(op, derivatives, dtype, rng):
    for shape in ((2, 3), (3,), (1, 3), (2, 1), (1, 1), (4, 2, 3)):
        a, b = rng.uniform(0.5, 2, (2, 3)).astype(np.float32), rng.integers(1, 3, shape).astype(dtype)
        x = Variable(a)
        exact_a, exact_b = a.astype(np.float64), b.astype(np.float64)
        value = op(exact_a, exact_b)
        gradients = derivatives(exact_a, exact_b)[0], derivatives(exact_b, exact_a)[1]
        whole = [np.broadcast_to(gradient, value.shape) for gradient in gradients]
        right, left = (gradient if gradient.ndim == 2 else gradient.sum(0) for gradient in whole)
        expected = np.float32  # a constant takes the Variable's float type
        assert_operation(op(x, b), x, value, right, expected)
        assert_operation(op(b, x), x, op(exact_b, exact_a), left, expected)


@BINARY
def test_a_constant_array_gets_no_gradient_and_is_left_alone(op, derivatives, x):
    constant = np.array([3.0, 2.0, 1.0], np.float32)
    before = constant.copy()
    y = op(x, constant)
    assert y.creator.inputs == (x, None)
    y.sum().backward()
    assert np.array_equal(constant, before)


NO_OPERANDS = [
    *([1.0, 2.0, 3.0], (1.0, 2.0, 3.0), "a", None, 1j, {1}, object()),
    *(np.complex64(1j), np.full(3, 1j), np.array(["a", "b", "c"]), np.array([1, None, 2])),
]


@pytest.mark.parametrize("op", [op for op, _ in OPERATORS.values()] + [operator.matmul], ids=[*OPERATORS, "matmul"])
def test_what_holds_no_real_numbers_is_no_operand(op, x):
    for wrong in NO_OPERANDS:
        with pytest.raises(TypeError):
            op(x, wrong)
        with pytest.raises(TypeError):
            op(wrong, x)


@pytest.mark.parametrize("op", [operator.floordiv, operator.mod, operator.and_, operator.lshift, divmod])
@pytest.mark.parametrize("other", [2, np.full(3, 2)], ids=["int", "array"])
def test_operators_without_a_derivative(op, other, x):
    with pytest.raises(TypeError):
        op(x, other)
    with pytest.raises(TypeError):
        op(other, x)


@BINARY
def test_operators_give_way_to_who_knows_better(op, derivatives, x):
    class Unit:
        def _answer(self, other):
            return "mine"

        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = _answer

    assert op(x, Unit()) == "mine"


@BINARY
def test_shapes_that_do_not_broadcast(op, derivatives, x):
    for other in (Variable(np.ones((2, 4), np.float32)), np.ones((2, 4))):
        with pytest.raises(ValueError, match=re.escape("(3,) float32 and (2, 4) float32")):
            op(x, other)
        with pytest.raises(ValueError, match=re.escape("(2, 4) float32 and (3,) float32")):
            op(other, x)


def test_a_huge_integer():
    assert (Variable(1.0) + 10**30).item() == pytest.approx(1e30)
    assert (10**30 / Variable(1.0)).item() == pytest.approx(1e30)


# Variables of different dtypes


@BINARY
def test_two_float_types(op, derivatives):
    for left, right in itertools.product([np.float16, np.float32, np.float64], repeat=2):
        a, b = Variable(np.array([2.0, 3.0], left)), Variable(np.array([1.0, 2.0], right))
        y = op(a, b)
        assert y.dtype == np.result_type(left, right)
        da, db = mg.grad(y.sum(), [a, b])
        assert (da.dtype, db.dtype) == (left, right)


@BINARY
def test_a_variable_of_integers_is_a_constant_like_an_array(op, derivatives, x):
    n = Variable(np.array([1, 2, 3]), requires_grad=False)
    y = op(x, n)
    assert y.dtype == np.float64
    gx = mg.grad(y.sum(), x)
    assert gx.dtype == np.float32
    with pytest.raises(ValueError, match="requires a gradient"):
        mg.grad(y.sum(), n)


def test_constants_among_themselves_stay_constants():
    n = Variable(np.arange(3), requires_grad=False)
    assert (n + 1).dtype.kind == "i"
    assert not (n * n).requires_grad
    assert (n * 0.5).dtype.kind == "f"


# Results stay arrays, inputs stay as they were


UNARY = {
    "neg": operator.neg,
    "abs": abs,
    "add": lambda x: x + 1,
    "radd": lambda x: 1 + x,
    "sub": lambda x: x - 1,
    "rsub": lambda x: 1 - x,
    "mul": lambda x: x * 2,
    "div": lambda x: x / 2,
    "rdiv": lambda x: 2 / x,
    "pow": lambda x: x**2,
    "rpow": lambda x: 2**x,
    "square": lambda x: x * x,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "max": lambda x: x.max(),
    "reshape": lambda x: x.reshape(-1),
    "T": lambda x: x.T,
    "index": lambda x: x[...],
    "astype": lambda x: x.astype(np.float64),
    "broadcast": lambda x: x.broadcast_to((2, *x.shape)),
}


@pytest.mark.parametrize("f", UNARY.values(), ids=UNARY)
def test_results_and_gradients_are_arrays(f):
    for shape, dtype in itertools.product([(), (1,), (2, 3)], [np.float16, np.float32, np.float64]):
        array = np.full(shape, 2.0, dtype)
        x = Variable(array)
        y = f(x)
        (y * y).sum().backward()
        assert isinstance(y.data, np.ndarray)
        assert isinstance(x.grad.data, np.ndarray)
        assert (x.grad.shape, x.grad.dtype) == (shape, dtype)
        assert (array == 2).all()
