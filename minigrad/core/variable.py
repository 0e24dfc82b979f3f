"""Variable, `apply` and `grad`: where arrays and Functions become a graph, and the graph gives gradients."""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from minigrad import backend
from minigrad.backend import Array, format_array
from minigrad.backend.forks import held_while_forking
from minigrad.backend.placement import beside, on_devices, operands_of
from minigrad.core.config import float_type
from minigrad.core.function import Edit, Function, Producer, output_array, serials
from minigrad.core.hooks import Hook, wrap
from minigrad.core.operators import Operand, Operators
from minigrad.core.traversal import backward_pass, mode_of_gradients, topological_order, with_own_memory
from minigrad.settings import settings
from minigrad.spelling import Advised, advised
from minigrad.switches import in_mode

_new = object.__new__  # a result needs none of the checks of __init__
_accumulation = threading.RLock()  # two threads may add to one leaf's gradient
held_while_forking(_accumulation)


def apply(function: Function, *inputs: Operand | None) -> Variable:
    """Apply a Function to Variables, arrays or numbers, and record it if any of them requires a gradient.

    Args:
        function: a new instance; it becomes the node of the graph.
        inputs: the operands of `forward`; all but Variables are constants. Trailing None are dropped.
    Returns:
        the result of `forward` as a Variable.
    Raises:
        TypeError: the Function was applied before, or `forward` returned no array.
    """
    if not isinstance(function, Function):
        raise TypeError(f"apply: function must be an instance of a Function, not {function!r}")
    if function.inputs:
        raise TypeError(f"apply: this {function.name} was applied before; make a new one for each application")
    while inputs and inputs[-1] is None:
        inputs = inputs[:-1]
    enabled, order, hooks = settings.get().grad_mode
    arrays: list[Array] = []
    producers: list[Producer] = []
    for x in inputs:
        producer: Producer = None
        if isinstance(x, Variable):
            arrays.append(x._data)
            if enabled:  # producer_of(x), without a call
                producer = x.creator
                if producer is None and x._leaf_requires_grad:
                    producer = x
        else:
            arrays.append(as_constant(x))
        producers.append(producer)
    count = len(arrays)
    alike = count == 1 or (count == 2 and arrays[0].__class__ is arrays[1].__class__)
    arrays = arrays if alike else operands_of(function.name, function.forward, arrays, producers)
    if enabled and (arrays[0] is arrays[1] if count == 2 else count > 2 and len(set(map(id, arrays))) < count):
        # x * x: two views, so that `record` tells input 0 from input 1 by `is`; their producers may differ.
        arrays = [array.view() for array in arrays]
    function.inputs = tuple(producers)
    function.derivative_order = order
    try:
        return _run_hooked(hooks, function, arrays) if hooks else _run(function, arrays)
    except BaseException:
        function.inputs = ()  # it was not applied
        raise


def _run_hooked(hooks: Sequence[Hook], function: Function, arrays: list[Array]) -> Variable:
    y: Any = wrap(_run, hooks, "forward")(function, arrays)
    if not isinstance(y, Variable):
        raise TypeError(f"apply: a hook returned {type(y).__name__} for {function.name}, expected a Variable")
    return y


def _run(function: Function, arrays: list[Array]) -> Variable:
    """Compute `function` of the arrays, and record it if any of its inputs has a producer."""
    # Calling with *arrays is 50 % slower.
    y = function.forward(arrays[0], arrays[1]) if len(arrays) == 2 else function.forward(*arrays)
    if y.__class__ is not np.ndarray:
        y = output_array(function, y)
    result = _new(Variable)
    result._data = y
    for producer in function.inputs:
        if producer is not None:
            function.record(serials.next(), arrays, y, variable_of)
            result.creator = function
            break
    return result


def variable_of(array: Array, producer: Producer = None) -> Variable:
    """A Variable of an array and its producer."""
    if isinstance(producer, Variable) and producer._data is array:
        return producer
    if array.__class__ is not np.ndarray and isinstance(array, np.generic):
        array = np.asarray(array)
    variable = _new(Variable)
    variable._data = array
    if producer is not None:
        # It may be a leaf that holds another array: its `data` was replaced, or `apply` made views for x * x.
        variable.creator = producer  # type: ignore[assignment]
    return variable


def in_place(symbol: str, operation: Callable[[Any, Any], Variable]) -> Callable[[Any, Any], Variable]:
    """The method of an operator such as -=, which makes a new Variable: an error where an update is meant."""

    def method(self: Variable, other: Any) -> Variable:
        is_leaf = self.creator is None and self._leaf_requires_grad
        if is_leaf and (self._trained or not settings.get().grad_mode.enabled):
            raise TypeError(
                f"p {symbol}= ... would give the name p to a new Variable, and not change the old one: "
                f"write p.data {symbol}= ..., or use an optimizer"
            )
        return operation(self, other)

    return method


