"""Sequential: modules one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, overload

from minigrad.nn.module import Module


class Sequential(Module):
    """A module that calls each of its `modules` with the output of the one before.

    Raises:
        TypeError: one of them is no Module.

    >>> from minigrad import nn
    >>> nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))[:2]
    Sequential(
      (layers.0): Flatten()
      (layers.1): Linear(784, 128)
    )
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if isinstance(module, type):
                name = module.__name__
                raise TypeError(f"Sequential: modules[{i}] is the class {name}; write {name}(...)")
            if not isinstance(module, Module):
                raise TypeError(f"Sequential: modules[{i}] must be a Module, not {type(module).__name__}")
        self.layers = modules

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, i: int) -> Module: ...
    @overload
    def __getitem__(self, i: slice) -> Sequential: ...
    def __getitem__(self, i: int | slice) -> Module:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]
