"""curves: how the loss and the metrics of a training went."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minigrad.backend import errstate
from minigrad.plots.canvas import BLUE, GREEN, ORANGE, PURPLE, given_axes, new_axes
from minigrad.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = {"training": BLUE, "validation": ORANGE, "test": GREEN}
"""What a number may be measured on: validation_loss is the loss on the validation data; and each one's colour."""

SHORT = {"val": "validation", "train": "training"}
"""What Keras calls them."""

UNITS = ("step", "epoch")
"""What a record may be counted in."""

OTHERS = (*UNITS, "seconds", "examples")
"""What is told by a record and is no curve."""

SHARES = ("accuracy", "precision", "recall", "f1")
"""Names end so of what is from 0 to 1, the better the more."""

MANY = 60
"""From so many points on, a curve is drawn faintly, under its running mean."""

LOGARITHMIC = 30.0
"""A loss whose largest number is so many times its least has a logarithmic axis."""


@dataclass
class Curve:
    """The numbers of one name, and where they stand."""

    part: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)


def curves(history: Any, *, names: Sequence[str] | None = None, axes: Any = None) -> list[Axes]:
    """Draw how the loss and the metrics went, a panel for each, with the curves of training and validation in it.

    Many numbers, as of single steps, are drawn faintly, and their running mean over them. A loss that falls far has a
    logarithmic axis.

    Args:
        history: what `training.fit` returned; or a dict, {"loss": [...], "validation_loss": [...]}, a number for each
            epoch; or records, a list of dicts such as a file of JSON lines holds, {"step": 100, "loss": 0.3}.
        names: what is drawn, ("loss", "lr") for example; by default the loss and then everything but the rate.
        axes: where to draw: Axes, or several, one for each name; by default in a new figure.
    Returns:
        the axes, one for each name.
    Raises:
        ValueError: there is nothing to draw, a name is not in the history, or there are not as many axes as names.
        TypeError: the history is none, or the axes are none.
        ImportError: matplotlib is not installed.
    """
    unit, panels = panels_of(history, names)
    if axes is None:
        chosen = new_axes("curves", *figure_size(len(panels)), panels=len(panels))
    else:
        several = axes.ravel().tolist() if isinstance(axes, np.ndarray) else axes
        chosen = [given_axes("curves", each) for each in (several if isinstance(several, (list, tuple)) else [several])]
    if len(chosen) != len(panels):
        raise ValueError(f"curves: {len(panels)} names ({', '.join(panels)}) need as many axes, not {len(chosen)}")
    for panel, (name, lines) in zip(chosen, panels.items(), strict=True):
        _draw(panel, name, lines)
        panel.set_xlabel(unit)
        if len({x for line in lines for x in line.x}) == 1:  # after one epoch: else its place would fill the axis
            panel.set_xlim(left=0)
        panel.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    return chosen


def figure_size(panels: int) -> tuple[float, float]:
    """The width and the height of a figure of so many panels, in inches."""
    return max(4.6 * panels, 5.0), 3.2


def panels_of(history: Any, names: Sequence[str] | None) -> tuple[str, dict[str, list[Curve]]]:
    """What the horizontal axes count, and the curves of each panel, as `curves` draws them."""
    unit, records = _records(history)
    panels = _panels(unit, records)
    if names is not None:
        names = [names] if isinstance(names, str) else list(names)
        if missing := [name for name in names if name not in panels]:
            raise ValueError(f"curves: there is no {missing[0]!r} in the history; there are {', '.join(panels)}")
        panels = {name: panels[name] for name in names}
    elif len(panels) > 1:
        panels.pop("lr", None)
    if not panels:
        raise ValueError("curves: the history is empty: there is nothing to draw")
    return unit, panels


def _records(history: Any) -> tuple[str, list[Mapping[str, Any]]]:
    """The history as records, dicts of numbers, and the name in them that says where they stand."""
    if isinstance(history, History):
        columns = (history.steps[name] for name in ("loss", "lr"))
        by_steps = [{"step": i, "loss": loss, "lr": lr} for i, (loss, lr) in enumerate(zip(*columns, strict=True), 1)]
        return _counted([*by_steps, *history.epochs])
    if isinstance(history, Mapping):
        if not all(isinstance(values, Iterable) and not isinstance(values, str) for values in history.values()):
            raise TypeError('curves: a history that is a dict must have lists of numbers: {"loss": [0.3, 0.2]}')
        return "epoch", [{"epoch": i, name: y} for name, values in history.items() for i, y in enumerate(values, 1)]
    if isinstance(history, (list, tuple)) and all(isinstance(record, Mapping) for record in history):
        return _counted(_placed(history))
    raise TypeError(f"curves: history must be a History, a dict of lists, or records, not {type(history).__name__}")


