"""prove: check a contract on examples, those that always run and those that Hypothesis draws and shrinks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.settings import settings
from minigrad.switches import Switch
from minigrad.testing.check_example import check_example
from minigrad.testing.comparison import Counts
from minigrad.testing.device import on_device
from minigrad.testing.example import LAYOUTS, Example, decoded
from minigrad.testing.findings import Finding
from minigrad.testing.formatting import format_arguments
from minigrad.testing.gradient_check import require_enough
from minigrad.testing.spec import OpSpec, relative

PROFILES = {"dev": 10, "ci": 60, "nightly": 1000}
"""The numbers of examples that are drawn."""

ENOUGH = 3
"""After so many findings no more examples are drawn."""

MOST_SHRINKS = 300
"""The most examples that are checked to find a smaller one."""

BATCH = 10
"""The examples that are drawn from one seed."""

HIGHER_EVERY = 2
"""Of so many drawn examples one is looked at beyond the first order: what is wrong there is so almost anywhere."""


def profile(name: str = "dev", *, seed: int = 0) -> Switch:
    """Draw as many examples as a profile says, from a seed, in what runs inside the `with` block.

    Raises:
        ValueError: there is no such profile.
        TypeError: seed is no int.
    """
    if name not in PROFILES:
        raise ValueError(f"profile: there is none called {name!r}; there are {', '.join(PROFILES)}")
    checks.integer("profile", "seed", seed, least=None)
    return Switch(profile=lambda _: (name, seed))


@dataclass
class Report:
    """The result of a proof.

    Attributes:
        name: the function's.
        examples: how many were checked, those that shrank a failure not counted.
        counts: how many derivatives of the first order were compared, and how;
        higher: and of higher orders, where a direction counts as one.
        unclear: an example of which some derivatives could not be compared, in words.
        finding: what is wrong; None if nothing is.
    """

    name: str
    examples: int = 0
    counts: Counts = field(default_factory=Counts)
    higher: Counts = field(default_factory=Counts)
    unclear: str = ""
    finding: Finding | None = None

    def __str__(self) -> str:
        if self.finding is not None:
            return f"{type(self.finding).__name__}: {self.finding}"
        return f"{self.name}: {self.examples} examples right; {self.counts}"


def prove(
    spec: OpSpec,
    *,
    examples: int | None = None,
    seed: int | None = None,
    reproduce: str | None = None,
    shrink: bool = True,
    device: str = "cpu",
) -> Report:
    """Check a function against its contract.

    Inside of a Hypothesis test it takes longer than the 200 ms that such a test has: `@settings(deadline=None)`.

    Args:
        spec: the contract.
        examples: how many to draw beside the contract's own cases, by default as many as the `profile` says; the cases
            and every second of those are checked beyond the first order.
        seed: from which they are drawn; by default the profile's, 0.
        reproduce: check this one example only, as a finding printed it.
        shrink: look for the smallest example that fails in the same way.
        device: where the function is computed; examples are drawn, and compared, on the CPU.
    Returns:
        the report; `finding` says what is wrong.
    Raises:
        ValueError: reproduce is no example, or examples is below 1.
        TypeError: spec is no contract, or examples or seed is no int.
    """
    if not isinstance(spec, OpSpec):
        raise TypeError(f"prove: spec must be an OpSpec, not {spec!r}; write prove(OpSpec(function))")
    spec = replace(spec, op=on_device(spec.op, device))
    report = Report(spec.name)
    name, usual_seed = settings.get().profile
    count = PROFILES[name] if examples is None else checks.integer("prove", "examples", examples)
    seed = usual_seed if seed is None else checks.integer("prove", "seed", seed, least=None)
    always = [decoded(reproduce)] if reproduce is not None else [_laid_out(c, k) for k, c in enumerate(spec.cases)]
    found: list[tuple[Finding, int | None]] = [
        (finding, None) for example in always if (finding := _checked(report, spec, example))
    ]
    if found or reproduce is None:
        found += _draw(report, spec, count, seed)
    if found:
        report.finding = _most_telling(spec, found, shrink=shrink and reproduce is None)
    elif reproduce is None:
        try:
            require_enough(report.counts, report.higher)
        except Finding as finding:
            report.finding = finding.about(spec.name, *filter(None, [report.unclear]))
    return report


def _laid_out(example: Example, k: int) -> Example:
    """A case that names no memory orders, with some: other ones for every case."""
    names = list(LAYOUTS)
    orders = tuple(names[(k + i) % len(names)] for i in range(len(example.arrays) + 1))
    return example if example.layouts else replace(example, layouts=orders)


def _most_telling(spec: OpSpec, found: list[tuple[Finding, int | None]], *, shrink: bool) -> Finding:
    """The earliest mistake, since it may cause the rest: its smallest example, with the hint of its largest."""
    chosen = min((finding for finding, _ in found), key=lambda finding: finding.stage)
    alike = [(finding, seed) for finding, seed in found if finding.kind == chosen.kind]
    hint = max((finding for finding, _ in alike), key=lambda finding: finding.weight).hint
    drawn = next((seed for _, seed in alike if seed is not None), None)
    if shrink and drawn is not None:
        chosen = _shrunken(spec, chosen, drawn)
    chosen.hint = hint
    return chosen


def _checked(report: Report, spec: OpSpec, example: Example, *, order: int | None = None) -> Finding | None:
    report.examples += 1
    try:
        first, higher = check_example(spec, example, order=order)
        if first.skipped and not report.unclear:
            report.unclear = f"for example: {format_arguments(spec.names(len(example.arrays)), example.arrays)}"
        report.counts.add(first)
        report.higher.add(higher)
    except Finding as finding:
        return finding
    return None


def _draw(report: Report, spec: OpSpec, count: int, seed: int) -> list[tuple[Finding, int | None]]:
    """Some findings of the drawn examples, and the seeds that drew them.

    In a single example, many mistakes look alike. Hypothesis varies each of its examples several times before it draws
    a new one; small batches, each from a seed of its own, differ more.
    """
    found: list[tuple[Finding, int | None]] = []
    for start in range(0, count, BATCH):
        batch_seed = seed * 100_003 + start  # batches of different seeds have no seed in common
        batch = _draw_batch(report, spec, min(BATCH, count - start), batch_seed)
        found += [(finding, batch_seed) for finding in batch]
        if len(found) >= ENOUGH:
            break
    return found


def _draw_batch(report: Report, spec: OpSpec, count: int, seed: int) -> list[Finding]:
    found: list[Finding] = []
    drawn = 0

    def run(example: Example) -> None:
        nonlocal drawn
        drawn += 1
        order = None if drawn % HIGHER_EVERY == 0 else 1
        if len(found) < ENOUGH and (finding := _checked(report, spec, example, order=order)):
            found.append(finding)

    _search(spec, run, count, seed)
    return found


def _shrunken(spec: OpSpec, chosen: Finding, seed: int) -> Finding:
    """The finding of the smallest example that Hypothesis finds to fail in the same way."""
    smallest, least, checked = chosen, (inf, inf), 0

    def run(example: Example) -> None:
        nonlocal smallest, least, checked
        checked += 1
        if checked > MOST_SHRINKS:
            return
        try:
            check_example(spec, example)
        except Finding as finding:
            if finding.kind == chosen.kind:
                size = sum(x.size for x in example.arrays), sum(float(np.abs(x).sum()) for x in example.arrays)
                if size <= least:
                    smallest, least = finding, size
                raise

    import hypothesis  # noqa: PLC0415 - an extra

    # What it thinks of failures that do not repeat, or end after so many, does not matter.
    with suppress(Finding, BaseExceptionGroup, hypothesis.errors.HypothesisException):
        _search(spec, run, BATCH, seed, shrink=True)
    return smallest


def _search(spec: OpSpec, run: Callable[[Example], None], count: int, seed: int, *, shrink: bool = False) -> None:
    """Let Hypothesis draw examples, and shrink one for which `run` raises."""
    import hypothesis  # noqa: PLC0415 - an extra
    from hypothesis._settings import local_settings  # noqa: PLC0415 - likewise

    from minigrad.testing.strategies import examples  # noqa: PLC0415 - needs it too

    settings = hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shrink else [])],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        backend=_seeded_backend(),
    )
    with local_settings(settings):  # `given` looks there whether it may be used inside of another `@given` test
        search: Callable[[], None] = hypothesis.seed(seed)(settings(hypothesis.given(examples(spec))(run)))
    search()


@cache
def _seeded_backend() -> str:
    """The name of Hypothesis's own backend, but that the seed alone decides.

    By itself it mixes in numbers that it reads in the source of whatever modules are loaded, so that a seed draws other
    examples in another program, and the literals of an exercise decide how it is checked.
    """
    from hypothesis.internal.conjecture.providers import (  # noqa: PLC0415 - an extra
        AVAILABLE_PROVIDERS,
        HypothesisProvider,
    )

    class SeededProvider(HypothesisProvider):
        def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
            return None

    AVAILABLE_PROVIDERS["minigrad"] = SeededProvider
    return "minigrad"


def gradtest(spec: OpSpec) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a test of a contract: it fails with the finding; else the decorated function gets the `report`.

    How many examples are drawn is the `profile`'s business; under pytest, of `--grad-profile` and `--grad-seed`. Marks,
    fixtures and parameters of the function are pytest's, as ever.

    Raises:
        TypeError: spec is no contract, or what is decorated is no function with a parameter `report`.

    >>> import minigrad.functions as F
    >>> @gradtest(OpSpec(F.tanh, formula="tanh x"))
    ... def test_tanh(report):
    ...     assert report.counts.compared > 0
    >>> test_tanh()
    """
    if not isinstance(spec, OpSpec):
        raise TypeError(f"gradtest: spec must be an OpSpec, not {spec!r}; write @gradtest(OpSpec(function))")

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        plain = inspect.isfunction(function) and not inspect.iscoroutinefunction(function)
        parameters = inspect.signature(function).parameters if plain else {}
        if "report" not in parameters:
            raise TypeError(f"gradtest: it decorates a function with a parameter `report`, not {function!r}")
        named = spec if spec.command else replace(spec, command=_command(function))

        def test(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            report = prove(named)
            if report.finding is not None:
                raise report.finding
            function(*args, report=report, **kwargs)

        functools.update_wrapper(test, function)
        del test.__wrapped__  # type: ignore[attr-defined]  # pytest would ask for a fixture `report`
        others = [parameter for name, parameter in parameters.items() if name != "report"]
        test.__signature__ = inspect.Signature(others)  # type: ignore[attr-defined]
        test.spec = named  # type: ignore[attr-defined]
        return test

    return decorate


def _command(function: Callable[..., Any]) -> str:
    """The place of a decorated test for `python -m minigrad.testing --op`: "file.py:name"; "" if it has none."""
    path = Path(function.__code__.co_filename)
    if not path.is_file() or "." in function.__qualname__:
        return ""  # typed at a prompt, or defined within something
    return f"{relative(path)}:{function.__name__}"
