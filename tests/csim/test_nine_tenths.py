"""What users call keeps a U250's array busy, by the cycles of the kernels' simulation."""

from itertools import pairwise

import numpy as np
import pytest

import xfblas
from xfblas.graph import Layer, Network
from xfblas.image.boards import read_board
from xfblas.performance.estimate import estimate_product

#: Shares of the array's peak that products of size^3 reach at least.
LEAST = {64: 0.25, 256: 0.85, 512: 0.9}
#: And a compiled model.
LEAST_OF_MODELS = {"short": 0.93, "int8": 0.9}
LARGE = pytest.mark.exhaustive


def cycles_of(unit, launches=1):
    stamps = unit.stamps(launches).astype(int)
    return [int(end - start) for start, end in stamps]


@pytest.mark.parametrize("size", [64, 256, pytest.param(512, marks=LARGE)])
@pytest.mark.parametrize("engine", ["fcn", "gemm"])
@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_products(image_of, generator, dtype, engine, size):
    """Of host arrays as they are, by ``matmul``; and the estimate says so."""
    board = read_board("u250")
    element, image = np.int16 if dtype == "short" else np.int8, image_of(engine, dtype, "u250")
    a, b = generator.integers(-128, 128, (2, size, size)).astype(element)
    with xfblas.open(image, target="csim", engine=engine.capitalize()) as device:
        found = xfblas.matmul(a, b, device=device)
        (cycles,) = cycles_of(device.compute_units[0])
    np.testing.assert_array_equal(found, (a.astype(int) @ b).astype(element))
    share = size**3 / board.machine(dtype).multipliers / cycles
    print(f"{size}^3 {dtype} {engine}: {cycles} cycles, {share:.1%}")
    assert share >= LEAST[size]
    expected = estimate_product(board, engine, dtype, size, size, size).cycles
    assert expected == pytest.approx(cycles, rel=0.05)


@LARGE
@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_a_compiled_model(image_of, generator, dtype):
    sizes, rows = (784, 512, 512, 10), 512
    layers = [
        Layer(
            f"dense{i}",
            generator.standard_normal((k, n)).astype(np.float32) / k**0.5,
            np.zeros(n, np.float32),
            *(("relu", 0.0) if n > 10 else ("linear", 1.0)),
        )
        for i, (k, n) in enumerate(pairwise(sizes))
    ]
    network = Network("dense", tuple(layers), "linear", (784,))
    inputs = generator.random((rows, 784)).astype(np.float32)
    image = image_of("fcn", dtype, "u250")
    with xfblas.compile(network, inputs, xclbin=image, target="csim") as model:
        found = model.predict(inputs)
        cycles = sum(cycles_of(model.device.compute_units[0], 3))
        # Inputs that are given twice for the sake of accuracy are multiplied too.
        (quantized,) = model.networks.values()
        weights = [layer.weights.shape for layer in quantized.layers]
    multiplications = rows * sum(k * n for k, n in weights)
    share = multiplications / read_board("u250").machine(dtype).multipliers / cycles
    print(f"{dtype}: {cycles} cycles, {share:.1%}")
    assert found.shape == (rows, 10)
    assert share >= LEAST_OF_MODELS[dtype]
