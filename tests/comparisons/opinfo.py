"""PyTorch's own sample inputs (OpInfo), computed by PyTorch and by minigrad: values, gradients, second derivatives.

    python -m tests.comparisons.opinfo [--op NAME ...] [--missing]

README.md says which environment it needs, and what the columns mean.
"""

import argparse
import collections
import dataclasses
import inspect
import sys
import warnings

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing._internal.common_methods_invocations import op_db

import minigrad as mg
from tests.comparisons import opinfo_mathematics, opinfo_networks, opinfo_shapes  # noqa: F401 - they fill CALLS
from tests.comparisons.opinfo_differences import KNOWN
from tests.comparisons.opinfo_table import CALLS, OutOfScope

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
STAGES = VALUE, GRADIENT, SECOND = "value", "gradient", "second derivative"
NOT_COMPARED = {torch.complex128: "complex numbers", torch.int64: "integers"}


@dataclasses.dataclass
class Difference:
    """The first thing that differs: at which stage, both numbers, and their place."""

    stage: str
    here: object
    there: object
    where: tuple

    @property
    def of_numbers(self):
        """Whether numbers differ, not shapes or float types."""
        return isinstance(self.here, np.floating) and isinstance(self.there, np.floating)

    def __str__(self):
        return f"{self.stage} {self.where}: {self.here} here, {self.there} in PyTorch"


def full_name(op):
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def tensors_in(tree):
    if isinstance(tree, torch.Tensor):
        yield tree
    elif isinstance(tree, tuple | list | dict):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from tensors_in(part)


def translated(tree, variables):
    """The same nest with Variables for float tensors (one for each tensor), and arrays for the others."""
    if isinstance(tree, torch.Tensor):
        if not tree.is_floating_point():
            return tree.numpy().copy()
        if id(tree) not in variables:
            variables[id(tree)] = mg.Variable(tree.detach().numpy().copy(), requires_grad=tree.requires_grad)
        return variables[id(tree)]
    if isinstance(tree, tuple | list):
        return type(tree)(translated(part, variables) for part in tree)
    if isinstance(tree, dict):
        return {name: translated(part, variables) for name, part in tree.items()}
    return tree


def call(f, args, kwargs):
    """What minigrad gives; an argument that the translation has not is an option that minigrad has not."""
    try:
        inspect.signature(f).bind(*args, **kwargs)
    except TypeError as error:
        raise OutOfScope(str(error).replace("got an unexpected keyword argument", "option")) from None
    y = f(*args, **kwargs)
    return list(y) if isinstance(y, tuple | list) else [y]


def array(y):
    return y.detach().numpy(force=True) if isinstance(y, torch.Tensor) else np.asarray(getattr(y, "data", y))


def compare(stage, here, there, tolerance, where=()):
    """The first difference of two results, or None."""
    here, there = array(here), array(there)
    if here.shape != there.shape:
        return Difference(stage, f"shape {here.shape}", f"shape {there.shape}", where)
    if there.dtype.kind == "f" and here.dtype != there.dtype:
        return Difference(stage, here.dtype, there.dtype, where)
    if there.dtype.kind != "f":
        equal = here == there
    else:
        finite = np.abs(there[np.isfinite(there)])
        bound = tolerance * max(1.0, finite.max(initial=0.0))
        equal = (here == there) | (np.isnan(here) & np.isnan(there)) | (np.abs(here - there) <= bound)
    if np.all(equal):
        return None
    place = tuple(int(i) for i in np.argwhere(~equal)[0])
    return Difference(stage, here[place], there[place], (*where, place))


class Pair:
    """One sample in both frameworks: the leaves, the outputs that can be differentiated, their gradients."""

    def __init__(self, op, sample, rng):
        nest = (sample.input, sample.args, sample.kwargs)
        variables = {}
        x, args, kwargs = translated(nest, variables)
        self.here = call(CALLS[full_name(op)], (x, *args), kwargs)
        y = op(sample.input, *sample.args, **sample.kwargs)
        self.there = list(y) if isinstance(y, tuple | list) else [y]
        leaves = {id(t): t for t in tensors_in(nest) if t.requires_grad}
        self.leaves_there, self.leaves_here = list(leaves.values()), [variables[key] for key in leaves]
        self.rng = rng

    def drawn(self, tensors):
        """Numbers for each tensor, of its shape, for both: tensors and Variables, both of which require gradients."""
        arrays = [np.asarray(self.rng.standard_normal(t.shape)).astype(t.detach().numpy().dtype) for t in tensors]
        return [torch.tensor(a, requires_grad=True) for a in arrays], [mg.Variable(a) for a in arrays]

    def gradients(self, there, here, leaves_there, leaves_here, again):
        """Those of Σ ⟨y, a drawn direction⟩, in both, and the directions."""
        directions_there, directions_here = self.drawn(there)
        total_there = sum((y * v).sum() for y, v in zip(there, directions_there, strict=True))
        total_here = sum((y * v).sum() for y, v in zip(here, directions_here, strict=True))
        gs = torch.autograd.grad(total_there, leaves_there, create_graph=again, allow_unused=True)
        gs = [torch.zeros_like(x) if g is None else g for x, g in zip(leaves_there, gs, strict=True)]
        hs = mg.grad(total_here, leaves_here, create_graph=again, allow_unused=True)
        return gs, list(hs), directions_there, directions_here


