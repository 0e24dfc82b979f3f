"""Module: finding parameters, calling, state dicts and repr."""

import copy
import pickle

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.core.hooks import Hook, hooked


class Scale(nn.Module):
    """y = w · x, the smallest layer."""

    def __init__(self, value=1.0):
        self.w = nn.Parameter(np.full(2, value, np.float32))

    def forward(self, x):
        return x * self.w


class Chain(nn.Module):
    """Calls `parts` one after the other, and holds whatever else it is given."""

    def __init__(self, *parts, **attributes):
        self.parts = list(parts)
        vars(self).update(attributes)

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x


def names(module):
    return [name for name, _ in module.named_parameters()]


def bits(module):
    return {name: array.tobytes() for name, array in module.state_dict().items()}


# what is found


def test_parameters_are_found_in_the_order_of_assignment():
    class Model(nn.Module):
        def __init__(self):
            self.second = Scale()
            self.first = nn.Parameter(1.0)
            self.third = Scale()

    assert names(Model()) == ["second.w", "first", "third.w"]


def test_parameters_are_found_in_lists_tuples_and_dicts():
    model = Chain(Scale(), heads={"a": Scale(), "b": [nn.Parameter(1.0), (Scale(),)]})
    assert names(model) == ["parts.0.w", "heads.a.w", "heads.b.0", "heads.b.1.0.w"]


def test_only_parameters_are_parameters():
    model = Chain(table=mg.Variable(np.ones(3)), array=np.ones(3), number=1.0, text="w", nothing=None, empty=[])
    assert model.parameters() == []


def test_a_parameter_in_two_places_is_one_under_its_first_name():
    encoder, decoder = Scale(), Scale()
    decoder.w = encoder.w
    assert names(Chain(encoder, decoder)) == ["parts.0.w"]


def test_a_module_in_two_places_is_one_under_its_first_name():
    shared = Scale()
    model = Chain(shared, shared)
    assert names(model) == ["parts.0.w"]
    assert list(model.named_modules()) == [("", model), ("parts.0", shared)]


def test_modules_may_know_their_parents():
    child = Scale()
    parent = Chain(child)
    child.parent = parent
    assert names(parent) == ["parts.0.w"]
    assert names(child) == ["w"]


def test_a_thousand_modules_deep():
    model = Scale()
    for _ in range(1000):
        model = Chain(model)
    assert len(model.parameters()) == 1


def test_two_parameters_of_one_name_are_an_error():
    model = Chain(table={1: Scale(), "1": Scale()})
    with pytest.raises(ValueError, match=r"Chain: two parameters are called 'table\.1\.w'"):
        model.parameters()


def test_named_modules_and_children():
    inner = Chain(Scale())
    model = Chain(inner, last=Scale())
    assert [name for name, _ in model.named_modules()] == ["", "parts.0", "parts.0.parts.0", "last"]
    assert model.named_children() == [("parts.0", inner), ("last", model.last)]


# copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_of_a_model_is_independent_and_keeps_what_is_shared(duplicate):
    shared = Scale(3.0)
    shared.w.requires_grad = False
    model = Chain(shared, shared)
    other = duplicate(model)
    assert bits(other) == bits(model)
    assert type(other.parts[0].w) is nn.Parameter
    assert not other.parts[0].w.requires_grad
    assert other.parts[0] is other.parts[1]
    other.parts[0].w.data[...] = 7
    assert model.parts[0].w.data.tolist() == [3, 3]


# calling


def test_calling_is_forward():
    class Model(nn.Module):
        def forward(self, a, b, *, c):
            return a, b, c

    assert Model()(1, 2, c=3) == (1, 2, 3)


def test_a_module_without_forward():
    class Empty(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"Empty has no forward: .*forward\(self, x\)"):
        Empty()(1)


def test_hooks_are_called_around_each_module_the_last_one_outermost():
    seen = []

    class Trace(Hook):
        def __init__(self, name):
            self.name = name

        def call(self, run, module, inputs, options):
            seen.append((self.name, module))
            return run(module, inputs, options) * 2

    model = Chain(Scale(3.0))
    with hooked(Trace("inner")), hooked(Trace("outer")):
        y = model(mg.Variable(np.ones(2, np.float32)))
    assert seen == [("outer", model), ("inner", model), ("outer", model.parts[0]), ("inner", model.parts[0])]
    assert y.data.tolist() == [48, 48]
    assert model(np.ones(2, np.float32)).data.tolist() == [3, 3]


def test_gradients_reach_the_parameters_and_zero_grad_forgets_them():
    model = Chain(Scale(2.0), Scale(3.0))
    model(np.array([1.0, 10.0], np.float32)).sum().backward()
    assert [p.grad.data.tolist() for p in model.parameters()] == [[3, 30], [2, 20]]
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [None, None]


def test_to_moves_in_place_and_forgets_gradients():
    model = Chain(Scale())
    w = model.parts[0].w
    model(np.ones(2, np.float32)).sum().backward()
    assert model.to("cpu") is model
    assert model.parts[0].w is w
    assert w.grad is None


def test_to_an_unknown_device_changes_nothing():
    model = Chain(Scale())
    before = [p.data for p in model.parameters()]
    with pytest.raises(ValueError, match="not 'tpu'"):
        model.to("tpu")
    assert all(p.data is array for p, array in zip(model.parameters(), before, strict=True))


# state dicts


def test_state_dict_is_a_copy():
    model = Chain(Scale())
    state = model.state_dict()
    assert list(state) == ["parts.0.w"]
    state["parts.0.w"][...] = 9
    assert model.parts[0].w.data.tolist() == [1, 1]


