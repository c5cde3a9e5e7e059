"""Wrapped arrays: products on the engine, the rest numpy's, both counted."""

import pickle
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors
from xfblas.device.compute_unit import ComputeUnit

A = np.arange(-6, 6, dtype=np.int16).reshape(3, 4) * 1000
B = np.arange(20, dtype=np.int16).reshape(4, 5) * 321
STACK = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


@pytest.fixture(autouse=True)
def counted():
    xfblas.stats(reset=True)


#: Functions of numpy, by what they are called; each of a and b, wrapped or not.
PRODUCTS = {
    "matmul": [
        lambda a, b: a @ b,
        np.matmul,
        lambda a, b: np.matmul(a, b, dtype=np.float32),
        lambda a, b: np.linalg.matmul(a, b),
        lambda a, b: np.matmul(a.T, b, axes=[(1, 0), (0, 1), (1, 0)]),
        lambda a, b: xfblas.offloading.array_api.matmul(a, b),
    ],
    "dot": [np.dot, lambda a, b: a.dot(b), lambda a, b: np.linalg.multi_dot([a, b])],
    "inner": [lambda a, b: np.inner(a, b.T)],
    "vdot": [lambda a, b: np.vdot(a[0], b[:, 0])],
    "vecdot": [lambda a, b: np.vecdot(a, b.T[:3]), lambda a, b: np.vecdot(a.T, b[:, :3], axis=0)],
    "tensordot": [
        lambda a, b: np.tensordot(a, b, 1),
        lambda a, b: np.tensordot(a, b, ([1], [0])),
        lambda a, b: np.tensordot(a, b, (1, 0)),
    ],
    "einsum": [
        lambda a, b: np.einsum("ij,jk->ik", a, b),
        lambda a, b: np.einsum("ij,jk", a, b),
        lambda a, b: np.einsum("ij, jk -> ki", a, b),
        lambda a, b: np.einsum("ji,kj->ik", a.T, b.T),
        lambda a, b: np.einsum("ij,ij->", a, b.T[:3]),
    ],
}
CASES = [(name, call) for name, calls in PRODUCTS.items() for call in calls]


@pytest.mark.parametrize(("name", "call"), CASES)
@pytest.mark.parametrize("which", ["left", "right", "both"])
def test_products(name, call, which):
    import xfblas.offloading.array_api

    a = xfblas.asarray(A) if which != "right" else A
    b = xfblas.asarray(B) if which != "left" else B
    expected = np.asarray(call(A, B))
    xfblas.stats(reset=True)
    found = call(a, b)
    np.testing.assert_array_equal(np.asarray(found), expected, strict=True)
    if which == "both" or not call.__name__.startswith("<"):
        assert isinstance(found, xfblas.DeviceArray) or np.ndim(found) == 0
        assert xfblas.stats()["engine"].get(name, 0) >= 1
        assert not xfblas.stats()["numpy"]


@examples(200)
@given(st.data())
def test_einsum_and_tensordot_of_anything(data):
    """Any letters: what is a product is one, and all the rest is numpy's."""
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    sizes = dict(zip("abcde", generator.integers(1, 4, 5), strict=True))
    first, second = (
        "".join(data.draw(st.permutations("abcde"))[: data.draw(st.integers(1, 4))]) for _ in "12"
    )
    letters = sorted({*first, *second})
    result = "".join(data.draw(st.permutations(letters))[: data.draw(st.integers(0, len(letters)))])
    a, b = (
        generator.integers(-9, 9, [sizes[each] for each in term]).astype(np.int16)
        for term in (first, second)
    )
    for text in (f"{first},{second}->{result}", f"{first},{second}"):
        expected = np.einsum(text, a, b)
        found = np.einsum(text, xfblas.asarray(a), xfblas.asarray(b))
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected), strict=True)
    shared = [each for each in first if each in second]
    axes = [[term.index(each) for each in shared] for term in (first, second)]
    expected = np.tensordot(a, b, axes)
    found = np.tensordot(xfblas.asarray(a), b, axes)
    np.testing.assert_array_equal(np.asarray(found), expected, strict=True)


