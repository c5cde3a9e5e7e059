"""CompiledModel.predict takes whatever keras.Model.predict takes, and a little more."""

import h5py
import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas import errors

WHOLE = np.random.default_rng(5).integers(-2, 3, (30, 12))


@pytest.fixture(scope="module")
def plain(keras_model):
    model = keras_model("plain")
    with xfblas.compile(model, WHOLE) as compiled:
        yield compiled


@pytest.fixture(scope="module")
def branched(keras_model):
    model = keras_model("branched")
    with xfblas.compile(model, rows_for(model, 40), goal=83) as compiled:
        yield compiled


#: What numbers can be laid out in; all hold the same.
LAYOUTS = {
    "float64": lambda x: x.astype(np.float64),
    "float16": lambda x: x.astype(np.float16),
    "int8": lambda x: x.astype(np.int8),
    "int64": lambda x: x,
    "big endian": lambda x: x.astype(">f8"),
    "Fortran": lambda x: np.asfortranarray(x, np.float32),
    "every second": lambda x: np.repeat(x.astype(np.float32), 2, axis=0)[::2],
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "read-only": lambda x: np.broadcast_to(x.astype(np.float32), x.shape),
    "list": lambda x: x.tolist(),
    "tuple of rows": lambda x: tuple(x.astype(np.float32)),
    "in a list": lambda x: [x],
    "by name": lambda x: {"input_layer": x},
    "masked": np.ma.asarray,
    "objects": lambda x: x.astype(object),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_types_and_layouts(keras_model, plain, layout):
    expected = plain.predict(WHOLE.astype(np.float32), verbose=0)
    given = LAYOUTS[layout](WHOLE)
    if layout == "by name":
        given = {plain.graph.inputs[0].name: WHOLE}
    found = plain.predict(given, verbose=0)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(
        found, keras_model("plain").predict(WHOLE.astype("f"), verbose=0), atol=2e-3
    )
    np.testing.assert_array_equal(plain.predict_on_batch(given), expected)
    np.testing.assert_array_equal(plain(given), expected)


def test_data_frames(plain):
    pandas = pytest.importorskip("pandas")
    expected = plain.predict(WHOLE, verbose=0)
    frame = pandas.DataFrame(WHOLE)
    mixed = frame.astype({0: np.float32, 1: np.int8, 2: "Int64"})
    for given in (frame, mixed, frame.set_index(frame.index + 100)):
        np.testing.assert_array_equal(plain.predict(given, verbose=0), expected)
    frame[3] = "word"
    with pytest.raises(errors.InvalidValueError, match="not numbers: 3"):
        plain.predict(frame)


def test_tensors_sparse_matrices_and_hdf5(plain, tmp_path):
    expected = plain.predict(WHOLE, verbose=0)
    torch = pytest.importorskip("torch")
    sparse = pytest.importorskip("scipy.sparse")
    jax = pytest.importorskip("jax")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        given = [
            torch.tensor(WHOLE),
            torch.tensor(WHOLE, dtype=torch.float32, requires_grad=True),
            torch.tensor(WHOLE, dtype=torch.bfloat16),
            list(torch.tensor(WHOLE)),
            jax.numpy.asarray(WHOLE),
            sparse.csr_matrix(WHOLE),
            sparse.coo_array(WHOLE),
            file.create_dataset("x", data=WHOLE),
            np.memmap(tmp_path / "rows.bin", np.int64, "w+", shape=WHOLE.shape),
        ]
        given[-1][:] = WHOLE
        for each in given:
            np.testing.assert_array_equal(plain.predict(each, verbose=0), expected)


def test_a_column_for_an_input_of_one_value(keras):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    x = np.linspace(-1, 1, 9)
    with xfblas.compile(model, x) as compiled:
        for same in (x, x[:, None], x[:, None, None], x.tolist()):
            found = compiled.predict(same, verbose=0)
            np.testing.assert_allclose(found, model.predict(x, verbose=0), atol=1e-3)


def test_several_inputs_and_outputs(keras_model, branched):
    model = keras_model("branched")
    left, right = rows_for(model, 40)
    expected = model.predict([left, right], verbose=0)
    for given in (
        [left, right],
        (left, right),
        {"left": left, "right": right},
        [left.tolist(), right],
    ):
        found = branched.predict(given, verbose=0)
        assert isinstance(found, list)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-3)


