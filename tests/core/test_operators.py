"""Operators and methods of Variables: values, dtypes and gradients, with every kind of operand on either side."""

import itertools
import operator
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.testing import check_grad

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
SCALAR = pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: f"{type(s).__name__}-{np.asarray(s).dtype}")
FLOATS = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 4.0], np.float32))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


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


# Operands of each kind, on each side


@BINARY
def test_two_variables(op, derivatives, rng):
    a, b = rng.uniform(0.5, 2, (2, 2, 3))
    x, w = Variable(a), Variable(b)
    y = op(x, w)
    da, db = derivatives(a, b)
    assert_operation(y, x, op(a, b), da, np.float64)
    assert_operation(y, w, op(a, b), db, np.float64)


@FLOATS
@SCALAR
@BINARY
def test_a_scalar_never_changes_the_dtype(op, derivatives, scalar, dtype):
    a = np.array([1.0, 2.0, 4.0], dtype)
    x = Variable(a)
    exact, number = a.astype(np.float64), np.float64(scalar)
    right, left = derivatives(exact, number)[0], derivatives(number, exact)[1]
    assert_operation(op(x, scalar), x, op(exact, number), right, dtype)
    assert_operation(op(scalar, x), x, op(number, exact), left, dtype)


@SCALAR
@BINARY
def test_scalars_with_a_scalar_variable(op, derivatives, scalar):
    x = Variable(3.0)
    number = np.float64(scalar)
    assert_operation(op(x, scalar), x, op(3.0, number), derivatives(np.float64(3), number)[0], np.float32)
    assert_operation(op(scalar, x), x, op(number, 3.0), derivatives(number, np.float64(3))[1], np.float32)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (1, 3), (2, 1), (1, 1), (4, 2, 3)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.int8, np.bool_])
@BINARY
def test_an_array_is_a_constant(op, derivatives, dtype, shape, rng):
    a, b = rng.uniform(0.5, 2, (2, 3)).astype(np.float32), rng.integers(1, 3, shape).astype(dtype)
    x = Variable(a)
    exact_a, exact_b = a.astype(np.float64), b.astype(np.float64)
    value = op(exact_a, exact_b)
    right, left = (
        np.broadcast_to(d, value.shape) for d in (derivatives(exact_a, exact_b)[0], derivatives(exact_b, exact_a)[1])
    )
    right, left = (d if d.ndim == 2 else d.sum(0) for d in (right, left))
    expected = np.result_type(a, b)  # what NumPy makes of two arrays
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


@BINARY
@pytest.mark.parametrize("wrong", [[1.0, 2.0, 3.0], (1.0, 2.0, 3.0), "a", None, 1j, {1}, object()])
def test_what_is_no_operand(op, derivatives, wrong, x):
    with pytest.raises(TypeError):
        op(x, wrong)
    with pytest.raises(TypeError):
        op(wrong, x)


@pytest.mark.parametrize("wrong", [[1.0, 2.0, 3.0], "a", None, 1j], ids=["list", "str", "None", "complex"])
def test_what_is_no_matrix(wrong, x):
    with pytest.raises(TypeError):
        x @ wrong
    with pytest.raises(TypeError):
        wrong @ x


@BINARY
@pytest.mark.parametrize(
    "wrong",
    [np.complex64(1j), np.full(3, 1j), np.array(["a", "b", "c"]), np.array([1, None, 2])],
    ids=["complex scalar", "complex", "str", "object"],
)
def test_arrays_that_hold_no_real_numbers_are_no_operands(op, derivatives, wrong, x):
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
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2, 3)),
        ((1,), (5, 4)),
        ((1, 1), ()),
        ((0, 3), (1, 3)),
        ((2, 1), (0,)),
    ],
)
def test_variables_broadcast(op, derivatives, left, right, rng):
    a, b = rng.uniform(0.5, 2, left), rng.uniform(0.5, 2, right)
    assert op(Variable(a), Variable(b)).shape == np.broadcast_shapes(left, right)
    check_grad(op, [a, b])


@BINARY
def test_shapes_that_do_not_broadcast(op, derivatives, x):
    for other in (Variable(np.ones((2, 4))), np.ones((2, 4))):
        with pytest.raises(ValueError, match=re.escape("(3,) float32 and (2, 4) float64")):
            op(x, other)
        with pytest.raises(ValueError, match=re.escape("(2, 4) float64 and (3,) float32")):
            op(other, x)


@BINARY
def test_orders_to_three(op, derivatives, rng):
    check_grad(op, list(rng.uniform(0.5, 2, (2, 2))), order=3)
    check_grad(lambda x: op(x, 3), [rng.uniform(0.5, 2, 2)], order=3)
    check_grad(lambda x: op(2.5, x), [rng.uniform(0.5, 2, 2)], order=3)
    check_grad(lambda x: op(x, x), [rng.uniform(0.5, 2, 2)], order=3)


