"""detect_anomaly: the first NaN or Inf, and saved arrays that were edited in place, with the user's own line."""

import re
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import EditedArrayError, Function, NonFiniteError, Variable, apply, grad

NAN, INF = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def _numpy_keeps_quiet():
    """NumPy's own warnings, which are errors here, would come first."""
    with np.errstate(all="ignore"):
        yield


def line_of(function, offset=1):
    """`file:line` of a line of this file, as messages give it: by default the first of the function's body."""
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def caught(error, function, *args):
    """The message of the error that function(*args) raises under detect_anomaly."""
    with pytest.raises(error) as raised, mg.detect_anomaly():
        function(*args)
    return str(raised.value)


def divide(x):
    return x / 0.0


class NaNBackward(Function):
    """The identity, whose gradient is not a number."""

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        return gy * NAN


# Forward


def test_forward_names_operation_line_and_count():
    message = caught(NonFiniteError, divide, Variable([1.0, 0.0, -1.0]))
    assert message.startswith("DivScalar at ")
    assert line_of(divide) in message
    assert "1 NaN" in message
    assert "2 Inf" in message
    assert "3" in message
    assert "inputs are finite" in message


def test_forward_tells_which_input_was_bad():
    def add(x, w):
        return x + w

    x, w = Variable([1.0, NAN]), Variable([INF, 1.0])
    assert "input 0 has 1 NaN" in caught(NonFiniteError, add, x, Variable([1.0, 1.0]))
    message = caught(NonFiniteError, add, x, w)
    assert "made 1 NaN and 1 Inf among 2" in message
    assert "input 0 has 1 NaN" in message
    assert "input 1 has 1 Inf" in message
    assert "finite" not in message


def test_forward_counts_in_thousands():
    assert "12,000 Inf among 12,000" in caught(NonFiniteError, divide, Variable(np.ones(12_000)))


OPERATIONS = {
    "Log": lambda: F.log(Variable([0.0])),
    "Exp": lambda: F.exp(Variable([1e4])),
    "Sqrt": lambda: F.sqrt(Variable([-1.0])),
    "Div": lambda: Variable([1.0]) / Variable([0.0]),
    "PowScalar": lambda: Variable([0.0]) ** -1,
    "Mul": lambda: Variable([1e30]) * Variable([1e30]),
    "MatMul": lambda: Variable([[1e30]]) @ Variable([[1e30]]),
    "Sum": lambda: Variable([3e38, 3e38]).sum(),
    "Cast": lambda: Variable([1e6]).astype(np.float16),
}


@pytest.mark.parametrize(("name", "f"), OPERATIONS.items(), ids=OPERATIONS)
def test_every_operation_is_watched(name, f):
    message = caught(NonFiniteError, f)
    assert message.startswith(f"{name} at {line_of(f, 0)}")
    assert "1 " in message


def test_the_first_one_is_named():
    def several(x):
        y = F.log(x)
        return F.exp(y) * 2

    assert caught(NonFiniteError, several, Variable([-1.0])).startswith(f"Log at {line_of(several)}")


def test_constants_are_watched_too():
    with mg.no_grad():
        assert "Log" in caught(NonFiniteError, F.log, np.array([0.0]))
    assert "Log" in caught(NonFiniteError, F.log, 0.0)


def test_functions_of_the_user_are_watched():
    class Reciprocal(Function):
        def forward(self, x):
            return 1 / x

    def f(x):
        return apply(Reciprocal(), x)

    assert caught(NonFiniteError, f, Variable([0.0])).startswith(f"Reciprocal at {line_of(f)}")


def test_the_line_is_the_users_through_layers_of_minigrad():
    def f(x):
        return F.std(x / 1e-30)  # Var, Mean and others are made inside

    def g(x):
        return np.mean(np.stack([x, x]) * INF)

    def h(x):
        with mg.train_mode():
            return mg.no_grad()(F.softplus)(x * 2)

    assert line_of(f) in caught(NonFiniteError, f, Variable([1e30, 2e30]))
    assert line_of(g) in caught(NonFiniteError, g, Variable([1.0]))
    assert line_of(h, 2) in caught(NonFiniteError, h, Variable([3e38]))


