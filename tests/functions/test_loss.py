"""Losses: extreme logits, labels of every kind, and that nothing broadcasts."""

import numpy as np
import pytest
from scipy import special

import minigrad as mg
import minigrad.functions as F

LOGITS = np.random.default_rng(0).standard_normal((4, 5))
LABELS = np.array([0, 4, 2, 2])
ONE_HOT = np.eye(5)[LABELS]


def loss_and_gradient(logits, labels, **options):
    x = mg.Variable(np.array(logits))
    loss = F.softmax_cross_entropy(x, labels, **options)
    return loss.data, mg.grad(loss.sum(), x).data


def test_the_gradient_is_softmax_minus_one_hot():
    _, gx = loss_and_gradient(LOGITS, LABELS, reduction="sum")
    np.testing.assert_allclose(gx, special.softmax(LOGITS, 1) - ONE_HOT, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e4, 1e30])
def test_extreme_logits(scale, dtype):
    logits = np.array([[scale, -scale, 0], [scale, -scale, 0], [scale, scale, scale]], dtype)
    loss, gx = loss_and_gradient(logits, np.array([0, 1, 2]), reduction="none")
    np.testing.assert_allclose(loss, [0, 2 * scale, np.log(3)], rtol=1e-6)
    np.testing.assert_allclose(gx, [[0, 0, 0], [1, -1, 0], [1 / 3, 1 / 3, -2 / 3]], rtol=1e-6, atol=1e-30)


def test_masked_logits_of_other_classes():
    loss, gx = loss_and_gradient(np.array([[-np.inf, 0.0, 0.0]]), np.array([1]))
    assert loss == pytest.approx(np.log(2))
    np.testing.assert_allclose(gx, [[0, -0.5, 0.5]])


KINDS = [LABELS, LABELS.astype(np.uint8), LABELS.tolist(), LABELS[::1], mg.Variable(LABELS, requires_grad=False)]
KINDS += [ONE_HOT, ONE_HOT.astype(np.float32), ONE_HOT.astype(int), ONE_HOT.tolist(), np.asfortranarray(ONE_HOT)]
KINDS += [mg.Variable(ONE_HOT, requires_grad=False)]


