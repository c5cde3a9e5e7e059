"""Converted models: hls4ml's verbs on a real model, from the configuration to the report."""

import json
import warnings

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.reporting.observed_layer import largest_values

ROWS = np.random.default_rng(5).standard_normal((300, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def model(keras):
    L = keras.layers
    layers = [
        keras.Input((8,)),
        L.Dense(12, "relu", name="fc1"),
        L.BatchNormalization(name="bn"),
        L.Dense(9, name="fc2"),
        L.LeakyReLU(negative_slope=0.25, name="leaky"),
        L.Dense(7, "tanh", name="fc3"),
        L.Dense(3, "softmax", name="fc4"),
    ]
    return keras.Sequential(layers)


def expected_layers(model):
    """Each layer's values before and after its activation, in float."""
    found, rows = {}, ROWS.astype(np.float64)
    for layer in model.layers:
        if layer.name.startswith("fc"):
            kernel, bias = (np.float64(values) for values in layer.get_weights())
            found[layer.name] = rows @ kernel + bias
            name = layer.activation.__name__
            rows = np.float64(layer.activation(found[layer.name].astype(np.float32)))
            if name != "linear":
                found[f"{layer.name}_{name}"] = rows
        else:
            rows = found[layer.name] = np.float64(layer(rows.astype(np.float32)))
    return found


def decibels(expected, found):
    return 10 * np.log10((expected**2).sum() / ((expected - found) ** 2).sum())


def test_the_five_lines(model):
    config = xfblas.config_from_keras_model(model, granularity="name")
    config["LayerName"]["fc1"]["Precision"]["weight"] = "int12"
    with xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS) as converted:
        converted.compile()
        found = converted.predict(ROWS)
        assert converted.compiled.networks["fc1"].summaries[0].weight_bits <= 12
    np.testing.assert_allclose(found, model.predict(ROWS, verbose=0), atol=0.01)


@pytest.mark.parametrize(("precision", "wanted"), [("int16", 60), ("float32", 110)])
def test_traces_have_both_sides_of_an_activation(model, precision, wanted):
    config = {"Model": {"Precision": precision}}
    with xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS) as converted:
        output, layers = converted.trace(ROWS)
        np.testing.assert_array_equal(output, converted.predict(ROWS))
    expected = expected_layers(model)
    for name in ("fc1", "fc1_relu", "leaky", "fc3", "fc3_tanh", "fc4", "fc4_softmax"):
        assert decibels(expected[name], layers[name]) > wanted, name
    assert set(layers) <= set(expected)


def test_layers_that_were_asked_for(model):
    config = xfblas.config_from_keras_model(model, "name")
    config["LayerName"]["fc3"]["Trace"] = config["LayerName"]["fc1_relu"]["Trace"] = True
    with xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS) as converted:
        assert list(converted.trace(ROWS)[1]) == ["fc1_relu", "fc3"]


@pytest.mark.parametrize("precision", ["int16", "int8"])
def test_the_range_of_a_layer_sets_its_scale(model, precision):
    config = xfblas.config_from_keras_model(model, "name", default_precision=precision)
    for size in (64.0, 0.5):
        config["LayerName"]["fc1"]["Range"] = size
        with xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS) as found:
            summary = found.compiled.networks["fc1"].summaries[0]
            largest = largest_values(summary)
            assert (largest >= size * 0.999).all() and largest.min() < size * 1.2
            _, layers = found.trace(100 * ROWS)
    assert layers["fc1_relu"].max() == pytest.approx(largest.max(), rel=0.01)
    config["LayerName"]["fc3"]["Range"] = 2
    with pytest.raises(InvalidValueError, match=r"ranges of 'fc3' is 2, but .* of a table"):
        xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS).compile()


def test_layers_on_the_host(model):
    config = xfblas.config_from_keras_model(model, "name")
    config["LayerName"]["fc2"]["Engine"] = "host"
    with xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS) as converted:
        steps = {name: (place, why) for name, place, why in converted.compiled.graph.describe()}
        np.testing.assert_allclose(
            converted.predict(ROWS), model.predict(ROWS, verbose=0), atol=0.002
        )
    assert steps["fc2"] == ("host", "it was placed on the host")
    assert steps["fc1"][0] == "engine"


