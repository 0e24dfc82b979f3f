"""History: lists by name, and the same again from plain data."""

import csv
import io
import json
import math

import numpy as np
import pytest

from minigrad.training import History


@pytest.fixture
def history():
    made = History()
    for epoch in (1, 2):
        made.add_step(np.float32(0.5), lr=0.1, examples=3)
        made.add_step(np.float32(1 / epoch), lr=0.1, examples=1)
        record = {"epoch": epoch, "step": 2 * epoch, "loss": made.mean_loss(2)}
        made.add_epoch(record | ({"f1": np.array([0.25, np.float64("nan")])} if epoch == 2 else {}))
    return made


def test_a_name_gives_the_numbers_of_the_epochs_that_have_it(history):
    assert history["loss"] == [0.625, 0.5]
    assert history["epoch"] == [1, 2]
    assert len(history["f1"]) == 1
    assert "loss" in history
    assert list(history) == ["epoch", "step", "loss", "f1"]
    assert len(history) == 2


def test_a_name_that_is_not_there_is_answered_with_those_that_are(history):
    with pytest.raises(KeyError, match="history has no 'val_loss'; there is epoch, step, loss, f1"):
        history["val_loss"]


def test_a_mean_weighs_each_loss_by_its_examples(history):
    assert history.mean_loss(4) == (0.5 * 3 + 1.0 + 0.5 * 3 + 0.5) / 8
    assert math.isnan(history.mean_loss(0))


def test_arrays_become_lists(history):
    assert type(history["f1"][0]) is list
    assert type(history.steps["loss"][0]) is float


def test_plain_data_and_back(history):
    plain = history.to_dict()
    again = History.from_dict(json.loads(json.dumps(plain)))
    assert json.dumps(again.to_dict()) == json.dumps(plain)
    plain["epochs"][0]["loss"] = 7
    assert history["loss"][0] == 0.625


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        {"epochs": [], "steps": []},
        {"epochs": [3], "steps": {"loss": [], "lr": [], "examples": []}},
        {"epochs": [], "steps": {"loss": [1], "lr": [], "examples": []}},
        {"epochs": [], "steps": {"loss": ["1"], "lr": [1], "examples": [1]}},
        {"epochs": [], "steps": {"loss": []}},
    ],
)
def test_plain_data_that_no_history_gave(plain):
    with pytest.raises(ValueError, match=r"History\.from_dict: "):
        History.from_dict(plain)


def test_json_lines_have_no_numbers_that_json_does_not_know(history):
    def refuse(constant):
        raise AssertionError(constant)

    lines = history.to_json_lines().splitlines()
    records = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [record["loss"] for record in records] == [0.625, 0.5]
    assert records[1]["f1"] == [0.25, None]


def test_a_table_has_a_column_for_each_name(history):
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert [row["loss"] for row in rows] == ["0.625", "0.5"]
    assert [row["f1"] for row in rows] == ["", "[0.25, null]"]


@pytest.mark.parametrize(
    ("numbers", "mode", "place"),
    [
        ([3.0, 1.0, 2.0], "min", 1),
        ([3.0, 1.0, 3.0], "max", 0),
        ([math.nan, 5.0, math.nan], "min", 1),
        ([math.nan], "max", -1),
        ([math.inf, -math.inf], "max", 0),
    ],
)
def test_the_best_epoch_is_the_first_of_the_best(numbers, mode, place):
    history = History()
    for number in numbers:
        history.add_epoch({"loss": number})
    assert history.best_epoch("loss", mode) == place


def test_losses_that_wait_are_read_before_there_are_too_many():
    history = History()
    for step in range(2_500):
        history.add_step(np.float32(step), lr=0.1, examples=1)
    assert len(history._waiting) == 500
    assert history.steps["loss"] == list(range(2_500))


def test_its_repr_says_how_much_there_is(history):
    assert repr(history) == "History(2 epochs, 4 steps: epoch, step, loss, f1)"
