"""The behaviour that each example checks beside the numbers of the derivatives."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.backend import may_overlap
from minigrad.core.traversal import topological_order
from minigrad.core.variable import Variable
from minigrad.testing.derivatives import Gradient, derivatives, gradients, random_like, recorded, values
from minigrad.testing.example import Example, Floats, laid_out
from minigrad.testing.findings import ContractViolation
from minigrad.testing.formatting import message_of

CALLS = 20
"""The calls of a function that show whether it is random: few random numbers may be the same in some of them."""


class Subject:
    """A function under test, computed once at some inputs.

    Attributes:
        f: the function.
        arrays, names: its inputs, and what messages call them.
        rng: draws cotangents.
        xs, ys, gys: the inputs and outputs as Variables, recorded, and a cotangent for each output.
    """

    def __init__(
        self, f: Callable[..., Any], arrays: Sequence[Floats], names: Sequence[str], rng: np.random.Generator
    ) -> None:
        self.f, self.arrays, self.names, self.rng = f, arrays, names, rng
        self.xs = [Variable(x.copy()) for x in arrays]
        self.ys = recorded(f, self.xs)
        self.gys = random_like([y.data for y in self.ys], rng)

    def alone(self, i: int) -> Callable[[Variable], Any]:
        """f as a function of input i, the others constant."""
        others = [Variable(x, requires_grad=False) for x in self.arrays]
        return lambda x: self.f(*others[:i], x, *others[i + 1 :])

    def pull_back(self, gys: Sequence[Floats]) -> list[Floats]:
        """The gradients through the graph that was recorded once."""
        return gradients(lambda *_: self.ys, self.xs, gys)

    def held(self) -> list[tuple[str, Floats]]:
        """gy, the outputs and the saved arrays, and what messages call them; a backward may not edit or return them."""
        nodes = topological_order(y.creator for y in self.ys)
        saved = [(f"what {node.name} saved", a) for node in nodes for a in node.saved_arrays if a is not None]
        return [*(("gy", gy) for gy in self.gys), *(("the output", y.data) for y in self.ys), *saved]


def outputs_are_arrays(subject: Subject) -> None:
    """The outputs are arrays of the inputs' kind and dtype, also those without axes."""
    for y in subject.ys:
        if type(y.data) is not type(subject.xs[0].data):
            raise ContractViolation("forward", f"makes a {type(y.data).__name__}, expected an array")
        if y.dtype != np.float64:
            raise ContractViolation("forward changes the dtype", f"of float64 it makes {y.dtype}")


def forward_agrees_with_the_reference(subject: Subject, reference: Callable[..., Any]) -> None:
    """The outputs have the shapes and numbers of another implementation's."""
    try:
        with np.errstate(all="ignore"):
            expected = reference(*[x.copy() for x in subject.arrays])
    except Exception as error:  # noqa: BLE001 - whatever the reference raises
        raise ContractViolation(f"the reference raised {type(error).__name__}", message_of(error)) from None
    wanted = expected if isinstance(expected, (list, tuple)) else [expected]
    if len(wanted) != len(subject.ys):
        raise ContractViolation("forward", f"gives {len(subject.ys)} outputs, the reference {len(wanted)}")
    for y, z in zip(subject.ys, map(np.asarray, wanted), strict=True):
        if y.shape != z.shape:
            raise ContractViolation("forward", f"gives shape {y.shape}, the reference {z.shape}")
        scale = np.abs(z[np.isfinite(z)]).max(initial=1.0)
        wrong = ~np.isclose(y.data, z, rtol=1e-9, atol=1e-11 * scale, equal_nan=True)
        if wrong.any():
            worst = tuple(int(n) for n in np.argwhere(wrong)[0])
            raise ContractViolation(
                f"forward at {list(worst)}", f"gives {y.data[worst]:.9g}, the reference {z[worst]:.9g}"
            )


def inputs_are_unchanged(subject: Subject, by: str) -> None:
    """The inputs are, byte for byte, what they were."""
    for i, (x, before, name) in enumerate(zip(subject.xs, subject.arrays, subject.names, strict=True)):
        if x.data.tobytes() != before.tobytes():
            place = np.argwhere(x.data != before)
            at = tuple(place[0]) if len(place) else ()
            raise ContractViolation(
                f"{by} edits input {i} ({name})",
                f"{before[at]:.7g} became {x.data[at]:.7g}",
                hint="an operation in place, such as x *= 2 or out=x; write x = x * 2",
            )


