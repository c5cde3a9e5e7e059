"""KerasRT: calibrated scales against the float model, lists against the oracle."""

from itertools import pairwise

import numpy as np
import oracle
import pytest
from mlp_common import compare_results, predict_fpga, softmax

import xfblas
from xfblas import errors
from xfblas.graph import Layer, Network


def random_network(generator, widths, activations, output="softmax"):
    """Layers with weights as a trained network has them: small, zero mean."""
    layers = []
    for index, (k, n) in enumerate(pairwise(widths)):
        activation, slope = activations[index]
        layers.append(
            Layer(
                f"dense_{index}",
                (generator.standard_normal((k, n)) / np.sqrt(k)).astype(np.float32),
                generator.standard_normal(n).astype(np.float32) * np.float32(0.1),
                activation,
                slope,
            )
        )
    return Network("random", tuple(layers), output, (widths[0],))


RELU, LINEAR, LEAKY = ("relu", 0.0), ("linear", 1.0), ("leaky_relu", 0.2)


@pytest.mark.parametrize(
    ("activation", "decibels"),
    # A slope of 0.2 becomes 410/2048, which is 0.1 % off; one of 0.25 is exact.
    [(RELU, 70), (LINEAR, 70), (("leaky_relu", 0.25), 70), (LEAKY, 60)],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_calibrated_logits_are_close(integer_image, generator, activation, decibels, legacy):
    """16 bits carry about 98 dB; three layers and their roundings must leave 70."""
    network = random_network(generator, [50, 40, 30, 5], [activation, activation, LINEAR], "linear")
    rows = generator.standard_normal((200, 50)).astype(np.float32)
    with xfblas.open(integer_image) as device:
        runtime = xfblas.KerasRT(
            network, calibration=rows, compute_unit=device.compute_units[0], legacy=legacy, goal=83
        )
        found = runtime.predict(rows)
    expected = network.forward(rows).astype(float)
    noise = ((found - expected) ** 2).mean()
    assert 10 * np.log10((expected**2).mean() / noise) > decibels


def test_engine_computes_exactly_the_quantized_network(integer_image, generator):
    network = random_network(generator, [33, 17, 6], [LEAKY, LINEAR])
    rows = generator.standard_normal((40, 33)).astype(np.float32)
    with xfblas.open(integer_image) as device:
        runtime = xfblas.KerasRT(
            network, calibration=rows[:10], compute_unit=device.compute_units[0]
        )
        found = runtime.predict(rows * 4)  # far outside the calibrated range: saturates
        runtime.send_matrices(rows * 4)
        runtime.single_execute()
        in_steps = runtime.get_result()
    quantized = runtime.network
    current = quantized.quantize_input(rows * 4)
    for layer in quantized.layers:
        current = oracle.fcn(
            current,
            layer.weights,
            layer.bias,
            (layer.post_scale, layer.post_shift),
            (layer.prelu_scale, layer.prelu_alpha),
            round=True,
            saturate=True,
        )
    np.testing.assert_array_equal(found, in_steps)
    # Softmax is computed in C: the same integers, exponentials of another library.
    np.testing.assert_allclose(found, quantized.finish(current), 2e-6)


def test_rows_of_any_type_are_taken_as_float32(generator):
    network = random_network(generator, [33, 17, 6], [RELU, LINEAR])
    rows = generator.standard_normal((300, 33))
    with xfblas.open() as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(network, calibration=rows, compute_unit=unit)
        expected = runtime.predict(rows.astype(np.float32))
        np.testing.assert_array_equal(runtime.predict(rows), expected)
        runtime.send_matrices(rows)
        np.testing.assert_array_equal(runtime.get_result(), expected)
        pixels = (rows * 50).astype(np.int16)
        np.testing.assert_array_equal(
            runtime.predict(pixels), runtime.predict(pixels.astype(np.float32))
        )
        with pytest.raises(errors.InvalidValueError, match="inf at row 0, column 0"):
            runtime.predict(np.full((1, 33), 1e300))


def test_predict_on_a_float_image(generator):
    network = random_network(generator, [50, 40, 5], [RELU, LINEAR])
    rows = generator.standard_normal((20, 50)).astype(np.float32)
    with xfblas.open(dtype=np.float32) as device:
        runtime = xfblas.KerasRT(network, compute_unit=device.compute_units[0])
        expected = network.forward(rows)
        np.testing.assert_allclose(
            predict_fpga(runtime, rows), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
        )
        leaky = random_network(generator, [5, 4], [LEAKY], "linear")
        with pytest.raises(errors.UnsupportedModelError, match="dense_0"):
            xfblas.KerasRT(leaky, compute_unit=device.compute_units[0])


def test_chain_of_calls_equals_predict_on_every_unit(generator):
    network = random_network(generator, [50, 40, 5], [RELU, LINEAR])
    rows = generator.standard_normal((21, 50)).astype(np.float32)
    with xfblas.open() as device:
        runtimes = [
            xfblas.KerasRT(network, calibration=rows, compute_unit=unit)
            for unit in device.compute_units
        ]
        expected = runtimes[0].predict(rows)
        for runtime in runtimes:
            runtime.send_matrices(rows)
        device.execute_async()
        for runtime in runtimes:
            np.testing.assert_array_equal(runtime.get_result(), expected)


def test_layouts_and_types_of_inputs_do_not_matter(generator):
    pandas = pytest.importorskip("pandas")
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    rows = generator.integers(-9, 9, (12, 6)).astype(np.float32)
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(network, calibration=rows, compute_unit=device.compute_units[0])
        expected = runtime.predict(rows)
        for same in (
            np.asfortranarray(rows),
            rows.astype(np.int8),
            rows.tolist(),
            pandas.DataFrame(rows),
            np.repeat(rows, 2, axis=0)[::2],
            rows.reshape(12, 2, 3),
        ):
            np.testing.assert_array_equal(runtime.predict(same), expected)
        assert runtime.predict(rows[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "calibration is None"),
        ({"calibration": np.ones((3, 5))}, "calibration has 5 values in a row"),
        ({"calibration": np.ones((0, 6))}, "calibration has no rows"),
        ({"calibration": np.full((2, 6), np.inf)}, "calibration has inf at row 0"),
        ({"calibration": np.ones((2, 6)), "margin": 0.5}, r"margin is 0\.5"),
        ({"calibration": np.ones((2, 6)), "goal": "high"}, "goal is 'high'"),
        ({"calibration": np.ones((2, 6)), "gaol": 70}, "gaol is not an option of quantize"),
        ({"wgt_scale": [1, 1], "goal": 70}, "goal was given, but lists of scales were given too"),
        ({"wgt_scale": [1, 1]}, "bias_scale, post_scale is None"),
        (
            {
                "calibration": np.ones((2, 6)),
                "wgt_scale": [1, 1],
                "bias_scale": [1, 1],
                "post_scale": [[1, 0]] * 2,
            },
            "both given",
        ),
    ],
)
def test_wrong_arguments(generator, options, text):
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError, match=text):
        xfblas.KerasRT(network, compute_unit=device.compute_units[0], **options)


