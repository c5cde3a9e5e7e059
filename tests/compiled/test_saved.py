"""CompiledModel.save and xfblas.load: one file, the same bytes, nothing executable."""

import json

import h5py
import numpy as np
import pytest
from keras_models import KINDS, build, decibels, rows_for

import xfblas
from xfblas import errors
from xfblas.profiling import plot_model
from xfblas.timeline import write_page, write_trace


def listed(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.fixture(scope="module")
def saved(keras_model, tmp_path_factory):
    """A compiled model, the file of it, and rows."""
    model = keras_model("branched")
    x = rows_for(model, 40)
    path = tmp_path_factory.mktemp("saved") / "model.xfblas"
    with xfblas.compile(model, x, margin=1.2) as compiled:
        compiled.save(path)
        yield compiled, path, x


def require_same(found, expected, is_float):
    """The same bytes; of float32, which a BLAS may add in any order, all but the last digits."""
    for one, other in zip(listed(found), listed(expected), strict=True):
        if is_float:
            assert one.dtype == other.dtype and decibels(one, other) > 120
        else:
            np.testing.assert_array_equal(one, other)


def weights_of(networks):
    return [part for n in networks for layer in n.layers for part in (layer.weights, layer.bias)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [16, 8, 32])
def test_a_loaded_model_gives_the_same_bytes(keras_model, tmp_path, kind, bits):
    model = keras_model(kind)
    x = rows_for(model, 50)
    path = tmp_path / "model.xfblas"
    is_float = bits == 32
    with xfblas.compile(model, x, bits=bits) as compiled:
        compiled.save(path)
        expected = compiled.predict(x, verbose=0)
        floats = compiled.graph.forward(listed(x))
        traced = compiled.trace(x)[1]
    weights = weights_of(compiled.networks.values())
    with xfblas.load(path) as loaded:
        require_same(weights_of(loaded.networks.values()), weights, is_float=False)
        require_same(loaded.predict(x, verbose=0), expected, is_float)
        # The float model is there too, for reports and to quantize it again.
        require_same(loaded.graph.forward(listed(x)), floats, is_float=True)
        found = loaded.trace(x)[1]
        require_same([found[name] for name in traced], list(traced.values()), is_float)
        assert loaded.device.dtype == compiled.device.dtype
        assert loaded.input_shape == compiled.input_shape
        again = tmp_path / "again.xfblas"
        loaded.save(again)
    with xfblas.load(again) as second:
        require_same(second.predict(x, verbose=0), expected, is_float)


def test_everything_else_is_kept(saved):
    compiled, path, _ = saved
    with xfblas.load(path) as loaded:
        assert loaded.calibration == compiled.calibration == {"rows": 40, "margin": "1.2"}
        assert loaded.output_names == compiled.output_names == ("classes", "value")
        assert loaded.graph.describe() == compiled.graph.describe()
        for name, network in loaded.networks.items():
            for one, other in zip(
                network.summaries, compiled.networks[name].summaries, strict=True
            ):
                assert (one.name, one.sum_bits) == (other.name, other.sum_bits)
        texts = []
        for model in (loaded, compiled):
            model.summary(texts.append)
        assert texts[0] == texts[1]


def test_what_evaluate_computes_is_kept(keras, tmp_path):
    model = build(keras, "plain")

    def mine(true, predicted):
        return abs(predicted[..., 0])

    loss = keras.losses.SparseCategoricalCrossentropy(name="entropy")
    known = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2)]
    model.compile(loss=loss, metrics=[*known, mine])
    x = rows_for(model, 40)
    y = np.random.default_rng(1).integers(0, 4, 40)
    compiled = xfblas.compile(model, x)
    compiled.save(tmp_path / "model.xfblas")
    expected = compiled.evaluate(x, y, verbose=0, return_dict=True)
    with pytest.warns(UserWarning, match="mine is a function of the caller's own"):
        found = xfblas.load(tmp_path / "model.xfblas").evaluate(x, y, verbose=0, return_dict=True)
    assert found == {name: value for name, value in expected.items() if name != "mine"}


@pytest.mark.native
def test_where_a_loaded_model_runs(saved):
    compiled, path, x = saved
    expected = compiled.predict(x, verbose=0)
    with xfblas.open(xfblas.image_path("seed_short")) as device:
        with xfblas.load(path, device=device) as loaded:
            for one, other in zip(loaded.predict(x, verbose=0), expected, strict=True):
                np.testing.assert_array_equal(one, other)
        assert not device.closed
    with xfblas.open(dtype=np.int8) as device, pytest.raises(errors.DtypeError, match="int8"):
        xfblas.load(path, device=device)
    with pytest.raises(errors.DtypeError, match="float32"):
        xfblas.load(path, xclbin=xfblas.image_path("default_float"))
    with pytest.raises(errors.ImageError, match=r"missing\.xclbin"):
        xfblas.load(path, xclbin="missing.xclbin")


def damage(path, tmp_path, change):
    """A copy of a file after ``change(file)``."""
    copy = tmp_path / "damaged.xfblas"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "a") as file:
        change(file)
    return copy


def edited(name, value):
    """Changes one entry of the description, which is found by a path of keys."""

    def change(file):
        described = json.loads(file["description"][()])
        place = described
        *keys, last = name
        for key in keys:
            place = place[key]
        place[last] = value
        del file["description"]
        file["description"] = json.dumps(described)

    return change


def removed(name):
    def change(file):
        del file[name]

    return change


