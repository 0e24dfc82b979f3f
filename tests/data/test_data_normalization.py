"""Normalization: by the mean and the standard deviation of a training set, as a layer or on arrays."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.data import Dataset, LabelledImages, Normalization, batches, normalization

IMAGES = np.random.default_rng(0).integers(0, 256, (2500, 3, 4, 5), np.uint8)
IMAGES[:, 1] //= 3
SET = LabelledImages(IMAGES, np.zeros(2500, np.int64))


@pytest.mark.parametrize("per_channel", [True, False])
def test_the_training_set_gets_mean_0_and_standard_deviation_1(per_channel):
    x = Normalization.fit(SET, per_channel=per_channel)(SET[:][0])
    axes = (0, 2, 3) if per_channel else None
    np.testing.assert_allclose(x.mean(axes, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(axes, dtype=np.float64), 1, atol=1e-6)


def test_the_statistics_are_those_of_numpy():
    fitted, x = Normalization.fit(SET), SET[:][0].astype(np.float64)
    assert fitted.mean.shape == (3, 1, 1)
    assert Normalization.fit(SET, per_channel=False).mean.shape == ()
    np.testing.assert_allclose(fitted.mean.data[:, 0, 0], x.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(fitted.std.data[:, 0, 0], x.std((0, 2, 3)), rtol=1e-6)


def test_a_large_offset_costs_no_digits():
    x = 1e6 + np.random.default_rng(0).standard_normal((3000, 2))
    with mg.default_dtype(np.float64):
        fitted = Normalization.fit(Dataset(x))
    np.testing.assert_allclose(fitted.std.data, x.std(0), rtol=1e-9)


def test_features_numbers_and_parts_by_place_or_name():
    x, t = np.arange(12.0).reshape(4, 3), np.array([0.0, 2.0, 2.0, 4.0])
    assert Normalization.fit(Dataset(x, t)).mean.data.tolist() == x.mean(0).tolist()
    assert Normalization.fit(Dataset(x, t), part=1).mean.item() == 2
    assert Normalization.fit(Dataset({"x": x, "t": t}), part="t").std.item() == np.sqrt(np.float32(2))


@pytest.mark.parametrize("number", [3.0, 0.1, 1e6 / 3])
def test_what_never_changes_is_only_centred(number):
    fitted = Normalization.fit(Dataset(np.full((77, 2), number)))
    assert fitted.std.data.tolist() == [0, 0]
    np.testing.assert_allclose(fitted(np.array([[number + 1, number]])), [[1, 0]], atol=0.1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_array_gives_an_array_and_a_variable_a_variable_of_its_dtype(dtype):
    fitted, x = Normalization(np.ones(3), np.full(3, 2.0)), np.arange(6, dtype=dtype).reshape(2, 3)
    y, v = fitted(x), fitted(mg.Variable(x))
    assert (type(y), type(v)) == (np.ndarray, mg.Variable)
    assert y.dtype == v.dtype == dtype
    np.testing.assert_array_equal(y, ((x - 1) / 2).astype(dtype))
    np.testing.assert_array_equal(v.data, y)


def test_integers_become_floats():
    np.testing.assert_array_equal(
        Normalization(1.0, 2.0)(np.array([5, 0])), np.array([2, -0.5], np.float32), strict=True
    )


def test_it_is_differentiated():
    x = mg.Variable([1.0, 2.0])
    Normalization([0.0, 0.0], [4.0, 0.0])(x).sum().backward()
    assert x.grad.data.tolist() == [0.25, 1]


def test_minibatches_are_normalized():
    fitted = Normalization.fit(SET)
    (x, t), (plain, _) = (
        next(iter(batches(SET, 8, shuffle=False).map(fitted, part=0))),
        SET[:8],
    )
    np.testing.assert_array_equal(x, fitted(plain), strict=True)
    assert t.shape == (8,)


def test_a_model_saves_and_loads_it(tmp_path):
    def model(layer):
        return nn.Sequential(layer, nn.Flatten(), nn.Linear(60, 2, rng=np.random.default_rng(0)))

    trained, other = model(Normalization.fit(SET)), model(Normalization(np.zeros((3, 1, 1)), np.ones((3, 1, 1))))
    assert len(trained.parameters()) == 2
    nn.save(trained, tmp_path / "model.npz")
    nn.load(other, tmp_path / "model.npz")
    x = SET[:4][0]
    np.testing.assert_array_equal(other(x).data, trained(x).data)


def test_a_set_is_read_in_pieces(monkeypatch):
    whole = Normalization.fit(SET)
    monkeypatch.setattr(normalization, "CHUNK", 7)
    for name, array in Normalization.fit(SET).state_dict().items():
        np.testing.assert_allclose(array, whole.state_dict()[name], rtol=1e-6)


def test_repr():
    assert repr(Normalization.fit(SET)) == "Normalization((3, 1, 1))"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Normalization.fit(IMAGES), TypeError, "Normalization.fit: dataset must be a Dataset, not ndarray"),
        (lambda: Normalization.fit(SET.split(0)[0]), ValueError, "Normalization.fit: there are no numbers in Labelled"),
        (lambda: Normalization.fit(SET, per_channel=1), TypeError, "per_channel must be True or False, not 1"),
        (
            lambda: Normalization.fit(Dataset({"x": IMAGES})),
            TypeError,
            "Normalization.fit: which array? write part=, one of ['x']",
        ),
        (
            lambda: Normalization(np.ones(3), np.ones(2)),
            ValueError,
            "Normalization: mean and std must be floats of one shape, not (3,) float64 and (2,) float64",
        ),
        (lambda: Normalization(np.ones(3, int), np.ones(3)), ValueError, "must be floats of one shape, not (3,) int64"),
        (
            lambda: Normalization(0.0, 1.0)([1.0]),
            TypeError,
            "Normalization: x must be an array or a Variable, not list",
        ),
    ],
)
def test_what_it_refuses(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
