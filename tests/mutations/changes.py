"""The mutation operators: each takes a scope and yields changes of one place, (start, end, new text)."""

import ast

from source import called, is_none, is_number

SIZES = {"reshape", "zeros", "zeros_like", "empty", "range", "broadcast_to", "with_ones"}
"""What stands among the arguments of these is a size: changed, it would only raise."""

SWAPS = {
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}


def sign(scope):
    """A gradient negated; + and − exchanged; a − dropped."""
    source = scope.source
    for node in scope.results:
        if not source.text(node).startswith("-"):
            yield source.replace(node, f"-{source.operand(node)}")
    for node in scope.nodes:
        if _is(node, ast.BinOp, ast.Add) and not _is_size(scope, node):
            yield source.between(node.left, node.right, "+", "-")
        elif _is(node, ast.BinOp, ast.Sub) and not _is_size(scope, node):
            yield source.between(node.left, node.right, "-", "+")
        elif _is(node, ast.UnaryOp, ast.USub) and not is_number(node.operand) and not _is_size(scope, node):
            yield source.replace(node, source.operand(node.operand))


def factor(scope):
    """A factor, a divisor or an exponent dropped; × and ÷ exchanged; a constant doubled or halved."""
    source = scope.source
    for node in scope.nodes:
        if not isinstance(node, ast.BinOp) or _is_size(scope, node):
            continue
        if isinstance(node.op, ast.Mult):
            for part in (node.left, node.right):
                if not is_number(part) and not source.text(part).startswith("self."):
                    yield source.replace(node, source.operand(part))
            if not isinstance(node.left, ast.Tuple):
                yield source.between(node.left, node.right, "*", "/")
        elif isinstance(node.op, (ast.Div, ast.Pow)):
            yield source.replace(node, source.operand(node.left))
            if isinstance(node.op, ast.Div):
                yield source.between(node.left, node.right, "/", "*")
        for part in (node.left, node.right):
            yield from _other_numbers(scope, node, part)


def _other_numbers(scope, operation, part):
    if is_number(part) and part.value:
        values = [part.value * 2, *([part.value / 2] if scope.upstream or part.value == 0.5 else [])]
        for value in values:
            if value != 1 or not isinstance(operation.op, ast.Mult):  # that is the factor dropped, once more
                yield scope.source.replace(part, f"{value:g}")


def axis(scope):
    """Another axis; one axis less; keepdims the other way; a transposition, a flip or an inner reshape dropped."""
    source = scope.source
    for node in scope.nodes:
        if isinstance(node, ast.keyword) and node.arg == "keepdims" and isinstance(node.value, ast.Constant):
            yield source.replace(node.value, str(not node.value.value))
        elif isinstance(node, ast.Attribute) and node.attr == "T":
            yield source.replace(node, source.operand(node.value))
        elif isinstance(node, ast.Slice) and node.step is not None and source.text(node.step) == "-1":
            yield source.replace(node, ":")
        elif _is_arrangement(scope, node):
            yield source.replace(node, source.operand(node.func.value))
        if isinstance(node, ast.Call):
            for argument in node.args:
                yield from _other_axes(scope, node, argument)


def _is_arrangement(scope, node):
    """Whether a method call rearranges an array, and what is left without it may still have the right shape."""
    if called(node) == "reshape":
        return scope.upstream and node not in scope.results
    return called(node) in {"swapaxes", "transpose"} and isinstance(node.func, ast.Attribute)


def _other_axes(scope, call, argument):
    source, keeps = scope.source, any(keyword.arg == "keepdims" for keyword in call.keywords)
    if called(call) == "sum" and is_number(argument):
        yield source.replace(argument, "1" if argument.value == 0 else "0")
    elif called(call) == "sum" and isinstance(argument, ast.Tuple):
        for kept in (argument.elts[1:], argument.elts[:-1]):
            yield source.replace(argument, f"({', '.join(map(source.text, kept))})")
    elif called(call) == "transpose" and len(call.args) > 1 and argument is not call.args[-1]:
        following = call.args[call.args.index(argument) + 1]
        yield _exchanged(source, argument, following)
    elif source.text(argument) == "self.axis":
        yield source.replace(argument, "None" if keeps else "self.axis[:1]")


def accumulation(scope):
    """A sum made a mean, a maximum or the first element; a term dropped; += made =."""
    source = scope.source
    for node in scope.nodes:
        if isinstance(node, ast.Call):
            yield from _other_sums(source, node)
        elif isinstance(node, ast.AugAssign):
            whole = "[...]" if isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add) else ""
            yield source.replace(node, f"{source.text(node.target)}{whole} = {source.text(node.value)}")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and not _is_size(scope, node):
            if not is_number(node.left):
                yield source.replace(node, source.operand(node.left))
            if isinstance(node.op, ast.Add) and not is_number(node.right):
                yield source.replace(node, source.operand(node.right))


