"""Files: damaged, foreign, with data beside them; and what is refused of their content."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.external_data_helper import convert_model_to_external_data
from onnx_models import Builder, require_near, rows, run, save

import xfblas
from xfblas import errors
from xfblas.cli import main

pytestmark = pytest.mark.native


def plain():
    generator = np.random.default_rng(5)
    builder = Builder()
    kernel, bias = rows(generator, 6, 8), rows(generator, 8)
    x = builder.add("Gemm", builder.input(6, name="features"), kernel, bias, name="fc1")
    x = builder.add("Relu", x, name="act")
    x = builder.add("MatMul", x, rows(generator, 8, 3), name="fc2")
    return builder.model(builder.add("Softmax", x, name="classes"))


X = rows(np.random.default_rng(6), 50, 6)


def test_a_file_and_an_object_are_read_alike(tmp_path):
    path = save(plain(), tmp_path / "m.onnx")
    expected = run(plain(), X)[0]
    for source in (path, str(path), plain()):
        require_near(xfblas.read_graph(source).forward(X), [expected])
    with xfblas.compile(path, X) as compiled:
        found = compiled.predict(X, verbose=0)
        _, values = compiled.trace(X)
        assert list(values) == ["act", "fc2", "classes"]
        compiled.save(tmp_path / "m.xfblas")
    assert np.abs(found - expected).max() < 1e-2
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), found)


def test_names_that_are_taken_and_initializers_that_are_inputs():
    """Nodes of one name, of an input's, or of a tensor's, are called by tensors."""
    model = plain()
    for node, name in zip(model.graph.node, ("features", "same", "same", "t1_0"), strict=True):
        node.name = name
    # Before version 4 of the format every initializer was an input.
    for tensor in model.graph.initializer:
        ends = (tensor.name, tensor.data_type, list(tensor.dims))
        model.graph.input.append(helper.make_tensor_value_info(*ends))
    layers = [layer.layer for layer in xfblas.read_graph(model).placements]
    assert layers == ["t0_0", "t1_0", "t2_0", "t3_0"]
    require_near(xfblas.read_graph(model).forward(X), run(plain(), X))


def test_a_tensor_of_the_name_of_another_node():
    model = plain()
    model.graph.node[0].name, model.graph.node[1].name = "t1_0", ""
    names = [layer.layer for layer in xfblas.read_graph(model).placements]
    assert names[:2] == ["t1_0", "t1_0'"]
    require_near(xfblas.read_graph(model).forward(X), run(plain(), X))


def test_names_that_are_no_text(tmp_path):
    data = plain().SerializeToString()
    assert data.count(b"fc1") == 1
    (tmp_path / "m.onnx").write_bytes(data.replace(b"fc1", b"\xff\xfe1"))
    with pytest.raises(errors.InvalidValueError, match="is no text"):
        xfblas.read_graph(tmp_path / "m.onnx")


@pytest.mark.parametrize("kind", [TensorProto.BFLOAT16, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_weights_of_other_floats(kind):
    """They become float32, in which everything is computed."""
    builder = Builder()
    kernel = np.float32([[1.5, -2], [0.25, 3], [-1, 0.5]])
    x = builder.input(3)
    stored = builder.add("Cast", "kernel", to=TensorProto.FLOAT)
    model = builder.model(builder.add("MatMul", x, stored))
    tensor = helper.make_tensor("kernel", kind, kernel.shape, kernel.reshape(-1).tolist())
    model.graph.initializer.append(tensor)
    require_near(xfblas.read_graph(model).forward(X[:, :3]), [X[:, :3] @ kernel])


def test_content_decides_and_not_the_name(tmp_path):
    path = save(plain(), tmp_path / "model.h5")
    require_near(xfblas.read_graph(path).forward(X), run(plain(), X))


def test_commands_take_it(tmp_path):
    path = save(plain(), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", X)
    arguments = [str(path), "--data", str(tmp_path / "x.npy"), "-o", str(tmp_path / "m.xfblas")]
    assert main(["quantize", *arguments]) == 0
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        assert loaded.predict(X, verbose=0).shape == (50, 3)


def test_evaluate_with_a_loss_of_the_caller(keras, tmp_path):
    path = save(plain(), tmp_path / "m.onnx")
    labels = run(plain(), X)[0].argmax(axis=1)
    with xfblas.compile(path, X, metrics=["accuracy"], loss="sparse_categorical_crossentropy") as m:
        assert m.evaluate(X, labels, verbose=0)[1] > 0.95


def test_layers_on_the_host_and_narrow_weights():
    with xfblas.compile(plain(), X, on_host=["fc1"], weight_bits={"fc2": 4}) as compiled:
        places = dict(entry[:2] for entry in compiled.graph.describe())
        assert places["fc1"] == "host"
        assert places["fc2"] == "engine"


def test_an_architecture_beside_it_is_refused(tmp_path):
    with pytest.raises(errors.InvalidValueError, match="architecture is given"):
        xfblas.read_graph(save(plain(), tmp_path / "m.onnx"), architecture=["relu"])


def test_without_onnx_the_extra_is_named(tmp_path):
    path = save(plain(), tmp_path / "m.onnx")
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "import xfblas, xfblas.graph\n"
        f"try: xfblas.read_graph({str(path)!r})\n"
        "except xfblas.NotSupportedError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'xfblas[onnx]'" in found.stdout


def test_onnx_is_not_imported_before_a_file_is_read():
    code = (
        "import sys, xfblas, xfblas.graph, xfblas.onnx_files.onnx_graph\n"
        "assert 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def beside(tmp_path):
    """A model whose tensors are in a file in its folder, as large models are exported."""
    model, folder = plain(), tmp_path / "model"
    folder.mkdir()
    convert_model_to_external_data(model, location="m.onnx.data", size_threshold=0)
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


def test_data_beside_the_file(beside):
    require_near(xfblas.read_graph(beside).forward(X), run(plain(), X))
    assert xfblas.read_graph(beside).forward(X)[0].shape == (50, 3)


def moved(path, location, **entries):
    """The file with the data of its first tensor elsewhere."""
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
        entry.value = entries.get(entry.key, entry.value)
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "location", ["../secret", "", ".", "/etc/passwd", "link", "sub/../../secret"]
)
def test_data_elsewhere_is_not_read(beside, location):
    secret = beside.parent.parent / "secret"
    secret.write_bytes(bytes(4096))
    (beside.parent / "link").symlink_to(secret)
    moved(beside, location)
    with pytest.raises(errors.InvalidValueError, match="tensor c0 is in"):
        xfblas.read_graph(beside)


@pytest.mark.parametrize(
    "entries", [{"offset": "100000"}, {"offset": "-8"}, {"length": "-1"}, {"length": "99999999"}]
)
def test_data_that_is_too_short(beside, entries):
    moved(beside, "m.onnx.data", **entries)
    with pytest.raises(errors.InvalidValueError, match="tensor c0 is at bytes"):
        xfblas.read_graph(beside)


def test_data_of_another_size_or_not_there(beside):
    moved(beside, "m.onnx.data", length="4")
    with pytest.raises(errors.InvalidValueError, match="tensor c0 is damaged"):
        xfblas.read_graph(beside)
    moved(beside, "m.onnx.data", offset="x")
    with pytest.raises(errors.InvalidValueError, match="damaged"):
        xfblas.read_graph(beside)
    moved(beside, "gone")
    with pytest.raises(errors.InvalidValueError, match="which is not there"):
        xfblas.read_graph(beside)


def test_an_object_with_data_elsewhere(beside):
    model = onnx.load(beside, load_external_data=False)
    with pytest.raises(errors.InvalidValueError, match="pass the path of the model"):
        xfblas.read_graph(model)


def test_every_cut_of_a_file(tmp_path):
    """A file that ends early is an error, or the model where only what nobody needs is gone."""
    data, path = plain().SerializeToString(), tmp_path / "m.onnx"
    expected = run(plain(), X)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        try:
            graph = xfblas.read_graph(path)
        except (errors.InvalidValueError, errors.UnsupportedModelError):
            continue
        require_near(graph.forward(X), expected)


@pytest.mark.parametrize("seed", range(400))
def test_changed_bytes(tmp_path, seed):
    """Whatever bytes change, there is an error of this library, or a model that can be run."""
    generator = np.random.default_rng(seed)
    data = bytearray(plain().SerializeToString())
    for _ in range(generator.integers(1, 4)):
        data[generator.integers(len(data))] = generator.integers(256)
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    try:
        graph = xfblas.read_graph(path)
        graph.forward([rows(generator, 2, *spec.shape) for spec in graph.inputs])
    except errors.XfblasError as error:
        print(seed, error)


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(errors.InvalidValueError, match="no such file"):
        xfblas.read_graph(tmp_path / "gone.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"text, not a model", b"\x08\x08\x12\x07pytorch" + bytes(9)]
)
def test_foreign_content_of_that_name(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(errors.InvalidValueError, match=r"m\.onnx"):
        xfblas.read_graph(tmp_path / "m.onnx")


def changed(change):
    model = plain()
    change(model)
    return model


def _rename(model):
    model.graph.node[2].input[0] = "nowhere"


def _nan(model):
    values = np.full((6, 8), np.nan, np.float32)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(values, "c0"))


def _text(model):
    model.graph.initializer[0].CopyFrom(helper.make_tensor("c0", TensorProto.STRING, [1], [b"a"]))


def _of_text(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def _twice(model):
    model.graph.node[1].output[0] = "t0_0"
    model.graph.node[2].input[0] = "t0_0"


#: What is changed of the plain model, and what the error says.
CHANGES = {
    "takes 'nowhere', which nothing before it gives": _rename,
    r"layer fc1 \(Gemm\): B \(c0\) has values that are not finite": _nan,
    "tensor c0 is of": _text,
    "input features is of type 8 of ONNX": _of_text,
    "two nodes give the tensor 't0_0'": _twice,
    "names no version of ONNX' operators": lambda model: model.ClearField("opset_import"),
    "is of version 5 of ONNX' operators": lambda m: setattr(m.opset_import[0], "version", 5),
    "is of version 999 of ONNX' operators": lambda m: setattr(m.opset_import[0], "version", 999),
    "has no inputs": lambda model: model.graph.ClearField("input"),
    "has no outputs": lambda model: model.graph.ClearField("output"),
    "no node gives its output": lambda model: setattr(model.graph.output[0], "name", "nowhere"),
    "its output c0 is the same for all rows": lambda m: setattr(m.graph.output[0], "name", "c0"),
    "input features has no axes": lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
    "has the sizes": lambda m: setattr(
        m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", -3
    ),
    "takes 'c0', which": lambda model: model.graph.ClearField("initializer"),
}  # fmt: skip


@pytest.mark.parametrize("message", CHANGES)
def test_models_that_are_wrong(message):
    with pytest.raises(errors.InvalidValueError, match=message):
        xfblas.read_graph(changed(CHANGES[message]))
