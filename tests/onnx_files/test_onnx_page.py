"""docs/onnx.md, line by line, with the model that it speaks of."""

import warnings

import numpy as np
import pytest
from onnx_models import Builder, run, save
from pages import digits, run_page

pytestmark = pytest.mark.native


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    from sklearn.neural_network import MLPClassifier

    x, y = digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = MLPClassifier((48, 32), max_iter=40, random_state=1).fit(x, y)
    builder = Builder(17)
    tensor = builder.input(64, name="x")
    for number, (kernel, bias) in enumerate(
        zip(trained.coefs_, trained.intercepts_, strict=True), start=1
    ):
        weights = (np.ascontiguousarray(kernel.T, np.float32), bias.astype(np.float32))
        tensor = builder.add("Gemm", tensor, *weights, transB=1, name=f"/fc{number}/Gemm")
        if number < 3:
            tensor = builder.add("Relu", tensor, name=f"/act{number}/Relu")
    model = builder.model(builder.add("Softmax", tensor, axis=1, name="/Softmax"))
    save(model, tmp_path / "digits.onnx")
    monkeypatch.chdir(tmp_path)
    names = {"x": x, "y": y}
    run_page("onnx.md", names)
    names["converted"].close()
    expected = run(model, x)[0]
    assert (names["labels"] == expected.argmax(axis=1)).mean() > 0.998
    assert (names["labels"] == y).mean() > 0.9
    assert list(names["layers"]) == ["/act1/Relu", "/act2/Relu", "/fc3/Gemm", "/Softmax"]
    assert len(names["report"]["CSimResults"][0]) == 16
    assert "/fc1/Gemm" in capsys.readouterr().out
    assert (tmp_path / "digits.xfblas").is_file()
