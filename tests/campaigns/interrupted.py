"""What is interrupted, and what must be so afterwards."""

import contextvars
import itertools
import re
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, optim, viz
from minigrad.switches import current

X = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
T = np.array([0, 1, 1, 0, 1])
PATIENCE = 20  # seconds that a step in another thread may take

other_thread = ThreadPoolExecutor(max_workers=1)


@dataclass
class Work:
    """`run` is interrupted; `check` is then told of the interruption, and gives the outcome or raises WrongError."""

    run: Callable[[], object]
    check: Callable[[object], str]


class WrongError(Exception):
    """Something is not as it should be after an interruption."""


class Network(nn.Module):
    """Two layers; its numbers are always the same, or all moved by `offset`."""

    def __init__(self, offset=0.0):
        self.hidden, self.out = nn.Linear(3, 4), nn.Linear(4, 2)
        for p in self.parameters():
            p.data[...] = np.sin(np.arange(p.size)).reshape(p.shape) + offset

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))


def weights(model):
    return {name: p.data.tobytes() for name, p in model.named_parameters()}


class Training:
    """A network and its optimizer, after one step."""

    def __init__(self, optimizer):
        self.model = Network()
        self.optimizer = optimizer(self.model.parameters())
        self.step()

    def step(self):
        self.optimizer.zero_grad()
        F.softmax_cross_entropy(self.model(X), T).backward()
        self.optimizer.step()

    def state(self):
        return self.model.state_dict(), self.optimizer.state_dict()

    def restore(self, state):
        self.model.load_state_dict(state[0])
        self.optimizer.load_state_dict(state[1])


def bits(state):
    return [{name: np.asarray(array).tobytes() for name, array in part.items()} for part in state]


def training(optimizer, folder):
    """A step: it was not done, or it was, or the optimizer says which parameters were updated. The next is exact."""
    trained = Training(optimizer)
    states = [trained.state()]
    for _ in range(2):
        trained.step()
        states.append(trained.state())
    before, after, later = map(bits, states)
    trained.restore(states[0])

    def check(interruption):
        now = bits(trained.state())
        if now in (before, after):
            trained.step()
            if bits(trained.state()) != (after if now == before else later):
                raise WrongError("the next step has other bits")
            return "the step was not done" if now == before else "the step was done"
        compare_with_note(interruption, weights(trained.model), *states[:2])
        trained.restore(states[0])
        trained.step()
        if bits(trained.state()) != after:
            raise WrongError("a step after restoring the state has other bits")
        return "the step was done in part, and the optimizer says so"

    return Work(trained.step, check)


def compare_with_note(interruption, now, before, after):
    """Raise WrongError unless the exception's note says which weights are those of before, and which those of after."""
    found = re.search(r"Updated: (.*); perhaps in part: (.*); not updated: (.*)\.", " ".join(interruption.notes))
    if not found:
        raise WrongError("the optimizer did a part of the step, and says nothing")
    updated, partly, others = (set(names.split(", ")) - {"none"} for names in found.groups())
    if updated | partly | others != set(now) or len(partly) > 1:
        raise WrongError("the optimizer's note has other names than the model")
    for names, (arrays, _) in ((updated, after), (others, before)):
        if any(now[name] != arrays[name].tobytes() for name in names):
            raise WrongError("the optimizer's note is wrong")


def second_derivative(folder):
    """`mg.grad` with create_graph: the next has the same bits."""
    x = mg.Variable(X)

    def run():
        (gx,) = mg.grad(F.tanh(x * x).sum(), [x], create_graph=True)
        return mg.grad((gx * gx).sum(), x).data.tobytes()

    wanted = run()

    def check(interruption):
        if run() != wanted:
            raise WrongError("the next derivative has other bits")
        if x.grad is not None:
            raise WrongError("mg.grad wrote a .grad")
        return "the derivative is the same"

    return Work(run, check)


def recording(folder):
    """`viz.record`: no hook is left, the next record has the same diagram, and the interrupted one goes on."""
    model = Network()

    def step(recorder):
        with recorder:
            model.zero_grad()
            F.softmax_cross_entropy(model(X), T).backward()

    def diagram():
        recorder = viz.record(model, time=False, memory=False)
        step(recorder)
        return recorder.draw().dot

    wanted, recorder = diagram(), viz.record(model)

    def check(interruption):
        if diagram() != wanted:
            raise WrongError("the next record draws another diagram")
        step(recorder)
        recorder.draw().json()
        return "the record is the same"

    return Work(partial(step, recorder), check)


def saving(folder):
    """`nn.save`: the file is the old or the new one, and after the next nothing else is there."""
    old, new, loaded = Network(1.0), Network(2.0), Network()
    path = folder / "model.npz"
    nn.save(old, path)

    def check(interruption):
        nn.load(loaded, path)
        found = weights(loaded)
        if found != weights(new) and (found != weights(old) or not interruption.error):
            raise WrongError("the file is neither the old nor the new one")
        nn.save(new, path)
        nn.load(loaded, path)
        if weights(loaded) != weights(new):
            raise WrongError("the next file is wrong")
        if left := [file.name for file in folder.iterdir() if file != path]:
            for name in left:
                (folder / name).unlink()
            raise WrongError("after the next save a file is left beside it")
        return "the file is the new one" if found == weights(new) else "the file is the old one"

    return Work(partial(nn.save, new, path), check)


