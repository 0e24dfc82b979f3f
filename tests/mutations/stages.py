"""In which order the shipped tests run against a mutant: those of its function, or of the core, before the others."""

import ast

from scopes import CORE, FAMILIES

FIRST = ["tests/functions", "tests/testing"]
NEXT = [["tests/core"], ["tests/nn", "tests/models"]]
LEFT_OUT = "tests/mutations"
TRACED = (*FAMILIES, "backend/")  # what all functions go through is not


def stages_of(mutant, tree):
    """The arguments of one pytest run after the other; together they are all the tests in the folder `tree`."""
    first, core, *others = all_stages(tree)
    names = " or ".join(public_names(mutant, tree / "minigrad"))
    if names:
        yield [*first, "-k", names]
        yield [*first, "-k", f"not ({names})"]
        yield core
    else:
        yield core
        yield first
    yield from others


def all_stages(tree):
    """The same for no mutant in particular."""
    folders = [_there(FIRST, tree), *(_there(folders, tree) for folders in NEXT)]
    done = [folder for stage in folders for folder in stage]
    return [*folders, [f"--ignore={folder}" for folder in (*done, LEFT_OUT)]]


def _there(folders, tree):
    return [folder for folder in folders if (tree / folder).exists()]


def public_names(mutant, package):
    """The public functions, operators and methods that use the mutated one: names of the tests' cases.

    Found by name alone: who mentions it, and who mentions that, up to what users call.
    """
    mentions, public = {}, set()
    modules = [package / name for name in ("core/operators.py", *CORE, "backend/numpy_kernels.py")]
    for path in (*sorted((package / "functions").glob("*.py")), *modules):
        tree = ast.parse(path.read_bytes())
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == "Operators":
                methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
                mentions.update((method.name, _mentioned(method)) for method in methods)
                public.update(method.name for method in methods)
            elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                mentions[node.name] = mentions.get(node.name, set()) | _mentioned(node)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__":
                public.update(ast.literal_eval(node.value))
    found, waiting = set(), [mutant.function.split(".")[0]] if mutant.module.startswith(TRACED) else []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name not in public:
                waiting += [user for user, used in mentions.items() if name in used]
    return sorted(found & public)


def _mentioned(definition):
    """The names and attributes in a definition."""
    nodes = list(ast.walk(definition))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
