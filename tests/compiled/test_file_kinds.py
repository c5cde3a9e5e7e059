"""Every kind of file given to every call: what it is, and what takes it."""

import pickle
import shutil

import numpy as np
import pytest
from keras_models import rows_for
from onnx import TensorProto, helper, numpy_helper

import xfblas
from xfblas import errors, l3
from xfblas.cli import main
from xfblas.file_kinds import kind_of

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def folder(keras_model, tmp_path_factory):
    """A file of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    model = keras_model("plain")
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    model.save_weights(folder / "m.weights.h5")
    (folder / "m.json").write_text(model.to_json())
    x = rows_for(model, 40)
    with xfblas.compile(model, x) as compiled:
        compiled.save(folder / "m.xfblas")
    image = xfblas.image_path("default_short")
    shutil.copy(image, folder / "i.xclbin")
    shutil.copy(image.with_suffix(".dat"), folder / "i.dat")
    (folder / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(40))
    (folder / "m.onnx").write_bytes(onnx_model(x.shape[1]))
    (folder / "m.pb").write_bytes(b"\n\x10graph" + bytes(40))
    (folder / "m.pkl").write_bytes(pickle.dumps({"model": 1}))
    for name in ("saved", "empty", "unzipped"):
        (folder / name).mkdir()
    (folder / "saved/saved_model.pb").write_bytes(b"\x08\x01\x12")
    (folder / "unzipped/config.json").write_text(model.to_json())
    np.save(folder / "x.npy", x)
    np.savez(folder / "x.npz", x=x)
    return folder


def onnx_model(width):
    kernel = np.linspace(-1, 1, 4 * width, dtype=np.float32).reshape(4, width)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
        for name, size in (("x", width), ("y", 4))
    ]
    node = helper.make_node("Gemm", ["x", "kernel"], ["y"], transB=1)
    stored = [numpy_helper.from_array(kernel, "kernel")]
    graph = helper.make_graph([node], "plain", ends[:1], ends[1:], stored)
    imports = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=imports).SerializeToString()


@pytest.fixture(autouse=True)
def _in_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


#: What each file is called, and what takes it.
KINDS = {
    "m.keras": ("a Keras file", "xfblas.compile or `xfblas quantize`"),
    "m.h5": ("a Keras file", "xfblas.compile or `xfblas quantize`"),
    "m.weights.h5": ("weights alone", "xfblas.compile or `xfblas quantize` takes it with arch"),
    "m.json": ("an architecture without weights", "as architecture="),
    "m.xfblas": ("a compiled .xfblas model", "xfblas.load or `xfblas predict`"),
    "i.xclbin": ("an image for an FPGA", "xfblas.open takes it"),
    "i.dat": ("the configuration of an image", "xfblas.open takes it as cfg="),
    "m.tflite": ("a TensorFlow Lite model", "save the Keras model"),
    "m.onnx": ("an ONNX model", "xfblas.compile or `xfblas quantize`"),
    "m.pb": ("TensorFlow", "save the Keras model"),
    "m.pkl": ("a pickle", "can run code"),
    "saved": ("a SavedModel folder", "save the Keras model"),
    "empty": ("a folder", "pass a file, or save a model as .keras"),
    "unzipped": ("a Keras model that is not zipped", "zipped=True"),
    "x.npy": ("a file of rows", "xfblas predict MODEL ROWS"),
    "x.npz": ("a file of rows", "xfblas predict MODEL ROWS"),
}
MODELS = ("m.keras", "m.h5", "m.onnx")


def rows():
    return np.load("x.npy")


def keras_rt(path):
    with xfblas.open() as device:
        xfblas.KerasRT(path, calibration=rows(), compute_unit=device.compute_units[0])


#: Each call, and the files that it takes.
CALLS = {
    "load": (xfblas.load, ("m.xfblas",)),
    "compile": (lambda path: xfblas.compile(path, rows()).close(), MODELS),
    "KerasRT": (keras_rt, MODELS),
    "read_network": (xfblas.read_network, MODELS),
    "read_graph": (xfblas.read_graph, MODELS),
    "report": (lambda path: xfblas.report(path, rows()), (*MODELS, "m.xfblas")),
    "accelerate": (lambda path: xfblas.accelerate(path, rows()), ()),
    "open": (lambda path: xfblas.open(path).close(), ("i.xclbin",)),
    "cfg": (lambda path: xfblas.open("i.xclbin", path).close(), ("i.dat",)),
    "parse_cfg": (l3.parse_cfg, ("i.dat", "i.xclbin")),
    "architecture": (lambda path: xfblas.read_graph("m.weights.h5", path), ("m.json",)),
    "xclbin": (lambda path: xfblas.compile("m.keras", rows(), xclbin=path), ("i.xclbin",)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("file", KINDS)
def test_every_call_says_what_it_was_given(call, file):
    function, taken = CALLS[call]
    if file in taken:
        function(file)
        return
    name, remedy = KINDS[file]
    if file == "m.weights.h5" and MODELS[0] in taken:
        name, remedy = "holds weights but no architecture", "Pass architecture="
    with pytest.raises(errors.XfblasError) as told:
        function(file)
    assert name in str(told.value) and remedy in str(told.value)
    assert str(told.value).count(file) >= 1


@pytest.mark.parametrize("call", CALLS)
def test_no_file(call):
    with pytest.raises(
        errors.XfblasError, match=r"there is no such file|No such file|a keras\.Model"
    ):
        CALLS[call][0]("missing.keras")


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        (["quantize", "{}", "--data", "x.npy", "-o", "o.xfblas", "--quiet"], MODELS),
        (["predict", "{}", "x.npy", "--quiet"], (*MODELS, "m.xfblas")),
        (["report", "{}", "--data", "x.npy"], (*MODELS, "m.xfblas")),
        (["estimate", "--model", "{}"], MODELS),
        (["xclbin", "info", "{}"], ("i.xclbin",)),
        (["predict", "m.keras", "{}", "--quiet"], ("x.npy",)),
        (["predict", "m.keras", "x.npy", "--xclbin", "{}", "--quiet"], ("i.xclbin",)),
    ],
)
@pytest.mark.parametrize("file", ["m.keras", "m.xfblas", "m.onnx", "i.xclbin", "x.npy", "saved"])
def test_every_command_says_what_it_was_given(capsys, command, taken, file):
    status = main([part.format(file) for part in command])
    error = capsys.readouterr().err
    if file in taken:
        assert status == 0, error
        return
    assert status == 2 and error.startswith("xfblas: ") and error.count("\n") == 1
    name, remedy = KINDS[file]
    # An option is called as on the command line.
    assert file in error and name in error
    assert remedy in error or remedy.split("=")[0] in error


def test_objects_where_a_path_is_expected(keras_model):
    for call in (xfblas.load, xfblas.open):
        for wrong in (keras_model("plain"), 3, object()):
            with pytest.raises(errors.InvalidValueError, match=r"a model is for xfblas\.compile"):
                call(wrong)
    for wrong in ("m.keras", keras_model("plain"), None):
        with pytest.raises(errors.InvalidValueError, match=r"expected a Network: xfblas\.read_net"):
            xfblas.quantize(wrong, rows())


def test_what_is_damaged_or_not_known_has_no_kind(tmp_path):
    for content in (
        b"",
        b"\x08",
        b"{",
        b"PK\x03\x04",
        b"\x89HDF\r\n\x1a\n",
        b"text\n",
        b"\x08\x03",
    ):
        (tmp_path / "file").write_bytes(content)
        assert kind_of(tmp_path / "file") is None
    assert kind_of(tmp_path / "absent.keras") is None and kind_of("a\0b") is None
    assert kind_of("x" * 10_000) is None
