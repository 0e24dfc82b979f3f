"""The optimizers: their formulas over several steps, and what they accept."""

import math
import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from tests.optim.formulas import GRADIENTS, every_case, every_kind, give, parameter, steps


@every_case
def test_five_steps_by_the_formula(kind, formula, settings):
    starts = [1.0, -3.0, 0.0]
    p = parameter(starts)
    array = p.data
    optimizer = kind([p], **settings)
    for g, *expected in zip(GRADIENTS, *[formula(start, **settings) for start in starts], strict=True):
        give(p, g)
        optimizer.step()
        np.testing.assert_allclose(p.data, expected, rtol=1e-12, atol=1e-14)
    assert p.data is array


@every_case
def test_float32_stays_float32(kind, formula, settings):
    p = parameter([1.0, -3.0], np.float32)
    optimizer = kind([p], **{name: np.asarray(value)[()] for name, value in settings.items()})
    for g in GRADIENTS:
        give(p, g)
        optimizer.step()
    expected = [list(formula(start, **settings))[-1] for start in (1.0, -3.0)]
    np.testing.assert_allclose(p.data, expected, rtol=1e-5, atol=1e-6)
    state = optimizer.state_dict()
    assert {array.dtype for name, array in state.items() if name != "steps.0"} <= {np.dtype(np.float32)}


@every_case
def test_gradients_may_lie_in_any_memory_order(kind, formula, settings):
    rng = np.random.default_rng(0)
    one, other = (parameter(np.arange(12.0).reshape(3, 4)) for _ in range(2))
    optimizers = [kind([p], **settings) for p in (one, other)]
    for _ in range(3):
        gradient = rng.standard_normal((3, 4))
        one.grad, other.grad = mg.Variable(gradient), mg.Variable(np.asfortranarray(gradient))
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_allclose(one.data, other.data, rtol=1e-12)


@every_case
def test_scalar_and_empty_parameters(kind, formula, settings):
    scalar, empty = parameter(1.0), parameter(np.zeros((0, 3)))
    optimizer = kind([scalar, empty], **settings)
    give(scalar, GRADIENTS[0])
    give(empty, 0.0)
    optimizer.step()
    assert scalar.item() == pytest.approx(next(formula(1.0, **settings)), rel=1e-12)


@every_kind
def test_the_gradient_is_not_changed(kind):
    p = parameter([1.0, 2.0])
    give(p, 0.5)
    kind([p], lr=0.1).step()
    assert p.grad.data.tolist() == [0.5, 0.5]


# which parameters are changed


@every_kind
def test_parameters_without_a_gradient_stay(kind):
    one, other = parameter([1.0]), parameter([2.0])
    optimizer = kind([one, other], lr=0.1)
    give(one, 1.0)
    optimizer.step()
    assert other.data.tolist() == [2.0]
    assert one.data.tolist() != [1.0]


@every_case
def test_a_parameter_that_joins_later_starts_at_its_own_first_step(kind, formula, settings):
    early, late = parameter([1.0]), parameter([1.0])
    optimizer = kind([early, late], **settings)
    give(early, 1.0)
    for _ in range(3):
        optimizer.step()
    early.zero_grad()
    for g, expected in zip(GRADIENTS, formula(1.0, **settings), strict=True):
        give(late, g)
        optimizer.step()
        assert late.item() == pytest.approx(expected, rel=1e-12)


@every_kind
def test_a_parameter_listed_twice_is_updated_once(kind):
    one, other = parameter([1.0]), parameter([1.0])
    for p, times in ((one, 1), (other, 2)):
        give(p, 1.0)
        kind([p] * times, lr=0.1).step()
    assert one.item() == other.item()


@every_kind
def test_the_learning_rate_may_change_between_steps(kind):
    p = parameter([0.0])
    optimizer = kind([p], lr=0.1)
    give(p, 1.0)
    optimizer.step()
    before = p.item()
    optimizer.lr = 0.0
    optimizer.step()
    assert p.item() == before


