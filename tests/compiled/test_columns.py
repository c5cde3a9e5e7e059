"""Names of columns: kept with the model, compared with what is predicted, and put in order."""

import json
import re

import h5py
import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas import errors
from xfblas.cli import main
from xfblas.graph import Layer, Network

pandas = pytest.importorskip("pandas")

ROWS = np.random.default_rng(8).standard_normal((40, 4)).round(4).astype(np.float32)
NAMES = ["alpha", "beta", "gamma", "delta"]
FRAME = pandas.DataFrame(ROWS, columns=NAMES)
TURNED = FRAME[["gamma", "alpha", "delta", "beta"]]
ORDER = "another order: they are put in order"


@pytest.fixture(scope="module")
def network():
    generator = np.random.default_rng(9)
    layer = Layer("dense", generator.standard_normal((4, 3)), np.zeros(3), "linear", 1.0)
    return Network("small", (layer,), "softmax", (4,))


@pytest.fixture(params=[16, 8, 32])
def named(network, request):
    """A model that was calibrated with a data frame."""
    with xfblas.compile(network, FRAME, bits=request.param) as model:
        yield model


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory):
    """Files of a model with names, of one without, and of rows."""
    folder = tmp_path_factory.mktemp("saved")
    for name, rows in (("named", FRAME), ("plain", ROWS)):
        with xfblas.compile(network, rows) as model:
            model.save(folder / f"{name}.xfblas")
    FRAME.to_csv(folder / "rows.csv", index=False)
    TURNED.to_csv(folder / "turned.csv", index=False)
    TURNED.to_parquet(folder / "turned.parquet")
    FRAME.rename(columns={"beta": "b"}).to_csv(folder / "other.csv", index=False)
    FRAME.assign(Class=1).to_csv(folder / "label.csv", index=False)
    FRAME[["delta", "beta", "alpha"]].to_csv(folder / "less.csv", index=False)
    FRAME.to_csv(folder / "bare.csv", index=False, header=False)
    return folder


@pytest.mark.filterwarnings("error")
def test_the_same_order_and_no_names_are_silent(named):
    expected = named.predict(ROWS, verbose=0)
    for rows in (FRAME, FRAME.to_numpy(), pandas.DataFrame(ROWS), FRAME.to_dict("split")["data"]):
        np.testing.assert_allclose(named.predict(rows, verbose=0), expected, rtol=0, atol=1e-6)


def test_another_order_is_put_in_order_with_a_notice(named):
    expected = named.predict(ROWS, verbose=0)
    for call in (
        lambda: named.predict(TURNED, verbose=0),
        lambda: named.predict(TURNED, verbose=0, batch_size=7),
        lambda: named.predict({"input": TURNED}, verbose=0),
        lambda: named.predict([TURNED], verbose=0),
        lambda: named.predict(iter([TURNED[:5], FRAME[5:20], TURNED[20:]]), verbose=0),
        lambda: named.predict_on_batch(TURNED),
        lambda: named(TURNED),
        lambda: named.trace(TURNED)[0],
    ):
        with pytest.warns(UserWarning, match=ORDER) as told:
            np.testing.assert_allclose(call(), expected, rtol=0, atol=1e-6)
        assert {warning.filename for warning in told} == {__file__}
    labels = expected.argmax(axis=1)
    with pytest.warns(UserWarning, match=ORDER):
        assert named.evaluate(TURNED, labels, verbose=0) == named.evaluate(ROWS, labels, verbose=0)


def test_other_names_are_told_and_taken_as_they_come(named):
    expected = named.predict(ROWS, verbose=0)
    for columns in (["a", "b", "c", "d"], ["alpha", "beta", "gamma", "Delta"], list("aabb")):
        with pytest.warns(UserWarning, match="other columns than the model was calibrated with"):
            found = named.predict(FRAME.set_axis(columns, axis=1), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_names_that_occur_twice(network):
    twice = FRAME.set_axis(["a", "b", "a", "c"], axis=1)
    with xfblas.compile(network, twice) as model:
        expected = model.predict(ROWS, verbose=0)
        np.testing.assert_array_equal(model.predict(twice, verbose=0), expected)
        with pytest.warns(UserWarning, match="'a' more than once"):
            model.predict(twice.iloc[:, [1, 0, 2, 3]], verbose=0)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (FRAME.assign(Class=1), "x has 5 columns, expected (rows, 4): leave out .*Class"),
        (FRAME.assign(Class=1, Run=2), "x has 6 columns.*Class, Run"),
        (FRAME[["delta", "alpha", "beta"]], "x has 3 columns, expected (rows, 4): it lacks gamma"),
        (FRAME.assign(Class=1).to_numpy(), "shape (40, 5), expected (rows, 4): leave out .*label"),
    ],
)
def test_columns_too_many_or_too_few(named, rows, text):
    with pytest.raises(
        errors.InvalidValueError, match=text.replace("(", r"\(").replace(")", r"\)")
    ):
        named.predict(rows, verbose=0)
    assert named.predict(FRAME, verbose=0).shape == (40, 3)


def test_numbers_as_names(network):
    """As data frames have them that were given none: only their order says something."""
    frame = pandas.DataFrame(ROWS)
    with xfblas.compile(network, frame) as model:
        expected = model.predict(frame, verbose=0)
        np.testing.assert_array_equal(model.predict(FRAME, verbose=0), expected)
        with pytest.warns(UserWarning, match=ORDER):
            found = model.predict(frame[[3, 1, 0, 2]], verbose=0)
        np.testing.assert_array_equal(found, expected)