class Variable(Operators, Advised):
    """An array with the Function that computed it; without one it is a leaf, with respect to which one differentiates.

    Args:
        data: an array of floats, which is not copied; a number or a list becomes an array of `default_dtype`.
        name: its name in messages and diagrams.
        requires_grad: False makes a constant, which may hold integers.

    Attributes:
        data: the array.
        creator: the Function that computed it; None for a leaf. One with requires_grad False is a constant.
        edits: a leaf's changes in place that `mark_edited` told of, the last one of each array.

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
    _data: Array
    _trained = False  # a Parameter
    edits: tuple[Edit, ...] = ()
    name: str | None = None
    _apply = staticmethod(apply)
    _constant = staticmethod(variable_of)

    def __init__(self, data: Any, *, name: str | None = None, requires_grad: bool = True) -> None:
        if isinstance(data, Variable):
            raise TypeError("Variable: data is a Variable already; use data.detach() for a leaf that shares its array")
        try:
            self._data = as_constant(data)
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
    def data(self) -> Array:
        """The array. One put in its place is not copied; operations recorded before keep the old one."""
        return self._data

    @data.setter
    def data(self, data: Array) -> None:
        if data is self._data:  # x.data -= ...
            self.mark_edited("an edit of .data")
            return
        if not (backend.is_array(data) or isinstance(data, np.generic)):
            raise TypeError(f"data: it must be an array, not {type(data).__name__}; write x.data[...] = to fill it")
        array = backend.as_array(data)
        if self.requires_grad and array.dtype.kind != "f":
            raise TypeError(
                f"data: only floats have gradients, not {format_array(array)}; write x.data[...] = to fill it"
            )
        self._data = array

    def mark_edited(self, by: str) -> None:
        """Note that `by` changed the array in place: backward through operations that saved it before is then an error.

        Optimizers, `load_state_dict` and `x.data -= ...` call it. Of another edit, as `x.data[0] = 1`, nothing is
        known unless you call it: gradients would be wrong without a word, where `detect_anomaly` is off.
        """
        owner: Producer = self if self.creator is None else self.creator
        edit = Edit(serials.of_edit(), by, weakref.ref(self._data))
        while owner is not None:
            owner.edits = edit.after(owner.edits)
            owner = owner.inputs[0] if isinstance(owner, Function) and owner.family == "view" else None

    shape = property(operator.attrgetter("_data.shape"), doc="The array's shape.")
    dtype = property(operator.attrgetter("_data.dtype"), doc="The array's dtype.")
    ndim = property(operator.attrgetter("_data.ndim"), doc="The number of axes.")
    size = property(operator.attrgetter("_data.size"), doc="The number of elements.")
    output = property(
        operator.attrgetter("_data.shape", "_data.dtype"), doc="Shape and dtype, under a Function's name for them."
    )

    @property
    def device(self) -> str:
        """The array's device: "cpu" or "cuda:0"."""
        return backend.device_of(self.data)

    @property
    def xp(self) -> Any:
        """The array's module, numpy or cupy."""
        return backend.xp_of(self.data)

    __iadd__ = in_place("+", operator.add)
    __isub__ = in_place("-", operator.sub)
    __imul__ = in_place("*", operator.mul)
    __itruediv__ = in_place("/", operator.truediv)
    __ipow__ = in_place("**", operator.pow)
    __imatmul__ = in_place("@", operator.matmul)

    def item(self) -> float:
        """The only element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: only one element can become a number, this is {format_array(self.data)}")
        return self.data.item()  # type: ignore[no-any-return]

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array, in the computer's own memory."""
        return backend.to_numpy(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self._plain("float"))

    def __int__(self) -> int:
        return int(self._plain("int"))

    def _plain(self, kind: str) -> float:
        number = self.item()
        if self.requires_grad and settings.get().grad_mode.enabled:  # math.exp(x) would lose the gradient in silence
            raise TypeError(f"{kind} of this Variable would lose its gradient: use .item() where that is meant")
        return number

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        label = type(self).__name__ + (f"({self.name}: " if self.name else "(")
        return label + np.array2string(self.numpy(), prefix=label, threshold=100) + ")"

    @property
    def requires_grad(self) -> bool:
        """True if gradients reach or pass this Variable."""
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
        if grad is not None and grad.device != self.device:
            raise ValueError(f"grad: {on_devices(['its variable', 'grad'], [self.data, grad.data])}")
        if self.creator is None:
            self._leaf_grad = grad
        else:
            self.creator.grad = grad

    @advised
    def backward(self, grad: Operand | None = None, *, create_graph: bool = False, retain_grad: bool = False) -> None:
        """Accumulate in `.grad` of every leaf the gradient of this Variable with respect to it. The graph stays.

        It stays as long as this Variable does, with all arrays that the operations saved: `losses.append(loss)` keeps
        those of every step, `losses.append(loss.item())` a number.

        Args:
            grad: gradient of some scalar with respect to this Variable, of its shape; by default 1, for a scalar.
            create_graph: record the gradients' own computation, so that they can be differentiated. Each leaf's `.grad`
                then leads back to the leaf: a reference cycle, until `zero_grad` (`minigrad.grad` makes none).
            retain_grad: keep the gradients of intermediate results too.

        Raises:
            ValueError: nothing was recorded, this is no scalar and grad is missing, or grad has another shape.
        """
        seed = _seed("backward", self, grad, "grad", create_graph=create_graph)
        start = producer_of(self)
        in_mode(mode_of_gradients(start, create_graph=create_graph), _accumulate, start, seed, retain_all=retain_grad)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def retain_grad(self) -> None:
        """Keep the gradient of this intermediate result in `.grad` from the next `backward` on, as leaves do."""
        if self.creator is not None:
            self.creator.retained = True

    def detach(self) -> Variable:
        """A constant that shares the array: gradients stop here."""
        return variable_of(self.data)

    def __reduce__(self) -> tuple[Any, ...]:
        # The graph stays with the original, and so does the gradient: the copy of a result is a constant.
        ours = ("_data", "name", "creator", "edits", "_leaf_requires_grad", "_leaf_grad")
        own = {key: value for key, value in vars(self).items() if key not in ours}
        return _rebuild, (type(self), self.data, self.name, self._leaf_requires_grad), own or None