def test_options_of_quantization_reach_it(generator):
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    rows = generator.standard_normal((50, 6)).astype(np.float32)
    options = {"goal": 0, "power_of_two": True, "accumulator": 32}
    with xfblas.open() as device:
        unit = device.compute_units[0]
        found = xfblas.KerasRT(network, calibration=rows, compute_unit=unit, **options).network
    wanted = xfblas.quantize(network, rows, **options)
    for layer, expected in zip(found.layers, wanted.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, expected.weights)
        assert layer.scales == expected.scales and layer.post_scale == 1


def test_a_float_image_takes_no_options(generator):
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    with (
        xfblas.open(dtype=np.float32) as device,
        pytest.raises(errors.InvalidValueError, match="margin was given, but a float image"),
    ):
        xfblas.KerasRT(network, compute_unit=device.compute_units[0], margin=2)


def test_calibrated_runtime_refuses_another_scale(generator):
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    rows = generator.standard_normal((4, 6))
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(network, calibration=rows, compute_unit=device.compute_units[0])
        with pytest.raises(errors.InvalidValueError, match="holds its own"):
            runtime.predict(rows, 3.0)


def test_softmax_and_compare_results(capsys):
    logits = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]])
    probabilities = softmax(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities[1], [1, 0, 0])
    assert compare_results(probabilities, probabilities)
    assert not compare_results(probabilities, probabilities[:, ::-1])
    assert "labels agree on 0 of 2 rows" in capsys.readouterr().out
    with pytest.raises(errors.InvalidValueError, match=r"shape \(1, 3\)"):
        compare_results(probabilities, probabilities[:1])


def test_features_of_very_different_sizes(generator):
    """Raw data: one feature in thousands, one in thousandths, one that calibration saw as 0."""
    sizes = np.array([5000.0, 0.002, 1.0, 5000.0], np.float32)
    kernel = (generator.standard_normal((4, 6)) / sizes[:, None]).astype(np.float32)
    kernel[3] = 0.1 / 5000  # what was not seen must fit the margin of the output
    kernel[:3, 0] = 0.5 / sizes[:3]
    layer = Layer("d", kernel, np.zeros(6, np.float32), *LINEAR)
    network = Network("raw", (layer,), "linear", (4,))
    rows = (generator.uniform(-1, 1, (300, 4)) * sizes).astype(np.float32)
    seen = rows * np.array([1, 1, 1, 0], np.float32)
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(
            network, calibration=seen, compute_unit=device.compute_units[0], margin=1.5
        )
        found = runtime.predict(rows)
    expected = network.forward(rows)
    noise = np.abs(found - expected).max() / np.abs(expected).max()
    assert noise < 2**-9


