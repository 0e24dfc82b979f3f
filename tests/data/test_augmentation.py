"""Augmentations change images at random, and nothing else."""

import numpy as np
import pytest

from minigrad import data

SIX = data.LabelledImages(np.arange(6 * 16, dtype=np.uint8).reshape(6, 1, 4, 4), np.arange(6))


def test_random_shift_moves_an_image_as_a_whole_and_fills_with_zeros():
    x = np.zeros((50, 2, 5, 6), np.float32)
    x[:, :, 2, 3] = [1, 2]
    y = data.RandomShift(pixels=1)(x, np.random.default_rng(0))
    places = {tuple(map(int, np.argwhere(image[0])[0])) for image in y}
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert places == {(row, column) for row in (1, 2, 3) for column in (2, 3, 4)}
    np.testing.assert_array_equal(y[:, 1], 2 * y[:, 0])
    assert (y[:, 0].sum((1, 2)) == 1).all()


def test_a_shift_by_no_pixels_changes_nothing():
    x = np.random.default_rng(0).random((3, 1, 4, 4), np.float32)
    np.testing.assert_array_equal(data.RandomShift(0)(x, np.random.default_rng(1)), x)


def test_augmented_minibatches_come_in_the_same_order_and_change_from_pass_to_pass():
    minibatches = data.batches(SIX, 4, shuffle=False, rng=np.random.default_rng(0)).augment(data.RandomShift(2))
    (x1, t1), (x2, t2) = next(iter(minibatches)), next(iter(minibatches))
    np.testing.assert_array_equal(t1, t2)
    assert not np.array_equal(x1, x2)


def test_a_minibatch_is_augmented_with_numbers_of_its_own():
    """Whether the minibatches before it were made, and by whom, makes no difference."""

    def minibatches():
        return iter(data.batches(SIX, 2, rng=np.random.default_rng(3)).augment(draw))

    drawn = []

    def draw(x, rng):
        drawn.append(rng.random())
        return x

    list(minibatches())
    list(minibatches())
    assert drawn[:3] == drawn[3:]
    assert len(set(drawn)) == 3


def test_an_augmentation_must_be_callable():
    with pytest.raises(TypeError, match="augment: an augmentation must be callable as f"):
        data.batches(SIX, 2).augment(0.1)