def _placed(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records; one that says neither step nor epoch, as of the test at the end, stands where the last one does."""
    placed: list[Mapping[str, Any]] = []
    for record in history:
        place = [unit for unit in UNITS if unit in record]
        before = {} if place or not placed else {unit: placed[-1][unit] for unit in UNITS if unit in placed[-1]}
        placed.append({**before, **record})
    return placed


def _counted(records: list[Mapping[str, Any]]) -> tuple[str, list[Mapping[str, Any]]]:
    """What the records are counted in, epochs if there are several, and they themselves.

    What is told of single steps is not taken from the epochs as well.
    """
    epochs = [record for record in records if "epoch" in record]
    by_steps = [record for record in records if "epoch" not in record]
    if not by_steps or not all("step" in record for record in records):
        unit = next((unit for unit in reversed(UNITS) if any(unit in record for record in records)), "epoch")
        return unit, records
    finer = {name for record in by_steps for name in record} - set(UNITS)
    rest: list[Mapping[str, Any]] = [{k: v for k, v in record.items() if k not in finer} for record in epochs]
    ends, numbers = ([0, *sorted({record[unit] for record in epochs})] for unit in UNITS)
    if len(numbers) < 3 or len(ends) != len(numbers):
        return "step", [*by_steps, *rest]
    ends, numbers = [*ends, 2 * ends[-1] - ends[-2]], [*numbers, numbers[-1] + 1]  # an epoch that is under way
    places = np.interp([record["step"] for record in by_steps], ends, numbers).tolist()
    return "epoch", [*({**record, "epoch": x} for record, x in zip(by_steps, places, strict=True)), *rest]


def _panels(unit: str, records: list[Mapping[str, Any]]) -> dict[str, list[Curve]]:
    """The curves by quantity, the loss first; each is of training, validation and test, as far as there are such."""
    found: dict[str, dict[str, Curve]] = {}
    for i, record in enumerate(records, 1):
        for name, y in record.items():
            if name in OTHERS or isinstance(y, bool) or not isinstance(y, (int, float, np.number)):
                continue
            part, _, rest = name.partition("_")
            part = SHORT.get(part, part)
            part, quantity = (part, rest) if part in PARTS and rest else ("training", name)
            curve = found.setdefault(quantity, {}).setdefault(part, Curve(part))
            curve.x.append(float(record.get(unit, i)))
            curve.y.append(float(y))
    order = sorted(found, key=lambda quantity: quantity != "loss")
    return {quantity: list(found[quantity].values()) for quantity in order}


def _draw(axes: Axes, name: str, lines: list[Curve]) -> None:
    """Draw the curves of one quantity; the best number of the last part is marked."""
    share = name.endswith(SHARES)
    for i, curve in enumerate(lines):
        color = PARTS.get(curve.part, PURPLE)
        many = len(curve.y) > MANY
        x, y = curve.x, curve.y
        if many:
            axes.plot(x, y, color=color, alpha=0.25, linewidth=0.8)
            width = len(y) // 20
            inside = slice(width // 4, len(y) - width // 4)  # at the ends it is a mean of few
            x, y = x[inside], running_mean(y, width)[inside]
        marker = "o" if len(curve.y) <= MANY / 2 else ""
        label = f"{curve.part} {_number(y[-1], share=share)}"
        best = _best(name, curve.y) if not many and (curve.part != "training" or len(lines) == 1) else None
        if best is not None and best < len(curve.y) - 1:
            label += f", best {_number(curve.y[best], share=share)}"
            axes.plot(curve.x[best], curve.y[best], "o", color=color, markersize=8, alpha=0.35, zorder=1.5 + i)
        axes.plot(x, y, color=color, linewidth=1.8, marker=marker, markersize=3.5, label=label)
    numbers = [y for curve in lines for y in curve.y if math.isfinite(y)]
    if "loss" in name and numbers and min(numbers) > 0 and max(numbers) > LOGARITHMIC * min(numbers):
        axes.set_yscale("log")
    if share and all(0 <= y <= 1 for y in numbers):
        from matplotlib.ticker import PercentFormatter  # noqa: PLC0415 - it is there, as the axes are

        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title(name.replace("_", " "), loc="left", fontsize=10, parse_math=False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if name != "lr":
        axes.legend(frameon=False, fontsize=8)


@errstate(invalid="ignore")
def running_mean(numbers: Sequence[float], width: int) -> list[float]:
    """The mean of each number and its neighbours, up to `width` on either side, and as many on both.

    Numbers that are not finite are left out.

    >>> running_mean([1.0, 2.0, 6.0, 4.0, 3.0], 1)
    [1.0, 3.0, 4.0, 4.333333333333333, 3.0]
    """
    y = np.asarray(numbers, np.float64)
    finite = np.isfinite(y)
    sums, counts = (np.concatenate([[0.0], np.cumsum(each)]) for each in (np.where(finite, y, 0.0), finite))
    places = np.arange(len(y))
    reach = np.minimum(np.minimum(places, places[::-1]), width)
    first, last = places - reach, places + reach + 1
    means: list[float] = ((sums[last] - sums[first]) / (counts[last] - counts[first])).tolist()
    return means


def _best(name: str, numbers: list[float]) -> int | None:
    """The place of the best number, if there is one and it is known what is good."""
    direction: Literal[-1, 0, 1] = 0
    if "loss" in name or "error" in name:
        direction = 1
    elif name.endswith(SHARES):
        direction = -1
    finite = [i for i, y in enumerate(numbers) if math.isfinite(y)]
    return min(finite, key=lambda i: direction * numbers[i]) if direction and finite else None


def _number(y: float, *, share: bool) -> str:
    return f"{y:.2%}" if share and 0 <= y <= 1 else f"{y:.3g}"