class Seed(Variable):
    """The leaf that a backward pass with create_graph starts from, or a zero gradient; it gets no `.grad`."""


@overload
def grad(
    y: Variable, xs: Variable, grad_outputs: Operand | None = None, *, create_graph: bool = False,
    allow_unused: bool = False,
) -> Variable: ...  # fmt: skip
@overload
def grad(
    y: Variable, xs: Sequence[Variable], grad_outputs: Operand | None = None, *, create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Variable, ...]: ...  # fmt: skip
@advised
def grad(
    y: Variable, xs: Variable | Sequence[Variable], grad_outputs: Operand | None = None, *, create_graph: bool = False,
    allow_unused: bool = False,
) -> Variable | tuple[Variable, ...]:  # fmt: skip
    """The gradients of `y` with respect to `xs`; no `.grad` is written, and only what lies between them is visited.

    Args:
        y: the Variable to differentiate.
        xs: leaves or intermediate results, one or several.
        grad_outputs: gradient of some scalar with respect to y, of y's shape; by default 1, for a scalar y.
        create_graph: record the gradients' own computation, so that they can be differentiated.
        allow_unused: give zeros for an x that y does not depend on. So it is without, if y was computed from another
            derivative: that of 2x is a constant, whose derivative is zero.
    Returns:
        one gradient of each x's shape and dtype: a Variable for one x, else a tuple.
    Raises:
        ValueError: y was not recorded, an x does not require a gradient, y does not depend on an x, or y is no scalar
            and grad_outputs is missing.

    >>> x = Variable(2.0)
    >>> gx = grad(x**3, x, create_graph=True)
    >>> gx, grad(gx, x)
    (Variable(12.), Variable(12.))
    """
    if not isinstance(xs, (Variable, Iterable)) or not isinstance(y, Variable):
        raise TypeError(
            f"grad: y must be a Variable and xs one or several, not {type(y).__name__}, {type(xs).__name__}"
        )
    targets = [xs] if isinstance(xs, Variable) else list(xs)
    for i, x in enumerate(targets):
        if not isinstance(x, Variable) or not x.requires_grad:
            raise ValueError(f"grad: xs[{i}] is no Variable that requires a gradient, but {x!r}")
    seed = _seed("grad", y, grad_outputs, "grad_outputs", create_graph=create_graph)
    start = producer_of(y)
    mode = mode_of_gradients(start, create_graph=create_graph)
    found = in_mode(mode, backward_pass, start, seed, targets={producer_of(x) for x in targets})
    for i, x in enumerate(targets):
        if producer_of(x) not in found:
            if not (allow_unused or _is_zero(start, producer_of(x))):
                raise ValueError(
                    f"grad: y does not depend on xs[{i}], {_described(x)}, as y was computed without it or before it; "
                    "allow_unused=True gives zeros"
                )
            found[producer_of(x)] = (Seed if create_graph else variable_of)(x.xp.zeros_like(x.data))
    taken = {id(seed.data)}
    gradients = in_mode(mode, lambda: tuple(with_own_memory(found[producer_of(x)], taken) for x in targets))
    return gradients[0] if isinstance(xs, Variable) else gradients


