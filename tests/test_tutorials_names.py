"""Every name that the five tutorials use, and what belongs beside it, is there, documented, proved, and NumPy's."""

# ruff: noqa: SIM905 - the lists are read, and extended, as text

import inspect
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import minigrad.functions as F
from minigrad import metrics, nn, optim, transforms
from minigrad.core import numpy_protocol
from minigrad.optim import schedules
from minigrad.testing.spec import OpSpec
from models import RECIPES

ROOT = Path(__file__).parents[1]
CONTRACTS = [
    spec
    for path in sorted((ROOT / "tests" / "contracts").glob("*.py"))
    for spec in getattr(import_module(f"tests.contracts.{path.stem}"), "CONTRACTS", [])
]
TABLE = re.findall(r"^\| `(\w+)", (ROOT / "docs" / "functions.md").read_text("utf-8"), re.MULTILINE)

NUMPY = """
    sin cos tan arcsin arccos arctan sinh cosh tanh log1p expm1 log2 log10 exp log sqrt square abs sign floor ceil round
    reciprocal power maximum minimum clip where sum mean var std max min prod cumsum sort argmax argmin einsum dot outer
    tensordot matmul flip roll repeat tile reshape transpose moveaxis concatenate stack split pad take squeeze
    expand_dims broadcast_to
""".split()
"""Differentiable functions under NumPy's names, and argmax and argmin, which are plain."""

READERS = "isnan isfinite allclose zeros_like ones_like array_equal".split()

FUNCTIONS = """
    erf relu leaky_relu elu selu gelu silu sigmoid hard_sigmoid hard_tanh softplus softsign prelu softmax log_softmax
    logsumexp norm topk conv1d conv2d conv_transpose2d max_pool2d avg_pool2d global_avg_pool2d upsample2d unfold flatten
    linear batch_norm layer_norm group_norm embedding scaled_dot_product_attention dropout
""".split()

LOSSES = """
    mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error huber hinge
    squared_hinge categorical_hinge logcosh poisson kl_divergence cosine_similarity binary_cross_entropy
    sigmoid_cross_entropy softmax_cross_entropy
""".split()

LAYERS = """
    Identity Lambda Reshape Flatten Linear Conv1d Conv2d ConvTranspose2d MaxPool2d AvgPool2d GlobalAvgPool2d Upsample2d
    BatchNorm1d BatchNorm2d LayerNorm GroupNorm Dropout Embedding RNN RNNCell LSTM LSTMCell GRU GRUCell
    MultiHeadAttention ReLU LeakyReLU PReLU ELU SELU GELU SiLU Sigmoid HardSigmoid Tanh HardTanh Softplus Softsign
    Softmax LogSoftmax Sequential Buffer Parameter functional_call
""".split()

INITIALIZERS = """
    GlorotUniform GlorotNormal HeUniform HeNormal LeCunUniform LeCunNormal Orthogonal Normal TruncatedNormal Uniform
    Zeros Ones Constant
""".split()

OPTIMIZERS = """
    SGD RMSprop Adagrad Adadelta Adam AdamW Adamax NAdam Lion clip_grad_norm clip_grad_value ExponentialMovingAverage
""".split()

SCHEDULES = """
    constant step multi_step exponential cosine polynomial linear_warmup one_cycle ReduceOnPlateau
""".split()

TRANSFORMS = "value_and_grad vjp jvp jacobian hessian hvp gnvp batched_jacobian checkpoint".split()
METRICS = "Accuracy BinaryAccuracy MeanAbsoluteError Precision Recall F1 ConfusionMatrix".split()
MODELS = "softmax_regression dense deep_mnist simple_conv_net codelab_cnn lenet5 resnet".split()

PLAIN = {"argmax", "argmin"}  # integers have no derivative, and no contract


@pytest.mark.parametrize("name", NUMPY)
def test_a_function_of_numpys_name_is_numpys(name):
    assert name in F.__all__
    assert getattr(np, name) in numpy_protocol._implementations


@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_numpys_reads_variables(name):
    assert getattr(np, name) in numpy_protocol._implementations


@pytest.mark.parametrize("name", sorted({*NUMPY, *FUNCTIONS, *LOSSES} - PLAIN))
def test_a_function_is_proved_and_documented(name):
    function = getattr(F, name)
    assert function.__doc__
    assert name in TABLE
    specs = [
        spec for spec in CONTRACTS if isinstance(spec, OpSpec) and name in {spec.name.split()[0], spec.op.__name__}
    ]
    assert any(3 in spec.orders for spec in specs)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        *((nn, name) for name in LAYERS),
        *((nn.init, name) for name in INITIALIZERS),
        *((optim, name) for name in OPTIMIZERS),
        *((schedules, name) for name in SCHEDULES),
        *((transforms, name) for name in TRANSFORMS),
        *((metrics, name) for name in METRICS),
    ],
)
def test_what_is_no_function_is_there_and_documented(package, name):
    assert getattr(package, name).__doc__


def test_models():
    assert set(MODELS) == set(RECIPES)
    assert all({"quick", "paper"} <= presets.keys() for presets in RECIPES.values())


def test_what_has_no_name_of_its_own():
    assert callable(nn.Module.freeze)
    assert "groups" in vars(optim.Optimizer) or "groups" in dir(optim.SGD([nn.Parameter([1.0])], lr=0.1))
    assert "nesterov" in inspect.signature(optim.SGD).parameters
