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
    "filters": "out_channels", "units": "out_features", "use_bias": "bias", "nobias": "bias",
    "negative_slope": "slope", "kernel_initializer": "init", "bias_initializer": "bias_init", "initialW": "init",
    "rate": "p", "ratio": "p", "target": "labels", "ignore_index": "ignore_label", "a_min": "low", "a_max": "high",
    "min": "low", "max": "high", "tensors": "xs", "arrays": "xs", "learning_rate": "lr", "params": "parameters",
    "epsilon": "eps", "beta_1": "beta1", "beta_2": "beta2", "gradient": "grad", "outputs": "y",
    "equation": "subscripts", "index": "indices", "shifts": "shift", "output_size": "size", "y_true": "target",
    "y_pred": "prediction", "k": "top_k", "func": "f", "fun": "f", "function": "f", "primals": "x", "tangents": "v",
    "num_classes": "classes", "num_features": "channels", "num_channels": "channels", "num_groups": "groups",
    "num_heads": "heads", "embed_dim": "features", "kdim": "memory_features", "normalized_shape": "shape",
    "target_shape": "shape", "scale_factor": "scale", "interpolation": "mode", "attn_mask": "mask",
    "is_causal": "causal", "use_causal_mask": "causal", "dropout_p": "dropout", "query": "q", "key": "k", "value": "v",
    "running_mean": "mean", "running_var": "var", "gamma": "w", "output_pad": "output_padding",
    "num_parameters": "channels", "rho": "beta2", "alpha": "beta2", "step_size": "every", "milestones": "at",
    "boundaries": "at", "eta_min": "end", "min_lr": "end", "max_lr": "lr", "T_max": "steps", "total_iters": "steps",
    "total_steps": "steps", "decay_steps": "steps", "pct_start": "rise", "initial_learning_rate": "lr",
    "min_delta": "threshold", "clip_value": "max_value", "clip_norm": "max_norm",
    "num_layers": "layers", "hidden_size": "hidden_features", "input_size": "in_features", "ndigits": "decimals",
    "num_embeddings": "count", "embedding_dim": "features", "input_dim": "count", "output_dim": "features",
    "sample_weight": "sample_weights", "class_weight": "class_weights",
}  # fmt: skip
"""Keywords elsewhere, and the parameter that is meant by each where a function has it."""

REMEDIES = {
    "betas": "write beta1=0.9, beta2=0.999",
    "retain_graph": "leave it out: the graph stays as long as its result",
    "device": 'write model.to("cuda") after it',
    "dtype": "write `with minigrad.default_dtype(np.float64):` around it, or x.astype afterwards",
    "requires_grad": "set p.requires_grad afterwards",
    "inplace": "leave it out: nothing is computed in place",
    "argnums": "put what f is not differentiated by into its closure, lambda x: f(x, t) for example",
    "from_logits": "use sigmoid_cross_entropy or softmax_cross_entropy, of logits",
    "vectorize": "leave it out",
    "training": "write `with minigrad.train_mode(False):` around it",
    "weights": "leave it out",
    "padding_mode": "use functions.pad before it",
    "optimize": "leave it out: operands are contracted from left to right",
    "stable": "leave it out: equal elements keep their order",
    "kind": "leave it out: equal elements keep their order",
    "sorted": "leave it out: they are sorted",
    "descending": "write functions.flip of the result, or topk(x, n)",
    "strict": "leave it out: a state must have all names and no others, {**model.state_dict(), **state} for example",
    "affine": "write scale=False and center=False for False",
    "elementwise_affine": "write scale=False and center=False for False",
    "align_corners": "leave it out: corners are not aligned, as in PyTorch by default and in Keras",
    "track_running_stats": "call functions.batch_norm for a layer without them",
    "dampening": "leave it out: a gradient is added to the velocity as it is",
    "amsgrad": "leave it out",
    "batch_first": "leave it out: sequences are (N, steps, in)",
    "bidirectional": "leave it out, and run another layer over functions.flip(x, 1)",
    "centered": "leave it out: RMSprop divides by the mean of g²",
}
"""Keywords that stand for something that is said in another way."""

