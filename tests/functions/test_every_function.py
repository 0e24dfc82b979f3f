"""What holds for every function, operator and method."""

import function_cases
import numpy as np
import operator_cases
import pytest
import window_cases
from gradients import check_gradients, gradients_of

import minigrad as mg
import minigrad.functions as F
from minigrad.operators import Operators

CASES = [*function_cases.CASES, *window_cases.CASES, *operator_cases.CASES]
EXACT = {"rtol": 1e-11, "atol": 1e-12}


def every(cases):
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


def cotangent(y, seed=11):
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


def functions_before(y):
    """The Functions that y was computed by."""
    found, stack = [], [y.creator]
    while stack:
        edge = stack.pop()
        if isinstance(edge, mg.Function) and edge not in found:
            found.append(edge)
            stack.extend(edge.inputs)
    return found


def contents(arrays):
    return [None if array is None else array.tobytes() for array in arrays]


# The table


def test_the_table_has_every_function_operator_and_method():
    expected = {*F.__all__, *vars(Operators)} - {"__module__", "__doc__", "__annotations__", "_apply", "_filled_axes"}
    assert expected - {case.function for case in CASES} == set()


# Values


@every(CASES)
def test_forward_is_what_the_reference_gives(case):
    y, expected = case.f(*case.variables()).data, np.asarray(case.reference(*case.inputs))
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, **EXACT)


@every(CASES)
def test_first_and_second_derivatives(case):
    check_gradients(case.f, case.inputs)


THIRD = "exp log sigmoid tanh softplus softmax log_softmax var matmul linear power softmax_cross_entropy"
THIRD += " max_pool2d avg_pool2d"


@every({case.function: case for case in CASES if case.function in THIRD.split()}.values())
def test_third_derivatives(case):
    check_gradients(case.f, case.inputs, order=3)


# Arrays in, arrays out


@every(CASES)
def test_forward_and_backward_change_no_array(case):
    xs = case.variables()
    inputs = contents(x.data for x in xs)
    y = case.f(*xs)
    assert contents(x.data for x in xs) == inputs
    saved = [array for function in functions_before(y) for array in function.saved_arrays]
    gy = cotangent(y)
    before = contents([y.data, gy, *saved])
    mg.grad(y, xs, gy)
    assert contents([y.data, gy, *saved]) == before
    assert contents(x.data for x in xs) == inputs


@every(CASES)
def test_read_only_arrays_will_do(case):
    xs = case.variables()
    for x in xs:
        x.data.flags.writeable = False
    y = case.f(*xs)
    gy = cotangent(y)
    gy.flags.writeable = False
    mg.grad(y, xs, gy)


@every(CASES)
def test_no_gradient_shares_memory(case):
    xs = case.variables()
    y = case.f(*xs)
    gy = cotangent(y)
    arrays = [gradient.data for gradient in mg.grad(y, xs, gy)]
    others = [gy, y.data, *(x.data for x in xs)]
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in (*arrays[:i], *others))


@every(CASES)
def test_no_accumulated_gradient_shares_memory(case):
    xs = case.variables()
    y = case.f(*xs)
    gy = cotangent(y)
    y.backward(gy)
    arrays = [x.grad.data for x in xs]
    others = [gy, y.data, *(x.data for x in xs)]
    for i, array in enumerate(arrays):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in (*arrays[:i], *others))


def spaced(x):
    """Every other element of a larger array."""
    larger = np.full([2 * n for n in x.shape], np.nan)
    every_other = (slice(None, None, 2),) * x.ndim
    larger[every_other] = x
    return larger[every_other]


LAYOUTS = {
    "Fortran": lambda x: x.copy(order="F"),
    "strided": spaced,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "transposed": lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if x.ndim else x,
    "channels last": lambda x: np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1) if x.ndim > 1 else x,
    "stride 0": lambda x: np.broadcast_to(x[:1], x.shape) if x.ndim else x,
    "all strides 0": lambda x: np.broadcast_to(x.flat[0], x.shape) if x.size else x,
}


