"""Depth, width and memory: nothing recurses, nothing stays, nothing waits for the garbage collector."""

import contextlib
import functools
import gc
import operator
import tracemalloc
import weakref

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import Function, Variable, apply, grad
from minigrad.core.hooks import Hook, hooked

MEGABYTE = 2**20


@pytest.fixture
def no_gc():
    """Without the garbage collector: reference counts alone must free everything."""
    gc.disable()
    yield
    gc.enable()


def count_objects():
    """How many Variables and Functions are alive."""
    return sum(issubclass(type(thing), (Variable, Function)) for thing in gc.get_objects())


# Depth and width


@pytest.mark.parametrize("depth", [200_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_deep_graph(fresh_python, depth):
    """Built, differentiated and freed, within the default recursion limit."""
    code = f"""
import gc, sys
import minigrad as mg
assert sys.getrecursionlimit() <= 1000
gc.disable()
x = mg.Variable(1.0)
y = x
for _ in range({depth}):
    y = -y
y.backward()
del y
assert x.grad.item() == 1
assert not any(isinstance(thing, mg.Function) for thing in gc.get_objects())
"""
    fresh_python(code)


def test_what_else_is_done_with_a_deep_graph(fresh_python):
    code = """
import copy, pickle
import minigrad as mg
x = mg.Variable(1.0)
y = x
for _ in range(25_000):
    y = -y
half = y
for _ in range(25_000):
    y = -y
assert [g.item() for g in mg.grad(y, [x, half])] == [1, 1]
for twin in (copy.copy(y), copy.deepcopy(y), copy.deepcopy([y])[0], pickle.loads(pickle.dumps(y))):
    assert twin.item() == 1
repr(y)
with mg.detect_anomaly():
    y.backward(retain_grad=True)
assert half.grad.item() == 1
del y, half
"""
    fresh_python(code)


def test_a_differentiable_gradient_of_a_deep_graph(fresh_python):
    code = """
import gc
import minigrad as mg
gc.disable()
with mg.default_dtype("float64"):
    x = y = mg.Variable(1.0)
for _ in range(20_000):
    y = y * x
gx = mg.grad(y, x, create_graph=True)
assert gx.item() == 20_001
assert mg.grad(gx, x).item() == 20_001 * 20_000
del y, gx
assert not any(isinstance(thing, mg.Function) for thing in gc.get_objects())
"""
    fresh_python(code)


def test_a_deep_graph_of_gradients_is_freed_by_the_collector(fresh_python):
    """backward(create_graph=True) makes a documented cycle: gc breaks it, without recursion."""
    code = """
import gc
import minigrad as mg
x = mg.Variable(1.0)
y = x
for _ in range(20_000):
    y = y * 1.5 / 1.5
y.backward(create_graph=True, retain_grad=True)
del x, y
gc.collect()
assert not any(isinstance(thing, (mg.Function, mg.Variable)) for thing in gc.get_objects())
"""
    fresh_python(code)


def test_a_sum_of_many_leaves():
    xs = [Variable(float(i)) for i in range(20_000)]
    y = functools.reduce(operator.add, xs)
    y.backward()
    assert all(x.grad.item() == 1 for x in xs)
    gradients = grad(y, xs)
    assert sum(gradient.item() for gradient in gradients) == 20_000


def test_one_function_of_many_inputs_half_of_them_made_of_one_leaf():
    xs, x = [Variable([float(i)]) for i in range(10_000)], Variable(1.0)
    y = F.concatenate([*xs, *(x.reshape(1) for _ in range(10_000))])
    y.backward(np.append(np.arange(10_000), np.full(10_000, 2.0)))
    assert xs[0].grad.item() == 0
    assert xs[9_999].grad.item() == 9_999
    assert x.grad.item() == 20_000


# Nothing stays


def train(steps, rng):
    """A training-like loop; gives the last loss."""
    w1, w2 = Variable(rng.standard_normal((20, 30)) / 5), Variable(rng.standard_normal((30, 1)) / 5)
    x, t = rng.standard_normal((50, 20)), rng.standard_normal((50, 1))
    for _ in range(steps):
        h = F.relu(x @ w1 + 0.1)
        y = (h @ w2).reshape(50, 1)
        loss = ((y - t) ** 2).mean() + (w1 * w1).sum() * 1e-3
        loss.backward()
        for w in (w1, w2):
            w.data = w.data - 0.01 * w.grad.data
            w.zero_grad()
    return loss.item()


@pytest.mark.usefixtures("no_gc")
def test_two_hundred_steps_leave_no_objects():
    rng = np.random.default_rng(0)
    first = train(2, rng)
    before = count_objects()
    assert train(200, np.random.default_rng(0)) < first
    assert count_objects() == before


def traced_bytes():
    """What tracemalloc sees, less what Python keeps for its next tuples."""
    gc.freeze()
    gc.collect()  # empties the free lists; frozen objects are not looked at, in cycles or not
    gc.unfreeze()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.usefixtures("no_gc")
def test_two_hundred_steps_leave_no_bytes():
    rng = np.random.default_rng(0)
    tracemalloc.start()
    try:
        train(10, rng)
        before = traced_bytes()
        train(200, rng)
        after = traced_bytes()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000


@pytest.mark.usefixtures("no_gc")
def test_the_array_of_a_graph_dies_with_it():
    x = Variable(np.ones(4))
    y = F.exp(x)
    z = (y * y).sum()
    array, node = weakref.ref(y.data), weakref.ref(y.creator)
    z.backward()
    del y
    assert array() is not None  # z's graph saved it
    del z
    assert array() is None
    assert node() is None


@pytest.mark.usefixtures("no_gc")
def test_saved_outputs_make_no_cycle():
    for f in (F.exp, F.sqrt, F.tanh, F.sigmoid, F.softmax, lambda x: 1 / x, lambda x: x.max(), lambda x: 2**x):
        x = Variable(np.array([0.5, 1.0]))
        y = f(x)
        node, array = weakref.ref(y.creator), weakref.ref(y.data)
        y.sum().backward()
        del y
        assert node() is None
        assert array() is None


@pytest.mark.usefixtures("no_gc")
def test_second_derivatives_through_grad_make_no_cycle():
    x = Variable(np.array([0.5, 1.0]))
    before = count_objects()

    def third_derivative():
        y = (F.exp(x) * x**3 / (x + 1)).sum()
        gx = grad(y, x, create_graph=True)
        gxx = grad(gx.sum(), x, create_graph=True)
        return grad(gxx.sum(), x).data

    third_derivative()
    assert count_objects() == before


@pytest.mark.usefixtures("no_gc")
def test_second_derivatives_through_backward_are_freed_by_zero_grad():
    x = Variable(np.array([0.5, 1.0]))
    before = count_objects()
    (F.exp(x) * x**3).sum().backward(create_graph=True)
    assert count_objects() > before
    x.zero_grad()
    assert count_objects() == before


@pytest.mark.usefixtures("no_gc")
def test_no_hidden_leaf_keeps_a_graph_alive():
    """zero_grad reaches the user's leaves; the gradient that a traversal starts from must not need it."""
    x = Variable(np.array([0.5, 1.0]))
    before = count_objects()
    (x**3).sum().backward(create_graph=True)
    gx = x.grad
    x.zero_grad()
    (gx * gx).sum().backward(create_graph=True)
    x.zero_grad()
    del gx
    assert count_objects() == before


@pytest.mark.usefixtures("no_gc")
def test_a_failed_forward_and_a_failed_backward_leave_nothing():
    class Broken(Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            raise RuntimeError("broken")

    x = Variable(np.ones(3))
    before = count_objects()

    def fail():
        with contextlib.suppress(RuntimeError):
            (apply(Broken(), x * 2) * 3).sum().backward()
        with contextlib.suppress(ValueError):
            (x * 2) @ np.ones((4, 4))

    fail()
    assert count_objects() == before


# Nobody keeps what nobody saved

C = np.full((4, 4), 2.0)

KEEPS_NOTHING = {
    "x + c": lambda x: x + C,
    "x + 1": lambda x: x + 1,
    "x - c": lambda x: x - C,
    "x * 2": lambda x: x * 2,
    "x * c": lambda x: x * C,
    "x / 2": lambda x: x / 2,
    "x / c": lambda x: x / C,
    "-x": operator.neg,
    "x @ c": lambda x: x @ C,
    "c @ x": lambda x: C @ x,
    "x + x": lambda x: x + x,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(0),
    "max": lambda x: x.max(),
    "x ** 1": lambda x: x**1,
    "astype": lambda x: x.astype(np.float32),
    "relu": F.relu,
    "exp": F.exp,
    "abs": abs,
}


@pytest.mark.usefixtures("no_gc")
def test_an_intermediate_array_that_nobody_saved_is_freed():
    for name, f in KEEPS_NOTHING.items():
        x = Variable(np.ones((4, 4)))
        middle = x + 1
        array = weakref.ref(middle.data)
        y = f(middle).sum()
        del middle
        assert array() is None, name
        y.backward()
        assert x.grad.shape == (4, 4)


@pytest.mark.usefixtures("no_gc")
def test_no_grad_keeps_nothing():
    x = Variable(np.ones(4))
    with mg.no_grad():
        y = F.exp(x)
        array = weakref.ref(y.data)
        z = y * y * x
        del y
    assert array() is None
    assert z.creator is None


@pytest.mark.usefixtures("no_gc")
def test_inputs_that_need_no_gradient_are_not_kept():
    """What only the images' gradient would use is not saved, and the images are kept for the weights' alone."""
    w = Variable(np.ones((4, 2)))
    images = np.ones((3, 4))
    y = images @ w
    assert [saved is None for saved in y.creator.saved_arrays] == [False, True]
    assert not y.creator.needs(0)
    assert y.creator.needs(1)


def peak_of_backward(y):
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        y.backward()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("f", [lambda y: y * 2, lambda y: -y, F.tanh, lambda y: y * y], ids=["2y", "-y", "tanh", "y·y"])
def test_an_intermediate_gradient_is_dropped_as_soon_as_it_is_consumed(f):
    x = Variable(np.zeros(MEGABYTE // 8))
    y = x
    for _ in range(30):
        y = f(y)
    assert peak_of_backward(y.sum()) < 5 * MEGABYTE


def test_a_graph_of_scalars_is_small():
    """What recording costs, and a bound on what it may come to cost."""
    x = Variable(1.0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        y = x
        for _ in range(1000):
            y = -y
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 1000 < 1000


# Gradients own their memory


SHARING = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a + b + a": lambda a, b: a + b + a,
    "(a + 1) + (b + 1)": lambda a, b: (a + 1) + (b + 1),
    "reshape": lambda a, b: a.reshape(2, 2).reshape(4) + b.reshape(4, 1).reshape(4),
    "transpose": lambda a, b: a.T + b,
    "broadcast": lambda a, b: a.sum().broadcast_to((4,)) + b.sum().broadcast_to((4,)),
    "sum": lambda a, b: (a.sum() + b.sum()).broadcast_to((4,)),
    "index": lambda a, b: a[...] + b[::-1],
    "concatenate": lambda a, b: F.concatenate([a[:2], b[2:]]),
    "astype": lambda a, b: a.astype(a.dtype) + b,
    "pos": lambda a, b: +a + b,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("f", SHARING.values(), ids=SHARING)
def test_gradients_share_no_memory(f, create_graph):
    a, b = Variable(np.ones(4)), Variable(np.ones(4))
    seed = np.ones(4)
    y = f(a, b)
    y.retain_grad()
    y.backward(seed, create_graph=create_graph)
    arrays = [seed, a.data, b.data, y.data, a.grad.data, b.grad.data, y.grad.data]
    arrays += [gradient.data for gradient in grad(f(a, b), [a, b, a], seed, create_graph=create_graph)]
    for i, first in enumerate(arrays):
        for j, second in enumerate(arrays[4:], 4):
            if i != j:
                assert not np.shares_memory(first, second), (i, j)
    for gradient in arrays[4:]:
        gradient[:] = range(4)  # a read-only array would refuse, a stride-0 array would forget
        assert gradient.tolist() == [0, 1, 2, 3]
    a.zero_grad()
    b.zero_grad()
    y.zero_grad()


class Kept(Function):
    """x · c, whose gradients, of sums, are what it saved itself."""

    def forward(self, x, c):
        self.save(x, c)
        return x * c

    def backward(self, gy):
        x, c = self.saved
        return c, x


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("hook", [contextlib.nullcontext(), hooked(Hook())], ids=["no hook", "hook"])
def test_what_an_operation_saved_is_not_handed_out(hook, create_graph):
    x, c = Variable([3.0, 4.0]), Variable([5.0, 6.0])
    for a, b in ((x, c), (x * 1, c), (x * 1, c * 1)):
        with hook:
            gradients = grad(apply(Kept(), a, b), [a, b], np.ones(2, np.float32), create_graph=create_graph)
        assert [gradient.data.tolist() for gradient in gradients] == [[5, 6], [3, 4]]
        for gradient in gradients:
            gradient.data *= 0
        assert [a.data.tolist(), b.data.tolist()] == [[3, 4], [5, 6]]


def test_a_leaf_that_an_operation_holds_is_not_handed_out():
    w = Variable([3.0, 4.0])

    class Held(Function):
        def forward(self, x):
            return x * w.data

        def backward(self, gy):
            return w

    gx = grad(apply(Held(), x := Variable([1.0, 2.0])), x, np.ones(2, np.float32))
    assert gx.data.tolist() == [3, 4]
    gx.data *= 0
    assert w.data.tolist() == [3, 4]


def test_a_seed_given_as_a_variable_is_not_handed_out():
    x, seed = Variable([1.0, 2.0]), Variable([1.0, 1.0])
    (x + 1).backward(seed)
    assert x.grad is not seed
    assert not np.shares_memory(x.grad.data, seed.data)
    assert seed.grad is None
    gx = grad(x + 1, x, seed)
    assert not np.shares_memory(gx.data, seed.data)


def test_accumulated_gradients_share_no_memory_either():
    a, b = Variable([1.0]), Variable([1.0])
    (a + b).backward()
    first = a.grad.data
    (a + b).backward()
    assert not np.shares_memory(a.grad.data, b.grad.data)
    assert not np.shares_memory(a.grad.data, first)