@pytest.mark.parametrize("rows", [1, 2, 3, 100, 8192 * 4 + 5])
def test_rows_split_over_all_units_of_a_device(generator, rows):
    network = random_network(generator, [10, 8, 5], [RELU, LINEAR])
    x = generator.standard_normal((rows, 10)).astype(np.float32)
    with xfblas.open() as device:
        alone, together = (
            xfblas.KerasRT(network, calibration=x[:50], compute_unit=where)
            for where in (device.compute_units[0], device)
        )
        np.testing.assert_array_equal(alone.predict(x), together.predict(x))
        with pytest.raises(errors.InvalidValueError, match="values in a row"):
            together.predict(x[:, :9])
        np.testing.assert_array_equal(alone.predict(x), together.predict(x))
        assert together.predict(x[:0]).shape == (0, 5)


def test_runtimes_that_share_a_unit_keep_their_results(generator):
    networks = [random_network(generator, [6, 5, 3], [RELU, LINEAR]) for _ in range(2)]
    x = generator.standard_normal((9, 6)).astype(np.float32)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        first, second = (
            xfblas.KerasRT(network, calibration=x, compute_unit=unit) for network in networks
        )
        expected = [runtime.predict(x) for runtime in (first, second)]
        first.send_matrices(x)
        second.predict(x[:4])
        np.testing.assert_array_equal(first.get_result(), expected[0])
        first.send_matrices(x)
        second.send_matrices(x)
        device.execute_async(1)
        np.testing.assert_array_equal(first.get_result(), expected[0])
        np.testing.assert_array_equal(second.get_result(), expected[1])


def test_layers_without_weights_keep_their_bias():
    bias = np.array([0.2, -0.4, 0.3], np.float32)
    layers = (
        Layer("zero", np.zeros((2, 3), np.float32), bias, "linear", 1.0),
        Layer("next", np.eye(3, dtype=np.float32), np.zeros(3, np.float32), "linear", 1.0),
    )
    network = Network("bias", layers, "linear", (2,))
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(
            network, calibration=np.ones((3, 2)), compute_unit=device.compute_units[0]
        )
        np.testing.assert_allclose(runtime.predict(np.ones((1, 2)))[0], bias, atol=1e-4)


def test_a_feature_that_is_always_zero_beside_large_ones():
    kernel = np.array([[1e-5, -2e-5], [1, 1]], np.float32)
    layer = Layer("d", kernel, np.zeros(2, np.float32), "linear", 1.0)
    network = Network("raw", (layer,), "linear", (2,))
    x = np.column_stack([np.linspace(1e5, 2e5, 50), np.zeros(50)])
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(network, calibration=x, compute_unit=device.compute_units[0])
        np.testing.assert_allclose(runtime.predict(x), network.forward(x), rtol=2e-3)


@pytest.mark.filterwarnings("error")
def test_inputs_far_outside_the_calibrated_range_saturate(generator):
    network = random_network(generator, [6, 5, 3], [RELU, LINEAR])
    x = generator.standard_normal((4, 6)).astype(np.float32)
    x[:, 2] = 1e-40
    with xfblas.open() as device:
        runtime = xfblas.KerasRT(network, calibration=x, compute_unit=device.compute_units[0])
        with pytest.warns(RuntimeWarning, match="2 of 2 rows .* are clipped"):
            assert np.isfinite(runtime.predict(np.full((2, 6), 3e38, np.float32))).all()
        assert np.isfinite(runtime.predict(x)).all()


def test_tanh_between_layers(keras, generator):
    """The engine's table where scales are calibrated; refused where it has none."""
    L = keras.layers
    stack = [keras.Input((6,)), L.Dense(9, "tanh"), L.Dense(8, "sigmoid"), L.Dense(3, "softmax")]
    model = keras.Sequential(stack)
    x = generator.standard_normal((80, 6)).astype(np.float32)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(model, calibration=x, compute_unit=unit)
        assert [bool(layer.table) for layer in runtime.network.layers] == [True, True, False]
        np.testing.assert_allclose(runtime.predict(x), model.predict(x, verbose=0), atol=2e-3)
        for options in ({"legacy": True}, {"method": "gemx"}):
            with pytest.raises(errors.UnsupportedModelError, match="tanh is computed on the host"):
                xfblas.KerasRT(model, calibration=x, compute_unit=unit, **options)
        lists = {"wgt_scale": [1] * 3, "bias_scale": [1] * 3, "post_scale": [[1, 0]] * 3}
        with pytest.raises(errors.UnsupportedModelError, match="tanh is computed on the host"):
            xfblas.KerasRT(model, compute_unit=unit, **lists)
        network = runtime.model
        with pytest.raises(
            errors.UnsupportedModelError, match=r"has no tables for dense\w* \(tanh"
        ):
            xfblas.KerasRT(network, compute_unit=unit, **lists)
    with xfblas.open(dtype="float32") as device:
        (unit, *_) = device.compute_units
        with pytest.raises(errors.UnsupportedModelError) as told:
            xfblas.KerasRT(network, compute_unit=unit)
    assert "the float engine has no tables for dense" in str(told.value)
