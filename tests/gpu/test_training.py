"""training.fit on a device: no step waits for it, and a checkpoint goes on from one device on another."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import metrics, nn, optim, training
from minigrad.backend import to_device


def minibatches(device):
    x = np.random.default_rng(0).random((24, 1, 4, 4), dtype=np.float32)
    t = np.arange(24) % 3
    return [(to_device(x[i : i + 4], device), to_device(t[i : i + 4], device)) for i in range(0, 24, 4)]


def make(device):
    mg.seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).to(device)
    return model, optim.Adam(model.parameters(), lr=0.01)


def fit(model, optimizer, device, **options):
    given = {"metrics": {"accuracy": metrics.Accuracy()}, "progress": False} | options
    return training.fit(model, optimizer, minibatches(device), loss=F.softmax_cross_entropy, **given)


def test_a_step_with_metrics_and_averages_waits_for_nothing(hosted):
    waits = []
    for steps in (3, 6):
        model, optimizer = make("cuda")
        callbacks = [training.AverageWeights()]
        with hosted.counting() as counts:
            fit(model, optimizer, "cuda", steps=steps, callbacks=callbacks, progress=True)
        waits.append(counts.synchronizations)
    assert waits[0] == waits[1]


@pytest.mark.parametrize("devices", [("cuda", "cuda"), ("cpu", "cuda"), ("cuda", "cpu")])
def test_a_training_goes_on_from_a_checkpoint_on_any_device(tmp_path, devices):
    options = {"epochs": 2, "validation": minibatches(devices[1])}
    model, optimizer = make(devices[1])
    expected = fit(model, optimizer, devices[1], **options)
    first, other = make(devices[0])
    save = training.Checkpoint(tmp_path / "{step}.npz", every=4)
    early = training.EarlyStopping("validation_loss")
    fit(first, other, devices[0], epochs=2, validation=minibatches(devices[0]), callbacks=[save, early])
    resumed, optimizer = make(devices[1])
    early = training.EarlyStopping("validation_loss")
    history = fit(resumed, optimizer, devices[1], **options, callbacks=[early], resume=tmp_path / "4.npz")
    assert resumed.parameters()[0].device.startswith(devices[1])
    np.testing.assert_allclose(
        history["validation_loss"], expected["validation_loss"], rtol=2e-2
    )  # rounding, enlarged by Adam
    assert history["accuracy"] == pytest.approx(expected["accuracy"], abs=0.1)
    assert training.predict(resumed, minibatches(devices[1])[0][0]).shape == (4, 3)
