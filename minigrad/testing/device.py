"""A function on another device, as one of the computer's own arrays: proofs compute their numeric derivatives there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.core.variable import Variable


def on_device(f: Callable[..., Any], device: str) -> Callable[..., Any]:
    """The same function of Variables on the CPU: they are moved to `device`, and what f makes of them is moved back."""
    if device == "cpu":
        return f

    @wraps(f)
    def on_cpu(*xs: Any, **options: Any) -> Any:
        ys = f(*[_moved(x, device) for x in xs], **options)
        return [_moved(y, "cpu") for y in ys] if isinstance(ys, (list, tuple)) else _moved(ys, "cpu")

    return on_cpu


def _moved(x: Any, device: str) -> Any:
    return x.to(device) if isinstance(x, Variable) else x