def test_stacks_vectors_and_empty_arrays():
    wrapped = xfblas.asarray(STACK)
    for left, right in (
        (STACK, B),
        (STACK, B[:, 0]),
        (A[0], STACK.swapaxes(1, 2)),
        (STACK[:, :0], B),
        (A[:, :0], B[:0]),
        (STACK, STACK.swapaxes(1, 2)),
    ):
        found = xfblas.asarray(left) @ xfblas.asarray(right)
        np.testing.assert_array_equal(np.asarray(found), left @ right, strict=True)
    np.testing.assert_array_equal(
        np.dot(wrapped, STACK.swapaxes(1, 2)), np.dot(STACK, STACK.swapaxes(1, 2))
    )
    np.testing.assert_array_equal(np.matvec(wrapped, A[0]), np.matvec(STACK, A[0]))
    np.testing.assert_array_equal(np.vecmat(A[:, 0], wrapped), np.vecmat(A[:, 0], STACK))


def test_a_script_goes_on_with_what_numpy_computes():
    x = xfblas.asarray(np.linspace(0, 1, 60, dtype=np.float32).reshape(10, 6))
    centered = x - x.mean(axis=0)
    covariance = centered.T @ centered / np.float32(9)
    expected = np.cov(x.numpy(), rowvar=False, dtype=np.float32)
    assert isinstance(covariance, xfblas.DeviceArray)
    np.testing.assert_allclose(covariance, expected, rtol=1e-5)
    names = ("mean", "subtract", np.true_divide.__name__)
    assert xfblas.stats() == {"engine": {"matmul": 1}, "numpy": dict.fromkeys(names, 1)}
    x += 1
    assert x.numpy().min() == 1 and isinstance(x, xfblas.DeviceArray)


def test_what_the_engine_has_not_is_numpys():
    a = xfblas.asarray(A)
    assert type(a @ B.astype(np.int64)) is np.ndarray
    assert (a @ B.astype(float)).dtype == np.float64
    assert xfblas.stats() == {"engine": {}, "numpy": {"matmul": 2}}
    with pytest.raises(ValueError, match="mismatch"):
        a @ a
    with pytest.raises(TypeError):
        np.matmul(a, B, out=np.zeros((3, 5), np.uint16))
    assert (a @ xfblas.asarray(B) == A @ B).all()


def test_float64_in_slices(generator):
    x, y = generator.standard_normal((30, 40)), generator.standard_normal((40, 20))
    a = xfblas.asarray(x, split=True)
    for found in (
        a @ y,
        a @ xfblas.asarray(y, split=True),
        np.dot(x, xfblas.asarray(y, split=True)),
    ):
        assert isinstance(found, xfblas.DeviceArray) and found.dtype == np.float64
        np.testing.assert_allclose(found, x @ y, atol=1e-13)
    assert xfblas.stats()["engine"] == {"matmul": 2, "dot": 1}
    x[0, 0] = np.inf
    assert np.isinf((xfblas.asarray(x, split=True) @ y)[0]).all()


def test_options_of_matmul_on_wrapped_arrays():
    a, b = xfblas.asarray(A), xfblas.asarray(B)
    assert xfblas.matmul(a, b, exact=True).dtype == np.int64
    np.testing.assert_array_equal(xfblas.matmul(a, b, activation="relu"), np.maximum(A @ B, 0))
    assert isinstance(xfblas.matmul(a, B), xfblas.DeviceArray)
    np.testing.assert_array_equal(xfblas.gemm(2, a, b, 1, A @ B), 3 * (A @ B))
    np.testing.assert_array_equal(xfblas.gemv(1, a, A[:, 0], trans=True), A.T @ A[:, 0])


def test_it_is_not_written_to():
    array = np.ones((2, 2), np.int16)
    a = xfblas.asarray(array)
    array[:] = 5  # the copy stays
    assert (a @ a == 2).all()
    with pytest.raises(errors.InvalidValueError, match="not written to"):
        a[0] = 1
    with pytest.raises(errors.InvalidValueError, match="out is a DeviceArray"):
        np.add(array, 1, out=a)
    with pytest.raises(ValueError, match="read-only"):
        a.numpy()[0] = 1
    buffer = np.zeros_like(a)
    buffer[0] = 1
    assert type(buffer) is np.ndarray and a.copy().flags.writeable
    kept = a
    a @= a
    assert (kept == 1).all() and (a == 2).all()


def test_what_arrays_have():
    a = xfblas.asarray(STACK)
    assert (a.shape, a.ndim, a.size, a.nbytes, len(a)) == ((2, 3, 4), 3, 24, 48, 2)
    assert a.T.shape == (4, 3, 2) and a.mT.shape == (2, 4, 3) and a.device.engine == "Gemm"
    assert [type(each) for each in a] == [xfblas.DeviceArray] * 2
    assert a.sum() == STACK.sum() and a.max(axis=0).shape == (3, 4)
    assert float(xfblas.asarray(np.float32(2))) == 2 and int(a[0, 0, 1]) == 1
    assert "int16" in repr(a) and not hasattr(a, "sort") and not hasattr(a, "nonsense")
    copied = pickle.loads(pickle.dumps(a))
    np.testing.assert_array_equal(copied, STACK)
    assert a.to_device("cpu").flags.writeable and a.to_device("device") is a
    assert xfblas.asarray(a) is a and xfblas.asarray(a, np.float32).dtype == np.float32
    with pytest.raises(TypeError):
        hash(a)


