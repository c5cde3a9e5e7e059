"""An emulation image of each board runs the digits' MLP, to the bytes of native, and maps."""

from pathlib import Path

import map_networks
import numpy as np
import pytest

import xfblas
from xfblas.image.boards import board_names
from xfblas.program.map_runner import MapRunner

DIGITS = Path(__file__).resolve().parents[2] / "apps/mlp_keras/models/digits/best_model.h5"


def predicted(image, dtype: str, target: str) -> np.ndarray:
    rows = np.linspace(0, 16, 40 * 64).reshape(40, 64).astype(np.float32) % 7
    bits = {"short": 16, "int8": 8}[dtype]
    with xfblas.compile(DIGITS, rows, bits=bits, xclbin=image, target=target) as compiled:
        assert compiled.device.target == target
        return compiled.predict(rows[:5])


BOARDS = [
    ("u250", "short"),
    *(
        pytest.param(board, dtype, marks=pytest.mark.exhaustive)
        for board in board_names()
        for dtype in ("short", "int8")
        if (board, dtype) != ("u250", "short")
    ),
]


@pytest.mark.native
@pytest.mark.parametrize(("board", "dtype"), BOARDS)
def test_the_mlp_runs(image_of, board, dtype):
    image = image_of("fcn", dtype, board)
    on_csim = predicted(image, dtype, "csim")
    assert np.array_equal(on_csim, predicted(image, dtype, "native"))
    assert on_csim.shape == (5, 10) and np.ptp(on_csim) > 0


@pytest.mark.native
@pytest.mark.parametrize("channels", [6, 150])
@pytest.mark.parametrize(("board", "dtype"), BOARDS)
def test_maps_run(image_of, generator, board, dtype, channels):
    """Of channels that fill no memory word, and of more than a tile's columns."""
    network = map_networks.little_unet({"short": "int16"}.get(dtype, dtype), 4, 6, channels, 3)
    x = generator.standard_normal((2, 4, 6, 3)).astype(np.float32)
    with xfblas.open(image_of("fcn", dtype, board), target="csim") as device:
        found = MapRunner(device.compute_units[0], network).trace(x)
    for name, expected in map_networks.traced(network, x).items():
        np.testing.assert_array_equal(found[name], expected, name)
