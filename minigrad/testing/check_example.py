"""check_example: one example of a contract, with its values, derivatives, behaviour and precision."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad.core.config import enable_grad
from minigrad.testing import behaviour
from minigrad.testing.comparison import Counts
from minigrad.testing.example import Example, Floats
from minigrad.testing.findings import Finding
from minigrad.testing.formatting import format_arguments
from minigrad.testing.gradient_check import check_orders
from minigrad.testing.precision import check_precision
from minigrad.testing.spec import OpSpec


def check_example(spec: OpSpec, example: Example, *, order: int | None = None) -> tuple[Counts, Counts]:
    """Check everything that an example can show; a Finding says the example, and how to run it again.

    Derivatives are looked at up to `order`, or all that the contract is about. Returns how many of the first order were
    compared, and of higher orders.
    """
    __tracebackhide__ = True
    names, arrays = spec.names(len(example.arrays)), list(example.arrays)
    layouts = list(example.layouts or ["C-order"] * len(arrays))
    if example.repeated:
        names[:2] = [f"{names[0]} = {names[1]}"]
        del arrays[1], layouts[1]
    try:
        with enable_grad():
            return _check(spec, example, arrays, names, order or max(spec.orders))
    except Finding as finding:
        shown = format_arguments(names, arrays, layouts, dict(example.kwargs))
        raise finding.about(spec.name, shown, f"reproduce: {_reproduction(spec, example)}") from None


def _reproduction(spec: OpSpec, example: Example) -> str:
    """The command that checks an example again."""
    text = example.encoded()
    if not text:
        return f"the seed {example.seed} (a parameter of this example can't be written down)"
    if spec.command:
        return f"python -m minigrad.testing --op {shlex.quote(spec.command)} --reproduce '{text}'"
    return f"prove(spec, reproduce='{text}')"


def _check(spec: OpSpec, example: Example, arrays: list[Floats], names: list[str], order: int) -> tuple[Counts, Counts]:
    f, reference = _bound(spec.op, example), spec.reference and _bound(spec.reference, example)
    rng = np.random.default_rng(example.seed)
    before = example.encoded()
    subject = behaviour.Subject(f, arrays, names, rng)
    counts: list[Counts] = []
    checks: list[Callable[[], Any]] = [
        lambda: behaviour.inputs_are_unchanged(subject, "forward"),
        lambda: behaviour.outputs_are_arrays(subject),
        lambda: behaviour.forward_repeats(subject),
        lambda: behaviour.forward_agrees_with_the_reference(subject, reference) if reference else None,
        lambda: behaviour.backward_edits_nothing(subject),
        lambda: behaviour.parameters_are_left(example, before),
        lambda: counts.extend(check_orders(f, arrays, order, rng, names=names)),
    ]
    if any(y.requires_grad for y in subject.ys):
        checks += [
            lambda: behaviour.gradient_is_as_declared(subject, example.gradient),
            lambda: behaviour.gradients_are_linear(subject),
            lambda: behaviour.inputs_may_be_constant(subject, order),
            lambda: behaviour.layouts_agree(subject, example.layouts),
            lambda: behaviour.gradients_own_their_memory(subject),
            *(
                partial(check_precision, f, arrays, t, rng, names=names, order=min(order, 2) if t == "float32" else 1)
                for t in spec.dtypes
                if t != "float64"
            ),
            lambda: behaviour.gradients_are_the_same_recorded(subject, order),
            lambda: behaviour.inputs_are_not_retained(f, arrays, names),
        ]
    for stage, check in enumerate(checks, start=1):
        try:
            check()
        except Finding as finding:
            finding.stage = 10 * stage + finding.stage  # the order of a derivative counts within
            raise
    first, higher = counts
    return first, higher


def _bound(op: Callable[..., Any], example: Example) -> Callable[..., Any]:
    """The function with its parameters, of the inputs alone."""
    if example.repeated:
        return lambda x, *others: op(x, x, *others, **example.kwargs)
    return lambda *xs: op(*xs, **example.kwargs)
