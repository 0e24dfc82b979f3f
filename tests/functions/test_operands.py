"""What an operator's operands may be, and what dtype and shape come of them."""

import operator

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
PAIRS = [((3, 3), (3,)), ((1,), (5, 4)), ((3, 1), (1, 4)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((0, 3), (3,)), ((), ())]


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize(("a", "b"), [*PAIRS, *[(b, a) for a, b in PAIRS]])
@pytest.mark.parametrize("constant", ["neither", "a", "b"])
def test_operands_broadcast_and_gradients_are_summed_back(op, a, b, constant):
    rng = np.random.default_rng(0)
    arrays = rng.uniform(1, 2, a), rng.uniform(1, 2, b)
    operands = [x if name == constant else mg.Variable(x) for name, x in zip("ab", arrays, strict=True)]
    y = op(*operands)
    np.testing.assert_allclose(y.data, op(*arrays), rtol=1e-15)
    variables = [x for x in operands if isinstance(x, mg.Variable)]
    for x, gx in zip(variables, mg.grad(y, variables, np.ones(y.shape)), strict=True):
        assert gx.shape == x.shape


FLOATS = [np.float16, np.float32, np.float64]


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_number_on_either_side_keeps_the_dtype(op, dtype, shape):
    x = mg.Variable(np.ones(shape, dtype))
    for number in (2, 0.5, True, np.float64(2), np.float32(2), np.int64(2), np.array(2.0), np.array(2)):
        for y in (op(x, number), op(number, x)):
            assert (y.dtype, y.shape) == (dtype, shape), f"{number!r}"
            assert mg.grad(y, x, np.ones(shape, dtype)).dtype == dtype


@pytest.mark.parametrize("op", OPERATORS)
def test_arrays_are_promoted_as_numpy_does(op):
    for first in FLOATS:
        for second in (*FLOATS, np.int8, np.int64, np.uint8):
            a, b = np.ones(2, first), np.ones(2, second)
            assert op(mg.Variable(a), b).dtype == op(b, mg.Variable(a)).dtype == op(a, b).dtype


def test_each_gradient_has_its_own_variables_dtype():
    a, b = mg.Variable(np.ones(2, np.float32)), mg.Variable(np.ones(2, np.float64))
    for op in OPERATORS:
        assert [g.dtype for g in mg.grad(op(a, b).sum(), [a, b])] == [np.float32, np.float64]


@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul])
def test_numpy_arrays_on_the_left_leave_the_operation_to_the_variable(op):
    array, x = np.arange(1.0, 5).reshape(2, 2), mg.Variable(np.arange(2.0, 6).reshape(2, 2))
    y = op(array, x)
    assert isinstance(y, mg.Variable)
    np.testing.assert_array_equal(y.data, op(array, x.data))


@pytest.mark.parametrize("op", [*OPERATORS, operator.matmul])
@pytest.mark.parametrize("other", [None, "a", 1j, [1.0, 2.0], {}, object()], ids=lambda x: type(x).__name__)
def test_other_operands_are_a_type_error(op, other):
    x = mg.Variable(np.ones(2))
    with pytest.raises(TypeError):
        op(x, other)
    with pytest.raises(TypeError):
        op(other, x)


def test_a_division_by_a_number_is_rounded_once():
    x = np.random.default_rng(0).uniform(1, 2, 100)
    assert (mg.Variable(x) / 3).data.tobytes() == (x / 3).tobytes()


@pytest.mark.parametrize("dtype", [int, bool, complex, object, "datetime64[s]"], ids=str)
def test_only_floats_require_a_gradient(dtype):
    with pytest.raises(TypeError, match=r"only floats have gradients|expected an array of real numbers"):
        mg.Variable(np.ones(2).astype(dtype))


@pytest.mark.parametrize("data", [None, [1.0, None], "3", ["1", "2"], [[1.0], [1.0, 2.0]], {}], ids=repr)
def test_what_is_no_number_makes_no_variable(data):
    with pytest.raises(TypeError):
        mg.Variable(data)
    with pytest.raises(TypeError):
        F.exp(data)


@pytest.mark.parametrize("dtype", [int, bool, complex])
def test_astype_makes_nothing_that_has_no_gradient(dtype):
    with pytest.raises(TypeError, match="astype"):
        mg.Variable(np.ones(2)).astype(dtype)


def test_astype_gives_the_gradient_back_in_the_variables_dtype():
    x = mg.Variable(np.ones(2, np.float32))
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    assert mg.grad(y, x, np.full(2, 3.0)).dtype == np.float32


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_numpys_matrix_multiplies_elementwise_or_is_refused():
    matrix = np.matrix([[1.0, 2], [3, 4]])
    try:
        x = mg.Variable(matrix)
    except TypeError:
        return
    assert (x * x).data.tolist() == [[1, 4], [9, 16]]


# NumPy's functions of Variables mean what they mean of arrays