def test_a_file_beside_the_package_is_the_users():
    """Only what is inside minigrad's folder is minigrad's, not whatever begins with its name."""
    package = Path(mg.__file__).parent
    for path in (f"{package}_experiments/net.py", f"{package}2.py", "net.py"):
        code = compile("\n\ny = x / 0.0", path, "exec")
        assert f"{path}:3 " in caught(NonFiniteError, exec, code, {"x": Variable(1.0)})


def test_nothing_is_said_about_finite_numbers():
    with mg.detect_anomaly():
        x = Variable([1.0, 2.0])
        y = (F.exp(x) / x).sum()
        y.backward()
        assert np.isfinite(grad(grad((x**3).sum(), x, create_graph=True).sum(), x).data).all()
    assert np.isfinite(x.grad.data).all()


def test_integers_and_empty_arrays_are_finite():
    with mg.detect_anomaly():
        for shape in ((0,), (0, 3), (3, 0)):
            x = Variable(np.ones(shape, np.float32))
            assert grad((x * x).sum() + F.exp(x).sum(), x).shape == shape
        n = Variable(np.arange(3), requires_grad=False)
        assert (n * n).data.tolist() == [0, 1, 4]


# Backward


def root(x):
    return F.sqrt(x)


def logarithm(x):
    return F.log(x + 0.0)


def quotient(x):
    return (x + 1) / (x * 1e-30)


def not_a_number(x):
    return apply(NaNBackward(), x)


@pytest.mark.parametrize(
    ("f", "at", "name"),
    [(root, 0.0, "Sqrt"), (not_a_number, 1.0, "NaNBackward"), (quotient, 1e-7, "Div")],
    ids=["Sqrt", "NaNBackward", "Div"],
)
@pytest.mark.parametrize("shape", [(), (1,)])
def test_backward_names_operation_and_line(f, at, name, shape):
    """It is the operation whose gradient that is, and the line where it was applied: not where backward was called."""

    def go(x):
        f(x).sum().backward()

    x = Variable(np.full(shape, at, np.float32))
    message = caught(NonFiniteError, go, x)
    assert message.startswith(f"backward of {name} at {line_of(f)} made 1 ")
    assert "input" in message
    assert x.grad is None


def test_backward_of_a_power_at_zero():
    def power(x):
        return x**0.5

    def go(x):
        power(x).sum().backward()

    assert caught(NonFiniteError, go, Variable([0.0, 1.0])).startswith(f"backward of PowScalar at {line_of(power)}")


def test_grad_is_watched_like_backward():
    def go(x):
        return grad(root(x), x)

    assert caught(NonFiniteError, go, Variable(0.0)).startswith(f"backward of Sqrt at {line_of(root)}")


def test_second_order_is_watched():
    def square_root(x):
        return x**1.5

    def go(x):
        gx = grad(square_root(x), x, create_graph=True)
        return grad(gx, x)

    assert re.search("backward of .* made 1 Inf", caught(NonFiniteError, go, Variable(0.0)))


def test_backward_of_a_graph_recorded_before():
    x = Variable(0.0)
    y = root(x)
    message = caught(NonFiniteError, y.backward)
    assert "backward of Sqrt" in message
    assert "made 1 Inf" in message
    assert "None" not in message


def test_gradients_that_overflow_as_they_add_up():
    x = Variable(np.float16(1))
    y = x * np.float16(6e4) - x * np.float16(-6e4)
    with pytest.raises(NonFiniteError), mg.detect_anomaly():
        y.backward()
    assert x.grad is None


# Edited arrays


def test_an_edited_input_is_noticed():
    def square(x):
        return x * x

    def go(x):
        y = square(x).sum()
        x.data[0] = 5
        y.backward()

    x = Variable([1.0, 2.0])
    message = caught(EditedArrayError, go, x)
    assert message.startswith(f"Mul at {line_of(square)}: ")
    assert "edited in place" in message
    assert x.grad is None


