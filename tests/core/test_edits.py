"""Arrays that are changed in place, and what is put in their place: right gradients, or an error."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import EditedArrayError, Variable, grad, nn
from minigrad import functions as F


@pytest.fixture
def w():
    return Variable(np.array([1.0, 2.0, 3.0], np.float32), name="w")


OPERATIONS = {
    "w * w": lambda w: w * w,
    "w ** 3": lambda w: w**3,
    "x * w": lambda w: Variable([3.0, 2.0, 1.0]) * w,
    "w[0] * w": lambda w: w[0] * w,
    "linear": lambda w: F.linear(np.ones((2, 1)), w.reshape(1, 3)) * w,
    "exp(w) * w": lambda w: F.exp(w) * w,
}
EACH = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


@EACH
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_backward_through_an_array_changed_since_is_an_error(w, operation, create_graph):
    y = operation(w).sum()
    w.data -= np.float32(0.5)
    with pytest.raises(EditedArrayError, match=re.escape("an edit of .data changed the leaf w in place, after")):
        y.backward(create_graph=create_graph)
    with pytest.raises(EditedArrayError, match="call backward before, or apply the operation again"):
        grad(y, w)
    assert w.grad is None


@EACH
def test_what_is_computed_after_the_change_has_its_gradient(w, operation):
    w.data -= np.float32(0.5)
    fresh = Variable(w.data.copy())
    assert grad(operation(w).sum(), w).data.tolist() == grad(operation(fresh).sum(), fresh).data.tolist()


def test_operations_that_saved_nothing_of_it_do_not_mind(w):
    y = (w + 1).sum() + (w * np.ones(3, np.float32)).sum()
    w.data *= 2
    assert grad(y, w).data.tolist() == [2, 2, 2]


def test_an_array_in_place_of_the_old_one_leaves_the_graph_as_it_was(w):
    y = (w * w).sum()
    w.data = w.data + 1
    assert grad(y, w).data.tolist() == [2, 4, 6]


def test_a_change_is_remembered_when_the_array_was_replaced_and_changed_again(w):
    y = (w * w).sum()
    w.data -= np.float32(0.5)
    w.data = w.data.copy()
    w.data -= np.float32(0.5)
    with pytest.raises(EditedArrayError, match="changed the leaf w in place"):
        y.backward()


def test_changes_of_arrays_that_are_gone_are_forgotten(w):
    for _ in range(3):
        w.data = w.data.copy()
        w.data -= np.float32(0.5)
    assert len(w.edits) == 1


def test_the_error_names_who_changed_it(w):
    y = (w * w).sum()
    w.mark_edited("my own optimizer")
    with pytest.raises(
        EditedArrayError, match="backward of Mul: my own optimizer changed the leaf w in place, after Mul"
    ):
        y.backward()


def test_a_change_by_hand_with_a_gradient(w):
    (w * w).sum().backward()
    with mg.no_grad():
        w.data -= 0.5 * w.grad
    assert w.data.tolist() == [0, 0, 0]
    w.data += w.grad  # constant: nothing would be lost, also while recording
    assert w.data.tolist() == [2, 4, 6]
    with pytest.raises(TypeError, match="subtract"):
        w.data -= w * 2


@pytest.mark.parametrize("value", [3.0, [1.0, 2.0, 3.0], None, "a", Variable([1.0])], ids=repr)
def test_data_must_be_an_array(w, value):
    before = w.data
    with pytest.raises(TypeError, match=r"data: it must be an array, not \w+; write x\.data\[\.\.\.\] ="):
        w.data = value
    assert w.data is before


@pytest.mark.parametrize("value", [np.arange(3), np.array([True, False, True])], ids=repr)
def test_data_of_what_requires_a_gradient_must_be_floats(w, value):
    with pytest.raises(TypeError, match=r"data: only floats have gradients, not \(3,\)"):
        w.data = value
    w.requires_grad = False
    w.data = value
    assert w.data is value


def test_a_scalar_of_numpy_becomes_an_array():
    x = Variable(2.0)
    x.data = x.data * 2
    assert type(x.data) is np.ndarray
    assert x.item() == 4


IN_PLACE = ["p += 1", "p -= 0.1 * g", "p *= 2", "p /= 2", "p **= 2", "p @= g"]


@pytest.mark.parametrize("statement", IN_PLACE)
def test_an_operator_in_place_does_not_pass_for_an_update(w, statement):
    g = np.ones(3, np.float32)
    for p in (nn.Parameter(w.data), w):
        with pytest.raises(TypeError, match=re.escape("write p.data")), mg.no_grad():
            exec(statement, {"p": p, "g": g})  # noqa: S102 - it stands above
    with pytest.raises(TypeError, match=re.escape("or use an optimizer")):
        exec(statement, {"p": nn.Parameter(w.data), "g": g})  # noqa: S102


@pytest.mark.parametrize("statement", IN_PLACE)
def test_an_operator_in_place_gives_the_name_to_a_new_variable(w, statement):
    g, places = np.ones(3, np.float32), {"p": w * 1}
    exec(statement, {"g": g}, places)  # noqa: S102
    assert places["p"].requires_grad
    with mg.no_grad():
        places = {"p": w * 1}
        exec(statement, {"g": g}, places)  # noqa: S102
    assert w.data.tolist() == [1, 2, 3]


OUTPUTS = {"exp": F.exp, "sigmoid": F.sigmoid, "tanh": F.tanh, "softmax": F.softmax, "sqrt": F.sqrt}


@pytest.mark.parametrize("f", OUTPUTS.values(), ids=OUTPUTS)
def test_an_output_that_its_own_operation_saved(w, f):
    y = f(w)
    y.data *= 2
    with pytest.raises(EditedArrayError, match=r"an edit of \.data changed the output of \w+ in place"):
        y.sum().backward()
    with pytest.raises(EditedArrayError):
        grad(y, w, np.ones(3, np.float32))


def test_an_output_that_a_later_operation_saved(w):
    y = w + 1
    z = y * y
    y.data -= 1
    with pytest.raises(EditedArrayError, match=r"backward of Mul: an edit of \.data changed the output of AddScalar"):
        z.sum().backward()


def test_an_edit_beside_the_path_from_which_no_gradient_is_asked_for_does_no_harm(w):
    x = Variable([1.0, 2.0, 3.0])
    y = (x * x).sum() + (w * w).sum()
    w.data -= 1
    assert grad(y, x).data.tolist() == [2, 4, 6]
    for differentiate in (y.backward, lambda: grad(y, w)):
        with pytest.raises(EditedArrayError, match="changed the leaf w in place"):
            differentiate()


def test_an_edit_before_the_result_with_respect_to_which_one_differentiates(w):
    view = w.reshape(3, 1)  # has the memory of w
    y = (view * view).sum()
    w.data -= 1
    with pytest.raises(EditedArrayError, match="changed the leaf w in place"):
        grad(y, view)


VIEWS = {
    "T": lambda w: w.T,
    "index": lambda w: w[0],
    "reshape": lambda w: w.reshape(6),
    "several": lambda w: np.squeeze(w[None].T)[1].reshape(1, 2),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_an_edit_of_a_view_is_one_of_what_it_shows(view):
    w = Variable(np.ones((2, 3), np.float32), name="w")
    hidden = w * 1
    for x, what in ((w, "the leaf w"), (hidden, "the output of MulScalar")):
        seen, y = view(x), (x * x).sum()
        seen.data *= 2
        with pytest.raises(EditedArrayError, match=f"an edit of .data changed {what} in place, after Mul saved it"):
            y.backward()
    assert w.grad is None


def test_an_output_that_nobody_saved_may_be_changed(w):
    y = w + 1
    y.data *= 2
    assert grad(y, w, np.ones(3, np.float32)).data.tolist() == [1, 1, 1]
