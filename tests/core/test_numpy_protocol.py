"""NumPy's functions on Variables: those that minigrad differentiates, and a clear error for the others."""

import re

import numpy as np
import pytest

from minigrad import Variable, grad
from minigrad.testing import check_grad


def positive(*shape):
    return np.random.default_rng(0).uniform(0.5, 2, shape)


# name: (call with the arrays or Variables, the arrays)
WORKING = {
    "add": (np.add, [positive(2, 3), positive(3)]),
    "subtract": (np.subtract, [positive(2, 3), positive(3)]),
    "multiply": (np.multiply, [positive(2, 3), positive(3)]),
    "divide": (np.divide, [positive(2, 3), positive(3)]),
    "true_divide": (np.true_divide, [positive(2), positive(2)]),
    "power": (np.power, [positive(2, 3), positive(3)]),
    "power by a number": (lambda x: np.power(x, 3), [positive(3)]),
    "power of a number": (lambda x: np.power(0.1, x), [positive(3)]),
    "negative": (np.negative, [positive(3)]),
    "positive": (np.positive, [positive(3)]),
    "abs": (np.abs, [positive(3) - 3]),
    "absolute": (np.absolute, [positive(3)]),
    "exp": (np.exp, [positive(3)]),
    "log": (np.log, [positive(3)]),
    "sqrt": (np.sqrt, [positive(3)]),
    "square": (np.square, [positive(3)]),
    "tanh": (np.tanh, [positive(3)]),
    "sin": (np.sin, [positive(3)]),
    "cos": (np.cos, [positive(3)]),
    "tan": (np.tan, [positive(3) / 2]),
    "arcsin": (np.arcsin, [positive(3) / 3]),
    "arccos": (np.arccos, [positive(3) / 3]),
    "arctan": (np.arctan, [positive(3)]),
    "sinh": (np.sinh, [positive(3)]),
    "cosh": (np.cosh, [positive(3)]),
    "expm1": (np.expm1, [positive(3)]),
    "log1p": (np.log1p, [positive(3)]),
    "log2": (np.log2, [positive(3)]),
    "log10": (np.log10, [positive(3)]),
    "reciprocal": (np.reciprocal, [positive(3)]),
    "sign": (np.sign, [positive(3) - 1]),
    "floor": (np.floor, [positive(3)]),
    "ceil": (np.ceil, [positive(3)]),
    "round": (np.round, [positive(3)]),
    "round decimals=": (lambda x: np.round(x, decimals=1), [positive(3) * 20]),
    "around": (lambda x: np.around(x, -1), [positive(3) * 20]),
    "maximum": (np.maximum, [positive(2, 3), positive(3)]),
    "minimum": (np.minimum, [positive(2, 3), positive(3)]),
    "clip": (lambda x: np.clip(x, 0.8, 1.2), [positive(5)]),
    "where": (lambda a, b: np.where(np.array([True, False, True]), a, b), [positive(3), positive(2, 3)]),
    "where a number": (lambda x: np.where(np.array([True, False, True]), x, 0), [positive(3)]),
    "matmul": (np.matmul, [positive(2, 3), positive(3, 4)]),
    "matmul of stacks": (np.matmul, [positive(5, 2, 3), positive(3, 4)]),
    "dot of vectors": (np.dot, [positive(3), positive(3)]),
    "dot of matrices": (np.dot, [positive(2, 3), positive(3, 4)]),
    "dot of a matrix and a vector": (np.dot, [positive(2, 3), positive(3)]),
    "sum": (np.sum, [positive(2, 3)]),
    "sum over an axis": (lambda x: np.sum(x, axis=1), [positive(2, 3)]),
    "sum over axes": (lambda x: np.sum(x, axis=(0, 2)), [positive(2, 3, 2)]),
    "sum, second positional": (lambda x: np.sum(x, 0), [positive(2, 3)]),
    "sum keepdims": (lambda x: np.sum(x, axis=0, keepdims=True), [positive(2, 3)]),
    "mean": (np.mean, [positive(2, 3)]),
    "mean over an axis": (lambda x: np.mean(x, axis=-1), [positive(2, 3)]),
    "max": (np.max, [positive(2, 3)]),
    "max over an axis": (lambda x: np.max(x, axis=0, keepdims=True), [positive(2, 3)]),
    "min": (np.min, [positive(2, 3)]),
    "var": (np.var, [positive(2, 3)]),
    "var over an axis": (lambda x: np.var(x, axis=0, ddof=1), [positive(3, 2)]),
    "std": (np.std, [positive(2, 3)]),
    "std over an axis": (lambda x: np.std(x, axis=1, keepdims=True), [positive(2, 3)]),
    "reshape": (lambda x: np.reshape(x, (3, -1)), [positive(2, 3)]),
    "reshape to an int": (lambda x: np.reshape(x, -1), [positive(2, 3)]),
    "transpose": (np.transpose, [positive(2, 3)]),
    "transpose by axes": (lambda x: np.transpose(x, (1, 2, 0)), [positive(2, 3, 4)]),
    "transpose axes=": (lambda x: np.transpose(x, axes=(1, 0)), [positive(2, 3)]),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), [positive(2, 3, 4)]),
    "moveaxis of several": (lambda x: np.moveaxis(x, (0, 1), (-1, 0)), [positive(2, 3, 4)]),
    "squeeze": (np.squeeze, [positive(1, 3, 1)]),
    "squeeze an axis": (lambda x: np.squeeze(x, axis=0), [positive(1, 3, 1)]),
    "expand_dims": (lambda x: np.expand_dims(x, 1), [positive(2, 3)]),
    "expand_dims twice": (lambda x: np.expand_dims(x, (0, -1)), [positive(2, 3)]),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4, 2, 3)), [positive(2, 1)]),
    "broadcast_to an int": (lambda x: np.broadcast_to(x, 3), [positive(1)]),
    "concatenate": (lambda a, b: np.concatenate([a, b]), [positive(2, 3), positive(1, 3)]),
    "concatenate axis=": (lambda a, b: np.concatenate((a, b, a), axis=-1), [positive(2, 3), positive(2, 1)]),
    "stack": (lambda a, b: np.stack([a, b]), [positive(2, 3), positive(2, 3)]),
    "stack axis=": (lambda a, b: np.stack([a, b], axis=1), [positive(2, 3), positive(2, 3)]),
    "split": (lambda x: np.split(x, 3), [positive(6)]),
    "split at places": (lambda x: np.split(x, [1, 4], axis=1), [positive(2, 6)]),
    "pad": (lambda x: np.pad(x, ((1, 0), (2, 3))), [positive(2, 3)]),
    "take": (lambda x: np.take(x, [0, 0, 2], axis=1), [positive(2, 3)]),
    "take of a vector": (lambda x: np.take(x, np.array([[0, 0], [2, 1]])), [positive(3)]),
}


