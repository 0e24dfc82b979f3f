"""Module: finding parameters, calling, state dicts and repr."""

import copy
import pickle
import re
from collections import UserDict, UserList, deque
from dataclasses import make_dataclass
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn
from minigrad.core.hooks import Hook, hooked
from minigrad.nn import module as module_file
from tests.interrupts import interrupts


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
    table = mg.Variable(np.ones(3), requires_grad=False)
    model = Chain(table=table, array=np.ones(3), number=1.0, text="w", nothing=None, empty=[])
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


# what would not be found


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (mg.Variable([1.0]), "Scale.own: a Variable would not be trained; make it an nn.Parameter"),
        ([Scale(), (mg.Variable([1.0]),)], "Scale.own.1.0: a Variable would not be trained"),
        ({"a": mg.Variable([1.0])}, "Scale.own.a: a Variable would not be trained"),
        ({Scale()}, "Scale.own: the Scale in a set would be lost; use a list, tuple or dict"),
        (SimpleNamespace(a=Scale()), "Scale.own: the Scale in a SimpleNamespace would be lost"),
        (np.array([Scale(), None]), "Scale.own: the Scale in a ndarray would be lost"),
        (make_dataclass("Blocks", ["first"])(Scale()), "Scale.own: the Scale in a Blocks would be lost"),
        ([frozenset({nn.Parameter(1.0)})], "Scale.own.0: the Parameter in a frozenset would be lost"),
        (deque([[Scale()]]), "Scale.own: the Scale in a deque would be lost"),
        (deque([mg.Variable(1.0)]), "Scale.own: the Variable in a deque would be lost"),
        (UserList([nn.Buffer(1.0)]), "Scale.own: the Buffer in a UserList would be lost"),
        (UserDict({"a": Scale()}), "Scale.own: the Scale in a UserDict would be lost"),
        (MappingProxyType({"a": Scale()}), "Scale.own: the Scale in a mappingproxy would be lost"),
        ({"a": Scale()}.values(), "Scale.own: the Scale in a dict_values would be lost"),
    ],
)
def test_what_would_not_be_found_is_an_error_where_it_is_set(value, message):
    module = Scale()
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        module.own = value
    assert list(vars(module)) == ["w"]


@pytest.mark.parametrize(
    ("container", "add"),
    [
        ([], lambda own: own.append(mg.Variable([1.0]))),
        ({}, lambda own: own.update(a=mg.Variable([1.0]))),
        (set(), lambda own: own.add(Scale())),
        (deque(), lambda own: own.append(nn.Parameter([1.0]))),
    ],
)
def test_what_was_added_later_and_is_not_found_is_an_error_where_parameters_are_asked_for(container, add):
    module = Scale()
    module.own = container
    add(module.own)
    for ask in (module.parameters, module.state_dict, lambda: list(module.named_modules())):
        with pytest.raises(TypeError, match=r"^Scale\.own(\.0|\.a)?: "):
            ask()


def test_what_is_found_elsewhere_may_stand_in_any_container_too():
    model = Chain(Scale(), Scale())
    model.frozen = {model.parts[0]}
    model.order = deque([model.parts[1].w, model.parts[0]])
    assert names(model) == ["parts.0.w", "parts.1.w"]


def test_numbers_that_are_not_trained_may_stand_anywhere():
    module = Scale()
    constant = mg.Variable(np.ones(3), requires_grad=False)
    module.constant, module.constants = constant, [constant, {constant.shape}]
    assert names(module) == ["w"]


def test_a_module_may_keep_what_it_computed():
    class Recurrent(nn.Module):
        def __init__(self):
            self.cell, self.seen = nn.Linear(2, 2), []

        def forward(self, x):
            self.h = F.tanh(self.cell(x))
            self.seen.append(self.h)
            return self.h

    model = Recurrent()
    model(np.ones((1, 2), np.float32)).sum().backward()
    assert names(model) == ["cell.w", "cell.b"]
    assert model.seen[0] is model.h