def forward_repeats(subject: Subject, calls: int = 1) -> None:
    """The function gives the same bits when it is called again, recorded or not."""
    xs, expected = subject.arrays, [y.data.tobytes() for y in subject.ys]
    differs = expected != [y.tobytes() for y in values(subject.f, [x.copy() for x in xs])]
    for _ in range(CALLS if differs else calls):
        if expected != [y.data.tobytes() for y in recorded(subject.f, [Variable(x.copy()) for x in xs])]:
            raise ContractViolation(
                "forward differs from call to call",
                "it is not deterministic: the same inputs gave other numbers",
                hint="it draws random numbers; give it a generator, new for each call: rng=np.random.default_rng(0)",
            )
    if differs:
        raise ContractViolation("forward differs under no_grad()", "without recording it gave other numbers")


def backward_edits_nothing(subject: Subject) -> None:
    """Backward leaves inputs, outputs, gy and saved arrays as they are, and gives the same bits when it runs again."""
    if not any(y.requires_grad for y in subject.ys):
        return
    kept = subject.held()
    before = [array.tobytes() for _, array in kept]
    first = subject.pull_back(subject.gys)
    inputs_are_unchanged(subject, "backward")
    for (what, array), content in zip(kept, before, strict=True):
        if array.tobytes() != content:
            raise ContractViolation(f"backward edits {what}", "it must be what it was, others use it too")
    contents = [g.tobytes() for g in first]
    for name, content, again in zip(subject.names, contents, subject.pull_back(subject.gys), strict=True):
        if content != again.tobytes():
            raise ContractViolation(f"the gradient of {name} differs when backward runs again", "the graph is the same")
    subject.pull_back([2 * gy for gy in subject.gys])
    for name, content, g in zip(subject.names, contents, first, strict=True):
        if content != g.tobytes():
            raise ContractViolation(f"the gradient of {name} changes when backward runs again", "they share memory")


def parameters_are_left(example: Example, before: str) -> None:
    """The function leaves arrays and lists among its parameters as they are."""
    if example.encoded() != before:
        raise ContractViolation("edits one of its parameters", "labels, masks and the like are the caller's")


def gradient_is_as_declared(subject: Subject, declared: Floats | None) -> None:
    """The gradient of the first input, for a gy of ones, is the declared one: at a kink, a convention decides."""
    if declared is not None:
        found = subject.pull_back([np.ones_like(gy) for gy in subject.gys])[0]
        _equal(f"the gradient of {subject.names[0]} is not what the contract says", found, declared)


def gradients_are_linear(subject: Subject) -> None:
    """The gradients are linear in gy, and a gy of 0 gives 0."""
    c, d = subject.gys, random_like(subject.gys, subject.rng)
    mixed = [1000 * a - 300 * b for a, b in zip(c, d, strict=True)]  # large: some clip what comes from above
    found = [subject.pull_back(gys) for gys in (c, d, mixed, [np.zeros_like(a) for a in c])]
    for name, gc, gd, gm, zero in zip(subject.names, *found, strict=True):
        if np.isfinite(gc).all() and np.isfinite(gd).all():
            if zero.any():
                raise ContractViolation(f"the gradient of {name} is not 0 for a gy of 0", f"{zero.ravel()[:4]}")
            headline, hint = f"the gradient of {name} is not linear in gy", "gy enters other than as a factor"
            _equal(headline, gm, 1000 * gc - 300 * gd, scale=1000 * _size(gc, gd), hint=hint)


def inputs_may_be_constant(subject: Subject, order: int) -> None:
    """The derivatives towards one input, of every order, are the same where no other input is asked for one."""
    for i, name in enumerate(subject.names if len(subject.names) > 1 else ()):
        all_args, few_args = list(subject.arrays), [subject.arrays[i]]
        all_gys, few_gys = [subject.gys], [subject.gys]
        shared = [[k == i for k in range(len(all_args))]]  # which arguments of an order are those of `alone` too,
        given = [True] * len(subject.gys)  # and which outputs
        for _ in range(1, order):
            drawn = random_like(few_args, subject.rng)
            rest = iter(drawn)
            mixed = [next(rest) if both else np.zeros_like(x) for x, both in zip(all_args, shared[-1], strict=True)]
            all_args, few_args = [*all_args, *all_gys[-1]], [*few_args, *few_gys[-1]]
            all_gys.append(mixed)
            few_gys.append(drawn)
            shared.append([*shared[-1], *given])
            given = shared[-2]
        together = derivatives(subject.f, subject.arrays, all_gys)
        alone = derivatives(subject.alone(i), [subject.arrays[i]], few_gys)
        for level, both in enumerate(shared, start=1):
            headline = f"a derivative towards {name}, of order {level}, is another where no other input has one"
            for found, expected in zip(alone[level], itertools.compress(together[level], both), strict=True):
                _equal(headline, np.where(np.isfinite(expected), found, expected), expected)


