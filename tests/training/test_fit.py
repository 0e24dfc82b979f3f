"""fit: the loop that one would write by hand, what it records, and what it refuses."""

import weakref
from functools import partial

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, metrics, nn, optim, training
from minigrad.optim import schedules
from tests.training.small import CLASSES, bits, digits, make


def by_hand(model, optimizer, train, epochs):
    for _ in range(epochs):
        for x, t in train:
            loss = F.softmax_cross_entropy(model(x), t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def fit(model, optimizer, train, **options):
    return training.fit(model, optimizer, train, **{"loss": F.softmax_cross_entropy, "progress": False} | options)


def test_it_takes_the_steps_of_the_loop_by_hand():
    models = []
    for train in (by_hand, lambda *args: fit(*args[:3], epochs=args[3], metrics={"accuracy": metrics.Accuracy()})):
        model, optimizer = make(seed=3)
        train(model, optimizer, digits(), 3)
        models.append(bits(model))
    assert models[0] == models[1]


def test_it_draws_what_the_loop_by_hand_draws():
    rngs = [np.random.default_rng(0) for _ in range(2)]
    passes = []
    for rng in rngs:
        train = data.batches(data.mnist()[0].split(20)[0], 8, rng=rng)
        if rng is rngs[0]:
            _ = [*train], [*train]
        else:
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
            fit(model, optim.SGD(model.parameters(), lr=0.1), train, epochs=2)
        passes.append(rng.bit_generator.state)
    assert passes[0] == passes[1]


def test_the_history_has_each_epoch_and_each_step():
    model, optimizer = make()
    history = fit(model, optimizer, digits(n=10, batch_size=4), epochs=2, validation=digits(n=6))
    assert [(record["epoch"], record["step"]) for record in history.epochs] == [(1, 3), (2, 6)]
    assert history.steps["examples"] == [4, 4, 2] * 2
    losses = history.steps["loss"]
    assert history["loss"] == pytest.approx([np.average(losses[i : i + 3], weights=[4, 4, 2]) for i in (0, 3)])
    assert len(history["validation_loss"]) == 2


def test_the_metrics_are_those_of_the_outputs_that_were_trained_on():
    model, optimizer = make()
    seen = []

    class Watching(training.Callback):
        def after_step(self, training):
            seen.extend(training.output.data.argmax(1) == training.t)

    history = fit(model, optimizer, digits(), callbacks=[Watching()], metrics={"accuracy": metrics.Accuracy()})
    assert history["accuracy"] == [np.mean(seen)]


def test_the_graph_of_a_step_is_freed_before_the_next():
    model, optimizer = make()
    losses = []

    class Watching(training.Callback):
        def before_step(self, training):
            assert training.output is training.loss is None
            assert all(loss() is None for loss in losses)

        def after_step(self, training):
            losses.append(weakref.ref(training.loss))

    fit(model, optimizer, digits(), callbacks=[Watching()])
    assert len(losses) > 2


def test_validation_is_done_without_training():
    model, optimizer = make(dropout=0.5)
    validation = digits(n=20)
    history = fit(model, optimizer, digits(), validation=validation)
    mg.seed(99)
    assert training.evaluate(model, validation, loss=F.softmax_cross_entropy)["loss"] == history["validation_loss"][0]


def test_the_metrics_that_are_given_count_nothing_themselves():
    accuracy = metrics.Accuracy()
    model, optimizer = make()
    fit(model, optimizer, digits(), validation=digits(), metrics={"accuracy": accuracy})
    with pytest.raises(ValueError, match="no value before the first update"):
        accuracy.value()


def test_a_schedule_sets_the_rate_of_each_step():
    model, optimizer = make()
    schedule = schedules.linear_warmup(0.1, steps=4)
    history = fit(model, optimizer, digits(n=8, batch_size=4), epochs=3, schedule=schedule)
    assert history.steps["lr"] == [schedule(step) for step in range(6)]


def test_a_third_array_is_how_much_each_example_weighs():
    ((x, t),) = digits(n=8, batch_size=8)
    kept = np.array([1, 0, 0, 1, 1, 0, 1, 1], np.float32)
    histories, weights = [], []
    for minibatch in ((x, t, kept), (x[kept > 0], t[kept > 0])):
        model = nn.Linear(2, CLASSES, init=nn.init.Constant(0.5))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        histories.append(fit(model, optimizer, [minibatch], validation=[minibatch], epochs=3))
        weights.append(model.w.data)
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-5)
    for name in ("loss", "validation_loss"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-5)


def test_weights_need_a_loss_that_takes_them():
    ((x, t),) = digits(n=8, batch_size=8)
    model, optimizer = make()
    with pytest.raises(TypeError, match="mean_squared_error: there is no keyword sample_weights"):
        fit(model, optimizer, [(x, np.eye(CLASSES, dtype=np.float32)[t], t)], loss=F.mean_squared_error)


