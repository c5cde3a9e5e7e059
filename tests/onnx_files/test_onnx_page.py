"""docs/onnx.md, line by line, with the model that it speaks of."""

import warnings

import numpy as np
import pytest
from onnx_models import Builder, run, save
from pages import digits, run_page

pytestmark = pytest.mark.native


@pytest.mark.filterwarnings("ignore")
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
    save(images_model(x, y), tmp_path / "images.onnx")
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
    expected = run(images_model(x, y), names["images"])[0].argmax(axis=1)
    assert (names["classes"] == expected).mean() > 0.998 and (expected == y).mean() > 0.9
    assert names["steps"] == 1 and names["maps"]["/pool/MaxPool"].shape == (10, 8, 3, 3)


def images_model(x, y):
    """A convolution with eight filters of edges, pooled; what reads it is trained."""
    from sklearn.linear_model import LogisticRegression

    x = x.reshape(-1, 1, 8, 8)
    filters = np.sin(np.arange(8 * 9) * 1.7).reshape(8, 1, 3, 3).astype(np.float32)

    def add_maps(builder):
        tensor = builder.add("Conv", builder.input(1, 8, 8), filters, name="/conv/Conv")
        tensor = builder.add("Relu", tensor, name="/act/Relu")
        size = {"kernel_shape": [2, 2], "strides": [2, 2]}
        tensor = builder.add("MaxPool", tensor, name="/pool/MaxPool", **size)
        return builder.add("Flatten", tensor, name="/flat/Flatten")

    builder = Builder(17)
    rows = run(builder.model(add_maps(builder)), x)[0]
    trained = LogisticRegression(max_iter=60).fit(rows, y)
    builder = Builder(17)
    weights = (trained.coef_.astype(np.float32), trained.intercept_.astype(np.float32))
    return builder.model(
        builder.add("Gemm", add_maps(builder), *weights, transB=1, name="/fc/Gemm")
    )
