"""Jacobians and Hessians: their shapes, against differences and closed forms."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, transforms
from tests.transforms.vectors import HESSIAN, RNG, A, X, by_differences, energy, f, jacobian_of_f


def test_a_jacobian_has_a_row_for_each_output_and_a_column_for_each_input():
    J = transforms.jacobian(f, X)
    assert J.shape == (3, 4)
    np.testing.assert_allclose(J.data, jacobian_of_f(X), rtol=1e-12)


def test_of_any_shapes_it_has_those_of_the_value_and_of_x():
    x = RNG.standard_normal((2, 4))
    w = RNG.standard_normal((4, 3, 2))

    def g(x):
        return F.tanh(x @ w.reshape(4, 6)).reshape(2, 3, 2)

    J = transforms.jacobian(g, x)
    assert J.shape == (2, 3, 2, 2, 4)
    np.testing.assert_allclose(J.data, by_differences(lambda x: g(x).data, x), rtol=1e-6, atol=1e-8)


def test_of_a_scalar_it_is_the_gradient_and_of_a_number_a_column():
    assert transforms.jacobian(energy, X).shape == (4,)
    np.testing.assert_array_equal(transforms.jacobian(energy, X).data, transforms.value_and_grad(energy, X)[1].data)
    assert transforms.jacobian(lambda x: x * np.array([1.0, 2.0, 3.0]), 2.0).data.tolist() == [1, 2, 3]


def test_of_several_arguments_it_is_a_tuple_with_zeros_for_what_is_not_used():
    Y = RNG.standard_normal((2, 3))
    jx, jy, jz = transforms.jacobian(lambda x, y, z: y @ f(x), (X, Y, np.ones((5, 1))))
    np.testing.assert_allclose(jx.data, Y @ jacobian_of_f(X), rtol=1e-12)
    np.testing.assert_allclose(jy.data, np.einsum("ij,k->ijk", np.eye(2), f(X).data), rtol=1e-12)
    assert jz.shape == (2, 5, 1)
    assert not jz.data.any()


@pytest.mark.parametrize(("out", "inside"), [(0, 3), (3, 0), (0, 0)])
def test_of_empty_arrays_it_is_empty(out, inside):
    W = np.ones((out, inside))
    assert transforms.jacobian(lambda x: W @ x, np.ones(inside)).shape == (out, inside)


def test_a_hessian_against_differences_of_the_gradient():
    H = transforms.hessian(energy, X)
    assert H.shape == (4, 4)
    np.testing.assert_allclose(H.data, HESSIAN, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(H.data, H.data.T, rtol=1e-12, atol=1e-14)


def test_a_hessian_of_a_matrix_has_four_axes():
    H = transforms.hessian(lambda x: (x**3).sum(), np.array([[1.0, 2.0], [3.0, 4.0]]))
    expected = np.einsum("ik,jl,ij->ijkl", np.eye(2), np.eye(2), 6 * np.array([[1, 2], [3, 4]]))
    np.testing.assert_allclose(H.data, expected)


def test_a_hessian_of_several_arguments_is_made_of_blocks():
    b = RNG.standard_normal((2, 3))
    blocks = transforms.hessian(lambda x, y: x @ b @ y + (x**2).sum(), (np.ones(2), np.ones(3)))
    expected = [[2 * np.eye(2), b], [b.T, np.zeros((3, 3))]]
    for row, expected_row in zip(blocks, expected, strict=True):
        for block, right in zip(row, expected_row, strict=True):
            np.testing.assert_allclose(block.data, right)


def test_a_hessian_of_a_linear_function_is_zero():
    assert transforms.hessian(lambda x: (A @ x).sum(), X).data.tolist() == np.zeros((4, 4)).tolist()


def test_a_batched_jacobian_has_one_jacobian_for_each_row():
    x = RNG.standard_normal((5, 4))

    def g(x):
        return F.tanh(x @ A.T) * x[:, :3]

    J = transforms.batched_jacobian(g, x)
    assert J.shape == (5, 3, 4)
    np.testing.assert_allclose(J.data, np.stack([jacobian_of_f(row) for row in x]), rtol=1e-12)
    full = transforms.jacobian(g, x).data  # (5, 3, 5, 4)
    np.testing.assert_allclose(J.data, full[np.arange(5), :, np.arange(5)], rtol=1e-12)


def test_a_batched_jacobian_of_any_shapes():
    x, y = RNG.standard_normal((5, 2, 2)), RNG.standard_normal((5, 1))
    jx, jy = transforms.batched_jacobian(lambda x, y: x * y.reshape(5, 1, 1), (x, y))
    assert (jx.shape, jy.shape) == ((5, 2, 2, 2, 2), (5, 2, 2, 1))
    np.testing.assert_allclose(jy.data[..., 0], x)
    slope = transforms.batched_jacobian(lambda x: (x * x).sum((1, 2)), x)
    np.testing.assert_allclose(slope.data, 2 * x)
    assert transforms.batched_jacobian(lambda x: x * x, np.ones((0, 3))).shape == (0, 3, 3)


def test_a_batched_jacobian_takes_a_pass_for_each_output_of_one_row():
    class Counted(mg.Function):
        passes = 0

        def forward(self, x):
            return x + 0

        def backward(self, gy):
            Counted.passes += 1
            return gy

    transforms.batched_jacobian(lambda x: mg.apply(Counted(), x)[:, :3], np.ones((100, 4)))
    assert Counted.passes == 3


def test_the_jacobian_of_a_model_towards_its_parameters():
    model = nn.Linear(3, 2)
    x = np.ones((1, 3), np.float32)
    jw, jb = transforms.jacobian(lambda *_: model(x), model.parameters())
    assert (jw.shape, jb.shape) == ((1, 2, 3, 2), (1, 2, 2))
    np.testing.assert_array_equal(jb.data[0], np.eye(2))
    np.testing.assert_array_equal(jw.data[0, 1], [[0, 1]] * 3)
