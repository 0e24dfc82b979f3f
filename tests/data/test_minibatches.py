"""batches: passes through a data set."""

import re

import numpy as np
import pytest

from minigrad.core import config
from minigrad.data import Dataset, LabelledImages, batches


@pytest.fixture
def dataset():
    """Ten examples; each image is full of its label."""
    labels = np.arange(10)
    return LabelledImages(np.full((10, 1, 2, 3), labels[:, None, None, None], np.uint8), labels)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def labels_of(minibatches):
    return [t.tolist() for _, t in minibatches]


def test_in_order(dataset):
    assert labels_of(batches(dataset, 4, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_drop_last(dataset):
    assert labels_of(batches(dataset, 4, shuffle=False, drop_last=True)) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert labels_of(batches(dataset, 5, shuffle=False, drop_last=True)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_a_batch_size_larger_than_the_data_set(dataset):
    assert labels_of(batches(dataset, 99, shuffle=False)) == [list(range(10))]


def test_types_and_shapes(dataset, rng):
    x, t = next(iter(batches(dataset, np.int64(4), rng=rng)))
    assert (x.dtype, x.shape) == (np.float32, (4, 1, 2, 3))
    assert (t.dtype, t.shape) == (np.int64, (4,))


def test_images_and_labels_stay_together(dataset, rng):
    for x, t in batches(dataset, 3, rng=rng):
        np.testing.assert_array_equal(np.rint(x * 255), np.broadcast_to(t[:, None, None, None], x.shape))


def test_every_loop_is_a_pass_in_a_new_order(dataset, rng):
    minibatches = batches(dataset, 3, rng=rng)
    epochs = [np.concatenate([t for _, t in minibatches]) for _ in range(3)]
    assert np.sort(epochs, axis=1).tolist() == [list(range(10))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_loop_that_was_left_does_not_shorten_the_next(dataset, rng):
    minibatches = batches(dataset, 3, rng=rng)
    next(iter(minibatches))
    assert sum(len(t) for _, t in minibatches) == 10


def test_loops_at_the_same_time_are_independent(dataset, rng):
    minibatches = batches(dataset, 3, rng=rng)
    pairs = [(t, u) for (_, t), (_, u) in zip(minibatches, minibatches, strict=True)]
    for epoch in zip(*pairs, strict=True):
        assert sorted(np.concatenate(epoch)) == list(range(10))
    for _ in minibatches:
        assert sorted(np.concatenate([t for _, t in minibatches])) == list(range(10))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 5, 9, 10])
def test_the_length_is_the_number_of_minibatches_of_a_pass(dataset, batch_size, drop_last):
    minibatches = batches(dataset, batch_size, drop_last=drop_last)
    assert len(minibatches) == len(list(minibatches))


def test_the_same_rng_gives_the_same_batches(dataset):
    one, other = (batches(dataset, 3, rng=np.random.default_rng(7)) for _ in range(2))
    assert [labels_of(one) for _ in range(2)] == [labels_of(other) for _ in range(2)]


def test_the_context_generator_shuffles_by_default(dataset, monkeypatch):
    generator = np.random.default_rng(7)
    monkeypatch.setattr(config, "generator", lambda: generator)
    assert labels_of(batches(dataset, 3)) == labels_of(batches(dataset, 3, rng=np.random.default_rng(7)))


def test_the_context_generator_is_asked_when_iteration_starts(dataset, monkeypatch):
    minibatches = batches(dataset, 3)
    generator = np.random.default_rng(7)
    monkeypatch.setattr(config, "generator", lambda: generator)
    assert labels_of(minibatches) == labels_of(batches(dataset, 3, rng=np.random.default_rng(7)))


def test_nothing_random_happens_without_shuffling(dataset, rng):
    before = rng.bit_generator.state
    list(batches(dataset, 3, shuffle=False, rng=rng))
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batches: batch_size must be at least 1, not 0"),
        ({"batch_size": -3}, "batches: batch_size must be at least 1, not -3"),
        (
            {"batch_size": 11, "drop_last": True},
            "batches: 10 examples make no minibatch; batch_size=11, drop_last=True",
        ),
    ],
)
def test_numbers_out_of_range_are_reported_at_the_call(dataset, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        batches(**{"dataset": dataset, "batch_size": 3, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"dataset": np.zeros(3)},
            "batches: dataset must be a Dataset, not ndarray; write data.Dataset(x, t)",
        ),
        ({"dataset": 3}, "not int; write data.Dataset(x, t)"),
        ({"dataset": (Dataset(np.zeros(1)),) * 2}, "write train, test ="),
        ({"shuffle": "no"}, "batches: shuffle must be True or False, not 'no'"),
        ({"drop_last": 1}, "batches: drop_last must be True or False, not 1"),
        ({"batch_size": 2.0}, "batches: batch_size must be an int, not 2.0"),
        ({"batch_size": True}, "batches: batch_size must be an int, not True"),
        ({"rng": 0}, "batches: rng must be a numpy.random.Generator, not 0"),
    ],
)
def test_wrong_types_are_reported_at_the_call(dataset, arguments, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        batches(**{"dataset": dataset, "batch_size": 3, **arguments})


def test_an_empty_data_set_is_reported_at_the_call(dataset):
    empty, _ = dataset.split(0)
    with pytest.raises(ValueError, match="batches: 0 examples make no minibatch"):
        batches(empty, 3)