def test_the_array_api_and_dlpack():
    a, b = xfblas.asarray(A), xfblas.asarray(B)
    xp = a.__array_namespace__()
    assert a.__array_namespace__(api_version="2023.12") is xp
    with pytest.raises(errors.InvalidValueError, match="api_version is '1'"):
        a.__array_namespace__(api_version="1")
    np.testing.assert_array_equal(xp.matmul(a, b), A @ B)
    np.testing.assert_array_equal(xp.tensordot(a, b, axes=1), A @ B)
    np.testing.assert_array_equal(xp.vecdot(a, a), np.vecdot(A, A))
    np.testing.assert_array_equal(xp.matrix_transpose(a), A.T)
    assert xp.sqrt is np.sqrt and isinstance(xp.asarray(A), xfblas.DeviceArray)
    assert isinstance(xp.matmul(A, B), xfblas.DeviceArray)
    back = np.from_dlpack(a)
    np.testing.assert_array_equal(back, A)
    back[0] = 0
    assert (a == A).all()
    with pytest.raises(BufferError, match="copy is False"):
        np.from_dlpack(a, copy=False)
    assert a.__dlpack_device__()[0] == 1
    np.testing.assert_array_equal(xp.from_dlpack(A), A)


class OfAnotherLibrary:
    """What has dlpack and nothing of numpy's."""

    def __dlpack__(self, **options):
        return A.__dlpack__()

    def __dlpack_device__(self):
        return A.__dlpack_device__()


def test_arrays_of_other_libraries():
    np.testing.assert_array_equal(xfblas.asarray(OfAnotherLibrary()), A)


@pytest.mark.parametrize(
    ("x", "options", "error", "text"),
    [
        (np.ones(3), {}, errors.DtypeError, "np.float32, or split=True to keep it"),
        (np.ones(3, np.int64), {}, errors.DtypeError, "expected int16 or float32 or int8"),
        ([[1], [2, 3]], {}, errors.InvalidValueError, "x cannot be read"),
        (A, {"split": True}, errors.DtypeError, "expected float64 or float32"),
        (A, {"split": 3}, errors.InvalidValueError, "split is 3"),
        (A, {"copy": False}, errors.InvalidValueError, "copy is False"),
        (A, {"device": "native"}, errors.InvalidValueError, "expected a Device"),
        (A, {"dtype": "words"}, errors.DtypeError, "dtype is 'words'"),
        (np.ma.masked_equal(A, 0), {}, errors.InvalidValueError, "masked"),
    ],
)
def test_what_cannot_be_wrapped(x, options, error, text):
    with pytest.raises(error, match=text):
        xfblas.asarray(x, **options)


def test_a_device_that_fits_not():
    with xfblas.open(dtype="int8", engine="Gemm") as device:
        with pytest.raises(errors.DtypeError, match="device computes with int8"):
            xfblas.asarray(A, device=device)
        a = xfblas.asarray(A.astype(np.int8), device=device)
        assert a.device is device and (a @ a.T).device is device
    with pytest.raises(errors.NotInitializedError):
        a @ a.T
    with xfblas.open(engine="Gemv") as device, pytest.raises(errors.NotSupportedError):
        xfblas.asarray(A, device=device)


def test_threads_share_an_array():
    b = xfblas.asarray(B)
    wrong = []

    def work():
        for _ in range(50):
            if not (xfblas.asarray(A) @ b == A @ B).all():
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and xfblas.stats()["engine"]["matmul"] == 200


def test_threads_send_a_shared_array_once(monkeypatch):
    b, sent, results = xfblas.asarray(B), [], []
    send = ComputeUnit.send

    def slow_send(*given, **options):
        matrix = send(*given, **options)
        sent.append(matrix.shape)
        time.sleep(0.05)
        return matrix

    monkeypatch.setattr(ComputeUnit, "send", slow_send)
    a = xfblas.asarray(A)
    sent.clear()
    threads = [threading.Thread(target=lambda: results.append(a @ b)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all((each == A @ B).all() for each in results)
    assert sent.count(B.shape) == 1 and (a @ b == A @ B).all()
