"""Models by name: MODULE:OBJECT or FILE.py:OBJECT."""

from __future__ import annotations

import importlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from minigrad.cli.errors import UsageError, one_line


def load_object(name: str) -> Any:
    """The object of "package.module:object" or "path/file.py:object"; an instance, where it is a class.

    Raises:
        UsageError: there is no such object, or none that can be called.
    """
    where, attribute = split(name)
    if not attribute:
        raise UsageError(f"{name}: write MODULE:OBJECT, such as models.deep_mnist:DeepMNIST")
    module = load_module(where, name)
    with one_line(f"{name}: {attribute} cannot be found"):
        found = getattr(module, attribute, None)
    if isinstance(found, type):
        with one_line(f"{name}: {attribute} cannot be made without arguments"):
            found = found()
    if not callable(found):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UsageError(f"{name}: {attribute} is no model or function; there are {', '.join(names) or 'none'}")
    return found


def split(name: str) -> tuple[str, str]:
    """The module or file, and the object, which is "" if there is none."""
    where, colon, attribute = name.rpartition(":")
    return (where, attribute) if colon and attribute.isidentifier() else (name, "")


def load_module(where: str, name: str) -> ModuleType:
    """Import a module, "models.deep_mnist", or a file, "models/deep_mnist.py"; `name` is what was asked for.

    Raises:
        UsageError: it cannot be imported.
    """
    file = where.endswith(".py")
    if not file and not all(map(str.isidentifier, where.split("."))):
        raise UsageError(f"{name}: write MODULE:OBJECT, such as models.deep_mnist:DeepMNIST")
    for folder in [Path.cwd(), *([Path(where).resolve().parent] if file else [])]:
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))  # for good: a model may import more when it is called
    with one_line(f"{name}: {where} cannot be imported"):
        return _run_file(Path(where)) if file else importlib.import_module(where)


def _run_file(path: Path) -> ModuleType:
    name = f"file {path.stem}"  # which hides no module
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
