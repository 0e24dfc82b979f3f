"""Prints what PyTorch's recurrent layers give, for test_recurrent.py: run it where PyTorch is."""

# ruff: noqa: T201

import numpy as np

STEPS, N, IN, HIDDEN = 3, 2, 2, 3


def main():
    import torch  # noqa: PLC0415 - where it is

    def wave(*shape):
        return torch.from_numpy(np.sin(np.arange(np.prod(shape), dtype=np.float64)).reshape(shape))

    for kind, gates in ((torch.nn.RNN, 1), (torch.nn.GRU, 3), (torch.nn.LSTM, 4)):
        layer = kind(IN, HIDDEN, num_layers=2, batch_first=True).double()
        for i, width in enumerate((IN, HIDDEN)):
            values = {
                f"weight_ih_l{i}": wave(width, gates * HIDDEN).T,
                f"weight_hh_l{i}": wave(HIDDEN, gates * HIDDEN).T / 2,
                f"bias_ih_l{i}": wave(gates * HIDDEN),
                f"bias_hh_l{i}": torch.zeros(gates * HIDDEN).double(),
            }
            if kind is torch.nn.GRU:
                values[f"bias_hh_l{i}"][2 * HIDDEN :] = wave(HIDDEN) / 4
            for name, value in values.items():
                getattr(layer, name).data = value
        y, state = layer(wave(N, STEPS, IN))
        (y * y).sum().backward()
        last = state[1] if kind is torch.nn.LSTM else state
        print(f'"{kind.__name__}": (')
        print(f"    {np.round(y[:, -1].detach().numpy(), 12).tolist()},")
        print(f"    {np.round(last[0].detach().numpy(), 12).tolist()},")
        print(f"    {np.round(layer.weight_hh_l0.grad.T.numpy().sum(0), 12).tolist()},")
        print("),")


if __name__ == "__main__":
    main()
