"""Floating-point operations: counted by numbers that count, or stated for each element."""

import itertools

import numpy as np
import pytest
from test_every_function import every_function, in_examples_of

import minigrad as mg
import minigrad.functions as F
from minigrad.backend.windows import Window
from minigrad.core.arithmetic import MatMul
from minigrad.core.traversal import topological_order
from minigrad.functions.convolution import Conv2d, ConvTranspose2d, FilterCorrelation
from minigrad.functions.pooling import PoolGather


class Counting(float):
    """A number of which every addition and multiplication is counted."""

    count = 0

    def __add__(self, other):
        Counting.count += 1
        return Counting(float(self) + float(other))

    def __mul__(self, other):
        Counting.count += 1
        return Counting(float(self) * float(other))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def counting(array):
    Counting.count = 0
    return np.vectorize(Counting, otypes=[object])(array)


def variable(*shape, constant=False):
    return mg.Variable(normal(*shape), requires_grad=not constant)


def flops(y):
    return y.creator.flops()


def product(a, b, *bias):
    """The product of two matrices, or stacks of them, summed from 0 number by number."""
    a, b, y = counting(a), counting(b), counting(np.zeros((*a.shape[:-1], b.shape[-1])))
    for *lead, i, j in np.ndindex(y.shape):
        for k in range(a.shape[-1]):
            y[(*lead, i, j)] += a[(*lead, i, k)] * b[(*lead, k, j)]
        for c in bias:
            y[i, j] += c[j]
    return y.astype(float)


@pytest.mark.parametrize(("a", "b"), [((2, 3), (3, 4)), ((5, 1), (1, 2)), ((6, 2, 3), (6, 3, 4)), ((2, 0), (0, 3))])
@pytest.mark.parametrize("constant", [None, 0, 1])
def test_matmul(a, b, constant):
    y = mg.apply(MatMul(), variable(*a, constant=constant == 0), variable(*b, constant=constant == 1))
    np.testing.assert_allclose(y.data, product(normal(*a), normal(*b)))
    assert flops(y) == Counting.count


@pytest.mark.parametrize("constant", [None, 0, 1])
@pytest.mark.parametrize("bias", [[], [np.ones(4)]])
def test_linear(constant, bias):
    y = F.linear(variable(2, 3, constant=constant == 0), variable(3, 4, constant=constant == 1), *bias)
    np.testing.assert_allclose(y.data, product(normal(2, 3), normal(3, 4), *bias))
    assert flops(y) == Counting.count


WINDOWS = [
    (Window((2, 2)), (3, 4), 1),
    (Window((3, 1), stride=(2, 1)), (5, 3), 2),
    (Window((2, 3), stride=(1, 2), pad=((1, 0), (2, 1)), dilation=(2, 1)), (4, 5), 4),
]


