"""A whole training step as a CUDA graph: replayed with new minibatches it has the bits of the same steps one by one."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from minigrad.backend.cuda.capture import Capture

KINDS = {"Adam": lambda p: optim.Adam(p, lr=0.05), "SGD": lambda p: optim.SGD(p, lr=0.05, momentum=0.9)}


class Training:
    """A small model of every layer, in training on minibatches that are copied into the same arrays."""

    def __init__(self, kind):
        rng = np.random.default_rng(0)
        layers = (
            nn.ConvReLUPool(1, 3, 3, pad="same", rng=rng),
            nn.Flatten(),
            nn.Dropout(0.5, rng=np.random.default_rng(1)),
        )
        self.model = nn.Sequential(*layers, nn.Linear(48, 8, rng=rng), nn.ReLU(), nn.Linear(8, 4, rng=rng)).to("cuda")
        self.optimizer = KINDS[kind](self.model.parameters())
        self.x, self.t = cupy.empty((5, 1, 8, 8), np.float32), cupy.empty(5, np.int64)

    def put(self, n):
        """Minibatch number n."""
        rng = np.random.default_rng(n)
        self.x.set(rng.random(self.x.shape, np.float32))
        self.t.set(rng.integers(4, size=self.t.shape))

    def step(self):
        self.optimizer.zero_grad()
        loss = F.softmax_cross_entropy(self.model(self.x), self.t, label_smoothing=0.1, ignore_label=3)
        loss.backward()
        self.optimizer.step()
        return loss.data

    def state(self):
        states = self.model.state_dict() | self.optimizer.state_dict()
        return {name: array.tobytes() for name, array in states.items()}


def losses_step_by_step(training, count):
    losses = []
    for n in range(count):
        training.put(n)
        losses.append(training.step().item())
    return losses


@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_step_has_the_bits_of_an_eager_one(kind):
    eager, captured, count = Training(kind), Training(kind), 5
    expected = losses_step_by_step(eager, count)
    capture = Capture()
    with capture.stream:
        captured.put(0)
        losses = [captured.step().item()]  # compiles, and makes the optimizer's arrays
    before = captured.state()
    with capture:
        loss = captured.step()
    assert captured.state() == before  # nothing was done yet
    for n in range(1, count):
        with capture.stream:
            captured.put(n)
        capture.replay()
        with capture.stream:
            losses.append(loss.item())
    assert losses == expected
    assert captured.state() == eager.state()


def test_a_replay_takes_the_learning_rate_of_its_time():
    training, capture = Training("SGD"), Capture()
    with capture.stream:
        training.put(0)
        training.step()
    with capture:
        training.step()
    training.optimizer.lr = 0
    before = training.model.state_dict()
    capture.replay()
    for name, array in training.model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_nothing_of_a_replay_is_launched_one_by_one(hosted):
    training, capture = Training("Adam"), Capture()
    with capture.stream:
        training.put(0)
        training.step()
    with capture:
        training.step()
    with hosted.counting() as counts:
        capture.replay()
    assert counts.synchronizations == counts.copies_to_host == 0
    assert counts.copies_to_device == 2  # the numbers of the optimizer and of dropout


def test_a_capture_that_fails_leaves_nothing_behind():
    training, capture = Training("Adam"), Capture()
    with capture.stream:
        training.put(0)
        training.step()
    with pytest.raises(ValueError, match="label_smoothing"), capture:
        F.softmax_cross_entropy(training.model(training.x), training.t, label_smoothing=2)
    before = training.state()
    training.put(1)
    training.step()
    assert training.state() != before


def test_a_formula_that_is_done_with_whole_arrays_is_not_captured():
    class Own(optim.Optimizer):
        formula = staticmethod(lambda p, g, lr: p - lr * np.floor_divide(g, 1))

    p = mg.Variable(cupy.ones(3, np.float32), requires_grad=True)
    p.grad = mg.Variable(cupy.ones(3, np.float32))
    optimizer = Own([p], lr=0.5)
    with pytest.raises(NotImplementedError, match="<lambda> can't be captured"), Capture():
        optimizer.step()
    assert p.data.get().tolist() == [1, 1, 1]
