"""An emulation image of each board runs the digits' MLP, to the bytes of native."""

from pathlib import Path

import numpy as np
import pytest

import xfblas
from xfblas.image.boards import board_names

DIGITS = Path(__file__).resolve().parents[2] / "apps/mlp_keras/models/digits/best_model.h5"


def predicted(image, dtype: str, target: str) -> np.ndarray:
    rows = np.linspace(0, 16, 40 * 64).reshape(40, 64).astype(np.float32) % 7
    bits = {"short": 16, "int8": 8}[dtype]
    with xfblas.compile(DIGITS, rows, bits=bits, xclbin=image, target=target) as compiled:
        assert compiled.device.target == target
        return compiled.predict(rows[:5])


@pytest.mark.native
@pytest.mark.parametrize(
    ("board", "dtype"),
    [
        ("u250", "short"),
        *(
            pytest.param(board, dtype, marks=pytest.mark.exhaustive)
            for board in board_names()
            for dtype in ("short", "int8")
            if (board, dtype) != ("u250", "short")
        ),
    ],
)
def test_the_mlp_runs(image_of, board, dtype):
    image = image_of("fcn", dtype, board)
    on_csim = predicted(image, dtype, "csim")
    assert np.array_equal(on_csim, predicted(image, dtype, "native"))
    assert on_csim.shape == (5, 10) and np.ptp(on_csim) > 0
