"""with xfblas.offload(): products of plain arrays, and nothing else, and nothing afterwards."""

import sys
import threading

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.offloading import thresholds

A = np.arange(600, dtype=np.int16).reshape(20, 30)
B = np.arange(900, dtype=np.int16).reshape(30, 30)
MATMUL, DOT, OPERATOR = np.matmul, np.dot, np.ndarray.__matmul__
LOOK_AT = (lambda: np.matmul, lambda: np.dot, lambda: np.ndarray.__dict__["__matmul__"])


@pytest.fixture(autouse=True)
def nothing_stays():
    """Every test leaves numpy as it was, to the slot of its operator."""
    xfblas.stats(reset=True)
    yield
    assert (np.matmul, np.dot, np.ndarray.__matmul__) == (MATMUL, DOT, OPERATOR)
    assert type(sys.modules["numpy"]) is type(sys)
    A @ B, np.matmul(A, B), np.dot(A, B)
    before = xfblas.stats()
    assert xfblas.stats() == before


def test_calls_in_a_block():
    expected = A @ B
    with xfblas.offload(threshold=1):
        for found in (A @ B, np.matmul(A, B), np.dot(A, B)):
            assert type(found) is np.ndarray
            np.testing.assert_array_equal(found, expected, strict=True)
    assert xfblas.stats()["engine"] == {"@": 1, "matmul": 1, "dot": 1}


def test_what_stays_numpys():
    class Kind(np.ndarray):
        pass

    with xfblas.offload(threshold=1):
        assert type(A.view(Kind) @ B) is Kind
        assert (A.astype(np.int64) @ B).dtype == np.int64
        assert ([1] * 30 @ B).shape == (30,)
        assert np.matmul(A, B, dtype=np.float32).dtype == np.float32
        assert np.matmul(np.stack([A, A]), B).shape == (2, 20, 30)
        assert np.dot(A, 3).shape == A.shape and (A @ B[0]).shape == (20,)
        square = B.copy()
        square @= B
        with pytest.raises(ValueError, match="mismatch"):
            A @ A
        with pytest.raises(TypeError):
            A @ "words"
        assert np.matmul.nin == 2 and np.matmul.__name__ == "matmul"
    assert not xfblas.stats()["engine"]


@pytest.mark.parametrize("name", ["matmul", "dot"])
def test_results_to_fill(name):
    expected = A @ B
    out = np.empty_like(expected)
    with xfblas.offload(threshold=0):
        function = getattr(np, name)
        assert function(A, B, out) is out
        np.testing.assert_array_equal(out, expected)
        out[...] = 0
        assert function(A, B, out=out) is out
        np.testing.assert_array_equal(out, expected)
        square = A[:20, :20].copy()
        function(square, square.copy(), out=square)
        np.testing.assert_array_equal(square, A[:20, :20] @ A[:20, :20])
        assert xfblas.stats()["engine"][name] == 3
        with pytest.raises(ValueError):
            function(A, B, out=out[1:])
        with pytest.raises(TypeError):
            function(A, B, out, out=out)
    wide = np.empty(expected.shape, np.float64)
    with xfblas.offload(threshold=0):
        np.matmul(A, B, out=wide)
        np.testing.assert_array_equal(np.matmul(A, B, dtype=np.float64), A.astype(float) @ B)
    np.testing.assert_array_equal(wide, expected)


def test_the_threshold():
    with xfblas.offload(threshold=A.size * 30 + 1):
        A @ B
    with xfblas.offload(threshold=A.size * 30):
        A @ B
    assert xfblas.stats() == {"engine": {"@": 1}, "numpy": {"@": 1}}


