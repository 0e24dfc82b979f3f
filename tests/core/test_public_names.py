"""The names that users meet: exactly those of `__all__`, and nothing heavy behind them."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import minigrad

HEAVY = ["matplotlib", "tqdm", "hypothesis", "numba", "cupy", "scipy", "pytest", "graphviz", "asyncio", "PIL"]


PACKAGES = [minigrad.__name__] + [
    module.name for module in pkgutil.walk_packages(minigrad.__path__, "minigrad.") if module.ispkg
]


def names_of(module):
    """The public names of a module that are its own: not its submodules, and nothing that a package imports to work."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and (getattr(value, "__module__", None) or module.__name__).startswith("minigrad")
    }


def test_the_names_of_minigrad():
    assert set(minigrad.__all__) >= {
        "Function",
        "Variable",
        "apply",
        "default_dtype",
        "detect_anomaly",
        "enable_grad",
        "functions",
        "grad",
        "inference",
        "no_grad",
        "seed",
        "train_mode",
    }
    assert "config" not in minigrad.__all__


def test_the_packages_that_users_meet_are_there_after_import_minigrad(fresh_python):
    names = ["data", "functions", "metrics", "nn", "optim", "testing", "training", "transforms", "viz"]
    code = f"""
import sys, minigrad as mg
assert "minigrad.nn" not in sys.modules
assert set({names}) <= set(dir(mg)) >= set(mg.__all__)
assert [getattr(mg, name).__name__ for name in {names}] == [f"minigrad.{{name}}" for name in {names}]
assert not hasattr(mg, "nonesuch")
"""
    fresh_python(code)


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_what_there_is(package):
    module = importlib.import_module(package)
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    missing = [name for name in listed if not hasattr(module, name)]
    assert missing == [], "listed, but not there"
    assert names_of(module) - set(listed) == set(), "there, but not listed"


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "minigrad.backend"])
def test_a_package_shows_no_module_that_is_not_its_own(package):
    """`minigrad.np` or `minigrad.functions.Any` would be names by accident; the backend alone has code in __init__."""
    module = importlib.import_module(package)
    stray = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name not in module.__all__
        and not (isinstance(value, ModuleType) and value.__name__ == f"{package}.{name}")
    }
    assert stray <= {"annotations"}


def test_a_star_import_gives_what_is_listed():
    names = {}
    exec("from minigrad import *", names)  # noqa: S102 - there is no other way to star-import in a function
    assert set(names) - {"__builtins__"} == set(minigrad.__all__)


@pytest.mark.parametrize("name", ["Variable", "Function", "apply", "grad", "no_grad", "seed", "detect_anomaly"])
def test_public_names_are_documented(name):
    assert getattr(minigrad, name).__doc__


def test_the_version():
    assert minigrad.__version__.count(".") >= 1


def test_importing_minigrad_imports_nothing_heavy(fresh_python):
    code = f"import sys, minigrad; print([name for name in {HEAVY} if name in sys.modules])"
    assert fresh_python(code).strip() == "[]"


def test_using_the_core_imports_nothing_heavy(fresh_python):
    code = f"""
import sys
import minigrad as mg
import minigrad.functions as F
x = mg.Variable([1.0, 2.0])
with mg.detect_anomaly():
    F.softmax(F.dropout(x)).sum().backward()
assert x.grad is not None
print([name for name in {HEAVY} if name in sys.modules])
"""
    assert fresh_python(code).strip() == "[]"


def test_importing_minigrad_turns_nothing_on(fresh_python):
    """NumPy's error state, the warnings and the random state are the user's."""
    code = """
import warnings, threading
import numpy as np
before = np.geterr(), list(warnings.filters), np.random.get_state()[1].tolist(), threading.active_count()
import minigrad
assert before == (np.geterr(), list(warnings.filters), np.random.get_state()[1].tolist(), threading.active_count())
"""
    fresh_python(code)
