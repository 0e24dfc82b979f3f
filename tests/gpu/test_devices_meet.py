"""Arrays of the host beside a GPU's: an error that says which is where, and how they come together."""

import cupy
import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn

HOST = np.ones((2, 3), np.float32)
ADVICE = r'.*move one by \.to\("cuda"\) or \.to\("cpu"\)'


@pytest.fixture
def x():
    return mg.Variable(cupy.ones((2, 3), np.float32))


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (lambda x: x + x.to("cpu"), r"Add: .*a \(2, 3\) float32 on cuda:0, b \(2, 3\) float32 on cpu"),
        (lambda x: x.to("cpu") + x, r"Add: .*a \(2, 3\) float32 on cpu, b \(2, 3\) float32 on cuda:0"),
        (lambda x: x * HOST, r"Mul: .*b \(2, 3\) float32 on cpu"),
        (lambda x: HOST * x, r"Mul: .*on cpu"),
        (lambda x: x / HOST[0], r"Div: .*b \(3,\) float32 on cpu"),
        (lambda x: x @ HOST.T, r"MatMul: .*b \(3, 2\) float32 on cpu"),
        (lambda x: x > HOST, r"greater: .*b \(2, 3\) float32 on cpu"),
        (lambda x: np.maximum(x, HOST), r"Maximum: .*b \(2, 3\) float32 on cpu"),
        (lambda x: F.where(HOST > 0, x, 0), r"Where: .*condition \(2, 3\) bool on cpu"),
        (lambda x: F.linear(HOST, x.T), r"Linear: .*x \(2, 3\) float32 on cpu, w \(3, 2\) float32 on cuda:0"),
        (lambda x: F.stack([x, HOST]), r"Concatenate: .*on cpu"),
        (lambda x: F.mean_squared_error(x, HOST), r"Sub: .*b \(2, 3\) float32 on cpu"),
        (lambda x: x.backward(HOST), r"backward: .*this Variable \(2, 3\) float32 on cuda:0, grad .* on cpu"),
        (lambda x: mg.grad(x * 2, x, HOST), r"grad: .*grad_outputs \(2, 3\) float32 on cpu"),
        (lambda x: setattr(x, "grad", mg.Variable(HOST)), r"grad: .*its variable .* on cuda:0, grad .* on cpu"),
        (lambda x: mg.Variable(HOST)[cupy.array([1])], r"getitem: .*x .* on cpu, the index \(1,\) int64 on cuda:0"),
        (mg.no_grad()(lambda x: x + x.to("cpu")), "Add: .*b .* on cpu"),
    ],
)
def test_arrays_on_two_devices(x, operation, said):
    with pytest.raises(ValueError, match=said + ADVICE):
        operation(x)


def test_a_model_on_a_gpu_is_called_with_host_images():
    model = nn.Linear(3, 2).to("cuda")
    with pytest.raises(ValueError, match=r"Linear: .*x \(2, 3\) float32 on cpu, w \(3, 2\) float32 on cuda:0" + ADVICE):
        model(HOST)
    model(mg.Variable(HOST, requires_grad=False).to("cuda"))


def test_a_failed_operation_may_be_applied_again(x):
    function = mg.core.arithmetic.Add()
    with pytest.raises(ValueError, match="on cpu"):
        mg.apply(function, x, HOST)
    assert mg.apply(function, x, x).device == "cuda:0"


def test_labels_of_a_data_set_are_where_its_images_are():
    with pytest.raises(
        ValueError, match=r'LabelledImages: images are on cuda:0, labels on cpu; .*dataset\.to\("cuda"\)'
    ):
        data.LabelledImages(cupy.zeros((2, 1, 2, 2), np.uint8), np.arange(2))


def test_an_edit_on_the_host_does_not_confuse_a_graph_that_goes_on_elsewhere():
    x = mg.Variable(np.ones(3, np.float32))
    y = x.to("cuda")
    z = (y * y).sum()
    x.data -= 1
    z.backward()
    assert x.grad.numpy().tolist() == [2, 2, 2]
    assert x.grad.device == "cpu"


def test_a_device_that_does_not_exist(x):
    with pytest.raises(ValueError, match=r"to: device 'cuda:7' does not exist; there are cpu, cuda:0"):
        x.to("cuda:7")