def test_a_parameter_that_was_computed_with_in_the_constructor_would_be_lost():
    class Small(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(np.ones(2, np.float32)) * 0.01

    with pytest.raises(TypeError, match=r"^Small\.w: a Parameter would be lost in MulScalar; nn\.Parameter"):
        Small()


@pytest.mark.parametrize("value", [nn.Linear(1, 1), nn.Parameter(1.0), nn.Buffer(1.0), [nn.ReLU()], mg.Variable(1.0)])
def test_a_layer_as_an_attribute_of_the_class_is_an_error(value):
    with pytest.raises(TypeError, match=r"^Model\.layer(\.0)?: a class's attribute is not found; set self\.layer"):
        type("Model", (nn.Module,), {"layer": value})


def test_a_layer_in_slots_is_an_error():
    with pytest.raises(TypeError, match=r"^Model: what __slots__ holds is not found"):
        type("Model", (nn.Module,), {"__slots__": ("layer",)})


@pytest.mark.parametrize(
    ("name", "meant"), [("training", r"minigrad\.inference\(\)"), ("requires_grad", r"model\.freeze\(\)")]
)
def test_attributes_that_would_do_nothing_are_errors_that_say_what_is_meant(name, meant):
    module = Scale()
    with pytest.raises(AttributeError, match=rf"^Scale has no {name}; write .*{meant}"):
        setattr(module, name, False)
    assert not hasattr(module, name)


@pytest.mark.parametrize("make", [nn.Parameter, nn.Buffer])
@pytest.mark.parametrize(
    "value", [np.zeros(2), 0.0, mg.Variable(0.0, requires_grad=False), [nn.Parameter(1.0)]], ids=repr
)
def test_only_another_one_takes_the_place_of_a_parameter_or_buffer(make, value):
    module, own = Scale(), make([1.0, 2.0])
    module.own = own
    with pytest.raises(
        TypeError, match=rf"^Scale\.own: a \w+ can't take the place of the {make.__name__}; .*\.own\.data"
    ):
        module.own = value
    with pytest.raises(TypeError, match=r"^Scale\.own: a Variable can't take the place"):
        module.own = own * 0.9
    assert module.own is own
    module.own = nn.Parameter([3.0])
    module.own = nn.Buffer([3.0])
    module.own = None
    assert names(module) == ["w"]


# Buffer


class Mean(nn.Module):
    """Keeps a running mean and counts its calls."""

    def __init__(self):
        self.w = nn.Parameter(np.ones(2, np.float32))
        self.mean, self.calls = nn.Buffer(np.zeros(2, np.float32)), nn.Buffer(np.array(0))

    def forward(self, x):
        self.mean.data = 0.5 * self.mean.data + 0.5 * F.mean(x, 0).data
        self.calls.data += 1
        return (x - self.mean) * self.w


@pytest.fixture
def used():
    model = nn.Sequential(Mean())
    model(np.array([[2.0, 4.0]], np.float32)).sum().backward()
    return model


def test_a_buffer_is_no_parameter_and_gets_no_gradient(used):
    assert names(used) == ["layers.0.w"]
    assert not used[0].mean.requires_grad
    assert used[0].mean.grad is None
    with pytest.raises(AttributeError):
        used[0].mean.requires_grad = True


def test_a_buffer_is_in_the_state_dict_and_comes_back(used):
    state = used.state_dict()
    assert {name: array.tolist() for name, array in state.items()} == {
        "layers.0.w": [1, 1],
        "layers.0.mean": [1, 2],
        "layers.0.calls": 1,
    }
    other = nn.Sequential(Mean())
    other.load_state_dict(state)
    assert bits(other) == bits(used)
    assert other[0].calls.dtype == np.int64


def test_a_buffer_of_ints_takes_ints_that_fit():
    module = nn.Module()
    module.count = nn.Buffer(np.array([1, 2], np.uint8))
    module.load_state_dict({"count": np.array([255, 0])})
    for array, message in [
        (np.array([256, 0]), "count: (2,) int64 overflows uint8"),
        (np.array([-1, 0]), "count: (2,) int64 overflows uint8"),
        (np.array([1.0, 2.0]), "count: (2,) float64, expected ints (2,) uint8"),
        (np.array([True, False]), "count: (2,) bool, expected ints (2,) uint8"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            module.load_state_dict({"count": array})
    assert module.count.data.tolist() == [255, 0]


def test_a_buffer_stays_one_in_copies_and_moves(used):
    for other in (copy.deepcopy(used), pickle.loads(pickle.dumps(used)), used.to("cpu")):
        assert type(other[0].mean) is nn.Buffer
        assert bits(other) == bits(used)


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


def test_a_backward_through_numbers_from_before_load_state_dict_is_an_error():
    model = Chain(Scale(2.0), Scale(3.0))
    before = model(np.ones(2, np.float32)).sum()
    model.load_state_dict(Chain(Scale(5.0), Scale(7.0)).state_dict())
    with pytest.raises(mg.EditedArrayError, match="load_state_dict of Chain changed a leaf"):
        before.backward()
    model(np.ones(2, np.float32)).sum().backward()
    assert [p.grad.data.tolist() for p in model.parameters()] == [[7, 7], [5, 5]]


def test_a_backward_through_buffers_from_before_load_state_dict_uses_their_old_numbers():
    model, x = Mean(), mg.Variable(np.ones((1, 2), np.float32))
    model.w.requires_grad = False
    before = (model(x) * model.mean).sum()
    mean = model.mean.data.copy()
    model.load_state_dict({"w": np.full(2, 5.0), "mean": np.full(2, 9.0), "calls": np.array(1)})
    before.backward()
    assert x.grad.data.tolist() == [mean.tolist()]


def test_load_state_dict_keeps_the_parameters_dtype():
    model = Scale()
    model.load_state_dict({"w": np.array([0.1, np.nan])})
    np.testing.assert_array_equal(model.w.data, np.array([0.1, np.nan], np.float32), strict=True)


def test_load_state_dict_of_the_models_own_arrays_exchanged():
    model = Chain(Scale(1.0), Scale(2.0))
    model.load_state_dict({"parts.0.w": model.parts[1].w.data, "parts.1.w": model.parts[0].w.data})
    assert [p.data.tolist() for p in model.parameters()] == [[2, 2], [1, 1]]


def test_load_state_dict_lists_all_that_is_wrong_and_changes_nothing():
    model = Chain(Scale(), Scale(), Scale(), Scale(), Scale(), Scale())
    before = bits(model)
    state = {
        "parts.0.w": np.full(2, 7.0),  # this one would fit
        "parts.1.w": np.zeros((2, 1)),
        "parts.2.w": np.zeros(2, int),
        "parts.3.w": [0.0, 0.0],
        "parts.5.w": np.ma.masked_array([0.0, 0.0], mask=[0, 1]),
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
        "  parts.5.w: a MaskedArray, expected an array (2,) float32",
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


# interrupts


def test_an_interrupted_load_state_dict_loads_all_or_nothing():
    model, other = Chain(Scale(1.0), Scale(2.0), Mean()), Chain(Scale(3.0), Scale(4.0), Mean())
    before, after, state = bits(model), bits(other), other.state_dict()
    found = [bits(model) for interrupt in interrupts(lambda: model.load_state_dict(state), module_file) if interrupt]
    assert len(found) > 20
    assert all(each in (before, after) for each in found)
    assert before in found
    assert bits(model) == after


def test_an_interrupted_move_moves_all_or_nothing():
    model = Chain(Scale(1.0), Scale(2.0), Scale(3.0))
    found = []
    for interrupt in interrupts(lambda: model.to("cpu"), module_file):
        if interrupt:
            found.append({p.grad is None for p in model.parameters()})
        else:
            model(np.ones(2, np.float32)).sum().backward()
    assert len(found) > 20
    assert all(each in ({True}, {False}) for each in found)
    assert {False} in found
    assert {p.grad is None for p in model.parameters()} == {True}


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


@pytest.mark.parametrize("key", ["a\nb", "\0", "\x1b[31m", "\ud800", "x" * 10_001])
@pytest.mark.parametrize(
    "use",
    [nn.Module.parameters, nn.Module.state_dict, lambda model: model.summary((1,))],
    ids=["list", "state", "summary"],
)
def test_a_key_that_can_be_no_name_is_refused_in_a_line(key, use):
    class Model(nn.Module):
        def __init__(self):
            self.layers = {key: nn.Linear(1, 1)}

        def forward(self, x):
            return self.layers[key](x)

    with pytest.raises(ValueError, match=r"^Model: 'layers.*' can't be a name; rename a dict's key") as error:
        use(Model())
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("make", [lambda layers: (x for x in layers), zip, enumerate])
def test_layers_that_something_else_makes_would_be_lost(make):
    module = nn.Module()
    with pytest.raises(TypeError, match=r"^Module\.layers: .* would be lost; use a list, tuple or dict$"):
        module.layers = make([nn.Linear(2, 2)])


@pytest.mark.parametrize("name", ["parameters", "to", "forward", "zero_grad", "__init__"])
def test_a_parameter_does_not_hide_a_method(name):
    with pytest.raises(AttributeError, match=f"^Module.{name}: it would hide the method {name}; choose another name$"):
        setattr(nn.Module(), name, nn.Parameter([1.0]))
