"""Normalizations as layers: what they normalize by in training and in inference, and what they are made with."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn

RNG = np.random.default_rng(0)
IMAGES = (RNG.standard_normal((4, 3, 5, 2)) * 2 + 1).astype(np.float32)


def same(y, expected):
    np.testing.assert_array_equal(y.data, expected.data, strict=True)


def filled(layer):
    """The layer with other parameters than 1 and 0."""
    for parameter in layer.parameters():
        parameter.data[...] = RNG.standard_normal(parameter.shape)
    return layer


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.BatchNorm2d(3, eps=0.1), IMAGES),
        (nn.BatchNorm1d(3), IMAGES[:, :, 0]),
        (nn.BatchNorm1d(3), IMAGES[:, :, 0, 0]),
    ],
)
def test_in_training_a_batch_is_normalized_by_its_own_statistics(layer, x):
    filled(layer)
    same(layer(x), F.batch_norm(x, layer.w, layer.b, eps=layer.eps))


def test_running_statistics_come_nearer_to_those_of_each_batch():
    layer = nn.BatchNorm2d(3, momentum=0.25)
    layer(IMAGES)
    layer(IMAGES * 2)
    n = 4 * 5 * 2
    mean, var = IMAGES.mean((0, 2, 3)), IMAGES.var((0, 2, 3)) * n / (n - 1)
    np.testing.assert_allclose(layer.mean.data, (mean * 0.75 + 2 * mean) * 0.25, rtol=1e-5)
    np.testing.assert_allclose(layer.var.data, 0.75 * (0.75 + 0.25 * var) + 0.25 * 4 * var, rtol=1e-5)


def test_in_inference_the_running_statistics_are_used_and_stay():
    layer = filled(nn.BatchNorm2d(3))
    layer(IMAGES)
    before = layer.state_dict()
    with mg.inference():
        y = layer(IMAGES[:1])
    same(y, F.batch_norm(IMAGES[:1], layer.w, layer.b, mean=before["mean"], var=before["var"]))
    assert all((before[name] == array).all() for name, array in layer.state_dict().items())


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False, "center": False}], ids=str)
def test_in_inference_a_batch_normalization_is_one_operation_and_the_statistics_are_constants(options):
    x = mg.Variable(IMAGES)
    with mg.train_mode(False):
        node = nn.BatchNorm2d(3, **options)(x).creator
    assert node.name == "BatchNormInference"
    assert node.inputs[:3] == (x, None, None)


def test_at_first_inference_changes_nothing():
    with mg.train_mode(False):
        np.testing.assert_allclose(nn.BatchNorm2d(3)(IMAGES).data, IMAGES, rtol=1e-5)


def test_statistics_are_buffers_that_are_saved_and_not_trained():
    layer = nn.BatchNorm1d(3)
    assert [name for name, _ in layer.named_parameters()] == ["w", "b"]
    assert list(layer.state_dict()) == ["w", "b", "mean", "var"]
    layer(RNG.standard_normal((5, 3)))
    other = nn.BatchNorm1d(3)
    other.load_state_dict(layer.state_dict())
    with mg.inference():
        same(other(np.ones((1, 3))), layer(np.ones((1, 3))))


def test_a_graph_is_not_disturbed_by_later_batches():
    layer = nn.BatchNorm1d(3)
    with mg.train_mode(False):
        x = mg.Variable(RNG.standard_normal((5, 3)).astype(np.float32))
        y = layer(x)
    expected = mg.grad(y, x, np.ones((5, 3))).data
    layer(IMAGES[:, :, 0, 0] * 10)
    np.testing.assert_array_equal(mg.grad(y, x, np.ones((5, 3))).data, expected)


def test_a_batch_of_none_or_of_one_leaves_finite_statistics():
    layer = nn.BatchNorm1d(3)
    with np.errstate(all="raise"):
        assert layer(np.zeros((0, 3))).shape == (0, 3)
        assert layer.var.data.tolist() == [1, 1, 1]
        assert layer(np.ones((1, 3))).data.tolist() == [[0, 0, 0]]
    np.testing.assert_allclose(layer.mean.data, 0.1)
    np.testing.assert_allclose(layer.var.data, 0.9)


@pytest.mark.parametrize(
    "make", [nn.BatchNorm2d, nn.BatchNorm1d, nn.LayerNorm, lambda c, **o: nn.GroupNorm(c, groups=1, **o)]
)
def test_factor_and_summand_can_be_left_out(make):
    def names(layer):
        return [name for name, _ in layer.named_parameters()]

    assert names(make(2, scale=False)) == ["b"]
    assert names(make(2, center=False)) == ["w"]
    assert names(make(2, scale=False, center=False)) == []
    full = make(2)
    assert full.w.data.tolist() == [1, 1]
    assert full.b.data.tolist() == [0, 0]


def test_layer_norm():
    layer = filled(nn.LayerNorm((5, 2), eps=0.01))
    same(layer(IMAGES), F.layer_norm(IMAGES, layer.w, layer.b, axis=(2, 3), eps=0.01))
    same(nn.LayerNorm(2, scale=False)(IMAGES), F.layer_norm(IMAGES))


def test_group_norm():
    layer = filled(nn.GroupNorm(3, groups=3, eps=0.01))
    same(layer(IMAGES), F.group_norm(IMAGES, layer.w, layer.b, groups=3, eps=0.01))


def test_half_precision_layers_keep_statistics_in_float32():
    with mg.default_dtype(np.float16):
        layer = nn.BatchNorm1d(1, momentum=1)
    y = layer(np.array([[300.0], [-300.0]], np.float16))
    assert (y.dtype, layer.w.dtype, layer.var.dtype) == (np.float16, np.float16, np.float32)
    assert layer.var.data.tolist() == [180_000]
    with mg.inference():
        assert layer(np.array([[300.0]], np.float16)).dtype == np.float16


def test_what_they_look_like():
    assert repr(nn.BatchNorm2d(3)) == "BatchNorm2d(3)"
    assert (
        repr(nn.BatchNorm1d(3, momentum=0.01, eps=1e-3, scale=False))
        == "BatchNorm1d(3, momentum=0.01, eps=0.001, scale=False)"
    )
    assert repr(nn.LayerNorm(8, center=False)) == "LayerNorm(8, center=False)"
    assert repr(nn.LayerNorm((8, 4))) == "LayerNorm([8, 4])"
    assert repr(nn.GroupNorm(8, groups=4)) == "GroupNorm(8, groups=4)"


ERRORS = {
    "BatchNorm2d channels": (lambda: nn.BatchNorm2d(4)(IMAGES), ["BatchNorm2d", "C = 4", "(4, 3, 5, 2)"]),
    "BatchNorm2d axes": (lambda: nn.BatchNorm2d(3)(IMAGES[0]), ["BatchNorm2d", "(N, C, H, W)", "(3, 5, 2)"]),
    "BatchNorm1d axes": (lambda: nn.BatchNorm1d(3)(IMAGES), ["BatchNorm1d", "(N, C) or (N, C, L)", "(4, 3, 5, 2)"]),
    "BatchNorm1d momentum": (lambda: nn.BatchNorm1d(3, momentum=2), ["momentum must be in [0, 1]"]),
    "BatchNorm1d eps": (lambda: nn.BatchNorm1d(3, eps=0), ["BatchNorm1d: eps must be positive"]),
    "LayerNorm shape": (lambda: nn.LayerNorm((5, 3))(IMAGES), ["LayerNorm", "(..., 5, 3)", "(4, 3, 5, 2)"]),
    "LayerNorm axes": (lambda: nn.LayerNorm((5, 3))(np.ones(3)), ["LayerNorm", "(..., 5, 3)", "(3,)"]),
    "GroupNorm groups": (lambda: nn.GroupNorm(6, groups=4), ["GroupNorm", "groups=4", "channels=6"]),
    "GroupNorm channels": (lambda: nn.GroupNorm(6, groups=2)(IMAGES), ["GroupNorm", "(N, 6, ...)", "(4, 3, 5, 2)"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_layer_or_input_is_an_error(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"(?s).") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []
