"""Variable, `apply` and `grad`: where arrays and Functions become a graph, and the graph gives gradients."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from minigrad import backend
from minigrad.backend import Array, format_array
from minigrad.core.anomaly import check_forward
from minigrad.core.config import FORWARD, GradMode, Switch, Watch, anomaly_detection, float_type, grad_mode
from minigrad.core.function import Function, Producer
from minigrad.core.operators import Operand, Operators
from minigrad.core.traversal import backward_pass, mode_of_gradients, path_to

_serials = itertools.count(1)
_new = object.__new__
_accumulation = threading.RLock()  # two threads may add to one leaf's gradient


def apply(function: Function, *inputs: Operand) -> Variable:  # noqa: C901, PLR0912 - every operation pays for a call here
    """Apply a Function to Variables, arrays or numbers, and record it if any of them requires a gradient.

    Args:
        function: a new instance; it becomes the node of the graph.
        inputs: what its `forward` takes; everything but a Variable is a constant.
    Returns:
        a Variable of what `forward` returned.
    Raises:
        TypeError: the Function was applied before, or `forward` returned no array.
    """
    if not isinstance(function, Function):
        raise TypeError(f"apply: function must be an instance of a Function, not {function!r}")
    if function.inputs:
        raise TypeError(f"apply: this {function.name} was applied before; make a new one for each application")
    mode = grad_mode.get()
    try:
        if mode is None:
            function.inputs = (None,) * len(inputs)
            return _computed(function, [x.data if isinstance(x, Variable) else as_constant(x) for x in inputs])
        arrays: list[Array] = []
        producers: list[Producer] = []
        requires_grad = False
        for x in inputs:
            producer: Producer = None
            if isinstance(x, Variable):
                arrays.append(x.data)
                producer = x.creator
                if producer is None and x._leaf_requires_grad:
                    producer = x
                if producer is not None:
                    requires_grad = True
            else:
                arrays.append(as_constant(x))
            producers.append(producer)
        if requires_grad and len(arrays) > 1 and _repeats(arrays):
            arrays = [array.view() for array in arrays]  # saved arrays are known by identity, and producers may differ
        function.inputs = tuple(producers)
        result = _computed(function, arrays, mode.watch)
        if requires_grad:
            function.record(next(_serials), arrays, result.data, _as_variable)
            result.creator = function
            if mode is not FORWARD:
                function.derivative_order = mode.order
                if mode.watch is not None:
                    mode.watch.applied(function, arrays, result)
    except BaseException:
        function.inputs = ()  # it was not applied
        raise
    return result


def apply_chain(functions: Sequence[Function], forward: Callable[..., list[Array]], *inputs: Variable) -> Variable:
    """Apply Functions, the first to the inputs, each other one to the result before, where one call computes them all.

    The graph is the one that `apply` would record. Nobody may look on (`mode.watch`, `detect_anomaly`).

    Args:
        functions: new instances.
        forward: makes each one's result of the inputs' arrays, and saves what each one's `forward` would. Of all but
            the last result only shape and dtype count.
        inputs: of the first Function.
    Returns:
        a Variable of the last result.
    """
    arrays = [x.data for x in inputs]
    if len(arrays) > 1 and _repeats(arrays):
        arrays = [array.view() for array in arrays]
    producers = tuple([producer_of(x) for x in inputs]) if grad_mode.get() is not None else (None,) * len(inputs)
    requires_grad = any(producer is not None for producer in producers)
    try:
        for function, made_by in zip(
            functions, [producers, *([(f if requires_grad else None,) for f in functions])], strict=False
        ):
            function.inputs = made_by
        results = forward(*arrays)
        if requires_grad:
            for function, given, y in zip(functions, [arrays, *([y] for y in results)], results, strict=False):
                function.record(next(_serials), given, y, _as_variable)
    except BaseException:
        for function in functions:
            function.inputs = ()  # it was not applied
        raise
    return _as_variable(results[-1], functions[-1] if requires_grad else None)


def _computed(function: Function, arrays: list[Array], watch: Watch | None = None) -> Variable:
    """A constant of what `forward` makes of the arrays."""
    y = function.forward(*arrays) if watch is None else watch.forward(function, arrays)
    if y.__class__ is not np.ndarray:
        y = _output(function, y)
    if anomaly_detection.get():
        check_forward(function, arrays, y)
    result = _new(Variable)
    result.data = y
    return result


def _repeats(arrays: list[Array]) -> bool:
    """Whether the same array stands twice among several."""
    return arrays[0] is arrays[1] if len(arrays) == 2 else len(set(map(id, arrays))) < len(arrays)


class Variable(Operators):
    """An array that may be differentiated with respect to.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: what messages and diagrams call it.
        requires_grad: whether gradients are asked for; without, it is a constant and may hold integers.

    Attributes:
        data: the array.
        creator: the Function that computed it; None for a leaf.

    Raises:
        TypeError: data is no array of numbers, or one of integers with requires_grad=True.

    >>> x = Variable([1.0, 2.0])
    >>> (x * x).sum().backward()
    >>> x.grad
    Variable([2. 4.])
    """

    creator: Function | None = None
    _leaf_requires_grad = False
    _leaf_grad: Variable | None = None
    _apply = staticmethod(apply)

    def __init__(self, data: Any, *, name: str | None = None, requires_grad: bool = True) -> None:
        if isinstance(data, Variable):
            raise TypeError("Variable: data is a Variable already; use data.detach() for a leaf that shares its array")
        try:
            self.data = as_constant(data)
        except TypeError as error:
            raise TypeError(f"Variable: {error}") from None
        if requires_grad and self.data.dtype.kind != "f":
            raise TypeError(
                f"Variable: only floats have gradients, data is {format_array(self.data)}; "
                "convert it with data.astype(np.float32), or pass requires_grad=False for a constant"
            )
        self.name = name
        self._leaf_requires_grad = requires_grad

    @property
    def requires_grad(self) -> bool:
        """Whether gradients reach or pass this Variable."""
        return self.creator is not None or self._leaf_requires_grad

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        if self.creator is not None:
            raise ValueError("requires_grad: it is fixed for what an operation computed; use detach()")
        if on and self.data.dtype.kind != "f":
            raise TypeError(f"requires_grad: only floats have gradients, data is {format_array(self.data)}")
        self._leaf_requires_grad = on

    @property
    def grad(self) -> Variable | None:
        """The gradient that `backward` accumulated, a Variable of the same shape; None before."""
        return self._leaf_grad if self.creator is None else self.creator.grad

    @grad.setter
    def grad(self, grad: Variable | None) -> None:
        if grad is not None and not isinstance(grad, Variable):
            raise TypeError(f"grad: it must be a Variable or None, not {type(grad).__name__}")
        if grad is not None and grad.output != self.output:
            raise ValueError(
                f"grad: it must have its variable's shape and dtype, {format_array(self.data)}, "
                f"not {format_array(grad.data)}"
            )
        if self.creator is None:
            self._leaf_grad = grad
        else:
            self.creator.grad = grad

    def backward(self, grad: Operand | None = None, *, create_graph: bool = False, retain_grad: bool = False) -> None:
        """Accumulate in `.grad` of every leaf the gradient of this Variable towards it.

        Args:
            grad: gradient of some scalar towards this Variable, of its shape; by default 1, for a scalar.
            create_graph: record the gradients' own computation, so that they can be differentiated. Each leaf's `.grad`
                then leads back to the leaf: a reference cycle, until `zero_grad` (`minigrad.grad` makes none).
            retain_grad: keep the gradients of intermediate results too.

        Raises:
            ValueError: nothing was recorded, this is no scalar and grad is missing, or grad has another shape.
        """
        seed = _seed("backward", self, grad, "grad", create_graph=create_graph)
        mode = mode_of_gradients(producer_of(self), create_graph=create_graph)
        found = backward_pass(producer_of(self), seed, mode=mode, keep_all=retain_grad)
        taken = {id(seed.data)}
        sums = []
        with _accumulation, Switch((grad_mode, mode)):
            for producer, gradient in found.items():
                assert producer is not None
                if isinstance(producer, Seed):
                    continue
                own = _with_own_memory(gradient, taken, mode)
                if producer.grad is not None:
                    if producer.grad.output != own.output:
                        raise ValueError(
                            "backward: a .grad left from before has shape and dtype "
                            f"{format_array(producer.grad.data)}, the new one {format_array(own.data)}; call zero_grad() after replacing .data"
                        )
                    own = producer.grad + own
                sums.append((producer, own))
            for producer, gradient in sums:  # all or none
                producer.grad = gradient

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate result in `.grad` at the next `backward`, as leaves do."""
        if self.creator is not None:
            self.creator.retained = True

    def detach(self) -> Variable:
        """A constant that shares the array: gradients stop here."""
        return _as_variable(self.data, None)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or an unpickled Variable is a leaf: the graph stays with the original, and so does the gradient.
        own = {key: value for key, value in vars(self).items() if key not in ("data", "name", "creator")}
        own = {key: value for key, value in own.items() if not key.startswith("_leaf_")}
        return _rebuild, (type(self), self.data, self.name, self.requires_grad), own or None


class Seed(Variable):
    """The gradient that a traversal starts from: nobody else sees this leaf, so it keeps no gradient of its own."""


@overload
def grad(y: Variable, xs: Variable, grad_outputs: Operand | None = None, *, create_graph: bool = False) -> Variable: ...
@overload
def grad(
    y: Variable, xs: Sequence[Variable], grad_outputs: Operand | None = None, *, create_graph: bool = False
) -> tuple[Variable, ...]: ...
def grad(
    y: Variable, xs: Variable | Sequence[Variable], grad_outputs: Operand | None = None, *, create_graph: bool = False
) -> Variable | tuple[Variable, ...]:
    """The gradients of `y` towards `xs`; no `.grad` is written, and only what lies between them is visited.

    Args:
        y: what is differentiated.
        xs: leaves or intermediate results, one or several.
        grad_outputs: gradient of some scalar towards y, of y's shape; by default 1, for a scalar y.
        create_graph: record the gradients' own computation, so that they can be differentiated.
    Returns:
        one gradient of each x's shape and dtype: a Variable for one x, else a tuple; zero where y does not depend on x.
    Raises:
        ValueError: y was not recorded, an x does not require a gradient, or y is no scalar and grad_outputs is missing.

    >>> x = Variable(2.0)
    >>> gx = grad(x**3, x, create_graph=True)
    >>> gx, grad(gx, x)
    (Variable(12.), Variable(12.))
    """
    targets = [xs] if isinstance(xs, Variable) else list(xs)
    for i, x in enumerate(targets):
        if not isinstance(x, Variable) or not x.requires_grad:
            raise ValueError(f"grad: xs[{i}] is no Variable that requires a gradient, but {x!r}")
    seed = _seed("grad", y, grad_outputs, "grad_outputs", create_graph=create_graph)
    start, producers = producer_of(y), {producer_of(x) for x in targets}
    mode = mode_of_gradients(start, create_graph=create_graph)
    found = backward_pass(start, seed, mode=mode, within=path_to(start, producers), keep=producers)
    taken = {id(seed.data)}
    gradients = []
    for x in targets:
        gradient = found.get(producer_of(x))
        if gradient is None:
            gradient = Variable(x.xp.zeros_like(x.data), requires_grad=create_graph)
        gradients.append(_with_own_memory(gradient, taken, mode))
    return gradients[0] if isinstance(xs, Variable) else tuple(gradients)