def test_the_measured_threshold(monkeypatch):
    measured = []
    monkeypatch.setattr(thresholds, "_found", {})
    monkeypatch.setattr(thresholds, "_measure", lambda dtype: measured.append(dtype) or 10**4)
    with xfblas.offload():
        A[:5] @ B, A[:5, :] @ B, A @ B
    assert measured == [np.int16] and xfblas.stats()["engine"] == {"@": 1}
    monkeypatch.undo()
    found = thresholds.measured_threshold(np.dtype(np.int16))
    assert found in [side**3 for side in thresholds.SIDES] + [thresholds.LARGE]


def test_a_cube_that_is_won_by_chance(monkeypatch):
    faster = {8: True, 16: False, 32: True, 64: True}
    monkeypatch.setattr(thresholds, "_is_faster", lambda side, dtype: faster.get(side, False))
    assert thresholds._measure(np.dtype(np.int16)) == 32**3
    faster[64] = False
    assert thresholds._measure(np.dtype(np.int16)) == thresholds.LARGE


def test_nested_blocks():
    with xfblas.offload(threshold=10**9):
        A @ B
        with xfblas.offload(threshold=1):
            A @ B
        A @ B
    assert xfblas.stats() == {"engine": {"@": 1}, "numpy": {"@": 2}}


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_after_an_exception(error):
    with pytest.raises(error), xfblas.offload(threshold=1):
        raise error


def test_an_exception_within_a_product(monkeypatch):
    """Whatever goes wrong on the engine reaches the caller, through the operator too."""
    from xfblas.offloading import blocks

    def fails(a, b):
        raise errors.ExecutionError("the card is gone")

    monkeypatch.setattr(blocks, "matmul", fails)
    for call in (lambda: A @ B, lambda: np.matmul(A, B)):
        with pytest.raises(errors.ExecutionError, match="gone"), xfblas.offload(threshold=1):
            call()


def test_other_threads_have_numpys():
    inside, done, seen = threading.Event(), threading.Event(), {}

    def other():
        inside.wait()
        seen["names"] = np.matmul, np.dot
        seen["product"] = A @ B
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with xfblas.offload(threshold=1):
        inside.set()
        assert done.wait(30)
        assert np.matmul is not MATMUL
    thread.join()
    assert seen["names"] == (MATMUL, DOT) and (seen["product"] == A @ B).all()
    assert xfblas.stats()["engine"] == {}


def test_blocks_of_threads_at_once():
    """Each thread's own block counts for it; the last one that is left takes the patch away."""
    barrier, wrong = threading.Barrier(4), []

    def work(index):
        for turn in range(20):
            barrier.wait()
            if (index + turn) % 2:
                with xfblas.offload(threshold=1):
                    wrong.append(np.matmul is MATMUL or not (MATMUL(A, B) == A @ B).all())
            else:
                wrong.append(np.matmul is not MATMUL)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 80 and not any(wrong)
    assert xfblas.stats()["engine"] == {"@": 40}


def test_float64_by_slices(generator):
    x, y = generator.standard_normal((40, 30)), generator.standard_normal((30, 20))
    with xfblas.offload(split=True):
        np.testing.assert_allclose(x @ y, MATMUL(x, y), atol=1e-13)
        x[0, 0] = np.nan
        assert np.isnan((x @ y)[0]).all()
    assert xfblas.stats() == {"engine": {"@": 1}, "numpy": {"@": 1}}


@pytest.mark.parametrize("threshold", [-1, 1.5, "large", True, 2**70])
def test_a_wrong_threshold(threshold):
    with pytest.raises(errors.InvalidValueError, match="threshold is"):
        xfblas.offload(threshold=threshold)


def test_a_block_that_was_not_entered():
    block = xfblas.offload()
    with pytest.raises(errors.InvalidValueError, match="not in the block"):
        block.__exit__(None, None, None)


def test_a_python_whose_types_lie_elsewhere(monkeypatch):
    from xfblas.offloading import array_operator

    monkeypatch.setattr(array_operator.platform, "python_implementation", lambda: "Another")
    text = r"wrap arrays by xfblas\.asarray"
    with pytest.raises(errors.NotSupportedError, match=text), xfblas.offload():
        raise AssertionError
