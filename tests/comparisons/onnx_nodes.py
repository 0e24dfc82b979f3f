"""Let minigrad compute ONNX's own node tests: see README.md beside this file."""

import argparse
import sys
import textwrap
import traceback
from collections import defaultdict

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

from tests.comparisons.onnx_case import Node, OutOfScope
from tests.comparisons.onnx_operators import OPERATORS


def main():
    options = parse()
    right, wrong, left_out = [], [], []
    for case in cases():
        if options.only not in case.name:
            continue
        operator = case.model.graph.node[0].op_type
        try:
            worst = compared(case)
        except OutOfScope as reason:
            left_out.append((case.name, operator, str(reason)))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
            wrong.append((case.name, operator, "".join(traceback.format_exception_only(error)).strip()))
        else:
            right.append((case.name, operator, worst))
    print_result(right, wrong, left_out, every=options.every)
    sys.exit(bool(wrong))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases with this in their name")
    parser.add_argument("--every", action="store_true", help="print every case that is right or out of scope, too")
    return parser.parse_args()


def cases():
    """All node cases, in alphabetical order; their random numbers are those of seed 0."""
    np.random.seed(0)  # noqa: NPY002 - ONNX draws from this generator
    with np.errstate(all="ignore"):
        return sorted(collect_testcases(), key=lambda case: case.name)


def compared(case):
    """The largest relative difference of a case that is right, and its float type; AssertionError for another."""
    if "_expanded" in case.name:
        raise OutOfScope("another case once more, written as several operators")
    node = Node(case)
    if node.operator not in OPERATORS:
        raise OutOfScope("an operator for which minigrad has no function")
    with np.errstate(all="ignore"):  # ln 0 and the like are among the cases
        results = node.results(OPERATORS[node.operator])
        worst = [difference(*pair, case) for pair in zip(results, map(np.asarray, node.expected), strict=True)]
    return max(worst), node.type()


def difference(result, expected, case):
    """The largest |result − expected| / (|expected| + atol / rtol): within ONNX's tolerance where ≤ rtol."""
    found, wanted = (f"{array.dtype}{list(array.shape)}" for array in (result, expected))
    assert found == wanted, f"{found} instead of {wanted}"
    if not expected.size:
        return 0.0
    same = (result == expected) | ((result != result) & (expected != expected))  # noqa: PLR0124 - NaN
    a, b = result.astype(np.float64), expected.astype(np.float64)
    ratio = np.where(same, 0, np.abs(a - b) / (np.abs(b) + case.atol / case.rtol))
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    worst = np.unravel_index(ratio.argmax(), ratio.shape)
    place = [int(i) for i in worst]
    assert ratio[worst] <= case.rtol, f"{result[worst]} instead of {expected[worst]} at {place}, of {result.size}"
    return float(ratio[worst])


def print_result(right, wrong, left_out, *, every):
    if every:
        print(*(f"right         {name}: {worst:.1e}, {dtype}" for name, _, (worst, dtype) in right), sep="\n")
        print(*(f"out of scope  {name}: {reason}" for name, _, reason in left_out), sep="\n")
    total = len(right) + len(wrong) + len(left_out)
    print(f"onnx {onnx.__version__}, {total} node cases")
    print(f"\n{len(right):5} right, of {len({operator for _, operator, _ in right})} operators")
    largest = defaultdict(lambda: (0.0, "any"))
    for name, _, (worst, dtype) in right:
        largest[dtype] = max(largest[dtype], (worst, name))
    for dtype, (worst, name) in sorted(largest.items()):
        count = sum(found == dtype for _, _, (_, found) in right)
        print(f"      {count:5} in {dtype}: largest relative difference {worst:.1e}, {name}")
    print(f"{len(wrong):5} wrong")
    for name, operator, problem in wrong:
        print(f"      {name} ({operator}): {problem}")
    print(f"{len(left_out):5} out of scope")
    by_reason = defaultdict(list)
    for _, operator, reason in left_out:
        by_reason[reason].append(operator)
    for reason, operators in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        print(f"      {len(operators):5} {reason}")
        if "several operators" not in reason:
            print(textwrap.indent(textwrap.fill(", ".join(sorted(set(operators))), 106), " " * 14))


if __name__ == "__main__":
    main()
