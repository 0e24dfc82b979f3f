"""Names, arrays and errors as messages give them."""

from __future__ import annotations

import inspect
import io
import sys
import sysconfig
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.testing.example import Floats

LARGEST_SHOWN = 16
"""The most elements of an array that is printed whole."""

_NO_USERS = (str(Path(__file__).parent.parent), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), "<frozen")
"""Where the lines are that no user wrote."""


def print_in_any_encoding() -> None:
    """Let standard output escape the characters that its encoding lacks, as standard error does, and not raise."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def message_of(error: BaseException) -> str:
    """What an error says, in one line."""
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - whatever the method of a user's class does
        return "its message cannot be read"


def users_line(error: BaseException) -> traceback.FrameSummary | None:
    """The last line of the user's that was running when an error was raised."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame for frame in frames if not frame.filename.startswith(_NO_USERS)), None)


def described(error: BaseException) -> str:
    """An error in one line: its class, what it says, and where in the user's files it was raised."""
    line = users_line(error)
    where = f" (at {Path(line.filename).name}:{line.lineno}, in {line.name})" if line else ""
    return f"{type(error).__name__}: {message_of(error)}{where}"


def name_of(f: Callable[..., Any]) -> str:
    """The name of a function in messages."""
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else str(name)


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's first parameters; of several in `*xs` xs0, xs1, ..."""
    names: list[str] = []
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{i}" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return [*names, *(f"x{i}" for i in range(len(names), count))][:count]


def format_arguments(
    names: Sequence[str], arrays: Sequence[Floats], layouts: Sequence[str] = (), kwargs: dict[str, Any] | None = None
) -> str:
    """Inputs and parameters: dtype, shape and memory order of each; below, the numbers of small ones."""
    parts = []
    for i, (name, x) in enumerate(zip(names, arrays, strict=True)):
        parts.append(f"{name} {x.dtype} {x.shape}" + (f" {layouts[i]}" if layouts else ""))
    parts += [f"{key}={_short(value)}" for key, value in (kwargs or {}).items()]
    shown = [f"{name} = {_short(x)}" for name, x in zip(names, arrays, strict=True) if x.size <= LARGEST_SHOWN]
    return "\n  ".join([", ".join(parts), *shown])


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return np.array2string(value, threshold=LARGEST_SHOWN, separator=", ").replace("\n", "")
    return repr(value)