def test_an_edited_output_is_noticed():
    def go(x):
        y = F.exp(x)
        z = y.sum()
        y.data[0] = 1
        grad(z, x)

    assert caught(EditedArrayError, go, Variable([1.0, 2.0])).startswith("Exp at ")


def test_an_edited_constant_is_noticed():
    def go(x, c):
        y = (x * c).sum()
        c[1] = 7
        grad(y, x)

    assert caught(EditedArrayError, go, Variable([1.0, 2.0]), np.ones(2, np.float32)).startswith("Mul at ")


LAYOUTS = {
    "C": np.eye(4),
    "Fortran": np.asfortranarray(np.ones((4, 2))),
    "reversed": np.arange(4.0)[::-1],
    "transposed": np.ones((2, 3, 4)).transpose(1, 2, 0),
    "strided": np.ones((4, 4))[:, ::2],
    "scalar": np.array(2.0),
    "float16": np.ones(3, np.float16),
}


@pytest.mark.parametrize("array", LAYOUTS.values(), ids=LAYOUTS)
def test_edits_are_noticed_in_every_layout(array):
    def go(x):
        y = (x * x).sum()
        x.data[...] = 3
        y.backward()

    assert "Mul" in caught(EditedArrayError, go, Variable(array.copy(order="K")))


def test_replacing_data_is_no_edit():
    x = Variable([1.0, 2.0])
    with mg.detect_anomaly():
        y = (x * x).sum()
        x.data = x.data + 1
        y.backward()
    assert x.grad.data.tolist() == [2, 4]


def test_arrays_that_nobody_saved_may_be_edited():
    x = Variable([1.0, 2.0])
    with mg.detect_anomaly():
        y = (x + 1).sum()
        x.data[0] = 5
        y.backward()
    assert x.grad.data.tolist() == [1, 1]


def test_an_edit_off_the_path_does_not_matter():
    x, w, c = Variable([1.0, 2.0]), Variable([1.0, 2.0]), np.ones(2, np.float32)
    with mg.detect_anomaly():
        y = (x * x).sum() + (w * c).sum()
        c[0] = 5
        assert grad(y, x).data.tolist() == [2, 4]
        with pytest.raises(EditedArrayError):
            grad(y, w)


# Off by default


def test_off_by_default():
    x = Variable([0.0])
    y = F.log(x)
    assert y.item() == -INF
    assert (y.creator.origin, y.creator.checksums) == (None, None)
    y.backward()
    assert x.grad.item() == INF


def test_results_are_the_same_with_and_without():
    def results():
        mg.seed(0)
        x = Variable(np.linspace(0.5, 2, 12).reshape(3, 4).astype(np.float32))
        y = F.softmax(F.dropout(x) @ np.ones((4, 5), np.float32)) * F.std(x)
        gx = grad((y * y).sum(), x, create_graph=True)
        gxx = grad((gx * gx).sum(), x)
        return [v.data.tobytes() for v in (y, gx, gxx)]

    without = results()
    with mg.detect_anomaly():
        assert results() == without
    assert results() == without


def test_the_errors_are_value_errors():
    assert issubclass(NonFiniteError, ValueError)
    assert issubclass(EditedArrayError, ValueError)
    assert mg.NonFiniteError is NonFiniteError
    assert mg.EditedArrayError is EditedArrayError


@pytest.mark.parametrize("scalar", [False, True])
def test_functions_that_save_numpy_scalars(scalar):
    """A reduction gives a NumPy scalar, which a user saves like any array."""

    class Normalize(Function):
        def forward(self, x):
            n = np.sqrt((x * x).sum())
            self.save(n if scalar else np.asarray(n))
            return x / n

        def backward(self, gy):
            (n,) = self.saved  # as if the length were a constant
            return gy / n

    x = Variable([3.0, 4.0])
    with mg.detect_anomaly():
        apply(Normalize(), x).sum().backward()
    np.testing.assert_allclose(x.grad.data, [0.2, 0.2], rtol=1e-6)
