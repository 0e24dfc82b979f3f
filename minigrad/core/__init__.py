"""The core: Variables, Functions, and the way back through their graph.

To understand it, read its files in this order; each leans on those before it alone:

1. `function`: a Function is one applied operation, a node of the graph; its inputs say which Functions computed them.
2. `arithmetic`: Add, Mul, MatMul and their like: `forward` on arrays, `backward` by operators.
3. `variable`: a Variable is an array with its creator; `apply` runs a Function and makes it a node; `backward`, `grad`.
4. `traversal`: the backward pass, a loop over the Functions in reverse order: the chain rule.

That explains `y = x * w; y.backward()`, and derivatives of any order. The rest, when it is needed:

* `operators`: the operators and methods of a Variable. `reduction`, `shaping`: the Functions behind its methods.
* `config`: the switches, such as `no_grad`. `hooks`: code that is called around each forward and backward; `anomaly`:
  the hook that finds the first NaN.
* `axes`: axes and shapes as users write them. `numpy_protocol`: NumPy's functions of Variables.
"""

__all__: list[str] = []
