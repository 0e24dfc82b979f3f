"""Function: one applied operation, one node of the graph.

A Variable's `creator` is the node that computed it. A Variable without one is a *leaf* if it requires a gradient, else
a *constant*. The *producer* of a Variable is its creator, or itself if it is a leaf, or None if it is a constant; the
`inputs` of a node are the producers of its operands. Nodes do not hold the Variables between them: an intermediate
array that no operation saved is freed with its Variable. `apply` (in variable.py) sets `inputs`, runs `forward` and
records the node; `backward_pass` (in traversal.py) calls `backward`.
"""

from __future__ import annotations

import itertools
import math
import threading
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, Union

import numpy as np

from minigrad.backend import is_array, may_overlap
from minigrad.backend.forks import held_while_forking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minigrad.backend import Array
    from minigrad.core.variable import Variable

Producer: TypeAlias = Union["Function", "Variable", None]
"""The origin of an input: the Function that computed it, a leaf Variable, or None for a constant."""

Gradients: TypeAlias = Union["Variable", "tuple[Variable | None, ...]", None]
"""The result of `backward`: one gradient, or one for each input; None is zero, or not needed."""

Spec: TypeAlias = tuple[tuple[int, ...], Any]
"""The shape and the dtype of an array."""


class Serials:
    """The numbers of the process's recorded operations and noted edits, in the order of time."""

    def __init__(self) -> None:
        self.next = itertools.count(1).__next__
        self.last_edit = 0
        self._lock = threading.Lock()
        held_while_forking(self._lock)

    def of_edit(self) -> int:
        """The next number, kept in `last_edit`: what is recorded after it needs no look for edits."""
        with self._lock:
            self.last_edit = self.next()
            return self.last_edit


serials = Serials()


