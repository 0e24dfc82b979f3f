"""A module's text and its syntax tree, and where in the text a node stands (in bytes: × and · take two)."""

import ast
from itertools import accumulate

ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.Tuple)


class Source:
    """One module.

    Attributes:
        name: its path within the package.
        data: its text, encoded.
        tree: its syntax tree.
        parents: the node around each node.
    """

    def __init__(self, name, data):
        self.name = name
        self.data = data
        self.tree = ast.parse(data)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self._line_starts = [0, *accumulate(len(line) for line in data.splitlines(keepends=True))]

    def start(self, node):
        return self._line_starts[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self._line_starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node):
        return self.data[self.start(node) : self.end(node)].decode()

    def operand(self, node):
        """The text of a node, to stand beside any operator."""
        return self.text(node) if isinstance(node, ATOMS) else f"({self.text(node)})"

    def between(self, left, right, old, new):
        """Replace the first `old` after one node and before another: (start, end, new)."""
        start = self.data.index(old.encode(), self.end(left), self.start(right))
        return start, start + len(old.encode()), new

    def replace(self, node, new):
        """Replace a node: (start, end, new)."""
        return self.start(node), self.end(node), new

    def path_up(self, node):
        """(child, parent) pairs from a node to the module."""
        while node in self.parents:
            yield node, self.parents[node]
            node = self.parents[node]


def called(node):
    """The name of the function or method that a node calls; None if it is no call."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "attr", getattr(node.func, "id", None))


def names_in(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)
