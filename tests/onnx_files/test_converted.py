"""ONNX models configured layer by layer."""

import json

import numpy as np
import pytest
from onnx_models import Builder, rows, run, save

import xfblas
from xfblas import errors

X = rows(np.random.default_rng(6), 50, 6)


def plain():
    generator = np.random.default_rng(5)
    builder = Builder()
    x = builder.input(6)
    x = builder.add("Gemm", x, rows(generator, 6, 8), rows(generator, 8), name="/fc1/Gemm")
    x = builder.add("Relu", x, name="/act/Relu")
    x = builder.add("MatMul", x, rows(generator, 8, 3), name="/fc2/MatMul")
    return builder.model(builder.add("Softmax", x))


def test_a_configuration_by_name():
    config = xfblas.config_from_onnx_model(plain(), "name")
    assert list(config["LayerName"]) == ["/fc1/Gemm", "/act/Relu", "/fc2/MatMul", "t3_0"]
    assert "Precision" in config["LayerName"]["/fc1/Gemm"]
    assert "Precision" not in config["LayerName"]["/act/Relu"]
    assert "Softmax" in config["LayerName"]["t3_0"]
    assert list(xfblas.config_from_onnx_model(plain(), "type")["LayerType"]) == [
        "Gemm", "Relu", "MatMul", "Softmax",
    ]  # fmt: skip


@pytest.mark.parametrize("is_file", [True, False])
def test_edits_take_effect(tmp_path, is_file):
    model = save(plain(), tmp_path / "m.onnx") if is_file else plain()
    config = xfblas.config_from_onnx_model(model, "name")
    config["LayerName"]["/fc1/Gemm"]["Engine"] = "host"
    config["LayerName"]["/fc2/MatMul"]["Precision"]["weight"] = "int3"
    config["LayerName"]["/fc2/MatMul"]["Trace"] = True
    with xfblas.convert_from_onnx_model(model, hls_config=config, calib_data=X) as converted:
        places = dict(entry[:2] for entry in converted.compiled.graph.describe())
        assert places["/fc1/Gemm"] == "host" and places["/fc2/MatMul"] == "engine"
        weights = converted.compiled.networks["/fc2/MatMul"].layers[0].weights
        assert len(np.unique(weights)) <= 8
        assert list(converted.trace(X)[1]) == ["/fc2/MatMul"]


def test_layers_as_they_are_traced():
    with xfblas.convert_from_onnx_model(plain(), calib_data=X) as converted:
        output, values = converted.trace(X)
    assert list(values) == ["/act/Relu", "/fc2/MatMul", "t3_0"]
    np.testing.assert_allclose(output, run(plain(), X)[0], atol=0.003)
    np.testing.assert_array_equal(values["t3_0"], output)


def test_a_file_of_everything(tmp_path):
    save(plain(), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", X)
    given = {"OnnxModel": "m.onnx", "InputData": "x.npy"}
    (tmp_path / "config.json").write_text(json.dumps(given))
    with xfblas.convert_from_config(tmp_path / "config.json") as converted:
        np.testing.assert_allclose(converted.predict(X), run(plain(), X)[0], atol=0.003)


@pytest.mark.native
def test_csim_runs_the_test_vectors():
    with xfblas.convert_from_onnx_model(plain(), input_data_tb=X[:5]) as converted:
        report = converted.build()
        np.testing.assert_array_equal(
            np.float32(report["CSimResults"][0]), converted.predict(X[:5])
        )


@pytest.mark.parametrize("call", [xfblas.convert_from_onnx_model, xfblas.config_from_onnx_model])
def test_other_models_are_refused(call, keras_model, tmp_path):
    with pytest.raises(errors.InvalidValueError, match=r"expected an onnx\.ModelProto"):
        call(keras_model("plain"))
    keras_model("plain").save(tmp_path / "m.keras")
    with pytest.raises(errors.InvalidValueError, match="is a Keras file, which is not an ONNX"):
        call(tmp_path / "m.keras")
    with pytest.raises(errors.InvalidValueError, match="no such file"):
        xfblas.config_from_onnx_model(tmp_path / "m.onnx", "name")