@every(CASES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_layout_makes_no_difference(case, layout):
    odd = [LAYOUTS[layout](x) for x in case.inputs]
    plain = [x.copy(order="C") for x in odd]
    y, expected = (case.f(*map(mg.Variable, arrays)) for arrays in (odd, plain))
    np.testing.assert_allclose(y.data, expected.data, **EXACT)
    gy = LAYOUTS[layout](cotangent(y))
    gradients = gradients_of(case.f, odd, [gy])
    for gx, expected_gx in zip(gradients, gradients_of(case.f, plain, [gy.copy(order="C")]), strict=True):
        np.testing.assert_allclose(gx, expected_gx, **EXACT)


# dtypes

LOOSE = {np.float16: 1e-2, np.float32: 1e-5, np.float64: 1e-11}


@every(CASES)
@pytest.mark.parametrize("dtype", LOOSE, ids=lambda dtype: dtype.__name__)
def test_dtype_stays(case, dtype):
    exact = [x.astype(dtype).astype(np.float64) for x in case.inputs]
    xs = case.variables(dtype)
    y = case.f(*xs)
    gy = cotangent(y)
    gradients = mg.grad(y, xs, gy)
    assert [array.dtype for array in (y, *gradients)] == [dtype] * (1 + len(xs))
    references = [case.f(*map(mg.Variable, exact)).data, *gradients_of(case.f, exact, [gy.astype(np.float64)])]
    for array, reference in zip((y, *gradients), references, strict=True):
        scale = np.abs(reference).max(initial=1)
        np.testing.assert_allclose(array.data, reference, rtol=LOOSE[dtype], atol=LOOSE[dtype] * scale)


# Gradients as such


@every(CASES)
def test_a_gradient_has_its_variables_shape(case):
    xs = case.variables()
    y = case.f(*xs)
    assert [gradient.shape for gradient in mg.grad(y, xs, cotangent(y))] == [x.shape for x in xs]


@every(CASES)
def test_backward_twice_gives_the_same_bits(case):
    xs = case.variables()
    y = case.f(*xs)
    gy = cotangent(y)
    first, second = ([gradient.data.tobytes() for gradient in mg.grad(y, xs, gy)] for _ in range(2))
    assert first == second


@every(CASES)
def test_grad_is_what_backward_accumulates(case):
    xs = case.variables()
    y = case.f(*xs)
    gy = cotangent(y)
    y.backward(gy)
    y.backward(gy)
    for x, gx in zip(xs, mg.grad(y, xs, gy), strict=True):
        np.testing.assert_array_equal(x.grad.data, gx.data + gx.data)


@every(CASES)
def test_the_gradient_is_the_same_where_only_one_is_asked_for(case):
    xs = case.variables()
    y = case.f(*xs)
    gy = cotangent(y)
    for i, expected in enumerate(mg.grad(y, xs, gy)):
        others_constant = [x if k == i else x.data for k, x in enumerate(xs)]
        for alone in (mg.grad(y, xs[i], gy), mg.grad(case.f(*others_constant), xs[i], gy)):
            np.testing.assert_allclose(alone.data, expected.data, **EXACT)


@every(CASES)
def test_the_gradient_is_linear_in_the_cotangent(case):
    y = case.f(*case.variables())
    c, d = cotangent(y, 1), cotangent(y, 2)
    mixed, of_c, of_d, of_zero = (gradients_of(case.f, case.inputs, [gy]) for gy in (2 * c - 3 * d, c, d, 0 * c))
    for gx, gc, gd, g0 in zip(mixed, of_c, of_d, of_zero, strict=True):
        np.testing.assert_allclose(gx, 2 * gc - 3 * gd, rtol=1e-11, atol=1e-11)
        assert not g0.any()


# Modes


@every(CASES)
def test_without_recording_the_forward_bits_are_the_same(case):
    y = case.f(*case.variables())
    with mg.no_grad():
        z = case.f(*case.variables())
    assert z.data.tobytes() == y.data.tobytes()
    assert not z.requires_grad
    assert z.creator is None


@every([case for case in CASES if case.function != "dropout"])
def test_inference_gives_the_same_bits(case):
    y = case.f(*case.variables())
    with mg.inference():
        assert case.f(*case.variables()).data.tobytes() == y.data.tobytes()


@every([case for case in CASES if not case.function.startswith("__") and "to" not in case.function.split()])
def test_constants_give_a_constant(case):
    y = case.f(*[mg.Variable(x, requires_grad=False) for x in case.inputs])
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, case.f(*case.variables()).data)


@every(CASES)
def test_anomaly_detection_finds_nothing(case):
    with mg.detect_anomaly():
        xs = case.variables()
        y = case.f(*xs)
        mg.grad(y, xs, cotangent(y))


# Extreme shapes


@every([case for case in CASES if case.batched])
def test_an_empty_batch(case):
    inputs = [x[:0] if i in case.batched and x.ndim else x for i, x in enumerate(case.inputs)]
    y = case.f(*map(mg.Variable, inputs))
    assert y.shape == np.shape(case.reference(*inputs))
    for x, gx in zip(inputs, gradients_of(case.f, inputs, [np.ones(y.shape)]), strict=True):
        assert gx.shape == x.shape
        if not y.size:
            assert not gx.any()


@every([case for case in CASES if case.elementwise])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_without_axes_stay_arrays(case, dtype):
    inputs = [np.array(x.ravel()[0], dtype) for x in case.inputs]
    xs = [mg.Variable(x) for x in inputs]
    y = case.f(*xs)
    gradients = mg.grad(y, xs, create_graph=True)
    for variable in (y, *gradients, *mg.grad(gradients[0], xs)):
        assert type(variable.data) is np.ndarray
        assert (variable.shape, variable.dtype) == ((), dtype)
    np.testing.assert_allclose(y.data, case.reference(*inputs), rtol=1e-6)


@every([case for case in CASES if case.elementwise])
def test_derivatives_of_arrays_without_axes(case):
    check_gradients(case.f, [np.array(x.ravel()[1]) for x in case.inputs])
