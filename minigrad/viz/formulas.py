"""formulas: what the nodes of a Graph make, in the field's notation, as far as it is short."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from minigrad.viz.graph import LEAVES, Graph, Node
from minigrad.viz.words import clean

GIVEN = (*LEAVES, "seed")
"""The kinds of what no operation makes."""

_ODD, _SUM, _PREFIX, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(7)  # how well a formula holds together

_SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_RAISED = dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))  # there is no q
_NAME = re.compile(r"[\w.∂′]*[^\W⁰¹²³⁴⁵⁶⁷⁸⁹]′?")
_NUMBER = r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)"
_PARAMETER = re.compile(rf"(?:\w+ )?({_NUMBER})")


class _Term(NamedTuple):
    """A formula, and how well it holds together."""

    text: str
    level: int

    def within(self, level: int) -> str:
        """The formula inside another one: in parentheses, unless it holds together at least so well."""
        return self.text if self.level >= level else f"({self.text})"


def formulas(graph: Graph, longest: int = 14) -> dict[str, str]:
    """A formula of what each node makes, by the nodes' ids.

    It is in terms of what the inputs are called. A leaf is called by its name, what an operation makes by the name of
    the output that shows it, or else by its formula, and whatever is too long t1, t2, … in execution order.

    Args:
        graph: of operations on Variables.
        longest: how many characters a name or a formula may have.
    """
    shown_by = outputs_of(graph)
    inputs: dict[str, list[tuple[int, str]]] = {}
    for edge in graph.edges:
        if edge.flow == "tensor":
            inputs.setdefault(edge.target, []).append((edge.position, edge.source))
    taken = {node.name for node in graph.nodes}
    count = 0
    names: dict[str, _Term] = {}
    own: dict[str, str] = {}
    for node in graph.nodes:
        if node.id in names:
            continue  # an output that shows what an operation made
        operands = [names[source] for _, source in sorted(inputs.get(node.id, ())) if source in names]
        term = name = _leaf(node) if node.kind in GIVEN or node.kind == "output" else _result(node, operands)
        output = shown_by.get(node.id)
        if output is not None and len(clean(output.name)) <= longest:
            name = _leaf(output)
        if len(name.text) > longest:
            count += 1
            while f"t{count}" in taken:
                count += 1
            name = _Term(f"t{count}", _ATOM)
        names[node.id] = name
        if output is not None:
            names[output.id] = name
        own[node.id] = term.text if len(term.text) <= longest else name.text
    return {node.id: own.get(node.id, names[node.id].text) for node in graph.nodes}


def outputs_of(graph: Graph) -> dict[str, Node]:
    """By an operation's id, the output that shows what it makes: the first one, if it is of the same order."""
    nodes = {node.id: node for node in graph.nodes}
    found: dict[str, Node] = {}
    for edge in graph.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        if target.kind == "output" and source.kind not in (*GIVEN, "output") and source.order == target.order:
            found.setdefault(source.id, target)
    return found


def _leaf(node: Node) -> _Term:
    if node.kind == node.name == "constant" and re.fullmatch(_NUMBER, node.value):  # nobody named it
        return _Term(node.value.replace("-", "−"), _SUM if node.value.startswith("-") else _ATOM)
    unnamed_seed = node.kind == node.name == "seed"
    name = "g" * max(node.order, 1) + "y" if unnamed_seed else clean(node.name)
    return _Term(name, _ATOM if _NAME.fullmatch(name) else _ODD)


def _result(node: Node, operands: Sequence[_Term]) -> _Term:
    """The formula of an operation; in the form name(a, b) where nothing better is known."""
    term = None
    if len(operands) == 1 and node.name in _OF_ONE:
        term = _OF_ONE[node.name](operands[0], node.label[0] if node.label else "")
    elif len(operands) == 2 and node.name in _OF_TWO:
        a, b = operands
        if node.name == "Mul" and b.text[0].isdigit() and not a.text[0].isdigit():
            a, b = b, a  # 3x²·gy: a number stands first
        sign, level, left, right = _OF_TWO[node.name]
        term = _Term(f"{a.within(left)}{sign}{b.within(right)}", level)
    elif len(operands) == 3 and node.name == "Linear":
        x, w, b = operands
        term = _Term(f"{x.within(_POWER)}@{w.within(_POWER)} + {b.within(_PREFIX)}", _SUM)
    if term is not None:
        return term
    return _Term(f"{clean(node.name).lower()}({', '.join([operand.text for operand in operands])})", _ATOM)


