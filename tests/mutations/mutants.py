"""Mutants of minigrad's derivatives: each is the source of one module with one place changed."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from changes import OPERATORS
from scopes import FAMILIES, PLAIN, scopes_of
from source import Source

EQUIVALENT = {
    "backend/numpy_kernels.py:filter_correlation:axis:11": "one of the two axes exchanged has length 1",
    "core/shaping.py:ScatterAdd.forward:condition:1": "keys with None or ... take the slower way, to the same values",
    "core/traversal.py:one_per_input:condition:2": "as many as there are inputs were returned before",
    "core/traversal.py:with_own_memory:condition:1": "copies what need not be copied, to the same values",
    "functions/trigonometry.py:Arctan.backward:condition:1": "at ±1 both formulas give 1/2, and the same derivatives",
    "core/reduction.py:SumTo.forward:axis:1": "the reshape that follows gives the same shape with and without the axes",
}
"""Mutants that compute the same as the original, id -> reason: no test can kill them."""


@dataclass(frozen=True)
class Mutant:
    """One changed place.

    Attributes:
        id: module:function:operator:number; the number counts the operator's changes in that function.
        start, end: the place in the module's bytes, and
        text: what stands there instead.
    """

    id: str
    source: Source
    start: int
    end: int
    text: str

    @property
    def module(self):
        return self.source.name

    @property
    def function(self):
        return self.id.split(":")[1]

    @property
    def operator(self):
        return self.id.split(":")[2]

    def mutated(self):
        """The module's bytes with the change."""
        return self.source.data[: self.start] + self.text.encode() + self.source.data[self.end :]

    def diff(self):
        """The changed lines before and after, under the number of the first."""
        data = self.source.data
        first = data.rfind(b"\n", 0, self.start) + 1
        last = data.find(b"\n", self.end)
        before = data[first:last].decode()
        after = (data[first : self.start] + self.text.encode() + data[self.end : last]).decode()
        number = data.count(b"\n", 0, first) + 1
        return f"  {self.module}:{number}\n" + "\n".join([*_marked("-", before), *_marked("+", after)])


def _marked(mark, text):
    return [f"  {mark} {line.strip()}" for line in text.splitlines()]


def generate(package):
    """All mutants of the package in a folder, in the order of the text."""
    return list(
        chain.from_iterable(_of_module(Source(name, (package / name).read_bytes())) for name in modules(package))
    )


def modules(package):
    """The modules with derivatives, as paths within the package."""
    found = [path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py"))]
    return [name for name in found if name.startswith(FAMILIES) or name in PLAIN]


def _of_module(source):
    numbers = Counter()
    for scope in sorted(scopes_of(source), key=lambda scope: scope.name):
        seen = set()
        for operator, changes in OPERATORS.items():
            if scope.operators is not None and operator not in scope.operators:
                continue
            for start, end, text in sorted(changes(scope)):
                if (start, end, text) in seen:
                    continue
                seen.add((start, end, text))
                name = f"{source.name}:{scope.name}:{operator}"
                numbers[name] += 1
                yield Mutant(f"{name}:{numbers[name]}", source, start, end, text)


def sample(mutants, size, seed):
    """`size` of the mutants, as evenly as possible from modules and operators, by a seeded draw."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    groups = defaultdict(list)
    for mutant in mutants:
        groups[mutant.module, mutant.operator].append(mutant)
    for group in groups.values():
        rng.shuffle(group)
    order = list(groups.values())
    rng.shuffle(order)
    turns = chain.from_iterable(zip_longest(*order))
    chosen = {mutant.id for mutant in list(filter(None, turns))[:size]}
    return [mutant for mutant in mutants if mutant.id in chosen]


def package():
    """The package of this working tree."""
    return Path(__file__).resolve().parents[2] / "minigrad"
