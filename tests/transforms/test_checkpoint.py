"""Recomputation: the same numbers to the bit, from less memory."""

import gc
import tracemalloc

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim, transforms, viz
from minigrad.transforms import checkpoint

X = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)


def plainly(f, *inputs):
    return f(*inputs)


class Block(nn.Module):
    def __init__(self, n, p=0.5, rng=None):
        self.linear, self.p, self.rng = nn.Linear(n, n), p, rng

    def forward(self, x):
        return F.tanh(F.dropout(self.linear(x), self.p, rng=self.rng))


def model_of(blocks=3, n=4):
    mg.seed(1)
    return [Block(n) for _ in range(blocks)], nn.Linear(n, 1)


def loss_of(model, x, call):
    blocks, last = model
    for block in blocks:
        x = call(block, x)
    return (last(x) ** 2).sum()


def parameters_of(model):
    return [p for module in (*model[0], model[1]) for p in module.parameters()]


def trained(call, x, **options):
    """The loss and all gradients of one step, and what the generator draws after it."""
    model = model_of()
    mg.seed(2)
    x = mg.Variable(x)
    loss = loss_of(model, x, call)
    found = mg.grad(loss, [x, *parameters_of(model)], **options)
    return [loss.data, *[g.data for g in found], F.dropout(np.ones(50)).data]


@pytest.mark.parametrize("options", [{}, {"create_graph": True}], ids=str)
def test_value_and_gradients_have_the_same_bits_dropout_included(options):
    for found, expected in zip(trained(checkpoint, X, **options), trained(plainly, X, **options), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_backward_gives_each_parameter_its_gradient():
    model = model_of()
    loss_of(model, X, checkpoint).backward()
    assert all(p.grad is not None and p.grad.data.any() for p in parameters_of(model))


def test_the_graph_has_one_operation_for_the_function():
    block = Block(4)
    y = checkpoint(block, mg.Variable(X))
    assert y.creator.name == "Checkpoint"
    assert len(y.creator.inputs) == 3
    assert {id(p) for p in block.parameters()} <= set(map(id, y.creator.inputs))


@pytest.mark.parametrize("own", [False, True], ids=["the context's generator", "a generator of one's own"])
def test_the_generator_goes_on_as_if_nothing_were_computed_twice(own):
    rng = np.random.default_rng(5) if own else None
    block = Block(4, rng=rng)
    mg.seed(3)
    x = mg.Variable(X)
    y = checkpoint(block, x)
    after = F.dropout(np.ones(50), rng=rng).data
    gx = mg.grad(y.sum(), x)
    mg.seed(3)
    if own:
        block.rng = rng = np.random.default_rng(5)
    z = block(x)
    assert y.data.tobytes() == z.data.tobytes()
    assert gx.data.tobytes() == mg.grad(z.sum(), x).data.tobytes()
    np.testing.assert_array_equal(after, F.dropout(np.ones(50), rng=rng).data)


def test_the_modes_of_the_first_run_hold_in_the_second():
    x = mg.Variable(X)
    seen = []

    def f(x):
        seen.append((mg.is_training(), mg.Variable(1.0).dtype))
        return F.dropout(x) * 2

    with mg.train_mode(False), mg.default_dtype(np.float64):
        y = checkpoint(f, x)
    gx = mg.grad(y.sum(), x)
    assert seen == [(False, np.float64)] * 2
    assert (gx.data == 2).all()


def test_running_statistics_take_a_batch_once():
    x = np.random.default_rng(0).normal(size=(8, 3))
    buffers = []
    for call in (plainly, checkpoint, lambda f, x: checkpoint(lambda x: checkpoint(f, x), x)):
        layer = nn.BatchNorm1d(3)
        y = call(layer, mg.Variable(x))
        gx = mg.grad((y**3).sum(), layer.w, create_graph=True)
        mg.grad(gx.sum(), layer.w)
        buffers.append([buffer.data.tolist() for buffer in (layer.mean, layer.var)])
        assert not transforms.is_recomputing()
    assert buffers[0] == buffers[1] == buffers[2]


@pytest.mark.parametrize("used_after", [False, True])
def test_seeding_in_between_changes_nothing(used_after):
    x = mg.Variable(np.ones(100))
    mg.seed(0)
    y = checkpoint(lambda x: F.dropout(x) * x, x)
    mg.seed(9)
    if used_after:
        F.dropout(x)
    np.testing.assert_array_equal(mg.grad(y.sum(), x).data, 2 * y.data)


def test_derivatives_of_all_orders():
    w = mg.Variable(1.5)

    def f(x):
        return F.exp(w * x) * x

    x = mg.Variable(0.5)
    for target in (x, w):
        y, z = checkpoint(f, x), f(x)
        for _ in range(3):
            y, z = (mg.grad(each, target, create_graph=True) for each in (y, z))
            np.testing.assert_allclose(y.data, z.data, rtol=1e-6)
    gx = mg.grad(checkpoint(f, x), x, create_graph=True)
    np.testing.assert_allclose(mg.grad(gx, w).data, mg.grad(mg.grad(f(x), x, create_graph=True), w).data, rtol=1e-6)


def test_a_gradient_penalty_through_a_checkpoint():
    block = Block(4, p=0)

    def penalty(call):
        x = mg.Variable(X)
        (gx,) = mg.grad(call(block, x).sum(), [x], create_graph=True)
        return mg.grad((gx * gx).sum(), list(block.parameters()), allow_unused=True)

    for found, expected in zip(penalty(checkpoint), penalty(plainly), strict=True):
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-5, atol=1e-7)


