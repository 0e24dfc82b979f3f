"""`python -m minigrad.testing`: prove the contracts in files or folders, reproduce a finding, print a table of them."""

from __future__ import annotations

import argparse
import sys

from minigrad.backend.kernels import SETS
from minigrad.testing.example import decoded
from minigrad.testing.formatting import print_in_any_encoding
from minigrad.testing.proof import PROFILES, prove
from minigrad.testing.spec import OpSpec, collect, located, named

TABLE = """\
# Functions and their derivatives

Made by `python -m minigrad.testing {paths} --table` from the contracts in `{paths}`, which the tests prove:
derivatives of each order listed in float64 against numeric ones, gradients in the other dtypes against float64. `x` and
the other names are the functions' arguments. Where no kernel set is named, a function is made of array functions alone.

| function | computes | orders | where it has no derivative | kernel sets | dtypes |
|---|---|---|---|---|---|"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if all is right, 1 if something is wrong, 2 if the question makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m minigrad.testing", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a file, or a folder of files, with contracts")
    parser.add_argument(
        "--op", action="append", default=[], metavar="NAME", help='one of these functions, or "file.py:name"; all'
    )
    parser.add_argument("--profile", choices=PROFILES, default="ci", help="how many examples: 10, 60 or 1000")
    parser.add_argument("--examples", type=int, metavar="N", help="how many examples, instead of a profile's")
    parser.add_argument("--seed", type=int, default=0, help="draws the examples")
    parser.add_argument("--reproduce", metavar="TEXT", help="check the example of a finding")
    parser.add_argument("--table", action="store_true", help="print a table of the contracts, in Markdown")
    print_in_any_encoding()
    options = parser.parse_args(arguments)
    try:
        import hypothesis  # noqa: F401, PLC0415 - an extra
    except ImportError:
        parser.exit(2, "minigrad.testing: Hypothesis draws the examples: pip install 'minigrad-nn[testing]'\n")
    if options.examples is not None and options.examples < 1:
        parser.error("--examples must be at least 1")
    try:
        specs = _chosen(options.paths, options.op)
        if options.reproduce is not None:
            _check_reproduction(specs, options.reproduce)
    except ValueError as error:
        parser.error(str(error))
    if options.table:
        print(TABLE.format(paths=" ".join(options.paths)), *map(_row, specs), sep="\n")
        return 0
    return _prove(specs, options)


def _chosen(paths: list[str], ops: list[str]) -> list[OpSpec]:
    """The contracts that the command line names."""
    if not paths and not ops:
        raise ValueError("name a file or a folder with contracts, or one contract: --op file.py:name")
    collected = [(spec.name, spec) for path in paths for spec in collect(path)]
    if not ops:
        return [spec for _, spec in collected]
    found = []
    for name in ops:
        if ":" not in name and not paths:
            raise ValueError(f'--op {name}: where is its contract? Name the file or folder, or write "file.py:{name}"')
        try:
            found += located(name) if ":" in name else named(collected, name)
        except ValueError as error:
            raise ValueError(f"--op {name}: {error}") from None
    return found


def _check_reproduction(specs: list[OpSpec], text: str) -> None:
    """Raise ValueError unless the text is an example of the one contract."""
    if len(specs) > 1:
        names = ", ".join(f'"{spec.name}"' for spec in specs)
        raise ValueError(f"--reproduce needs one contract; --op names {len(specs)}: {names}")
    decoded(text)


def _prove(specs: list[OpSpec], options: argparse.Namespace) -> int:
    examples = PROFILES[options.profile] if options.examples is None else options.examples
    wrong = 0
    for spec in specs:
        report = prove(spec, examples=examples, seed=options.seed, reproduce=options.reproduce)
        if report.finding is not None and options.reproduce is None:
            report.finding.headline += f", seed {options.seed}"
        print(report, flush=True)
        wrong += report.finding is not None
    if len(specs) > 1:
        print(f"{len(specs) - wrong} of {len(specs)} right")
    return int(wrong > 0)


def _row(spec: OpSpec) -> str:
    """A contract's line of the table."""
    formula = spec.formula.replace("|", "\\|")
    orders = ", ".join(map(str, spec.orders))
    dtypes = ", ".join(sorted(spec.dtypes, key=lambda name: int(name.removeprefix("float"))))
    kernels = f"{', '.join(SETS)}: {', '.join(f'`{name}`' for name in spec.kernels)}" if spec.kernels else "–"
    return f"| `{spec.name}` | {formula} | {orders} | {spec.kinks or '–'} | {kernels} | {dtypes} |"


if __name__ == "__main__":
    sys.exit(main())
