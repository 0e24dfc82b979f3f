"""Which parts of a module make derivatives or updates of weights: the places that may be mutated."""

import ast
from dataclasses import dataclass
from importlib.util import find_spec

from source import Source, called, is_none, names_in

CORE = ("core/arithmetic.py", "core/reduction.py", "core/shaping.py")
"""The Functions behind operators and methods."""

FAMILIES = (*CORE, "functions/")
"""The modules of Functions: of these, every backward and what each forward saves for it."""

ADJOINTS = {
    "SumTo",
    "ScatterAdd",
    "ConvTranspose2d",
    "FilterCorrelation",
    "PoolScatter",
    "PoolGather",
    "AvgSpread2d",
    "Fold",
}
"""Functions that exist to be gradients: their forward as well."""

BACKWARD = {"backward", "backward_arrays", "gradients"}
"""The methods that compute gradients; the last on behalf of the first."""

PATHS = frozenset({"sign", "accumulation", "condition", "detach"})
"""The operators for code that carries gradients from node to node and computes none itself."""

CARRIED = ("gy", "gx", "own", "gradient", "gradients[producer]")
"""What such code assigns gradients to."""

PLAIN = {
    "core/reduction.py": {"with_ones": None},
    "functions/products.py": {"_products_of_others": None, "_products_in_rows": None},
    "backend/numpy_kernels.py": {
        "conv_transpose2d": None,
        "filter_correlation": None,
        "pool_scatter": None,
        "pool_gather": None,
        "window_broadcast": None,
        "masked": None,
        "_masked": None,
        "_placed": frozenset({"sign", "accumulation", "shift"}),
        "max_pool2d": frozenset({"condition"}),  # who wins a tie
    },
    "backend/composed_kernels.py": {"conv_gradients": None, "batch_norm_gradients": None},
    "backend/scattering.py": {"scatter_add": None},
    "backend/sparse_images.py": {"SparseImages.dense": None},
    "core/traversal.py": {
        "backward_pass": PATHS,
        "sum_of": PATHS,
        "gradients_of": PATHS,
        "gradient_arrays_of": PATHS,
        "one_per_input": PATHS,
        "checked": PATHS,
        "checked_array": PATHS,
        "is_saved": PATHS,
        "with_own_memory": PATHS,
    },
    "core/variable.py": {"Variable.backward": PATHS},
    "optim/adadelta.py": {"adadelta": None, "Adadelta.numbers": None},
    "optim/adagrad.py": {"adagrad": None, "Adagrad.numbers": None},
    "optim/adam.py": {"adam": None, "Adam.numbers": None},
    "optim/adamax.py": {"adamax": None, "Adamax.numbers": None},
    "optim/adamw.py": {"adamw": None, "AdamW.numbers": None},
    "optim/lion.py": {"lion": None, "Lion.numbers": None},
    "optim/nadam.py": {"nadam": None, "NAdam.numbers": None, "_momentum": None, "_product": None},
    "optim/rmsprop.py": {"rmsprop": None, "momentum_rmsprop": None, "RMSprop.numbers": None},
    "optim/sgd.py": {"sgd": None, "momentum_sgd": None, "nesterov_sgd": None, "SGD.numbers": None},
    "optim/clipping.py": {"clip_grad_norm": None, "clip_grad_value": None},
}
"""Functions outside those classes, and which operators apply (None: all)."""


UNREACHABLE = set() if find_spec("cupy") else {"ToDevice"}
"""Functions that no test can apply here: these need a second device."""


@dataclass(frozen=True)
class Scope:
    """Some code of one function or method.

    Attributes:
        name: of the function, `Class.method` for a method.
        source: the module it is in.
        nodes: what may be mutated, in the order of the text.
        results: the expressions that are gradients, complete.
        upstream: the name of the gradient that a backward is given; None elsewhere.
        saved: names in a backward of Variables that lead back to an input.
        arrays: whether a backward computes on arrays.
        operators: the names of the mutation operators that apply; None for all.
    """

    name: str
    source: Source
    nodes: list
    results: list
    upstream: str | None = None
    saved: frozenset = frozenset()
    arrays: bool = False
    operators: frozenset | None = None

    @property
    def gradients(self):
        """Whether `results` are Variables."""
        return (self.upstream is not None and not self.arrays) or self.operators == PATHS


def scopes_of(source):
    if source.name.startswith(FAMILIES):
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in UNREACHABLE:
                yield from _of_class(source, node)
    for name, operators in PLAIN.get(source.name, {}).items():
        yield _of_function(source, name, operators)


