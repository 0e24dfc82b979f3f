"""Parameter groups: settings of their own for a part of the model."""

import copy
import pickle
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from tests.optim.formulas import every_kind, give, parameter


class TwoParts(nn.Module):
    def __init__(self):
        rng = np.random.default_rng(0)
        self.body, self.head = nn.Linear(2, 2, rng=rng), nn.Linear(2, 1, rng=rng)

    def forward(self, x):
        return self.head(self.body(x))


def train(model, *optimizers, steps=3):
    for _ in range(steps):
        model.zero_grad()
        (model(np.array([[1.0, -2.0]], np.float32)) ** 2).sum().backward()
        for optimizer in optimizers:
            optimizer.step()


def assert_equal_states(one, other):
    for name, array in one.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, strict=True)


@every_kind
def test_groups_are_trained_as_by_an_optimizer_each(kind):
    grouped, separate = TwoParts(), TwoParts()
    settings = {"lr": 0.03, "weight_decay": 0.2}
    optimizer = kind(
        [{"parameters": grouped.body.parameters()}, {"parameters": grouped.head.parameters(), **settings}], lr=0.1
    )
    others = kind(separate.body.parameters(), lr=0.1), kind(separate.head.parameters(), **settings)
    train(grouped, optimizer)
    train(separate, *others)
    assert_equal_states(separate, grouped)


def test_what_a_group_does_not_say_it_has_from_the_optimizer_now():
    one, other = parameter(0.0), parameter(0.0)
    optimizer = optim.SGD([{"parameters": [one], "weight_decay": 0.0}, {"parameters": [other], "lr": 0.5}], lr=1.0)
    for p in (one, other):
        give(p, 1.0)
    optimizer.step()
    assert (one.item(), other.item()) == (-1, -0.5)
    optimizer.lr = 0.25
    optimizer.step()
    assert (one.item(), other.item()) == (-1.25, -1)
    optimizer.groups[1]["lr"] = 2.0
    optimizer.step()
    assert (one.item(), other.item()) == (-1.5, -3)
    assert optimizer.groups == ({"weight_decay": 0.0}, {"lr": 2.0})


def test_a_group_may_have_another_formula_and_other_slots():
    model, separate = TwoParts(), TwoParts()
    groups = [{"parameters": model.body.parameters(), "momentum": 0.9}, {"parameters": model.head.parameters()}]
    optimizer = optim.SGD(groups, lr=0.1)
    others = optim.SGD(separate.body.parameters(), lr=0.1, momentum=0.9), optim.SGD(separate.head.parameters(), lr=0.1)
    train(model, optimizer)
    train(separate, *others)
    assert_equal_states(separate, model)
    assert [name for name in optimizer.state_dict() if name.startswith("velocity")] == ["velocity.0.w", "velocity.0.b"]


def groups_of(model, reverse=False):
    weights = [(name, p) for name, p in model.named_parameters() if p.ndim > 1]
    others = [(name, p) for name, p in model.named_parameters() if p.ndim == 1]
    groups = [{"parameters": weights}, {"parameters": others, "weight_decay": 0.0, "beta1": 0.5}]
    return groups[::-1] if reverse else groups


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_state_goes_by_name_and_copies_train_alike(duplicate):
    model, resumed = TwoParts(), TwoParts()
    optimizer = optim.AdamW(groups_of(model), lr=0.1, weight_decay=0.5)
    train(model, optimizer)
    assert set(optimizer.state_dict()) >= {"steps.body.w", "m.body.w", "v.head.b"}
    resumed.load_state_dict(model.state_dict())
    other = optim.AdamW(groups_of(resumed, reverse=True), lr=0.1, weight_decay=0.5)
    other.load_state_dict(optimizer.state_dict())
    copied, its_optimizer = duplicate((model, optimizer))
    its_optimizer.groups[1]["lr"] = optimizer.groups[1]["lr"] = other.groups[0]["lr"] = 0.2
    train(model, optimizer)
    train(resumed, other)
    train(copied, its_optimizer)
    assert_equal_states(model, resumed)
    assert_equal_states(model, copied)


