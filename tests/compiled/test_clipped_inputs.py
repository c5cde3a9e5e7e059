"""Inputs beyond what calibration gave room for: counted, and told once."""

import warnings

import numpy as np
import pytest
from keras_models import rows_for
from quantization.conftest import make_network

import xfblas
from xfblas import errors
from xfblas.quantization import compare
from xfblas.rows.columns import NamedRows


@pytest.fixture
def network():
    """20-30-5."""
    return make_network(np.random.default_rng(1), [20, 30, 5], ["relu", "linear"])


@pytest.fixture
def rows():
    """(300, 20) float32."""
    return np.random.default_rng(2).standard_normal((300, 20)).astype(np.float32)


def with_far(rows, network, coding, places):
    """The rows with values of so many times their feature's range."""
    far = rows.copy()
    for row, feature, factor in places:
        far[row, feature] = factor * coding.limit / coding.scale[feature]
    return far


@pytest.mark.parametrize("goal", [0, 95])
@pytest.mark.parametrize("bits", [8, 16])
def test_counts_are_those_of_the_coding(network, rows, bits, goal):
    with xfblas.compile(network, rows, bits=bits, goal=goal) as compiled:
        ((name, quantized),) = compiled.networks.items()
        compiled.predict(rows, verbose=0)
        nothing = {"rows": 300, "clipped_rows": 0, "features": {}}
        assert compiled.statistics() == {name: nothing}
        places = [(3, 7, 2.0), (3, 8, -1.5), (17, 7, 4.0), (250, 19, 1.001), (299, 0, -30.0)]
        far = with_far(rows, network, quantized.input_coding, [*places, (5, 5, 1.0)])
        # Also in the batches that Keras' callers ask for.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled.predict(far, batch_size=32, verbose=0)
        found = compiled.statistics()[name]
    assert (found["rows"], found["clipped_rows"]) == (600, 4 if bits == 16 else 3)
    factors = quantized.input_coding.clipped(far)
    expected = {
        int(f): {"count": int((factors[:, f] > 0).sum()), "factor": float(factors[:, f].max())}
        for f in np.flatnonzero(factors.any(axis=0))
    }
    assert found["features"].keys() == expected.keys()
    for feature, counts in expected.items():
        assert found["features"][feature]["count"] == counts["count"]
        assert found["features"][feature]["factor"] == pytest.approx(counts["factor"], rel=1e-6)
    assert compare(network, quantized, far).clipped_inputs == (5 if bits == 16 else 4)
    assert compare(network, quantized, rows).clipped_inputs == 0