def producer_of(variable: Variable) -> Producer:
    """The Function that computed it, itself as a leaf, or None for a constant."""
    return variable.creator if variable.creator is not None else variable if variable._leaf_requires_grad else None


def as_variable(x: Operand) -> Variable:
    """A Variable as it is; anything else as a constant."""
    return x if isinstance(x, Variable) else variable_of(as_constant(x))


def as_variables(*operands: Operand) -> tuple[Variable, ...]:
    """Variables as they are; numbers, lists and arrays as constants, of the Variables' float type if there are any.

    Else a number is what it is to NumPy beside the arrays.
    """
    variables = [x for x in operands if isinstance(x, Variable)]
    if len(variables) == len(operands):
        return tuple(variables)
    dtypes = [x.dtype for x in variables if x.dtype.kind == "f"]
    dtype = np.result_type(*dtypes) if dtypes else None
    if dtype is None:
        given: list[Any] = [x for x in operands if isinstance(x, Variable) or backend.is_array(x)]
        known = [x.dtype for x in given if x.dtype.kind != "b"]  # a mask says nothing of numbers
        operands = tuple(backend.number_beside(x, known) if known else x for x in operands)
    arrays = [
        x._data if isinstance(x, Variable) else as_constant(x) if dtype is None else backend.as_array(x, dtype)
        for x in operands
    ]
    return tuple(
        x if isinstance(x, Variable) else variable_of(beside(array, *arrays))
        for x, array in zip(operands, arrays, strict=True)
    )


def as_constant(value: Any) -> Array:
    """An array as it is; a number or a list as an array of `default_dtype`."""
    return backend.as_array(value, None if backend.is_array(value) or isinstance(value, np.generic) else float_type())


def _rebuild(kind: type[Variable], data: Array, name: str | None, requires_grad: bool) -> Variable:
    variable = kind.__new__(kind)
    Variable.__init__(variable, data, name=name, requires_grad=requires_grad)
    return variable


def _accumulate(start: Producer, seed: Variable, *, retain_all: bool) -> None:
    """Add the gradients of a backward pass to those in `.grad`, all or none."""
    found = backward_pass(start, seed, retain_all=retain_all)
    sums, taken = [], {id(seed.data)}
    with _accumulation:
        for producer, gradient in found.items():
            if producer is None or isinstance(producer, Seed):
                continue
            own = with_own_memory(gradient, taken)
            if producer.grad is not None:
                if producer.grad.output != own.output:
                    raise ValueError(
                        f"backward: a .grad left from before has shape and dtype {format_array(producer.grad.data)}"
                        f", the new one {format_array(own.data)}; call zero_grad() after replacing .data"
                    )
                own = producer.grad + own
            sums.append((producer, own))
        for producer, gradient in sums:
            producer.grad = gradient


def _is_zero(start: Producer, target: Producer) -> bool:
    """True if the gradient of `target` is missing as it is zero: a `backward` said None, or `start` is a derivative."""
    functions = topological_order([start])
    return isinstance(start, Seed) or any(f.derivative_order or any(p is target for p in f.inputs) for f in functions)


def _described(x: Variable) -> str:
    name = f"{x.name!r} " if x.name else ""
    return f"{name}{format_array(x.data)}" + (f" of {x.creator.name}" if x.creator is not None else "")


def _seed(function: str, y: Variable, grad: Operand | None, argument: str, *, create_graph: bool) -> Variable:
    """The gradient that a backward pass starts from; with create_graph one that requires a gradient itself.

    Every gradient then depends on it; `checked` finds those that a `backward` computed from plain arrays by that.
    """
    if not isinstance(y, Variable):
        raise TypeError(f"{function}: y must be a Variable, not {type(y).__name__}")
    if not y.requires_grad:
        raise ValueError(
            f"{function}: nothing was recorded for this Variable; it was made of constants only, or under no_grad(), "
            "or it is a gradient that was computed without create_graph=True"
        )
    if grad is None and y.size != 1:
        raise ValueError(f"{function}: only a scalar needs no {argument}=; this is {format_array(y.data)}")
    seed = variable_of(y.xp.ones_like(y.data)) if grad is None else as_variables(y, grad)[1]
    if seed.device != y.device:
        raise ValueError(f"{function}: {on_devices(['this Variable', argument], [y.data, seed.data])}")
    if seed.shape != y.shape:
        raise ValueError(f"{function}: {argument} must have shape {y.shape}, not {seed.shape}")
    if seed.dtype != y.dtype:
        seed = seed.astype(y.dtype)
    return Seed(seed.data) if create_graph and not seed.requires_grad else seed
