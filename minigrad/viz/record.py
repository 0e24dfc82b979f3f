"""record: what a training step took and made, operation by operation, for a diagram of it."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Self

from minigrad.backend import Array, synchronize
from minigrad.core.anomaly import callers_line
from minigrad.core.config import GradMode, Switch, grad_mode
from minigrad.core.function import Function
from minigrad.core.hooks import Backward, Call, Forward, Hook
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.viz.diagram import Diagram
from minigrad.viz.draw import Model, graph_of, title_of
from minigrad.viz.measured import Measured, Work, stats_of, together, value_of
from minigrad.viz.memory import Alive


def record(model: Model | None = None, *, time: bool = True, memory: bool = True, stats: bool = True) -> Recorder:
    """Look on while a training step is computed; `draw` then shows what each operation took and made.

    Args:
        model: gives the parameters their names; the operations belong to the layer that applied them.
        time: measure the seconds of every operation, forward and backward.
        memory: count the bytes that are alive of what was computed.
        stats: note the least, mean and largest number of every array and gradient, and how many NaN and Inf it has.
    Returns:
        a context manager, which keeps the graph of what is computed in its block alive as long as it lives itself.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> with record(time=False) as rec:
    ...     y = x * x
    ...     y.backward()
    >>> rec.draw().summary()
    'Compute graph: 1 operation, 1 parameter, peak 12 B'
    """
    return Recorder(model, time=time, memory=memory, stats=stats)


class Recorder(Hook):
    """What `record` makes: it looks on inside of its `with` block, and draws what it saw.

    Args:
        model: gives the parameters and the layers their names.
        time, memory, stats: what is measured.
    """

    def __init__(self, model: Model | None = None, *, time: bool, memory: bool, stats: bool) -> None:
        self._model = model
        self._layers = {id(module): name for name, module in model.named_modules()} if isinstance(model, Module) else {}
        self._path = [""]  # the layers that are being called
        self._time, self._memory, self._stats = time, memory, stats
        self._measured: dict[int, Measured] = {}  # by serial number
        self._results: dict[int, Variable] = {}  # by serial number: what no operation took yet,
        self._gradients: dict[int, weakref.ref[Variable]] = {}  # and such that backward makes, and may drop unused
        self._alive = Alive()
        self._entered: list[Switch] = []

    def __enter__(self) -> Self:
        switch = Switch((grad_mode, self._added))
        switch.__enter__()
        self._entered.append(switch)
        return self

    def _added(self, mode: GradMode) -> GradMode:
        return mode if self in mode.hooks else mode._replace(hooks=(*mode.hooks, self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.pop().__exit__(kind, error, traceback)

    def draw(
        self,
        *outputs: Variable,
        order: int | Literal["all"] = "all",
        title: str | None = None,
        **options: Any,
    ) -> Diagram:
        """The diagram of what was recorded.

        Args:
            outputs: what was computed in the block; by default everything that nothing else was computed from, and of
                the gradients those that somebody still holds.
            order: the highest order of differentiation that is drawn, or "all".
            title: what stands above.
            **options: all further ones of `draw`.
        Raises:
            ValueError: nothing was recorded.
        """
        gradients = [gradient() for gradient in self._gradients.values()]
        outputs = outputs or (*self._results.values(), *(gradient for gradient in gradients if gradient is not None))
        if not outputs:
            raise ValueError(
                "draw: nothing was recorded: no operation that was applied in the block depends on a Variable; "
                "what was computed before it can be drawn if it is given: draw(loss)"
            )
        peak = self._alive.peak if self._memory else None
        graph = graph_of(outputs, self._model, order, self._measured, peak)
        return Diagram(graph, title_of(self._model) if title is None else title, **options)

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        """Note what an operation that is recorded took and made."""
        start = perf_counter()
        y = run(function, arrays)
        if y.creator is None:
            return y
        if self._time:
            synchronize(y.data)
        seconds = perf_counter() - start
        for edge in function.inputs:
            if isinstance(edge, Function):
                self._results.pop(edge.serial, None)
                self._gradients.pop(edge.serial, None)
        if function.derivative_order == 0:
            self._results[function.serial] = y
        else:
            self._gradients[function.serial] = weakref.ref(y)
        if self._memory:
            for array in (*function.saved_arrays, y.data):
                if array is not None and not any(array is x for x in arrays):
                    self._alive.add(array)
        file, _, line = callers_line().rpartition(":")
        self._measured[function.serial] = Measured(
            inputs=tuple([(x.shape, x.dtype) for x in arrays]),
            layer=self._path[-1],
            source=f"{Path(file).name}:{line}",
            value=value_of(y.data),
            forward=Work(
                seconds=seconds if self._time else None,
                live=self._alive.bytes if self._memory else None,
                stats=stats_of(y.data) if self._stats else None,
            ),
        )
        return y

    def backward(self, run: Backward, function: Function, gy: Variable) -> Sequence[Variable | None]:
        """Note what a backward took and made."""
        measured = self._measured.setdefault(function.serial, Measured())
        self._path.append(measured.layer)
        start = perf_counter()
        try:
            gxs = run(function, gy)
        finally:
            self._path.pop()
        written = [gx.data for gx in gxs if gx is not None]
        for array in written:
            synchronize(array)
        seconds = perf_counter() - start
        if self._memory:
            for array in written:
                self._alive.add(array)
        before = measured.backward or Work()  # of another gradient, which passed here as well
        measured.backward = Work(
            seconds=seconds + (before.seconds or 0.0) if self._time else None,
            live=self._alive.bytes if self._memory else None,
            stats=together([before.stats, *map(stats_of, written)]) if self._stats else None,
        )
        return gxs

    def call(self, run: Call, module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Run a module; what it applies belongs to it, or else to the one that called it."""
        self._path.append(self._layers.get(id(module), self._path[-1]))
        try:
            return run(module, inputs, options)
        finally:
            self._path.pop()