def layouts_agree(subject: Subject, layouts: Sequence[str]) -> None:
    """Values and gradients do not depend on the memory order of inputs and gy."""
    if not layouts:
        return
    odd = [laid_out(x, layout) for x, layout in zip(subject.arrays, layouts, strict=False)]
    plain = [x.copy(order="C") for x in odd]
    gys = [laid_out(c, layouts[-1]) for c in subject.gys]
    words = f"in memory order {', '.join(layouts)} (gy last)"
    for y, expected in zip(values(subject.f, odd), values(subject.f, plain), strict=True):
        _equal(f"forward gives other numbers {words}", y, expected)
    found, wanted = gradients(subject.f, odd, gys), gradients(subject.f, plain, [c.copy(order="C") for c in gys])
    for name, g, expected in zip(subject.names, found, wanted, strict=True):
        _equal(f"the gradient of {name} is another {words}", g, expected)


def gradients_own_their_memory(subject: Subject) -> None:
    """No gradient shares memory with another, with gy, the inputs, the output or what was saved."""
    found = subject.pull_back(subject.gys)
    others = [*(("an input", x.data) for x in subject.xs), *subject.held()]
    for i, (name, g) in enumerate(zip(subject.names, found, strict=True)):
        for what, array in [*others, *(("another gradient", h) for h in found[:i])]:
            if may_overlap(g, array) and np.shares_memory(g, array):
                raise ContractViolation(f"the gradient of {name} shares memory with {what}", "an edit would show there")


def gradients_are_the_same_recorded(subject: Subject, order: int) -> None:
    """The gradients, and theirs, do not depend on whether they are recorded: `backward_arrays` is `backward`."""
    g, args, gys = subject.f, list(subject.arrays), subject.gys
    for level in range(1, min(order, 2) + 1):
        found, expected = gradients(g, args, gys), gradients(g, args, gys, record=True)
        names = [*subject.names, *("a gy" for _ in args[len(subject.names) :])]
        for name, plain, recorded_one in zip(names, found, expected, strict=True):
            headline = f"a derivative towards {name}, of order {level}, is another when it is recorded"
            given, wanted = (f"{a.dtype} {a.shape}" for a in (plain, recorded_one))
            if given != wanted:
                raise ContractViolation(headline, f"{given}, recorded {wanted}")
            _equal(headline, plain, recorded_one, hint="backward_arrays computes something else than backward")
        g, args = Gradient(g, len(args)), [*args, *gys]
        gys = random_like(found, subject.rng)


def inputs_are_not_retained(f: Callable[..., Any], arrays: Sequence[Floats], names: Sequence[str]) -> None:
    """An input that was not saved is freed when its Variable is, and a saved one when the graph is."""
    leaves = [Variable(x) for x in arrays]
    xs = [leaf + 0 for leaf in leaves]
    alive = [weakref.ref(x.data) for x in xs]
    ys = recorded(f, xs)
    del xs
    functions = topological_order(y.creator for y in ys)
    held = [array for function in functions for array in function.saved_arrays if array is not None]
    held += [y.data for y in ys]
    for i, (name, ref) in enumerate(zip(names, alive, strict=True)):
        array = ref()
        if array is not None and not any(_is_view_of(other, array) for other in held):
            raise ContractViolation(
                f"keeps input {i} ({name}) although it does not save it",
                "an attribute, a closure or a cache holds the array for as long as the graph lives",
                hint="self.save(x) is the way to keep an input; backward finds it, differentiable, in self.saved",
            )
        del array
    del functions, held, ys
    for i, (name, ref) in enumerate(zip(names, alive, strict=True)):
        if ref() is not None:
            raise ContractViolation(
                f"keeps input {i} ({name}) after its graph is gone",
                "a global, a cache or a reference cycle holds the array",
            )


def _is_view_of(view: Any, array: Floats) -> bool:
    """`view` is the array, or a view of it, however many views lie between."""
    while view is not None and view is not array:
        view = getattr(view, "base", None)
    return view is array


def _equal(headline: str, found: Floats, expected: Floats, *, scale: float = 1.0, hint: str = "") -> None:
    size = max(scale, _size(expected))
    wrong = ~np.isclose(found, expected, rtol=1e-9, atol=1e-11 * size, equal_nan=True)
    if wrong.any():
        worst = tuple(int(n) for n in np.argwhere(wrong)[0])
        words = f"at {list(worst)} {found[worst]:.9g}, expected {expected[worst]:.9g}"
        raise ContractViolation(headline, words, hint=hint)


def _size(*arrays: Floats) -> float:
    return max(1.0, *(float(np.abs(a[np.isfinite(a)]).max(initial=0)) for a in arrays))
