"""Data frames whose numbers would mean nothing are refused by the names of their columns."""

import datetime

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.graph import Layer, Network

pandas = pytest.importorskip("pandas")

ROWS = np.random.default_rng(10).integers(0, 5, (12, 3)).astype(np.float64)
FRAME = pandas.DataFrame(ROWS, columns=["one", "two", "three"])
DATES = pandas.Series(pandas.date_range("2024-01-01", periods=12))
SPANS = pandas.Series(pandas.timedelta_range("1D", periods=12))


@pytest.fixture(scope="module")
def network():
    layer = Layer("dense", np.arange(6.0).reshape(3, 2), np.zeros(2), "linear", 1.0)
    return Network("small", (layer,), "linear", (3,))


@pytest.fixture(scope="module")
def calls(network):
    """Everything that takes rows, by name."""
    with xfblas.compile(network, ROWS) as model, xfblas.open() as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(network, calibration=ROWS, compute_unit=unit)
        yield {
            "predict": lambda x: model.predict(x, verbose=0),
            "batches": lambda x: model.predict(iter([(x,)]), verbose=0),
            "predict_on_batch": model.predict_on_batch,
            "evaluate": lambda x: model.evaluate(x, np.zeros(12), verbose=0),
            "trace": model.trace,
            "compile": lambda x: xfblas.compile(network, x).close(),
            "quantize": lambda x: xfblas.quantize(network, x),
            "report": lambda x: xfblas.report(model, x),
            "KerasRT": runtime.predict,
            "calibration": lambda x: xfblas.KerasRT(network, calibration=x, compute_unit=unit),
            "float": network.forward,
        }


MEANINGLESS = {
    "datetime": DATES,
    "time zone": DATES.dt.tz_localize("UTC"),
    "timedelta": SPANS,
    "complex": pandas.Series(ROWS[:, 0] + 1j),
    "complex without imaginary part": pandas.Series(ROWS[:, 0].astype(complex)),
    "period": DATES.dt.to_period("D"),
    "interval": pandas.Series(pandas.interval_range(0, 12)),
    "words": pandas.Series(["word"] * 12),
    "categories of words": pandas.Series(["a", "b"] * 6, dtype="category"),
    "categories of dates": DATES.astype("category"),
    "categories of spans": SPANS.astype("category"),
    "objects of numpy's dates": pandas.Series(list(DATES.to_numpy()), dtype=object),
    "dates of Python": pandas.Series([datetime.date(2024, 1, 1)] * 12, dtype=object),
    "lists": pandas.Series([[1.0]] * 12),
}


@pytest.mark.parametrize("kind", MEANINGLESS)
def test_columns_that_are_no_numbers(calls, kind):
    alone = pandas.DataFrame({f"column {i}": MEANINGLESS[kind] for i in range(3)})
    for name, call in calls.items():
        for frame, text in (
            (FRAME.assign(two=MEANINGLESS[kind]), r"columns that are not numbers: two \("),
            (alone, r"not numbers: column 0 \(.*, column 1 \(.*, column 2 \("),
        ):
            with pytest.raises(errors.InvalidValueError, match=text):
                call(frame)
        if name != "evaluate":
            call(FRAME)


def test_of_many_columns_ten_are_listed(calls):
    wide = pandas.DataFrame({f"day {i}": DATES for i in range(130)})
    with pytest.raises(errors.InvalidValueError, match=r"day 0 .*, day 9 \(.*\) and 120 more$"):
        calls["predict"](wide)


MEANT = {
    "bool": (pandas.Series([True, False] * 6), [1, 0] * 6),
    "nullable bool": (pandas.Series([True, False] * 6, dtype="boolean"), [1, 0] * 6),
    "nullable int": (pandas.Series(range(12), dtype="Int64"), range(12)),
    "nullable float": (pandas.Series(range(12), dtype="Float32"), range(12)),
    "categories of numbers": (pandas.Series([7, 9] * 6, dtype="category"), [7, 9] * 6),
    "sparse": (pandas.Series(pandas.arrays.SparseArray([0.0, 2.0] * 6)), [0, 2] * 6),
    "objects": (pandas.Series([1, 2.5] * 6, dtype=object), [1, 2.5] * 6),
    "words of numbers": (pandas.Series(["1", "2.5"] * 6), [1, 2.5] * 6),
    "float16": (pandas.Series([1, 2.5] * 6, dtype=np.float16), [1, 2.5] * 6),
    "uint8": (pandas.Series([1, 255] * 6, dtype=np.uint8), [1, 255] * 6),
}