def pairs(step, *others):
    return [tuple(part[i : i + step] for part in (WHOLE, *others)) for i in range(0, 30, step)]


TARGETS = np.arange(30)


def test_generators(keras_model, plain):
    expected = plain.predict(WHOLE, verbose=0)
    for batches in (
        pairs(7),
        pairs(7, TARGETS),
        pairs(7, TARGETS, TARGETS),
        [(rows.tolist(),) for (rows,) in pairs(7)],
        [rows for (rows,) in pairs(7)],  # Keras wants a tuple; there is nothing to confuse it with
        [(WHOLE[:0],), (WHOLE,)],
    ):
        np.testing.assert_array_equal(plain.predict(iter(batches), verbose=0), expected)
    found = plain.predict((batch for batch in pairs(7)), steps=2, verbose=0)
    np.testing.assert_array_equal(found, expected[:14])
    np.testing.assert_allclose(
        found,
        keras_model("plain").predict((batch for batch in pairs(7)), steps=2, verbose=0),
        atol=2e-3,
    )
    endless = (batch for _ in iter(int, 1) for batch in pairs(15))
    np.testing.assert_array_equal(plain.predict(endless, steps=2, verbose=0), expected)
    np.testing.assert_array_equal(next(endless)[0], WHOLE[:15])  # took no more than was asked
    # As Keras does, the batch size of a generator is its own.
    assert plain.predict(iter(pairs(7)), batch_size=4, verbose=0).shape == (30, 4)


def test_generators_of_several_inputs(keras_model, branched):
    left, right = rows_for(keras_model("branched"), 40)
    expected = branched.predict([left, right], verbose=0)
    batches = [
        ((left[:25], right[:25]), None),
        ({"right": right[25:], "left": left[25:]}, {"value": np.ones(15)}),
    ]
    for one, other in zip(branched.predict(iter(batches), verbose=0), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stream_that_ends_early_or_at_once(plain):
    with pytest.warns(UserWarning, match="ended after 5 of 9 steps"):
        assert plain.predict(iter(pairs(7)), steps=9, verbose=0).shape == (30, 4)
    with pytest.warns(UserWarning, match="ended after 2 of 3 steps"):
        assert plain.predict(WHOLE, batch_size=15, steps=3, verbose=0).shape == (30, 4)
    used = iter(pairs(7))
    plain.predict(used, verbose=0)
    with pytest.raises(errors.InvalidValueError, match="x gave no batch"):
        plain.predict(used, verbose=0)


def test_keras_datasets(keras, plain):
    class Batches(keras.utils.PyDataset):
        told = ()

        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index >= 3:
                raise AssertionError("read past the end")
            return WHOLE[index * 10 : index * 10 + 10], TARGETS[index * 10 : index * 10 + 10]

        def on_epoch_end(self):
            self.told = (*self.told, "end")

    class Endless(Batches):
        num_batches = None

        def __getitem__(self, index):
            return super().__getitem__(index % 3)

    expected = plain.predict(WHOLE, verbose=0)
    batches = Batches()
    np.testing.assert_array_equal(plain.predict(batches, verbose=0), expected)
    assert batches.told == ("end",)
    np.testing.assert_array_equal(plain.predict(batches, steps=2, verbose=0), expected[:20])
    found = plain.predict(Endless(), steps=6, verbose=0)
    np.testing.assert_array_equal(found, np.concatenate([expected, expected]))
    with pytest.raises(errors.InvalidValueError, match="no end"):
        plain.predict(Endless())


def test_datasets_of_tensorflow_by_their_shape(plain):
    """TensorFlow is not installed here: what its datasets and tensors look like from outside."""

    class Tensor:
        def __init__(self, values):
            self._values, self.shape, self.dtype = values, values.shape, "float32"

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self._values, dtype)

    class Dataset:
        element_spec = None

        def __init__(self, size, count):
            self._size, self._count = size, count

        def cardinality(self):
            return Tensor2(self._count)

        def __iter__(self):
            for first in range(0, 30, self._size):
                rows = slice(first, first + self._size)
                yield Tensor(WHOLE[rows]), Tensor(TARGETS[rows])

    class Tensor2(int):
        pass

    expected = plain.predict(WHOLE, verbose=0)
    for dataset in (Dataset(8, 4), Dataset(30, -2)):
        np.testing.assert_array_equal(plain.predict(dataset, verbose=0), expected)
    np.testing.assert_array_equal(plain.predict(Dataset(8, 4), steps=1, verbose=0), expected[:8])
    with pytest.raises(errors.InvalidValueError, match="no end"):
        plain.predict(Dataset(8, -1))