def replaced(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def with_attribute(name, value):
    def change(file):
        file.attrs[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (with_attribute("version", 7), "has version 7, expected up to 6"),
        (with_attribute("format", "other"), "is not an xfblas model"),
        (removed("description"), "damaged"),
        (replaced("description", "{"), "damaged"),
        (replaced("description", "[]"), "damaged"),
        (removed("networks"), "damaged"),
        (removed("steps/0"), "damaged"),
        (edited(("steps", 2, "function"), "__import__"), "function '__import__', which is not"),
        (edited(("steps", 0, "layers"), []), "no layers"),
        (edited(("steps", 0, "input"), "nowhere"), "takes 'nowhere'"),
        (edited(("dtype",), "int8"), "int8"),
        (edited(("dtype",), "text"), "damaged|text"),
        (edited(("networks",), {"dense": 99}), "damaged"),
        (replaced("steps/0/0/kernel", np.ones((2, 3))), "kernel|shape"),
        (replaced("steps/0/0/bias", "text"), "damaged|bias"),
    ],
)
def test_damaged_files_are_told(saved, tmp_path, change, text):
    path = damage(saved[1], tmp_path, change)
    with pytest.raises(errors.InvalidValueError, match=text) as told:
        xfblas.load(path)
    assert "damaged.xfblas" in str(told.value)


@pytest.mark.parametrize(
    "content", [b"", b"HDF", b"\x89HDF\r\n\x1a\n" + b"\0" * 600, b"PK\x03\x04"]
)
def test_foreign_files_are_told(tmp_path, content):
    (tmp_path / "model.xfblas").write_bytes(content)
    with pytest.raises(errors.InvalidValueError, match=r"model\.xfblas is damaged"):
        xfblas.load(tmp_path / "model.xfblas")


def test_a_cut_file_a_folder_and_no_file(saved, tmp_path):
    whole = saved[1].read_bytes()
    for length in (len(whole) // 2, len(whole) - 100, 2000):
        (tmp_path / "cut.xfblas").write_bytes(whole[:length])
        with pytest.raises(errors.InvalidValueError, match=r"cut\.xfblas"):
            xfblas.load(tmp_path / "cut.xfblas")
    for path, words in ((tmp_path / "none.xfblas", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(errors.InvalidValueError, match=words):
            xfblas.load(path)


def test_a_failed_save_leaves_the_old_file(saved, tmp_path, monkeypatch):
    compiled, path, _ = saved
    target = tmp_path / "model.xfblas"
    target.write_bytes(path.read_bytes())
    monkeypatch.setattr("xfblas.compiled.saved_graph._spec", lambda spec: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compiled.save(target)
    assert target.read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["model.xfblas"]
    with pytest.raises(OSError, match="nowhere"):
        compiled.save(tmp_path / "nowhere" / "model.xfblas")


def test_a_keras_file_is_not_taken_for_a_saved_one(keras_model, tmp_path):
    keras_model("plain").save(tmp_path / "model.h5")
    with pytest.raises(errors.InvalidValueError, match=r"is not an xfblas model.*xfblas quantize"):
        xfblas.load(tmp_path / "model.h5")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (("networks",), {}, "has neither a quantized network nor a reason"),
        (("networks",), None, r"description\.networks is 'None', expected dict"),
        (("host_reasons",), [], r"description\.host_reasons is .*expected dict"),
        (("calibration",), 3, r"description\.calibration is '3'"),
        (("calibration", "rows"), "9" * 5000, r"description\.calibration\.rows is '9"),
        (("penalty",), "x", r"description\.penalty is 'x', expected int or float"),
        (("output_names", 0), 7, r"description\.output_names\[0\] is '7', expected str"),
        (("inputs", 0, "shape"), "x", r"description\.inputs\[0\]\.shape"),
        (("inputs", 0, "shape"), [True], r"shape\[0\] is 'True', expected int or null"),
        (("outputs", 0, "shape"), [99], "output .* has shape .*expected"),
        (("steps", 0, "reason"), None, r"steps\[0\]\.reason is 'None', expected str"),
    ],
)
def test_every_value_of_a_description_is_checked_when_it_is_loaded(
    saved, tmp_path, name, value, text
):
    path = damage(saved[1], tmp_path, edited(name, value))
    with pytest.raises(errors.InvalidValueError, match=rf"(?s)damaged\.xfblas.*{text}"):
        xfblas.load(path, trusted=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("m.keras", r"path is .*m\.keras, but what is written is no \.keras file: .* in \.xfblas"),
        ("m.H5", r"path is .*but what is written is no \.h5 file"),
        ("m.onnx", r"no \.onnx file"),
        ("m.npz", r"no \.npz file"),
        ("none/m.xfblas", r"path is .*none/m\.xfblas, but there is no folder .*none"),
        (".", "path is .*, which is a folder, expected a file to write"),
        ("m.xfblas/x", "path is .*but there is no folder"),
    ],
)
def test_names_that_mislead_or_lead_nowhere(saved, tmp_path, name, words):
    (tmp_path / "m.xfblas").write_bytes(b"old")
    with pytest.raises(errors.InvalidValueError, match=words):
        saved[0].save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["m.xfblas"]
    saved[0].save(tmp_path / "m")
    xfblas.load(tmp_path / "m").close()


def test_every_writer_names_the_folder_that_is_missing(saved, tmp_path):
    compiled, _, x = saved
    report, timeline = xfblas.report(compiled, x), compiled.timeline(x)[1]
    for write in (
        lambda path: compiled.save_vectors(path, x),
        report.to_html,
        report.to_json,
        lambda path: write_page(path, timeline),
        lambda path: write_trace(path, timeline),
        lambda path: plot_model(compiled, path),
    ):
        with pytest.raises(errors.InvalidValueError, match=r"but there is no folder .*none"):
            write(tmp_path / "none" / "m.svg")
        with pytest.raises(errors.InvalidValueError, match=r"m\.keras"):
            write(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
