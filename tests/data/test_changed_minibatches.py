"""What is done to minibatches: augment, map, repeat, and begin behind the first ones of a pass."""

import re
from itertools import chain

import numpy as np
import pytest
from same_batches import assert_same

import minigrad as mg
from minigrad.data import Dataset, LabelledImages, batches

X = np.arange(20.0).reshape(10, 2)
T = np.arange(10)


def seeded(dataset=None, size=3, **options):
    return batches(Dataset(X, T) if dataset is None else dataset, size, rng=np.random.default_rng(7), **options)


def jitter(x, rng):
    return x + rng.standard_normal(x.shape)


# Data sets of any form


def test_minibatches_of_a_dict_and_of_one_array():
    assert next(iter(batches(Dataset({"x": X, "t": T}), 2, shuffle=False)))["t"].tolist() == [0, 1]
    assert next(iter(batches(Dataset(T), 4, shuffle=False))).tolist() == [0, 1, 2, 3]


def test_rows_stay_together():
    for x, t in seeded():
        np.testing.assert_array_equal(x[:, 0], 2 * t)


# map


def test_a_function_of_the_whole_minibatch():
    minibatches = batches(Dataset(X, T), 5, shuffle=False).map(lambda batch: (batch[0].sum(1), batch[1]))
    assert [x.tolist() for x, _ in minibatches] == [[1, 5, 9, 13, 17], [21, 25, 29, 33, 37]]


def test_a_function_of_one_part():
    for part, expected in ((0, (X + 1, T)), (1, (X, T + 1))):
        assert_same(batches(Dataset(X, T), 10, shuffle=False).map(lambda x: x + 1, part=part), [expected])
    (batch,) = batches(Dataset({"x": X, "t": T}), 10, shuffle=False).map(lambda t: -t, part="t")
    np.testing.assert_array_equal(batch["t"], -T)
    np.testing.assert_array_equal(batch["x"], X)


def test_changes_are_made_in_the_order_in_which_they_are_asked_for():
    numbers = batches(Dataset(T), 10, shuffle=False)
    assert next(iter(numbers.map(lambda x: x + 1).map(lambda x: x * 2))).tolist() == ((T + 1) * 2).tolist()
    (doubled,) = numbers.map(lambda x: x * 2.0).augment(lambda x, rng: x + 1)
    (added,) = numbers.augment(lambda x, rng: x + 1).map(lambda x: x * 2.0)
    assert (doubled.tolist(), added.tolist()) == ((T * 2 + 1).tolist(), ((T + 1) * 2).tolist())


def test_the_minibatches_themselves_are_not_changed():
    minibatches = batches(Dataset(T), 10, shuffle=False)
    minibatches.map(lambda x: x + 1).repeat(3)
    assert [x.tolist() for x in minibatches] == [T.tolist()]


def test_any_part_after_a_function_that_may_have_made_one():
    minibatches = batches(Dataset(X, T), 10, shuffle=False).map(lambda batch: (*batch, batch[1])).map(np.sqrt, part=2)
    np.testing.assert_array_equal(next(iter(minibatches))[2], np.sqrt(T))


