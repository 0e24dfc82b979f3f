"""Einstein's notation as NumPy reads it, and the products that are written without it."""

import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.core.traversal import topological_order

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


UNDERSTOOD = {
    "ij , jk -> ik": [(2, 3), (3, 4)],
    "bA,cA": [(2, 3), (4, 3)],  # implicit: capitals first
    "ba": [(2, 3)],
    "ii": [(3, 3)],
    "iijj->ji": [(2, 2, 3, 3)],
    "iii": [(2, 2, 2)],
    "i,i": [(1,), (3,)],
    "ij,j->i": [(2, 1), (3,)],
    "ij,ij->": [(2, 1), (1, 3)],
    "...": [(2, 3)],
    "...,...": [(2, 1), (3,)],
    "i...j,j...->...i": [(2, 5, 1, 3), (3, 4)],
    "i->i...": [(3,)],
    "i...->...": [(2, 3)],
    "ii...,i->...i": [(2, 2, 3), (2,)],
    "ij,jk,kl,lm->im": [(2, 3), (3, 2), (2, 4), (4, 2)],
    "i,j,k->kji": [(2,), (3,), (4,)],
    "ij,ij,ij->j": [(2, 3)] * 3,
    "i,->i": [(2,), ()],
    ",": [(), ()],
    "": [()],
    "ij->": [(0, 3)],
    "ij,jk->ik": [(2, 0), (0, 3)],
    "ij,j->ij": [(2, 1), (0,)],
}


@pytest.mark.parametrize("subscripts", UNDERSTOOD)
def test_subscripts_mean_what_they_mean_to_numpy(subscripts):
    operands = [normal(*shape) for shape in UNDERSTOOD[subscripts]]
    y = F.einsum(subscripts, *map(mg.Variable, operands))
    expected = np.einsum(subscripts, *operands)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, atol=1e-12)


@pytest.mark.parametrize("subscripts", UNDERSTOOD)
def test_each_gradient_is_that_of_the_sum_of_products(subscripts):
    """The sum is linear in each operand: gx · dx is the change of gy · y."""
    operands = [mg.Variable(normal(*shape)) for shape in UNDERSTOOD[subscripts]]
    y = F.einsum(subscripts, *operands)
    gy = normal(*y.shape)
    for i, gradient in enumerate(mg.grad(y, operands, gy)):
        changed = [x.data for x in operands]
        changed[i] = normal(*operands[i].shape)
        expected = np.vdot(gy, np.einsum(subscripts, *changed))
        np.testing.assert_allclose(np.vdot(gradient.data, changed[i]), expected, atol=1e-12)


WRONG = {
    ("ij", (2,)): "einsum: subscripts 'ij' do not fit the axes of operands[0] (2,) float64",
    ("i", (2, 3)): "einsum: subscripts 'i' do not fit the axes of operands[0] (2, 3) float64",
    ("ij...", (2,)): "einsum: subscripts 'ij...' do not fit the axes of operands[0] (2,)",
    ("ij,jk", (2, 3)): "einsum: subscripts 'ij,jk' are of 2 operands, not 1",
    ("ij", (2, 3), (3, 4)): "einsum: subscripts 'ij' are of 1 operands, not 2",
    ("",): "einsum: subscripts '' are of 1 operands, not 0",
    ("ij,jk->ik", (2, 3), (4, 5)): "differ in length; (2, 3) float64 and (4, 5) float64",
    ("ii", (2, 3)): "axes of one letter differ in length; (2, 3) float64",
    ("ii", (1, 3)): "axes of one letter differ in length; (1, 3) float64",
    ("...,...", (2,), (3,)): "axes of one letter differ in length; (2,) float64 and (3,) float64",
    ("i->j", (2,)): "einsum: subscripts 'i->j': the result has 'j' twice, or nowhere else",
    ("i->ii", (2,)): "the result has 'i' twice, or nowhere else",
    ("...i->i", (2, 3)): "have axes '...', which the result needs, too",
    ("i1", (2, 3)): "einsum: subscripts 'i1': '1' is no letter",
    ("i.j", (2, 3)): "'.' is no letter",
    ("......", (2, 3)): "'.' is no letter",
    ("i->i->", (2,)): "'-' is no letter",
    ("é", (2,)): "'é' is no letter",
}


@pytest.mark.parametrize("call", WRONG, ids=lambda call: call[0])
def test_what_is_wrong_is_said(call):
    subscripts, *shapes = call
    with pytest.raises(ValueError, match=re.escape(WRONG[call])):
        F.einsum(subscripts, *(normal(*shape) for shape in shapes))
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy refuses it, too, in words of its own
        np.einsum(subscripts, *(normal(*shape) for shape in shapes))