@pytest.mark.parametrize(("f", "arrays"), WORKING.values(), ids=WORKING)
def test_a_function_that_works_equals_numpys(f, arrays):
    assert_equal(f(*[Variable(array) for array in arrays]), f(*arrays))
    check_grad(f, arrays, order=1)
    assert {y.dtype for y in listed(f(*[Variable(a.astype(np.float32)) for a in arrays]))} == {np.dtype(np.float32)}


def listed(found):
    return found if isinstance(found, list) else [found]


def assert_equal(found, expected):
    for y, value in zip(listed(found), listed(expected), strict=True):
        assert isinstance(y, Variable)
        assert y.requires_grad
        assert y.shape == np.shape(value)
        assert y.dtype == value.dtype
        np.testing.assert_allclose(y.data, value, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name, (_, arrays) in WORKING.items() if len(arrays) == 2])
def test_arrays_beside_variables_are_constants(name):
    f, (a, b) = WORKING[name]
    assert_equal(f(Variable(a), b), f(a, b))
    assert_equal(f(a, Variable(b)), f(a, b))
    check_grad(lambda x: f(x, b), [a], order=1)
    check_grad(lambda x: f(a, x), [b], order=1)


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum])
def test_ufuncs_of_constants_on_either_side(ufunc):
    x = Variable(np.array([1.0, 2.0, 3.0]))
    for constant in (np.ones(3), np.float64(2), np.array(2.0), 2, 2.5):
        assert_equal(ufunc(x, constant), ufunc(x.data, constant))
        assert_equal(ufunc(constant, x), ufunc(constant, x.data))


