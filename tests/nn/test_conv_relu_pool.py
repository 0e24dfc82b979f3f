"""ConvReLUPool: one operation with the numbers and gradients of three."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz
from minigrad.testing import check_grad

SETTINGS = {
    "plain": ({}, {}),
    "same": ({"pad": "same"}, {}),
    "stride": ({"stride": 2, "pad": 1}, {"kernel": 3, "stride": 1, "pad": 1}),
    "dilation": ({"dilation": 2}, {"kernel": 3, "stride": 2}),
    "groups": ({"groups": 3}, {"kernel": 3, "stride": 2, "ceil_mode": True}),
    "no bias": ({"bias": False}, {}),
}
POOLING = {"kernel": "pool", "stride": "pool_stride", "pad": "pool_pad", "ceil_mode": "ceil_mode"}


def one_and_three(convolving=None, pooling=None):
    """The layer, and three layers with the same parameters."""
    convolving, pooling = convolving or {}, {"kernel": 2, **(pooling or {})}
    renamed = {POOLING[name]: value for name, value in pooling.items()}
    one = nn.ConvReLUPool(3, 6, 3, rng=np.random.default_rng(0), **convolving, **renamed)
    convolution = nn.Conv2d(3, 6, 3, **convolving)
    convolution.w, convolution.b = one.w, one.b
    return one, nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(**pooling))


def images(dtype=np.float32):
    return np.random.default_rng(1).standard_normal((2, 3, 11, 10)).astype(dtype)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_numbers_and_gradients_are_those_of_three_layers(setting, create_graph):
    one, three = one_and_three(*SETTINGS[setting])
    x = mg.Variable(images())

    def outcome(layer):
        y = layer(x)
        gradients = mg.grad((y * y).sum(), [x, *layer.parameters()], create_graph=create_graph)
        return y.data, [gradient.data for gradient in gradients]

    (found, ours), (expected, theirs) = outcome(one), outcome(three)
    np.testing.assert_array_equal(found, expected, strict=True)
    # Where nothing is recorded, sums leave out the zeros behind the pooling, in an order of their own.
    tolerance = {} if create_graph else {"rtol": 1e-5, "atol": 1e-5}
    for gradient, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(gradient, wanted, **{"rtol": 0, **tolerance}, strict=True)


@pytest.mark.parametrize("setting", SETTINGS)
def test_flops_are_those_of_three_layers(setting):
    one, three = one_and_three(*SETTINGS[setting])
    pool = three(mg.Variable(images())).creator
    relu = pool.inputs[0]
    assert one(mg.Variable(images())).creator.flops() == pool.flops() + relu.flops() + relu.inputs[0].flops()


def test_second_derivatives_are_right():
    w, b = (parameter.data.astype(np.float64) for parameter in one_and_three()[0].parameters())
    check_grad(F.conv_relu_pool, [images(np.float64)[:1, :, :6, :6], w, b], order=2)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_images_of_another_type_than_the_filters(dtype):
    one, three = one_and_three()
    x = images(dtype)
    np.testing.assert_array_equal(one(x).data, three(x).data, strict=True)


def test_frozen_parameters_and_no_grad_record_nothing():
    layer, x = one_and_three()[0], images()
    with mg.no_grad():
        assert not layer(x).requires_grad
    for parameter in layer.parameters():
        parameter.requires_grad = False
    assert not layer(x).requires_grad
    layer.b.requires_grad = True
    layer(x).sum().backward()
    assert layer.b.grad is not None
    assert layer.w.grad is None


def test_images_that_are_the_filters_get_both_gradients():
    w = mg.Variable(images()[:, :, :3, :3])
    found = mg.grad(F.conv_relu_pool(w, w, pad=1).sum(), w)
    expected = mg.grad(F.max_pool2d(F.relu(F.conv2d(w, w, pad=1)), 2).sum(), w)
    np.testing.assert_allclose(found.data, expected.data, rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 4, 8, 8), (2, 3, 2, 2), (2, 3, 3, 3)])
def test_images_that_do_not_fit(shape):
    one, three = one_and_three()
    with pytest.raises(ValueError, match=r"^(conv2d|max_pool2d): ") as expected:
        three(np.zeros(shape))
    function, reason = str(expected.value).split(": ", 1)
    if function == "conv2d":
        with pytest.raises(ValueError, match=f"^{re.escape(f'conv_relu_pool: {reason}')}$"):
            one(np.zeros(shape))
    else:
        with pytest.raises(ValueError, match=f"^{re.escape('conv_relu_pool: a 2×2 window exceeds')}"):
            one(np.zeros(shape))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pool": 0}, ValueError, "pool must be at least 1, not 0"),
        ({"pool": 2.5}, TypeError, "pool must be an int or a pair of ints, not 2.5"),
        ({"pool_stride": (1, 0)}, ValueError, "pool_stride must be at least 1, not (1, 0)"),
        ({"pool_pad": -1}, ValueError, "pool_pad must be at least 0, not -1"),
        ({"pool_pad": "valid"}, ValueError, "pool_pad must be an int, a pair or \"same\", not 'valid'"),
        (
            {"pool": 2, "pool_pad": 2},
            ValueError,
            "pool_pad 2 must be less than pool 2, or a window could miss the image",
        ),
        ({"stride": 0}, ValueError, "stride must be at least 1, not 0"),
        ({"pad": -1}, ValueError, "pad must be at least 0, not -1"),
    ],
)
def test_its_errors_name_its_own_arguments(options, error, message):
    with pytest.raises(error, match=f"^{re.escape(f'conv_relu_pool: {message}')}$"):
        F.conv_relu_pool(images(), np.ones((2, 3, 3, 3), np.float32), **options)


def test_it_is_one_layer_and_one_operation():
    layer, x = one_and_three()[0], images()
    with viz.record(layer) as seen:
        layer(x).sum()
    assert "ConvReLUPool" in seen.draw().dot
    assert layer.summary(x).count("ConvReLUPool") == 1
    x[0, 0, 0, 0] = np.nan
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match=r"ConvReLUPool at .* made"):
        layer(x)


def test_its_pooling_is_2_by_2_by_default():
    assert nn.ConvReLUPool(3, 6, 3)(images()).shape == (2, 6, 4, 4)
