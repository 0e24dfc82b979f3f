"""Augmentations change images at random, and nothing else."""

import numpy as np
import pytest

from minigrad import data

SIX = data.LabelledImages(np.arange(6 * 16, dtype=np.uint8).reshape(6, 1, 4, 4), np.arange(6))
EACH = [
    data.RandomShift(2),
    data.RandomRotation(30),
    data.RandomZoom(1.5),
    data.RandomNoise(0.2),
    data.Cutout(3),
]


def rng(seed=0):
    return np.random.default_rng(seed)


def blob(n, H=15, W=17):
    """Images that are smooth, and alike in their two channels but for a factor."""
    rows, columns = np.arange(H)[:, None] - H // 2, np.arange(W) - W // 2
    image = np.exp(-((rows - 2) ** 2 + columns**2) / 8).astype(np.float32)
    return np.broadcast_to(image * np.array([1, 2], np.float32)[:, None, None], (n, 2, H, W)).copy()


@pytest.mark.parametrize("augmentation", EACH)
class TestEach:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_shape_and_dtype_stay(self, augmentation, dtype):
        for shape in ((3, 2, 5, 7), (1, 1, 1, 1), (0, 3, 4, 4)):
            y = augmentation(np.ones(shape, dtype), rng())
            assert (y.shape, y.dtype) == (shape, dtype)

    def test_x_stays_as_it_is(self, augmentation):
        x = blob(4)
        augmentation(x, rng())
        np.testing.assert_array_equal(x, blob(4))

    def test_the_same_generator_draws_the_same_and_each_image_is_changed_differently(self, augmentation):
        x = blob(8)
        one, other = augmentation(x, rng(1)), augmentation(x, rng(1))
        np.testing.assert_array_equal(one, other)
        assert len({image.tobytes() for image in one}) > 5

    def test_the_channels_are_changed_alike_but_for_noise(self, augmentation):
        y = augmentation(blob(5), rng())
        alike = np.allclose(y[:, 1], 2 * y[:, 0], atol=1e-6)
        assert alike == (not isinstance(augmentation, data.RandomNoise))

    @pytest.mark.parametrize(
        ("x", "error", "message"),
        [
            (np.ones((2, 3, 3), np.float32), ValueError, r"x must be \(N, C, H, W\), not \(2, 3, 3\) float32"),
            (np.ones((2, 1, 3, 3), np.uint8), TypeError, "x must be an array of floats, not uint8"),
            ([[1.0]], TypeError, "x must be an array of floats, not list"),
        ],
    )
    def test_what_are_no_images(self, augmentation, x, error, message):
        with pytest.raises(error, match=f"^{type(augmentation).__name__}: {message}"):
            augmentation(x, rng())


@pytest.mark.parametrize(
    "nothing", [data.RandomShift(0), data.RandomRotation(0), data.RandomZoom(1), data.RandomNoise(0)]
)
def test_the_smallest_change_is_none(nothing):
    np.testing.assert_array_equal(nothing(blob(3), rng()), blob(3), strict=True)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: data.RandomShift(-1), ValueError, "RandomShift: pixels must be at least 0, not -1"),
        (lambda: data.RandomShift(0.5), TypeError, "RandomShift: pixels must be an int"),
        (lambda: data.RandomRotation(-1), ValueError, "RandomRotation: degrees must not be negative"),
        (lambda: data.RandomRotation("1"), TypeError, "RandomRotation: degrees must be a number"),
        (lambda: data.RandomZoom(0.2), ValueError, "RandomZoom: factor must be at least 1, not 0.2; 1.2 zooms"),
        (lambda: data.RandomZoom(np.inf), ValueError, "RandomZoom: factor must be finite"),
        (lambda: data.RandomNoise(-0.1), ValueError, "RandomNoise: std must not be negative"),
        (lambda: data.Cutout(0), ValueError, "Cutout: size must be at least 1"),
        (lambda: data.Cutout(True), TypeError, "Cutout: size must be an int, not True"),
    ],
)
def test_what_is_no_augmentation(make, error, message):
    with pytest.raises(error, match=message):
        make()


# Shifts


def test_random_shift_moves_an_image_as_a_whole_and_fills_with_zeros():
    x = np.zeros((50, 2, 5, 6), np.float32)
    x[:, :, 2, 3] = [1, 2]
    y = data.RandomShift(pixels=1)(x, np.random.default_rng(0))
    places = {tuple(map(int, np.argwhere(image[0])[0])) for image in y}
    assert places == {(row, column) for row in (1, 2, 3) for column in (2, 3, 4)}
    assert (y[:, 0].sum((1, 2)) == 1).all()