@BINARY
def test_orders_to_three_of_scalars(op, derivatives):
    check_grad(op, [1.5, 0.7], order=3)
    check_grad(lambda x: op(x, 3), [1.5], order=3)
    check_grad(lambda x: op(2.5, x), [1.5], order=3)
    check_grad(lambda x: op(x, x), [1.5], order=3)


@pytest.mark.parametrize("c", [-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 2.0])
def test_power_by_a_number(c, rng):
    check_grad(lambda x: x**c, [rng.uniform(0.5, 2, 3)], order=3)


@pytest.mark.parametrize(("c", "gradient"), [(0, 0), (1, 1), (2, 0), (3, 0), (2.0, 0), (0.0, 0)])
def test_power_at_zero(c, gradient):
    x = Variable(0.0)
    assert mg.grad(x**c, x).item() == gradient
    p = Variable(np.array([c], np.float32))
    assert mg.grad((x**p).sum(), x).item() == gradient


def test_a_huge_integer():
    assert (Variable(1.0) + 10**30).item() == pytest.approx(1e30)
    assert (10**30 / Variable(1.0)).item() == pytest.approx(1e30)


# Variables of different dtypes


@pytest.mark.parametrize("left", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("right", [np.float16, np.float32, np.float64])
@BINARY
def test_two_float_types(op, derivatives, left, right):
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


def test_float16_is_added_up_in_float32():
    x = Variable(np.full(4096, 1.0, np.float16))
    assert x.sum().item() == 4096
    assert (x * 8).mean().item() == 8
    assert x.sum().dtype == x.mean().dtype == np.float16
    w = Variable(np.float16(1))
    (w * x).sum().backward()
    assert w.grad.item() == 4096


# Matrix products

MATRICES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((0, 2, 3), (3, 4)),
    ((0, 2, 3), (0, 3, 4)),
    ((2, 3), (3, 0)),
]


@pytest.mark.parametrize(("left", "right"), MATRICES)
def test_matmul(left, right, rng):
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    expected = a @ b
    for y in (Variable(a) @ Variable(b), Variable(a) @ b, a @ Variable(b)):
        assert isinstance(y, Variable)
        assert isinstance(y.data, np.ndarray)
        assert y.shape == np.shape(expected)
        np.testing.assert_allclose(y.data, expected, atol=1e-12)
    check_grad(operator.matmul, [a, b])
    check_grad(lambda x: x @ b, [a])
    check_grad(lambda x: a @ x, [b])


def test_matmul_of_a_matrix_with_itself(rng):
    check_grad(lambda x: x @ x, [rng.standard_normal((3, 3))], order=3)


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3), (2, 3)), ((3,), (2,)), ((), (3,)), ((3,), ()), ((2, 2, 3), (3, 3, 4)), ((2, 3), (2,)), ((3,), (2, 3))],
)
def test_matmul_of_shapes_that_do_not_fit(left, right):
    a, b = np.ones(left, np.float32), np.ones(right)
    for x, w in ((Variable(a), Variable(b)), (Variable(a), b), (a, Variable(b))):
        with pytest.raises(ValueError, match="matmul: .*" + re.escape(str(left))):
            x @ w


def test_matmul_keeps_float32():
    x = Variable(np.ones((2, 3), np.float32))
    y = x @ np.ones((3, 2), np.float32)
    assert y.dtype == np.float32
    y = x @ np.ones((3, 2))
    assert y.dtype == np.float64
    assert mg.grad(y.sum(), x).dtype == np.float32


# Signs


def test_signs(x, rng):
    assert (-x).data.tolist() == [-1, -2, -4]
    assert (+x).data.tolist() == [1, 2, 4]
    assert abs(-x).data.tolist() == [1, 2, 4]
    check_grad(operator.neg, [rng.standard_normal(3)])
    check_grad(operator.pos, [rng.standard_normal(3)])
    check_grad(abs, [[-1.0, 2.0]])


def test_abs_has_derivative_0_at_0():
    x = Variable([-1.0, 0.0, 2.0])
    abs(x).sum().backward()
    assert x.grad.data.tolist() == [-1, 0, 1]


# Indexing

