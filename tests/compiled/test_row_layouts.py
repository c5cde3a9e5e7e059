"""Rows of every layout are predicted alike, for every element type and by every call."""

import numpy as np
import pytest
from layouts import LAYOUTS, repeated, swapped

import xfblas
from xfblas.graph import Layer, Network

ROWS = np.random.default_rng(6).standard_normal((20, 12)).astype(np.float32)
KINDS = {**LAYOUTS, "swapped": swapped, "repeated": repeated}


@pytest.fixture(scope="module")
def network():
    generator = np.random.default_rng(7)
    sizes = ((12, 9, "relu", 0.0), (9, 4, "linear", 1.0))
    layers = tuple(
        Layer(f"dense_{i}", generator.standard_normal((k, n)), generator.standard_normal(n), f, s)
        for i, (k, n, f, s) in enumerate(sizes)
    )
    return Network("small", layers, "softmax", (12,))


@pytest.fixture(params=[16, 8, 32])
def compiled(network, request):
    with xfblas.compile(network, ROWS, bits=request.param) as model:
        yield model


@pytest.fixture(params=[np.int16, np.float32])
def runtime(network, request):
    with xfblas.open(dtype=request.param) as device:
        rows = ROWS if request.param is np.int16 else None
        yield xfblas.KerasRT(network, calibration=rows, compute_unit=device.compute_units[0])


def same(found, expected):
    """To the byte from integers; float32 products may be added up in another order."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_models(compiled, kind, dtype):
    rows = KINDS[kind](ROWS.astype(dtype))
    plain = np.array(rows, np.float32)
    is_exact = compiled.device.dtype.kind == "i"
    check = np.testing.assert_array_equal if is_exact else same
    expected = compiled.predict(plain, verbose=0)
    check(compiled.predict(rows, verbose=0), expected)
    check(compiled.predict(rows, verbose=0, batch_size=7), expected)
    check(compiled.predict(rows[:1], verbose=0), expected[:1])
    check(compiled.predict(iter([rows[:5], rows[5:]]), verbose=0), expected)
    check(compiled.predict_on_batch(rows), expected)
    same(compiled.trace(rows)[0], expected)  # numpy's softmax


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_runtimes(runtime, kind, dtype):
    rows = KINDS[kind](ROWS.astype(dtype))
    check = same if runtime.compute_unit.device.dtype.kind == "f" else np.testing.assert_array_equal
    expected = runtime.predict(np.array(rows, np.float32))
    check(runtime.predict(rows), expected)
    runtime.send_matrices(rows)
    runtime.single_execute()
    check(runtime.get_result(), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_calibration(network, kind):
    rows = KINDS[kind](ROWS)
    with xfblas.compile(network, rows) as one, xfblas.compile(network, np.array(rows, "f")) as two:
        found, expected = (model.predict(ROWS, verbose=0) for model in (one, two))
        np.testing.assert_array_equal(found, expected)


def test_an_array_in_a_buffer_with_an_offset(compiled):
    text = b"head:" + ROWS.tobytes()
    rows = np.frombuffer(text, np.float32, offset=5).reshape(ROWS.shape)
    assert not rows.flags.aligned
    same(compiled.predict(rows, verbose=0), compiled.predict(ROWS, verbose=0))
