"""The exponential moving average of weights."""

import re

import numpy as np
import pytest

from minigrad import nn, optim
from tests.optim.formulas import parameter


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_average_follows_the_weights(dtype):
    p = parameter([1.0, -2.0], dtype)
    average = optim.ExponentialMovingAverage([p], decay=0.75)
    expected = p.data.astype(np.float64)
    for value in ([2.0, 0.0], [3.0, 1.0], [-1.0, 0.5]):
        p.data[...] = value
        average.update()
        expected = 0.75 * expected + 0.25 * np.array(value)
    state = average.state_dict()["0"]
    assert state.dtype == np.result_type(dtype, np.float32)
    np.testing.assert_allclose(state, expected, rtol=1e-6)
    own = p.data
    with average.applied():
        assert p.dtype == dtype
        np.testing.assert_allclose(p.data, expected, rtol=1e-3 if dtype == np.float16 else 1e-6)
    assert p.data is own
    assert p.data.tolist() == [-1, 0.5]


def test_half_precision_weights_have_an_average_that_moves():
    p = parameter([1.0], np.float16)
    average = optim.ExponentialMovingAverage([p], decay=0.9999)
    p.data[...] = 2.0
    for _ in range(10):
        average.update()
    assert average.state_dict()["0"][0] == pytest.approx(2 - 0.9999**10, rel=1e-5)


def test_the_weights_come_back_after_an_error():
    model = nn.Linear(2, 1)
    average = optim.ExponentialMovingAverage(model.parameters(), decay=0.5)
    model.w.data += 1.0
    before = model.state_dict()
    with pytest.raises(ValueError, match="could not broadcast"), average.applied():
        model.w.data[...] = [7.0, 8.0, 9.0]
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    with average.applied():
        np.testing.assert_allclose(model.w.data, before["w"] - 1, atol=1e-6)


def test_within_the_block_nothing_is_averaged():
    average = optim.ExponentialMovingAverage([parameter([1.0])])
    with average.applied():
        with pytest.raises(RuntimeError, match=re.escape("ExponentialMovingAverage.update: not within applied()")):
            average.update()
        with pytest.raises(RuntimeError, match=re.escape("ExponentialMovingAverage.applied: not within applied()")):
            average.applied().__enter__()
    average.update()


def test_an_average_goes_on_from_its_state(tmp_path):
    models = [nn.Linear(2, 1, rng=np.random.default_rng(i)) for i in range(2)]
    averages = [optim.ExponentialMovingAverage(model.parameters(), decay=0.5) for model in models]
    np.savez(tmp_path / "average.npz", **averages[0].state_dict())
    with np.load(tmp_path / "average.npz") as state:
        averages[1].load_state_dict(state)
    models[1].load_state_dict(models[0].state_dict())
    for model, average in zip(models, averages, strict=True):
        model.w.data += 1.0
        average.update()
    assert list(averages[1].state_dict()) == ["w", "b"]
    assert str(averages[1].state_dict()) == str(averages[0].state_dict())
    before = str(averages[1].state_dict())
    with pytest.raises(ValueError, match=r"Average\.load_state_dict: the state does not fit\n  b: missing"):
        averages[1].load_state_dict({"w": np.zeros((2, 1), np.float32)})
    assert str(averages[1].state_dict()) == before


def test_states_are_copies():
    p = parameter([1.0])
    average = optim.ExponentialMovingAverage([p])
    average.state_dict()["0"][...] = 9
    with average.applied():
        p.data[...] = 9
    assert average.state_dict()["0"].tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], {}), "ExponentialMovingAverage: there are no parameters"),
        (([parameter(1.0)], {"decay": 1}), "ExponentialMovingAverage: decay must be in [0, 1), not 1"),
    ],
)
def test_arguments(arguments, message):
    parameters, options = arguments
    with pytest.raises(ValueError, match=re.escape(message)):
        optim.ExponentialMovingAverage(parameters, **options)