KEYS = {
    "int": 1,
    "negative": -1,
    "numpy int": np.int64(1),
    "ints": (0, 1),
    "slice": slice(1, None),
    "reversed": slice(None, None, -1),
    "strided": (slice(None), slice(None, None, 2)),
    "ellipsis": ...,
    "newaxis": None,
    "mixed": (..., None, 1),
    "list": [0, 0, 1],
    "array": np.array([[1, 1], [0, 1]]),
    "columns": (slice(None), [2, 0, 2]),
    "pairs": (np.array([0, 0, 1]), np.array([1, 1, 2])),
    "mask": np.array([[True, False, True], [False, False, True]]),
    "row mask": np.array([False, True]),
    "nothing": slice(0, 0),
    "empty list": [],
    "true": True,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_getitem(key, rng):
    a = rng.standard_normal((2, 3))
    y = Variable(a)[key]
    assert isinstance(y.data, np.ndarray)
    assert np.array_equal(y.data, a[key])
    check_grad(lambda x: x[key], [a])


def test_a_position_taken_twice_gathers_both_gradients():
    x = Variable([1.0, 2.0, 3.0])
    x[[0, 0, 2]].sum().backward()
    assert x.grad.data.tolist() == [2, 0, 1]


def test_variables_of_integers_index():
    x = Variable([1.0, 2.0, 3.0])
    i = Variable(np.array([2, 2, 0]), requires_grad=False)
    y = x[i]
    assert y.data.tolist() == [3, 3, 1]
    y.sum().backward()
    assert x.grad.data.tolist() == [1, 0, 2]
    w = Variable(np.arange(6.0).reshape(2, 3))
    assert w[i[:2] - 1, i[:2]].data.tolist() == [5, 5]
    assert x[x > 1.5].data.tolist() == [2, 3]


@pytest.mark.parametrize("key", [3, (0, 0), [5], 1.5, "a", (None, 7)])
def test_what_is_not_there(key, x):
    with pytest.raises(IndexError):
        x[key]


def test_an_edited_index_spoils_no_gradient_unnoticed():
    x, key = Variable([1.0, 2.0, 3.0]), np.array([0, 1])
    with mg.detect_anomaly():
        y = x[key].sum()
        key[:] = 2
        try:
            gx = mg.grad(y, x)
        except mg.EditedArrayError:
            return
    assert gx.data.tolist() == [1, 1, 0]


def test_scatter_add_is_the_adjoint_of_indexing(rng):
    a, c = rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    key = [0, 0, 1]
    assert (a[key] * c).sum() == pytest.approx((a * Variable(c).scatter_add(key, (2, 3)).data).sum())
    check_grad(lambda x: x.scatter_add(key, (2, 3)), [c])


# Shapes


def test_reshape(x, rng):
    for y in (x.reshape(3, 1), x.reshape((3, 1)), x.reshape([-1, 1]), x.reshape(-1, 1)):
        assert y.shape == (3, 1)
    assert Variable([[2.0]]).reshape(()).shape == ()
    check_grad(lambda v: v.reshape(3, -1), [rng.standard_normal((2, 6)).T])


@pytest.mark.parametrize("shape", [(2, 2), (-1, -1), (4, -1), ("a",), (1.5, 2)])
def test_reshape_to_what_does_not_fit(shape, x):
    with pytest.raises((ValueError, TypeError), match=r"reshape: \(3,\) float32"):
        x.reshape(*shape)


def test_transpose(rng):
    a = rng.standard_normal((2, 3, 4))
    x = Variable(a)
    assert np.array_equal(x.T.data, a.T)
    assert np.array_equal(x.transpose().data, a.T)
    assert np.array_equal(x.transpose(None).data, a.T)
    for axes in ((1, 2, 0), (-1, 0, 1), (0, 1, 2)):
        assert np.array_equal(x.transpose(*axes).data, a.transpose(axes))
        assert np.array_equal(x.transpose(axes).data, a.transpose(axes))
        assert np.array_equal(x.transpose(list(axes)).data, a.transpose(axes))
    check_grad(lambda v: v.transpose(1, 2, 0), [rng.standard_normal((2, 2, 2))])
    check_grad(lambda v: v.T, [a])
    check_grad(lambda v: v.swapaxes(0, -1), [a])
    assert Variable(1.0).T.shape == ()


@pytest.mark.parametrize("axes", [(0,), (0, 1, 2), (0, 0), (0, 2), (0, -2), (0, 1.0)])
def test_transpose_by_axes_that_do_not_fit(axes):
    with pytest.raises((ValueError, TypeError), match="transpose: "):
        Variable(np.ones((2, 3))).transpose(*axes)


@pytest.mark.parametrize("axes", [(0, 2), (-3, 0), (5, 5)])
def test_swapaxes_out_of_range(axes):
    with pytest.raises(ValueError, match="swapaxes"):
        Variable(np.ones((2, 3))).swapaxes(*axes)


def test_broadcast_to_and_sum_to(rng):
    a = rng.standard_normal((3, 1))
    y = Variable(a).broadcast_to((2, 3, 4))
    assert np.array_equal(y.data, np.broadcast_to(a, (2, 3, 4)))
    assert np.allclose(y.sum_to((3, 1)).data, 8 * a)
    assert Variable(1.0).broadcast_to((0, 2)).shape == (0, 2)
    assert Variable(np.ones((0, 2))).sum_to((1, 2)).data.tolist() == [[0, 0]]
    check_grad(lambda v: v.broadcast_to([2, 3, 4]), [a])
    check_grad(lambda v: v.sum_to((3, 1)), [rng.standard_normal((2, 3, 4))])
    check_grad(lambda v: v.sum_to(()), [rng.standard_normal((2, 3))])


@pytest.mark.parametrize(("method", "shape"), [("broadcast_to", (4,)), ("broadcast_to", ()), ("broadcast_to", (3, 1))])
def test_shapes_that_do_not_broadcast_to(method, shape, x):
    with pytest.raises(ValueError, match=f"{method}: " + re.escape("(3,) float32")):
        getattr(x, method)(shape)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (3, 1), (2, 3)])
