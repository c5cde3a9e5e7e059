"""The error function of whole arrays, which numpy lacks."""

import numpy as np

#: A rational approximation in x*x, of the form that Eigen and XLA use; highest power first.
_ABOVE = np.array(
    [
        *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06),
        *(-5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03),
        -1.60960333262415e-02,
    ],
    np.float32,
)
_BELOW = np.array(
    [
        *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03),
        *(-7.37332916720468e-03, -1.42647390514189e-02),
    ],
    np.float32,
)


def erf(x: np.ndarray) -> np.ndarray:
    """float32 of the same shape, to 4e-7."""
    # Beyond 4 the function is 1 to the last digit of float32.
    x = np.clip(np.asarray(x, np.float32), -4, 4)
    squares = x * x
    return np.clip(x * _polynomial(_ABOVE, squares) / _polynomial(_BELOW, squares), -1, 1)


def _polynomial(coefficients, x):
    """In place: these arrays are large, and a pass over memory costs more than the product."""
    total = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total
