"""The optimizers' state: by name, whole or not at all, and of the model as it is now."""

import copy
import pickle
import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from minigrad.optim import optimizer as optimizer_file
from tests.interrupts import interrupts
from tests.optim.formulas import every_case, give, parameter, steps


def train(p, optimizer, steps, rng):
    for _ in range(steps):
        p.grad = mg.Variable(rng.standard_normal(p.shape).astype(p.dtype))
        optimizer.step()


@every_case
def test_training_goes_on_from_a_state_dict_bit_by_bit(kind, formula, settings):
    through, stopped, idle = (parameter(np.ones((3, 2)), np.float32) for _ in range(3))
    optimizer = kind([through], **settings)
    rng = np.random.default_rng(0)
    train(through, optimizer, 6, rng)

    rng = np.random.default_rng(0)
    optimizer = kind([stopped, idle], **settings)
    train(stopped, optimizer, 3, rng)
    resumed = kind([stopped, idle], **settings)
    resumed.load_state_dict(optimizer.state_dict())
    train(stopped, resumed, 3, rng)
    np.testing.assert_array_equal(stopped.data, through.data, strict=True)


def test_state_dict_names_slots_by_parameter():
    p, idle = parameter([1.0, 2.0]), parameter([1.0])
    optimizer = optim.Adam([idle, p])
    assert list(optimizer.state_dict()) == ["steps.0", "steps.1"]
    give(p, 2.0)
    optimizer.step()
    state = optimizer.state_dict()
    assert list(state) == ["steps.0", "steps.1", "m.1", "v.1"]
    assert steps(optimizer) == [0, 1]
    np.testing.assert_allclose(state["m.1"], [0.2, 0.2], rtol=1e-12)
    np.testing.assert_allclose(state["v.1"], [0.004, 0.004], rtol=1e-12)


def test_state_dicts_are_copies():
    p = parameter([1.0])
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
    give(p, 1.0)
    optimizer.step()
    state = optimizer.state_dict()
    optimizer.step()
    assert state["velocity.0"].tolist() == [1.0]
    optimizer.load_state_dict(state)
    optimizer.step()
    assert state["velocity.0"].tolist() == [1.0]
    state["velocity.0"][...] = 99
    assert optimizer.state_dict()["velocity.0"].tolist() == [1.9]


def test_a_state_dict_survives_npz(tmp_path):
    p = parameter([1.0])
    optimizer = optim.Adam([p])
    give(p, 1.0)
    optimizer.step()
    np.savez(tmp_path / "state.npz", **optimizer.state_dict())
    other = optim.Adam([p])
    with np.load(tmp_path / "state.npz") as state:
        other.load_state_dict(state)
    assert str(other.state_dict()) == str(optimizer.state_dict())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps.1": None}, "the state does not fit\n  steps.1: a NoneType, expected an array () int64"),
        ({"steps.1": np.array([1])}, "steps.1: shape (1,), expected ()"),
        ({"steps.0": np.array(-1)}, "Adam.load_state_dict: steps.0 must not be negative, not -1"),
        ({"steps.0": np.array(1.0)}, "steps.0: () float64, expected ints () int64"),
        ({"steps.2": np.array(0)}, "'steps.2': not expected"),
        (
            {"steps.1": np.array(1)},
            "Adam.load_state_dict: the state does not fit\n  m.1: missing, expected an array",
        ),
        ({"steps.0": np.array(0)}, "the state does not fit\n  'm.0': not expected\n  'v.0': not expected"),
        ({"v.0": np.ones((2, 1))}, "v.0: shape (2, 1), expected (2,)"),
        ({"v.0": np.ones(2, int)}, "v.0: (2,) int64, expected floats (2,) float64"),
        ({"velocity.0": np.ones(2)}, "'velocity.0': not expected"),
    ],
)
def test_a_state_dict_that_does_not_fit_changes_nothing(change, message):
    p = parameter([1.0, 2.0])
    optimizer = optim.Adam([p, parameter([1.0])])
    give(p, 1.0)
    optimizer.step()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=re.escape(message)):
        optimizer.load_state_dict(before | change)
    assert str(optimizer.state_dict()) == str(before)