def test_shapes_that_cannot_be_summed_to(shape, x):
    with pytest.raises(ValueError, match="sum_to: " + re.escape("(3,) float32")):
        x.sum_to(shape)


# Reductions


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 0), (-1, 0), [0, 1], (), np.int64(1)], ids=str)
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reductions(name, axis, keepdims, rng):
    a = rng.standard_normal((2, 3, 2))
    y = getattr(Variable(a), name)(axis, keepdims=keepdims)
    expected = getattr(a, name)(tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    assert isinstance(y.data, np.ndarray)
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected)
    check_grad(lambda x: getattr(x, name)(axis, keepdims=keepdims), [a])


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reductions_of_a_scalar(name):
    assert getattr(Variable(2.0), name)().item() == 2
    check_grad(lambda x: getattr(x, name)(), [2.0])


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
@pytest.mark.parametrize(
    ("axis", "error"),
    [
        (2, ValueError),
        (-3, ValueError),
        ((0, 0), ValueError),
        ((0, -2), ValueError),
        (0.5, TypeError),
        ("a", TypeError),
    ],
)
def test_reductions_over_axes_that_are_not_there(name, axis, error):
    with pytest.raises(error, match=f"{name}: axis"):
        getattr(Variable(np.ones((2, 3))), name)(axis)


def test_reductions_of_nothing():
    x = Variable(np.ones((0, 3)))
    assert x.sum().item() == 0
    assert x.sum(0).data.tolist() == [0, 0, 0]
    assert x.max(1).shape == (0,)
    assert mg.grad(x.sum(), x).shape == (0, 3)
    for name in ("max", "min"):
        with pytest.raises(ValueError, match=f"{name}: .*" + re.escape("(0, 3) float64")):
            getattr(x, name)()


def test_ties_share_the_gradient():
    x = Variable([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    x.max(1).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    x.zero_grad()
    x.min(1).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_a_nan_wins():
    x = Variable([1.0, np.nan, 3.0])
    y = x.max()
    assert np.isnan(y.item())
    y.backward()
    assert x.grad.data.tolist() == [0, 1, 0]


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


@FLOATS
@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
@pytest.mark.parametrize("f", UNARY.values(), ids=UNARY)
def test_results_and_gradients_are_arrays(f, shape, dtype):
    array = np.full(shape, 2.0, dtype)
    x = Variable(array)
    y = f(x)
    (y * y).sum().backward()
    assert isinstance(y.data, np.ndarray)
    assert isinstance(x.grad.data, np.ndarray)
    assert (x.grad.shape, x.grad.dtype) == (shape, dtype)
    assert (array == 2).all()


@pytest.mark.parametrize("shape", [(6,), (0,), (0, 3), (2, 3), (), (1,)])
def test_reshape_takes_the_lengths_that_numpy_takes(shape):
    x = np.zeros(shape)
    for n in range(4):
        for wanted in itertools.product([-1, 0, 1, 2, 3, 6], repeat=n):
            try:
                expected = x.reshape(wanted).shape
            except ValueError:
                with pytest.raises(ValueError, match="reshape: "):
                    Variable(x).reshape(wanted)
            else:
                assert Variable(x).reshape(wanted).shape == expected


@pytest.mark.parametrize("wanted", [(-2, 3), (-1, -2), (True, 6), (1.0, 6), ("6",)])
def test_reshape_takes_no_other_lengths(wanted):
    with pytest.raises(ValueError, match="reshape: "):
        Variable(np.zeros(6)).reshape(wanted)


@pytest.mark.parametrize("wanted", [(2**70, 0), (0, 2**40, 2**40)])
def test_reshape_to_lengths_beyond_counting(wanted):
    with pytest.raises(ValueError, match=r"reshape: \(0, 3\) float64 cannot become"):
        Variable(np.zeros((0, 3))).reshape(wanted)