def _other_sums(source, node):
    if called(node) == "sum" and isinstance(node.func, ast.Attribute):
        for method in ("mean", "max"):
            yield source.replace(node.func, f"{source.operand(node.func.value)}.{method}")
        if len(node.args) == 1 and not node.keywords and (key := _first_along(node.args[0])):
            yield source.replace(node, f"{source.operand(node.func.value)}[{key}]")
    elif called(node) in {"sum_rounded", "sum_wide"}:
        array, *rest = [*node.args, *node.keywords]
        for method in ("mean", "max"):
            yield source.replace(node, f"{source.operand(array)}.{method}({', '.join(map(source.text, rest))})")
    elif called(node) == "at":
        array, key, values = map(source.text, node.args)
        yield source.replace(node, f"{array}[{key}] = {values}")


def detach(scope):
    """A gradient, a saved Variable, or the gradient from above beside one, made a constant; a gradient made None."""
    source = scope.source
    if not scope.gradients:
        return
    for node in scope.results:
        yield source.replace(node, f"{source.operand(node)}.detach()")
        yield source.replace(node, "None")
    for node in scope.nodes:
        if scope.saved and _is_value(scope, node, {scope.upstream, *scope.saved}):
            yield source.replace(node, f"{node.id}.detach()")


def exchange(scope):
    """Two neighbouring gradients exchanged; the operands of a Function applied exchanged."""
    source = scope.source
    for node in scope.nodes:
        if isinstance(node, ast.Tuple) and scope.upstream and _is_returned(scope, node):
            pairs = zip(node.elts, node.elts[1:], strict=False)
        elif called(node) == "apply" and len(node.args) == 3:
            pairs = [node.args[1:]]
        else:
            continue
        for a, b in pairs:
            if source.text(a) != source.text(b):
                yield _exchanged(source, a, b)


def shift(scope):
    """A bound of a slice one further."""
    source = scope.source
    for node in scope.nodes:
        if isinstance(node, ast.Slice):
            bounds = [] if ".shape" in source.text(source.parents[node]) else [node.lower, node.upper]
        elif called(node) == "slice" and len(node.args) > 1:
            bounds = node.args[:2]
        else:
            continue
        for bound in bounds:
            if bound is not None and not is_none(bound) and called(bound) != "len":
                yield source.replace(bound, f"{source.text(bound)} + 1")


def condition(scope):
    """A comparison with its bound in or out, or the other way; and made or; a mask's ~ dropped; another input asked."""
    source = scope.source
    for node in scope.nodes:
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS and ".kind" not in source.text(node.left):
            yield source.between(node.left, node.comparators[0], *SWAPS[type(node.ops[0])])
        elif _is(node, ast.BinOp, ast.BitAnd):
            yield source.between(node.left, node.right, "&", "|")
        elif _is(node, ast.BinOp, ast.BitOr):
            yield source.between(node.left, node.right, "|", "&")
        elif isinstance(node, ast.BoolOp):
            words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            yield source.between(*node.values[:2], *words)
        elif _is(node, ast.UnaryOp, ast.Invert):
            yield source.replace(node, source.operand(node.operand))
        elif called(node) == "needs" and is_number(node.args[0]):
            yield source.replace(node.args[0], "0" if node.args[0].value else "1")


def constant(scope):
    """The gradient from above replaced by ones."""
    for node in scope.nodes:
        if _is_value(scope, node, {scope.upstream}):
            yield scope.source.replace(node, f"({node.id} * 0 + 1)")


OPERATORS = {
    function.__name__: function
    for function in (sign, factor, axis, accumulation, detach, exchange, shift, condition, constant)
}


def _is(node, kind, operation):
    return isinstance(node, kind) and isinstance(node.op, operation)


def _is_size(scope, node):
    """Whether a node is among the arguments that are sizes."""
    return any(called(parent) in SIZES and child is not parent.func for child, parent in scope.source.path_up(node))


def _is_value(scope, node, names):
    """Whether a node reads one of those Variables, and not just its shape, its kind or whether it is there."""
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id not in names:
        return False
    parent = scope.source.parents[node]
    return (
        called(parent) != "kernels_of"
        and not isinstance(parent, ast.Compare)
        and getattr(parent, "attr", None) not in {"data", "dtype", "shape", "ndim"}
    )


def _is_returned(scope, node):
    parent = scope.source.parents[node]
    if isinstance(parent, ast.Subscript) and parent.value is node:  # (gx, gw)[:n]
        parent = scope.source.parents[parent]
    return isinstance(parent, ast.Return)


def _exchanged(source, a, b):
    gap = source.data[source.end(a) : source.start(b)].decode()
    return source.start(a), source.end(b), source.text(b) + gap + source.text(a)


def _first_along(axes):
    """The key of the first element along axes given as numbers: (0, 2) -> "0, :, 0"."""
    numbers = [part.value for part in getattr(axes, "elts", [axes]) if is_number(part)]
    return ", ".join("0" if i in numbers else ":" for i in range(max(numbers) + 1)) if numbers else None