def test_load_state_dict_copies_into_the_arrays_that_are_there():
    model, state = Chain(Scale()), Chain(Scale(5.0)).state_dict()
    array = model.parts[0].w.data
    model.load_state_dict(state)
    assert model.parts[0].w.data is array
    assert array.tolist() == [5, 5]
    state["parts.0.w"][...] = 9
    assert array.tolist() == [5, 5]


def test_load_state_dict_keeps_the_parameters_dtype():
    model = Scale()
    model.load_state_dict({"w": np.array([0.1, np.nan])})
    np.testing.assert_array_equal(model.w.data, np.array([0.1, np.nan], np.float32), strict=True)


def test_load_state_dict_of_the_models_own_arrays_exchanged():
    model = Chain(Scale(1.0), Scale(2.0))
    model.load_state_dict({"parts.0.w": model.parts[1].w.data, "parts.1.w": model.parts[0].w.data})
    assert [p.data.tolist() for p in model.parameters()] == [[2, 2], [1, 1]]


def test_load_state_dict_lists_all_that_is_wrong_and_changes_nothing():
    model = Chain(Scale(), Scale(), Scale(), Scale(), Scale())
    before = bits(model)
    state = {
        "parts.0.w": np.full(2, 7.0),  # this one would fit
        "parts.1.w": np.zeros((2, 1)),
        "parts.2.w": np.zeros(2, int),
        "parts.3.w": [0.0, 0.0],
        "head\nw": np.zeros(2),
    }
    with pytest.raises(ValueError, match="load_state_dict of Chain") as error:
        model.load_state_dict(state)
    assert str(error.value).splitlines() == [
        "load_state_dict of Chain: the state does not fit",
        "  parts.1.w: shape (2, 1), expected (2,)",
        "  parts.2.w: (2,) int64, expected floats (2,) float32",
        "  parts.3.w: a list, expected an array (2,) float32",
        "  parts.4.w: missing, expected an array (2,) float32",
        r"  'head\nw': not expected",
    ]
    assert bits(model) == before


def test_load_state_dict_never_makes_a_number_infinite():
    model = Chain(Scale(), Scale())
    before = bits(model)
    state = {"parts.0.w": np.array([2.0, np.inf]), "parts.1.w": np.array([1.0, 1e300])}
    with pytest.raises(ValueError, match=r"parts\.1\.w: \(2,\) float64 overflows float32"):
        model.load_state_dict(state)
    assert bits(model) == before
    state["parts.1.w"][1] = 4
    model.load_state_dict(state)
    assert [p.data.tolist() for p in model.parameters()] == [[2, np.inf], [1, 4]]


def test_load_state_dict_of_something_else():
    with pytest.raises(TypeError, match="load_state_dict of Scale: state must be a dict of arrays, not list"):
        Scale().load_state_dict([np.ones(2)])


@pytest.mark.parametrize(("w", "others"), [(2, []), (3, ["w: shape (2, 3), expected (2, 2)"])])
def test_a_read_only_parameter_keeps_the_whole_state_out(w, others):
    model = nn.Linear(2, 2)
    model.b.data.flags.writeable = False
    before = model.w.numpy().copy()
    with pytest.raises(ValueError, match=r"^load_state_dict of Linear: the state does not fit\n") as caught:
        model.load_state_dict({"w": np.ones((2, w)), "b": np.ones(2)})
    assert str(caught.value).split("\n  ")[1:] == [*others, "b: its array is read-only"]
    np.testing.assert_array_equal(model.w.data, before)


# repr


def test_repr_is_nested():
    model = Chain(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), head=Scale())
    assert (
        repr(model)
        == """
Chain(
  (parts.0): Sequential(
    (layers.0): Linear(2, 3)
    (layers.1): ReLU()
  )
  (head): Scale()
)
""".strip()
    )


def test_repr_of_a_cycle():
    model = Chain()
    model.me = model
    assert repr(model) == "Chain(\n  (me): ...\n)"


# Parameter, and the parameters that layers make


def test_a_parameter_requires_a_gradient():
    p = nn.Parameter([1.0, 2.0], name="p")
    assert isinstance(p, mg.Variable)
    assert (p.requires_grad, p.dtype, p.name) == (True, np.float32, "p")
    with mg.no_grad():
        assert nn.Parameter(1.0).requires_grad
    with pytest.raises(TypeError, match="only floats have gradients"):
        nn.Parameter(np.arange(3))


def test_without_rng_the_seed_decides():
    mg.seed(1)
    one = nn.Conv2d(1, 2, 3).w.data
    mg.seed(1)
    np.testing.assert_array_equal(nn.Conv2d(1, 2, 3).w.data, one)
    assert not np.array_equal(nn.Conv2d(1, 2, 3).w.data, one)


def test_weights_have_the_default_dtype_whatever_made_them():
    with mg.default_dtype(np.float64):
        assert {p.dtype for p in nn.Linear(3, 2).parameters()} == {np.dtype(np.float64)}
    layer = nn.Linear(3, 2, init=lambda shape, rng: np.ones(shape))
    assert {p.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


def test_weights_have_their_own_memory():
    pretrained = np.ones((3, 2), np.float32)
    layers = [nn.Linear(3, 2, init=lambda shape, rng: pretrained) for _ in range(2)]
    layers[0].w.data[...] = 5
    assert pretrained.max() == layers[1].w.data.max() == 1