def test_files_and_saved_models(saved, tmp_path, capsys):
    expected = xfblas.load(saved / "named.xfblas").predict(ROWS, verbose=0)
    for model, data, text in (
        ("named", "rows.csv", ""),
        ("named", "bare.csv", ""),
        ("named", "turned.csv", ORDER),
        ("named", "turned.parquet", ORDER),
        ("named", "other.csv", "'b' where it had 'beta'"),
        ("plain", "rows.csv", ""),
        ("plain", "other.csv", ""),
    ):
        out = tmp_path / "out.npy"
        arguments = [f"{saved}/{model}.xfblas", f"{saved}/{data}", "-o", str(out), "--quiet"]
        assert main(["predict", *arguments]) == 0
        told = capsys.readouterr().err
        assert text in told and told.count("\n") == bool(text)
        np.testing.assert_array_equal(np.load(out), expected)
    for data, text in (("label.csv", "leave out .*Class.*--drop"), ("less.csv", "it lacks gamma")):
        assert main(["predict", f"{saved}/named.xfblas", f"{saved}/{data}"]) == 2
        assert re.search(text, capsys.readouterr().err)
    arguments = ["--data", f"{saved}/turned.csv", "--json", "-"]
    assert main(["report", f"{saved}/named.xfblas", *arguments]) == 0
    shown = capsys.readouterr()
    assert ORDER in shown.err and json.loads(shown.out)["rows"] == 40


def test_a_file_quantizes_with_its_names(keras, tmp_path, capsys):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    model.save(tmp_path / "model.keras")
    FRAME.assign(Run=1).to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "model.xfblas"
    arguments = ["--data", f"{tmp_path}/rows.csv", "--drop", "Run", "-o", str(out)]
    assert main(["quantize", f"{tmp_path}/model.keras", *arguments]) == 0
    with xfblas.load(out) as loaded:
        assert loaded.graph.inputs[0].columns == tuple(NAMES)
        with pytest.warns(UserWarning, match=ORDER):
            found = loaded.predict(TURNED, verbose=0)
        np.testing.assert_array_equal(found, loaded.predict(ROWS, verbose=0))
    assert "Run" not in capsys.readouterr().err


def test_files_of_earlier_versions_have_no_names(saved, tmp_path):
    path = tmp_path / "old.xfblas"
    path.write_bytes((saved / "named.xfblas").read_bytes())
    with h5py.File(path, "a") as file:
        described = json.loads(file["description"][()])
        for spec in (*described["inputs"], *described["outputs"]):
            del spec["columns"]
        del file["description"]
        file["description"] = json.dumps(described)
    with xfblas.load(path) as loaded, xfblas.load(saved / "named.xfblas") as new:
        assert loaded.graph.inputs[0].columns is None
        assert new.graph.inputs[0].columns == tuple(NAMES)
        np.testing.assert_array_equal(
            loaded.predict(FRAME, verbose=0), new.predict(FRAME, verbose=0)
        )


def test_models_of_keras_in_place(keras):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    for bits in (16, 32):
        xfblas.accelerate(model, FRAME, bits=bits)
        expected = model.predict(ROWS, verbose=0)
        with pytest.warns(UserWarning, match=ORDER):
            np.testing.assert_array_equal(model.predict(TURNED, verbose=0), expected)
        model.set_weights([2 * weight for weight in model.get_weights()])
        with pytest.warns(UserWarning, match=ORDER):
            found = model.predict(TURNED, verbose=0)
        np.testing.assert_array_equal(found, model.predict(ROWS, verbose=0))
        assert np.abs(found - expected).max() > 0.1
    xfblas.restore(model)


def test_calibration_by_batches_and_several_inputs(network, keras_model):
    with xfblas.compile(network, iter([(FRAME[:20], None), (FRAME[20:], None)])) as model:
        assert model.graph.inputs[0].columns == tuple(NAMES)
    with pytest.raises(errors.InvalidValueError, match=r"has columns gamma.* but the batch before"):
        xfblas.compile(network, iter([(FRAME[:20],), (TURNED[20:],)]))
    with xfblas.compile(network, iter([(FRAME[:20],), (ROWS[20:],)])) as model:
        assert model.predict(ROWS, verbose=0).shape == (40, 3)
    branched = keras_model("branched")
    left, right = rows_for(branched, 40)
    frame = pandas.DataFrame(left, columns=[f"column {index}" for index in range(12)])
    with xfblas.compile(branched, {"left": frame, "right": right}) as model:
        assert [spec.columns for spec in model.graph.inputs] == [tuple(frame.columns), None]
        expected = model.predict([left, right], verbose=0)
        with pytest.warns(UserWarning, match=f"input left has .*{ORDER}"):
            found = model.predict([frame[frame.columns[::-1]], right], verbose=0)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_runtimes(network):
    with xfblas.open() as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(network, calibration=FRAME, compute_unit=unit)
        expected = runtime.predict(ROWS)
        with pytest.warns(UserWarning, match=ORDER):
            np.testing.assert_array_equal(runtime.predict(TURNED), expected)
        with pytest.warns(UserWarning, match=ORDER):
            runtime.send_matrices(TURNED)
        with pytest.raises(errors.InvalidValueError, match="inp has 5 columns"):
            runtime.predict(FRAME.assign(Class=1))
