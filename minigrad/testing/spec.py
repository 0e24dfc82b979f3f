"""OpSpec: the contract of one differentiable function, from which its tests and its documentation are made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from math import inf
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from minigrad.core.function import Function
from minigrad.testing.example import Example
from minigrad.testing.formatting import described, name_of, names_of

Shape: TypeAlias = tuple[int, ...]
Domain: TypeAlias = tuple[float, float] | Mapping[str, tuple[float, float]]

EVERYWHERE = (-100.0, 100.0)


@dataclass(frozen=True)
class Call:
    """Shapes of the inputs, with the parameters that fit them."""

    shapes: tuple[Shape, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class OpSpec:
    """The contract of one function.

    Attributes:
        op: takes a Variable for each input, and parameters as keywords; gives a Variable, or several in a list.
        reference: the same of plain arrays, computed another way; None if there is none.
        shapes: of the inputs. A number: so many inputs of one shape, 0 to 4 axes of 0 to 4. A list: one of them, each a
            shape for one input or a tuple of shapes for several. Or a Hypothesis strategy of these, or of `Call`s where
            parameters depend on shapes (see `minigrad.testing.strategies`).
        domain: bounds of the numbers, for all inputs or {name: (low, high)}; from −100 to 100 by default. The function
            is asked for values some 1 % beyond, too; where it raises an error there, nearer.
        kwargs: for each parameter a value, a list of values to choose from, or a strategy.
        orders: the orders of derivatives that exist.
        formula: what it computes, for the documentation.
        kinks: where it has no derivative, and what is given there.
        cases: examples that always run; `case(*arrays, **kwargs)` makes one.
        dtypes: the float types that it keeps and computes in.
        kernels: the kernels that serve it.
        name: what messages call it; by default op's name.
        command: how `python -m minigrad.testing --op` finds it: "file.py:name".

    Raises:
        TypeError, ValueError: one of these is something else.
    """

    op: Callable[..., Any]
    reference: Callable[..., Any] | None = None
    shapes: Any = 1
    domain: Domain = EVERYWHERE
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    orders: tuple[int, ...] = (1, 2, 3)
    formula: str = ""
    kinks: str = ""
    cases: Sequence[Example] = ()
    dtypes: tuple[str, ...] = ("float64", "float32", "float16")
    kernels: tuple[str, ...] = ()
    name: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if not callable(self.op) or (isinstance(self.op, type) and issubclass(self.op, Function)):
            raise TypeError(
                f"OpSpec: op must be a function of Variables, such as lambda x: apply(...), not {self.op!r}"
            )
        if self.reference is not None and not callable(self.reference):
            raise TypeError(f"OpSpec: reference must be a function of arrays, not {self.reference!r}")
        if self.orders not in ((1,), (1, 2), (1, 2, 3)):
            raise ValueError(f"OpSpec: orders must be (1,), (1, 2) or (1, 2, 3), not {self.orders!r}")
        for name, bounds in self.domain.items() if isinstance(self.domain, Mapping) else [("", self.domain)]:
            if not _is_interval(bounds):
                raise ValueError(f"OpSpec: domain {name or ''} must be (low, high), finite, not {bounds!r}")
        if not isinstance(self.kwargs, Mapping):
            raise TypeError(f"OpSpec: kwargs must be {{name: value, list or strategy}}, not {self.kwargs!r}")
        if isinstance(self.cases, Example) or not all(isinstance(example, Example) for example in self.cases):
            raise TypeError("OpSpec: cases must be a list of what case(*arrays, **kwargs) makes")
        if isinstance(self.dtypes, str) or not set(self.dtypes) <= {"float64", "float32", "float16"}:
            raise ValueError(f"OpSpec: dtypes must be some of float64, float32, float16, not {self.dtypes!r}")
        _check_shapes(self.shapes)
        if not self.name:
            object.__setattr__(self, "name", name_of(self.op))

    def names(self, count: int) -> list[str]:
        """The names of the first inputs."""
        return names_of(self.op, count)

    def bounds(self, name: str) -> tuple[float, float]:
        """Between which numbers an input lies."""
        return self.domain.get(name, EVERYWHERE) if isinstance(self.domain, Mapping) else self.domain


def _is_interval(bounds: Any) -> bool:
    numbers = isinstance(bounds, tuple) and len(bounds) == 2 and all(isinstance(n, Real) for n in bounds)
    return numbers and -inf < bounds[0] <= bounds[1] < inf


def _check_shapes(shapes: Any) -> None:
    """A count, a list of shapes or of tuples of shapes, or something with Hypothesis's methods."""
    if isinstance(shapes, int) and shapes < 1:
        raise ValueError(f"OpSpec: shapes must be 1 or more inputs, not {shapes}")
    if not (isinstance(shapes, (int, list)) or hasattr(shapes, "example")) or shapes == []:
        raise TypeError(
            f"OpSpec: shapes must be a number of inputs, a list such as [(2, 3)] or [((2, 3), (3,))], or a strategy, "
            f"not {shapes!r}"
        )