def test_a_state_dict_of_another_type():
    with pytest.raises(TypeError, match=r"SGD\.load_state_dict: state must be a dict, not list"):
        optim.SGD([parameter(1.0)], lr=0.1).load_state_dict([])


class Pair(nn.Module):
    """Two layers, assigned in one order or the other."""

    def __init__(self, names="ab"):
        for name in names:
            setattr(self, name, nn.Linear(2, 2, rng=np.random.default_rng(ord(name))))

    def forward(self, x):
        return self.b(F.tanh(self.a(x)))


def train_model(model, optimizer, steps=1, zero_grad=None):
    for _ in range(steps):
        (zero_grad or optimizer.zero_grad)()
        (model(np.array([[1.0, -2.0]], np.float32)) ** 2).sum().backward()
        optimizer.step()


@every_case
@pytest.mark.parametrize("give", [nn.Module.parameters, nn.Module.named_parameters], ids=["parameters", "pairs"])
def test_state_goes_by_the_parameters_names_in_whatever_order(kind, formula, settings, give):
    through, stopped, other = Pair("ab"), Pair("ab"), Pair("ba")
    train_model(through, kind(give(through), **settings), steps=4)
    optimizer = kind(give(stopped), **settings)
    train_model(stopped, optimizer, steps=2)
    state = optimizer.state_dict()
    assert [name for name in state if name.startswith("steps.")] == ["steps.a.w", "steps.a.b", "steps.b.w", "steps.b.b"]
    other.load_state_dict(stopped.state_dict())
    resumed = kind(give(other), **settings)
    resumed.load_state_dict(state)
    train_model(other, resumed, steps=2)
    for name, array in through.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, strict=True)


def test_a_state_of_other_names_is_an_error():
    optimizer, other = optim.Adam(Pair().parameters()), optim.Adam(Pair("ac").parameters())
    with pytest.raises(ValueError, match=r"steps\.c\.w: missing(?s:.*)'steps\.b\.w': not expected"):
        other.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_of_a_model_and_its_optimizer_trains_on_alike(duplicate):
    model = Pair()
    optimizer = optim.Adam(model.parameters())
    train_model(model, optimizer)
    other_model, other_optimizer = duplicate((model, optimizer))
    train_model(model, optimizer)
    train_model(other_model, other_optimizer)
    assert str(other_model.state_dict()) == str(model.state_dict())
    assert str(other_optimizer.state_dict()) == str(optimizer.state_dict())


# a model that changes


CHANGES = [
    (lambda model: setattr(model, "a", nn.Linear(2, 2)), "a.w"),
    (lambda model: setattr(model.b, "w", nn.Parameter(np.ones((2, 2), np.float32))), "b.w"),
]


@pytest.mark.parametrize(("change", "name"), CHANGES)
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("forget", ["of the optimizer", "of the model", "never"])
def test_a_parameter_in_place_of_another_is_noticed_by_the_next_step(change, name, steps, forget):
    model = Pair()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    zero_grad = {"of the optimizer": optimizer.zero_grad, "of the model": model.zero_grad, "never": lambda: None}[
        forget
    ]
    train_model(model, optimizer, steps, zero_grad)
    change(model)
    before = str(model.state_dict())
    with pytest.raises(
        ValueError, match=rf"^SGD\.step: the model's parameter {re.escape(name)} is new to this optimizer"
    ):
        train_model(model, optimizer, 1, zero_grad)
    assert str(model.state_dict()) == before


def test_what_lies_in_a_list_and_what_is_added_before_training_are_noticed_too():
    model = Pair()
    model.extra = [nn.Linear(2, 2)]
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    model.extra.append(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"parameter extra\.1\.w is new"):
        train_model(model, optimizer)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    train_model(model, optimizer)
    model.extra[0] = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"parameter extra\.0\.w is new"):
        train_model(model, optimizer)


