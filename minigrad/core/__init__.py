"""The core: Variables, Functions, and the backward pass through their graph.

The files in the order to read them, to follow `y = x * w; y.backward()`:

1. `function`: a Function is one applied operation, a node of the graph; `inputs` are the producers of its operands.
2. `arithmetic`: Add, Mul, MatMul and their like: `forward` on arrays, `backward` by operators on Variables.
3. `operators`: `x * w` is `apply(Mul(), x, w)`; of the file `infix` and `binary`, the others are like them.
4. `variable`: a Variable is an array and its creator; `apply` runs a Function and makes it a node; `backward`, `grad`.
   What it asks of `minigrad.settings` first is the GradMode: whether operations are recorded, and the hooks.
5. `traversal`: the backward pass, a loop over the Functions, the latest first: the chain rule. Without `create_graph`
   the gradients on the way are arrays, and it calls a Function's `backward_arrays`, where there is one.

With `create_graph=True` the operators in each `backward` are recorded like any others, one order higher: their result
is a graph of its own, and `grad` of it is the second derivative. The rest, when it is needed:

* `config`: the switches, such as `no_grad`; `minigrad.switches` says how they work. `hooks`: code called around each
  forward, backward and call of a module: `apply`, `backward_pass` and `nn.Module` call it. `anomaly`: the hook that
  finds the first NaN; also the error of arrays that were edited before their backward.
* `reduction`, `shaping`: the Functions behind a Variable's methods. `axes`: axes and shapes as users write them.
  `numpy_protocol`: NumPy's functions of Variables.
"""

__all__: list[str] = []