def collect(path: Path | str) -> list[OpSpec]:
    """The contracts in a Python file, or in all files of a folder: OpSpecs, lists of them, and tests by `gradtest`.

    Raises:
        ValueError: there is no such file, or it does not run.
    """
    path = Path(path)
    files = sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]
    found: dict[tuple[int, str], OpSpec] = {}  # a contract may be a variable, a test, and imported elsewhere
    for file in files:
        for _, spec in _contracts_of(file):
            found.setdefault((id(spec.op), spec.name), spec)
    return list(found.values())


def named(contracts: Iterable[tuple[str, OpSpec]], name: str) -> list[OpSpec]:
    """The contracts of one function (`power` has several, such as `power to a number`); ValueError if there is none."""
    found = [spec for key, spec in contracts if name in (key, key.split()[0])]
    if not found:
        known = ", ".join(dict.fromkeys(key.split()[0] for key, _ in contracts))
        raise ValueError(f"there is no contract of {name!r}; there are: {known or 'none'}")
    return found


def located(place: str) -> list[OpSpec]:
    """The contracts that "file.py:name" stands for: a variable, a test by `gradtest`, or one of a list by its name."""
    path, _, name = place.rpartition(":")
    return [replace(spec, command=place) for spec in named(_contracts_of(Path(path)), name)]


def relative(path: Path) -> Path:
    """A path as one would type it here."""
    return path.resolve().relative_to(Path.cwd()) if path.resolve().is_relative_to(Path.cwd()) else path


def _contracts_of(file: Path) -> list[tuple[str, OpSpec]]:
    """The contracts in a file: under the name of a variable, or their own where the variable is a list."""
    found = []
    for variable, value in vars(_module_of(file)).items():
        for item in value if isinstance(value, list) else [value]:
            spec = getattr(item, "spec", item)
            if isinstance(spec, OpSpec):
                key = spec.name if item is not value else variable
                found.append((key, spec if spec.command else replace(spec, command=f"{relative(file)}:{key}")))
    return found


def _module_of(file: Path) -> ModuleType:
    """A file as a module: within a package by its name there, else by one that no library has."""
    if not file.is_file():
        raise ValueError(f"there is no file {file}")
    root = file.resolve().parent
    while (root / "__init__.py").is_file():
        root = root.parent
    sys.path.append(str(root))
    try:
        if root != file.resolve().parent:
            return import_module(".".join(file.resolve().relative_to(root).with_suffix("").parts))
        location = spec_from_file_location(f"contracts in {file.stem}", file)
        if location is not None and location.loader is not None:
            module = module_from_spec(location)
            sys.modules[module.__name__] = module
            location.loader.exec_module(module)
            return module
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the file does
        raise ValueError(f"{file} does not run: {described(error)}") from None
    raise ValueError(f"{file} is no Python file")
