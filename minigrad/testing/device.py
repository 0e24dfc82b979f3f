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
    def moved(*xs: Any, **options: Any) -> Any:
        ys = f(*[x.to(device) if isinstance(x, Variable) else x for x in xs], **options)
        if isinstance(ys, (list, tuple)):
            return [_back(y) for y in ys]
        return _back(ys)

    return moved


def _back(y: Any) -> Any:
    return y.to("cpu") if isinstance(y, Variable) else y