def test_shape_functions():
    x = Variable(np.ones((2, 3)))
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.size(x, 1) == 3


READERS = {
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "allclose": lambda x: np.allclose(x, [1.0, np.nan, np.inf], rtol=1e-9, equal_nan=True),
    "allclose, not": lambda x: np.allclose(x, [1.1, np.nan, np.inf], equal_nan=True),
    "allclose on the right": lambda x: np.allclose(np.array([1.0, 0.0, 0.0]), x),
    "allclose of two": lambda x: np.allclose(x, x, equal_nan=True),
    "array_equal": lambda x: np.array_equal(x, [1.0, np.nan, np.inf]),
    "array_equal with NaN": lambda x: np.array_equal([1.0, np.nan, np.inf], x, equal_nan=True),
    "zeros_like": np.zeros_like,
    "zeros_like dtype=": lambda x: np.zeros_like(x, dtype=np.float32, shape=(2, 2)),
    "ones_like": np.ones_like,
    "ones_like a=": lambda x: np.ones_like(a=x),
}


@pytest.mark.parametrize("f", READERS.values(), ids=READERS)
def test_functions_that_only_read_give_plain_results(f):
    a = np.array([1.0, np.nan, np.inf])
    for requires_grad in (True, False):
        found, expected = f(Variable(a, requires_grad=requires_grad)), f(a)
        assert type(found) is type(expected)
        np.testing.assert_array_equal(found, expected, strict=True)


UNKNOWN = {
    "numpy.sinc": np.sinc,
    "numpy.arctan2": lambda x: np.arctan2(x, 1.0),
    "numpy.floor_divide": lambda x: x.data // x,
    "numpy.linalg.inv": np.linalg.inv,
    "numpy.fft.fft": np.fft.fft,
    "numpy.vstack": lambda x: np.vstack([x, x]),
    "numpy.isclose": lambda x: np.isclose(x, 1),
    "numpy.full_like": lambda x: np.full_like(x, 2),
    "numpy.signbit": np.signbit,
    "numpy.isnan with out": lambda x: np.isnan(x, out=np.ones(3, bool)),
    "numpy.add.reduce": np.add.reduce,
    "numpy.add.accumulate": np.add.accumulate,
    "numpy.multiply.outer": lambda x: np.multiply.outer(x, x),
    "numpy.add.reduceat": lambda x: np.add.reduceat(x, [0]),
    "numpy.add.at": lambda x: np.add.at(x, [0], 1),
    "numpy.add.at ": lambda x: np.add.at(np.ones(3), [0, 1, 2], x),
    "numpy.add with out": lambda x: np.add(x, 1, out=np.ones(3)),
    "numpy.add with out ": lambda x: np.add(np.ones(3), 1, out=x),
    "numpy.add with where": lambda x: np.add(x, 1, where=np.array([True, False, True])),
    "numpy.exp with dtype": lambda x: np.exp(x, dtype=np.float64),
}


@pytest.mark.parametrize(("name", "f"), UNKNOWN.items(), ids=UNKNOWN)
def test_other_functions_are_refused_by_name(name, f):
    x = Variable(np.ones(3))
    with pytest.raises(TypeError, match=re.escape(name.strip()) + r"\b.* not differentiable .*\.numpy\(\)"):
        f(x)
    assert x.data.tolist() == [1, 1, 1]


