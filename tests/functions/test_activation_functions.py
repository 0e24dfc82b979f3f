"""Activations at 0, far out, and with NaN."""

import numpy as np
import pytest
from scipy import special

import minigrad as mg
import minigrad.functions as F


def value_and_gradient(f, values, dtype=np.float64):
    x = mg.Variable(np.array(values, dtype))
    y = f(x)
    return y.data.tolist(), mg.grad(y.sum(), x).data.tolist()


def test_relu_has_derivative_0_at_0():
    assert value_and_gradient(F.relu, [-1.0, -0.0, 0.0, 1.0]) == ([0, 0, 0, 1], [0, 0, 0, 1])


def test_leaky_relu_has_derivative_slope_at_0():
    assert value_and_gradient(lambda x: F.leaky_relu(x, 0.25), [-2.0, 0.0, 2.0]) == ([-0.5, 0, 2], [0.25, 0.25, 1])


def test_leaky_relu_of_integers_is_not_rounded():
    assert F.leaky_relu(np.array([-2, 2]), 0.25).data.tolist() == [-0.5, 2]


FAR_OUT = [
    ("sigmoid", F.sigmoid, [-800.0, 0.0, 800.0], [0, 0.5, 1], [0, 0.25, 0]),
    ("tanh", F.tanh, [-800.0, 0.0, 800.0], [-1, 0, 1], [0, 1, 0]),
    ("softplus", F.softplus, [-800.0, 0.0, 800.0], [0, np.log(2), 800], [0, 0.5, 1]),
    ("relu", F.relu, [-1e308, 1e308], [0, 1e308], [0, 1]),
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.5), [-1e308, 1e308], [-5e307, 1e308], [0.5, 1]),
]