NUMPYS = {
    "add(x, 1)": lambda x: np.add(x, 1),
    "subtract(1, x)": lambda x: np.subtract(1, x),
    "multiply(x, x)": lambda x: np.multiply(x, x),
    "divide(1, x)": lambda x: np.divide(1, x),
    "negative(x)": np.negative,
    "matmul(x, x)": lambda x: np.matmul(x, x),
    "dot(x, x)": lambda x: np.dot(x, x),
    "dot(x[0], x[1])": lambda x: np.dot(x[0], x[1]),
    "dot(x, 2.0)": lambda x: np.dot(x, 2.0),
    "dot(x[None], x[None])": lambda x: np.dot(x[None], x[None]),
    "exp(x)": np.exp,
    "log(x)": np.log,
    "sqrt(x)": np.sqrt,
    "square(x)": np.square,
    "abs(x)": np.abs,
    "tanh(x)": np.tanh,
    "power(2.0, x)": lambda x: np.power(2.0, x),
    "power(x, 2)": lambda x: np.power(x, 2),
    "maximum(x, 2)": lambda x: np.maximum(x, 2),
    "minimum(2, x)": lambda x: np.minimum(2, x),
    "clip(x, 2, 3)": lambda x: np.clip(x, 2, 3),
    "sum(x, axis=0)": lambda x: np.sum(x, axis=0),
    "mean(x, axis=(0, 1), keepdims=True)": lambda x: np.mean(x, axis=(0, 1), keepdims=True),
    "max(x, 1)": lambda x: np.max(x, 1),
    "min(x)": np.min,
    "var(x, axis=1, ddof=1)": lambda x: np.var(x, axis=1, ddof=1),
    "std(x)": np.std,
    "reshape(x, (4, 1))": lambda x: np.reshape(x, (4, 1)),
    "transpose(x)": np.transpose,
    "moveaxis(x, 0, 1)": lambda x: np.moveaxis(x, 0, 1),
    "squeeze(x[None])": lambda x: np.squeeze(x[None]),
    "expand_dims(x, 0)": lambda x: np.expand_dims(x, 0),
    "broadcast_to(x, (3, 2, 2))": lambda x: np.broadcast_to(x, (3, 2, 2)),
    "concatenate([x, x], axis=1)": lambda x: np.concatenate([x, x], axis=1),
    "stack([x, x], axis=-1)": lambda x: np.stack([x, x], axis=-1),
    "split(x, 2)[1]": lambda x: np.split(x, 2)[1],
    "pad(x, ((1, 0), (0, 1)))": lambda x: np.pad(x, ((1, 0), (0, 1))),
    "take(x, 1)": lambda x: np.take(x, 1),
    "take(x, [1, 0], axis=1)": lambda x: np.take(x, [1, 0], axis=1),
}
REFUSED = {"dot(x, 2.0)", "dot(x[None], x[None])", "take(x, 1)"}  # matmul has other rules, and take another default


@pytest.mark.parametrize("name", NUMPYS)
def test_numpys_functions_mean_the_same(name):
    x = np.array([[1.5, 2.5], [3.5, 0.5]])
    try:
        y = NUMPYS[name](mg.Variable(x))
    except (TypeError, ValueError):
        assert name in REFUSED
        return
    assert isinstance(y, mg.Variable)
    np.testing.assert_allclose(y.data, NUMPYS[name](x), rtol=1e-14)


def test_numpys_where_of_variables():
    x = mg.Variable(np.array([1.0, -1.0]))
    assert mg.grad(np.where(x.data > 0, x, 0.0).sum(), x).data.tolist() == [1, 0]


@pytest.mark.parametrize("f", [np.sin, np.sort, np.add.reduce, np.isnan, np.linalg.norm], ids=lambda f: f.__name__)
def test_what_minigrad_does_not_differentiate_is_refused(f):
    with pytest.raises(TypeError, match="not differentiable by minigrad"):
        f(mg.Variable(np.ones(2)))


def test_functions_take_arrays_and_numbers_as_constants():
    assert F.exp(0.0).item() == 1
    assert not F.exp(np.ones(2)).requires_grad


# Numbers beside a Variable


@pytest.mark.parametrize("function", ["maximum", "minimum"])
def test_a_number_beside_an_integer_variable_keeps_its_fraction(function):
    i = mg.Variable(np.array([-2, 0, 3]), requires_grad=False)
    np.testing.assert_array_equal(getattr(F, function)(i, 0.5).data, getattr(np, function)(i.data, 0.5))
    np.testing.assert_array_equal(getattr(F, function)(0.5, i).data, getattr(np, function)(i.data, 0.5))


def test_where_chooses_between_an_integer_variable_and_a_fraction():
    i = mg.Variable(np.array([-2, 0, 3]), requires_grad=False)
    np.testing.assert_array_equal(F.where([1, 0, 1], i, 0.5).data, [-2, 0.5, 3])


def test_where_does_not_wrap_a_negative_number():
    i = mg.Variable(np.array([1, 2], np.uint8), requires_grad=False)
    np.testing.assert_array_equal(F.where([True, False], i, -1).data, [1, -1])


@pytest.mark.parametrize("function", [F.power, F.maximum, F.minimum])
def test_lists_are_operands_on_both_sides(function):
    v = mg.Variable([2.0, 3.0])
    np.testing.assert_array_equal(function([1.0, 4.0], v).data, function(np.array([1, 4], "f"), v.data).data)
    np.testing.assert_array_equal(function(v, [1.0, 4.0]).data, function(v.data, np.array([1, 4], "f")).data)


# Integers where a layer computes


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
@pytest.mark.parametrize(
    "layer",
    [
        lambda x: F.conv2d(x, np.ones((2, 1, 2, 2), np.float32)),
        lambda x: F.linear(x, np.ones((4, 2), np.float32)),
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 2),
    ],
)
def test_integer_inputs_become_floats(layer, dtype):
    x = np.arange(16).reshape(1, 1, 4, 4).astype(dtype)
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.data, layer(x.astype(np.float32)).data)
