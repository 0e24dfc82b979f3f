"""What other frameworks call things, and what they are called here: the error of a wrong name says the right one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])

KEYWORDS = {
    "dim": "axis", "dims": "axes", "keepdim": "keepdims", "start_dim": "start_axis", "correction": "ddof",
    "unbiased": "ddof", "input": "x", "inputs": "x", "weight": "w", "bias": "b", "other": "b", "kernel_size": "kernel",
    "ksize": "kernel", "pool_size": "kernel", "padding": "pad", "strides": "stride", "dilation_rate": "dilation",
    "filters": "out_channels", "units": "out_features", "use_bias": "bias", "nobias": "bias", "negative_slope": "slope",
    "kernel_initializer": "init", "bias_initializer": "bias_init", "initialW": "init", "rate": "p", "ratio": "p",
    "target": "labels", "ignore_index": "ignore_label", "a_min": "low", "a_max": "high", "min": "low", "max": "high",
    "tensors": "xs", "arrays": "xs", "learning_rate": "lr", "params": "parameters", "epsilon": "eps", "beta_1": "beta1",
    "beta_2": "beta2", "gradient": "grad", "outputs": "y", "rho": "beta2", "alpha": "beta2", "gamma": "factor",
    "step_size": "every", "milestones": "at", "boundaries": "at", "eta_min": "end", "min_lr": "end", "max_lr": "lr",
    "T_max": "steps", "total_iters": "steps", "total_steps": "steps", "decay_steps": "steps", "pct_start": "rise",
    "initial_learning_rate": "lr", "min_delta": "threshold", "clip_value": "max_value", "clip_norm": "max_norm",
}  # fmt: skip
"""Keywords elsewhere, and the parameter that is meant by each where a function has it."""

REMEDIES = {
    "betas": "write beta1=0.9, beta2=0.999",
    "dampening": "leave it out: a gradient is added to the velocity as it is",
    "amsgrad": "leave it out",
    "centered": "leave it out: RMSprop divides by the mean of g²",
    "retain_graph": "leave it out: the graph stays as long as its result",
    "device": 'write model.to("cuda") after it',
    "dtype": "write `with minigrad.default_dtype(np.float64):` around it, or x.astype afterwards",
    "requires_grad": "set p.requires_grad afterwards",
    "inplace": "leave it out: nothing is computed in place",
    "training": "write `with minigrad.train_mode(False):` around it",
    "weights": "leave it out",
    "padding_mode": "use functions.pad before it",
    "strict": "leave it out: a state must have all names and no others, {**model.state_dict(), **state} for example",
}
"""Keywords that stand for something that is said in another way."""

ATTRIBUTES: dict[str, Mapping[str, str]] = {
    "Variable": {
        "view": "x.reshape", "permute": "x.transpose", "t": "x.T", "unsqueeze": "functions.expand_dims(x, axis)",
        "clone": "x.astype(x.dtype), a copy that is differentiated", "tolist": "x.data.tolist()", "cpu": 'x.to("cpu")',
        "cuda": 'x.to("cuda")', "float": "x.astype(np.float32)", "double": "x.astype(np.float64)", "array": "x.data",
        "half": "x.astype(np.float16)", "argmax": "x.data.argmax(axis)", "is_leaf": "x.creator is None",
        "grad_fn": "x.creator", "requires_grad_": "x.requires_grad = True", "cleargrad": "x.zero_grad()",
        "unchain_backward": "x.detach()", "value": "x.data", "numel": "x.size", "expand": "x.broadcast_to(shape)",
        "mm": "x @ y", "dot": "x @ y", "matmul": "x @ y", "add_": "x.data += ...", "sub_": "x.data -= ...",
        "mul_": "x.data *= ...", "zero_": "x.data[...] = 0", "copy_": "x.data[...] = ...", "pow": "x ** p",
        "register_hook": "a Hook of minigrad.core.hooks", "flatten": "functions.flatten(x, 0)",
        **{name: f"functions.{name}(x)" for name in (
            "abs", "clip", "dropout", "exp", "log", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax",
            "softplus", "split", "sqrt", "square", "squeeze", "std", "tanh", "var",
        )},
    },
    "Module": {
        "weight": "layer.w", "bias": "layer.b", "W": "layer.w", "kernel": "layer.w",
        "eval": "with minigrad.inference(): ... around the evaluation",
        "train": "with minigrad.train_mode(): ..., which is the default",
        "training": "with minigrad.inference(): ... around its calls; minigrad.is_training() tells the mode",
        "requires_grad": "p.requires_grad = False, for p in model.parameters()",
        "modules": "named_modules()", "children": "named_children()",
        "named_params": "named_parameters()", "params": "parameters()", "cleargrads": "zero_grad()",
        "cuda": 'model.to("cuda")', "cpu": 'model.to("cpu")', "predict": "with minigrad.inference(): model(x)",
        "fit": "a loop: see examples/train_mnist.py", "compile": "an optimizer and a loop: see examples/train_mnist.py",
        "register_buffer": "self.name = nn.Buffer(array)", "register_parameter": "self.name = nn.Parameter(array)",
        "add_module": "self.name = module", "save": "nn.save(model, path)", "load": "nn.load(model, path)",
        "weights": "parameters()", "trainable_variables": "parameters()", "requires_grad_": "p.requires_grad = False",
        "get_weights": "state_dict()", "set_weights": "load_state_dict(state)", "append": "Sequential(*old, new)",
    },
    "Optimizer": {
        "learning_rate": "optimizer.lr", "param_groups": "optimizer.groups, or optimizer.lr where there are none",
        "apply_gradients": "optimizer.step()", "update_rule": "optimizer.formula", "setup": "Optimizer(parameters)",
        "cleargrads": "zero_grad()", "minimize": "loss.backward() and optimizer.step()", "betas": "beta1 and beta2",
        "add_param_group": 'a list of groups, Optimizer([{"parameters": ..., "lr": ...}, ...])',
    },
    "minigrad": {
        "tensor": "Variable", "Tensor": "Variable", "array": "Variable", "as_variable": "Variable",
        "manual_seed": "seed(n)", "set_grad_enabled": "no_grad() or enable_grad()", "inference_mode": "inference()",
        "using_config": "train_mode(False) or no_grad()", "no_backprop_mode": "no_grad()", "relu": "functions.relu",
        "set_default_dtype": "default_dtype(dtype), a context manager", "save": "nn.save(model, path)",
        "load": "nn.load(model, path)", "Adam": "optim.Adam", "Module": "nn.Module", "Parameter": "nn.Parameter",
        "draw": "viz.draw", "gradcheck": "testing.check_grad", "matmul": "functions.matmul", "exp": "functions.exp",
    },
    "minigrad.functions": {
        "cross_entropy": "softmax_cross_entropy", "nll_loss": "softmax_cross_entropy on the logits",
        "mse_loss": "mean_squared_error", "cat": "concatenate", "concat": "concatenate", "unsqueeze": "expand_dims",
        "permute": "transpose", "view": "reshape", "max_pooling_2d": "max_pool2d", "average_pooling_2d": "avg_pool2d",
        "convolution_2d": "conv2d", "mm": "matmul", "dot": "matmul", "pow": "power", "clamp": "clip",
        "one_hot": "np.eye(classes)[labels]", "log_sum_exp": "logsumexp",
    },
    "minigrad.nn": {
        "Dense": "Linear", "Conv2D": "Conv2d", "MaxPooling2D": "MaxPool2d", "AveragePooling2D": "AvgPool2d",
        "ModuleList": "a list: self.layers = [...]", "ModuleDict": "a dict", "functional": "minigrad.functions",
        "CrossEntropyLoss": "functions.softmax_cross_entropy", "MSELoss": "functions.mean_squared_error",
        "ParameterList": "a list", "Chain": "Module", "Layer": "Module",
    },
    "minigrad.optim": {
        "AdaGrad": "Adagrad", "AdaDelta": "Adadelta", "AdaMax": "Adamax", "Nadam": "NAdam", "RMSProp": "RMSprop",
        "MomentumSGD": "SGD(momentum=0.9)", "NesterovAG": "SGD(momentum=0.9, nesterov=True)",
        "lr_scheduler": "schedules", "AveragedModel": "ExponentialMovingAverage", "EMA": "ExponentialMovingAverage",
        "clip_grad_norm_": "clip_grad_norm", "clip_grad_value_": "clip_grad_value",
        "clip_by_global_norm": "clip_grad_norm",
    },
}  # fmt: skip
"""Attributes and methods elsewhere, by the class or package that is asked for them, and what to write."""


class Elsewhere:
    """An attribute that other frameworks have: to read it is an error that says what to write."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        raise missing(owner, self.name)


