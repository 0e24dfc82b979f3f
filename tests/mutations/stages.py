"""In which order the shipped tests meet a mutant: those most likely to fail before the others."""

import ast

from scopes import CORE, FAMILIES

CONTRACTS = "tests.contracts"
"""The module of the contracts, a tuple `CONTRACTS` of them."""

FOR_THE_CORE = {"operators", "power"}
"""The contracts that all code of the core meets, beside those of the functions that use it by name."""

KERNEL_TESTS = "tests/backend/test_kernel_sets.py"
SLOW = "tests/core/test_memory.py"
ORDER = ["tests/functions", "tests/core", "tests/nn", "tests/models", "tests/testing", SLOW]
LEFT_OUT = "tests/mutations"
TRACED = (*FAMILIES, "backend/")  # what all functions go through is not


def stages_of(mutant, tree):
    """The arguments of one pytest run after the other; together they are all the tests in the folder `tree`."""
    first = []
    if mutant.module.startswith("backend/"):
        first = [KERNEL_TESTS]
    elif mutant.module.startswith("optim/"):
        first = ["tests/optim"]
    elif not mutant.module.startswith(TRACED):
        first = ["tests/core"]
    order = [name for name in dict.fromkeys([*first, *ORDER]) if (tree / name).exists()]
    for name in order:
        yield [name, *(f"--ignore={other}" for other in order if other.startswith(f"{name}/"))]
    yield [f"--ignore={name}" for name in (*order, LEFT_OUT)]


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
    return found & public | (FOR_THE_CORE if mutant.module.startswith("core/") else set())


def _mentioned(definition):
    """The names and attributes in a definition."""
    nodes = list(ast.walk(definition))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
