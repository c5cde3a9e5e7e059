"""XfblasRT with lists of scales against the public library's own steps, written out in numpy."""

from types import SimpleNamespace

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3
from xfblas_L3_rt import XfblasRT

import xfblas
from xfblas import errors


@pytest.fixture(params=["default_short", "seed_short"])
def options(request):
    path = xfblas.image_path(request.param)
    arguments = SimpleNamespace(xclbin=str(path), cfg=None, lib=None)
    options = l3.parse_cfg(path)
    l3.createFcn(arguments, options)
    yield options
    l3.destroy()


def model(generator):
    """Weights and biases of two layers, and scales that make the largest weight wrap."""
    weights = [generator.standard_normal(s).astype(np.float32) for s in ((20, 9), (9, 4))]
    biases = [generator.standard_normal(s).astype(np.float32) for s in (9, 4)]
    weights[0][3, 4] = np.abs(weights[0]).max() + 1
    scales = [2**16 / (2 * float(np.abs(weight).max())) for weight in weights]
    return weights, biases, scales


def public_result(weights, biases, scales, post, prelus, rows, in_scale):
    """np.around, then conversions that wrap, then the engine's formula."""
    current = np.int16(np.int64(np.around(rows * in_scale)))
    for weight, bias, scale, layer_post, prelu in zip(
        weights, biases, scales, post, prelus, strict=True
    ):
        quantized = np.int16(np.int64(np.around(weight * scale)))
        addend = np.int32(np.int64(np.around(bias * scale)))
        current = oracle.fcn(current, quantized, addend, tuple(layer_post), prelu)
    return current


@pytest.mark.parametrize("relu_scale", [None, [[0, 0], [410, 11]]])
def test_equals_the_public_library(options, generator, relu_scale):
    weights, biases, scales = model(generator)
    assert np.int16(np.int64(np.around(weights[0][3, 4] * scales[0]))) == -32768
    post = [[1, 12], [5, 17]]
    rows = generator.standard_normal((37, 20)) * 3
    runtime = XfblasRT(options, weights, biases, scales, scales, post, relu_scale, 0, 0)
    prelus = [(1, 0)] * 2 if relu_scale is None else [tuple(pair) for pair in relu_scale]
    for batch in (rows, rows[:5], rows):  # smaller and larger batches one after the other
        expected = public_result(weights, biases, scales, post, prelus, batch, 31.13)
        found = runtime.predict(batch, 31.13)
        assert found.dtype == np.int16
        np.testing.assert_array_equal(found, expected)
    runtime.send_matrices(rows, 20000.0)  # the input wraps
    runtime.single_execute()
    expected = public_result(weights, biases, scales, post, prelus, rows, 20000.0)
    np.testing.assert_array_equal(runtime.get_result(), expected)


def test_more_rows_than_a_program_takes(options, generator):
    weights, biases, scales = model(generator)
    rows = generator.standard_normal((8192 + 3, 20))
    runtime = XfblasRT(options, weights, biases, scales, scales, [[1, 12], [5, 17]])
    found = runtime.predict(rows, 100.0)
    np.testing.assert_array_equal(found[-3:], runtime.predict(rows[-3:], 100.0))
    assert runtime.predict(rows[:0], 100.0).shape == (0, 4)


def test_two_runtimes_share_a_compute_unit(options, generator):
    first, second = model(generator), model(generator)
    post = [[1, 12], [5, 17]]
    runtimes = [XfblasRT(options, w, b, s, s, post) for w, b, s in (first, second)]
    rows = generator.standard_normal((6, 20))
    for _ in range(2):
        for runtime, (weights, biases, scales) in zip(runtimes, (first, second), strict=True):
            expected = public_result(weights, biases, scales, post, [(1, 0)] * 2, rows, 50.0)
            np.testing.assert_array_equal(runtime.predict(rows, 50.0), expected)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"wgt_scale": [1.0]}, "wgt_scale has 1 entries, expected 2"),
        ({"bias_scale": 3.0}, r"bias_scale is 3\.0, expected a list of 2"),
        ({"post_scale": [[1, 2], [1]]}, r"post_scale\[1\] is \[1\]"),
        ({"post_scale": [[1, 2], [1.5, 3]]}, r"post_scale\[1\]"),
        ({"post_scale": [[1, 2], [70000, 3]]}, "postScale is 70000"),
        ({"relu_scale": [[0, 0]]}, "relu_scale has 1 entries"),
        ({"wgt": [np.ones((20, 9)), np.ones((8, 4))]}, r"wgt\[1\] has shape \(8, 4\)"),
        ({"bias": [np.ones(9), np.ones(3)]}, r"bias\[1\] has shape \(3,\)"),
        ({"idxKernel": 8}, "idxKernel is 8"),
    ],
)
def test_wrong_arguments(options, generator, changes, text):
    weights, biases, scales = model(generator)
    arguments = {
        "wgt": weights,
        "bias": biases,
        "wgt_scale": scales,
        "bias_scale": scales,
        "post_scale": [[1, 12], [5, 17]],
    }
    with pytest.raises(errors.InvalidValueError, match=text):
        XfblasRT(options, **{**arguments, **changes}).predict(np.ones((2, 20)), 1.0)
    found = XfblasRT(options, **arguments).predict(np.ones((2, 20)), 1.0)
    assert found.shape == (2, 4)