def test_class_weights_go_to_the_loss_but_not_to_the_validation():
    weights = np.arange(1.0, CLASSES + 1)
    given = []

    def loss(y, t, *, class_weights=None):
        given.append(class_weights)
        return F.softmax_cross_entropy(y, t, class_weights=class_weights)

    model, optimizer = make()
    fit(
        model,
        optimizer,
        digits(n=8, batch_size=8),
        validation=digits(n=8, batch_size=8),
        loss=loss,
        class_weights=weights,
    )
    assert given[0] is weights
    assert given[1] is None


def test_steps_end_a_training_in_the_middle_of_an_epoch_which_is_still_validated():
    model, optimizer = make()
    history = fit(model, optimizer, digits(n=8, batch_size=4), steps=5, validation=digits())
    assert [record["step"] for record in history.epochs] == [2, 4, 5]
    assert len(history["validation_loss"]) == 3


def test_a_callback_may_stop_the_training_after_a_step():
    class Stop(training.Callback):
        def after_step(self, training):
            if training.step == 3:
                training.stop("enough")

    model, optimizer = make()
    history = fit(model, optimizer, digits(n=8, batch_size=4), epochs=5, callbacks=[Stop()])
    assert [record["step"] for record in history.epochs] == [2, 3]


def test_the_moments_of_callbacks():
    moments = []

    class Noting(training.Callback):
        def __init__(self, name):
            self.name = name

    for moment in ("before_training", "before_epoch", "before_step", "after_step", "after_epoch", "after_training"):
        setattr(Noting, moment, lambda self, _, moment=moment: moments.append(f"{self.name} {moment}"))
    model, optimizer = make()
    fit(model, optimizer, digits(n=8, batch_size=4), callbacks=[Noting("a"), Noting("b")])
    of_a = [moment.removeprefix("a ") for moment in moments if moment.startswith("a ")]
    assert of_a == [
        "before_training",
        "before_epoch",
        "before_step",
        "after_step",
        "before_step",
        "after_step",
        "after_epoch",
        "after_training",
    ]
    assert moments[:2] == ["a before_training", "b before_training"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_callbacks_come_to_their_end_after_an_error(error):
    ended = []

    class Ending(training.Callback):
        def after_training(self, training):
            ended.append(training.step)

    class Failing(training.Callback):
        def after_step(self, training):
            raise error

    model, optimizer = make()
    with pytest.raises(error):
        fit(model, optimizer, digits(), callbacks=[Ending(), Failing()])
    assert ended == [1]


def test_a_callback_that_does_not_begin_ends_those_before_it():
    moments = []

    class Noting(training.Callback):
        def before_training(self, training):
            moments.append("began")

        def after_training(self, training):
            moments.append("ended")

    class Failing(training.Callback):
        def before_training(self, training):
            raise OSError("no")

    model, optimizer = make()
    with pytest.raises(OSError, match="no"):
        fit(model, optimizer, digits(), callbacks=[Noting(), Failing()])
    assert moments == ["began", "ended"]


def test_labels_may_be_several_arrays():
    def loss(y, t):
        return F.softmax_cross_entropy(y, t["class"]) + F.softmax_cross_entropy(y, t["again"])

    model, optimizer = make()
    several = [(x, {"class": t, "again": t}) for x, t in digits(n=10, batch_size=4)]
    assert fit(model, optimizer, several, loss=loss, validation=several).steps["examples"] == [4, 4, 2]


def test_the_mean_is_recorded_of_a_loss_that_is_a_sum():
    figures = []
    for reduction in ("mean", "sum"):
        model, _ = make()
        loss = partial(F.softmax_cross_entropy, reduction=reduction)
        frozen = optim.SGD(model.parameters(), lr=1e-30)
        history = fit(model, frozen, digits(n=10, batch_size=4), loss=loss, validation=digits(n=10, batch_size=4))
        figures.append([*history["loss"], *history["validation_loss"]])
    assert figures[1] == pytest.approx(figures[0], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_epoch_end", "write after_epoch"),
        ("on_train_batch_start", "write before_step"),
        ("after_epochs", "there are before_training, "),
    ],
)
def test_a_method_that_would_never_be_called_is_said(name, meant):
    with pytest.raises(TypeError, match=f"Mine.{name} would never be called; {meant}"):
        type("Mine", (training.Callback,), {name: lambda self, training: None})