def _of_class(source, node):
    methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
    for name, method in methods.items():
        if name in BACKWARD:
            upstream, *handed = [argument.arg for argument in method.args.args[1:]]
            saved = frozenset(_differentiable(methods) if name == "backward" else handed)
            nodes, results, arrays = list(_descend(method)), _results(method, upstream), name == "backward_arrays"
            yield Scope(f"{node.name}.{name}", source, nodes, results, upstream, saved, arrays)
        elif node.name in ADJOINTS and name == "forward":
            yield Scope(f"{node.name}.forward", source, list(_descend(method)), _results(method))
        else:
            nodes, results = _saving(method)
            yield Scope(f"{node.name}.{name}", source, nodes, results)


def _of_function(source, name, operators):
    body = source.tree.body
    for part in name.split("."):
        (function,) = (node for node in body if getattr(node, "name", None) == part)
        body = function.body
    carried = CARRIED if operators == PATHS else ()
    return Scope(name, source, list(_descend(function)), _results(function, None, carried), operators=operators)


def _descend(node):
    """The nodes within a function that compute something, in the order of the text."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Raise, ast.Assert, ast.arguments)) or _is_text(child):
            continue
        if child is getattr(node, "annotation", None) or child is getattr(node, "returns", None):
            continue
        yield child
        yield from _descend(child)


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _returned(method):
    return [node.value for node in ast.walk(method) if isinstance(node, ast.Return) and node.value is not None]


def _results(method, upstream=None, carried=()):
    """The expressions for what a function returns, and for what it assigns to the names `carried`."""
    returned = [leaf for value in _returned(method) for leaf in _leaves(value)]
    names = {leaf.id for leaf in returned if isinstance(leaf, ast.Name)} if upstream else set(carried)
    assigned = [
        leaf
        for node in ast.walk(method)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names
        for leaf in _leaves(node.value)
    ]
    return [leaf for leaf in (*returned, *assigned) if not isinstance(leaf, ast.Name) or leaf.id == upstream]


def _leaves(value):
    """The single results in a tuple of them, with their conditions taken off; None is no result."""
    if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Tuple):  # (gx, gw)[:n]
        value = value.value
    if isinstance(value, ast.Tuple):
        return [leaf for part in value.elts for leaf in _leaves(part)]
    if isinstance(value, ast.IfExp):
        return [*_leaves(value.body), *_leaves(value.orelse)]
    if called(value) == "tuple" and isinstance(value.args[0], (ast.GeneratorExp, ast.ListComp)):
        return _leaves(value.args[0].elt)
    return [] if isinstance(value, (ast.Constant, ast.Starred)) or called(value) in {"slice", "gradients"} else [value]


def _saves(method):
    return [node for node in ast.walk(method) if called(node) == "save"]


def _saving(method):
    """What a forward saves: the arguments, arrays made for them alone, comparisons handed to a method that saves."""
    arguments = [argument for call in _saves(method) for argument in call.args]
    outputs = {name for value in _returned(method) for name in names_in(value)}
    made_for_it = {name for argument in arguments for name in names_in(argument)} - outputs
    starts = list(arguments)
    for node in ast.walk(method):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id in made_for_it:
                starts.append(node)
        if isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", None) == "self":
            starts += [argument for argument in node.args if isinstance(argument, ast.Compare)]
    nodes = [node for start in starts for node in [start, *_descend(start)]]
    computed = [node for node in arguments if not isinstance(node, (ast.Name, ast.IfExp, ast.Compare, ast.Constant))]
    return nodes, computed


def _differentiable(methods):
    """Names of saved Variables that lead back to an input: those that are inputs or the output."""
    gradients = [value for value in _returned(methods["backward"]) if isinstance(value, ast.Tuple)]
    for method in methods.values():
        outputs = {value.id for value in _returned(method) if isinstance(value, ast.Name)}
        inputs = [argument.arg for argument in method.args.args[1:]]
        if gradients:
            inputs = [name for name, gx in zip(inputs, gradients[-1].elts, strict=False) if not is_none(gx)]
        for call in _saves(method):
            for name, argument in zip(_unpacked(methods["backward"]), call.args, strict=False):
                value = argument.body if isinstance(argument, ast.IfExp) else argument
                if isinstance(value, ast.Name) and value.id in {*outputs, *inputs}:
                    yield name


def _unpacked(backward):
    for node in ast.walk(backward):
        if isinstance(node, ast.Assign) and getattr(node.value, "attr", None) == "saved":
            return [target.id for target in node.targets[0].elts]
    return []
