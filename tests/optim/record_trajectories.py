"""Records PyTorch's steps for test_trajectories.py, where PyTorch is: python -m tests.optim.record_trajectories.

NumPy computes the gradients, for both frameworks: what may differ is the optimizers' alone.
"""

import json
from pathlib import Path

from tests.optim.problem import CHECKPOINTS, SETTINGS, gradient, start

WORDS = {("RMSprop", "beta2"): "alpha", ("Adadelta", "beta2"): "rho"}


def optimizer_of(torch, p, kind, settings):
    options = {WORDS.get((kind, name), name): value for name, value in settings.items()}
    if "beta1" in options:
        options["betas"] = options.pop("beta1"), options.pop("beta2")
    return getattr(torch.optim, kind)([p], **options)


def trajectory(torch, kind, settings):
    p = torch.tensor(start(), requires_grad=True)
    optimizer = optimizer_of(torch, p, kind, settings)
    points = []
    for step in range(1, CHECKPOINTS[-1] + 1):
        p.grad = torch.tensor(gradient(p.detach().numpy(), step))
        optimizer.step()
        if step in CHECKPOINTS:
            points.append(p.tolist())
    return points


if __name__ == "__main__":
    import torch

    points = {name: trajectory(torch, *case) for name, case in SETTINGS.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(of_case)}" for name, of_case in points.items()]
    made_by = json.dumps(f"PyTorch {torch.__version__}")
    text = f'{{\n"made by": {made_by},\n' + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("trajectories.json").write_text(text, "utf-8")