def test_momentum_may_change_between_steps():
    p = parameter([0.0])
    optimizer = optim.SGD([p], lr=1.0)
    give(p, 1.0)
    optimizer.step()  # p = −1
    optimizer.momentum = 0.5
    optimizer.step()  # velocity = 1
    optimizer.step()  # velocity = 1.5
    optimizer.momentum = 0.0
    optimizer.step()
    assert p.item() == -1 - 1 - 1.5 - 1


def test_zero_grad():
    p = parameter([1.0])
    give(p, 1.0)
    optim.SGD([p], lr=0.1).zero_grad()
    assert p.grad is None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: setattr(p, "data", np.zeros((3, 1))), "(3, 1) float64 on cpu, but its gradient (2,) float64 on cpu"),
        (
            lambda p: setattr(p.grad, "data", np.ones(2, np.float32)),
            "(2,) float64 on cpu, but its gradient (2,) float32 on cpu",
        ),
    ],
)
@every_kind
def test_all_gradients_are_checked_before_anything_changes(kind, spoil, message):
    one, other = parameter([1.0, 1.0]), parameter([2.0, 2.0])
    optimizer = kind([one, other], lr=0.1)
    give(one, 1.0)
    give(other, 1.0)
    spoil(other)
    with pytest.raises(ValueError, match=re.escape(f"{kind.__name__}.step: parameter 1 is {message}")):
        optimizer.step()
    assert one.data.tolist() == [1.0, 1.0]
    assert steps(optimizer) == [0, 0]


@every_kind
def test_training_a_small_network(kind):
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, 16, rng=rng), nn.Tanh(), nn.Linear(16, 2, rng=rng))
    x, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
    optimizer = kind(model.parameters(), lr={optim.SGD: 1.0, optim.Adagrad: 0.3, optim.Adadelta: 30.0}.get(kind, 0.1))
    for _ in range(100):
        loss = F.softmax_cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


# arguments


def test_parameters_may_come_from_a_generator():
    model = nn.Linear(3, 2)
    optimizer = optim.SGD((p for p in model.parameters()), lr=0.1)
    assert list(map(id, optimizer.parameters)) == list(map(id, model.parameters()))


