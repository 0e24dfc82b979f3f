"""The loss from labels on a GPU: nobody waits for it, wherever the labels are."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

RNG = np.random.default_rng(0)
LOGITS = (5 * RNG.standard_normal((9, 35))).astype(np.float32)
LABELS = RNG.integers(35, size=9)
LABELS[:3] = 3
PLACES = {"on the host": np.asarray, "on the device": cupy.asarray}
OPTIONS = [{}, {"label_smoothing": 0.1}, {"ignore_label": 3}, {"ignore_label": 3, "label_smoothing": 0.1}]


def results(logits, labels, **options):
    """The loss, its gradient, the gradient to be differentiated again, and a second derivative."""
    x = mg.Variable(logits)
    loss = F.softmax_cross_entropy(x, labels, **options).sum()
    loss.backward()
    recorded = mg.grad(loss, x, create_graph=True)
    return [y.data for y in (loss, x.grad, recorded, mg.grad((recorded * recorded).sum(), x))]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("place", PLACES)
def test_it_is_the_cpus(place, options, reduction):
    found = results(cupy.asarray(LOGITS), PLACES[place](LABELS), reduction=reduction, **options)
    for y, expected in zip(found, results(LOGITS, LABELS, reduction=reduction, **options), strict=True):
        np.testing.assert_allclose(y.get(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("place", PLACES)
def test_nobody_waits_for_it(place, options, hosted):
    x, labels = mg.Variable(cupy.asarray(LOGITS)), PLACES[place](LABELS)
    with hosted.counting() as counts:
        F.softmax_cross_entropy(x, labels, **options).backward()
    assert counts.synchronizations == counts.copies_to_host == 0


def test_an_ignored_row_may_hold_anything():
    logits, labels = LOGITS.copy(), LABELS.copy()
    logits[4], labels[4] = np.inf, -1
    expected = results(np.delete(logits, 4, 0), np.delete(labels, 4))
    for place in PLACES.values():
        found = results(cupy.asarray(logits), place(labels), ignore_label=-1)
        np.testing.assert_allclose(found[0].get(), expected[0], rtol=1e-5)
        for y, rows in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_allclose(np.delete(y.get(), 4, 0), rows, rtol=1e-4, atol=1e-6)
            assert not y[4].any()


def test_a_label_out_of_range():
    labels = LABELS.copy()
    labels[5] = 35
    with pytest.raises(ValueError, match=r"labels\[5\] is 35, but there are 35 classes"):
        F.softmax_cross_entropy(cupy.asarray(LOGITS), labels)
    for y in results(cupy.asarray(LOGITS), cupy.asarray(labels), reduction="none")[1:]:
        assert np.isnan(y.get()).any(1).tolist() == [n == 5 for n in range(9)]


def test_distributions_on_the_host_are_checked_too():
    x, rows = cupy.asarray(LOGITS), np.eye(35, dtype=np.float32)[LABELS]
    expected = F.softmax_cross_entropy(LOGITS, LABELS).item()
    for place in PLACES.values():
        assert F.softmax_cross_entropy(x, place(rows)).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match=r"labels\[0\] is no distribution"):
        F.softmax_cross_entropy(x, 2 * rows)


def test_labels_on_a_gpu_beside_logits_on_the_host():
    assert (
        F.softmax_cross_entropy(LOGITS, cupy.asarray(LABELS)).item() == F.softmax_cross_entropy(LOGITS, LABELS).item()
    )
