"""What other machines give: integers byte by byte, float32 within the bound of its sums."""

import numpy as np
import pytest
from children import run_python
from rounding import product_bound

import xfblas
from xfblas.graph import Layer, Network

#: As other CPUs have them: a BLAS with other kernels, and the engine with other instructions.
MACHINES = {
    "avx2": {"OPENBLAS_CORETYPE": "Haswell", "XFBLAS_ISA": "avx2"},
    "portable": {"OPENBLAS_CORETYPE": "Prescott", "XFBLAS_ISA": "portable"},
    "one thread": {"XFBLAS_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}
PROGRAM = """
import numpy as np, xfblas
given, folder = np.load(r"{folder}/given.npz"), r"{folder}"
found = {{}}
for bits in (16, 8):
    with xfblas.load(f"{{folder}}/{{bits}}.xfblas") as model:
        found[f"predicted {{bits}}"] = model.predict(given["x"], verbose=0)
        found[f"in parts {{bits}}"] = model.predict(given["x"], batch_size=7, verbose=0)
found["int16"] = xfblas.matmul(given["a"], given["b"])
found["float32"] = xfblas.matmul(given["p"], given["q"])
np.savez(r"{out}", **found)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Operands, and models that were quantized here."""
    folder = tmp_path_factory.mktemp("machines")
    generator = np.random.default_rng(8)
    operands = {name: generator.integers(-32768, 32768, (90, 90)).astype(np.int16) for name in "ab"}
    floats = {name: generator.standard_normal((90, 90)).astype(np.float32) for name in "pqx"}
    np.savez(folder / "given.npz", **operands, **floats)
    layers = [
        (generator.standard_normal(s) / 9, generator.standard_normal(s[1]))
        for s in ((90, 40), (40, 4))
    ]
    chain = tuple(
        Layer(f"d{i}", *layer, *relu)
        for i, (layer, relu) in enumerate(
            zip(layers, (("relu", 0.0), ("linear", 1.0)), strict=True)
        )
    )
    for bits in (16, 8):
        with xfblas.compile(Network("m", chain, "softmax", (90,)), floats["x"], bits=bits) as model:
            model.save(folder / f"{bits}.xfblas")
    return folder


def results(folder, **environment):
    out = folder / "found.npz"
    done = run_python(PROGRAM.format(folder=folder, out=out), **environment)
    assert done.returncode == 0, done.stderr
    return dict(np.load(out))


@pytest.mark.parametrize("machine", MACHINES)
def test_what_other_machines_give(folder, machine):
    environment = MACHINES[machine]
    isa = environment.get("XFBLAS_ISA")
    if isa not in (None, *xfblas.native_engine().instruction_sets):
        pytest.skip(f"this CPU does not run {isa}")
    here, there = results(folder), results(folder, **environment)
    given = np.load(folder / "given.npz")
    for name in here.keys() - {"float32"}:
        assert here[name].tobytes() == there[name].tobytes(), name
    for bits in (16, 8):
        np.testing.assert_array_equal(here[f"predicted {bits}"], here[f"in parts {bits}"])
    exact = given["p"].astype(float) @ given["q"]
    assert (np.abs(there["float32"] - exact) <= product_bound(given["p"], given["q"])).all()
