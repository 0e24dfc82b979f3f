"""record: the time, the memory and the numbers of a training step, operation by operation, for a diagram of it."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from minigrad.backend import Array, synchronize, xp_of
from minigrad.core.anomaly import callers_line
from minigrad.core.config import Switch, Watch, grad_mode
from minigrad.core.function import Function
from minigrad.core.variable import Variable
from minigrad.functions.scattered import numbers_of, without_zeros
from minigrad.nn.module import Module, caller
from minigrad.viz.diagram import Diagram, Model, default_title, graph_of
from minigrad.viz.formatting import format_value
from minigrad.viz.graph import Stats, Work
from minigrad.viz.options import DrawOptions
from minigrad.viz.trace import Measured, owner_of


def record(model: Model | None = None, *, time: bool = True, memory: bool = True, stats: bool = True) -> Recorder:
    """Measure a training step while it is computed; `draw` then shows each operation's time, memory and numbers.

    Args:
        model: gives the parameters their names; the operations belong to the layer that applied them.
        time: measure the seconds of every operation, forward and backward.
        memory: count the bytes that are alive of what was computed.
        stats: note the least, mean and largest number of every array and gradient, and its counts of NaN and Inf.
    Returns:
        a context manager, which keeps the graph that is computed in its block alive as long as it lives itself.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> with record(time=False) as rec:
    ...     y = x * x
    ...     y.backward()
    >>> rec.draw().summary()
    'Compute graph: 1 operation, 1 parameter, peak 12 B'
    """
    return Recorder(model, time=time, memory=memory, stats=stats)


class Recorder:
    """The context manager that `record` makes: it measures what is computed in its block, and draws it.

    Args:
        model: gives the parameters and the layers their names.
        time, memory, stats: what is measured.
    """

    def __init__(self, model: Model | None = None, *, time: bool, memory: bool, stats: bool) -> None:
        self._model = model
        self._layers = {id(module): name for name, module in model.named_modules()} if isinstance(model, Module) else {}
        self._path = [""]  # the layers that are being called
        self._time, self._memory, self._stats = time, memory, stats
        self._seconds = 0.0  # of the forward that just ran
        self._measured: dict[int, Measured] = {}  # by serial number
        self._results: dict[int, Variable] = {}  # by serial number: what no operation took yet,
        self._gradients: dict[int, weakref.ref[Variable]] = {}  # and such that backward makes, and may drop unused
        self._alive = _Alive()
        self._entered: list[Switch] = []
        self._outer: Watch | None = None  # a recorder around this one, which looks on as well
        self._outer_call: Callable[[Module, Callable[[], Any]], Any] | None = None

    def __enter__(self) -> Self:
        mode = grad_mode.get()
        if not self._entered:
            self._outer = None if mode is None else mode.watch
            self._outer_call = None if self._outer is None else caller.get()
        switch = Switch((grad_mode, None if mode is None else mode._replace(watch=self)), (caller, self._call))
        switch.__enter__()
        self._entered.append(switch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.pop().__exit__(kind, error, traceback)

    def draw(self, *outputs: Variable, order: int | Literal["all"] = "all", **options: Any) -> Diagram:
        """The diagram of all that was recorded.

        Args:
            outputs: Variables that were computed in the block; by default all that nothing else was computed from, and
                of the gradients those that are still referenced.
            order: the highest order of differentiation that is drawn, or "all".
            **options: see `DrawOptions`.
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
        return Diagram(graph, DrawOptions.of(default_title(self._model), options))

    def forward(self, function: Function, arrays: list[Array]) -> Array:
        """Run the Function on the arrays, and take the time."""
        start = perf_counter()
        y = function.forward(*arrays) if self._outer is None else self._outer.forward(function, arrays)
        if self._time:
            synchronize(y)
        self._seconds = perf_counter() - start
        return y

    def applied(self, function: Function, arrays: list[Array], y: Variable) -> None:
        """Note what is to be noted of the Function that made `y` of the arrays."""
        if self._outer is not None:
            self._outer.applied(function, arrays, y)
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
            value=format_value(y.data),
            forward=Work(
                seconds=self._seconds if self._time else None,
                live=self._alive.bytes if self._memory else None,
                stats=stats_of(y.data) if self._stats else None,
            ),
        )

    def backward(
        self, function: Function, gy: Variable, run: Callable[[Function, Variable], tuple[Any, ...]]
    ) -> tuple[Any, ...]:
        """Run the Function's share of backward, and note what is to be noted of it."""
        measured = self._measured.setdefault(function.serial, Measured())
        self._path.append(measured.layer)
        start = perf_counter()
        try:
            gxs = run(function, gy) if self._outer is None else self._outer.backward(function, gy, run)
        finally:
            self._path.pop()
        written = [gx.data for gx in gxs if isinstance(gx, Variable) and without_zeros(gx) is None]
        for array in written:
            synchronize(array)
        seconds = perf_counter() - start
        if self._memory:
            for array in written:
                self._alive.add(array)
        arrays = [numbers_of(gx) for gx in gxs if isinstance(gx, Variable)] if self._stats else []
        before = measured.backward or Work()  # of another gradient, which passed here as well
        measured.backward = Work(
            seconds=seconds + (before.seconds or 0.0) if self._time else None,
            live=self._alive.bytes if self._memory else None,
            stats=_joined([before.stats, *map(stats_of, arrays)]) if self._stats else None,
        )
        return gxs

    def _call(self, module: Module, forward: Callable[[], Any]) -> Any:
        """Run a module's forward; what it applies belongs to it, or else to the one that called it."""
        self._path.append(self._layers.get(id(module), self._path[-1]))
        try:
            return forward() if self._outer_call is None else self._outer_call(module, forward)
        finally:
            self._path.pop()


