"""record and RecordStep: time, memory and numbers of a training step, operation by operation, for a diagram of it."""

from __future__ import annotations

import math
import os
import warnings
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from minigrad import checks
from minigrad.backend import Array, synchronize, xp_of
from minigrad.backend.errstate import errstate
from minigrad.core.anomaly import callers_line
from minigrad.core.function import Function
from minigrad.core.hooks import Backward, Call, Forward, Hook
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.switches import Switch
from minigrad.training.callback import Callback
from minigrad.training.under_way import Training
from minigrad.viz.diagram import Diagram
from minigrad.viz.engines import EngineError
from minigrad.viz.formatting import format_value
from minigrad.viz.graph import Stats, Work
from minigrad.viz.options import DrawOptions
from minigrad.viz.trace import Measured, Model, checked_model, default_title, owner_of, trace


def record(model: Model | None = None, *, time: bool = True, memory: bool = True, stats: bool = True) -> Recorder:
    """Measure a training step while it is computed; `draw` then shows each operation's time, memory and numbers.

    Args:
        model: gives the parameters their names; the operations belong to the layer that applied them.
        time: measure the seconds of every operation, forward and backward.
        memory: count the bytes that are alive of what was computed.
        stats: note the least, mean and largest number of every array and gradient, and its counts of NaN and Inf.

    The context manager that it returns keeps the graph of its block alive as long as it lives itself.

    Raises:
        TypeError: model has no named parameters.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> with record(time=False) as rec:
    ...     y = x * x
    ...     y.backward()
    >>> rec.draw().summary()
    'Compute graph: 1 operation, 1 parameter, peak 12 B'
    """
    return Recorder(checked_model("record", model), time=time, memory=memory, stats=stats)


