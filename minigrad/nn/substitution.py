"""A model's call with other parameters than its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from minigrad.backend import format_array
from minigrad.core.variable import Variable
from minigrad.nn.module import Module
from minigrad.nn.state import quoted
from minigrad.spelling import advised


@advised
def functional_call(model: Module, parameters: Mapping[str, Variable], *inputs: Any, **options: Any) -> Any:
    """Call a model with other parameters (or buffers) in place of its own: what meta-learning differentiates.

    The model is called in a copy of its modules that holds the others: nothing in it changes, also not after an error
    or while another thread uses it. What a module sets in its own attributes is lost with the copy; a Buffer that is
    not among `parameters` is the model's own, as it is in a usual call.

    Args:
        model: a Module. A function in it that was made with `self` inside sees the model's own parameters.
        parameters: Variables by the names of `named_parameters()`, of the same shapes; those that are missing stay.
        *inputs: what the model is called with.
        **options: likewise.
    Returns:
        what the model returns, which can be differentiated with respect to the Variables.
    Raises:
        TypeError: model is no Module, or parameters are no dict of Variables.
        ValueError: a name is unknown, or a shape differs.

    >>> from minigrad import nn
    >>> model = nn.Linear(2, 1)
    >>> w = Variable([[1.0], [2.0]])
    >>> functional_call(model, {"w": w, "b": w[0] * 10}, [[3.0, 4.0]])
    Variable([[21.]])
    """
    if not isinstance(model, Module):
        raise TypeError(f"functional_call: model must be a Module, not {type(model).__name__}")
    if not isinstance(parameters, Mapping):
        raise TypeError(f"functional_call: parameters must be a dict of Variables, not {type(parameters).__name__}")
    own = dict(model._named_state())
    stand_ins: dict[int, Any] = {}  # by the id of what they stand for
    for name, value in parameters.items():
        if name not in own:
            close = get_close_matches(str(name), own, 1)
            advice = f"did you mean {close[0]}?" if close else f"there are {', '.join(own) or 'none'}"
            raise ValueError(f"functional_call: {type(model).__name__} has no parameter {quoted(str(name))}; {advice}")
        if not isinstance(value, Variable):
            raise TypeError(f"functional_call: parameters[{name!r}] must be a Variable, not {type(value).__name__}")
        if value.shape != own[name].shape:
            both = f"{format_array(value)}, the model's {format_array(own[name])}"
            raise ValueError(f"functional_call: parameters[{name!r}] has another shape; {both}")
        stand_ins[id(own[name])] = value
    modules = [module for _, module in model.named_modules()]
    stand_ins |= {id(module): object.__new__(type(module)) for module in modules}
    for module in modules:
        attributes = {name: _replaced(value, stand_ins) for name, value in vars(module).items()}
        vars(stand_ins[id(module)]).update(attributes)  # past __setattr__, which takes no Variable for a Parameter
    return stand_ins[id(model)](*inputs, **options)


def _replaced(value: Any, stand_ins: Mapping[int, Any]) -> Any:
    """A value with stand-ins for what it is or, in lists, tuples and dicts, holds."""
    if id(value) in stand_ins:
        return stand_ins[id(value)]
    if isinstance(value, tuple):
        parts = [_replaced(part, stand_ins) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, (list, dict)):
        places = value if isinstance(value, dict) else range(len(value))
        changed = copy.copy(value)
        for place in places:
            changed[place] = _replaced(value[place], stand_ins)
        return changed
    return value