class _Alive:
    """Counts the bytes of arrays until they are freed; views count as the array whose memory they show, once."""

    def __init__(self) -> None:
        self.bytes = 0
        self.peak = 0
        self._known: dict[int, weakref.ref[Array]] = {}

    def add(self, array: Array) -> None:
        """Count the array's memory, if it is not counted yet."""
        owner = owner_of(array)
        key, size = id(owner), owner.nbytes
        if key in self._known:
            return

        def freed(_: weakref.ref[Array]) -> None:
            self.bytes -= size
            del self._known[key]

        self._known[key] = weakref.ref(owner, freed)
        self.bytes += size
        self.peak = max(self.peak, self.bytes)


def stats_of(array: Array) -> Stats | None:
    """The statistics of an array; None if it is empty or holds no floats."""
    if array.dtype.kind != "f" or array.size == 0:
        return None
    with np.errstate(all="ignore"):
        least, largest = float(array.min()), float(array.max())
        if math.isfinite(least) and math.isfinite(largest):
            mean = float(array.mean())
            mean = mean if math.isfinite(mean) else float(array.mean(dtype=np.float64))
            return Stats(least, mean, largest, 0, 0, array.size)
        xp = xp_of(array)
        nan, inf = int(xp.isnan(array).sum()), int(xp.isinf(array).sum())
        finite = stats_of(array[xp.isfinite(array)])
    return (finite or Stats(math.nan, math.nan, math.nan, 0, 0, 0))._replace(nan=nan, inf=inf, size=array.size)


def _joined(measures: Sequence[Stats | None]) -> Stats | None:
    """The statistics of several arrays as one."""
    known = [stats for stats in measures if stats is not None]
    if not known:
        return None
    finite = [stats.size - stats.nan - stats.inf for stats in known]
    parts = [(stats, count) for stats, count in zip(known, finite, strict=True) if count] or [(known[0], 1)]
    return Stats(
        min(stats.least for stats, _ in parts),
        sum(stats.mean * count for stats, count in parts) / sum(count for _, count in parts),
        max(stats.largest for stats, _ in parts),
        sum(stats.nan for stats in known),
        sum(stats.inf for stats in known),
        sum(stats.size for stats in known),
    )
