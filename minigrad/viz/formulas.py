"""Formulas: the notation of the field for what Functions compute, and for the nodes of a Graph, as far as it is short.

A Function says its formula as a Python expression of its arguments and fields, "x ** c"; a node has it in terms of its
inputs, "x0 ** 3"; and a diagram writes it with their names, "(a + b)³".
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from minigrad.core.function import Function
from minigrad.viz.formatting import format_field, one_line
from minigrad.viz.graph import LEAVES, Graph, Node

GIVEN = (*LEAVES, "seed")  # the kinds of nodes that no operation makes

_ODD, _SUM, _PREFIX, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(7)  # how tightly a formula binds

_INFIX: dict[type[ast.operator], tuple[str, int, int, int]] = {
    ast.Add: (" + ", _SUM, _SUM, _PREFIX),
    ast.Sub: (" − ", _SUM, _SUM, _PREFIX),
    ast.Mult: ("·", _PRODUCT, _PRODUCT, _PRODUCT),
    ast.Div: (" / ", _QUOTIENT, _QUOTIENT, _POWER),
    ast.Pow: ("^", _POWER, _ATOM, _ATOM),
    ast.MatMult: ("@", _QUOTIENT, _POWER, _POWER),  # of no place within products: a@b·c could be either
}
"""By an operator: its sign, how tightly the result binds, and how tightly both operands have to."""

_PREFIXES = {"sum": ("Σ", _PRODUCT), "log": ("ln", _POWER)}  # and how tightly an argument has to bind
_SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUPERSCRIPT_LETTERS = dict(zip("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))  # there is no q
_NAME = re.compile(r"[\w.∂′]*[^\W⁰¹²³⁴⁵⁶⁷⁸⁹]′?")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)")
_INDEX = re.compile(r"[-+\d.e:, …]+")


class _Term(NamedTuple):
    """A formula, and how tightly it binds."""

    text: str
    level: int

    def within(self, level: int) -> str:
        """The formula inside another one: in parentheses, unless it binds at least so tightly."""
        return self.text if self.level >= level else f"({self.text})"


@cache
def argument_names(forward: Callable[..., Any]) -> list[str]:
    """The names that a Function's `forward` gives its inputs."""
    return list(inspect.signature(forward).parameters)[1:]


def formula_of(function: Function) -> str:
    """The formula of a Function in terms of its inputs x0, x1, ... and of the numbers in its fields: "x0 ** 3".

    It is that of its own class: a derived one computes something else.
    """
    formula = vars(type(function)).get("formula", "")
    texts = {name: f"x{i}" for i, name in enumerate(argument_names(type(function).forward))}
    for name in getattr(type(function), "__dataclass_fields__", ()) if formula else ():
        text = format_field(getattr(function, name), name)
        texts[name] = text.replace("…", "...") if _INDEX.fullmatch(text) else "..."
    return re.sub(r"\b[^\W\d]\w*", lambda found: texts.get(found[0], found[0]), formula)


def formulas(graph: Graph, longest: int = 14) -> dict[str, str]:
    """A formula of the output of each node of a graph of operations on Variables, by the nodes' ids.

    It is in terms of the names of the inputs: of a leaf its own, of an operation that of the output that shows it, or
    else its formula. Names of more than `longest` characters become t1, t2, … in execution order.
    """
    shown_by, inputs = shown_outputs(graph), graph.inputs()
    taken = {node.name for node in graph.nodes}
    short_names = (f"t{i}" for i in count(1) if f"t{i}" not in taken)
    names: dict[str, _Term] = {}
    own: dict[str, str] = {}
    for node in graph.nodes:
        if node.id in names:
            continue  # an output that shows what an operation made
        operands = {f"x{edge.position}": names[edge.source] for edge in inputs[node.id] if edge.source in names}
        term = name = _leaf(node) if node.kind in GIVEN or node.kind == "output" else _result(node, operands)
        output = shown_by.get(node.id)
        if output is not None and len(one_line(output.name)) <= longest:
            name = _leaf(output)
        if len(name.text) > longest:
            name = _Term(next(short_names), _ATOM)
        names[node.id] = name
        if output is not None:
            names[output.id] = name
        own[node.id] = term.text if len(term.text) <= longest else name.text
    return {node.id: own.get(node.id, names[node.id].text) for node in graph.nodes}


def shown_outputs(graph: Graph) -> dict[str, Node]:
    """By an operation's id, the output that shows what it makes: the first one, if it is of the same order."""
    nodes = {node.id: node for node in graph.nodes}
    found: dict[str, Node] = {}
    for edge in graph.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        if target.kind == "output" and source.kind not in (*GIVEN, "output") and source.order == target.order:
            found.setdefault(source.id, target)
    return found