@pytest.fixture(params=WINDOWS, ids=lambda row: str(row[0]))
def convolution(request):
    """Images, filters, outputs, the window, groups, and the places in padded images, filters and outputs that meet."""
    window, size, groups = request.param
    x, w, y = normal(2, 4, *size), normal(8, 4 // groups, *window.kernel), normal(2, 8, *window.outputs(size))
    (SH, SW), (DH, DW) = window.stride, window.dilation
    meetings = [
        ((n, o // (8 // groups) * w.shape[1] + c, i * SH + u * DH, j * SW + v * DW), (o, c, u, v), (n, o, i, j))
        for (n, o, i, j), (c, u, v) in itertools.product(np.ndindex(y.shape), np.ndindex(w.shape[1:]))
    ]
    return x, w, y, window, groups, meetings


def padded(x, window):
    return np.pad(x, ((0, 0), (0, 0), *window.pad))


@pytest.mark.parametrize("constant", [None, 0, 1])
@pytest.mark.parametrize("bias", [[], [normal(8)]])
def test_conv2d(convolution, constant, bias):
    x, w, y, window, groups, meetings = convolution
    images, filters, expected = (counting(a) for a in (padded(x, window), w, np.zeros(y.shape)))
    for xi, wi, yi in meetings:
        expected[yi] += images[xi] * filters[wi]
    for b, yi in itertools.product(bias, np.ndindex(y.shape)):
        expected[yi] += b[yi[1]]
    xs = [mg.Variable(a, requires_grad=constant != i) for i, a in enumerate((x, w))]
    found = mg.apply(Conv2d(window, groups), *xs, *bias)
    np.testing.assert_allclose(found.data, expected.astype(float))
    assert flops(found) == Counting.count


@pytest.mark.parametrize("constant", [None, 0, 1])
def test_conv_transpose2d(convolution, constant):
    x, w, y, window, groups, meetings = convolution
    outputs, filters, expected = (counting(a) for a in (y, w, np.zeros_like(padded(x, window))))
    for xi, wi, yi in meetings:
        expected[xi] += outputs[yi] * filters[wi]
    xs = [mg.Variable(a, requires_grad=constant != i) for i, a in enumerate((y, w))]
    found = mg.apply(ConvTranspose2d(window, x.shape[2:], groups), *xs)
    np.testing.assert_allclose(found.data, expected[:, :, *window.valid_region()].astype(float))
    assert flops(found) == Counting.count


@pytest.mark.parametrize("constant", [None, 0, 1])
def test_filter_correlation(convolution, constant):
    x, w, y, window, groups, meetings = convolution
    images, outputs, expected = (counting(a) for a in (padded(x, window), y, np.zeros(w.shape)))
    for xi, wi, yi in meetings:
        expected[wi] += images[xi] * outputs[yi]
    xs = [mg.Variable(a, requires_grad=constant != i) for i, a in enumerate((x, y))]
    found = mg.apply(FilterCorrelation(window, groups), *xs)
    np.testing.assert_allclose(found.data, expected.astype(float))
    assert flops(found) == Counting.count


def test_nobody_knows_where_only_the_bias_is_differentiated():
    assert flops(F.linear(np.ones((2, 3)), np.ones((3, 4)), variable(4))) is None
    assert flops(F.conv2d(np.ones((1, 3, 4, 4)), np.ones((5, 3, 2, 2)), variable(5))) is None


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x.reshape(6, 4),
        lambda x: x.T,
        lambda x: x.broadcast_to((5, 2, 3, 4)),
        lambda x: x[1, ::-1],
        lambda x: x[np.array([0, 0, 1])],
        lambda x: x.astype(np.float32),
        lambda x: F.concatenate([x, x]),
        lambda x: F.pad(x, [(0, 1), (2, 0), (0, 0)]),
        lambda x: F.flip(x, 1),
        lambda x: F.roll(x, 1, 1),
        lambda x: F.unfold(x[None], 2),
    ],
)
def test_moving_numbers_is_free(move):
    assert flops(move(variable(2, 3, 4))) == 0


@pytest.mark.parametrize(
    ("f", "count"),
    [
        (lambda x: x + x, 24),
        (lambda x: x * 2, 24),
        (F.tanh, 24),
        (F.relu, 24),
        (F.dropout, 24),
        (F.sigmoid, 4 * 24),
        (F.softplus, 3 * 24),
        (F.sin, 24),
        (F.elu, 3 * 24),
        (F.silu, 5 * 24),
        (F.gelu, 5 * 24),
        (lambda x: F.gelu(x, "tanh"), 9 * 24),
        (F.softsign, 3 * 24),
        (F.softmax, 5 * 24),
        (F.log_softmax, 5 * 24),
        (lambda x: x.sum(1), 24),
        (lambda x: x.max((0, 2)), 24),
        (lambda x: x.min(), 24),
        (lambda x: x.mean(), 24 + 1),
        (lambda x: x.mean(1), 24 + 8),
        (lambda x: x.sum_to((3, 1)), 24),
        (lambda x: x.scatter_add(np.array([0, 0]), (3, 3, 4)), 24),
        (lambda x: F.logsumexp(x, 2), 4 * 24 + 2 * 6),
        (lambda x: F.prod(x, 1), 24),
        (lambda x: F.norm(x, axis=(0, 2)), 2 * 24 + 3),
        (lambda x: F.cumsum(x, 1), 24),
        (lambda x: F.fold(x.reshape(1, 1, 2, 2, 2, 3), (3, 4)), 24),
        (lambda x: F.einsum("ijk,jk->i", x, x[0]), 2 * 24),
        (lambda x: F.einsum("ijk,jk->ijk", x, x[0]), 24),
        (lambda x: F.outer(x[0, 0], x[0, 1]), 16),
        (lambda x: F.dot(x[:, :0, 0], x[0, :0]), 0),
        (lambda x: F.softmax_cross_entropy(x.reshape(6, 4), np.zeros(6, int)), 8 * 24),
        (lambda x: F.max_pool2d(x.reshape(1, 2, 3, 4), (3, 2)), 6 * 4),
        (lambda x: F.avg_pool2d(x.reshape(1, 2, 3, 4), (3, 2)), (6 + 1) * 4),
    ],
)
def test_counts_of_elements(f, count):
    assert flops(f(variable(2, 3, 4))) == count


def gradient(f, x):
    """What the gradient of Σ f(x) is made of, by name."""
    gx = mg.grad((f(x) ** 2).sum(), x, create_graph=True)
    return {node.name: node.flops() for node in topological_order([gx.creator]) if node.derivative_order}


def test_adjoints_of_pooling():
    images = variable(1, 2, 6, 4)
    assert gradient(lambda x: F.max_pool2d(x, (3, 2)), images)["PoolScatter"] == 8
    assert gradient(lambda x: F.avg_pool2d(x, (3, 2)), images)["AvgSpread2d"] == (6 + 1) * 8
    image, argmax = variable(1, 2, 6, 4), np.zeros((1, 2, 2, 2), np.int8)
    assert flops(mg.apply(PoolGather(Window((3, 2), (3, 2))), image, argmax)) == 0


def test_a_softmax_that_is_known_is_free():
    def f(x):
        return F.softmax_cross_entropy(x, np.array([0, 1]))

    assert gradient(f, variable(2, 3))["Softmax"] == 0


def test_a_users_function_is_elementwise_unless_it_says_otherwise():
    class Twice(mg.Function):
        def forward(self, x):
            return x + x

    class Cubed(mg.Function):
        flops_per_element = 2

        def forward(self, x):
            return x * x * x

    assert flops(mg.apply(Twice(), variable(2, 3))) == 6
    assert flops(mg.apply(Cubed(), variable(2, 3))) == 12


@every_function
def test_every_operation_of_variables_knows_its_count_also_in_the_gradient(spec):
    def check(f, arrays):
        xs = [mg.Variable(x) for x in arrays]
        ys = [y for y in f(*xs) if y.requires_grad]
        gradients = [g for y in ys for g in mg.grad(y, xs, np.ones(y.shape), create_graph=True)]
        for node in topological_order([y.creator for y in (*ys, *gradients)]):
            assert type(node.flops()) is int, node.name
            assert node.flops() >= 0, node.name

    in_examples_of(spec, check)