def test_an_augmentation_changes_the_images_of_a_tuple_or_the_part_that_is_named():
    for x, t in seeded().augment(lambda x, rng: x * 0):
        assert not x.any()
        assert t.shape == (len(x),)
    (batch,) = batches(Dataset({"x": X, "t": T}), 10, shuffle=False).augment(lambda x, rng: x * 0, part="x")
    assert not batch["x"].any()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda b: b.map(3), TypeError, "map: a function must be callable as f(batch), not 3"),
        (lambda b: b.augment(3), TypeError, "augment: an augmentation must be callable as f(x, rng), not 3"),
        (lambda b: b.map(abs, part=2), ValueError, "map: part must be one of [0, 1], not 2; Dataset("),
        (lambda b: b.map(abs, part="x"), ValueError, "map: part must be one of [0, 1], not 'x'"),
        (lambda b: b.augment(abs, part=2), ValueError, "augment: part must be one of [0, 1], not 2"),
        (lambda b: b.repeat(0), ValueError, "repeat: n must be at least 1, not 0"),
        (lambda b: b.repeat(1.5), TypeError, "repeat: n must be an int, not 1.5"),
        (lambda b: b.prefetch(0), ValueError, "prefetch: n must be at least 1, not 0"),
        (lambda b: b.start(skip=-1), ValueError, "start: skip must be at least 0, not -1"),
        (lambda b: b.start(skip=5), ValueError, "start: skip must be at most 4, the number of minibatches, not 5"),
        (lambda b: b.start(skip=1.0), TypeError, "start: skip must be an int, not 1.0"),
    ],
)
def test_what_is_reported_at_the_call(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        change(seeded())


def test_the_images_of_a_dict_must_be_named():
    with pytest.raises(TypeError, match=re.escape("augment: which array is x? write part=, one of ['x', 't']")):
        batches(Dataset({"x": X, "t": T}), 2).augment(jitter)


# repeat


@pytest.mark.parametrize("drop_last", [False, True])
def test_passes_as_one(drop_last):
    minibatches = seeded(drop_last=drop_last).repeat(3)
    labels = [t.tolist() for _, t in minibatches]
    per_pass = 3 if drop_last else 4
    assert len(minibatches) == len(labels) == 3 * per_pass
    passes = [[*chain.from_iterable(labels[i * per_pass : (i + 1) * per_pass])] for i in range(3)]
    assert all(len(set(order)) == len(order) == (9 if drop_last else 10) for order in passes)
    assert len({tuple(order) for order in passes}) == 3


def test_repetitions_multiply():
    assert len(seeded().repeat(2).repeat(3)) == 24


def test_each_pass_is_augmented_anew():
    first, second = batches(Dataset(X), 10, shuffle=False, rng=np.random.default_rng(0)).augment(jitter).repeat(2)
    assert (first != second).all()


def test_a_repeated_pass_draws_nothing_while_it_goes_on():
    minibatches = seeded().augment(jitter).repeat(3)
    iterator = iter(minibatches)
    state = minibatches.rng.bit_generator.state
    list(iterator)
    assert minibatches.rng.bit_generator.state == state


def test_nothing_is_drawn_for_repeated_passes_in_order():
    minibatches = seeded(shuffle=False).repeat(3)
    state = minibatches.rng.bit_generator.state
    assert [t.tolist() for _, t in minibatches] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]] * 3
    assert minibatches.rng.bit_generator.state == state


# start


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("repeated", [1, 3])
@pytest.mark.parametrize("skip", [0, 1, 4, 9])
def test_a_pass_goes_on_bit_for_bit_behind_what_is_skipped(skip, repeated, ahead):
    minibatches = seeded(LabelledImages((X[:, None, None] * 10).astype(np.uint8), T)).augment(jitter).repeat(repeated)
    minibatches = minibatches.prefetch(ahead) if ahead else minibatches
    state = minibatches.rng.bit_generator.state
    whole, after = list(minibatches), minibatches.rng.bit_generator.state
    if skip >= len(minibatches):
        skip = len(minibatches) - 1
    minibatches.rng.bit_generator.state = state
    assert_same(minibatches.start(skip=skip), whole[skip:])
    assert minibatches.rng.bit_generator.state == after


def test_all_may_be_skipped():
    assert list(seeded().start(skip=4)) == []


def test_what_is_skipped_is_not_made():
    made = []
    minibatches = seeded(shuffle=False).map(lambda batch: made.append(batch[1].tolist()) or batch)
    list(minibatches.start(skip=2))
    assert made == [[6, 7, 8], [9]]


def test_all_is_drawn_when_a_pass_begins_and_nothing_later():
    """Dropout may draw from the same generator between the minibatches."""
    orders = []
    for disturbance in (0, 5):
        mg.seed(3)
        minibatches = batches(Dataset(X, T), 2).augment(jitter)
        orders.append([])
        for x, t in minibatches:
            mg.core.config.generator().random(disturbance)
            orders[-1].append((x, t))
    assert_same(*orders)


def test_a_pass_begins_where_iter_is_called():
    minibatches = seeded()
    state = minibatches.rng.bit_generator.state
    iterator = iter(minibatches)
    assert minibatches.rng.bit_generator.state != state
    minibatches.rng.bit_generator.state = state
    assert_same(iterator, list(minibatches))
