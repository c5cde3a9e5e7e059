"""docs/offload.md and docs/scale.md, line by line."""

import numpy as np
import pytest
from pages import run_page

import xfblas
from xfblas.graph.network import Layer

pytestmark = pytest.mark.native


def test_the_page_of_scripts_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    run_page("offload.md", names)
    a, b = names["a"], names["b"]
    wide = a.astype(np.int64) @ b
    np.testing.assert_array_equal(names["wrapped"], a @ b)
    np.testing.assert_array_equal(names["sums"], wide)
    np.testing.assert_array_equal(
        names["mixed"], names["pixels"].astype(np.int32) @ names["weights"]
    )
    layer = np.clip(((wide + np.arange(100)) * 3) >> 20, 0, 32767)
    np.testing.assert_array_equal(names["layer"], layer)
    np.testing.assert_allclose(names["product"], names["x"] @ names["y"], atol=1e-13)
    np.testing.assert_array_equal(names["twice"], a @ b)
    assert isinstance(names["covariance"], xfblas.DeviceArray)
    np.testing.assert_array_equal(names["scores"], a @ b)
    import h5py

    with h5py.File("large.h5") as file:
        np.testing.assert_array_equal(file["c"][:], wide)


def test_the_page_of_machines_runs(tmp_path, monkeypatch, generator):
    pytest.importorskip("dask.array")
    monkeypatch.chdir(tmp_path)
    x = generator.normal(size=(1200, 6)).astype(np.float32)
    layer = Layer("dense", generator.normal(size=(6, 3)), np.zeros(3, np.float32), "linear", 1.0)
    network = xfblas.Network("net", [layer], "softmax", (6,))
    with xfblas.compile(network, x) as model:
        names = {"x": x, "model": model}
        run_page("scale.md", names)
        expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(names["probabilities"].compute(), expected)
    parts = [np.load(path) for path in names["paths"]]
    assert len(parts) == 3
    np.testing.assert_array_equal(np.concatenate(parts), expected)