@pytest.mark.native
def test_a_report_without_tools(model, tmp_path, monkeypatch):
    arguments = {"input_data_tb": ROWS, "board": "u50", "output_dir": tmp_path / "project"}
    with xfblas.convert_from_keras_model(model, **arguments) as converted:
        report = converted.build(csim=False)["CSynthesisReport"]
        assert report["Source"].startswith("cycle model")
        assert int(report["IntervalMin"]) < int(report["BestLatency"])
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NotSupportedError, match="v\\+\\+ is not on the PATH"):
            converted.build(synth=True)
        folder = converted.write()
        np.testing.assert_array_equal(np.load(folder / "input_data_tb.npy"), ROWS)
        with xfblas.load(folder / "myproject.xfblas") as loaded:
            np.testing.assert_array_equal(loaded.predict(ROWS, verbose=0), converted.predict(ROWS))


@pytest.mark.native
def test_csim_runs_the_test_vectors(model):
    with xfblas.convert_from_keras_model(model, input_data_tb=ROWS[:5]) as converted:
        report = converted.build()
        np.testing.assert_array_equal(
            np.float32(report["CSimResults"][0]), converted.predict(ROWS[:5])
        )


@pytest.mark.native
def test_outputs_are_compared_with_what_they_should_be(model):
    wanted = model.predict(ROWS, verbose=0)
    wanted[7] = wanted[7, ::-1] + [0.5, 0, 0]
    given = {"input_data_tb": ROWS, "output_data_tb": wanted}
    with xfblas.convert_from_keras_model(model, **given) as converted:
        found = converted.predict(ROWS).astype(np.float64)
        for csim in (False, True):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                report = converted.build(csim=csim, csim_rows=3)
            (line,) = report["OutputComparison"]
            assert line["Output"] == "fc4" and line["Rows"] == 300 and line["Row"] == 7
            assert line["LargestDifference"] == pytest.approx(np.abs(found - wanted).max())
            differing = np.count_nonzero(found.argmax(1) != wanted.argmax(1))
            assert line["DifferingLabels"] == differing
        json.dumps(report)
    with xfblas.convert_from_keras_model(model, input_data_tb=ROWS) as converted:
        assert "OutputComparison" not in converted.build(csim=False)


@pytest.mark.native
def test_csim_tells_of_rows_that_it_left_out(model):
    with xfblas.convert_from_keras_model(model, input_data_tb=ROWS[:7], calib_data=ROWS) as found:
        with pytest.warns(UserWarning, match=r"csim ran the first 5 of 7 rows.*csim_rows=None"):
            report = found.build(csim_rows=5)
        assert (report["CSimRows"], report["CSimRowsGiven"]) == (5, 7)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert found.build(csim_rows=None)["CSimRows"] == 7
            assert found.build(csim_rows=9)["CSimRows"] == 7
        for wrong in (0, 2.5, "all"):
            with pytest.raises(InvalidValueError, match="csim_rows is"):
                found.build(csim_rows=wrong)


