"""The layers: each calls the function of its name with what it was made with."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def images(rng):
    return rng.standard_normal((2, 4, 7, 9)).astype(np.float32)


def same(y, expected):
    np.testing.assert_array_equal(y.data, expected.data, strict=True)


# Linear and Conv2d


def test_linear(rng):
    layer = nn.Linear(3, 2, bias_init=nn.init.Normal(1.0), rng=rng)
    x = rng.standard_normal((5, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(layer(x).data, x @ layer.w.data + layer.b.data, rtol=1e-6)
    same(nn.Linear(3, 2, bias=False, init=lambda shape, rng: layer.w.data)(x), F.linear(x, layer.w))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "pad": (2, 1)},
        {"pad": "same", "dilation": (1, 2)},
        {"groups": 2},
        {"bias": False},
    ],
)
def test_conv2d(images, rng, settings):
    layer = nn.Conv2d(4, 6, (3, 2), bias_init=nn.init.Normal(1.0), rng=rng, **settings)
    options = {key: value for key, value in settings.items() if key != "bias"}
    assert layer.w.shape == (6, 4 // layer.groups, 3, 2)
    same(layer(images), F.conv2d(images, layer.w, layer.b, **options))


@pytest.mark.parametrize("make", [lambda **o: nn.Linear(30, 20, **o), lambda **o: nn.Conv2d(6, 20, 5, **o)])
def test_by_default_weights_are_glorot_uniform_and_biases_zero(make):
    layer = make(rng=np.random.default_rng(5))
    expected = nn.init.GlorotUniform()(layer.w.shape, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(layer.w.data, expected, strict=True)
    np.testing.assert_array_equal(layer.b.data, np.zeros(20, np.float32), strict=True)


def test_without_bias():
    assert [name for name, _ in nn.Conv2d(1, 2, 3, bias=False).named_parameters()] == ["w"]
    assert nn.Linear(3, 2, bias=False).b is None


# the others


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 1}, {"pad": 1, "stride": (1, 2)}, {"pad": "same", "stride": 2}, {"ceil_mode": True}],
)
def test_pooling(images, options):
    same(nn.MaxPool2d((2, 3), **options)(images), F.max_pool2d(images, (2, 3), **options))
    same(nn.AvgPool2d((2, 3), **options)(images), F.avg_pool2d(images, (2, 3), **options))


def test_average_pooling_that_leaves_the_border_out(images):
    y = nn.AvgPool2d(3, pad=1, count_include_pad=False)(images)
    same(y, F.avg_pool2d(images, 3, pad=1, count_include_pad=False))
    assert not np.array_equal(y.data, nn.AvgPool2d(3, pad=1)(images).data)


def test_flatten(images):
    np.testing.assert_array_equal(nn.Flatten()(images).data, images.reshape(2, -1))


def test_dropout_drops_in_training_only():
    x = np.ones(1000, np.float32)
    layer = nn.Dropout(0.25, rng=np.random.default_rng(3))
    y = layer(x).data
    np.testing.assert_array_equal(y, F.dropout(x, 0.25, rng=np.random.default_rng(3)).data, strict=True)
    assert 150 < np.count_nonzero(y == 0) < 350
    with mg.inference():
        np.testing.assert_array_equal(layer(x).data, x, strict=True)


# repr


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(3, 2, bias=False), "Linear(3, 2, bias=False)"),
        (nn.Conv2d(1, 32, 5), "Conv2d(1, 32, 5)"),
        (nn.Conv2d(4, 2, (3, 1), stride=2, pad=(1, 0)), "Conv2d(4, 2, (3, 1), stride=2, pad=(1, 0))"),
        (
            nn.Conv2d(4, 2, 3, pad="same", dilation=2, groups=2, bias=False),
            "Conv2d(4, 2, 3, pad='same', dilation=2, groups=2, bias=False)",
        ),
        (nn.ConvReLUPool(1, 32, 5), "ConvReLUPool(1, 32, 5)"),
        (
            nn.ConvReLUPool(1, 32, 5, pad="same", bias=False, pool=3, pool_stride=2, pool_pad=1, ceil_mode=True),
            "ConvReLUPool(1, 32, 5, pad='same', bias=False, pool=3, pool_stride=2, pool_pad=1, ceil_mode=True)",
        ),
        (nn.MaxPool2d(2), "MaxPool2d(2)"),
        (nn.MaxPool2d(3, stride=2, pad=1, ceil_mode=True), "MaxPool2d(3, stride=2, pad=1, ceil_mode=True)"),
        (nn.MaxPool2d(2, stride=2, pad="same"), "MaxPool2d(2, pad='same')"),
        (nn.AvgPool2d((2, 4), count_include_pad=False), "AvgPool2d((2, 4), count_include_pad=False)"),
        (nn.Dropout(), "Dropout(0.5)"),
        (nn.LeakyReLU(0.2), "LeakyReLU(0.2)"),
        (nn.Softmax(), "Softmax()"),
        (nn.LogSoftmax(0), "LogSoftmax(0)"),
    ],
    ids=str,
)
def test_repr_is_how_the_layer_was_made(layer, text):
    assert repr(layer) == text


# arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(0, 2), "Linear: in_features must be at least 1, not 0"),
        (lambda: nn.Linear(3, -2), "Linear: out_features must be at least 1, not -2"),
        (lambda: nn.Conv2d(0, 2, 3), "Conv2d: in_channels must be at least 1, not 0"),
        (lambda: nn.Conv2d(1, 2, (3, 0)), "Conv2d: kernel must be at least 1, not (3, 0)"),
        (lambda: nn.Conv2d(1, 2, 3, stride=0), "Conv2d: stride must be at least 1, not 0"),
        (lambda: nn.Conv2d(1, 2, 3, pad=-1), "Conv2d: pad must be at least 0, not -1"),
        (lambda: nn.Conv2d(1, 2, 3, dilation=0), "Conv2d: dilation must be at least 1, not 0"),
        (lambda: nn.Conv2d(4, 2, 3, groups=4), "Conv2d: groups=4 must divide in_channels=4 and out_channels=2"),
        (lambda: nn.Conv2d(1, 2, 3, pad="valid"), """Conv2d: pad must be an int, a pair or "same", not 'valid\'"""),
        (lambda: nn.ConvReLUPool(0, 2, 3), "ConvReLUPool: in_channels must be at least 1, not 0"),
        (lambda: nn.ConvReLUPool(1, 2, 3, pool=0), "ConvReLUPool: pool must be at least 1, not 0"),
        (lambda: nn.ConvReLUPool(1, 2, 3, pool_stride=0), "ConvReLUPool: pool_stride must be at least 1, not 0"),
        (lambda: nn.ConvReLUPool(1, 2, 3, pool_pad=-1), "ConvReLUPool: pool_pad must be at least 0, not -1"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: kernel must be at least 1, not 0"),
        (lambda: nn.AvgPool2d(2, stride=0), "AvgPool2d: stride must be at least 1, not 0"),
        (lambda: nn.Dropout(1.5), "Dropout: p must be in [0, 1], not 1.5"),
        (lambda: nn.Dropout(np.nan), "Dropout: p must be finite, not nan"),
        (
            lambda: nn.Linear(3, 2, init=lambda shape, rng: np.ones((2, 3))),
            "Linear: init made an array (2, 3), but (3, 2) is needed",
        ),
        (
            lambda: nn.Conv2d(1, 2, 3, bias_init=lambda shape, rng: np.ones(())),
            "Conv2d: bias_init made an array (), but (2,) is needed",
        ),
    ],
)
def test_numbers_out_of_range(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Linear(3.0, 2), "Linear: in_features must be an int, not 3.0"),
        (lambda: nn.Linear(3, True), "Linear: out_features must be an int, not True"),
        (lambda: nn.Conv2d(1, 2, (3, 3, 3)), "Conv2d: kernel must be an int or a pair of ints, not (3, 3, 3)"),
        (lambda: nn.MaxPool2d(2.0), "MaxPool2d: kernel must be an int or a pair of ints, not 2.0"),
        (lambda: nn.Softmax(None), "Softmax: axis must be an int, not None"),
        (lambda: nn.LeakyReLU("0.1"), "LeakyReLU: slope must be a number, not '0.1'"),
        (lambda: nn.Dropout("0.5"), "Dropout: p must be a number, not '0.5'"),
        (lambda: nn.Dropout(rng=0), "Dropout: rng must be a numpy.random.Generator, not 0"),
        (lambda: nn.Linear(3, 2, rng=0), "Linear: rng must be a numpy.random.Generator, not 0"),
        (
            lambda: nn.Linear(3, 2, init=0.1),
            "Linear: init must be an initializer such as nn.init.Normal(0.01), not 0.1",
        ),
        (
            lambda: nn.Linear(3, 2, bias_init=nn.init.HeNormal),
            "Linear: bias_init must be an initializer such as nn.init.Normal(0.01), not <class",
        ),
    ],
)
def test_wrong_types(make, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        make()


@pytest.mark.parametrize(
    ("layer", "name", "value", "message"),
    [
        (nn.Dropout(), "p", 7, "Dropout: p must be in [0, 1], not 7"),
        (nn.Dropout(), "rng", 7, "Dropout: rng must be a numpy.random.Generator, not 7"),
        (nn.Conv2d(1, 2, 3), "stride", 0, "Conv2d: stride must be at least 1, not 0"),
        (nn.Conv2d(1, 2, 3), "pad", "valid", """Conv2d: pad must be an int, a pair or "same", not 'valid'"""),
        (nn.ConvReLUPool(1, 2, 3), "pool", 2.0, "ConvReLUPool: pool must be an int or a pair of ints, not 2.0"),
        (nn.MaxPool2d(2), "kernel", (1, 2, 3), "MaxPool2d: kernel must be an int or a pair of ints, not (1, 2, 3)"),
        (nn.AvgPool2d(2), "ceil_mode", "no", "AvgPool2d: ceil_mode must be True or False, not 'no'"),
        (nn.LeakyReLU(), "slope", "0.1", "LeakyReLU: slope must be a number, not '0.1'"),
        (nn.Softmax(), "axis", None, "Softmax: axis must be an int, not None"),
        (nn.Linear(3, 2), "in_features", 5, "Linear: in_features is fixed; make a new Linear"),
        (nn.Conv2d(1, 2, 3), "kernel", 5, "Conv2d: kernel is fixed; make a new Conv2d"),
        (nn.Conv2d(2, 2, 3), "groups", 2, "Conv2d: groups is fixed; make a new Conv2d"),
    ],
)
def test_what_is_set_after_construction_is_checked_and_else_as_before(layer, name, value, message):
    before = repr(layer), getattr(layer, name)
    with pytest.raises((TypeError, ValueError, AttributeError), match=f"^{re.escape(message)}$"):
        setattr(layer, name, value)
    assert (repr(layer), getattr(layer, name)) == before


def test_what_is_set_after_construction_means_what_it_means_in_the_constructor(images):
    layer = nn.Conv2d(4, 6, 3)
    layer.stride, layer.pad = 2, "same"
    same(layer(images), F.conv2d(images, layer.w, layer.b, stride=2, pad="same"))
    assert repr(layer) == "Conv2d(4, 6, 3, stride=2, pad='same')"
    pool = nn.MaxPool2d(2)
    pool.kernel = 3
    same(pool(images), F.max_pool2d(images, 3, stride=2))


LAYERS = [
    kind
    for kind in map(vars(nn).get, nn.__all__)
    if isinstance(kind, type) and issubclass(kind, nn.Module) and kind not in (nn.Module, nn.Reshape)  # of any lengths
]


@pytest.mark.parametrize(("arguments", "options"), [([1] * 20, {}), ([1, 1, 1], {"kernel_width": 3})])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_wrong_call_names_the_class_that_was_called(kind, arguments, options):
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\b"):
        kind(*arguments, **options)


# the float type


WITH_WEIGHTS = [lambda: nn.Linear(9, 2), lambda: nn.Conv2d(4, 2, 3), lambda: nn.ConvReLUPool(4, 2, 3)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("make", WITH_WEIGHTS)
def test_a_layer_computes_in_the_float_type_of_its_weights(images, make, dtype):
    with mg.default_dtype(dtype):
        layer = make()
    for given in (np.float16, np.float32, np.float64, np.int64, np.uint8, np.bool_):
        x = images.astype(given)
        same(layer(x), layer(x.astype(dtype)))
        assert layer(x).dtype == dtype


@pytest.mark.parametrize("make", WITH_WEIGHTS)
def test_the_gradient_of_an_input_has_the_inputs_own_float_type(images, make):
    layer, x, x32 = make(), mg.Variable(images.astype(np.float64)), mg.Variable(images)
    for variable in (x, x32):
        layer(variable).sum().backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad.data, x32.grad.data)


def test_numpy_integers_are_ints():
    assert repr(nn.Conv2d(np.int64(1), 2, [3, np.int32(4)])) == "Conv2d(1, 2, (3, 4))"


# Sequential


def test_sequential_calls_one_after_the_other():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(model(x).data, model[2](model[1](model[0](x))).data, strict=True)


def test_sequential_is_a_sequence():
    layers = [nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)]
    model = nn.Sequential(*layers)
    assert len(model) == 3
    assert list(model) == layers
    assert model[-1] is layers[2]
    assert isinstance(model[1:], nn.Sequential)
    assert list(model[1:]) == layers[1:]
    with pytest.raises(IndexError):
        model[3]


def test_sequential_takes_modules_only():
    with pytest.raises(TypeError, match=r"Sequential: modules\[1\] must be a Module, not function"):
        nn.Sequential(nn.Tanh(), F.relu)
    with pytest.raises(TypeError, match=r"Sequential: modules\[0\] is the class ReLU; write ReLU\(\.\.\.\)"):
        nn.Sequential(nn.ReLU)
    with pytest.raises(TypeError, match=r"Sequential: modules\[0\] must be a Module, not list"):
        nn.Sequential([nn.Tanh()])