def producer_of(variable: Variable) -> Producer:
    """Who made it: its creator, itself as a leaf, or None for a constant."""
    if variable.creator is not None:
        return variable.creator
    return variable if variable._leaf_requires_grad else None


def as_variable(x: Operand) -> Variable:
    """A Variable as it is; anything else as a constant."""
    return x if isinstance(x, Variable) else _as_variable(as_constant(x), None)


def as_constant(value: Any) -> Array:
    """An array as it is; a number or a list as an array of `default_dtype`."""
    return backend.as_array(value, None if backend.is_array(value) or isinstance(value, np.generic) else float_type())


def _as_variable(array: Array, producer: Producer) -> Variable:
    """A Variable of what `producer` made."""
    if isinstance(producer, Variable) and producer.data is array:
        return producer
    if array.__class__ is not np.ndarray and isinstance(array, np.generic):
        array = np.asarray(array)
    variable = _new(Variable)
    variable.data = array
    variable.creator = producer  # type: ignore[assignment]  # a leaf that got new data since stands in as the maker
    return variable


def _output(function: Function, y: Any) -> Array:
    """What `forward` returned, as an array: NumPy makes scalars of 0-d arrays, also of those that it saved."""
    if isinstance(y, np.generic):
        array = np.asarray(y)
        function.saved_arrays = tuple(
            array if saved is y else np.asarray(saved) if isinstance(saved, np.generic) else saved
            for saved in function.saved_arrays
        )
        return array
    if isinstance(y, np.ndarray):
        return np.asarray(y)
    if not backend.is_array(y):
        raise TypeError(f"apply: forward of {function.name} returned {type(y).__name__}, expected an array")
    return y


def _rebuild(kind: type[Variable], data: Array, name: str | None, requires_grad: bool) -> Variable:
    variable = kind.__new__(kind)
    Variable.__init__(variable, data, name=name, requires_grad=requires_grad)
    return variable


def _seed(function: str, y: Variable, grad: Operand | None, argument: str, *, create_graph: bool) -> Variable:
    """The gradient that a traversal starts from; with create_graph one that requires a gradient itself.

    Every gradient then leads back to it, and a `backward` that cuts its input off is noticed.
    """
    if not isinstance(y, Variable):
        raise TypeError(f"{function}: y must be a Variable, not {type(y).__name__}")
    if not y.requires_grad:
        raise ValueError(
            f"{function}: nothing was recorded for this Variable; it was made of constants only, or under no_grad()"
        )
    if grad is None and y.size != 1:
        raise ValueError(f"{function}: only a scalar needs no {argument}=; this is {format_array(y.data)}")
    seed = _as_variable(y.xp.ones_like(y.data), None) if grad is None else as_variable(grad)
    if seed.shape != y.shape:
        raise ValueError(f"{function}: {argument} must have shape {y.shape}, not {seed.shape}")
    if seed.dtype != y.dtype:
        seed = seed.astype(y.dtype)
    return Seed(seed.data) if create_graph and not seed.requires_grad else seed


def _with_own_memory(gradient: Variable, taken: set[int], mode: GradMode | None) -> Variable:
    """`gradient` as a Variable in memory that no other gradient uses; `taken` has the arrays given out so far."""
    if gradient.__class__ is not Variable or gradient.data.base is not None or id(gradient.data) in taken:
        with Switch((grad_mode, mode)):
            gradient = gradient.astype(gradient.dtype)  # a copy
    taken.add(id(gradient.data))
    return gradient
