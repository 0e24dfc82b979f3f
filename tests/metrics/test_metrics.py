"""Metrics: streamed over batches they equal one formula over everything, and what does not fit is an error."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import metrics

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((50, 4))
LABELS = RNG.integers(0, 4, 50)
PREDICTED = SCORES.argmax(1)
ONE_HOT = np.eye(4)[LABELS]


def of(metric, predictions, labels, batch=7):
    for i in range(0, len(predictions), batch):
        metric.update(predictions[i : i + batch], labels[i : i + batch])
    return metric.value()


KINDS = {
    "ints": LABELS,
    "bytes": LABELS.astype(np.uint8),
    "one-hot": ONE_HOT,
    "one-hot ints": ONE_HOT.astype(int),
    "distributions": ONE_HOT * 0.7 + 0.1,
}


@pytest.mark.parametrize("labels", KINDS.values(), ids=KINDS)
def test_accuracy_is_the_part_that_is_right(labels):
    assert of(metrics.Accuracy(), SCORES, labels) == (PREDICTED == LABELS).mean()
    assert of(metrics.Accuracy(), SCORES.astype(np.float16), labels) == (PREDICTED == LABELS).mean()


def test_accuracy_of_variables_lists_and_classes():
    accuracy = metrics.Accuracy()
    accuracy.update(mg.Variable(np.array([[0.1, 0.9]])), mg.Variable(np.array([1]), requires_grad=False))
    assert accuracy.value() == 1
    accuracy.update([[0.1, 0.9]], [0])
    assert accuracy.value() == 0.5
    assert of(metrics.Accuracy(), PREDICTED, LABELS) == (PREDICTED == LABELS).mean()


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_top_k_accuracy(k):
    best = np.argsort(-SCORES, 1)[:, :k]
    assert of(metrics.Accuracy(top_k=k), SCORES, LABELS) == (best == LABELS[:, None]).any(1).mean()


def test_of_equal_scores_the_first_counts_as_the_highest():
    scores = np.zeros((4, 4))
    for k in range(1, 5):
        assert of(metrics.Accuracy(top_k=k), scores, np.arange(4)) == k / 4


def test_nan_is_never_right():
    assert of(metrics.Accuracy(), np.full((4, 4), np.nan), np.arange(4)) == 0
    assert of(metrics.Accuracy(), np.array([[np.nan, 1.0]]), np.array([1])) == 0
    assert of(metrics.BinaryAccuracy(), np.array([np.nan]), np.array([1])) == 0


def test_infinite_scores():
    assert of(metrics.Accuracy(), np.array([[-np.inf, 0.0], [np.inf, 0.0]]), np.array([1, 0])) == 1


def test_accuracy_of_pixels():
    scores = RNG.standard_normal((3, 4, 5, 2))
    labels = RNG.integers(0, 4, (3, 5, 2))
    right = scores.argmax(1) == labels
    assert of(metrics.Accuracy(), scores, labels, 2) == right.mean()
    matrix = of(metrics.ConfusionMatrix(4), scores, labels, 2)
    assert matrix.trace() == right.sum()


@pytest.mark.parametrize("threshold", [0.5, 0.0])
def test_binary_accuracy_is_the_part_on_the_right_side_of_the_threshold(threshold):
    labels = RNG.integers(0, 2, (50, 4))
    right = (threshold < SCORES) == (labels == 1)
    assert of(metrics.BinaryAccuracy(threshold=threshold), SCORES, labels) == right.mean()
    assert of(metrics.BinaryAccuracy(threshold=threshold), SCORES, labels.astype(float)) == right.mean()
    assert of(metrics.BinaryAccuracy(threshold=threshold), SCORES, labels == 1) == right.mean()


def test_the_threshold_itself_means_0():
    assert of(metrics.BinaryAccuracy(), np.array([0.5, 0.5]), np.array([0, 0])) == 1


def test_mean_absolute_error():
    targets = RNG.standard_normal((50, 4))
    found = of(metrics.MeanAbsoluteError(), SCORES, targets)
    assert found == pytest.approx(abs(SCORES - targets).mean(), rel=1e-14)
    assert of(metrics.MeanAbsoluteError(), np.array([0, 5], np.uint8), np.array([3, 0], np.uint8)) == 4


def test_errors_of_many_float32_numbers_add_up_exactly():
    assert of(metrics.MeanAbsoluteError(), np.full(10**6, 0.5, np.float32), np.zeros(10**6), 10**5) == 0.5


def test_the_confusion_matrix_has_a_row_for_each_label():
    expected = np.zeros((4, 4), int)
    for label, prediction in zip(LABELS, PREDICTED, strict=True):
        expected[label, prediction] += 1
    for predictions, labels in [(SCORES, LABELS), (SCORES, ONE_HOT), (PREDICTED, LABELS)]:
        matrix = of(metrics.ConfusionMatrix(4), predictions, labels)
        assert matrix.dtype == np.int64
        np.testing.assert_array_equal(matrix, expected)
    assert metrics.ConfusionMatrix(4).value().tolist() == [[0] * 4] * 4


def by_hand(average):
    """Precision, recall and F1 from counts of single classes."""
    right = np.array([((c == PREDICTED) & (c == LABELS)).sum() for c in range(4)])
    predicted = np.array([(c == PREDICTED).sum() for c in range(4)])
    there = np.array([(c == LABELS).sum() for c in range(4)])
    if average == "micro":
        right, predicted, there = (np.array([n.sum()]) for n in (right, predicted, there))
    precision, recall = right / predicted, right / there
    found = [precision, recall, 2 * precision * recall / (precision + recall)]
    return found if average == "none" else [n.mean() for n in found]


@pytest.mark.parametrize("average", ["macro", "micro", "none"])
def test_precision_recall_and_f1(average):
    kinds = [metrics.Precision, metrics.Recall, metrics.F1]
    for kind, expected in zip(kinds, by_hand(average), strict=True):
        np.testing.assert_allclose(of(kind(4, average=average), SCORES, LABELS), expected, rtol=1e-14)


def test_a_class_that_never_comes_has_0_and_counts_in_the_mean():
    predictions, labels = np.array([0, 0, 1]), np.array([0, 0, 1])
    for kind in (metrics.Precision, metrics.Recall, metrics.F1):
        assert of(kind(3, average="none"), predictions, labels).tolist() == [1, 1, 0]
        assert of(kind(3), predictions, labels) == pytest.approx(2 / 3)
        assert of(kind(3, average="micro"), predictions, labels) == 1


ALL = {
    "Accuracy": (metrics.Accuracy, SCORES, LABELS),
    "BinaryAccuracy": (metrics.BinaryAccuracy, SCORES[:, 0], LABELS % 2),
    "MeanAbsoluteError": (metrics.MeanAbsoluteError, SCORES[:, 0], LABELS),
    "ConfusionMatrix": (lambda: metrics.ConfusionMatrix(4), SCORES, LABELS),
    "Precision": (lambda: metrics.Precision(4), SCORES, LABELS),
    "Recall": (lambda: metrics.Recall(4), SCORES, LABELS),
    "F1": (lambda: metrics.F1(4), SCORES, LABELS),
}
every_metric = pytest.mark.parametrize("name", ALL)


@every_metric
def test_batches_of_any_length_give_the_same(name):
    make, predictions, labels = ALL[name]
    whole = of(make(), predictions, labels, 50)
    for batch in (1, 7, 49):
        np.testing.assert_allclose(of(make(), predictions, labels, batch), whole, rtol=1e-14)


@every_metric
def test_reset_forgets_and_the_value_may_be_read_at_any_time(name):
    make, predictions, labels = ALL[name]
    metric = make()
    first = of(metric, predictions[:20], labels[:20])
    np.testing.assert_array_equal(metric.value(), first)
    metric.reset()
    np.testing.assert_array_equal(of(metric, predictions[:20], labels[:20]), first)
    second = of(metric, predictions[20:], labels[20:])
    np.testing.assert_allclose(second, of(make(), predictions, labels), rtol=1e-14)


@every_metric
def test_without_an_update_there_is_no_value(name):
    if name == "ConfusionMatrix":
        return
    metric = ALL[name][0]()
    with pytest.raises(ValueError, match=rf"^{name}: there is no value before the first update$"):
        metric.value()


@every_metric
def test_an_empty_batch_changes_nothing(name):
    make, predictions, labels = ALL[name]
    metric = make()
    expected = of(metric, predictions, labels)
    metric.update(predictions[:0], labels[:0])
    np.testing.assert_array_equal(metric.value(), expected)


@every_metric
def test_an_update_that_fails_changes_nothing(name):
    make, predictions, labels = ALL[name]
    metric = make()
    expected = of(metric, predictions, labels)
    with pytest.raises(ValueError, match=rf"^{name}: "):
        metric.update(predictions, labels[:-1])
    np.testing.assert_array_equal(metric.value(), expected)


def test_a_nan_is_on_no_side_of_a_threshold():
    accuracy = metrics.BinaryAccuracy()
    accuracy.update(np.array([np.nan, np.nan, 0.9, 0.1]), np.array([0, 1, 1, 0]))
    assert accuracy.value() == 0.5


ERRORS = {
    "Accuracy: labels must be (2,), or distributions beside scores of their shape; predictions (2, 4) float64": (
        lambda: metrics.Accuracy().update(SCORES[:2], LABELS[:3])
    ),
    "Accuracy: labels must be (2,), or distributions": lambda: metrics.Accuracy().update(SCORES[:2], LABELS[:2, None]),
    "Accuracy: scores must be (N, C, ...); predictions (2,) float64": lambda: metrics.Accuracy().update(
        SCORES[:2, 0], LABELS[:2]
    ),
    "Accuracy: labels[1] is 4, but there are 4 classes (0 to 3)": lambda: metrics.Accuracy().update(SCORES[:2], [0, 4]),
    "Accuracy: labels[0] is -1, but there are 4 classes": lambda: metrics.Accuracy().update(SCORES[:2], [-1, 0]),
    "Accuracy: labels[1] is -1, but there are 300 classes": lambda: metrics.Accuracy().update(
        np.zeros((2, 300)), np.array([0, -1], np.int8)
    ),
    "Accuracy: labels[1, 2] is 2, but there are 2": lambda: metrics.Accuracy().update(
        np.zeros((2, 2, 3)), [[0, 0, 0], [0, 0, 2]]
    ),
    "Accuracy: top_k=5 needs scores of as many classes, not (50, 4)": lambda: metrics.Accuracy(top_k=5).update(
        SCORES, LABELS
    ),
    "Accuracy: top_k=2 needs scores of as many classes, not (50,)": lambda: metrics.Accuracy(top_k=2).update(
        LABELS, LABELS
    ),
    "Accuracy: top_k must be at least 1, not 0": lambda: metrics.Accuracy(top_k=0),
    "BinaryAccuracy: shapes must be equal; predictions (50, 1) float64, labels (50,)": lambda: (
        metrics.BinaryAccuracy().update(SCORES[:, :1], LABELS % 2)
    ),
    "BinaryAccuracy: labels[1] is 2, but there are 2 classes (0 to 1)": lambda: metrics.BinaryAccuracy().update(
        np.zeros(2), [0, 2]
    ),
    "BinaryAccuracy: labels[0] is 0.5, but there are 2": lambda: metrics.BinaryAccuracy().update(np.zeros(1), [0.5]),
    "BinaryAccuracy: labels[0] is nan, but there are 2": lambda: metrics.BinaryAccuracy().update(np.zeros(1), [np.nan]),
    "MeanAbsoluteError: shapes must be equal; predictions (50, 1)": lambda: metrics.MeanAbsoluteError().update(
        SCORES[:, :1], SCORES[:, 0]
    ),
    "ConfusionMatrix: scores must be of 3 classes; predictions (50, 4)": lambda: metrics.ConfusionMatrix(3).update(
        SCORES, LABELS
    ),
    "ConfusionMatrix: predictions[1] is 3, but there are 3 classes": lambda: metrics.ConfusionMatrix(3).update(
        [0, 3], [0, 1]
    ),
    "Accuracy: scores of one class are always right": lambda: metrics.Accuracy().update([[0.9], [0.1]], [[0], [1]]),
    "ConfusionMatrix: predictions[1] is nan, but there are 2 classes": lambda: metrics.ConfusionMatrix(2).update(
        [[0.9, 0.1], [0.1, np.nan]], [0, 1]
    ),
    "F1: labels[0] is -2, but there are 3 classes": lambda: metrics.F1(3).update([0, 1], [-2, 1]),
    'Recall: average must be "macro", "micro" or "none", not \'all\'': lambda: metrics.Recall(3, average="all"),
    "Precision: classes must be at least 1, not 0": lambda: metrics.Precision(0),
}


@pytest.mark.parametrize("message", ERRORS)
def test_what_does_not_fit_is_a_value_error(message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared below
        ERRORS[message]()
    assert str(error.value).startswith(message)


TYPE_ERRORS = {
    "Accuracy: labels of this shape must be integers; predictions (2, 4) float64, labels (2,) float64": lambda: (
        metrics.Accuracy().update(SCORES[:2], [0.0, 1.0])
    ),
    "Accuracy: predictions: expected an array": lambda: metrics.Accuracy().update("ab", LABELS),
    "F1: labels: expected an array": lambda: metrics.F1(4).update(SCORES, None),
    "Accuracy: there is no keyword k; write top_k=": lambda: metrics.Accuracy(k=5),
    "Recall: there is no keyword num_classes; write classes=": lambda: metrics.Recall(num_classes=5),
}


@pytest.mark.parametrize("message", TYPE_ERRORS)
def test_what_is_something_else_is_a_type_error(message):
    with pytest.raises(TypeError) as error:
        TYPE_ERRORS[message]()
    assert str(error.value).startswith(message)


class Watched(np.ndarray):
    """Stands for an array on a GPU: what is asked for as a number of Python's is noted."""

    looks = ()

    def _look(self, kind):
        Watched.looks += (kind.__name__,)
        return kind(self.view(np.ndarray))

    def __int__(self):
        return self._look(int)

    def __index__(self):
        return self._look(int)

    def __float__(self):
        return self._look(float)

    def __bool__(self):
        return self._look(bool)