def first(stage, heres, theres, tolerance, what):
    """The first difference of two lists."""
    pairs = zip(heres, theres, strict=True)
    return next(
        filter(None, (compare(stage, h, t, tolerance, (f"{what} {i}",)) for i, (h, t) in enumerate(pairs))), None
    )


def examine(op, sample, dtype, rng):
    """The last stage that was compared, and what differs there, or None."""
    pair, tolerance = Pair(op, sample, rng), TOLERANCE[dtype]
    if len(pair.here) != len(pair.there):
        return VALUE, Difference(VALUE, len(pair.here), len(pair.there), ("number of outputs",))
    found = first(VALUE, pair.here, pair.there, tolerance, "output")
    smooth = [i for i, t in enumerate(pair.there) if isinstance(t, torch.Tensor) and t.requires_grad]
    if found or not op.supports_autograd or not smooth or not pair.leaves_there:
        return VALUE, found
    there, here = [pair.there[i] for i in smooth], [pair.here[i] for i in smooth]
    again = op.supports_gradgrad and dtype == torch.float64
    gs, hs, vs, ws = pair.gradients(there, here, pair.leaves_there, pair.leaves_here, again)
    found = first(GRADIENT, hs, gs, tolerance, "input")
    smooth = [i for i, g in enumerate(gs) if g.requires_grad]
    if found or not again or not smooth:
        return GRADIENT, found
    leaves = (pair.leaves_there + vs, pair.leaves_here + ws)
    gs, hs, _, _ = pair.gradients([gs[i] for i in smooth], [hs[i] for i in smooth], *leaves, again=False)
    return SECOND, first(SECOND, hs, gs, tolerance, "input")


class Counts:
    """What was found, by op and by reason."""

    def __init__(self):
        self.right = collections.Counter()
        self.stages = collections.Counter()
        self.out = collections.Counter()
        self.known = collections.Counter()
        self.wrong = []

    def sample(self, op, sample, dtype, rng):
        try:
            stage, found = examine(op, sample, dtype, rng)
        except OutOfScope as reason:
            self.out[str(reason)] += 1
            return
        except Exception as error:  # noqa: BLE001 - whatever is raised is a finding
            stage, found = VALUE, Difference("error", f"{type(error).__name__}: {error}", "none", ())
        if found is None:
            self.right[full_name(op)] += 1
            self.stages[stage] += 1
            return
        rule = next((rule for rule in KNOWN if rule.holds(full_name(op), found, sample)), None)
        if rule:
            self.known[rule.reason] += 1
        else:
            self.wrong.append(f"{full_name(op)} {dtype} {sample.summary()[:300]}\n    {found}")


def samples_of(op, dtype):
    """The samples, drawn anew from one seed, or none where the op is not for the type."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - some of OpInfo's samples are drawn with it
    if dtype in op.supported_dtypes("cpu"):
        yield from op.sample_inputs("cpu", dtype, requires_grad=op.supports_autograd and dtype.is_floating_point)


def measure(ops):
    counts = Counts()
    for op in ops:
        for dtype in TOLERANCE:
            for sample in samples_of(op, dtype):
                counts.sample(op, sample, dtype, np.random.default_rng(0))
        for dtype, reason in NOT_COMPARED.items():
            counts.out[reason] += sum(1 for _ in samples_of(op, dtype))
    return counts


def report(counts, ops):
    """The lines that are printed."""
    stages = ", ".join(f"{counts.stages[stage]} up to the {stage}" for stage in STAGES)
    yield f"samples right: {sum(counts.right.values())}, of {len(counts.right)} ops ({stages})"
    none = [full_name(op) for op in ops if not counts.right[full_name(op)]]
    yield f"ops of which no sample is right: {' '.join(none) or 'none'}"
    for title, found in (("known differences", counts.known), ("out of scope", counts.out)):
        yield f"{title}: {sum(found.values())}"
        yield from (f"  {n:6}  {reason}" for reason, n in found.most_common())
    yield f"wrong: {len(counts.wrong)}"
    yield from (f"  {line}" for line in counts.wrong)


def main():
    parser = argparse.ArgumentParser(description="Compare minigrad with PyTorch on PyTorch's own samples.")
    parser.add_argument("--op", nargs="*", default=[], help="only these ops, by OpInfo's names")
    parser.add_argument("--missing", action="store_true", help="name the ops that minigrad has no function for")
    options = parser.parse_args()
    torch.set_num_threads(1)
    missing = [full_name(op) for op in op_db if full_name(op) not in CALLS]
    ops = [op for op in op_db if full_name(op) in CALLS and full_name(op) in (options.op or CALLS)]
    # the math kernel of attention is the one that PyTorch can differentiate twice
    with warnings.catch_warnings(), np.errstate(all="ignore"), sdpa_kernel(SDPBackend.MATH):
        warnings.simplefilter("ignore")
        counts = measure(ops)
    lines = [f"ops compared: {len(ops)}; without a function of minigrad: {len(missing)}"]
    lines += ["  " + " ".join(missing)] if options.missing else []
    sys.stdout.writelines(f"{line}\n" for line in [*lines, *report(counts, ops)])
    return 1 if counts.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