class Edit(NamedTuple):
    """A change of an array in place: when, by whom, of which array (weakly)."""

    serial: int
    by: str
    array: weakref.ref[Array]

    def after(self, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
        """This edit behind those before of other arrays, for which an operation may have saved them."""
        array = self.array()
        return (*(edit for edit in edits if (other := edit.array()) is not None and other is not array), self)


class Function:
    """An operation that can be differentiated, and one application of it.

    Subclasses write `forward` on arrays and `backward` on Variables. `backward` uses differentiable operations, so that
    derivatives of every order work with no further code:

    >>> import minigrad as mg
    >>> class Square(mg.Function):
    ...     def forward(self, x):
    ...         self.save(x)
    ...         return x * x
    ...     def backward(self, gy):
    ...         (x,) = self.saved
    ...         return gy * x * 2
    >>> x = mg.Variable(3.0)
    >>> mg.grad(mg.apply(Square(), x), x).item()
    6.0

    Parameters that are no arrays are fields of a dataclass, as in `WithNumber` (arithmetic.py). Of the attributes the
    first six are the backward pass's; the others serve diagrams and the search for mistakes.

    Attributes:
        inputs: the producer of each operand, to which its gradient goes; None for a constant.
        serial: a count of the process's recorded operations and noted edits; it is above those of the inputs.
        output: shape and dtype of the result.
        saved_arrays: the arguments of `save`; the bytes that recording this operation keeps alive.
        saved_sources: for each of them the number of the input that it is, or OUTPUT, or CONSTANT.
        variable_of: makes a Variable of an array and its producer; set by `apply`, as this file can't import Variable.
        derivative_order: the order of the pass that recorded it: 1 and more in a backward pass with `create_graph`, 0
            outside of one, also for what a user computes from gradients.
        retained: `retain_grad` asked for the gradient of the output.
        grad: that gradient; it is here, as several Variables may stand for one output.
        edits: the changes in place of its output that `mark_edited` told of, the last one of each array.
        origin, checksums: "file:line" of the caller's code and one number per saved array, under `detect_anomaly`.
    """

    inputs: tuple[Producer, ...] = ()
    serial: int = 0
    derivative_order: int = 0
    output: Spec
    saved_arrays: tuple[Array, ...] = ()
    saved_sources: Sequence[int] = ()
    retained: bool = False
    grad: Variable | None = None
    edits: tuple[Edit, ...] = ()
    origin: str | None = None
    checksums: tuple[int, ...] | None = None
    variable_of: Callable[..., Variable]

    flops_per_element: ClassVar[int] = 1
    """Floating-point operations of `forward` for each element of the output, where no `flops` says it otherwise."""

    family: ClassVar[str] = "other"
    """The sort of operation, which a diagram colours: product, elementwise, reduction, pooling, view, loss or other."""

    formula: ClassVar[str] = ""
    """The output as a Python expression of `forward`'s arguments and of fields, "x ** c", for diagrams; "" if long."""

    OUTPUT: ClassVar[int] = -1
    """Stands for the output in `saved_sources`."""

    CONSTANT: ClassVar[int] = -2
    """Stands in `saved_sources` for an array made on the way."""

    def forward(self, *arrays: Array) -> Array:  # noqa: ARG002
        """Compute the output array from the input arrays, and `save` what `backward` needs."""
        raise TypeError(f"{self.name} has no forward")

    def backward(self, gy: Variable) -> Gradients:  # noqa: ARG002
        """Compute the gradient of each input from the gradient of the output, by differentiable operations."""
        raise TypeError(f"{self.name} has no derivative: it defines no backward")

    backward_arrays: Callable[[Array], Any] | None = None
    """Optional, for speed: `backward` on arrays, called instead of it by a backward pass without `create_graph`.

    It may return `gy` itself, but none of the arrays that were saved: gradients may be edited.
    """

    def __init_subclass__(cls) -> None:
        if "backward" in vars(cls) and "backward_arrays" not in vars(cls):
            cls.backward_arrays = None  # a new `backward` must not inherit the old one's form on arrays

    @property
    def name(self) -> str:
        """The operation's name in messages and diagrams."""
        return type(self).__name__

    def needs(self, i: int) -> bool:
        """True if input `i` is no constant: a gradient may be asked for, and `forward` must save what it takes."""
        return i < len(self.inputs) and self.inputs[i] is not None

    def save(self, *arrays: Array | None) -> None:
        """Keep inputs, the output, or arrays made on the way for `backward`; None keeps a place empty.

        An array made on the way, cos(x) for example, is a constant to `backward`: a second derivative through it would
        silently be missing. Save the input, and compute the cosine in `backward`.
        """
        self.saved_arrays = arrays

    @property
    def saved(self) -> list[Variable]:
        """The saved arrays as Variables: an input or the output with its producer again, the others as constants."""
        inputs, variable_of = self.inputs, self.variable_of
        saved: list[Any] = []  # with None for an empty place
        for array, i in zip(self.saved_arrays, self.saved_sources):  # noqa: B905 - equally many, and checking costs
            producer = inputs[i] if i >= 0 else self if i == Function.OUTPUT else None
            saved.append(None if array is None else variable_of(array, producer))
        return saved

    def input_spec(self, i: int) -> Spec | None:
        """Shape and dtype of input `i`; None for a constant that was not saved."""
        producer = self.inputs[i]
        if producer is not None:
            return producer.output
        for array, source in zip(self.saved_arrays, self.saved_sources, strict=True):
            if source == i and array is not None:
                return array.shape, array.dtype
        return None

    def input_size(self, i: int) -> int:
        """The number of elements of input `i`."""
        spec = self.input_spec(i)
        assert spec is not None, f"{self.name} keeps nothing of input {i}"
        return math.prod(spec[0])

    def flops(self) -> int | None:
        """Floating-point operations of `forward`; None where they depend on a constant that was not saved.

        An addition, a multiplication, a comparison, or a function of one number such as exp counts one each; moving
        numbers counts nothing. It is the formula that is counted, not what a kernel saves or adds.
        """
        return self.flops_per_element * math.prod(self.output[0])

    def record(self, serial: int, arrays: list[Array], y: Array, variable_of: Any) -> None:
        """Become a node of the graph, after `forward` made `y` of `arrays`."""
        if y.dtype.kind != "f":
            raise TypeError(f"apply: forward of {self.name} returned {y.dtype}; only floats have gradients")
        if type(self).__eq__ is not object.__eq__:
            raise TypeError(f"apply: {self.name} can't be a node, it compares by value: write @dataclass(eq=False)")
        self.serial = serial
        self.output = (y.shape, y.dtype)
        self.variable_of = variable_of
        if not self.saved_arrays:
            return
        first, last, sources = arrays[0], arrays[-1], []
        for saved in self.saved_arrays:
            if saved is first:  # the usual cases, without a call
                sources.append(0)
            elif saved is last:
                sources.append(len(arrays) - 1)
            else:
                sources.append(self._source(saved, arrays, y))
        self.saved_sources = tuple(sources)

    def _source(self, saved: Array | None, arrays: list[Array], y: Array) -> int:
        for i, array in enumerate(arrays):
            if saved is array:
                return i
        if saved is y:
            return Function.OUTPUT
        if getattr(saved, "base", None) is not None:
            for i, array in enumerate(arrays):
                if self.needs(i) and may_overlap(saved, array):
                    message = f"apply: {self.name} saved a view of input {i}, a constant to backward; save the input"
                    raise TypeError(message)
        return Function.CONSTANT


def output_array(function: Function, y: Any) -> Array:
    """The result of `forward` as an array of no subclass; where NumPy made a scalar of it, saved ones as well."""
    if isinstance(y, np.generic):
        array = np.asarray(y)
        function.saved_arrays = tuple(
            array if saved is y else np.asarray(saved) if isinstance(saved, np.generic) else saved
            for saved in function.saved_arrays
        )
        return array
    if not is_array(y):
        raise TypeError(f"apply: forward of {function.name} returned {type(y).__name__}, expected an array")
    return np.asarray(y) if isinstance(y, np.ndarray) else y