def test_torch_loaders(plain):
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    expected = plain.predict(WHOLE, verbose=0)
    both = data.TensorDataset(torch.tensor(WHOLE), torch.tensor(TARGETS))
    alone = data.TensorDataset(torch.tensor(WHOLE))
    for dataset in (both, alone):
        loader = data.DataLoader(dataset, batch_size=8)
        np.testing.assert_array_equal(plain.predict(loader, verbose=0), expected)


def test_no_rows_and_one_row(keras_model, plain, branched):
    assert plain.predict(WHOLE[:0], verbose=0).shape == (0, 4)
    assert plain.predict(WHOLE[:0]).dtype == np.float32
    assert plain(WHOLE[:0]).shape == (0, 4)
    assert plain.predict(WHOLE[:1], verbose=0).shape == (1, 4)
    left, right = rows_for(keras_model("branched"), 3)
    empty = branched.predict([left[:0], right[:0]], verbose=0)
    assert [part.shape for part in empty] == [(0, 4), (0, 1)]
    assert plain.predict(iter([(WHOLE[:0],)]), verbose=0).shape == (0, 4)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (WHOLE[:, :5], r"shape \(30, 5\), expected \(rows, 12\)"),
        (WHOLE[0], r"shape \(12,\)"),
        (WHOLE[None], r"shape \(1, 30, 12\)"),
        (np.full((2, 12), np.inf), "inf at"),
        (np.full((2, 12), 1e39), r"1e\+39 at"),
        (np.full((2, 12), "a"), "cannot be read|not numbers|real numbers"),
        (np.ones((2, 12), complex), "x is complex128"),
        ([[1] * 12, [1] * 11], "cannot be read as an array"),
        (3.5, r"shape \(\)"),
        ("rows.csv", r"x is a str"),
        (None, "x is None"),
        ({"other": WHOLE}, "x has 'other'"),
        (iter([(WHOLE, 1, 2, 3)]), "4 parts"),
        (iter([(WHOLE, TARGETS[:3])]), "rows differ: x 30, y 3"),
    ],
)
def test_wrong_inputs_are_told_and_leave_the_model_usable(plain, given, text):
    expected = plain.predict(WHOLE, verbose=0)
    for verbose in (0, "auto"):
        if hasattr(given, "__next__") and verbose == "auto":
            continue  # used up by the first call
        with pytest.raises(errors.InvalidValueError, match=text):
            plain.predict(given, verbose=verbose)
    np.testing.assert_array_equal(plain.predict(WHOLE, verbose=0), expected)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (lambda x, y: x, "x is a ndarray, expected a list of 2 arrays"),
        (lambda x, y: [x], "x is 1 entries"),
        (lambda x, y: [x, y[:3]], "rows differ: input left 40, input right 3"),
        (lambda x, y: {"left": x}, "expected also 'right'"),
        (lambda x, y: {"left": x, "right": y, "up": y}, "x has 'up'"),
        (lambda x, y: [y, x], "left has shape"),
    ],
)
def test_wrong_inputs_of_several(keras_model, branched, given, text):
    with pytest.raises(errors.InvalidValueError, match=text):
        branched.predict(given(*rows_for(keras_model("branched"), 40)), verbose=0)