def test_several_inputs_and_outputs(keras, tmp_path):
    """Test vectors by lists and by names; a project keeps them in files of their own."""
    L = keras.layers
    a, b = keras.Input((8,), name="a"), keras.Input((3,), name="b")
    hidden = L.Dense(6, "relu", name="one")(L.Concatenate(name="both")([a, b]))
    last = L.Dense(1, "sigmoid", name="chance")(hidden)
    model = keras.Model([a, b], [L.Dense(4, name="sums")(hidden), last])
    rows = [ROWS, ROWS[:, :3]]
    wanted = model.predict(rows, verbose=0)
    wanted[1] = wanted[1][:, 0]
    given = {"input_data_tb": dict(zip("ab", rows, strict=True)), "output_dir": tmp_path / "p"}
    with xfblas.convert_from_keras_model(model, output_data_tb=wanted, **given) as converted:
        report = converted.build(csim=False)
        converted.write()
    assert [line["Output"] for line in report["OutputComparison"]] == ["sums", "chance"]
    assert all(line["LargestDifference"] < 0.01 for line in report["OutputComparison"])
    assert all(line["DifferingLabels"] <= 1 for line in report["OutputComparison"])
    assert xfblas.build_project(tmp_path / "p", csim=False) == report
    with xfblas.convert_from_keras_model(model, **given) as converted:
        converted.write()
    assert "OutputComparison" not in xfblas.build_project(tmp_path / "p", csim=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"input_data_tb": ROWS[:, :7]}, r"input_data_tb: input .* has shape \(300, 7\), expected"),
        ({"input_data_tb": ROWS[0]}, r"input_data_tb: input .* has shape \(8,\), expected"),
        ({"input_data_tb": [ROWS, ROWS]}, "input_data_tb: input .* has shape"),
        ({"input_data_tb": (row for row in ROWS)}, "input_data_tb is a generator"),
        ({"calib_data": ROWS[:, :7]}, r"calib_data: input .* has shape \(300, 7\), expected"),
        ({"output_data_tb": ROWS[:, :3]}, "input_data_tb is None, but output_data_tb was given"),
        (
            {"input_data_tb": ROWS, "output_data_tb": ROWS[:, :2]},
            r"output_data_tb has shape \(300, 2\), expected \(300, 3\): what fc4 should give",
        ),
        (
            {"input_data_tb": ROWS, "output_data_tb": ROWS[:9, :3]},
            r"output_data_tb has shape \(9, 3\), expected \(300, 3\)",
        ),
        (
            {"input_data_tb": ROWS, "output_data_tb": np.zeros(300, int)},
            r"output_data_tb has shape \(300,\), expected \(300, 3\)",
        ),
        ({"board": "u20"}, "no board is called 'u20', expected one of u200,"),
        ({"board": "U50x"}, "no board is called 'U50x', expected one of u50,"),
        ({"part": "xcu25"}, "part is 'xcu25', expected that of a board: xcu250"),
        ({"platform": "xilinx_u28"}, "platform is .*expected that of a board: xilinx_u280"),
        ({"target": "natve"}, "target has no 'natve', .*the nearest is 'native'"),
        ({"xclbin": "none.xclbin"}, r"xclbin is 'none\.xclbin', and there is no such file"),
        ({"project_name": "a/b"}, "project_name is 'a/b', expected a name for files"),
        ({"bord": "u50"}, "convert_from_keras_model has no 'bord', .*the nearest is 'board'"),
        ({"output_data": ROWS}, "the nearest is 'output_data_tb'"),
        ({"iotype": "io_stream"}, "the nearest is 'io_type'"),
    ],
)
def test_what_does_not_fit_is_refused_before_compiling(model, given, words):
    with pytest.raises(InvalidValueError, match=words):
        xfblas.convert_from_keras_model(model, **given)


def test_keywords_that_there_are_not(model):
    converted = xfblas.convert_from_keras_model(model, calib_data=ROWS)
    for call, words in (
        (lambda: xfblas.config_from_keras_model(model, granularty="name"), "'granularity'"),
        (
            lambda: xfblas.config_from_onnx_model("m.onnx", default_precison="int8"),
            "'default_precision'",
        ),
        (lambda: xfblas.config_diff({}, model=model, arch=1), "'architecture'"),
        (lambda: xfblas.convert_from_onnx_model("m.onnx", calibdata=ROWS), "'calib_data'"),
        (lambda: xfblas.convert_from_config(conf={}), "'config'"),
        (lambda: xfblas.build_project("folder", synthesis=True), "'synth'"),
        (lambda: converted.build(csm=False), "'csim'"),
        (lambda: xfblas.compile(model, calibation=ROWS), "'calibration'"),
        (lambda: xfblas.compile(model, ROWS, gaol=60), "'goal'"),
    ):
        with pytest.raises(InvalidValueError, match=f"nearest (name )?is {words}"):
            call()


