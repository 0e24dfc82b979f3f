"""Recurrent layers: PyTorch's numbers, truncated backpropagation, and errors."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from minigrad.testing import check_grad

STEPS, N, IN, HIDDEN = 3, 2, 2, 3

# By tests/nn/recurrent_of_torch.py: the last outputs, the first layer's last h (LSTM: c), the gradient of its w_h
# added up over the rows.
TORCH = {
    "RNN": (
        [[-0.188469448736, 0.54257754249, 0.689783531498], [-0.19355998104, 0.519647924086, 0.674147441628]],
        [[-0.19767078149, 0.715778486919, 0.824816331514], [-0.200562197243, 0.809745950744, 0.889680924785]],
        [5.292607271453, -2.156992131447, 1.383682200314],
    ),
    "GRU": (
        [[-0.368521676639, 0.281664662639, 0.721571533005], [-0.365808162614, 0.284215804576, 0.718741001965]],
        [[-0.278852255254, 0.556451982287, 0.846063365395], [-0.266775671897, 0.612496979408, 0.884076287293]],
        [
            -0.009033386162, -0.010593093126, 0.007282690535, 0.441211473733, 0.001429022115, -0.109222031839,
            0.469279626777, -0.748962693033, 0.226944856822,
        ],
    ),
    "LSTM": (
        [[-0.316308746655, 0.177950788262, 0.144118265094], [-0.311299328366, 0.177568989977, 0.143939548817]],
        [[0.14728967448, 0.39661534213, 0.440283123257], [0.139777444005, 0.429226919855, 0.438601165963]],
        [
            -0.001901482977, 0.00065157926, 0.001336296548, -0.000306845864, -0.000553922828, -0.001021605419,
            0.001058607364, -0.000707401643, -0.00139633316, -0.001310663423, 0.001485954839, 9.6961158e-05,
        ],
    ),
}  # fmt: skip


def wave(*shape):
    return np.sin(np.arange(np.prod(shape), dtype=np.float64)).reshape(shape)


def layer_of_waves(kind):
    with mg.default_dtype(np.float64):
        layer = getattr(nn, kind)(IN, HIDDEN, layers=2)
    for name, p in layer.named_parameters():
        p.data = wave(*p.shape) / {"w_h": 2, "b_n": 4}.get(name.split(".")[-1], 1)
    return layer


@pytest.mark.parametrize("kind", TORCH)
def test_numbers_and_gradients_are_those_of_pytorch(kind):
    last, state_of_first, gw = TORCH[kind]
    layer = layer_of_waves(kind)
    y, state = layer(wave(N, STEPS, IN))
    F.square(y).sum().backward()
    np.testing.assert_allclose(y.data[:, -1], last, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(state[1][0].data, y.data[:, -1])
    np.testing.assert_allclose(state[0][-1].data, state_of_first, rtol=0, atol=1e-11)
    np.testing.assert_allclose(layer.cells[0].w_h.grad.data.sum(0), gw, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", TORCH)
def test_a_sequence_is_its_parts_one_after_the_other(kind):
    layer, x = layer_of_waves(kind), wave(N, 5, IN)
    whole, _ = layer(x)
    first, state = layer(x[:, :2])
    second, _ = layer(x[:, 2:], state)
    np.testing.assert_allclose(F.concatenate([first, second], 1).data, whole.data, rtol=1e-12)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_a_cell_is_differentiable_towards_its_input_and_its_state(cell):
    with mg.default_dtype(np.float64):
        step = cell(IN, HIDDEN, rng=np.random.default_rng(0))
    state = [wave(N, HIDDEN) / (i + 2) for i in range(cell.states)]
    check_grad(lambda x, *state: F.concatenate(list(step(x, state)), 1), [wave(N, IN), *state])


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_without_a_state_it_begins_at_zero(cell):
    step, x = cell(IN, HIDDEN), np.ones((N, IN), np.float32)
    zeros = (np.zeros((N, HIDDEN), np.float32),) * cell.states
    for a, b in zip(step(x), step(x, tuple(map(mg.Variable, zeros))), strict=True):
        np.testing.assert_array_equal(a.data, b.data, strict=True)


def test_a_detached_state_ends_backpropagation():
    layer = layer_of_waves("LSTM")
    x = [mg.Variable(wave(N, 2, IN)), mg.Variable(wave(N, 2, IN))]
    _, state = layer(x[0])
    y, _ = layer(x[1], nn.detached(state))
    y.sum().backward()
    assert x[0].grad is None
    assert x[1].grad is not None


def test_an_lstm_remembers_at_first():
    cell = nn.LSTMCell(IN, HIDDEN)
    np.testing.assert_array_equal(cell.b.data.reshape(4, HIDDEN)[:, 0], [0, 1, 0, 0])


def test_weights_are_uniform_within_one_by_the_root_of_the_hidden_features():
    w = nn.GRUCell(50, 100, rng=np.random.default_rng(0)).w_x.data
    assert w.shape == (50, 300)
    assert 0.099 < np.abs(w).max() <= 0.1
    assert (nn.RNNCell(2, 2, init=nn.init.Constant(3.0)).w_h.data == 3).all()


def test_the_last_of_the_first_inputs_is_learnt():
    """The answer is the sign of the first of ten numbers."""
    mg.seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 10, 1)).astype(np.float32)
    labels = (x[:, 0, 0] > 0).astype(int)
    lstm, out = nn.LSTM(1, 8), nn.Linear(8, 2)
    optimizer = optim.Adam([*lstm.parameters(), *out.parameters()], lr=0.02)
    for _ in range(60):
        y, _ = lstm(x)
        loss = F.softmax_cross_entropy(out(y[:, -1]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: nn.RNNCell(2, 3)(np.ones((4, 3))), r"^RNNCell: x must be \(N, 2\), not \(4, 3\) float32$"),
        (lambda: nn.LSTM(2, 3)(np.ones((4, 2))), r"^LSTM: x must be \(N, steps, 2\), not \(4, 2\) float32$"),
        (lambda: nn.GRU(2, 3)(np.ones((4, 0, 2))), r"^GRU: x must be \(N, steps, 2\), not \(4, 0, 2\) float32$"),
        (
            lambda: nn.LSTMCell(2, 3)(np.ones((4, 2)), (mg.Variable(np.ones((4, 3))),)),
            r"^LSTMCell: state must be a tuple of 2 × \(4, 3\), not \[\(4, 3\)\]$",
        ),
        (
            lambda: nn.LSTMCell(2, 3)(np.ones((4, 2)), mg.Variable(np.ones((4, 3)))),
            r"^LSTMCell: state must be a tuple of 2 × \(4, 3\), not Variable$",
        ),
        (
            lambda: nn.RNNCell(2, 3)(np.ones((1, 2)), ([0.0, 0.0, 0.0],)),
            r"^RNNCell: state must be a tuple of 1 × \(1, 3\), not \['list'\]$",
        ),
        (lambda: nn.RNN(2, 3)(np.ones((4, 1, 2)), 0), r"^RNN: state must be a list .* 1 layers$"),
        (lambda: nn.RNN(2, 3, layers=2)(np.ones((4, 1, 2)), []), r"^RNN: state must be a list .* 2 layers$"),
    ],
)
def test_errors(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_repr():
    assert repr(nn.LSTM(2, 3)) == "LSTM(\n  (cells.0): LSTMCell(2, 3)\n)"