ATTRIBUTES: dict[str, Mapping[str, str]] = {
    "Variable": {
        "view": "x.reshape", "permute": "x.transpose", "t": "x.T", "unsqueeze": "functions.expand_dims(x, axis)",
        "clone": "x.astype(x.dtype), a copy that is differentiated", "tolist": "x.data.tolist()", "cpu": 'x.to("cpu")',
        "cuda": 'x.to("cuda")', "float": "x.astype(np.float32)", "double": "x.astype(np.float64)", "array": "x.data",
        "half": "x.astype(np.float16)", "is_leaf": "x.creator is None", "grad_fn": "x.creator",
        "requires_grad_": "x.requires_grad = True", "cleargrad": "x.zero_grad()", "unchain_backward": "x.detach()",
        "value": "x.data", "numel": "x.size", "expand": "x.broadcast_to(shape)", "mm": "x @ y", "dot": "x @ y",
        "matmul": "x @ y", "add_": "x.data += ...", "sub_": "x.data -= ...", "mul_": "x.data *= ...",
        "zero_": "x.data[...] = 0", "copy_": "x.data[...] = ...", "pow": "x ** p",
        "register_hook": "a Hook of minigrad.core.hooks", "flatten": "functions.flatten(x, 0)",
        "repeat": "functions.repeat(x, n), or functions.tile for x as a whole", "topk": "functions.topk(x, k)",
        "gather": "functions.take_along_axis(x, indices, axis)", "diagonal": 'functions.einsum("ii->i", x)',
        "trace": 'functions.einsum("ii", x)', "take": "functions.take(x, indices)", "roll": "functions.roll(x, shift)",
        "tile": "functions.tile(x, reps)", "unfold": "functions.unfold(x, kernel)", "isnan": "np.isnan(x)",
        "isfinite": "np.isfinite(x)", "isinf": "np.isinf(x)", "allclose": "np.allclose(x, y)",
        "equal": "np.array_equal(x, y)", "acos": "functions.arccos(x)", "asin": "functions.arcsin(x)",
        "atan": "functions.arctan(x)", "rsqrt": "functions.sqrt(1 / x)",
        **{name: f"functions.{name}(x)" for name in (
            "abs", "arccos", "arcsin", "arctan", "argmax", "argmin", "argsort", "ceil", "clip", "cos", "cosh",
            "cumsum", "dropout", "erf", "exp", "expm1", "flip", "floor", "log", "log10", "log1p", "log2",
            "log_softmax", "logsumexp", "norm", "prelu", "prod", "reciprocal", "relu", "round", "sigmoid", "sign",
            "sin", "sinh", "softmax", "softplus", "sort", "split", "sqrt", "square", "squeeze", "std", "tan", "tanh",
            "var",
        )},
    },
    "Module": {
        "weight": "layer.w", "bias": "layer.b", "W": "layer.w", "kernel": "layer.w",
        "eval": "with minigrad.inference(): ... around the evaluation",
        "train": "with minigrad.train_mode(): ..., which is the default",
        "training": "with minigrad.inference(): ... around its calls; minigrad.is_training() tells the mode",
        "requires_grad": "model.freeze(), model.unfreeze()", "modules": "named_modules()",
        "children": "named_children()", "named_params": "named_parameters()", "params": "parameters()",
        "cleargrads": "zero_grad()", "cuda": 'model.to("cuda")', "cpu": 'model.to("cpu")',
        "predict": "training.predict(model, x)", "fit": "training.fit(model, optimizer, train, loss=...)",
        "compile": "training.fit(model, optimizer, train, loss=...)",
        "evaluate": "training.evaluate(model, minibatches, loss=...)",
        "register_buffer": "self.name = nn.Buffer(array)", "register_parameter": "self.name = nn.Parameter(array)",
        "add_module": "self.name = module", "save": "nn.save(model, path)", "load": "nn.load(model, path)",
        "weights": "parameters()", "trainable_variables": "parameters()", "requires_grad_": "model.freeze()",
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
        "draw": "viz.draw", "gradcheck": "testing.check_grad", "jacobian": "transforms.jacobian",
        "hessian": "transforms.hessian", "value_and_grad": "transforms.value_and_grad", "jvp": "transforms.jvp",
        "vjp": "transforms.vjp", "checkpoint": "transforms.checkpoint", "matmul": "functions.matmul",
        "exp": "functions.exp",
    },
    "minigrad.functions": {
        "cross_entropy": "softmax_cross_entropy", "nll_loss": "softmax_cross_entropy on the logits",
        "binary_cross_entropy_with_logits": "sigmoid_cross_entropy", "binary_crossentropy": "binary_cross_entropy",
        "l1_loss": "mean_absolute_error", "huber_loss": "huber", "smooth_l1_loss": "huber, divided by its delta",
        "kl_div": "kl_divergence, of probabilities", "poisson_nll_loss": "poisson", "log_cosh": "logcosh",
        "cosine_proximity": "cosine_similarity", "hinge_embedding_loss": "hinge",
        "categorical_crossentropy": "softmax_cross_entropy on the logits",
        "sparse_categorical_crossentropy": "softmax_cross_entropy on the logits",
        "sigmoid_cross_entropy_with_logits": "sigmoid_cross_entropy", "mse_loss": "mean_squared_error",
        "cat": "concatenate", "concat": "concatenate", "unsqueeze": "expand_dims", "permute": "transpose",
        "view": "reshape", "max_pooling_2d": "max_pool2d", "average_pooling_2d": "avg_pool2d",
        "convolution_2d": "conv2d", "mm": "matmul", "bmm": "matmul", "pow": "power", "clamp": "clip",
        "im2col": "unfold", "col2im": "fold", "gather": "take_along_axis", "index_select": "take", "top_k": "topk",
        "embed_id": "embedding", "repeat_interleave": "repeat", "vector_norm": "norm", "trace": 'einsum("ii", x)',
        "diagonal": 'einsum("ii->i", x)', "one_hot": "np.eye(classes)[labels]", "log_sum_exp": "logsumexp",
        "interpolate": "upsample2d", "upsample": "upsample2d", "resize_images": "upsample2d",
        "adaptive_avg_pool2d": "global_avg_pool2d", "deconvolution_2d": "conv_transpose2d", "convolution_1d": "conv1d",
        "batch_normalization": "batch_norm", "fixed_batch_normalization": "batch_norm(x, mean=mean, var=var)",
        "layer_normalization": "layer_norm", "group_normalization": "group_norm",
        "instance_norm": "group_norm, with as many groups as channels", "acos": "arccos", "asin": "arcsin",
        "atan": "arctan", "swish": "silu", "hardsigmoid": "hard_sigmoid", "hardtanh": "hard_tanh", "absolute": "abs",
        "rint": "round", "around": "round", "zeros_like": "np.zeros_like", "ones_like": "np.ones_like",
        "isnan": "np.isnan", "isfinite": "np.isfinite", "isinf": "np.isinf", "allclose": "np.allclose",
        "array_equal": "np.array_equal", "equal": "np.array_equal", "clipped_relu": "clip(x, 0, z)",
        "relu6": "clip(x, 0, 6)", "rsqrt": "sqrt(1 / x)",
    },
    "minigrad.nn": {
        "Dense": "Linear", "Conv2D": "Conv2d", "MaxPooling2D": "MaxPool2d", "AveragePooling2D": "AvgPool2d",
        "ModuleList": "a list: self.layers = [...]", "ModuleDict": "a dict", "functional": "minigrad.functions",
        "CrossEntropyLoss": "functions.softmax_cross_entropy", "MSELoss": "functions.mean_squared_error",
        "ParameterList": "a list", "Chain": "Module", "Layer": "Module", "Conv1D": "Conv1d",
        "Conv2DTranspose": "ConvTranspose2d", "Deconvolution2D": "ConvTranspose2d", "BatchNorm": "BatchNorm2d",
        "BatchNormalization": "BatchNorm1d or BatchNorm2d", "LayerNormalization": "LayerNorm",
        "GroupNormalization": "GroupNorm", "InstanceNorm2d": "GroupNorm(channels, groups=channels)",
        "GlobalAveragePooling2D": "GlobalAvgPool2d", "AdaptiveAvgPool2d": "GlobalAvgPool2d", "Upsample": "Upsample2d",
        "UpSampling2D": "Upsample2d", "MultiheadAttention": "MultiHeadAttention", "Hardsigmoid": "HardSigmoid",
        "Hardtanh": "HardTanh", "Swish": "SiLU", "SoftSign": "Softsign", "Elu": "ELU", "Selu": "SELU", "Gelu": "GELU",
    },
    "minigrad.transforms": {
        "grad": "value_and_grad, or minigrad.grad of a result", "jacrev": "jacobian", "jacfwd": "jacobian",
        "vmap": "batched_jacobian, or functions of whole batches", "vhp": "hvp", "linearize": "jvp",
        "remat": "checkpoint", "value_and_gradient": "value_and_grad", "make_hvp": "hvp", "make_ggnvp": "gnvp",
        "make_vjp": "vjp", "make_jvp": "jvp", "functional_call": "f in whose closure the model is: see value_and_grad",
    },
    "minigrad.metrics": {
        "CategoricalAccuracy": "Accuracy", "SparseCategoricalAccuracy": "Accuracy",
        "TopKCategoricalAccuracy": "Accuracy(top_k=5)", "SparseTopKCategoricalAccuracy": "Accuracy(top_k=5)",
        "MAE": "MeanAbsoluteError", "F1Score": "F1", "confusion_matrix": "ConfusionMatrix",
        "accuracy_score": "Accuracy",
    },
    "minigrad.optim": {
        "AdaGrad": "Adagrad", "MomentumSGD": "SGD(momentum=0.9)", "lr_scheduler": "schedules", "AdaDelta": "Adadelta",
        "AdaMax": "Adamax", "Nadam": "NAdam", "RMSProp": "RMSprop", "NesterovAG": "SGD(momentum=0.9, nesterov=True)",
        "AveragedModel": "ExponentialMovingAverage", "EMA": "ExponentialMovingAverage",
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
            others = [KEYWORDS[name]] if name in KEYWORDS else []
            others += [] if name in REMEDIES else [name]
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