def test_what_an_optimizer_was_not_given_may_change():
    model = Pair()
    of_a, of_some = optim.SGD(model.a.parameters(), lr=0.01), optim.SGD(model.parameters()[:2], lr=0.01)
    rest = model.parameters()
    rest.pop()
    of_rest = optim.SGD(rest, lr=0.01)
    model.b = nn.Linear(2, 2)
    for optimizer in (of_a, of_some, of_rest):
        train_model(model, optimizer)


def test_a_layer_may_be_taken_out_or_replaced_by_a_frozen_one():
    model = Pair()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    model.a.b = None
    model.b = nn.Linear(2, 2)
    for p in model.b.parameters():
        p.requires_grad = False
    train_model(model, optimizer, 2)


def test_the_model_is_not_looked_through_in_each_step(monkeypatch):
    model, looks = Pair(), []
    model.a.b.requires_grad = False
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    train_model(model, optimizer)
    monkeypatch.setattr(optimizer, "_unknown", looks.append)
    train_model(model, optimizer, 5)
    assert not looks


# a graph from before a step


@every_case
def test_a_backward_through_numbers_from_before_a_step_is_an_error(kind, formula, settings):
    w = parameter([1.0, 2.0])
    optimizer = kind([w], **settings)
    a, b = (w * w).sum(), (w**3).sum()
    a.backward()
    optimizer.step()
    with pytest.raises(mg.EditedArrayError, match=rf"{kind.__name__}\.step changed a leaf"):
        b.backward()
    (w**3).sum().backward()
    optimizer.step()


# interrupts


@pytest.mark.parametrize("settings", [{"kind": optim.SGD, "momentum": 0.9}, {"kind": optim.Adam}], ids=str)
def test_an_interrupted_step_says_which_parameters_are_updated(settings):
    kind, options = settings["kind"], {key: value for key, value in settings.items() if key != "kind"}
    seen = set()

    def prepare():
        nonlocal model, optimizer
        model = Pair()
        optimizer = kind(model.parameters(), lr=0.5, **options)
        (model(np.array([[1.0, -2.0]], np.float32)) ** 2).sum().backward()

    model = optimizer = None
    prepare()
    before = model.state_dict()
    optimizer.step()
    after = model.state_dict()
    for interrupt in interrupts(lambda: optimizer.step(), optimizer_file):  # noqa: PLW0108 - of another optimizer each time
        if interrupt is None:
            prepare()
            continue
        note = "".join(getattr(interrupt, "__notes__", []))
        match = re.fullmatch(
            rf"{kind.__name__}\.step was stopped\. Updated: (.*); perhaps in part: (.*); not updated: (.*)\.", note
        )
        updated, partly, others = (part.split(", ") for part in match.groups()) if note else ([], [], list(before))
        seen.add(len(updated))
        state = optimizer.state_dict()
        for name, array in model.state_dict().items():
            if name not in partly:
                assert (name in updated) != (name in others)
                np.testing.assert_array_equal(array, (after if name in updated else before)[name])
                assert state[f"steps.{name}"] == (name in updated)
        kind(Pair().parameters(), lr=0.5, **options).load_state_dict(state)
    assert len(seen) >= 4


def test_an_interrupted_load_state_dict_loads_all_or_nothing():
    model, other = Pair(), Pair()
    optimizers = optim.Adam(model.parameters()), optim.Adam(other.parameters())
    train_model(model, optimizers[0], 2)
    train_model(other, optimizers[1])
    before, state = str(optimizers[1].state_dict()), optimizers[0].state_dict()
    runs = [
        str(optimizers[1].state_dict())
        for interrupt in interrupts(lambda: optimizers[1].load_state_dict(state), optimizer_file)
        if interrupt
    ]
    assert len(runs) > 20
    assert set(runs) == {before}
    assert str(optimizers[1].state_dict()) == str(state)
