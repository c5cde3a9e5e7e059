"""Configurations, traces and reports of models with convolutions."""

import numpy as np
import pytest

import xfblas
from xfblas import profiling
from xfblas.convert.entries import Entry

pytestmark = [pytest.mark.native, pytest.mark.filterwarnings("ignore")]
#: Maps from -1 to 1, the same in each run.
X = np.sin(np.arange(24 * 6 * 6 * 2) * 0.7).reshape(24, 6, 6, 2).astype(np.float32)


def network(keras):
    """Convolutions with every kind of end: relu, leaky, by table, after a normalization."""
    keras.utils.set_random_seed(11)
    L = keras.layers
    given = keras.Input((6, 6, 2))
    x = L.Conv2D(6, 3, padding="same", activation="relu", name="c1")(given)
    x = L.Conv2D(5, 3, name="c2")(x)
    x = L.BatchNormalization(name="norm")(x)
    x = L.LeakyReLU(0.25, name="leaky")(x)
    x = L.Conv2DTranspose(4, 2, strides=2, activation="tanh", name="up")(x)
    x = L.DepthwiseConv2D(3, activation="gelu", name="deep")(x)
    x = L.Conv2D(3, 1, name="c3")(x)
    x = L.Flatten(name="flat")(x)
    return keras.Model(given, L.Dense(4, name="fc")(x))


def converted(model, tmp_path, config=None, x=X):
    """It on the engine."""
    own = {"calib_data": x, "output_dir": tmp_path / "project", "input_data_tb": x[:2]}
    return xfblas.convert_from_keras_model(model, hls_config=config, **own)


@pytest.mark.parametrize("bits, least", [(16, 55), (8, 18)])
def test_sums_before_activations_are_keras_own(keras, tmp_path, bits, least):
    model = network(keras)
    config = xfblas.config_from_keras_model(model, default_precision=f"int{bits}")
    expected = profiling.get_ymodel_keras(model, X)
    with converted(model, tmp_path, config) as frames:
        _, found = frames.trace(X)
    # Both sides of each activation, of layers of their own and of those that are part of one.
    assert {"c1", "c1_relu", "norm", "leaky", "up", "up_tanh", "deep", "deep_gelu"} <= set(found)
    for name, values in found.items():
        assert values.shape == expected[name].shape, name
        error = values - expected[name]
        decibels = 20 * np.log10(np.linalg.norm(expected[name]) / np.linalg.norm(error))
        assert decibels > least, name
    for before, after in (("c1", "c1_relu"), ("up", "up_tanh"), ("norm", "leaky")):
        function = {"c1": lambda v: v * (v > 0), "up": np.tanh}.get(
            before, lambda v: np.where(v < 0, v / 4, v)
        )
        assert np.abs(function(found[before]) - found[after]).max() < 2.0 ** (4 - bits), before


def test_a_precision_of_weights_is_that_of_the_integers(keras, tmp_path):
    model = network(keras)
    config = xfblas.config_from_keras_model(model, granularity="name")
    for name in ("c1", "c2", "up", "deep", "c3", "fc"):
        assert config["LayerName"][name]["Precision"] == {"weight": "auto"}, name
    assert "Precision" not in config["LayerName"]["norm"]
    config["LayerName"]["deep"]["Precision"]["weight"] = "int5"
    config["LayerName"]["c3"]["Engine"] = "host"
    told = xfblas.config_diff(config, model)
    assert [str(each) for each in told] == [
        "deep: Precision.weight auto -> int5",
        "c3: Engine fcn -> host",
    ]
    with converted(model, tmp_path, config) as frames:
        weights = profiling.ranges_of(hls_model=frames, X=X)[1]
        assert max(each.sizes.max() for each in weights if "deep" in each.name) <= 15
        assert max(each.sizes.max() for each in weights if "c1" in each.name) > 127
        text = profiling.plot_model(frames, to_file=tmp_path / "m.txt")
        assert "weights of 5 bits" in text
        assert "it was placed on the host" in text
        report = frames.build()
    assert report["CSimTarget"] == "simulation" and report["CSimRows"] == 2