OPTIONS = {
    "sum dtype": lambda x: np.sum(x, dtype=np.float32),
    "sum out": lambda x: np.sum(x, out=np.ones(())),
    "sum where": lambda x: np.sum(x, where=np.array([[True, False, True]])),
    "sum initial": lambda x: np.sum(x, initial=3.0),
    "mean dtype": lambda x: np.mean(x, dtype=np.float16),
    "max initial": lambda x: np.max(x, initial=3.0),
    "std correction": lambda x: np.std(x, correction=1),
    "reshape order": lambda x: np.reshape(x, (3, 2), order="F"),
    "concatenate out": lambda x: np.concatenate([x, x], out=np.ones((4, 3))),
    "concatenate flat": lambda x: np.concatenate([x, x], axis=None),
    "concatenate dtype": lambda x: np.concatenate([x, x], dtype=np.float16),
    "stack out": lambda x: np.stack([x], out=np.ones((1, 2, 3))),
    "where alone": np.where,
    "take flat": lambda x: np.take(x, [0, 4]),
    "take mode": lambda x: np.take(x, [7], axis=1, mode="wrap"),
    "pad number": lambda x: np.pad(x, 1),
    "pad pair": lambda x: np.pad(x, (1, 2)),
    "pad mode": lambda x: np.pad(x, ((1, 1), (1, 1)), mode="edge"),
    "pad mode positional": lambda x: np.pad(x, ((1, 1), (1, 1)), "edge"),
    "pad constant": lambda x: np.pad(x, ((1, 1), (1, 1)), constant_values=2.0),
    "clip out": lambda x: np.clip(x, 0, 1, out=np.ones((2, 3))),
    "clip arrays": lambda x: np.clip(x, np.zeros(3), np.ones(3)),
    "clip keywords": lambda x: np.clip(x, a_min=0.5, a_max=1),
    "clip above": lambda x: np.clip(x, 0.5, None),
    "prod dtype": lambda x: np.prod(x, dtype=np.float32),
    "prod initial": lambda x: np.prod(x, initial=2.0),
    "norm of order 3": lambda x: np.linalg.norm(x, 3, 1),
    "norm of a matrix": lambda x: np.linalg.norm(x, 2),
    "norm along an axis": lambda x: np.linalg.norm(x, axis=1, keepdims=True),
    "norm of Frobenius": lambda x: np.linalg.norm(x, "fro"),
    "cumsum dtype": lambda x: np.cumsum(x, dtype=np.float32),
    "argmax out": lambda x: np.argmax(x, 1, out=np.zeros(2, int)),
    "sort kind": lambda x: np.sort(x, kind="heapsort"),
    "einsum optimize": lambda x: np.einsum("ij->j", x, optimize=True),
    "einsum out": lambda x: np.einsum("ij->j", x, out=np.ones(3)),
    "einsum of lists": lambda x: np.einsum(x, [0, 1], [1]),
    "outer out": lambda x: np.outer(x, x, out=np.ones((6, 6))),
    "tensordot of a list": lambda x: np.tensordot(x, [1.0, 2.0, 3.0], 1),
    "roll by keyword": lambda x: np.roll(x, shift=1, axis=0),
    "roll twice along an axis": lambda x: np.roll(x, (1, 2), (0, 0)),
    "repeat by keyword": lambda x: np.repeat(x, repeats=2, axis=0),
    "tile by keyword": lambda x: np.tile(x, reps=2),
    "dot of a stack": lambda x: np.dot(np.ones((2, 2, 2)), x),
    "dot number": lambda x: np.dot(x, 2.0),
    "dot of a number": lambda x: np.dot(2.0, x),
    "broadcast_to subok": lambda x: np.broadcast_to(x, (1, 2, 3), subok=True),
    "split array": lambda x: np.split(x, np.array([1, 2]), axis=1),
    "squeeze nothing": np.squeeze,
    "moveaxis arrays": lambda x: np.moveaxis(x, np.array([0]), np.array([1])),
    "max of an array axis": lambda x: np.max(x, axis=np.int64(1)),
    "transpose negative": lambda x: np.transpose(x, (-1, -2)),
    "add list": lambda x: np.add(x, [1.0, 2.0, 3.0]),
    "multiply list": lambda x: np.multiply([1.0, 2.0, 3.0], x),
    "maximum list": lambda x: np.maximum(x, [1.0, 2.0, 0.5]),
    "power list": lambda x: np.power([1.0, 2.0, 0.5], x),
    "matmul list": lambda x: np.matmul(x, [1.0, 2.0, 3.0]),
    "concatenate list": lambda x: np.concatenate([x, [[1.0, 2.0, 3.0]]]),
}


