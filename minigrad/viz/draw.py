"""draw: the one call from Variables to a Diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal, Protocol

from minigrad.core.variable import Variable
from minigrad.viz.diagram import Diagram
from minigrad.viz.graph import Graph
from minigrad.viz.look import SHOWN
from minigrad.viz.measured import Measured
from minigrad.viz.trace import trace


class Model(Protocol):
    """What has named parameters, such as an `nn.Module`."""

    def named_parameters(self) -> Iterable[tuple[str, Variable]]:
        """Dotted names, "conv1.w", and the parameters."""


def draw(
    *outputs: Variable,
    model: Model | None = None,
    view: str = "auto",
    order: int | Literal["all"] = "all",
    show: str = " ".join(SHOWN),
    color: str = "family",
    fold: str | Callable[[str], bool] = "auto",
    direction: str = "auto",
    theme: str = "auto",
    legend: bool = True,
    title: str | None = None,
    max_nodes: int = 400,
    engine: str = "auto",
) -> Diagram:
    """Draw the graph that computed some Variables.

    Args:
        outputs: Variables, such as a loss.
        model: gives the parameters their names, and frames what belongs to a layer.
        view: "ops": operations as cards, backward beside forward; "layers": each layer as one card; "model": each of
            the model's own layers as one card; "teach": Variables as nodes too, with their values, and a lane for each
            order of differentiation that was recorded; "auto": "teach" for a small graph of few numbers, else "ops".
        order: the highest order of differentiation that is drawn: 0 is forward, 1 is backward too, as it would run;
            "all" is what was recorded, by `record` or `create_graph`.
        show: words out of "shape dtype bytes flops attrs saved time norm"; this and the next two are of no concern to
            the view "teach".
        color: what colours say: "family" of the operation; or, as heat, its "time", the "memory" that it makes and
            saves, or its "flops".
        fold: "auto" folds a graph of more than max_nodes until it has no more; "repeats" folds, in the view "ops",
            layers of one form that follow each other; "never"; or a function that is asked for each layer's path
            whether it is to be folded.
        direction: "TB", from top to bottom, or "LR", from left to right; "auto" is "LR" for "teach" alone.
        theme: of the SVG: "auto" follows the reader's screen, "light", or "dark".
        legend: whether the signs that occur are explained.
        title: what stands above; by default the model's class, or "Compute graph".
        max_nodes: the most nodes that fold="auto" leaves.
        engine: what lays it out: "auto", "graphviz-pure", "dot", or the path of a program.
    Raises:
        TypeError: there are no outputs, one is no Variable, or the model has no named parameters.
        ValueError: there is no such view, order, word, colour, folding, direction or theme; max_nodes is below 1.

    >>> import minigrad as mg
    >>> x = mg.Variable(3.0, name="x")
    >>> diagram = draw(x * x + 1)
    >>> [node.name for node in diagram.graph.nodes]
    ['x', 'Mul', 'AddScalar', 'output']
    >>> diagram.summary()
    'Compute graph: 2 operations, 1 parameter'
    >>> diagram.save("graph.svg")  # doctest: +SKIP
    """
    return Diagram(
        graph_of(outputs, model, order),
        title_of(model) if title is None else title,
        view=view,
        show=show,
        color=color,
        fold=fold,
        direction=direction,
        theme=theme,
        legend=legend,
        max_nodes=max_nodes,
        engine=engine,
    )


def graph_of(
    outputs: Iterable[Variable],
    model: Model | None,
    order: int | Literal["all"],
    measured: Mapping[int, Measured] | None = None,
    peak: int | None = None,
) -> Graph:
    """The Graph of some Variables, with backward if it is asked for; see `draw`."""
    outputs = tuple(outputs)
    if not outputs:
        raise TypeError("draw: there is nothing to draw; it takes one Variable or more")
    for i, output in enumerate(outputs):
        if not isinstance(output, Variable):
            raise TypeError(f"draw: outputs[{i}] must be a Variable, not {type(output).__name__}")
    if model is not None and not hasattr(model, "named_parameters"):
        raise TypeError(f"draw: model must have named_parameters(), as nn.Module has; {type(model).__name__} has none")
    if order != "all" and (not isinstance(order, int) or isinstance(order, bool) or order < 0):
        raise ValueError(f'draw: order must be 0, 1, 2, ... or "all", not {order!r}')
    names = None if model is None else _names(model)
    backward = None if order == "all" else order > 0
    return _up_to(order, trace(outputs, names, measured, backward=backward, peak=peak))


def title_of(model: Model | None) -> str:
    """The title that nobody gave."""
    return "Compute graph" if model is None else type(model).__name__


def _names(model: Model) -> dict[Variable, str]:
    names: dict[Variable, str] = {}
    for name, parameter in model.named_parameters():
        names.setdefault(parameter, name)  # one that is shared has several names: the first serves
    return names


def _up_to(order: int | Literal["all"], graph: Graph) -> Graph:
    """The graph without what is of a higher order."""
    if order == "all":
        return graph
    kept = {node.id for node in graph.nodes if node.order <= order}
    nodes = tuple(node for node in graph.nodes if node.id in kept)
    edges = tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept)
    return replace(graph, nodes=nodes, edges=edges, saved=min(graph.saved, sum(node.saved for node in nodes)))