def test_a_weight_that_is_used_outside_and_inside_is_counted_once_each():
    w = mg.Variable(np.array([2.0, 3.0]))

    def f(h):  # h is computed from w, and w is used again
        return h * w

    for create_graph in (False, True):
        g = mg.grad(checkpoint(f, w * w).sum(), w, create_graph=create_graph)
        np.testing.assert_allclose(g.data, 3 * w.data**2)
    np.testing.assert_allclose(
        mg.grad(mg.grad(checkpoint(f, w * w).sum(), w, create_graph=True).sum(), w).data, 6 * w.data
    )


def test_a_result_in_the_closure_gets_its_gradient():
    a = mg.Variable(3.0)
    b = a * a
    y = checkpoint(lambda x: x * b + b, a)
    assert mg.grad(y, a).item() == 27 + 6
    assert mg.grad(y, b).item() == 4


def test_the_same_variable_for_two_inputs():
    x = mg.Variable(3.0)
    assert mg.grad(checkpoint(lambda a, b: a * a * b, x, x), x).item() == 27


def test_inputs_may_be_anything():
    x = mg.Variable(X)
    y = checkpoint(lambda x, scale, options: x * scale + options["shift"], x, 2.0, {"shift": np.ones(4)})
    np.testing.assert_array_equal(mg.grad(y.sum(), x).data, np.full_like(X, 2))


def test_what_needs_no_gradient_is_computed_and_not_kept():
    assert checkpoint(lambda x: x * 2, mg.Variable(X, requires_grad=False)).creator is None
    with mg.no_grad():
        assert checkpoint(Block(4), mg.Variable(X)).creator is None


def test_a_function_that_gives_what_it_got():
    x = mg.Variable(3.0)
    assert mg.grad(checkpoint(lambda x: x, x) * 2, x).item() == 2
    y = x * x
    assert mg.grad(checkpoint(lambda _: y, x), x).item() == 6


def test_inside_of_each_other():
    w = mg.Variable(np.array([0.5, -1.0]))

    def inner(x):
        return F.tanh(x * w)

    def outer(x):
        return checkpoint(inner, checkpoint(inner, x)) * w

    x = mg.Variable(np.array([1.0, 2.0]))
    found = mg.grad(checkpoint(outer, x).sum(), [x, w])
    expected = mg.grad((inner(inner(x)) * w).sum(), [x, w])
    for g, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.data, right.data, rtol=1e-14)


def test_gradients_inside_of_the_function():
    w = mg.Variable(2.0)

    def slope_squared(x):  # as a physics-informed network has it
        inside = mg.Variable(np.float32(0.5))
        y = w * x * x * inside
        gx, gw, gi = mg.grad(y, [x, w, inside], create_graph=True)
        return gx * gx + gw + gi

    x = mg.Variable(3.0)
    for target in (x, w):
        assert mg.grad(checkpoint(slope_squared, x), target).item() == mg.grad(slope_squared(x), target).item()