@every_metric
def test_an_update_looks_at_no_number(name, monkeypatch):
    make, predictions, labels = ALL[name]
    monkeypatch.setattr("minigrad.metrics.metric.as_array", lambda array: array.view(Watched))
    monkeypatch.setattr(metrics.Metric, "_check_range", lambda *_: None)  # which looks at NumPy's arrays
    monkeypatch.setattr(Watched, "looks", ())
    metric = make()
    for _ in range(2):
        metric.update(predictions, labels)
    assert Watched.looks == ()
    np.testing.assert_allclose(
        metric.value(), of(make(), predictions, labels) * (2 if name == "ConfusionMatrix" else 1)
    )


COUNTING = {
    "accuracy": metrics.Accuracy,
    "confusion": lambda: metrics.ConfusionMatrix(4),
    "f1": lambda: metrics.F1(4, average="none"),
}


@pytest.mark.parametrize("make", COUNTING.values(), ids=COUNTING)
def test_another_metric_goes_on_from_a_state(make):
    whole, first, second = make(), make(), make()
    expected = of(whole, SCORES, LABELS)
    of(first, SCORES[:21], LABELS[:21])
    state = first.state_dict()
    of(first, SCORES, LABELS)  # the state is a copy
    second.load_state_dict(state)
    found = of(second, SCORES[21:], LABELS[21:])
    assert np.array_equal(found, expected)
    assert type(found) is type(expected)


