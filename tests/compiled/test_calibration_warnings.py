"""A calibration that tells too little: one warning for a model, or an error, on every way in."""

import warnings

import numpy as np
import pytest
from quantization.conftest import make_network
from sklearn.datasets import load_digits

import xfblas
from xfblas.cli import main


def caught(call):
    """What a call returns, and the warnings about calibration that it gives here."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = call()
    found = [one for one in found if one.category is xfblas.CalibrationWarning]
    assert all(one.filename == __file__ for one in found)
    return result, [str(one.message) for one in found]


@pytest.fixture
def two_chains(keras):
    """A model of two chains on the engine, with a softmax between them."""
    L = keras.layers
    given = keras.Input((6,))
    return keras.Model(given, L.Dense(3, name="b")(L.Dense(8, "softmax", name="a")(given)))


def test_compile_warns_once_of_all_chains(two_chains, generator):
    rows = generator.standard_normal((50, 6)).astype(np.float32)
    model, told = caught(lambda: xfblas.compile(two_chains, rows))
    assert told == []
    model.close()
    model, (told,) = caught(lambda: xfblas.compile(two_chains, np.ones((50, 6))))
    model.close()
    assert told.count("varied in 50 rows") == 2 and "  a: " in told and "  b: " in told
    with pytest.raises(xfblas.CalibrationError, match="varied in 50 rows"):
        xfblas.compile(two_chains, np.ones((50, 6)), strict=True)
    with pytest.raises(xfblas.XfblasError, match="strict is None, expected True or False"):
        xfblas.compile(two_chains, rows, strict=None)
    # A chain's inputs that others made, such as a unit that is dead, are not the caller's.
    kernel, bias = two_chains.get_layer("a").get_weights()
    kernel[:, 0], bias[0] = 0, 0.5
    two_chains.get_layer("a").set_weights([kernel, bias])
    model, told = caught(lambda: xfblas.compile(two_chains, rows, strict=True))
    assert told == []
    model.close()


def test_names_of_columns_and_of_flattened_inputs(keras, generator):
    pandas = pytest.importorskip("pandas")
    rows = generator.standard_normal((50, 6)).astype(np.float32)
    rows[:, 4] = 101325
    network = make_network(generator, [6, 3], ["linear"])
    frame = pandas.DataFrame(rows, columns=["a", "b", "c", "d", "pressure", "f"])
    for given, text in ((rows, "feature 4 (always 101325)"), (frame, "pressure (always 101325)")):
        model, (told,) = caught(lambda given=given: xfblas.compile(network, given))
        model.close()
        assert text in told
    layers = [keras.Input((2, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    compiled, (told,) = caught(lambda: xfblas.compile(model, rows.reshape(50, 2, 3)))
    compiled.close()
    assert "feature 4 (always 101325)" in told


def test_accelerate_warns_or_leaves_the_model_as_it_was(two_chains, generator):
    rows = generator.standard_normal((50, 6)).astype(np.float32)
    predict = two_chains.predict
    with pytest.raises(xfblas.CalibrationError):
        xfblas.accelerate(two_chains, rows[:1], strict=True)
    assert two_chains.predict == predict
    _, (told,) = caught(lambda: xfblas.accelerate(two_chains, rows[:1]))
    assert "there is 1 row" in told
    _, told = caught(lambda: xfblas.accelerate(two_chains, rows, strict=True))
    assert told == []
    xfblas.restore(two_chains)


@pytest.mark.native
def test_keras_rt(generator):
    network = make_network(generator, [6, 8, 3], ["relu", "linear"])
    rows = generator.standard_normal((50, 6)).astype(np.float32)
    with xfblas.open() as device:
        unit = device.compute_units[0]

        def make(calibration, **options):
            return xfblas.KerasRT(network, calibration=calibration, compute_unit=unit, **options)

        assert caught(lambda: make(rows, strict=True))[1] == []
        _, (told,) = caught(lambda: make(np.zeros((9, 6))))
        assert "none of its 6 inputs varied in 9 rows" in told
        with pytest.raises(xfblas.CalibrationError):
            make(np.zeros((9, 6)), strict=True)
    with xfblas.open(dtype="float32") as device:
        unit = device.compute_units[0]
        assert caught(lambda: make(np.zeros((9, 6)), strict=True))[1] == []


def test_float_images_need_no_calibration(two_chains):
    model, told = caught(lambda: xfblas.compile(two_chains, bits=32, strict=True))
    model.close()
    assert told == []


@pytest.mark.parametrize("bits", [8, 16])
def test_digits_have_borders(keras, bits):
    """Of 64 pixels some are dark in every row, which is told of no good model."""
    x = load_digits().data.astype(np.float32)[:300]
    assert (x.max(axis=0) == 0).sum() >= 3
    normalization = keras.layers.Normalization()
    normalization.adapt(x)
    for first in ([], [normalization], [keras.layers.Rescaling(1 / 16, offset=-0.5)]):
        layers = [
            keras.Input((64,)),
            *first,
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(10),
        ]
        model, told = caught(
            lambda layers=layers: xfblas.compile(keras.Sequential(layers), x, bits=bits)
        )
        assert told == []
        model.close()


@pytest.mark.filterwarnings("always::xfblas.CalibrationWarning")
def test_commands_tell_it_in_a_line(two_chains, tmp_path, capsys):
    two_chains.save(tmp_path / "m.keras")
    np.savetxt(tmp_path / "x.csv", np.ones((50, 6)), delimiter=",")
    paths = [str(tmp_path / name) for name in ("m.keras", "x.csv", "m.xfblas")]
    command = ["quantize", paths[0], "--data", paths[1], "-o", paths[2], "--quiet"]
    for options, status in (([], 0), (["--strict"], 2)):
        assert main([*command, *options]) == status
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("xfblas: the calibration rows tell too little: a: none of its 6 in")
        assert "; b: none of its 8 inputs varied" in line and ":;" not in line


def test_reports_compare_without_saying_it_again(generator):
    network = make_network(generator, [6, 8, 3], ["relu", "linear"])
    rows = generator.standard_normal((40, 6)).astype(np.float32)
    rows[:, 2] = 20
    report, told = caught(lambda: xfblas.report(network, rows, compare=True))
    assert len(told) == 1 and len(report.alternatives) == 3
    with pytest.raises(xfblas.CalibrationError):
        xfblas.report(network, rows, strict=True)