UNDERSTOOD = [
    *("take flat", "clip above", "split array", "squeeze nothing", "max of an array axis", "transpose negative"),
    *("maximum list", "power list", "concatenate list", "norm along an axis", "norm of Frobenius"),
    *("tensordot of a list", "roll by keyword", "repeat by keyword", "tile by keyword", "dot of a stack"),
    *("dot number", "dot of a number"),
]


@pytest.mark.parametrize(("name", "f"), OPTIONS.items(), ids=OPTIONS)
def test_options_work_as_in_numpy_or_are_refused(name, f):
    """What is understood means the same as in NumPy: never another number, another shape or another type."""
    a = positive(2, 3)
    expected = f(a)
    if name in UNDERSTOOD:
        assert_equal(f(Variable(a)), expected)
    else:
        with pytest.raises((TypeError, ValueError)):
            f(Variable(a))


def test_an_option_that_is_refused_is_named():
    x = Variable(np.ones(3))
    for call, option in (
        (lambda: np.sum(x, dtype=np.float64), "dtype"),
        (lambda: np.concatenate([x], out=np.ones(3)), "out"),
        (lambda: np.max(x, initial=3.0), "initial"),
    ):
        with pytest.raises(TypeError, match=option):
            call()


def test_functions_work_on_constants_too():
    x = Variable(np.ones(3), requires_grad=False)
    assert isinstance(np.exp(x), Variable)
    assert not np.exp(x).requires_grad
    with pytest.raises(TypeError, match=r"numpy\.cbrt"):
        np.cbrt(x)


def test_variables_anywhere_in_a_list_are_found():
    x = Variable(np.ones(2))
    y = np.concatenate([np.zeros(2), x, np.zeros(1)])
    assert y.data.tolist() == [0, 0, 1, 1, 0]
    assert grad(y[:3].sum(), x).data.tolist() == [1, 0]


def test_reflected_operators_of_arrays_dispatch():
    """An array on the left does not loop over the Variable's elements."""
    a, x = np.array([1.0, 2.0]), Variable(np.array([3.0, 4.0]))
    for y, expected in ((a + x, [4, 6]), (a - x, [-2, -2]), (a * x, [3, 8]), (a / x, [1 / 3, 0.5]), (a**x, [1, 16])):
        assert isinstance(y, Variable)
        assert y.shape == (2,)
        np.testing.assert_allclose(y.data, expected)
    assert (a @ x).item() == 11
    assert isinstance(np.float64(2) * x, Variable)
    assert isinstance(np.array(2.0) * x, Variable)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: np.clip(v, min=0, max=1), "numpy.clip of a Variable is minigrad's clip(x, low, high): "),
        (
            lambda v: np.split(v, indices_or_sections=2),
            "numpy.split of a Variable is minigrad's split(x, sections, axis",
        ),
        (lambda v: np.reshape(v, (2, 1), order="F"), "numpy.reshape of a Variable is minigrad's reshape(x, "),
    ],
)
def test_arguments_that_only_numpy_has(call, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        call(Variable([1.0, 2.0]))
