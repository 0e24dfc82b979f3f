"""find_learning_rate: the rates that it tries, the one that it suggests, and that it leaves no trace."""

import math

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim
from minigrad.training import LearningRateSearch, find_learning_rate

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 3)).astype(np.float32)
T = X @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 1
MINIBATCHES = [(X[:32], T[:32]), (X[32:], T[32:])]


class Net(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(3, 1, init=nn.init.Constant(0.0))
        self.calls = nn.Buffer(0.0)
        self.modes = []

    def forward(self, x):
        self.calls.data = self.calls.data + 1
        self.modes.append(mg.is_training())
        return F.dropout(self.layer(x), 0.0)


def find(model, optimizer, train=MINIBATCHES, **options):
    return find_learning_rate(model, optimizer, train, **{"loss": F.mean_squared_error} | options)


def test_the_rates_rise_by_the_same_factor_from_low_to_high():
    model = Net()
    found = find(model, optim.SGD(model.parameters(), lr=1), low=1e-4, high=1e-2, steps=5)
    assert found.rates == pytest.approx([1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2])
    assert len(found.losses) == len(found.means) == 5


def test_it_ends_when_the_loss_explodes():
    model = Net()
    found = find(model, optim.SGD(model.parameters(), lr=1), low=1e-3, high=1e6, steps=100)
    assert len(found.rates) < 100
    assert found.means[-1] > 4 * min(found.means)


def test_the_suggested_rate_trains_and_ten_times_the_best_does_not():
    for factor, learns in ((1, True), (1000, False)):
        model = Net()
        found = find(model, optim.SGD(model.parameters(), lr=1))
        optimizer = optim.SGD(model.parameters(), lr=found.suggestion * factor)
        with np.errstate(all="ignore"):
            for x, t in MINIBATCHES * 50:
                loss = F.mean_squared_error(model(x), t)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        assert (loss.item() < 0.01) is learns


def test_the_suggestion_is_the_rate_with_half_of_the_fall():
    means = (3.0, 2.9, 2.1, 1.9, 1.0, 1.5, math.nan)
    assert LearningRateSearch(tuple(range(7)), means, means).suggestion == 3


def test_a_loss_that_only_rises_suggests_the_lowest_rate():
    assert LearningRateSearch((0.1, 1.0), (1.0, 5.0), (1.0, 5.0)).suggestion == 0.1


def everything(model, optimizer):
    state = {**model.state_dict(), **{f"optimizer.{k}": v for k, v in optimizer.state_dict().items()}}
    return {name: array.tobytes() for name, array in state.items()}, optimizer.lr


def after_some_steps():
    model = Net()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    F.mean_squared_error(model(X), T).backward()
    optimizer.step()
    return model, optimizer


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_all_is_as_before_also_after_an_error(fails):
    mg.seed(3)
    model, optimizer = after_some_steps()
    before, gradient = everything(model, optimizer), model.layer.w.grad
    calls = []

    def loss(y, t):
        calls.append(1)
        if fails and len(calls) == 5:
            raise KeyError("mine")
        mg.core.config.generator().random()
        return F.mean_squared_error(y, t)

    if fails:
        with pytest.raises(KeyError, match="mine"):
            find(model, optimizer, loss=loss)
    else:
        find(model, optimizer, loss=loss)
    assert everything(model, optimizer) == before
    assert model.layer.w.grad is gradient
    numbers = mg.core.config.generator().random(3)
    mg.seed(3)
    after_some_steps()
    np.testing.assert_array_equal(mg.core.config.generator().random(3), numbers)


def test_the_generators_of_the_model_and_of_the_minibatches_are_as_before():
    rngs = [np.random.default_rng(i) for i in range(2)]
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5, rng=rngs[0]), nn.Linear(4, 2))
    images = data.LabelledImages(np.ones((9, 1, 2, 2), np.uint8), np.zeros(9, np.int64))
    minibatches = data.batches(images, 3, rng=rngs[1])
    find(model, optim.SGD(model.parameters(), lr=1), minibatches, loss=F.softmax_cross_entropy, steps=5)
    assert [rng.random() for rng in rngs] == [np.random.default_rng(i).random() for i in range(2)]


def test_it_trains_whatever_the_switches_around_it_are():
    model = Net()
    with mg.inference():
        found = find(model, optim.SGD(model.parameters(), lr=1), steps=5, low=0.01, high=0.1)
    assert model.modes == [True] * 5
    assert found.losses[-1] < found.losses[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"train": []}, ValueError, "find_learning_rate: train has no minibatch left; give what can be iterated again"),
        ({"train": iter(MINIBATCHES)}, ValueError, "train has no minibatch left"),
        ({"low": 1.0, "high": 0.1}, ValueError, "low must be below high, not 1 and 0.1"),
        ({"low": -1.0}, ValueError, "low must be positive"),
        ({"steps": 1}, ValueError, "steps must be at least 2"),
        ({"train": [(X * np.nan, T)]}, ValueError, "the loss is nan before the first step: no rate will mend that"),
    ],
)
def test_what_cannot_be_searched_is_said(options, error, message):
    model = Net()
    with pytest.raises(error, match=message):
        find(model, optim.SGD(model.parameters(), lr=1), **options)


def test_other_types_are_refused():
    model = Net()
    with pytest.raises(TypeError, match="model must be a Module, not"):
        find(abs, optim.SGD(model.parameters(), lr=1))
    with pytest.raises(TypeError, match=r"optimizer must be an Optimizer, not 0\.1"):
        find(model, 0.1)