def test_subscripts_are_a_string():
    with pytest.raises(TypeError, match=r'^einsum: subscripts must be a string such as "ij,jk->ik", not ndarray$'):
        F.einsum(np.ones((2, 2)), [0, 0])


def test_a_product_of_two_arrays_is_one_operation():
    a, b = mg.Variable(normal(2, 3)), mg.Variable(normal(3, 4))
    y = F.einsum("ij,jk->ki", a, b)
    assert [node.name for node in topological_order([y.creator])] == ["Einsum"]
    assert y.creator.subscripts == "ij,jk->ki"
    assert y.creator.flops() == 2 * 3 * 8
    assert F.einsum("ij,jk->ijk", a, b).creator.flops() == 2 * 3 * 4
    assert F.einsum("ij->ji", a).creator.name == "Transpose"
    assert F.einsum("ij->j", a).creator.name == "Sum"


def test_a_gradient_is_one_operation_again():
    a, b = mg.Variable(normal(2, 3)), mg.Variable(normal(3, 4))
    y = F.einsum("ij,jk->ki", a, b)
    ga, gb = mg.grad(y, [a, b], np.ones(y.shape), create_graph=True)
    made = [[f for f in topological_order([g.creator]) if f.derivative_order and f.name == "Einsum"] for g in (ga, gb)]
    assert [[f.subscripts for f in functions] for functions in made] == [["ki,jk->ij"], ["ij,ki->jk"]]


def test_what_no_gradient_needs_is_not_saved():
    a, b = mg.Variable(normal(2, 3)), normal(3, 4)
    assert F.einsum("ij,jk", a, b).creator.saved_arrays[0] is None
    assert F.einsum("jk,ij", b, a).creator.saved_arrays[1] is None


def test_one_variable_as_several_operands():
    x = mg.Variable(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(mg.grad(F.einsum("i,i,i->", x, x, x), x).data, 3 * x.data**2)
    np.testing.assert_allclose(mg.grad(F.outer(x, x).sum(), x).data, [12, 12, 12])


def test_an_infinite_gradient_stays_on_the_diagonal():
    x = mg.Variable(np.ones((2, 2)))
    gradient = mg.grad(F.einsum("ii->i", x), x, np.array([np.inf, 1]))
    assert gradient.data.tolist() == [[np.inf, 0], [0, 1]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_sums_of_products_are_added_up_wide(dtype):
    row = np.full((1, 10**5), 0.1, dtype)
    term = float(dtype(0.1))
    eps = np.finfo(dtype).eps
    for subscripts, factors in (("ij->i", 1), ("ij,ij->i", 2)):
        y = F.einsum(subscripts, *[row] * factors)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.data.astype(float), 1e5 * term**factors, rtol=20 * eps if factors > 1 else 3 * eps)


def test_integers_give_integers():
    a = np.arange(4).reshape(2, 2)
    assert F.einsum("ij,jk", a, a).data.tolist() == (a @ a).tolist()
    assert F.outer(a, a).dtype == a.dtype


PRODUCTS = [
    (np.dot, (3,), (3,)),
    (np.dot, (2, 3), (3,)),
    (np.dot, (3,), (3, 2)),
    (np.dot, (2, 3), (3, 2)),
    (np.dot, (4, 2, 3), (3,)),
    (np.dot, (4, 2, 3), (5, 3, 2)),
    (np.dot, (3,), (5, 3, 2)),
    (np.dot, (), (2, 3)),
    (np.dot, (2, 3), ()),
    (np.dot, (2, 0), (0, 3)),
    (np.inner, (3,), (3,)),
    (np.inner, (4, 2, 3), (5, 3)),
    (np.inner, (2, 3), ()),
    (np.outer, (2, 3), (2,)),
    (np.outer, (), (2,)),
    (np.tensordot, (2, 3, 4), (3, 4, 5)),
    (lambda a, b: np.tensordot(a, b, 0), (2,), (3,)),
    (lambda a, b: np.tensordot(a, b, 1), (2, 3), (3, 4)),
    (lambda a, b: np.tensordot(a, b, ([0, 1], [1, 0])), (2, 3, 4), (3, 2)),
    (lambda a, b: np.tensordot(a, b, (-1, 0)), (2, 3), (3,)),
    (lambda a, b: np.tensordot(a, b, ((), ())), (2,), (3,)),
]


@pytest.mark.parametrize(("f", "a", "b"), PRODUCTS)
def test_products_of_variables_are_numpys(f, a, b):
    a, b = normal(*a), normal(*b)
    expected = f(a, b)
    for operands in ((mg.Variable(a), mg.Variable(b)), (a, mg.Variable(b)), (mg.Variable(a), b)):
        y = f(*operands)
        assert y.requires_grad
        assert y.shape == expected.shape
        np.testing.assert_allclose(y.data, expected, atol=1e-12)
