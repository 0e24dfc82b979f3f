"""What surrounds the functions on a GPU's arrays: states and files, data sets, records, checks of gradients."""

import copy
import pickle

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import backend, data, nn, optim, viz
from minigrad.cli import main
from minigrad.testing import GradientMismatch, OpSpec, check_grad, prove

LABELS = np.array([1, 2, 3])
IMAGES = np.random.default_rng(0).random((3, 1, 6, 6), np.float32)


def network():
    mg.seed(0)
    layers = nn.Conv2d(1, 2, 3, pad="same"), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 4)
    return nn.Sequential(*layers)


def moved(array, device):
    return backend.to_device(array, device)


def train(model, optimizer, device, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.softmax_cross_entropy(model(moved(IMAGES, device)), moved(LABELS, device))
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return [loss.item() for loss in losses]


OPTIMIZERS = {
    "sgd": lambda parameters: optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
    "adam": lambda parameters: optim.Adam(parameters, lr=0.01),
    "adagrad": lambda parameters: optim.Adagrad(parameters, lr=0.1),
}


@pytest.mark.parametrize(("first", "then"), [("cuda", "cpu"), ("cpu", "cuda")])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_goes_on_on_another_device(make, first, then, tmp_path):
    model = network().to(first)
    optimizer = make(model.parameters())
    train(model, optimizer, first, 2)
    nn.save(model, tmp_path / "model.npz")
    np.savez(tmp_path / "optimizer.npz", **optimizer.state_dict())
    expected = train(model, optimizer, first, 2)

    other = network().to(then)
    nn.load(other, tmp_path / "model.npz")
    optimizer = make(other.parameters())
    with np.load(tmp_path / "optimizer.npz") as state:
        optimizer.load_state_dict(dict(state))
    np.testing.assert_allclose(train(other, optimizer, then, 2), expected, rtol=1e-5)


def test_a_model_and_its_optimizer_move_while_they_are_trained():
    model, there_and_back = network(), network()
    expected = train(model, optimizer := optim.Adam(model.parameters()), "cpu", 2) + train(model, optimizer, "cpu", 2)
    optimizer = optim.Adam(there_and_back.parameters())
    found = [loss for device in ("cuda", "cpu") for loss in train(there_and_back.to(device), optimizer, device, 2)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_state_is_on_the_host_and_loads_from_either():
    model = network().to("cuda")
    state = model.state_dict()
    assert all(type(array) is np.ndarray for array in state.values())
    other = network().to("cuda")
    for given in (state, {name: cupy.asarray(array) for name, array in state.items()}):
        other.load_state_dict({name: 2 * array for name, array in given.items()})
        assert all(
            p.device == "cuda:0" and (p.numpy() == 2 * state[name]).all() for name, p in other.named_parameters()
        )


@pytest.mark.parametrize("to", [np.asarray, cupy.asarray])
def test_a_number_too_large_for_the_parameter_is_refused_as_on_the_host(to):
    model = nn.Linear(2, 1).to("cuda")
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"w: \(2, 1\) float64 overflows float32"):
        model.load_state_dict({"w": to([[1e300], [0.0]]), "b": to([0.0])})
    assert all((model.state_dict()[name] == array).all() for name, array in before.items())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_stay_on_the_device(copied):
    model = network().to("cuda")
    other = copied(model)
    images = cupy.asarray(IMAGES)
    np.testing.assert_array_equal(other(images).numpy(), model(images).numpy())
    other.parameters()[0].data[...] = 0
    assert (model.parameters()[0].numpy() != 0).any()


def test_a_data_set_that_lies_on_the_device(hosted):
    host = data.LabelledImages(np.arange(40, dtype=np.uint8).reshape(10, 1, 2, 2), np.arange(10))
    there = host.to("cuda")
    assert there.classes == 10
    for first, second in zip(there.split(4), host.split(4), strict=True):
        assert (first.labels.get() == second.labels).all()
    for key in (3, slice(2, 5), np.array([1, 1, 9]), np.arange(10) > 6):
        for found, expected in zip(there[key], host[key], strict=True):
            np.testing.assert_allclose(found.get(), expected, rtol=1e-7)
    np.testing.assert_array_equal(there[cupy.array([1, 1])][1].get(), [1, 1])
    for outside in (10, np.array([0, 10])):
        with pytest.raises(IndexError, match=r"LabelledImages\(.*out of"):
            there[outside]
    with pytest.raises(ValueError, match=r"labels\[1\] is -1"):
        data.LabelledImages(there.images[:2], cupy.array([0, -1]))

    batches = [list(data.batches(dataset, 3, rng=np.random.default_rng(0))) for dataset in (host, there)]
    for (x, t), (there_x, there_t) in zip(*batches, strict=True):
        np.testing.assert_allclose(there_x.get(), x, rtol=1e-7)
        np.testing.assert_array_equal(there_t.get(), t)
    with hosted.counting() as counts:
        list(data.batches(there, 3))
    assert counts.synchronizations == 0
    assert counts.copies_to_device == 1  # the order of the whole pass


def test_data_sets_of_any_form_on_the_device():
    x, t = np.arange(12, dtype=np.float32).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
    there = data.Dataset({"x": x, "t": t}).to("cuda")
    assert there.device == "cuda:0"
    np.testing.assert_array_equal(there[np.array([4, 0])]["x"].get(), x[[4, 0]])
    first, _ = there.stratified_split(2, labels=there.arrays["t"], rng=np.random.default_rng(0))
    assert sorted(first.arrays["t"].get()) == [0, 1]
    with pytest.raises(ValueError, match=r"array 0 is on cuda:0, array 1 on cpu; move a whole set"):
        data.Dataset(cupy.asarray(x), t)
    (batch,) = data.batches(there, 6, shuffle=False).map(lambda x: x + 1, part="x").prefetch()
    np.testing.assert_array_equal(batch["x"].get(), x + 1)


@pytest.mark.parametrize(
    "augmentation",
    [data.RandomShift(2), data.RandomRotation(30), data.RandomZoom(1.5), data.RandomNoise(0.1), data.Cutout(3)],
)
def test_augmentations_draw_the_same_on_the_device(augmentation):
    expected = augmentation(IMAGES, np.random.default_rng(0))
    found = augmentation(cupy.asarray(IMAGES), np.random.default_rng(0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.get(), expected, rtol=1e-6, atol=1e-6)


def test_normalization_on_the_device():
    host = data.Dataset(IMAGES, LABELS)
    there = host.to("cuda")
    fitted, moved_there = data.Normalization.fit(there), data.Normalization.fit(host).to("cuda")
    for normalization in (fitted, moved_there):
        for y in (normalization(there.arrays[0]), normalization(mg.Variable(there.arrays[0])).data):
            np.testing.assert_allclose(y.get(), data.Normalization.fit(host)(IMAGES), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r'x is on cpu, mean and std on cuda:0; move them by \.to\("cpu"\)'):
        fitted(IMAGES)


def test_one_hot_of_labels_on_the_device():
    assert data.one_hot(cupy.array([2, 0]), 3).get().tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(ValueError, match=r"labels\[1\] is 3"):
        data.one_hot(cupy.array([2, 3]), 3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.logsumexp(x, 1).sum(),
        lambda x: F.std(x) + F.softmax(x, 1).max() + F.log_softmax(x, 0).min(),
        lambda x: F.clip(F.leaky_relu(x) + F.softplus(x) + F.sigmoid(x), -1, 1).mean(),
        lambda x: F.avg_pool2d(x.reshape(1, 1, 3, 4), 2, pad=1, count_include_pad=False).sum(),
        lambda x: (F.take(x, cupy.array([0, 2, 2]), 0) ** F.where(x > 0, 2.0, 1.0)).sum(),
        lambda x: F.mean_squared_error(F.pad(x, [(1, 1), (0, 0)]), F.concatenate([x, x[:2]])),
    ],
)
def test_functions_wait_for_nothing(f, hosted):
    x = mg.Variable(cupy.linspace(0.1, 2, 12, dtype=np.float32).reshape(3, 4))
    f(x).backward()
    with hosted.counting() as counts:
        f(x).backward()
    assert counts.synchronizations == counts.copies_to_host == 0


def test_a_record_of_the_graph():
    drawn = []
    for device in ("cpu", "cuda"):
        model = network().to(device)
        with viz.record(model, stats=True) as recorder:
            loss = F.softmax_cross_entropy(model(moved(IMAGES, device)), moved(LABELS, device))
            loss.backward()
        diagram = recorder.draw(loss)
        drawn.append([(node.kind, node.name) for node in diagram.graph.nodes])
        assert diagram.dot
    assert drawn[0] == drawn[1]


def test_a_summary():
    assert network().to("cuda").summary((1, 6, 6)) == network().summary((1, 6, 6))


def test_the_first_nan_is_found():
    x = mg.Variable(cupy.array([1.0, 0.0], np.float32))
    with (
        mg.detect_anomaly(),
        pytest.raises(mg.NonFiniteError, match=r"Log at .*test_package.py:\d+ made 1 Inf among 2"),
    ):
        F.log(x)
    with mg.detect_anomaly():
        y = (x * x).sum()
        x.data[0] = 3
        with pytest.raises(mg.EditedArrayError, match="Mul"):
            y.backward()


def test_gradients_of_functions_on_the_device_are_checked():
    x, w = cupy.ones((2, 3), np.float32), cupy.linspace(0.1, 1, 6).reshape(3, 2)
    assert check_grad(lambda x, w: F.tanh(x @ w.astype(x.dtype)), [x, w.astype(np.float32)]).counts.compared == 12
    with pytest.raises(GradientMismatch, match=r"input 0 \(x\)"):
        check_grad(lambda x: x * x.detach(), [w])
    with pytest.raises(ValueError, match=r"inputs\[1\] is on cpu, those before it on cuda:0"):
        check_grad(F.matmul, [x, np.ones((3, 2))])


def test_a_contract_is_proved_on_the_device():
    there = set()

    def swish(x):
        there.add(x.device)
        return x * F.sigmoid(x)

    report = prove(
        OpSpec(swish, lambda x: x / (1 + np.exp(-x)), dtypes=("float64",), orders=(1,)), examples=2, device="cuda"
    )
    assert report.finding is None, str(report)
    assert there == {"cuda:0"}
    wrong = OpSpec(lambda x: x * x.detach(), dtypes=("float64",), orders=(1,), shapes=[(2,)])
    assert prove(wrong, examples=2, device="cuda", shrink=False).finding is not None


def test_the_doctor_describes_the_device(capsys):
    assert main(["doctor"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.replace("kernel sets", "sets").splitlines())
    assert rows["devices"].startswith("cpu, cuda:0")
    assert rows["CuPy"].startswith(f"{cupy.__version__}; CUDA runtime 1")
    assert "GiB are free" in rows["cuda:0"]
    assert rows["sets"].endswith("; on a GPU: cuda (float16, float32, float64)")
