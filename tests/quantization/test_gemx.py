"""The public library's own scheme: its scales, its search, its wraps."""

import numpy as np
import pytest

from xfblas.errors import InvalidValueError
from xfblas.graph import Layer, Network
from xfblas.quantization import compare, quantize
from xfblas.quantization.gemx import nearest_post
from xfblas.quantization.layers import LEGACY


def two_layers():
    first = Layer("a", [[0.5, -0.25], [0.125, 0.5]], [0.25, 0], "relu", 0.0)
    last = Layer("b", [[1.0], [-2.0]], [0.5], "linear", 1.0)
    return Network("two", (first, last), "linear", (2,))


def test_scales_and_integers_by_hand():
    """Inputs up to 4, weights to 0.5 and 2; sums: 4*0.5 + 2*0.125 + 0.25 = 2.5 at most."""
    rows = np.array([[4.0, 2.0], [-1.0, 0.0]])
    quantized = quantize(two_layers(), rows, method="gemx")
    assert quantized.arithmetic == LEGACY
    assert quantized.output_scale == 1 and (quantized.input_scale == 2**16 / 8).all()
    first, last = quantized.layers
    # 0.5 * 65536 is 32768, which an int16 does not hold.
    assert first.weights.tolist() == [[-32768, -16384], [8192, -32768]]
    assert first.bias.tolist() == [0.25 * 65536 * 8192, 0]
    assert last.weights.tolist() == [[16384], [-32768]]
    # The requested scale of the first sums, 65536 / 5, not the one that its postScale gives.
    # In float32, as the library multiplies.
    assert last.bias.tolist() == [np.float32(0.5) * np.float32(16384 * 65536 / 5)]
    assert (first.post_scale, first.post_shift) == nearest_post(65536 / 5 / (65536 * 8192))
    assert (last.post_scale, last.post_shift) == nearest_post(1 / (16384 * 65536 / 5))
    assert quantized.quantize_input(rows).tolist() == [[-32768, 16384], [-8192, 0]]


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.5, (1, 1)),
        (0.75, (3, 2)),
        (3.0, (6, 1)),
        (100.0, (6, 1)),
        (2.0**-32, (1, 32)),
        (0.0, (1, 32)),
        (5 * 2.0**-14, (5, 14)),
        # 6 * 2**-j and 3 * 2**-(j-1) are one number: the least of both.
        (6 * 2.0**-9, (3, 8)),
    ],
)
def test_nearest_post(ratio, expected):
    assert nearest_post(ratio) == expected


def test_loses_fractions_and_wraps(generator):
    rows = generator.standard_normal((200, 2))
    network = two_layers()
    scheme = quantize(network, rows, method="gemx")
    ours = quantize(network, rows, legacy=True)
    found = scheme.finish(scheme.simulate(scheme.quantize_input(rows)).output)
    assert (found == np.rint(found)).all()
    assert compare(network, scheme, rows).decibels < 30 < compare(network, ours, rows).decibels
    assert quantize(network, rows, method="gemx", bits=8).dtype == np.int8


def test_one_layer_takes_the_inputs_scale():
    layer = Layer("a", [[0.5]], [0.0], "linear", 1.0)
    network = Network("one", (layer,), "linear", (1,))
    quantized = quantize(network, [[4.0]], method="gemx")
    assert quantized.layers[0].post_scale / 2.0 ** quantized.layers[0].post_shift == 2.0**-29


@pytest.mark.parametrize(
    ("rows", "options", "text"),
    [
        (np.zeros((3, 2)), {}, "calibration rows are all 0"),
        (np.zeros((0, 2)), {}, "no rows"),
        (np.ones((3, 2)), {"margin": 2.0}, "margin was given with method 'gemx'"),
        (np.ones((3, 2)), {"legacy": False}, "legacy=False"),
        (np.ones((3, 2)), {"bits": 32}, "bits is 32"),
    ],
)
def test_wrong_arguments(rows, options, text):
    with pytest.raises(InvalidValueError, match=text):
        quantize(two_layers(), rows, method="gemx", **options)
