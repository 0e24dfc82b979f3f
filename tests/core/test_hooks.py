"""Hooks: called around every forward and backward, one around the other, in their own context alone."""

import threading

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import Variable, grad
from minigrad.core.hooks import Hook, hooked


class Noting(Hook):
    """Notes what is called, before and after."""

    def __init__(self, notes, name=""):
        self.notes, self.name = notes, name

    def forward(self, run, function, arrays):
        self.notes.append(f"{self.name}({function.name}")
        y = run(function, arrays)
        self.notes.append(f"{function.name}{self.name})")
        return y

    def backward(self, run, function, gy):
        self.notes.append(f"{self.name}[{function.name}")
        gradients = run(function, gy)
        self.notes.append(f"{function.name}{self.name}]")
        return gradients


@pytest.fixture
def notes():
    return []


def test_a_hook_is_called_around_each_forward_and_backward(notes):
    x = Variable(1.0)
    with hooked(Noting(notes)):
        F.exp(F.tanh(x)).backward()
    assert notes[:4] == ["(Tanh", "Tanh)", "(Exp", "Exp)"]
    assert [note for note in notes[4:] if "Exp" in note or "Tanh" in note] == ["[Exp", "Exp]", "[Tanh", "Tanh]"]
    assert notes[4:8] == ["[Exp", "(Mul", "Mul)", "Exp]"]  # a gradient is computed by forwards
    count = len(notes)
    F.exp(x).backward()
    assert len(notes) == count


def test_a_hook_entered_later_is_around_those_before(notes):
    with hooked(Noting(notes, "a")), hooked(Noting(notes, "b")):
        y = F.relu(Variable(1.0))
        y.backward()
    assert notes[:4] == ["b(ReLU", "a(ReLU", "ReLUa)", "ReLUb)"]
    assert [note for note in notes[4:] if "ReLU" in note] == ["b[ReLU", "a[ReLU", "ReLUa]", "ReLUb]"]


def test_a_hook_changes_no_number():
    x = Variable([1.0, 2.0, 3.0])

    def gradients():
        y = (F.tanh(x) * x).sum()
        gx = grad(y, x, create_graph=True)
        return y.data.tobytes(), gx.data.tobytes(), grad(gx.sum(), x).data.tobytes()

    expected = gradients()
    with hooked(Hook()):
        assert gradients() == expected


def test_a_hook_sees_what_is_not_recorded(notes):
    with mg.no_grad(), hooked(Noting(notes)):
        F.exp(Variable(1.0))
        F.exp(1.0)
    assert notes == ["(Exp", "Exp)"] * 2


def test_what_a_hook_gives_back_counts():
    class Doubling(Hook):
        def backward(self, run, function, gy):
            return [None if gx is None else gx * 2 for gx in run(function, gy)]

    x = Variable([1.0, 2.0])
    y = (x * 3).sum()
    with hooked(Doubling()):
        gx = grad(y, x)
    assert gx.data.tolist() == [12, 12]
    np.testing.assert_array_equal(grad(y, x).data, [3, 3])


def test_a_hook_that_raises_leaves_every_grad_as_it_was():
    class Refusing(Hook):
        def backward(self, run, function, gy):
            raise RuntimeError("no")

    x = Variable(1.0)
    with pytest.raises(RuntimeError, match="no"), hooked(Refusing()):
        (x * 2).backward()
    assert x.grad is None
    (x * 2).backward()
    assert x.grad.item() == 2


def test_a_hook_is_not_called_in_other_threads(notes):
    with hooked(Noting(notes)):
        thread = threading.Thread(target=lambda: F.exp(Variable(1.0)))
        thread.start()
        thread.join()
    assert notes == []
