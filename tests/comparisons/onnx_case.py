"""One of ONNX's node cases: its operator's attributes and inputs, and what it expects."""

import inspect

import numpy as np
from onnx import defs, helper

FLOATS = {"float16", "float32", "float64"}


class OutOfScope(Exception):  # noqa: N818 - nothing is wrong
    """minigrad has no such thing; the text says which."""


class Node:
    """A case's only node. It notes which attributes were read: one that was not must not change the result.

    node[name] is an attribute, its default where the case does not give it, or None.
    """

    def __init__(self, case):
        (proto,) = case.model.graph.node
        self.operator, self.case = proto.op_type, case
        self.schema = defs.get_schema(self.operator, case.model.opset_import[0].version, proto.domain)
        given = {a.name: plain(a) for a in proto.attribute}
        defaults = {name: plain(a.default_value) for name, a in self.schema.attributes.items() if a.default_value.name}
        self.attributes = defaults | given
        self.unread = {name for name, value in given.items() if value != defaults.get(name)}
        (data,) = case.data_sets
        arrays = iter(data[0])
        self.inputs = [next(arrays) if name else None for name in proto.input]
        self.places = [place for place, name in enumerate(proto.output) if name]
        self.expected = data[1]
        self.outputs = len(proto.output)

    def __getitem__(self, name):
        self.unread.discard(name)
        return self.attributes.get(name)

    def results(self, translate):
        """What minigrad gives for each expected output, by a function that takes this node and its inputs."""
        self._check_types()
        inputs = [x if x is None else np.asarray(x) for x in self.inputs]
        while inputs and inputs[-1] is None:
            inputs.pop()
        try:
            inspect.signature(translate).bind(self, *inputs)
        except TypeError:
            last = self.schema.inputs[len(inputs) - 1].name
            raise OutOfScope(f"input {last}") from None
        try:
            results = translate(self, *inputs)
        except OutOfScope:
            raise
        except Exception:
            self._check_read()
            raise
        self._check_read()
        results = results if isinstance(results, (tuple, list)) else [results]
        if self.places[-1] >= len(results):
            raise OutOfScope(f"output {self.schema.outputs[self.places[-1]].name}")
        return [np.asarray(getattr(results[place], "data", results[place])) for place in self.places]

    def type(self):
        """The widest float type among the inputs and what is expected."""
        names = {np.asarray(x).dtype.name for x in (*self.inputs, *self.expected) if x is not None}
        return max(names & FLOATS)

    def _check_types(self):
        arrays = [x for x in (*self.inputs, *self.expected) if x is not None]
        names = {np.asarray(x).dtype.name if not isinstance(x, list) else "list" for x in arrays}
        if "bfloat16" in names or not names & FLOATS:
            raise OutOfScope("data of other types than float16, float32 and float64")

    def _check_read(self):
        for name in sorted(self.unread):
            value = self.attributes[name]
            raise OutOfScope(f"attribute {name}={value}" if isinstance(value, (int, str)) else f"attribute {name}")


def plain(attribute):
    """An attribute's value, a text as str."""
    value = helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value