def test_any_leaf_can_be_trained():
    x = mg.Variable(np.array([3.0]))
    optimizer = optim.SGD([x], lr=0.25)
    for _ in range(20):
        optimizer.zero_grad()
        ((x - 1) ** 2).sum().backward()
        optimizer.step()
    assert x.item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (nn.Linear(1, 1), TypeError, "SGD: parameters is a Linear; pass model.parameters()"),
        (nn.Sequential(nn.ReLU()), TypeError, "SGD: parameters is a Sequential; pass model.parameters()"),
        (nn.Parameter([1.0]), TypeError, "SGD: parameters must be a list of parameters, not one Parameter"),
        (None, TypeError, "SGD: parameters must be a list of parameters, not one NoneType"),
        ([np.ones(2)], TypeError, "SGD: parameters[0] must be a Parameter, not ndarray"),
        ([(0, nn.Parameter(1.0))], TypeError, "SGD: parameters[0] must be a Parameter, not tuple"),
        ([("w", nn.Parameter(1.0)), ("w", nn.Parameter(1.0))], ValueError, "SGD: two parameters are called 'w'"),
        (
            [nn.Parameter(1.0) * 2],
            ValueError,
            "SGD: parameters[0] was computed by MulScalar; only leaves can be trained",
        ),
        ([], ValueError, "SGD: there are no parameters; does the model keep its layers as attributes?"),
    ],
)
def test_what_are_no_parameters(parameters, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize(
    ("kind", "settings", "error", "message"),
    [
        (optim.SGD, {"lr": 0}, ValueError, "SGD: lr must be positive, not 0"),
        (optim.SGD, {"lr": -0.1}, ValueError, "SGD: lr must be positive, not -0.1"),
        (optim.Adam, {"lr": math.inf}, ValueError, "Adam: lr must be finite, not inf"),
        (optim.Adagrad, {"lr": "0.1"}, TypeError, "Adagrad: lr must be a number, not '0.1'"),
        (optim.SGD, {"lr": 0.1, "momentum": 1.0}, ValueError, "SGD: momentum must be in [0, 1), not 1.0"),
        (optim.SGD, {"lr": 0.1, "momentum": -0.1}, ValueError, "SGD: momentum must be in [0, 1), not -0.1"),
        (optim.Adam, {"beta1": 1.0}, ValueError, "Adam: beta1 must be in [0, 1), not 1.0"),
        (optim.Adam, {"beta2": 1.5}, ValueError, "Adam: beta2 must be in [0, 1), not 1.5"),
        (optim.Adam, {"eps": 0.0}, ValueError, "Adam: eps must be positive, not 0.0"),
        (optim.Adagrad, {"eps": math.nan}, ValueError, "Adagrad: eps must be finite, not nan"),
        (optim.AdamW, {"weight_decay": -0.1}, ValueError, "AdamW: weight_decay must not be negative, not -0.1"),
        (optim.RMSprop, {"momentum": 1}, ValueError, "RMSprop: momentum must be in [0, 1), not 1"),
        (optim.RMSprop, {"beta2": 1}, ValueError, "RMSprop: beta2 must be in [0, 1), not 1"),
        (optim.SGD, {"lr": 0.1, "nesterov": 1}, TypeError, "SGD: nesterov must be True or False, not 1"),
        (optim.SGD, {"lr": 0.1, "nesterov": True}, ValueError, "SGD: nesterov=True needs a momentum above 0"),
    ],
)
def test_numbers_out_of_range(kind, settings, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        kind([parameter(1.0)], **settings)


@pytest.mark.parametrize(
    ("optimizer", "name", "value", "message"),
    [
        (optim.SGD([nn.Parameter(1.0)], lr=0.1), "lr", -1, "SGD: lr must not be negative, not -1"),
        (optim.SGD([nn.Parameter(1.0)], lr=0.1), "momentum", 1, "SGD: momentum must be in [0, 1), not 1"),
        (optim.Adam([nn.Parameter(1.0)]), "beta1", "0.9", "Adam: beta1 must be a number, not '0.9'"),
        (optim.Adagrad([nn.Parameter(1.0)]), "eps", 0, "Adagrad: eps must be positive, not 0"),
        (
            optim.Adam([nn.Parameter(1.0)]),
            "learning_rate",
            0.1,
            "Adam has no learning_rate; write optimizer.lr",
        ),
        (optim.SGD([nn.Parameter(1.0)], lr=0.1), "momentun", 0.9, "SGD has no momentun; did you mean momentum?"),
        (optim.Adagrad([nn.Parameter(1.0)]), "nesterov", True, "Adagrad has no attribute 'nesterov'"),
        (optim.SGD([nn.Parameter(1.0)], lr=0.1), "nesterov", True, "SGD: nesterov is fixed; make a new SGD"),
        (optim.RMSprop([nn.Parameter(1.0)]), "momentum", 1, "RMSprop: momentum must be in [0, 1), not 1"),
    ],
)
def test_what_is_set_between_steps_is_checked(optimizer, name, value, message):
    before = getattr(optimizer, name, None)
    with pytest.raises((TypeError, ValueError, AttributeError), match=f"^{re.escape(message)}$"):
        setattr(optimizer, name, value)
    assert getattr(optimizer, name, None) == before


def test_the_parameters_of_an_optimizer_are_fixed():
    optimizer = optim.SGD([nn.Parameter(1.0)], lr=0.1)
    with pytest.raises(AttributeError):
        optimizer.parameters = [nn.Parameter(2.0)]
    assert isinstance(optimizer.parameters, tuple)


def test_an_optimizers_own_methods_may_give_it_attributes():
    class Counting(optim.SGD):
        def __init__(self, parameters, *, lr):
            self.before = 1
            super().__init__(parameters, lr=lr)
            self.after = 2

        def step(self):
            self.calls = getattr(self, "calls", 0) + 1

    optimizer = Counting([nn.Parameter(1.0)], lr=0.1)
    optimizer.step()
    optimizer.step()
    optimizer.calls += 5
    assert (optimizer.before, optimizer.after, optimizer.calls) == (1, 2, 7)
    with pytest.raises(AttributeError, match="Counting has no call; did you mean calls"):
        optimizer.call = 1


def test_an_optimizer_says_in_update_how_a_parameter_changes():
    class Sign(optim.Optimizer):
        def update(self, p, g, slots, step):
            p -= self.lr * np.sign(g)

    for kind in (Sign, optim.Optimizer):
        p = parameter([1.0])
        give(p, 5.0)
        optimizer = kind([p], lr=0.25)
        if kind is Sign:
            optimizer.step()
            assert p.item() == 0.75
        else:
            with pytest.raises(TypeError, match="Optimizer has no update"):
                optimizer.step()


@every_kind
def test_float16_parameters_take_float32_steps(kind):
    """The same steps as in float32, rounded: no small gradient's square is lost, and none of 0 makes a NaN."""
    halves, singles = parameter(np.ones(4), np.float16), parameter(np.ones(4), np.float32)
    optimizers = kind([halves], lr=0.01), kind([singles], lr=0.01)
    for gradient in np.array([[1e-2, 1e-4, 1.0, 0.0], [-1e-2, 1e-5, 2.0, 0.0]], np.float16):
        give(halves, gradient)
        give(singles, gradient)
        for optimizer in optimizers:
            optimizer.step()
        assert halves.dtype == np.float16
        np.testing.assert_allclose(halves.data, singles.data, atol=1e-3)


@every_kind
def test_a_parameter_that_got_another_shape(kind):
    one, other = parameter([1.0, 1.0]), parameter(np.ones((2, 3)))
    optimizer = kind([one, other], lr=0.1)
    slots = optimizer.slot_names
    give(one, 1.0)
    give(other, 1.0)
    optimizer.step()
    other.zero_grad()
    other.data = np.ones((3, 2))
    give(other, 1.0)
    before = one.data.copy()
    if not slots:
        optimizer.step()
        return
    with pytest.raises(ValueError, match=re.escape("parameter 1 is (3, 2) float64 now, but its ")):
        optimizer.step()
    np.testing.assert_array_equal(one.data, before)
    assert steps(optimizer) == [1, 1]


@every_kind
def test_a_read_only_parameter_keeps_all_as_they_were(kind):
    one, other = parameter([1.0, 1.0]), nn.Parameter(np.broadcast_to(2.0, 2))
    optimizer = kind([one, other], lr=0.1)
    give(one, 1.0)
    give(other, 1.0)
    with pytest.raises(ValueError, match=re.escape("step: parameter 1, (2,) float64, can't be changed: its array is")):
        optimizer.step()
    assert one.data.tolist() == [1.0, 1.0]
    assert steps(optimizer) == [0, 0]


def test_a_step_without_any_gradient_is_an_error():
    p = nn.Parameter(np.ones(2, np.float32))
    optimizer = optim.SGD([p], lr=1)
    with pytest.raises(ValueError, match=r"^SGD\.step: no parameter has a gradient; call backward\(\) before"):
        optimizer.step()
    other = nn.Parameter(np.ones(2, np.float32))
    other.sum().backward()
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        optimizer.step()


def test_what_is_frozen_after_backward_stays():
    p, q = nn.Parameter(np.ones(2, np.float32)), nn.Parameter(np.ones(2, np.float32))
    (p + q).sum().backward()
    p.requires_grad = False
    optim.SGD([p, q], lr=1).step()
    assert p.data.tolist() == [1, 1]
    assert q.data.tolist() == [0, 0]