class Advised:
    """A base whose errors say how an attribute or a keyword of `__init__` is spelled here."""

    # No __getattr__: it would slow down the reading of every attribute.
    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = advised(cls.__init__)  # type: ignore[method-assign]
        for name in ATTRIBUTES.get(cls.__name__, ()):
            if not hasattr(cls, name):
                setattr(cls, name, Elsewhere(name))

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if hasattr(self, name)]


def advised(function: AnyCallable) -> AnyCallable:
    """`function`, whose TypeError of arguments that it does not take says what to write."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            inside = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            if inside:
                raise
            raise TypeError(_advice(function, args, kwargs)) from None

    return call  # type: ignore[return-value]


def missing(owner: type | str, name: str, there: Iterable[str] = ()) -> AttributeError:
    """The error of an attribute that an object of the class, or the package, `owner` does not have."""
    kinds = [kind.__name__ for kind in owner.__mro__] if isinstance(owner, type) else [owner]
    title = kinds[0]
    if not name.startswith("_"):
        for kind in kinds:
            if name in ATTRIBUTES.get(kind, ()):
                return AttributeError(f"{title} has no {name}; write {ATTRIBUTES[kind][name]}")
        if close := get_close_matches(name, [other for other in there if not other.startswith("_")], 1):
            return AttributeError(f"{title} has no {name}; did you mean {close[0]}?")
    return AttributeError(f"{title} has no attribute {name!r}")


def _advice(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Why `function` does not take such arguments, and what to write instead."""
    signature = inspect.signature(function)
    method = next(iter(signature.parameters), "") == "self"
    title = type(args[0]).__name__ if method and function.__name__ == "__init__" else function.__name__
    parameters = list(signature.parameters.values())[method:]
    known = {p.name: p for p in parameters}
    for name in kwargs:
        if name not in known:
            others = [KEYWORDS[name]] if name in KEYWORDS else [] if name in REMEDIES else [name]
            meant = [f"write {other}=" for other in others if other in known]
            meant += [f"write {close}=" for other in others for close in get_close_matches(other, known, 1)]
            meant += [REMEDIES.get(name, f"it takes {', '.join(known) or 'nothing'}")]
            return f"{title}: there is no keyword {name}; {meant[0]}"
    given = args[method:]
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(given) > len(places) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY][: len(given) - len(places)]
        usual = ", ".join([*places, *(f"{name}=" for name in named)])
        count = f"{len(places)} argument{'s' * (len(places) != 1)} without a keyword, not {len(given)}"
        return f"{title}: it takes {count}; write {title}({usual})"
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return f"{title}: {error}"
    return f"{title}: its arguments do not fit"