@pytest.mark.parametrize("labels", KINDS, ids=lambda t: f"{type(t).__name__} {getattr(t, 'dtype', '')} {np.shape(t)}")
def test_all_kinds_of_labels_agree(labels):
    loss, gx = loss_and_gradient(LOGITS, labels)
    expected, expected_gx = loss_and_gradient(LOGITS, LABELS)
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_allclose(gx, expected_gx, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("label", [-1, 5, 255])
def test_a_label_out_of_range_is_named_with_its_row(label):
    with pytest.raises(ValueError, match=rf"^softmax_cross_entropy: labels\[2\] is {label}, but there are 5 classes"):
        F.softmax_cross_entropy(LOGITS, np.array([0, 1, label, 2]))


@pytest.mark.parametrize("ignore_label", [-1, 2, 255])
def test_ignored_rows_count_neither_in_the_sum_nor_in_the_mean(ignore_label):
    labels = np.array([0, ignore_label, 4, ignore_label])
    loss, gx = loss_and_gradient(LOGITS, labels, ignore_label=ignore_label)
    expected, expected_gx = loss_and_gradient(LOGITS[::2], labels[::2])
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_allclose(gx[::2], expected_gx, rtol=1e-12)
    assert not gx[1::2].any()


@pytest.mark.parametrize(("reduction", "expected"), [("mean", 0), ("sum", 0), ("none", [0, 0, 0, 0])])
def test_where_everything_is_ignored_the_loss_is_0(reduction, expected):
    loss, gx = loss_and_gradient(LOGITS, np.full(4, 7), ignore_label=7, reduction=reduction)
    assert loss.tolist() == expected
    assert not gx.any()


@pytest.mark.parametrize(("reduction", "expected"), [("mean", 0), ("sum", 0), ("none", [])])
def test_no_rows(reduction, expected):
    loss, gx = loss_and_gradient(np.zeros((0, 5)), np.zeros(0, int), reduction=reduction)
    assert loss.tolist() == expected
    assert gx.shape == (0, 5)


def test_a_different_ignored_label_among_ignored_ones_is_still_an_error():
    with pytest.raises(ValueError, match=r"labels\[1\] is -2"):
        F.softmax_cross_entropy(LOGITS, np.array([-1, -2, 0, 0]), ignore_label=-1)


@pytest.mark.parametrize("labels", [LABELS, ONE_HOT], ids=["classes", "one-hot"])
def test_smoothing_spreads_a_part_of_each_label_over_all_classes(labels):
    spread, _ = loss_and_gradient(LOGITS, ONE_HOT * 0.7 + 0.3 / 5)
    np.testing.assert_allclose(loss_and_gradient(LOGITS, labels, label_smoothing=0.3)[0], spread, rtol=1e-14)


def test_smoothing_does_not_bring_ignored_rows_back():
    _, gx = loss_and_gradient(LOGITS, LABELS, ignore_label=2, label_smoothing=0.3)
    assert gx.any(axis=1).tolist() == [True, True, False, False]


def test_full_smoothing_forgets_the_labels():
    loss, _ = loss_and_gradient(LOGITS, LABELS, label_smoothing=1)
    np.testing.assert_allclose(loss, -special.log_softmax(LOGITS, 1).mean(), rtol=1e-14)


BROKEN = [[0.5, 0.4, 0, 0, 0], [1.5, -0.5, 0, 0, 0], [np.nan, 1, 0, 0, 0], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize("row", BROKEN, ids=str)
def test_what_is_no_distribution_is_named_with_its_row(row):
    labels = ONE_HOT.copy()
    labels[1] = row
    with pytest.raises(ValueError, match=r"^softmax_cross_entropy: labels\[1\] is no distribution"):
        F.softmax_cross_entropy(LOGITS, labels)


def test_labels_edited_afterwards_do_not_change_the_gradient():
    for labels in (LABELS.copy(), ONE_HOT.copy(), ONE_HOT.astype(np.float32)):
        x = mg.Variable(LOGITS)
        loss = F.softmax_cross_entropy(x, labels)
        expected = mg.grad(loss, x).data
        labels[:] = 0
        np.testing.assert_array_equal(mg.grad(loss, x).data, expected)


def test_the_gradient_of_a_small_float32_probability_keeps_its_digits():
    x = np.array([[0.0, 80.0]], np.float32)
    _, gx = loss_and_gradient(x, np.array([1]))
    np.testing.assert_allclose(gx[0, 0], np.exp(-80.0), rtol=1e-5)


# mean_squared_error


def test_the_squared_error_is_differentiated_towards_both():
    x, t = mg.Variable(np.array([1.0, 2.0])), mg.Variable(np.array([3.0, 2.0]))
    gx, gt = mg.grad(F.mean_squared_error(x, t), [x, t])
    assert (gx.data.tolist(), gt.data.tolist()) == ([-2, 0], [2, 0])


@pytest.mark.parametrize(
    ("prediction", "target"), [((3, 1), (3,)), ((3,), (1, 3)), ((3,), ()), ((2, 3), (3, 2)), ((3,), (1,))]
)
def test_the_squared_error_never_broadcasts(prediction, target):
    with pytest.raises(ValueError, match=r"^mean_squared_error: ") as error:
        F.mean_squared_error(np.ones(prediction), np.ones(target))
    assert str(prediction) in str(error.value)
    assert str(target) in str(error.value)


def test_targets_may_be_integers():
    loss = F.mean_squared_error(mg.Variable(np.array([1.0, 2.0], np.float32)), np.array([1, 4]))
    assert loss.item() == 2


def test_unsigned_integers_do_not_wrap_around():
    assert F.mean_squared_error(np.array([0], np.float32), np.array([255], np.uint8)).item() == 255**2
    with pytest.raises(TypeError, match=r"^mean_squared_error: prediction must be floats"):
        F.mean_squared_error(np.array([0], np.uint8), np.array([255], np.uint8))


@pytest.mark.parametrize("create_graph", [False, True])
def test_distributions_that_are_a_little_off_have_the_gradient_of_their_loss(create_graph):
    x = mg.Variable(np.array([[3.0, 0.0]]))
    t = np.array([[0.5, 0.5004]])
    (gx,) = mg.grad(F.softmax_cross_entropy(x, t), [x], create_graph=create_graph)
    numeric = [
        (F.softmax_cross_entropy(x.data + e, t).item() - F.softmax_cross_entropy(x.data - e, t).item()) / 2e-6
        for e in 1e-6 * np.eye(2)
    ]
    np.testing.assert_allclose(gx.data[0], numeric, rtol=1e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_loss_of_nothing_is_zero(reduction):
    x = mg.Variable(np.zeros((0, 3)))
    assert F.mean_squared_error(x, np.zeros((0, 3)), reduction=reduction).item() == 0
    assert F.softmax_cross_entropy(x, np.zeros(0, int), reduction=reduction).item() == 0


# several positions, and weights


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_logits_of_many_positions_are_rows(reduction):
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, 3, 4, 5)), rng.integers(3, size=(2, 4, 5))
    rows = F.softmax_cross_entropy(x.transpose(0, 2, 3, 1).reshape(-1, 3), t.ravel(), reduction=reduction)
    loss = F.softmax_cross_entropy(x, t, reduction=reduction)
    np.testing.assert_array_equal(loss.data, rows.data.reshape(loss.shape))
    assert loss.shape == (t.shape if reduction == "none" else ())
    one_hot = np.eye(3)[t].transpose(0, 3, 1, 2)
    spread = F.softmax_cross_entropy(x, one_hot, reduction=reduction)
    np.testing.assert_allclose(spread.data, loss.data, rtol=1e-12)


def test_weights_are_pytorchs():
    """By torch.nn.functional.cross_entropy(x, t, weight=[1, 2, 4], reduction=...)."""
    x, t = np.arange(6.0).reshape(2, 3) ** 2, np.array([0, 2])
    loss = [F.softmax_cross_entropy(x, t, reduction=r, class_weights=[1, 2, 4]).data for r in ("mean", "sum", "none")]
    np.testing.assert_allclose(loss[2], [4.0659, 4.9406e-4], rtol=1e-4)
    np.testing.assert_allclose(loss[:2], [loss[2].sum() / 5, loss[2].sum()], rtol=1e-12)


def test_sample_weights_count_rows():
    x, t = np.arange(6.0).reshape(2, 3) ** 2, np.array([0, 2])
    twice = F.softmax_cross_entropy(x[[0, 1, 1]], t[[0, 1, 1]])
    weighted = F.softmax_cross_entropy(x, t, sample_weights=[1, 2])
    np.testing.assert_allclose(weighted.data, twice.data, rtol=1e-12)
    assert F.softmax_cross_entropy(x, t, sample_weights=[0, 0]).item() == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"class_weights": [1, 2]}, r"class_weights must be \(3,\), not \(2,\) int64$"),
        ({"sample_weights": np.ones((2, 1))}, r"sample_weights must be \(2,\), not \(2, 1\) float64$"),
    ],
)
def test_weights_of_another_shape(weights, message):
    with pytest.raises(ValueError, match=message):
        F.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 2]), **weights)