_OF_TWO = {
    "Add": (" + ", _SUM, _SUM, _PREFIX),
    "Sub": (" − ", _SUM, _SUM, _PREFIX),
    "Mul": ("·", _PRODUCT, _PRODUCT, _PRODUCT),
    "Div": (" / ", _QUOTIENT, _QUOTIENT, _POWER),
    "Power": ("^", _POWER, _ATOM, _ATOM),
    "MatMul": ("@", _QUOTIENT, _POWER, _POWER),  # of no place within products: a@b·c could be either
    "Linear": ("@", _QUOTIENT, _POWER, _POWER),
}
"""The sign between two operands, how well the whole holds together, and how well the operands have to."""


def _same(x: _Term, _label: str) -> _Term:
    return x


def _negative(x: _Term, _label: str) -> _Term:
    return _Term(f"−{x.within(_PREFIX)}", _SUM)


def _prefixed(sign: str, level: int) -> Callable[[_Term, str], _Term]:
    """`sign` before what holds together so well, and with parentheses as a function of all else."""

    def prefixed(x: _Term, _label: str) -> _Term:
        return _Term(f"{sign} {x.text}" if x.level >= level else f"{sign}({x.text})", _PREFIX)

    return prefixed


def _exponential(x: _Term, _label: str) -> _Term:
    return _Term(f"e{_RAISED[x.text]}", _POWER) if x.text in _RAISED else _Term(f"exp({x.text})", _ATOM)


def _root(x: _Term, _label: str) -> _Term:
    return _Term(f"√{x.within(_ATOM)}", _POWER)


def _transposed(x: _Term, label: str) -> _Term | None:
    axes = label.removeprefix("axes ").split(", ")
    count = len(axes)
    last_two_swapped = [*map(str, range(count - 2)), str(count - 1), str(count - 2)]
    return _Term(f"{x.within(_ATOM)}ᵀ", _POWER) if axes in ([""], last_two_swapped) else None


def _part(x: _Term, label: str) -> _Term:
    key = label.removeprefix("key ")
    places = key if re.fullmatch(r"[-\d:, …]+", key) else "…"
    return _Term(f"{x.within(_ATOM)}[{places}]", _ATOM)


def _with_number(write: Callable[[_Term, str], _Term]) -> Callable[[_Term, str], _Term | None]:
    """A formula with the number that is the operation's one parameter."""

    def written(x: _Term, label: str) -> _Term | None:
        found = _PARAMETER.fullmatch(label)
        return None if found is None else write(x, found[1].replace("-", "−"))

    return written


def _raised(x: _Term, c: str) -> _Term:
    if c == "1":
        return x
    if c == "0.5":
        return _root(x, "")
    return _Term(x.within(_ATOM) + (c.translate(_SUPERSCRIPTS) if re.fullmatch(r"−?\d+", c) else f"^{c}"), _POWER)


def _scaled(x: _Term, c: str) -> _Term:
    if c == "1":
        return x
    if c == "−1":
        return _negative(x, "")
    body = x.within(_PRODUCT)
    joined = c.strip("−.0123456789") == "" and (body[0].isalpha() or body[0] in "(√∂")
    return _Term(f"{c}{body}" if joined else f"{c}·{body}", _SUM if c.startswith("−") else _PRODUCT)


def _shifted(x: _Term, c: str) -> _Term:
    return _Term(f"{x.within(_SUM)} {f'− {c[1:]}' if c.startswith('−') else f'+ {c}'}", _SUM)


def _divided(x: _Term, c: str) -> _Term:
    return _Term(f"{x.within(_QUOTIENT)} / {f'({c})' if c.startswith('−') else c}", _QUOTIENT)


_OF_ONE: dict[str, Callable[[_Term, str], _Term | None]] = {
    **dict.fromkeys(("BroadcastTo", "Reshape", "Cast", "ToDevice"), _same),  # the same numbers
    **dict.fromkeys(("Sum", "SumTo"), _prefixed("Σ", _PRODUCT)),
    "Neg": _negative,
    "Log": _prefixed("ln", _POWER),
    "Exp": _exponential,
    "Sqrt": _root,
    "Transpose": _transposed,
    "GetItem": _part,
    "PowScalar": _with_number(_raised),
    "MulScalar": _with_number(_scaled),
    "AddScalar": _with_number(_shifted),
    "DivScalar": _with_number(_divided),
}
"""By an operation's name, the formula from its one operand and the line of its parameters; None where that is odd."""