@pytest.mark.parametrize("ending", ["yml", "json"])
def test_a_configuration_in_a_file(keras, model, tmp_path, ending):
    from xfblas.convert.files import read_config, write_config

    model.save(tmp_path / "m.keras")
    np.savetxt(tmp_path / "rows.dat", ROWS)
    given = {
        "KerasModel": "m.keras",
        "InputData": "rows.dat",
        "HLSConfig": {"Model": {"Precision": "int8"}},
    }
    path = tmp_path / f"config.{ending}"
    write_config(given, path)
    assert read_config(path) == given
    with xfblas.convert_from_config(path) as converted:
        assert converted.settings.bits == 8
        found = converted.predict(ROWS)
    np.testing.assert_allclose(found, model.predict(ROWS, verbose=0), atol=0.1)
    path.write_text(json.dumps({**given, "KerasModl": 1}))
    with pytest.raises(InvalidValueError, match=r"config has no 'KerasModl'.*'KerasModel'"):
        xfblas.convert_from_config(path)


def test_a_session_of_other_engines_runs_as_written(model, tmp_path):
    """Its arguments for hardware of each layer are told, once in each call."""
    with pytest.warns(UserWarning, match="backend, default_reuse_factor is ignored") as told:
        config = xfblas.config_from_keras_model(
            model, granularity="name", backend="Vitis", default_reuse_factor=4,
            default_precision="ap_fixed<16,6>",
        )  # fmt: skip
    assert sum(each.category is UserWarning for each in told) == 1
    config["LayerName"]["fc1"]["Precision"]["weight"] = "ap_fixed<8,2>"
    for layer in config["LayerName"]:
        config["LayerName"][layer]["Trace"] = True
    with pytest.warns(UserWarning, match="backend is ignored"):
        converted = xfblas.convert_from_keras_model(
            model, hls_config=config, backend="Vitis", output_dir=tmp_path / "prj",
            part="xcu250-figd2104-2L-e", calib_data=ROWS,
        )  # fmt: skip
    with converted:
        converted.compile()
        assert converted.board == "u250" and converted.predict(ROWS).shape == (300, 3)
        assert converted.compiled.networks["fc1"].summaries[0].weight_bits <= 8


def test_a_file_of_other_engines_is_read(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5")
    (tmp_path / "m.json").write_text(model.to_json())
    np.save(tmp_path / "rows.npy", ROWS)
    given = {"KerasJson": "m.json", "KerasH5": "m.weights.h5", "InputData": "rows.npy"}
    ignored = {"Backend": "Vitis", "IOType": "io_parallel", "ClockPeriod": 5}
    (tmp_path / "c.json").write_text(json.dumps(given | ignored))
    with (
        pytest.warns(UserWarning, match="backend, io_type, clock_period is ignored"),
        xfblas.convert_from_config(tmp_path / "c.json") as converted,
    ):
        found = converted.predict(ROWS)
    np.testing.assert_allclose(found, model.predict(ROWS, verbose=0), atol=0.01)


def test_what_is_refused(model, tmp_path):
    with pytest.raises(InvalidValueError, match="has no 'out_dir'"):
        xfblas.convert_from_keras_model(model, out_dir=tmp_path)
    with pytest.raises(InvalidValueError, match=r"there is no file .*missing\.dat"):
        xfblas.convert_from_keras_model(model, input_data_tb=tmp_path / "missing.dat")
    with pytest.raises(InvalidValueError, match="calib_data is None: typical input rows"):
        xfblas.convert_from_keras_model(model).predict(ROWS)
    with pytest.raises(InvalidValueError, match="config has no KerasModel"):
        xfblas.convert_from_config({})
    with pytest.raises(InvalidValueError, match="No such file"):
        xfblas.convert_from_config(tmp_path / "missing.yml")
    with pytest.warns(UserWarning, match="io_type is ignored: the engine is built once"):
        xfblas.convert_from_keras_model(model, io_type="io_stream", calib_data=ROWS)
