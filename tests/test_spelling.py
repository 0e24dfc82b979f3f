"""Names of other frameworks: each error says the name here."""

import inspect
import pickle
import re

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import metrics, nn, optim, spelling, transforms

X = np.ones((1, 1, 4, 4), np.float32)
V = mg.Variable(np.ones((2, 3), np.float32))
P = [nn.Parameter(np.ones(2, np.float32))]

KEYWORDS = {
    "conv2d: there is no keyword padding; write pad=": lambda: F.conv2d(X, X, padding=1),
    "max_pool2d: there is no keyword kernel_size; write kernel=": lambda: F.max_pool2d(X, kernel_size=2),
    "softmax: there is no keyword dim; write axis=": lambda: F.softmax(X, dim=1),
    "sum: there is no keyword dim; write axis=": lambda: V.sum(dim=1),
    "mean: there is no keyword keepdim; write keepdims=": lambda: F.mean(V, 1, keepdim=True),
    "dropout: there is no keyword rate; write p=": lambda: F.dropout(X, rate=0.5),
    "Conv2d: there is no keyword kernel_size; write kernel=": lambda: nn.Conv2d(1, 2, kernel_size=3),
    "Conv2d: there is no keyword padding; write pad=": lambda: nn.Conv2d(1, 2, 3, padding=1),
    "Linear: there is no keyword in_feature; write in_features=": lambda: nn.Linear(in_feature=3, out_features=2),
    "Linear: there is no keyword device; write model.to": lambda: nn.Linear(3, 2, device="cuda"),
    "Adam: there is no keyword learning_rate; write lr=": lambda: optim.Adam(P, learning_rate=0.1),
    "SGD: there is no keyword dampening; leave it out": lambda: optim.SGD(P, lr=0.1, dampening=0.1),
    "RMSprop: there is no keyword alpha; write beta2=": lambda: optim.RMSprop(P, alpha=0.9),
    "cosine: there is no keyword eta_min; write end=": lambda: optim.schedules.cosine(0.1, steps=9, eta_min=0),
    "Adam: there is no keyword betas; write beta1=": lambda: optim.Adam(P, lr=0.1, betas=(0.9, 0.99)),
    "backward: there is no keyword retain_graph; leave it out": lambda: V.sum().backward(retain_graph=True),
    "ReLU: there is no keyword inplace; leave it out": lambda: nn.ReLU(inplace=True),
    "load_state_dict: there is no keyword strict; leave it out": lambda: nn.Linear(1, 1).load_state_dict(
        {}, strict=False
    ),
    "einsum: there is no keyword optimize; leave it out": lambda: F.einsum("ij->j", V, optimize=True),
    "topk: there is no keyword dim; write axis=": lambda: F.topk(V, 1, dim=0),
    "flip: there is no keyword dims; write axis=": lambda: F.flip(V, dims=[0]),
    "PReLU: there is no keyword num_parameters; write channels=": lambda: nn.PReLU(num_parameters=3),
    "softmax_cross_entropy: there is no keyword weight; write class_weights=": lambda: F.softmax_cross_entropy(
        V, [0, 1], weight=[1, 2, 3]
    ),
    "LSTM: there is no keyword num_layers; write layers=": lambda: nn.LSTM(2, 3, num_layers=2),
    "GRUCell: there is no keyword batch_first; leave it out": lambda: nn.GRUCell(2, 3, batch_first=True),
    "clip_grad_norm: there is no keyword norm_type; it takes": lambda: optim.clip_grad_norm(P, 1.0, norm_type=2),
    "round: there is no keyword ndigits; write decimals=": lambda: F.round(V, ndigits=1),
    "mean_squared_error: there is no keyword dim": lambda: F.mean_squared_error(V, V, dim=1),
    "relu: there is no keyword nonsense; it takes x": lambda: F.relu(X, nonsense=1),
}


@pytest.mark.parametrize("message", KEYWORDS)
def test_a_keyword_of_another_framework(message):
    with pytest.raises(TypeError, match=rf"^{re.escape(message)}"):
        KEYWORDS[message]()


def test_an_argument_that_needs_its_keyword():
    with pytest.raises(
        TypeError,
        match=r"^MaxPool2d: it takes 1 argument without a keyword, not 2; write MaxPool2d\(kernel, stride=\)",
    ):
        nn.MaxPool2d(2, 2)
    with pytest.raises(TypeError, match=r"^conv2d: it takes 3 .* not 4; write conv2d\(x, w, b, stride=\)$"):
        F.conv2d(X, X, None, 1)
    with pytest.raises(TypeError, match=r"^no_grad: it takes 0 arguments .* not 1; write no_grad\(\)$"):
        mg.no_grad(len)


def test_an_argument_that_is_missing():
    with pytest.raises(TypeError, match=r"^Linear: missing a required argument: 'out_features'$"):
        nn.Linear(3)
    with pytest.raises(TypeError, match=r"^matmul: missing a required argument: 'b'$"):
        F.matmul(V)


def test_an_error_from_inside_stays_as_it_is():
    def wrong():
        raise TypeError("of its own")

    class Model(nn.Module):
        def __init__(self):
            wrong()

    with pytest.raises(TypeError, match=r"^of its own$"):
        Model()


