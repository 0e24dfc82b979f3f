"""draw: the one call from Variables to a Diagram."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from minigrad.variable import Variable
from minigrad.viz.diagram import Diagram
from minigrad.viz.trace import trace


class Model(Protocol):
    """What has named parameters, such as an `nn.Module`."""

    def named_parameters(self) -> Iterable[tuple[str, Variable]]:
        """Dotted names, "conv1.w", and the parameters."""


def draw(
    *outputs: Variable,
    model: Model | None = None,
    title: str | None = None,
    theme: str = "auto",
    engine: str = "auto",
) -> Diagram:
    """Draw the graph that computed some Variables.

    Args:
        outputs: Variables, such as a loss.
        model: gives the parameters their names, and frames what belongs to a layer.
        title: what stands above; by default the model's class, or "Compute graph".
        theme: of the SVG: "auto" follows the reader's screen, "light", or "dark".
        engine: what lays it out: "auto", "graphviz-pure", "dot", or the path of a program.
    Raises:
        TypeError: there are no outputs, one is no Variable, or the model has no named parameters.
        ValueError: there is no such theme.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> diagram = draw(x * x + 1)
    >>> [node.name for node in diagram.graph.nodes]
    ['x', 'Mul', 'AddScalar', 'output']
    >>> diagram.summary()
    'Compute graph: 2 operations, 1 parameter'
    >>> diagram.save("graph.svg")  # doctest: +SKIP
    """
    if not outputs:
        raise TypeError("draw: there is nothing to draw; it takes one Variable or more")
    for i, output in enumerate(outputs):
        if not isinstance(output, Variable):
            raise TypeError(f"draw: outputs[{i}] must be a Variable, not {type(output).__name__}")
    if model is not None and not hasattr(model, "named_parameters"):
        raise TypeError(f"draw: model must have named_parameters(), as nn.Module has; {type(model).__name__} has none")
    if title is None:
        title = "Compute graph" if model is None else type(model).__name__
    return Diagram(trace(outputs, None if model is None else _names(model)), title, theme=theme, engine=engine)


def _names(model: Model) -> dict[Variable, str]:
    names: dict[Variable, str] = {}
    for name, parameter in model.named_parameters():
        names.setdefault(parameter, name)  # one that is shared has several names: the first serves
    return names