def test_what_is_clipped_is_told(keras, tmp_path):
    with converted(network(keras), tmp_path) as frames:
        found = profiling.debug_accuracy(frames, 30 * X)
        assert "lie beyond the range" in str(found) and "saturate" in str(found)
        assert profiling.debug_accuracy(frames, X).layer is None


def test_the_range_of_a_convolution_sets_its_scale(keras, tmp_path):
    model = network(keras)
    config = xfblas.config_from_keras_model(model, granularity="name")
    config["LayerName"]["c1"]["Range"] = 0.25
    config["LayerName"]["c2"]["Range"] = 40
    with converted(model, tmp_path, config) as frames:
        held = {each.name: each.largest for each in profiling.ranges_of(hls_model=frames, X=X)[3]}
        assert held["c1_relu"] == pytest.approx(0.25, rel=0.2)
        assert held["leaky"] == pytest.approx(40, rel=0.2)
        found = profiling.debug_accuracy(frames, X)
    assert found.layer == "c1" and "saturate" in found.causes[0]


@pytest.mark.parametrize("bits", [16, 8])
def test_softmax_by_tables_behind_convolutions(keras, tmp_path, bits):
    """Its dense layers are a chain; a build has the bytes that run."""
    keras.utils.set_random_seed(12)
    L = keras.layers
    given = keras.Input((6, 6, 2))
    x = L.Conv2D(4, 3, activation="relu", name="c1")(given)
    x = L.MaxPooling2D(name="pool")(x) if bits == 16 else L.GlobalAveragePooling2D(name="pool")(x)
    x = L.Dense(7, "gelu", name="fc1")(L.Flatten(name="flat")(x))
    model = keras.Model(given, L.Softmax(name="last")(L.Dense(3, name="fc2")(x)))
    config = xfblas.config_from_keras_model(model, "name", default_precision=f"int{bits}")
    config["LayerName"]["last"]["Softmax"] = "stable"
    with converted(model, tmp_path, config) as frames:
        assert {"c1", "fc1"} <= set(frames.compiled.networks)
        lines = []
        frames.compiled.summary(lines.append)
        assert "softmax stable by tables" in lines[0]
        found, wanted = frames.predict(X), model.predict(X, verbose=0)
        np.testing.assert_allclose(found, wanted, atol=0.01 if bits == 16 else 0.06)
        assert frames.build()["CSimRows"] == 2
        frames.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), found)
    head = keras.Model(given, L.Conv2D(3, 1, activation="softmax", name="pixels")(given))
    with pytest.raises(xfblas.UnsupportedModelError, match="over the pixels of maps the host"):
        xfblas.compile(head, X, softmax="stable")


def test_causes_of_maps(keras, tmp_path):
    """Coarse weights, rows that use little of a range, and channels that are dead."""
    model = network(keras)
    config = xfblas.config_from_keras_model(model, granularity="name")
    config["LayerName"]["deep"]["Precision"]["weight"] = "int3"
    with converted(model, tmp_path, config) as frames:
        found = profiling.debug_accuracy(frames, X)
        assert found.layer == "deep" or "deep" in found.layer
        assert "its weights have 3 bits" in found.causes[0]
    config["LayerName"]["deep"]["Precision"]["weight"] = "auto"
    with converted(model, tmp_path, config) as frames:
        small = profiling.debug_accuracy(frames, 1e-4 * X)
        assert small.layer is not None and "of their range" in small.causes[0]
    kernel, *rest = (values.copy() for values in model.get_layer("c1").get_weights())
    kernel[..., 1] = 0
    for values in rest:
        values[1] = 0
    model.get_layer("c1").set_weights([kernel, *rest])
    with converted(model, tmp_path) as frames:
        told = profiling.debug_accuracy(frames, X)
    assert any("channels (1)" in each for each in told.dead)


@pytest.mark.parametrize(
    "kind", ["Conv2D", "QConv2D", "QDepthwiseConv2D", "QConv2DBatchnorm", "hgq>QConv1D", "Conv"]
)
def test_convolutions_have_weights(kind):
    assert Entry("a", kind, "a").has_weights


@pytest.mark.parametrize("kind", ["MaxPooling2D", "QBatchNormalization", "QActivation", "Add"])
def test_others_have_none(kind):
    assert not Entry("a", kind, "a").has_weights