def test_a_users_module_is_advised_as_well():
    class Model(nn.Module):
        def __init__(self, channels):
            self.channels = channels

    assert Model(3).channels == 3
    with pytest.raises(TypeError, match=r"^Model: there is no keyword channel; write channels=$"):
        Model(channel=3)


ATTRIBUTES = {
    "Linear has no weight; write layer.w": lambda: nn.Linear(2, 3).weight,
    "Sequential has no eval; write with minigrad.inference()": lambda: nn.Sequential(nn.ReLU()).eval(),
    "Sequential has no train; write with minigrad.train_mode()": lambda: nn.Sequential(nn.ReLU()).train(),
    "Variable has no view; write x.reshape": lambda: V.view(-1),
    "Variable has no exp; write functions.exp(x)": lambda: V.exp,
    "Parameter has no unsqueeze; write functions.expand_dims": lambda: P[0].unsqueeze(0),
    "Adam has no learning_rate; write optimizer.lr": lambda: optim.Adam(P, lr=0.1).learning_rate,
    "minigrad has no tensor; write Variable": lambda: mg.tensor,
    "minigrad has no Varible; did you mean Variable?": lambda: mg.Varible,
    "minigrad.functions has no cross_entropy; write softmax_cross_entropy": lambda: F.cross_entropy,
    "minigrad.functions has no im2col; write unfold": lambda: F.im2col,
    "Variable has no gather; write functions.take_along_axis(x": lambda: V.gather(1, [[0]]),
    "minigrad.functions has no hardtanh; write hard_tanh": lambda: F.hardtanh,
    "minigrad.functions has no swish; write silu": lambda: F.swish,
    "minigrad.functions has no isnan; write np.isnan": lambda: F.isnan,
    "Variable has no atan; write functions.arctan(x)": lambda: V.atan,
    "Variable has no round; write functions.round(x)": lambda: V.round,
    "Variable has no isnan; write np.isnan(x)": lambda: V.isnan,
    "minigrad.nn has no Hardsigmoid; write HardSigmoid": lambda: nn.Hardsigmoid,
    "minigrad.nn has no Dense; write Linear": lambda: nn.Dense,
    "minigrad.optim has no AdaGrad; write Adagrad": lambda: optim.AdaGrad,
}


@pytest.mark.parametrize("message", ATTRIBUTES)
def test_an_attribute_of_another_framework(message):
    with pytest.raises(AttributeError, match=rf"^{re.escape(message)}"):
        ATTRIBUTES[message]()


def test_what_is_neither_known_nor_similar():
    with pytest.raises(AttributeError, match="no attribute '_private'"):
        _ = nn.Linear(2, 3)._private
    assert not hasattr(V, "qqqq")


def test_names_that_are_answered_are_not_there():
    for thing, name in ((V, "view"), (nn.ReLU(), "eval"), (optim.SGD(P, lr=0.1), "learning_rate")):
        assert not hasattr(thing, name)
        assert name not in dir(thing)


def test_a_users_model_may_use_such_names():
    class Model(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

        def eval(self):
            return self.weight.item()

    assert Model().eval() == 1
    assert [name for name, _ in Model().named_parameters()] == ["weight"]


@pytest.mark.parametrize(("layer", "name"), [(nn.Linear(2, 3), "weight"), (nn.Conv2d(1, 1, 2), "padding")])
def test_a_layer_takes_no_attribute_of_another_name(layer, name):
    with pytest.raises(AttributeError, match=f"^{type(layer).__name__} has no {name}; "):
        setattr(layer, name, nn.Parameter([1.0]))


def test_a_property_that_fails_gives_its_own_error():
    class Model(nn.Module):
        @property
        def out(self):
            return nn.Linear(1, 1).weight

    with pytest.raises(AttributeError, match=r"^Linear has no weight; write layer\.w$"):
        _ = Model().out


@pytest.mark.parametrize("function", [getattr(F, name) for name in F.__all__])
def test_a_function_that_advises_is_still_itself(function):
    assert pickle.loads(pickle.dumps(function)) is function
    assert "kwargs" not in inspect.signature(function).parameters


def test_every_advice_about_a_keyword_names_a_parameter_that_some_function_has():
    public = [getattr(module, name) for module in (F, metrics, nn, optim, transforms) for name in module.__all__]
    callables = [thing for thing in public if callable(thing)]
    callables += [mg.grad, mg.Variable, mg.Variable.backward]
    callables += [getattr(optim.schedules, name) for name in optim.schedules.__all__]
    names = {name for f in callables for name in inspect.signature(f).parameters}
    assert not {meant for meant in spelling.KEYWORDS.values() if meant} - names


def test_nothing_is_advised_against_that_there_is():
    owners = {"Variable": mg.Variable, "Module": nn.Module, "Optimizer": optim.Optimizer}
    owners |= {"minigrad": mg, "minigrad.functions": F, "minigrad.nn": nn, "minigrad.optim": optim}
    owners |= {"minigrad.metrics": metrics, "minigrad.transforms": transforms}
    assert owners.keys() == spelling.ATTRIBUTES.keys()
    for owner, words in spelling.ATTRIBUTES.items():
        assert not [word for word in words if hasattr(owners[owner], word)], owner
