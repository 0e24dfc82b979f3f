"""check_gradients: analytic gradients of every order asked for, against central differences."""

import itertools

import numpy as np

import minigrad as mg

STEP = 1e-2
EPS = np.finfo(np.float64).eps


def check_gradients(f, arrays, *, order=2, seed=0):
    """Raise AssertionError unless the gradients of `f` are right up to `order`, with random cotangents.

    Args:
        f: takes one Variable for each array and gives one, or several in a sequence; the same ones each time.
        arrays: where to check; f must be smooth within 1e-2 · max(1, |x|) of each number.
        order: 2 checks the gradient of the gradient too, towards its cotangents as well; and so on.
        seed: draws the cotangents.
    """
    _check(f, [np.array(array, np.float64) for array in arrays], order, 1, np.random.default_rng(seed))


def gradients_of(f, arrays, cotangents):
    """The gradients of Σ <cotangent, y> over the outputs y of f, as arrays."""
    xs = [mg.Variable(array) for array in arrays]
    return [gradient.data for gradient in _pull_back(f, xs, cotangents, create_graph=False)]


def _check(f, arrays, order, level, rng):
    cotangents = [rng.standard_normal(y.shape) for y in _outputs(f, arrays)]

    def products(xs):
        """The terms of Σ <cotangent, f(xs)>."""
        return np.concatenate([(c * y.data).ravel() for c, y in zip(cotangents, _outputs(f, xs), strict=True)])

    analytic = gradients_of(f, arrays, cotangents)
    for i, (x, gx) in enumerate(zip(arrays, analytic, strict=True)):
        where = f"order {level}, input {i} {x.shape}"
        assert gx.shape == x.shape, f"{where}: the gradient has shape {gx.shape}"
        assert gx.dtype == x.dtype, f"{where}: the gradient has dtype {gx.dtype}"
        numeric, tolerance = _differences(products, arrays, i, where)
        error = np.abs(gx - numeric)
        if x.size and not (error <= tolerance).all():
            worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error - tolerance)), x.shape)
            raise AssertionError(
                f"{where}, worst at {tuple(map(int, worst))}: analytic {gx[worst]:.10g}, numeric {numeric[worst]:.10g} "
                f"± {tolerance[worst]:.1g}; {np.count_nonzero(~(error <= tolerance))} of {x.size} wrong"
            )

    if level < order:

        def gradient(*xs_and_cotangents):
            xs, cotangents = xs_and_cotangents[: len(arrays)], xs_and_cotangents[len(arrays) :]
            return _pull_back(f, xs, cotangents, create_graph=True)

        _check(gradient, [*arrays, *cotangents], order, level + 1, rng)


def _differences(products, arrays, i, where):
    """Central differences towards input `i`, extrapolated twice (Richardson), and how far they may be off."""
    x = arrays[i]
    numeric, tolerance = np.zeros_like(x), np.zeros_like(x)
    for index in np.ndindex(x.shape):
        h = STEP * max(1.0, abs(x[index]))
        quotients = []
        for step in (h, h / 2, h / 4):
            after, before = (products(_moved(arrays, i, index, move)) for move in (step, -step))
            quotients.append((after - before).sum() / (2 * step))
        coarse, fine = ((4 * b - a) / 3 for a, b in itertools.pairwise(quotients))
        numeric[index] = (16 * fine - coarse) / 15
        estimate = abs(numeric[index] - fine)
        rounding = 50 * EPS * np.abs(after).sum() / h
        tolerance[index] = 3 * estimate + rounding + 1e-8 + 1e-6 * abs(numeric[index])
        assert tolerance[index] <= 1e-4 * (1 + abs(numeric[index])), (
            f"{where} at {index}: differences do not converge, {coarse:.6g} then {fine:.6g}: is there a kink nearby?"
        )
    return numeric, tolerance


def _moved(arrays, i, index, move):
    moved = arrays[i].copy()
    moved[index] += move
    return [*arrays[:i], moved, *arrays[i + 1 :]]


def _outputs(f, arrays):
    ys = f(*[mg.Variable(array) for array in arrays])
    return [ys] if isinstance(ys, mg.Variable) else ys


def _pull_back(f, xs, cotangents, *, create_graph):
    """The gradients of Σ <cotangent, y> towards xs, as Variables."""
    ys = f(*xs)
    ys = [ys] if isinstance(ys, mg.Variable) else ys
    terms = [mg.grad(y, xs, cotangent, create_graph=create_graph) for y, cotangent in zip(ys, cotangents, strict=True)]
    totals = list(terms[0])
    for gradients in terms[1:]:
        totals = [total + gradient for total, gradient in zip(totals, gradients, strict=True)]
    return totals