def _leaf(node: Node) -> _Term:
    if node.kind == node.name == "constant" and _NUMBER.fullmatch(node.value):  # without a name
        return _Term(node.value.replace("-", "−"), _SUM if node.value.startswith("-") else _ATOM)
    name = "g" * max(node.order, 1) + "y" if node.kind == node.name == "seed" else one_line(node.name)
    return _Term(name, _ATOM if _NAME.fullmatch(name) else _ODD)


def _result(node: Node, operands: Mapping[str, _Term]) -> _Term:
    """The formula of an operation; in the form name(a, b) where it says none, or one without a notation."""
    try:
        return _written(ast.parse(node.formula, mode="eval").body, operands)
    except (SyntaxError, ValueError, KeyError):
        return _Term(f"{one_line(node.name).lower()}({', '.join([x.text for x in operands.values()])})", _ATOM)


def _written(tree: ast.expr, operands: Mapping[str, _Term]) -> _Term:
    """An expression in the field's notation; SyntaxError or KeyError if there is none, or an operand is missing."""
    match tree:
        case ast.Name(id=name) if name in operands:
            term = operands[name]
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()) if number := _number(tree):
            term = _Term(number, _SUM if number.startswith("−") else _ATOM)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            term = _scaled("−1", _written(x, operands))
        case ast.BinOp(left=x, op=ast.Add(), right=ast.Name(id=name)) if name not in operands:
            term = _written(x, operands)  # without its bias
        case ast.BinOp(left=left, right=right):
            term = _infix(tree, _written(left, operands), _written(right, operands))
        case ast.Subscript(value=x, slice=key):
            places = ast.unparse(key).strip("()").replace("...", "…")
            term = _Term(f"{_written(x, operands).within(_ATOM)}[{places}]", _ATOM)
        case ast.Call(func=ast.Name(id=name), args=[x, *others]):
            term = _applied(name, _written(x, operands), [ast.unparse(other) for other in others])
        case _:
            raise SyntaxError
    return term


def _number(tree: ast.expr) -> str:
    """The text of a number; "" for anything else."""
    try:
        return f"{ast.literal_eval(tree):g}".replace("-", "−", 1)
    except (TypeError, ValueError):
        return ""


def _infix(tree: ast.BinOp, a: _Term, b: _Term) -> _Term:
    operator, factor, number = type(tree.op), _number(tree.left), _number(tree.right)
    if operator is ast.Mult and factor:
        return _scaled(factor, b)
    if operator is ast.Pow and number:
        return _raised(a, number)
    if operator is ast.Add and number.startswith("−"):
        return _Term(f"{a.within(_SUM)} − {number[1:]}", _SUM)
    if operator is ast.Mult and b.text[0].isdigit() and not a.text[0].isdigit():
        a, b = b, a  # 3x²·gy: a number stands first
    sign, level, left, right = _INFIX[operator]
    return _Term(f"{a.within(left)}{sign}{b.within(right)}", level)


def _scaled(factor: str, x: _Term) -> _Term:
    if factor in ("1", "−1"):
        return x if factor == "1" else _Term(f"−{x.within(_PREFIX)}", _SUM)
    body = x.within(_PRODUCT)
    joined = factor.strip("−.0123456789") == "" and (body[0].isalpha() or body[0] in "(√∂")
    return _Term(f"{factor}{body}" if joined else f"{factor}·{body}", _SUM if factor.startswith("−") else _PRODUCT)


def _raised(x: _Term, power: str) -> _Term:
    if power in ("1", "0.5"):
        return x if power == "1" else _applied("sqrt", x)
    exponent = power.translate(_SUPERSCRIPTS) if re.fullmatch(r"−?\d+", power) else f"^{power}"
    return _Term(f"{x.within(_ATOM)}{exponent}", _POWER)


def _applied(name: str, x: _Term, others: Sequence[str] = ()) -> _Term:
    """The function of a name, applied to x; further arguments are axes."""
    if name in _PREFIXES:
        sign, level = _PREFIXES[name]
        return _Term(f"{sign} {x.text}" if x.level >= level else f"{sign}({x.text})", _PREFIX)
    if name == "exp" and x.text in _SUPERSCRIPT_LETTERS:
        return _Term(f"e{_SUPERSCRIPT_LETTERS[x.text]}", _POWER)
    if name == "sqrt":
        return _Term(f"√{x.within(_ATOM)}", _POWER)
    last = len(others) - 1
    if name == "transpose" and [*map(int, others)] == [*range(last - 1), last, last - 1]:
        return _Term(f"{x.within(_ATOM)}ᵀ", _POWER)
    return _Term(f"{name}({x.text})", _ATOM)
