"""Candidates compute what they should, and missing libraries stop nothing."""

import sys
from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest

from bench import gemm
from bench.candidate import Missing, WrongResult
from bench.gemm.product import ACTIVATION_DEVIATION, Product, exact_rows
from bench.predict.mlp import Mlp
from bench.suppliers import ask


@pytest.mark.parametrize("shape", [(1, 5, 7), (17, 300, 33)])
def test_ours_and_numpy_pass_their_checks(shape):
    names = ("xfblas_matmul", "xfblas_program", "numpy_blas")
    with ExitStack() as stack:
        candidates, missing = gemm.candidates(Product(*shape), 1, stack, names)
        assert missing == {}
        for candidate in candidates:
            candidate.call()
            candidate.check()
    assert len({candidate.name for candidate in candidates}) == len(candidates) == 10


def test_a_wrong_result_is_found():
    with ExitStack() as stack:
        candidates, _ = gemm.candidates(Product(2, 3, 4), 1, stack, ("xfblas_matmul",))
        # The result is still what the memory held, as the call is left out.
        with pytest.raises(WrongResult):
            for candidate in candidates:
                candidate.check()


@pytest.mark.parametrize(
    ("library", "supplier", "install"),
    [
        ("torch", "torch_int8", "pip install torch"),
        ("onnxruntime", "onnx_runtime", "pip install onnx onnxruntime"),
    ],
)
def test_a_missing_library_is_left_out(monkeypatch, library, supplier, install):
    monkeypatch.setitem(sys.modules, library, None)
    with ExitStack() as stack:
        names = (supplier, "numpy_blas")
        candidates, missing = gemm.candidates(Product(2, 3, 4), 1, stack, names)
    assert install in missing[supplier]
    assert [candidate.name for candidate in candidates] == ["numpy float32", "numpy float64"]


def test_a_library_that_fails_is_left_out(monkeypatch, capsys):
    def fails():
        raise RuntimeError("no such\noption")

    def is_missing():
        raise Missing("b: pip install b")

    for name, function in (("a", fails), ("b", is_missing), ("c", lambda: 3)):
        monkeypatch.setitem(sys.modules, f"library.{name}", SimpleNamespace(get=function))
    found, missing = ask("library", "abc", "get")
    assert found == [3]
    assert missing == {"a": "a: RuntimeError: no such option", "b": "b: pip install b"}
    assert "Traceback" in capsys.readouterr().err


def test_network_data_is_as_told():
    a, b = Product(64, 256, 64).network
    assert (
        a.min() == 0 and 0.9 < np.sqrt((a.astype(float) ** 2).mean()) / ACTIVATION_DEVIATION < 1.1
    )
    norms = (
        np.linalg.norm(a.astype(float), axis=1).max(),
        np.linalg.norm(b.astype(float), axis=0).max(),
    )
    assert norms[0] * norms[1] < 2**31
    assert np.array_equal(exact_rows(a, b), a[:4].astype(np.int64) @ b.astype(np.int64))


def test_predictions_are_compared_with_numpy():
    mlp = Mlp((6, 5, 3))
    rows = mlp.rows(40)
    probabilities = mlp.forward(rows)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    note = mlp.candidate("a", lambda: probabilities, rows).check()
    assert note == {"agreement": 1.0, "error": 0.0}
    with pytest.raises(WrongResult, match="labels"):
        mlp.candidate("a", lambda: probabilities[:, ::-1], rows).check()
    with pytest.raises(WrongResult, match="shape"):
        mlp.candidate("a", lambda: probabilities[:, :2], rows).check()