def test_a_sum_of_floats_goes_on_bit_for_bit():
    whole, first, second = (metrics.MeanAbsoluteError() for _ in range(3))
    of(first, SCORES[:21], ONE_HOT[:21])
    second.load_state_dict(first.state_dict())
    assert of(second, SCORES[21:], ONE_HOT[21:]) == of(whole, SCORES, ONE_HOT)


def test_a_state_of_another_metric_changes_nothing():
    accuracy = metrics.Accuracy()
    value = of(accuracy, SCORES, LABELS)
    for state in (metrics.MeanAbsoluteError().state_dict(), metrics.ConfusionMatrix(3).state_dict(), {}, {"right": 3}):
        with pytest.raises(ValueError, match=r"Accuracy\.load_state_dict: it must have arrays of the shapes"):
            accuracy.load_state_dict(state)
    assert accuracy.value() == value


@pytest.mark.parametrize("top_k", [1, 2])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u8"])
def test_labels_of_few_bits_for_many_classes(dtype, top_k):
    scores = RNG.standard_normal((100, 300))
    labels = np.arange(100).astype(dtype)
    ranks = (scores > np.take_along_axis(scores, np.arange(100)[:, None], 1)).sum(1)
    accuracy = metrics.Accuracy(top_k=top_k)
    accuracy.update(scores, labels)
    assert accuracy.value() == (ranks < top_k).mean()