# what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": iter([])}, r"fit: train must be there for each epoch anew: data.batches\(...\) or a list"),
        ({"train": np.zeros((3, 2))}, r"fit: train must be minibatches \(x, t\), as data.batches\(...\) gives them"),
        ({"train": [np.zeros(3)]}, r"fit: train must give minibatches \(x, t\) or \(x, t, weights\), not ndarray"),
        ({"train": [{"x": 1}]}, r"fit: train must give minibatches \(x, t\) or \(x, t, weights\), not dict, by .map"),
        ({"validation": iter([])}, "fit: validation must be there for each epoch anew"),
        ({"model": np.sin}, "fit: model must be a Module, not ufunc"),
        ({"optimizer": "adam"}, r"fit: optimizer must be an Optimizer, as optim.Adam\(...\) is, not str"),
        ({"loss": "mse"}, "fit: loss must be a function, not 'mse'"),
        ({"schedule": 0.1}, "fit: schedule must be a function, not 0.1"),
        ({"metrics": [metrics.Accuracy()]}, r'fit: metrics must be a dict, {"accuracy": metrics.Accuracy\(\)}'),
        ({"metrics": {"accuracy": metrics.Accuracy}}, r"fit: metrics\['accuracy'\] must be a metric"),
        (
            {"callbacks": [training.Callback]},
            r"fit: callbacks\[0\] must be a training.Callback, not the class Callback",
        ),
        ({"loss": F.mean_squared_error, "class_weights": [1, 2]}, "fit: class_weights needs a loss that takes them"),
        ({"class_weight": [1, 2]}, "fit: there is no keyword class_weight; write class_weights="),
        ({"epochs": 1.5}, "fit: epochs must be an int, not 1.5"),
    ],
)
def test_arguments_that_make_no_sense(changes, message):
    model, optimizer = make()
    arguments = {"model": model, "optimizer": optimizer, "train": digits()} | changes
    with pytest.raises(TypeError, match=message):
        fit(**arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": []}, "fit: train has no minibatches in epoch 1"),
        ({"epochs": 0}, "fit: epochs must be at least 1, not 0"),
        ({"metrics": {"loss": metrics.Accuracy()}}, "fit: a metric can't be called 'loss'"),
        ({"validation": []}, "evaluate: there are no minibatches"),
    ],
)
def test_values_that_make_no_sense(changes, message):
    model, optimizer = make()
    with pytest.raises(ValueError, match=message):
        fit(**{"model": model, "optimizer": optimizer, "train": digits()} | changes)


# evaluate and predict


def test_an_evaluation_is_the_mean_over_all_examples():
    model, _ = make()
    x, t = digits(n=10, batch_size=10)[0]
    with mg.inference():
        y = model(x).data
    whole = F.softmax_cross_entropy(y, t).item()
    figures = training.evaluate(
        model, digits(n=10, batch_size=4), loss=F.softmax_cross_entropy, metrics={"accuracy": metrics.Accuracy()}
    )
    assert figures == pytest.approx({"loss": whole, "accuracy": (y.argmax(1) == t).mean()})


def test_metrics_count_each_minibatch_whatever_its_shape_and_whoever_uses_its_memory_again():
    y, t = np.random.default_rng(0).normal(size=(400, CLASSES)), np.arange(400) % CLASSES
    lengths = [1] * 70 + [4, 4, 3, 0, 3, 5, 300]

    def minibatches():
        scores, labels, i = np.empty_like(y), np.empty_like(t), 0
        for number, n in enumerate(lengths):
            scores[:n], labels[:n] = y[i : i + n], t[i : i + n]
            yield scores[:n], (labels[:n], labels[:n].tolist(), labels[:n].astype(np.uint8))[number // 20 % 3]
            i += n

    figures = training.evaluate(nn.Sigmoid(), minibatches(), metrics={"accuracy": metrics.Accuracy()})
    assert figures == {"accuracy": (y.argmax(1) == t)[: sum(lengths)].mean()}


def test_a_mask_is_not_lost_while_metrics_wait():
    y, t = np.ones((4, 1)), np.ma.array(np.full((4, 1), 9.0), mask=[[0], [1], [0], [0]])
    with pytest.raises(TypeError, match="whose mask would be lost"):
        training.evaluate(nn.ReLU(), [(y, t)], metrics={"error": metrics.MeanAbsoluteError()})


def test_an_evaluation_leaves_a_training_model_alone():
    model, _ = make(dropout=0.5)
    first, second = (training.evaluate(model, digits(), loss=F.softmax_cross_entropy) for _ in range(2))
    assert first == second
    assert model.parameters()[0].grad is None


def test_predictions_are_the_models_outputs_however_many_at_a_time():
    model, _ = make(dropout=0.5)
    x, _ = digits(n=10, batch_size=10)[0]
    with mg.inference():
        expected = model(x).data
    for batch_size in (1, 3, 10, 500):
        np.testing.assert_allclose(training.predict(model, x, batch_size=batch_size), expected, rtol=1e-5)
    assert training.predict(model, x[:0]).shape == (0, CLASSES)


def test_what_can_not_be_predicted():
    model, _ = make()
    with pytest.raises(TypeError, match=r"predict: x must be an array \(N, ...\), not list"):
        training.predict(model, [[0.0]])
    with pytest.raises(TypeError, match="predict: the model must return one Variable, not a tuple"):
        training.predict(nn.Lambda(lambda x: (x, x)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="predict: batch_size must be at least 1, not 0"):
        training.predict(model, np.zeros((3, 2)), batch_size=0)


def test_another_loop_is_made_of_the_parts():
    model, optimizer = make()
    x, t = digits()[0]
    losses = [training.train_step(model, optimizer, x, t, loss=F.softmax_cross_entropy)[1].item() for _ in range(20)]
    assert losses[-1] < losses[0]


def test_optimizers_with_groups_are_trained():
    model, _ = make()
    optimizer = optim.SGD([{"parameters": model.parameters(), "lr": 0.1}], lr=0.5)
    assert len(fit(model, optimizer, digits()).epochs) == 1