# Rotation and zoom


class Always:
    """A generator that draws what it is told."""

    def __init__(self, *numbers):
        self.numbers = np.array(numbers)

    def uniform(self, low, high, n):
        assert n == len(self.numbers)
        assert low <= self.numbers.min()
        assert self.numbers.max() <= high
        return self.numbers


@pytest.mark.parametrize("quarters", [-1, 1, 2])
@pytest.mark.parametrize("side", [5, 6])
def test_quarter_turns_are_exact(quarters, side):
    x = np.random.default_rng(0).random((1, 2, side, side))
    y = data.RandomRotation(180)(x, Always(90 * quarters))
    np.testing.assert_allclose(y, np.rot90(x, quarters, (2, 3)), atol=1e-12)


def test_a_turn_of_a_smooth_image_is_that_of_its_formula():
    rows, columns = np.meshgrid(np.arange(33) - 16, np.arange(33) - 16, indexing="ij")
    angle = np.radians(25)

    def image(row, column):
        return np.exp(-((row - 3) ** 2) / 30 - (column + 2) ** 2 / 50)

    y = data.RandomRotation(25)(image(rows, columns)[None, None], Always(25))
    turned = image(
        np.cos(angle) * rows + np.sin(angle) * columns, -np.sin(angle) * rows + np.cos(angle) * columns
    )  # the place that (row, column) comes from
    np.testing.assert_allclose(y[0, 0], turned, atol=0.015)


def test_angles_go_both_ways_up_to_the_largest():
    x = np.zeros((300, 1, 41, 41), np.float32)
    x[:, :, 20, 40] = 1
    y = data.RandomRotation(10)(x, rng())[:, 0]
    rows, columns = np.arange(41)[:, None] - 20, np.arange(41) - 20
    angles = np.degrees(np.arctan2((y * rows).sum((1, 2)), (y * columns).sum((1, 2))))
    assert -10.2 < angles.min() < -9
    assert 9 < angles.max() < 10.2
    assert abs(angles.mean()) < 1


def test_a_zoom_to_twice_the_size_keeps_the_middle_half():
    x = np.random.default_rng(0).random((1, 1, 9, 9))
    y = data.RandomZoom(2)(x, Always(np.log(2)))
    np.testing.assert_allclose(y[..., ::2, ::2], x[..., 2:7, 2:7], atol=1e-12)


def test_a_zoom_to_half_the_size_leaves_zeros_around():
    x = np.random.default_rng(0).random((1, 1, 9, 9))
    y = data.RandomZoom(2)(x, Always(-np.log(2)))
    np.testing.assert_allclose(y[..., 2:7, 2:7], x[..., ::2, ::2], atol=1e-12)
    assert y[..., 0, :].max() == y[..., :, 8].max() == 0


def test_zooms_in_and_out_are_as_likely():
    sizes = data.RandomZoom(1.5)(blob(400, 31, 31), rng())[:, 0].sum((1, 2)) / blob(1, 31, 31)[0, 0].sum()
    zooms = np.sqrt(sizes)
    assert 1 / 1.55 < zooms.min() < 1 / 1.4
    assert 1.4 < zooms.max() < 1.55
    assert abs(np.log(zooms).mean()) < 0.04


# Noise and cutout


def test_noise_has_the_standard_deviation_that_is_asked_for():
    noise = data.RandomNoise(0.25)(np.full((50, 1, 20, 20), 3.0, np.float32), rng()) - 3
    assert abs(noise.mean()) < 0.01
    assert abs(noise.std() - 0.25) < 0.01


def test_cutout_hides_a_square_that_the_edge_may_cut_off():
    hidden = data.Cutout(3)(np.ones((500, 1, 6, 8), np.float32), rng())[:, 0] == 0
    for rows, columns in zip(hidden.any(2), hidden.any(1), strict=True):
        for line in (rows, columns):
            places = np.flatnonzero(line)
            assert len(places) == 3 or (len(places) == 2 and (places[0] == 0 or places[-1] == len(line) - 1))
            assert (np.diff(places) == 1).all()
    assert (hidden.sum((1, 2)) == hidden.any(2).sum(1) * hidden.any(1).sum(1)).all()
    middles = hidden.mean(0)
    assert middles.min() > 0.05  # every pixel is hidden now and then


# In minibatches


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
