"""diff: two diagrams as one, which shows what was added, removed or changed."""

from __future__ import annotations

from typing import Any

from minigrad.viz.diagram import Diagram
from minigrad.viz.merge import merge


def diff(before: Diagram, after: Diagram, *, title: str | None = None, **options: Any) -> Diagram:
    """Compare two diagrams: what is only in `after` is green and has a +, what is only in `before` red and has a −.

    What is in both, but has other parameters or another shape, is amber, has a ~ and says both.

    Args:
        before: a diagram.
        after: another one. Two of the same layer, operation and place among such are the same.
        title: what stands above; by default both titles.
        **options: those of `draw`.
    Raises:
        TypeError: one of the two is no Diagram.
        ValueError: the view is "teach", which has no signs for changes, or another option is none of `draw`'s.

    >>> import minigrad as mg
    >>> from minigrad import viz
    >>> x = mg.Variable(3.0, name="x")
    >>> changes = viz.diff(viz.draw(x * 2.0), viz.draw((x * 4.0).sum()))
    >>> [(node.name, node.change) for node in changes.graph.nodes]
    [('x', ''), ('MulScalar', 'changed'), ('Sum', 'added'), ('output', '')]
    """
    for argument, diagram in (("before", before), ("after", after)):
        if not isinstance(diagram, Diagram):
            raise TypeError(f"diff: {argument} must be a Diagram, as draw makes it, not {type(diagram).__name__}")
    if title is None:
        titles = dict.fromkeys(diagram.title or "Compute graph" for diagram in (before, after))
        title = " → ".join(titles)
    if options.get("view") in ("teach", "auto"):
        raise ValueError(f"diff: view must be 'ops', 'layers' or 'model', not {options['view']!r}")
    return Diagram(merge(before.graph, after.graph), title, **{"view": "ops", **options})
