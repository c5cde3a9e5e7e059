"""xfblas verify on emulated cards: one command, one file."""

import json

import numpy as np

import xfblas
from xfblas.graph import Layer, Network

ARENA = {"environment": {"XFBLAS_XRT_ARENA_MB": "4"}}


def test_each_unit_is_verified(emulate, fcn_image, tmp_path):
    report = tmp_path / "report.json"
    output = emulate("verify.py", fcn_image, report, **ARENA)
    found = json.loads(report.read_text())
    targets = [part["target"] for part in found["parts"]]
    assert targets == ["native", "xrt, compute unit 0 of 2", "xrt, compute unit 1 of 2"]
    assert all(layer["equal"] for part in found["parts"] for layer in part["layers"])
    assert found["verdict"].startswith("all layers are equal on native and xrt, compute unit 0")
    assert output.endswith(found["verdict"] + "\n")
    assert found["environment"]["XCL_EMULATION_MODE"] == "sw_emu"
    assert found["image"]["name"] == "fcn.xclbin" and len(found["image"]["compute_units"]) == 2
    assert str(tmp_path.parent) not in report.read_text()


def test_a_models_own_vectors(emulate, fcn_image, tmp_path):
    generator = np.random.default_rng(5)
    layers = [Layer("d0", generator.normal(0, 0.3, (9, 7)), np.ones(7), "tanh", 1.0)]
    layers.append(Layer("d1", generator.normal(0, 0.3, (7, 4)), np.ones(4), "linear", 1.0))
    rows = generator.normal(size=(30, 9)).astype(np.float32)
    vectors, report = tmp_path / "v.npz", tmp_path / "report.json"
    with xfblas.compile(Network("m", tuple(layers), "linear", (9,)), rows) as model:
        model.save_vectors(vectors, rows[:6])
    emulate("verify.py", fcn_image, report, vectors, **ARENA)
    found = json.loads(report.read_text())
    assert [part["target"] for part in found["parts"]] == ["native", "xrt"]
    names = [layer["name"] for layer in found["parts"][1]["layers"]]
    assert (
        names[:2] == ["d0", "d1"] and found["verdict"] == "all layers are equal on native and xrt"
    )
