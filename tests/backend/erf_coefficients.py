"""Fits the polynomials of the kernel `erf` in minigrad/backend/numpy_kernels.py, and prints them.

pip install mpmath; python tests/backend/erf_coefficients.py

Near 0, erf(x) / x is a smooth function of x². Far from it, exp(x²) times what is missing to 1 is one of 1 / (x + 4).
Both are interpolated at the places of Chebyshev's polynomials, in a variable from −1 to 1, with 50 digits.
"""


def polynomials():
    """(name, coefficients, largest error) of each."""
    import mpmath as mp  # noqa: PLC0415 - nothing else needs it

    mp.mp.dps = 50

    def near(s):
        x = mp.sqrt((s + 1) / 2)
        return mp.erf(x) / x if x else 2 / mp.sqrt(mp.pi)

    def far(s):
        x = 20 / (s + 3) - 4
        return mp.erfc(x) * mp.exp(x * x)

    for name, function, count in (("ERF_NEAR", near, 12), ("ERF_FAR", far, 16)):
        coefficients, error = mp.chebyfit(function, [-1, 1], count, error=True)
        yield name, [float(c) for c in coefficients], float(error)


if __name__ == "__main__":
    for name, coefficients, error in polynomials():
        print(f"{name} = {tuple(coefficients)}  # off by {error:.1e}")  # noqa: T201
