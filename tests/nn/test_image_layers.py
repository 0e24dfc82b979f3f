"""The layers of images and signals besides Conv2d and the poolings, and those without parameters."""

import numpy as np
import pytest

import minigrad.functions as F
from minigrad import nn

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((2, 4, 5, 3)).astype(np.float32)
SIGNALS = RNG.standard_normal((2, 4, 9)).astype(np.float32)


def same(y, expected):
    np.testing.assert_array_equal(y.data, expected.data, strict=True)


@pytest.mark.parametrize(
    "settings",
    [{}, {"stride": 2, "pad": 1}, {"pad": "same", "dilation": 2}, {"groups": 2}, {"bias": False}],
)
def test_conv1d(settings):
    layer = nn.Conv1d(4, 6, 3, bias_init=nn.init.Normal(1.0), rng=RNG, **settings)
    options = {key: value for key, value in settings.items() if key != "bias"}
    assert layer.w.shape == (6, 4 // layer.groups, 3)
    same(layer(SIGNALS), F.conv1d(SIGNALS, layer.w, layer.b, **options))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "pad": (1, 0), "output_padding": 1},
        {"pad": "same", "stride": (1, 2)},
        {"groups": 2, "dilation": (1, 2)},
        {"bias": False},
    ],
)
def test_conv_transpose2d(settings):
    layer = nn.ConvTranspose2d(4, 6, (3, 2), bias_init=nn.init.Normal(1.0), rng=RNG, **settings)
    options = {key: value for key, value in settings.items() if key != "bias"}
    assert layer.w.shape == (4, 6 // layer.groups, 3, 2)
    same(layer(IMAGES), F.conv_transpose2d(IMAGES, layer.w, layer.b, **options))


@pytest.mark.parametrize("make", [lambda **o: nn.Conv1d(6, 4, 5, **o), lambda **o: nn.ConvTranspose2d(6, 4, 5, **o)])
def test_by_default_weights_are_glorot_uniform_and_biases_zero(make):
    layer = make(rng=np.random.default_rng(5))
    expected = nn.init.GlorotUniform()(layer.w.shape, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(layer.w.data, expected, strict=True)
    np.testing.assert_array_equal(layer.b.data, np.zeros(4, np.float32), strict=True)


def test_images_of_another_type_are_computed_in_the_weights():
    assert nn.ConvTranspose2d(4, 1, 2)(IMAGES.astype(float)).dtype == np.float32
    assert nn.Conv1d(4, 1, 2)(SIGNALS.astype(float)).dtype == np.float32


@pytest.mark.parametrize("options", [{"scale": 2}, {"size": (7, 2)}, {"scale": (1.5, 2), "mode": "bilinear"}])
def test_upsample2d(options):
    same(nn.Upsample2d(**options)(IMAGES), F.upsample2d(IMAGES, **options))


@pytest.mark.parametrize("keepdims", [True, False])
def test_global_avg_pool2d(keepdims):
    same(nn.GlobalAvgPool2d(keepdims=keepdims)(IMAGES), F.global_avg_pool2d(IMAGES, keepdims=keepdims))


def test_identity_gives_what_it_is_given():
    x = F.relu(IMAGES)
    assert nn.Identity()(x) is x


def test_lambda_calls_a_function_with_everything():
    same(nn.Lambda(F.logsumexp)(IMAGES, axis=1), F.logsumexp(IMAGES, 1))
    model = nn.Sequential(nn.Lambda(lambda x: x * 2), nn.Identity())
    same(model(F.relu(IMAGES)), F.relu(IMAGES) * 2)


def test_reshape_leaves_the_batch_axis():
    assert nn.Reshape(5, 12)(IMAGES).shape == (2, 5, 12)
    assert nn.Reshape((5, -1))(IMAGES).shape == (2, 5, 12)
    assert nn.Reshape(5, -1)(IMAGES[:0]).shape == (0, 5, 12)
    np.testing.assert_array_equal(nn.Reshape(60)(IMAGES).data, IMAGES.reshape(2, 60))


def test_what_they_look_like():
    assert (
        repr(nn.Conv1d(4, 6, 3, stride=2, pad="same", bias=False))
        == "Conv1d(4, 6, 3, stride=2, pad='same', bias=False)"
    )
    assert repr(nn.ConvTranspose2d(4, 6, (3, 2), stride=2)) == "ConvTranspose2d(4, 6, (3, 2), stride=2)"
    assert repr(nn.ConvTranspose2d(4, 6, 3, output_padding=(1, 0))) == "ConvTranspose2d(4, 6, 3, output_padding=(1, 0))"
    assert repr(nn.Upsample2d(2)) == "Upsample2d(2)"
    assert repr(nn.Upsample2d(size=(3, 4), mode="bilinear")) == "Upsample2d(size=(3, 4), mode='bilinear')"
    assert repr(nn.GlobalAvgPool2d()) == "GlobalAvgPool2d()"
    assert repr(nn.Lambda(F.relu)) == "Lambda(relu)"
    assert repr(nn.Reshape(1, 28, 28)) == "Reshape(1, 28, 28)"


ERRORS = {
    "Conv1d groups": (lambda: nn.Conv1d(4, 6, 3, groups=3), ["Conv1d", "groups=3", "in_channels=4", "out_channels=6"]),
    "Conv1d pad": (lambda: nn.Conv1d(4, 6, 3, pad=-1), ["Conv1d", "pad must be at least 0"]),
    "ConvTranspose2d groups": (lambda: nn.ConvTranspose2d(4, 6, 3, groups=4), ["ConvTranspose2d", "groups=4"]),
    "ConvTranspose2d stride": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=0), ["ConvTranspose2d", "stride"]),
    "Upsample2d": (nn.Upsample2d, ["Upsample2d", "scale or size"]),
    "Upsample2d mode": (lambda: nn.Upsample2d(2, mode="linear"), ["Upsample2d", "mode", "'linear'"]),
    "Reshape": (lambda: nn.Reshape(7)(IMAGES), ["Reshape", "(7,)", "(2, 4, 5, 3)"]),
    "Reshape of a number": (lambda: nn.Reshape(1)(3.0), ["Reshape", "()"]),
    "Reshape length": (lambda: nn.Reshape(-2), ["Reshape", "shape[0] must be at least -1"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_layer_or_input_is_an_error(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"(?s).") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []


def test_a_module_or_a_class_is_no_function():
    with pytest.raises(TypeError, match="Lambda: function must be a function"):
        nn.Lambda(nn.ReLU())
    with pytest.raises(TypeError, match="Lambda: function must be a function"):
        nn.Lambda(nn.ReLU)