def test_an_update_of_a_users_own_sees_the_groups_settings():
    class Sign(optim.Optimizer):
        def __init__(self, parameters, *, lr, scale=1.0):
            super().__init__(parameters, lr=lr)
            self.scale = scale

        def update(self, p, g, slots, step):
            p -= self.lr * self.scale * np.sign(g)

    one, other = parameter(0.0), parameter(0.0)
    optimizer = Sign([{"parameters": [one]}, {"parameters": [other], "scale": 3.0}], lr=0.5)
    for p in (one, other):
        give(p, 7.0)
    optimizer.step()
    assert (one.item(), other.item()) == (-0.5, -1.5)


W, P = nn.Parameter([1.0]), nn.Parameter([1.0])


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([{"params": [W]}], TypeError, 'SGD: parameters[0], a group, must be a dict with "parameters"'),
        (
            [{"parameters": [W]}, W],
            TypeError,
            'SGD: parameters[1], a group, must be a dict with "parameters"',
        ),
        ([{"parameters": W}], TypeError, "SGD: parameters must be a list of parameters, not one Parameter"),
        (
            [{"parameters": []}],
            ValueError,
            "SGD: there are no parameters; does the model keep its layers as attributes?",
        ),
        ([{"parameters": [W]}, {"parameters": [W]}], ValueError, "SGD: parameter 1.0 is in two groups"),
        (
            [{"parameters": [("w", W)]}, {"parameters": [("w", nn.Parameter(1.0))]}],
            ValueError,
            "SGD: parameter w is in two groups",
        ),
        ([{"parameters": [W], "momentun": 0.9}], AttributeError, "SGD has no momentun; did you mean momentum?"),
        ([{"parameters": [W], "learning_rate": 0.9}], AttributeError, "SGD has no learning_rate; write optimizer.lr"),
        ([{"parameters": [W], "step": 0.9}], AttributeError, "SGD has no attribute 'step'"),
        ([{"parameters": [W], "lr": -1}], ValueError, "SGD: lr must not be negative, not -1"),
        ([{"parameters": [W], "weight_decay": "no"}], TypeError, "SGD: weight_decay must be a number, not 'no'"),
    ],
)
def test_what_is_no_group(groups, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        optim.SGD(groups, lr=0.1)


def test_settings_that_do_not_fit_change_nothing():
    one, other = parameter(1.0), parameter(1.0)
    optimizer = optim.SGD([{"parameters": [one]}, {"parameters": [other], "momentum": 2.0}], lr=0.5)
    for p in (one, other):
        give(p, 1.0)
    with pytest.raises(ValueError, match=re.escape("SGD: momentum must be in [0, 1), not 2.0")):
        optimizer.step()
    optimizer.groups[1].clear()
    optimizer.groups[1]["lrr"] = 0.1
    with pytest.raises(AttributeError, match="SGD has no lrr; did you mean lr"):
        optimizer.step()
    assert (one.item(), other.item()) == (1, 1)


# gradient accumulation


def test_gradients_of_several_minibatches_add_up_to_one_step():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 2)).astype(np.float32)
    whole, accumulated = TwoParts(), TwoParts()
    optimizers = optim.Adam(whole.parameters(), lr=0.1), optim.Adam(accumulated.parameters(), lr=0.1)
    for _ in range(3):
        optimizers[0].zero_grad()
        mg.functions.mean(whole(x) ** 2).backward()
        optimizers[0].step()
        optimizers[1].zero_grad()
        for part in np.split(x, 4):
            (mg.functions.mean(accumulated(part) ** 2) / 4).backward()
        optimizers[1].step()
    for name, array in whole.state_dict().items():
        np.testing.assert_allclose(accumulated.state_dict()[name], array, rtol=1e-4, atol=1e-6)