def loading(folder):
    """`nn.load`: the model is as before, or has all of the file."""
    path = folder / "model.npz"
    model, wanted = Network(), Network(2.0)
    nn.save(wanted, path)
    before = weights(model)

    def check(interruption):
        found = weights(model)
        if found not in (before, weights(wanted)):
            raise WrongError("the model has a part of the file")
        nn.load(model, path)
        if weights(model) != weights(wanted):
            raise WrongError("the next load is wrong")
        return "the model is as before" if found == before else "the model has the file's weights"

    return Work(partial(nn.load, model, path), check)


def switches(folder):
    """Every switch: as a block, as a decorator, around generators and coroutines."""
    x = mg.Variable(X)

    @mg.inference()
    def decorated():
        return x * 2

    @mg.no_grad()
    def decorated_generator():
        for i in range(3):
            yield x * i

    @mg.train_mode(False)
    async def decorated_coroutine():
        return x * 2

    def generator():
        with mg.no_grad():
            for i in range(3):
                yield x * i

    def run():
        with mg.no_grad(), mg.default_dtype(np.float64):
            decorated()
            with mg.enable_grad(), mg.train_mode(False):
                mg.Variable(1.0) * 2
        with mg.inference(), mg.detect_anomaly():
            x * 2
        for _ in decorated_generator():
            decorated()
        list(itertools.islice(generator(), 2))
        with suppress(StopIteration), closing(decorated_coroutine()) as coroutine:
            coroutine.send(None)

    def check(interruption):
        run()
        return "the switches are as before"

    return Work(run, check)


def empty_block(folder):
    """A switch around nothing: most signals come as it is entered or left."""

    def run():
        for _ in range(3):
            with mg.no_grad():
                pass

    def check(interruption):
        if not (mg.Variable(X) * 2).requires_grad:
            raise WrongError("nothing is recorded any more")
        return "operations are recorded"

    return Work(run, check)


def prefetching(folder):
    """A pass whose minibatches a thread makes: the thread has ended, and the next pass has the same numbers."""
    rng = np.random.default_rng(0)  # outside of the run: what NumPy does there leaves its settings changed
    minibatches, state = (
        data.batches(data.Dataset(X, T), 2, rng=rng).map(np.tanh, part=0).prefetch(),
        rng.bit_generator.state,
    )

    def run():
        rng.bit_generator.state = state
        numbers = []
        for x, t in minibatches:
            numbers += [x.tobytes(), t.tobytes()]
        return numbers

    wanted = run()

    def check(interruption):
        latest = monotonic() + PATIENCE
        while any(thread.name == "minigrad-prefetch" for thread in threading.enumerate()):
            if monotonic() > latest:
                raise WrongError("the thread is left behind")
            sleep(0.001)
        if run() != wanted:
            raise WrongError("the next pass has other numbers")
        return "no thread is left"

    return Work(run, check)


WORKS = {
    "training step, SGD": partial(training, partial(optim.SGD, lr=0.1)),
    "training step, Adam": partial(training, partial(optim.Adam, lr=0.1)),
    "second derivative": second_derivative,
    "record": recording,
    "save": saving,
    "load": loading,
    "switches": switches,
    "empty block": empty_block,
    "prefetch": prefetching,
}


def context_variables():
    """The values of all context variables that have one; a weak reference to what is gone is none."""
    current()  # takes out the switches that were interrupted as they were left
    values = contextvars.copy_context().items()
    return {variable: value for variable, value in values if not isinstance(value, weakref.ref) or value() is not None}


def left_behind(before):
    """The names of the context variables that have another value than `before`."""
    now, missing = context_variables(), object()

    def value(variable, values):
        if variable in values:
            return values[variable]
        try:
            return contextvars.Context().run(variable.get)  # the default
        except LookupError:
            return missing

    return sorted(variable.name for variable in before | now if value(variable, before) != value(variable, now))


def check(work, interruption, before):
    """The outcome; WrongError if a switch, hook or lock is left, or what the work itself checks is not so."""
    left = left_behind(before)
    if left:
        raise WrongError(f"left behind: {', '.join(left)}")
    if interruption.error not in ("KeyboardInterrupt", ""):
        raise WrongError(f"KeyboardInterrupt became {interruption.error}")
    try:
        other_thread.submit(step_elsewhere).result(PATIENCE)
    except TimeoutError:
        raise WrongError("a step in another thread waits for a lock") from None
    return work.check(interruption) + ("" if interruption.error else " (Python swallowed the interruption)")


def step_elsewhere():
    """A step in another thread."""
    x = mg.Variable(X)
    (x * x).sum().backward()
    if not np.array_equal(x.grad.data, 2 * X):
        raise WrongError("a step in another thread has other bits")