def test_an_array_that_was_replaced_in_between_is_the_one_that_was_used():
    w, x = mg.Variable(np.array(2.0)), mg.Variable(np.array(3.0))
    y = checkpoint(lambda x: x * x * w, x)
    w.data = np.array(100.0)
    assert mg.grad(y, x).item() == 12


def test_an_array_that_was_changed_in_between_is_an_error():
    block = Block(4, p=0)
    optimizer = optim.SGD(block.parameters(), lr=0.1)
    y = checkpoint(block, mg.Variable(X))
    block(X).sum().backward()
    optimizer.step()
    with pytest.raises(mg.EditedArrayError, match=r"^backward of Checkpoint: SGD"):
        y.sum().backward()


def test_a_function_that_computes_something_else_the_second_time():
    shapes = iter([(2,), (3,)])
    x = mg.Variable(1.0)
    y = checkpoint(lambda x: x.broadcast_to(next(shapes)) * 2, x)
    with pytest.raises(
        ValueError, match=r"^checkpoint: f gave \(2,\) float32, and \(3,\) float32 when it was computed"
    ):
        y.sum().backward()


@pytest.mark.parametrize("result", [1.0, X, (1, 2), None])
def test_a_function_that_gives_no_variable(result):
    with pytest.raises(TypeError, match=rf"^checkpoint: f must give one Variable, not {type(result).__name__}"):
        checkpoint(lambda _: result, mg.Variable(X))


def test_an_error_in_the_second_run_leaves_generators_and_modes_as_they_were():
    runs = iter([False, True])

    def f(x):
        y = F.dropout(x)
        if next(runs):
            raise RuntimeError
        return y

    mg.seed(4)
    x = mg.Variable(np.ones(9))
    with mg.train_mode(), mg.default_dtype(np.float64):
        y = checkpoint(f, x)
    with pytest.raises(RuntimeError):
        y.sum().backward()
    found = F.dropout(np.ones(9)).data
    mg.seed(4)
    F.dropout(np.ones(9))
    np.testing.assert_array_equal(found, F.dropout(np.ones(9)).data)
    assert mg.Variable(1.0).dtype == np.float32


def test_a_diagram_has_one_box_for_it():
    diagram = viz.draw(checkpoint(Block(4), mg.Variable(X)).sum())
    assert "Checkpoint" in diagram.dot
    assert "Tanh" not in diagram.dot


def test_anomaly_detection_names_it_and_the_line():
    x = mg.Variable(np.array(0.0))
    with (
        mg.detect_anomaly(),
        pytest.raises(mg.NonFiniteError, match=r"backward of Checkpoint at .*py:\d+ made"),
        np.errstate(all="ignore"),
    ):
        checkpoint(F.sqrt, x).backward()


def peak(f):
    """The most bytes that were held at once in f, beyond those before it."""
    gc.collect()
    tracemalloc.start()
    try:
        f()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_48_layers_in_6_pieces_take_less_than_half_of_the_memory():
    n = 2**16

    def piece(x):
        for _ in range(8):
            x = F.tanh(x)
        return x

    def step(call):
        x = mg.Variable(np.ones(n, np.float32))
        y = x
        for _ in range(6):
            y = call(piece, y)
        y.sum().backward()

    step(plainly)  # what is allocated once
    layer = 4 * n
    assert peak(lambda: step(plainly)) > 48 * layer
    assert peak(lambda: step(checkpoint)) < 24 * layer


def test_what_it_computed_is_freed_at_once():
    n = 2**16
    x = mg.Variable(np.ones(n, np.float32))

    def piece(x):
        for _ in range(8):
            x = F.tanh(x)
        return x

    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        y = checkpoint(piece, x)
        assert tracemalloc.get_traced_memory()[0] < 1.5 * y.data.nbytes
        gx = mg.grad(y, x, np.ones(n, np.float32))
        assert tracemalloc.get_traced_memory()[0] < 3.5 * gx.data.nbytes
    finally:
        tracemalloc.stop()
        gc.enable()