def test_wrong_inputs_and_the_runtime_goes_on(options, generator):
    weights, biases, scales = model(generator)
    runtime = XfblasRT(options, weights, biases, scales, scales, [[1, 12], [5, 17]])
    rows = generator.standard_normal((4, 20))
    expected = runtime.predict(rows, 10.0)
    broken = rows.copy()
    broken[2, 7] = np.nan
    for wrong, scale, text in (
        (rows[:, :19], 10.0, "inp has 19 values in a row"),
        (rows[0], 10.0, "put a single row in brackets"),
        (broken, 10.0, "nan at row 2, column 7"),
        ([["a"] * 20], 10.0, "cannot be read as numbers"),
        (rows, None, "in_scale is None"),
    ):
        with pytest.raises(errors.InvalidValueError, match=text):
            runtime.predict(wrong, scale)
        np.testing.assert_array_equal(runtime.predict(rows, 10.0), expected)
    fresh = XfblasRT(options, weights, biases, scales, scales, [[1, 12], [5, 17]])
    with pytest.raises(errors.InvalidValueError, match="no batch was sent"):
        fresh.get_result()


def test_needs_a_device():
    with pytest.raises(errors.NotInitializedError, match="call createFcn"):
        XfblasRT({}, [np.ones((2, 2))], [np.ones(2)], [1], [1], [[1, 0]])


def test_bias_for_every_row(options, generator):
    weights, biases, scales = model(generator)
    biases[0] = generator.standard_normal((9000, 9)).astype(np.float32)
    rows = generator.standard_normal((9000, 20))
    runtime = XfblasRT(options, weights, biases, scales, scales, [[1, 12], [5, 17]])
    found = runtime.predict(rows, 50.0)
    expected = public_result(
        weights,
        [biases[0][-5:], biases[1]],
        scales,
        [[1, 12], [5, 17]],
        [(1, 0)] * 2,
        rows[-5:],
        50.0,
    )
    np.testing.assert_array_equal(found[-5:], expected)
    with pytest.raises(errors.InvalidValueError, match="inp has 5 rows, but the bias of layer 0"):
        runtime.predict(rows[:5], 50.0)


def test_conversions_beyond_int32_are_numpys_on_x86():
    from xfblas.quantization.instruction_fields import wrap

    values = np.array([3e9, -3e9, 2.0**31, 32768.0, -32769.0, 2.5, 3.5])
    assert wrap(values, np.int16).tolist() == [0, 0, 0, -32768, 32767, 2, 4]
    assert wrap(values[:3], np.int32).tolist() == [-(2**31)] * 3


@pytest.mark.parametrize(
    ("changes", "scale", "text"),
    [
        ({"wgt_scale": [np.nan, 1]}, 1.0, r"wgt_scale\[0\] is nan"),
        ({"wgt_scale": ["a", 1]}, 1.0, r"wgt_scale\[0\] is 'a'"),
        ({"post_scale": [[np.inf, 1], [1, 0]]}, 1.0, r"post_scale\[0\]"),
        ({"bias": [np.full(9, np.nan), np.ones(4)]}, 1.0, "bias of layer 0"),
        ({}, np.nan, "in_scale is nan"),
        ({}, "x", "in_scale is 'x'"),
        ({}, [1.0, 2.0], "in_scale has shape"),
    ],
)
def test_numbers_that_are_none(options, generator, changes, scale, text):
    weights, biases, scales = model(generator)
    lists = {"wgt_scale": scales, "bias_scale": scales, "post_scale": [[1, 12], [5, 17]]}
    lists |= {"wgt": weights, "bias": biases} | changes
    with pytest.raises(errors.InvalidValueError, match=text):
        XfblasRT(options, **lists).predict(np.ones((2, 20)), scale)