@pytest.mark.parametrize(("f", "x", "y", "gx"), [row[1:] for row in FAR_OUT], ids=[row[0] for row in FAR_OUT])
def test_far_from_0_nothing_overflows(f, x, y, gx):
    value, gradient = value_and_gradient(f, x)
    np.testing.assert_allclose(value, y, rtol=1e-15)
    np.testing.assert_allclose(gradient, gx, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("f", [F.sigmoid, F.tanh, F.softplus, F.relu, F.leaky_relu, F.hard_tanh])
def test_the_largest_numbers_of_each_dtype_overflow_nothing(f, dtype):
    largest = np.finfo(dtype).max
    values, gradients = value_and_gradient(f, [-largest, largest], dtype)
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()


@pytest.mark.parametrize("f", [F.sigmoid, F.tanh, F.softplus, F.relu, F.leaky_relu, F.exp])
def test_nan_stays_nan(f):
    assert np.isnan(f(np.array([np.nan])).data).all()


X = [-30.0, -4.0, -1.0, 0.0, 0.5, 2.0, 30.0]
PYTORCH = {  # values and gradients at X of PyTorch 2.13, in float64
    "elu": (
        lambda x: F.elu(x, 0.7),
        [-0.6999999999999, -0.6871790527779, -0.44248439118, 0, 0.5, 2, 30],
        [6.550336078188e-14, 0.01282094722211, 0.25751560882, 0.7, 1, 1, 1],
    ),
    "selu": (
        F.selu,
        [-1.758099340847, -1.72589862819, -1.111330737813, 0, 0.5253504936777, 2.101401974711, 31.52102962066],
        [1.645163077342e-13, 0.03220071265748, 0.6467686030348, 1.758099340847, *[1.050700987355] * 3],
    ),
    "gelu": (
        F.gelu,
        [0, -0.0001266849673325, -0.1586552539315, 0, 0.345731230637, 1.954499736104, 30],
        [-4.420938404636e-195, -0.0005036496612264, -0.08331547058769, 0.5, 0.8674951246562, 1.085231801078, 1],
    ),
    "gelu by tanh": (
        lambda x: F.gelu(x, approximate="tanh"),
        [0, -7.024594819227e-05, -0.1588080093917, 0, 0.3457140098251, 1.954597694088, 30],
        [0, -0.0003351231971222, -0.08296408384578, 0.5, 0.8673699035346, 1.086099256624, 1],
    ),
    "silu": (
        F.silu,
        [-2.807286890652e-12, -0.07194483984837, -0.26894142137, 0, 0.3112296656009, 1.761594155956, 30],
        [
            -2.713710660963e-12,
            -0.05266461489107,
            0.07232948812851,
            0.5,
            0.7399611873027,
            1.090784248785,
            1.000000000003,
        ],
    ),
    "softsign": (
        F.softsign,
        [-0.9677419354839, -0.8, -0.5, 0, 0.3333333333333, 0.6666666666667, 0.9677419354839],
        [0.001040582726327, 0.04, 0.25, 1, 0.4444444444444, 0.1111111111111, 0.001040582726327],
    ),
    "hard_sigmoid": (
        F.hard_sigmoid,
        [0, 0, 0.3333333333333, 0.5, 0.5833333333333, 0.8333333333333, 1],
        [0, 0, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 0],
    ),
    "prelu": (lambda x: F.prelu(x, [0.3]), [-9, -1.2, -0.3, 0, 0.5, 2, 30], [0.3, 0.3, 0.3, 0.3, 1, 1, 1]),
}


@pytest.mark.parametrize(("f", "y", "gx"), PYTORCH.values(), ids=PYTORCH)
def test_values_and_gradients_are_pytorchs(f, y, gx):
    value, gradient = value_and_gradient(f, X)
    np.testing.assert_allclose(value, y, rtol=2e-12, atol=1e-15)
    np.testing.assert_allclose(gradient, gx, rtol=2e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("f", "bends", "slope", "beyond"), [(F.hard_sigmoid, [-3.0, 3.0], 1 / 6, 4.0), (F.hard_tanh, [-1.0, 1.0], 1, 2.0)]
)
def test_hard_functions_let_the_gradient_pass_at_their_bends(f, bends, slope, beyond):
    """PyTorch does not; `clip` does here."""
    _, gradient = value_and_gradient(f, [*bends, beyond, -beyond, 0.5])
    np.testing.assert_allclose(gradient, [slope, slope, 0, 0, slope])


def test_each_channel_has_its_slope_in_prelu():
    x, slope = mg.Variable(-np.ones((2, 3, 4))), mg.Variable(np.array([0.1, 0.2, 0.3]))
    y = F.prelu(x, slope)
    np.testing.assert_array_equal(y.data[0, :, 0], [-0.1, -0.2, -0.3])
    gx, gslope = mg.grad(y.sum(), (x, slope))
    np.testing.assert_array_equal(gx.data[1, :, 3], [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(gslope.data, [-8, -8, -8])


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("of", [(), (3,), (2, 3), (0, 3), (2, 1, 4)])
def test_one_slope_serves_any_shape_in_prelu(shape, of):
    slope = mg.Variable(np.full(shape, 0.5))
    y = F.prelu(-np.ones(of), slope)
    assert y.data.tolist() == np.full(of, -0.5).tolist()
    gslope = mg.grad(y, slope, np.ones(of))
    assert gslope.shape == shape
    assert gslope.item() == -np.ones(of).size


def test_a_learned_slope_meets_no_infinite_input():
    x, slope = mg.Variable(np.array([np.inf, -1.0])), mg.Variable(np.array(0.0))
    gx, gslope = mg.grad(F.prelu(x, slope), (x, slope), np.array([0.0, 2.0]))
    assert gx.data.tolist() == [0, 0]
    assert gslope.item() == -2


SMALL = [-700.0, -40.0, -1e-20, 1e-20, 40.0]


@pytest.mark.parametrize(
    ("f", "reference"),
    [(F.sigmoid, special.expit), (F.softplus, lambda x: np.logaddexp(0, x)), (F.tanh, np.tanh)],
    ids=["sigmoid", "softplus", "tanh"],
)
def test_small_results_keep_their_digits(f, reference):
    np.testing.assert_allclose(f(np.array(SMALL)).data, reference(np.array(SMALL)), rtol=1e-14)


def test_softmax_of_far_apart_logits():
    np.testing.assert_array_equal(
        F.softmax(np.array([[1e4, -1e4, 1e4], [-1e4, 1e4, 0]])).data, [[0.5, 0, 0.5], [0, 1, 0]]
    )
    np.testing.assert_array_equal(
        F.log_softmax(np.array([[1e4, -1e4]])).data,
        [[0, -2e4]],
    )


def test_softmax_of_masked_logits():
    x = mg.Variable(np.array([[-np.inf, 0.0, 0.0]]))
    y = F.softmax(x)
    assert y.data.tolist() == [[0, 0.5, 0.5]]
    np.testing.assert_allclose(mg.grad(y, x, np.array([[1.0, 1.0, 0.0]])).data, [[0, 0.25, -0.25]])


def test_softmax_of_the_largest_float32_warns_of_nothing():
    largest = np.finfo(np.float32).max
    assert F.softmax(np.array([largest, -largest], np.float32)).data.tolist() == [1, 0]


@pytest.mark.parametrize("f", [F.softmax, F.log_softmax])
def test_softmax_of_nothing_is_nothing(f):
    for shape, axis in (((2, 0), -1), ((0, 2), 0), ((2, 0), 0), ((0, 2), 1)):
        x = mg.Variable(np.zeros(shape))
        y = f(x, axis)
        assert y.shape == shape
        assert mg.grad(y, x, np.zeros(shape)).shape == shape


def test_softmax_of_one_class_is_1_with_gradient_0():
    x = mg.Variable(np.array([[3.0]]))
    assert F.softmax(x).item() == 1
    assert mg.grad(F.softmax(x), x).item() == 0


def test_softmax_does_not_change_when_all_logits_do():
    x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(F.softmax(x + 100).data, F.softmax(x).data, rtol=1e-12)
    np.testing.assert_allclose(F.softmax(x).data.sum(1), 1, rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_of_float16_adds_up_in_float32(axis):
    x = np.zeros((5000, 2) if axis == 0 else (2, 5000), np.float16)
    np.testing.assert_allclose(F.softmax(x, axis).data, 1 / 5000, rtol=2e-3)
    np.testing.assert_allclose(F.log_softmax(x, axis).data, -np.log(5000), rtol=1e-3)