@pytest.mark.parametrize("kind", MEANT)
def test_columns_that_are_numbers(calls, kind):
    column, values = MEANT[kind]
    frame, plain = FRAME.assign(two=column), ROWS.copy()
    plain[:, 1] = values
    for name in ("predict", "batches", "predict_on_batch", "KerasRT", "float"):
        np.testing.assert_array_equal(calls[name](frame), calls[name](plain))


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float64", "object", "float64"])
def test_missing_values(calls, dtype):
    column = pandas.Series([1, 0, 1, None] * 3, dtype=dtype if dtype != "boolean" else "object")
    frame = FRAME.assign(two=column.astype(dtype))
    for name, call in calls.items():
        with pytest.raises(errors.InvalidValueError, match=r"column two at row 3|nan at") as told:
            call(frame)
        if name in ("predict", "batches", "KerasRT"):
            assert "3" in str(told.value)


ARRAYS = {
    "dates": np.array([["2024-01-01"] * 3] * 12, "M8[D]"),
    "spans": np.ones((12, 3), "m8[s]"),
    "complex": np.ones((12, 3), complex),
    "records": np.zeros((12, 3), [("a", "f4")]),
    "objects of dates": np.array([[np.datetime64("2024-01-01")] * 3] * 12, object),
    "objects of complex": np.array([[np.complex64(1)] * 3] * 12, object),
    "words": np.full((12, 3), "word"),
    "list of dates": [[np.datetime64("2024-01-01")] * 3] * 12,
    "list of Python's dates": [[datetime.date(2024, 1, 1)] * 3] * 12,
    "list of complex": [[1 + 2j] * 3] * 12,
    "huge integers": [[10**400] * 3] * 12,
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_that_are_no_numbers(calls, kind):
    for call in calls.values():
        with pytest.raises(
            errors.InvalidValueError, match=r"real numbers|cannot be read as numbers"
        ):
            call(ARRAYS[kind])


def test_masked_arrays(calls):
    mask = np.zeros(ROWS.shape, bool)
    mask[3:5, 1] = True
    hiding = np.ma.masked_array(ROWS, mask)
    for name, call in calls.items():
        with pytest.raises(
            errors.InvalidValueError, match=r"2 elements hidden, the first at \(3, 1"
        ):
            call(hiding)
        with pytest.raises(errors.InvalidValueError, match="masked array with 1 elements hidden"):
            call(list(hiding))
        if name in ("predict", "batches", "predict_on_batch", "KerasRT", "float"):
            np.testing.assert_array_equal(call(hiding.filled(7)), call(np.where(mask, 7, ROWS)))
            np.testing.assert_array_equal(call(np.ma.masked_array(ROWS, False)), call(ROWS))


def test_hidden_targets(network):
    with xfblas.compile(network, ROWS) as model:
        hiding = np.ma.masked_array(np.zeros(12, int), [True] + [False] * 11)
        with pytest.raises(errors.InvalidValueError, match="y is a masked array"):
            model.evaluate(ROWS, hiding, verbose=0)
        with pytest.raises(errors.InvalidValueError, match="sample_weight is a masked array"):
            model.evaluate(ROWS, np.zeros(12, int), sample_weight=hiding, verbose=0)
        with pytest.raises(errors.InvalidValueError, match="y is datetime64"):
            model.evaluate(ROWS, DATES, verbose=0)


def test_tables_of_arrow_and_what_looks_like_polars(calls, network):
    pyarrow = pytest.importorskip("pyarrow")

    class Frame:
        """What a frame of polars shows: names, and all of it as an array."""

        def __init__(self, frame):
            self.columns, self.shape = list(frame.columns), frame.shape
            self._frame = frame

        def to_numpy(self):
            return self._frame.to_numpy()

    turned = FRAME[["three", "one", "two"]]
    with xfblas.compile(network, FRAME) as model:
        expected = model.predict(ROWS, verbose=0)
        for kind in (pyarrow.Table.from_pandas, Frame):
            np.testing.assert_array_equal(model.predict(kind(FRAME), verbose=0), expected)
            with pytest.warns(UserWarning, match="another order"):
                np.testing.assert_array_equal(model.predict(kind(turned), verbose=0), expected)
    for column in (DATES, SPANS):
        whole = pandas.DataFrame({f"column {i}": column for i in range(3)})
        for frame in (Frame(whole), pyarrow.Table.from_pandas(whole)):
            for call in calls.values():
                with pytest.raises(errors.InvalidValueError, match="real numbers"):
                    call(frame)