class Recorder(Hook, Switch):
    """The context manager that `record` makes: it measures what is computed in its block, and draws it."""

    def __init__(self, model: Model | None = None, *, time: bool, memory: bool, stats: bool) -> None:
        self._model = model
        self._layers = {id(module): name for name, module in model.named_modules()} if isinstance(model, Module) else {}
        self._path = [""]  # the layers that are being called
        self._time, self._memory, self._stats = time, memory, stats
        self._measured: dict[int, Measured] = {}  # by serial number
        # Outputs that no operation took yet, by serial number; backward may drop one of its own unused.
        self._outputs: dict[int, Callable[[], Variable | None]] = {}
        self._alive = _Alive()
        Switch.__init__(self, grad_mode=lambda m: m if self in m.hooks else m._replace(hooks=(*m.hooks, self)))

    def draw(self, *outputs: Variable, order: int | Literal["all"] = "all", **options: Any) -> Diagram:
        """The diagram of some Variables, with all that was recorded; the keywords are those of `draw`.

        By default it is of all that nothing else was computed from; of the gradients, those that are still referenced.

        Raises:
            ValueError: nothing was recorded.
        """
        found = [y for output in self._outputs.values() if (y := output()) is not None]
        # An error of another hook, or Ctrl-C, undoes an operation after it was noted: it has no inputs then.
        outputs = outputs or tuple(y for y in found if y.creator and y.creator.inputs)
        if not outputs:
            raise ValueError(
                "draw: nothing was recorded: no operation that this thread applied in the block depends on a Variable; "
                "what was computed before it can be drawn if it is given: draw(loss)"
            )
        graph = trace(outputs, self._model, order, self._measured, self._alive.peak or None)
        return Diagram(graph, DrawOptions.of(default_title(self._model), options))

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        """Compute the Function; if it is recorded, note its time, its arrays and its place in the code."""
        start = perf_counter()
        y = run(function, arrays)
        if y.creator is None:
            return y
        synchronize(y.data)
        seconds = perf_counter() - start
        for producer in function.inputs:
            if isinstance(producer, Function):
                self._outputs.pop(producer.serial, None)
        self._outputs[function.serial] = weakref.ref(y) if function.derivative_order else lambda: y
        kept = (array for array in (*function.saved_arrays, y.data) if array is not None)
        made = [array for array in kept if not any(array is x for x in arrays)]
        self._measured[function.serial] = Measured(
            inputs=tuple([(x.shape, x.dtype) for x in arrays]),
            layer=self._path[-1],
            source=Path(callers_line()).name,
            value=format_value(y.data),
            forward=self._work(seconds, made, [y.data]),
        )
        return y

    def backward(self, run: Backward, function: Function, gy: Variable) -> Sequence[Variable | None]:
        """Compute the gradients; note their time and their arrays."""
        measured = self._measured.setdefault(function.serial, Measured())
        self._path.append(measured.layer)
        start = perf_counter()
        try:
            gxs = run(function, gy)
        finally:
            self._path.pop()
        made = [gx.data for gx in gxs if gx is not None]
        for array in made:
            synchronize(array)
        # Another gradient may have passed here before.
        measured.backward = self._work(perf_counter() - start, made, made, measured.backward or Work())
        return gxs

    def call(self, run: Call, module: Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a module; the operations that it applies belong to it, or else to the one that called it."""
        self._path.append(self._layers.get(id(module), self._path[-1]))
        try:
            return run(module, inputs, options)
        finally:
            self._path.pop()

    def _work(self, seconds: float, made: list[Array], shown: list[Array], before: Work = Work()) -> Work:  # noqa: B008
        """The measurements of a run that made some arrays, together with those of one before it."""
        for array in made if self._memory else ():
            self._alive.add(array)
        return Work(
            seconds=seconds + (before.seconds or 0.0) if self._time else None,
            live=self._alive.bytes if self._memory else None,
            stats=_merged([before.stats, *map(stats_of, shown)]) if self._stats else None,
        )


class RecordStep(Callback):
    """Records a step of a training, forward and backward, and writes it as a diagram.

    Args:
        step: its number, from 1.
        path: of the diagram; the suffix decides the format. Where nothing can lay it out it becomes Graphviz's text,
            .dot, with a RuntimeWarning.
        options: those of `draw`, color="time" for example.

    >>> from minigrad import viz
    >>> callback = viz.RecordStep(1, "step.svg", view="layers")
    """

    def __init__(self, step: int, path: str | os.PathLike[str], **options: Any) -> None:
        self.step = checks.integer("RecordStep", "step", step)
        self.path, self.options = Path(path), options
        self._recorder: Recorder | None = None

    def before_step(self, training: Training) -> None:
        """Begin to record."""
        if training.step + 1 == self.step:
            self._recorder = record(training.model)
            self._recorder.__enter__()

    def after_step(self, training: Training) -> None:
        """Draw."""
        if self._recorder is not None and training.loss is not None:
            recorder = self._recorder
            self.after_training(training)
            title = f"{type(training.model).__name__}: training step {self.step}"
            diagram = recorder.draw(training.loss, **{"title": title} | self.options)
            try:
                diagram.save(self.path)
            except EngineError as error:  # no reason to lose the training
                text = self.path.with_suffix(".dot")
                diagram.save(text)
                message = f"RecordStep: no {self.path.name}, but {text.name}: {error}"
                warnings.warn(message, RuntimeWarning, stacklevel=1)

    def after_training(self, training: Training) -> None:  # noqa: ARG002
        """End the recording, also of a step that failed."""
        if self._recorder is not None:
            self._recorder.__exit__()
            self._recorder = None


class _Alive:
    """Counts the bytes of arrays until they are freed; views count as the array whose memory they show, once."""

    def __init__(self) -> None:
        self.bytes = self.peak = 0
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


@errstate(all="ignore")
def stats_of(array: Array) -> Stats | None:
    """The statistics of an array; None if it is empty or holds no floats."""
    if array.dtype.kind != "f" or array.size == 0:
        return None
    least, largest = float(array.min()), float(array.max())
    if math.isfinite(least) and math.isfinite(largest):
        mean = float(array.mean())
        mean = mean if math.isfinite(mean) else float(array.mean(dtype=np.float64))
        return Stats(least, mean, largest, 0, 0, array.size)
    xp = xp_of(array)
    nan, inf = int(xp.isnan(array).sum()), int(xp.isinf(array).sum())
    finite = stats_of(array[xp.isfinite(array)])
    return (finite or Stats(math.nan, math.nan, math.nan, 0, 0, 0))._replace(nan=nan, inf=inf, size=array.size)


def _merged(every: Sequence[Stats | None]) -> Stats | None:
    """The statistics of several arrays as one."""
    known = [stats for stats in every if stats is not None]
    if not known:
        return None
    some = [stats for stats in known if stats.size > stats.nonfinite] or known[:1]
    counts = [stats.size - stats.nonfinite for stats in some]
    return Stats(
        min(stats.least for stats in some),
        sum(stats.mean * count for stats, count in zip(some, counts, strict=True)) / max(sum(counts), 1),
        max(stats.largest for stats in some),
        sum(stats.nan for stats in known),
        sum(stats.inf for stats in known),
        sum(stats.size for stats in known),
    )
