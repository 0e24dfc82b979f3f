"""Gradients, and products of derivatives with vectors, at the cost of a few calls of the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.spelling import advised
from minigrad.transforms.places import Evaluation, Place, Results, gradients, inner, kept


@advised
def value_and_grad(f: Callable[..., Variable], x: Place, *, create_graph: bool = False) -> tuple[Variable, Results]:
    """The value of a scalar function and its gradient.

    Args:
        f: takes a Variable for each x and gives a scalar.
        x: an array, a number or a Variable; or several, in a tuple or a list. A Variable that requires a gradient
            stands for itself, so that f may reach it in another way too, as a model does its parameters. Of several,
            none is computed from another. What else f needs is in its closure: there is no `argnums`.
        create_graph: record the results, so that they can be differentiated.
    Returns:
        f(x) and its gradient, of x's shape; for several x a tuple, with zeros for one that f does not use.
    Raises:
        TypeError: f gives no Variable, or x holds no floats.
        ValueError: f gives no scalar, or its value was computed from no x.

    >>> import numpy as np
    >>> value_and_grad(lambda x: (x * x).sum(), np.array([1.0, 2.0]))
    (Variable(5.), Variable([2. 4.]))
    >>> value_and_grad(lambda x, y: x * y, (2.0, 3.0))
    (Variable(6.), (Variable(3.), Variable(2.)))
    """
    at = Evaluation("value_and_grad", f, x, scalar=True)
    return kept(at.y, create_graph=create_graph), at.shaped(gradients(at.y, at.xs, create_graph=create_graph))


@advised
def vjp(f: Callable[..., Variable], x: Place, v: Operand, *, create_graph: bool = False) -> tuple[Variable, Results]:
    """The value of a function and the vector-Jacobian product vᵀJ, by one backward pass.

    Args:
        f: takes a Variable for each x and gives one Variable.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        v: of the shape of f(x).
        create_graph: record the results, so that they can be differentiated.
    Returns:
        f(x) and vᵀJ, of x's shape; for several x a tuple.
    Raises:
        TypeError, ValueError: see `value_and_grad`; v has another shape than f(x).

    >>> import numpy as np
    >>> vjp(lambda x: x * x, np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    (Variable([1. 4.]), Variable([ 2. 40.]))
    """
    at = Evaluation("vjp", f, x)
    products = gradients(at.y, at.xs, at.vector("v", v, at.y), create_graph=create_graph)
    return kept(at.y, create_graph=create_graph), at.shaped(products)


@advised
def jvp(f: Callable[..., Variable], x: Place, v: Any, *, create_graph: bool = False) -> tuple[Variable, Variable]:
    """The value of a function and the Jacobian-vector product Jv: its derivative in the direction v.

    It is two backward passes: uᵀJ is linear in u, and the gradient of (uᵀJ)v with respect to u is Jv. Nothing runs
    forward with the function, as JAX's jvp does.

    Args:
        f: takes a Variable for each x and gives one Variable.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        v: of x's shape; for several x a tuple.
        create_graph: record the results, so that they can be differentiated.
    Returns:
        f(x) and Jv, both of the shape of f(x).
    Raises:
        TypeError, ValueError: see `value_and_grad`; v has another shape than x.

    >>> import numpy as np
    >>> jvp(lambda x: x * x, np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    (Variable([1. 4.]), Variable([ 2. 40.]))
    """
    at = Evaluation("jvp", f, x)
    product = _pushed(at.y, at, at.vectors(v), create_graph=create_graph)
    return kept(at.y, create_graph=create_graph), product


@advised
def hvp(f: Callable[..., Variable], x: Place, v: Any, *, create_graph: bool = False) -> tuple[Variable, Results]:
    """The value of a scalar function and the Hessian-vector product Hv, without the matrix H.

    It is the gradient of the gradient's inner product with v.

    Args:
        f: takes a Variable for each x and gives a scalar.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        v: of x's shape; for several x a tuple.
        create_graph: record the results, so that they can be differentiated.
    Returns:
        f(x) and Hv, of x's shape; for several x a tuple.
    Raises:
        TypeError, ValueError: see `value_and_grad`; v has another shape than x.
    Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian".

    >>> import numpy as np
    >>> hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    (Variable(9.), Variable([  6. 120.]))
    """
    at = Evaluation("hvp", f, x, scalar=True)
    slope = inner(gradients(at.y, at.xs, create_graph=True), at.vectors(v))
    return kept(at.y, create_graph=create_graph), at.shaped(gradients(slope, at.xs, create_graph=create_graph))


@advised
def gnvp(
    f: Callable[..., Variable], loss: Callable[[Variable], Variable], x: Place, v: Any, *, create_graph: bool = False
) -> tuple[Variable, Results]:
    """The value of loss(f(x)) and the Gauss-Newton product JᵀHJv: J is f's Jacobian, H the Hessian of the loss at f(x).

    The matrix JᵀHJ is the Hessian without the curvature of f, and positive semi-definite where the loss is convex.

    Args:
        f: takes a Variable for each x and gives one Variable, a model's output for example.
        loss: takes f(x) and gives a scalar.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        v: of x's shape; for several x a tuple.
        create_graph: record the results, so that they can be differentiated.
    Returns:
        loss(f(x)) and JᵀHJv, of x's shape; for several x a tuple.
    Raises:
        TypeError, ValueError: see `value_and_grad`; v has another shape than x.
    Source: Schraudolph 2002, "Fast curvature matrix-vector products for second-order gradient descent".

    >>> import numpy as np
    >>> gnvp(lambda x: x**3, lambda y: (y * y).sum(), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    (Variable(65.), Variable([ 18. 288.]))
    """
    at = Evaluation("gnvp", f, x)
    value = at.value("loss", loss, at.y, scalar=True)
    pushed = _pushed(at.y, at, at.vectors(v), create_graph=create_graph)
    slope = inner(gradients(value, [at.y], create_graph=True), [pushed])
    (curved,) = gradients(slope, [at.y], create_graph=create_graph)
    return kept(value, create_graph=create_graph), at.shaped(gradients(at.y, at.xs, curved, create_graph=create_graph))


def _pushed(y: Variable, at: Evaluation, vs: tuple[Variable, ...], *, create_graph: bool) -> Variable:
    """Jv, of y's shape."""
    u = Variable(y.xp.zeros_like(y.data))  # any u will do: what is linear in it has one derivative
    slope = inner(gradients(y, at.xs, u, create_graph=True), vs)
    return gradients(slope, [u], create_graph=create_graph)[0]
