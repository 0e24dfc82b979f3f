"""Records PyTorch's steps and schedules for the tests, where PyTorch is: python -m tests.optim.record_trajectories.

NumPy computes the gradients, for both frameworks: what may differ is the optimizers' alone.
"""

import json
from pathlib import Path

from tests.optim.problem import CHECKPOINTS, FIGURES, SCHEDULED, SETTINGS, gradient, start

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


def rates(torch, kind, options):
    """Those of the first steps, by the name of a schedule."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedule, found = getattr(torch.optim.lr_scheduler, kind)(optimizer, **options), []
    for _ in range(SCHEDULED):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def watched_rates(torch, options):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedule, found = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options), []
    for figure in FIGURES:
        schedule.step(figure)
        found.append(optimizer.param_groups[0]["lr"])
    return found


SCHEDULES = {
    "step": ("StepLR", {"step_size": 7, "gamma": 0.5}),
    "multi_step": ("MultiStepLR", {"milestones": [5, 12], "gamma": 0.3}),
    "exponential": ("ExponentialLR", {"gamma": 0.9}),
    "cosine": ("CosineAnnealingLR", {"T_max": 19, "eta_min": 0.01}),
    "polynomial": ("PolynomialLR", {"total_iters": 15, "power": 2.0}),
    "linear_warmup": ("LinearLR", {"start_factor": 0.1, "total_iters": 9}),
    "one_cycle": ("OneCycleLR", {"max_lr": 0.1, "total_steps": 20, "pct_start": 0.25, "cycle_momentum": False}),
}

if __name__ == "__main__":
    import torch

    points = {name: trajectory(torch, *case) for name, case in SETTINGS.items()}
    points |= {name: rates(torch, *schedule) for name, schedule in SCHEDULES.items()}
    points |= {mode: watched_rates(torch, {"mode": mode, "factor": 0.5, "patience": 1}) for mode in ("min", "max")}
    lines = [f"{json.dumps(name)}: {json.dumps(of_case)}" for name, of_case in points.items()]
    made_by = json.dumps(f"PyTorch {torch.__version__}")
    text = f'{{\n"made by": {made_by},\n' + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_name("trajectories.json").write_text(text, "utf-8")
