"""`python -m minigrad.testing`: prove minigrad's functions or your own, reproduce a finding, check the tool itself."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from minigrad.testing.example import decoded
from minigrad.testing.proof import PROFILES, prove
from minigrad.testing.spec import OpSpec


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if all is right, 1 if something is wrong, 2 if the question makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m minigrad.testing", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument(
        "--op", action="append", metavar="NAME", help='a function, or "file.py:name" of your OpSpec; all'
    )
    parser.add_argument("--profile", choices=PROFILES, default="ci", help="how many examples: 10, 60 or 1000")
    parser.add_argument("--examples", type=int, metavar="N", help="how many examples, instead of a profile's")
    parser.add_argument("--seed", type=int, default=0, help="draws the examples")
    parser.add_argument("--reproduce", metavar="TEXT", help="examine the example of a finding")
    parser.add_argument("--selfcheck", action="store_true", help="count the wrong gradients that are found")
    parser.add_argument("--table", action="store_true", help="print the table of the functions, for the documentation")
    options = parser.parse_args(arguments)
    try:
        import hypothesis  # noqa: F401, PLC0415 - an extra
    except ImportError:
        parser.exit(2, "minigrad.testing: Hypothesis draws the examples: pip install 'minigrad-nn[testing]'\n")
    if options.examples is not None and options.examples < 1:
        parser.error("--examples must be at least 1")
    if options.table:
        from minigrad.testing.table import table  # noqa: PLC0415

        print(table())
        return 0
    if options.selfcheck:
        from minigrad.testing.bench.selfcheck import selfcheck  # noqa: PLC0415

        score = selfcheck(profile=options.profile, seed=options.seed)
        return int(bool(score.survivors))
    try:
        specs = [spec for name in options.op for spec in _found(name)] if options.op else _all()
        return _prove(specs, options)
    except _QuestionError as error:
        parser.error(str(error))


class _QuestionError(ValueError):
    """The command line asks for something that there isn't."""


def _prove(specs: list[OpSpec], options: argparse.Namespace) -> int:
    if options.reproduce is not None and len(specs) > 1:
        names = ", ".join(f'"{spec.name}"' for spec in specs)
        raise _QuestionError(f"--reproduce needs one contract; --op names {len(specs)}: {names}")
    examples = PROFILES[options.profile] if options.examples is None else options.examples
    wrong = 0
    if options.reproduce is not None:
        try:
            decoded(options.reproduce)
        except ValueError as error:
            raise _QuestionError(str(error)) from None
    for spec in specs:
        report = prove(spec, examples=examples, seed=options.seed, reproduce=options.reproduce)
        if report.finding is not None and options.reproduce is None:
            report.finding.headline += f", seed {options.seed}"
        print(report, flush=True)
        wrong += report.finding is not None
    if len(specs) > 1:
        print(f"{len(specs) - wrong} of {len(specs)} right")
    return int(wrong > 0)


def _all() -> list[OpSpec]:
    from minigrad.testing.contracts import CONTRACTS  # noqa: PLC0415

    return list(CONTRACTS)


def _found(name: str) -> list[OpSpec]:
    """The contracts that a name stands for: minigrad's own, or one in a file."""
    path, colon, attribute = name.rpartition(":")
    if not colon:
        from minigrad.testing.contracts import named  # noqa: PLC0415

        try:
            return named(name)
        except ValueError as error:
            raise _QuestionError(str(error)) from None
    if not Path(path).is_file():
        raise _QuestionError(f"--op {name}: there is no file {path}")
    sys.path.append(str(Path(path).resolve().parent))
    location = spec_from_file_location(f"contract of {Path(path).stem}", path)  # no name that a library may have
    if location is None or location.loader is None:
        raise _QuestionError(f"--op {name}: {path} is no Python file")
    module = module_from_spec(location)
    sys.modules[module.__name__] = module
    try:
        location.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the file does
        raise _QuestionError(f"--op {name}: {path} does not run: {type(error).__name__}: {error}") from None
    found: Any = getattr(module, attribute, None)
    spec = getattr(found, "spec", found)
    if not isinstance(spec, OpSpec):
        known = [key for key, value in vars(module).items() if isinstance(getattr(value, "spec", value), OpSpec)]
        raise _QuestionError(f"--op {name}: {attribute} is no OpSpec; there are: {', '.join(known) or 'none'}")
    return [replace(spec, command=name)]


if __name__ == "__main__":
    sys.exit(main())