def test_one_warning_names_the_feature_and_the_factor(network, rows):
    with xfblas.compile(network, rows) as compiled:
        (quantized,) = compiled.networks.values()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled.predict(rows, verbose=0)
            # One row of 600 does not matter.
            one = with_far(rows, network, quantized.input_coding, [(9, 4, 3.0)])
            compiled.predict(one, verbose=0)
        many = with_far(rows, network, quantized.input_coding, [(r, 4, 5.0) for r in range(50)])
        with pytest.warns(RuntimeWarning, match=r"51 of 900 rows .* feature 4 most, at 5 times"):
            compiled.predict(many, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled.predict(many, verbose=0)
        assert compiled.statistics()[quantized_name(compiled)]["features"][4]["count"] == 101


def quantized_name(compiled):
    (name,) = compiled.networks
    return name


def test_a_single_row_is_a_share_that_matters(network, rows):
    with xfblas.compile(network, rows) as compiled:
        (quantized,) = compiled.networks.values()
        far = with_far(rows[:1], network, quantized.input_coding, [(0, 11, 2.0)])
        with pytest.warns(RuntimeWarning, match="1 of 1 rows .* feature 11 most, at 2 times"):
            compiled.predict(far, verbose=0)


def test_arithmetic_that_takes_steps_counts_too(network, rows):
    with xfblas.compile(network, rows, legacy=True) as compiled:
        (quantized,) = compiled.networks.values()
        far = with_far(rows, network, quantized.input_coding, [(r, 2, 9.0) for r in range(300)])
        with pytest.warns(RuntimeWarning, match="300 of 300 rows .* feature 2 most, at 9 times"):
            compiled.predict(far, verbose=0)
        assert compiled.statistics()[quantized_name(compiled)]["clipped_rows"] == 300


NAMES = tuple(f"c{index}" for index in range(20))


def told_of(call):
    """The warnings of a call, with the files that they point at."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [(str(one.message), one.filename) for one in found]


CALLS = {
    "rows": lambda model, rows: model.predict(rows, verbose=0),
    "batches": lambda model, rows: model.predict(rows, batch_size=32, verbose=0),
    "list": lambda model, rows: model.predict(rows.tolist(), verbose=0),
    "stream": lambda model, rows: model.predict(iter([rows]), verbose=0),
    "on_batch": lambda model, rows: model.predict_on_batch(rows),
    "call": lambda model, rows: model(rows),
    "trace": lambda model, rows: model.trace(rows),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_warning_names_the_column_at_the_line_of_the_caller(network, rows, call):
    with xfblas.compile(network, NamedRows(rows, NAMES)) as compiled:
        ((name, quantized),) = compiled.networks.items()
        far = with_far(rows[:1], network, quantized.input_coding, [(0, 11, 2.0)])
        ((message, file),) = told_of(lambda: call(compiled, far))
        assert f"inputs of {name} " in message
        assert "feature 11 (c11) most, at 2 times its range" in message
        assert file == __file__
        found = compiled.statistics()[name]
        assert (found["rows"], found["clipped_rows"]) == (1, 1)


def test_a_saved_model_knows_the_columns(network, rows, tmp_path):
    with xfblas.compile(network, NamedRows(rows, NAMES)) as compiled:
        compiled.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        (quantized,) = loaded.networks.values()
        far = with_far(rows, network, quantized.input_coding, [(r, 2, 9.0) for r in range(300)])
        ((message, file),) = told_of(lambda: loaded.predict(far, verbose=0))
    assert "feature 2 (c2) most" in message and file == __file__


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("units", [1, 2])
def test_keras_rt_counts_too(network, rows, units, legacy):
    named = NamedRows(rows, NAMES)
    with xfblas.open() as device:
        where = device if units == 2 else device.compute_units[0]
        runtime = xfblas.KerasRT(network, calibration=named, compute_unit=where, legacy=legacy)
        if units == 2:
            runtime._plain = None  # as where several units of a card share the rows
        coding = runtime.network.input_coding
        far = with_far(rows, network, coding, [(r, 4, 5.0) for r in range(50)])
        ((message, file),) = told_of(lambda: runtime.predict(far))
        assert "50 of 300 rows" in message and "feature 4 (c4) most, at 5 times" in message
        assert file == __file__
        (found,) = runtime.statistics().values()
        assert found["features"] == {4: {"count": 50, "factor": pytest.approx(5.0, rel=1e-6)}}
        runtime.send_matrices(far)
        (found,) = runtime.statistics().values()
        assert (found["rows"], found["clipped_rows"]) == (600, 100)


def test_keras_rt_with_scales_of_the_caller_counts_nothing(rows):
    network = make_network(np.random.default_rng(1), [20, 5], ["linear"])
    with xfblas.open() as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(network, None, [64], [64], [[1, 6]], compute_unit=unit)
        assert not told_of(lambda: runtime.predict(rows * 1e6, 10))
        assert runtime.statistics() == {}


def test_a_model_of_several_chains_warns_once(keras_model):
    model = keras_model("branched")
    x = rows_for(model, 300)
    far, further = ([values * factor for values in x] for factor in (100, 1000))
    with xfblas.compile(model, x, bits=8) as compiled:
        ((message, file),) = told_of(lambda: compiled.predict(far, verbose=0))
        assert "rows have inputs of" in message and file == __file__
        assert not told_of(lambda: compiled.predict(further, verbose=0))
        counts = [chain["clipped_rows"] for chain in compiled.statistics().values()]
        assert sum(count > 0 for count in counts) >= 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("bits", [8, 16])
def test_rows_of_a_refused_call_are_not_counted(network, rows, bits, bad):
    with xfblas.compile(network, rows, bits=bits, goal=0) as compiled:
        compiled.predict(rows, verbose=0)
        before = compiled.statistics()
        far = 1000 * rows
        far[-1, 3] = bad
        for given in (far, far[-2:], far.astype(float), far.tolist()):
            with pytest.raises(errors.InvalidValueError, match="must be finite"):
                compiled.predict(given, verbose=0)
            assert compiled.statistics() == before
        with pytest.warns(RuntimeWarning, match="beyond the range"):
            compiled.predict(far[:-1], verbose=0)
        ((counts),) = compiled.statistics().values()
        assert (counts["rows"], counts["clipped_rows"]) == (599, 299)
