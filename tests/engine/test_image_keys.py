"""Images whose config_info.dat has the keys of public ones: what each of them changes."""

from itertools import pairwise

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3

import xfblas
from xfblas import errors
from xfblas.cli import main

pytestmark = pytest.mark.native


@pytest.fixture
def build(tmp_path, capsys):
    """``build(*options)``: the path of an image that the command made."""

    def run(*options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.xclbin"
        assert main(["xclbin", "build", str(path), *map(str, options)]) == 0, capsys.readouterr()
        return path

    return run


def integers(generator, dtype, *shape):
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max + 1, shape).astype(dtype)


@pytest.mark.parametrize("preset", ["default_short", "seed_short"])
@pytest.mark.parametrize(
    ("data_type", "x_data_type", "dtype", "addend"),
    [
        ("short", "short", np.int16, np.int16),
        ("short", "int32_t", np.int16, np.int32),
        ("int8", "int8", np.int8, np.int8),
        ("int8_t", "int", np.int8, np.int32),
    ],
)
def test_the_type_of_x(build, generator, preset, data_type, x_data_type, dtype, addend):
    path = build("--preset", preset, "--data-type", data_type, "--x-data-type", x_data_type)
    a, b = integers(generator, dtype, 40, 30), integers(generator, dtype, 30, 20)
    x = integers(generator, addend, 40, 20)
    with xfblas.open(path) as device:
        assert (device.dtype, device.addend_dtype) == (dtype, addend)
        unit = device.compute_units[0]
        sent = unit.send(a), unit.send(b), unit.empty((40, 20)), unit.send(x)
        row = unit.send(x[:1])
        for addends, operand in ((x, sent[3]), (x[0], row)):
            for post, prelu, flags in (
                ((1, 0), (1, 0), {}),
                ((3, 7), (0, 0), {"round": True, "saturate": True}),
                ((5, 12), (410, 11), {"saturate": True}),
                ((1, 5), (1, 0), {"round": True, "saturate": True}),
            ):
                unit.fcn(*sent[:3], operand, *post, *prelu, **flags)
                expected = oracle.fcn(a, b, addends, post, prelu, **flags)
                np.testing.assert_array_equal(sent[2].read(), expected)
        # Tables are int32 on every image, X where it says so.
        wrong = np.int32 if addend != np.int32 else np.float32
        with pytest.raises(errors.XfblasError, match=r"holds elements of 4 bytes|computes with"):
            unit.fcn(*sent[:3], unit.send(x.astype(wrong)))
    with xfblas.open(path, engine="Gemm") as device:
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=device), oracle.fcn(a, b))


def test_types_that_no_engine_adds(tmp_path, capsys):
    path = tmp_path / "image.xclbin"
    for options in (["short", "float"], ["short", "int8"], ["float", "int32_t"], ["int8", "short"]):
        data_type, x_data_type = options
        words = ["--data-type", data_type, "--x-data-type", x_data_type]
        assert main(["xclbin", "build", str(path), *words]) == 2
        assert "the Fcn engine adds" in capsys.readouterr().err
    # Gemm adds what C holds, so it runs on each of them.
    words = ["--data-type", "float", "--x-data-type", "int32_t", "--engine", "gemm"]
    assert main(["xclbin", "build", str(path), *words]) == 0
    text = xfblas.image_path("default_short").read_bytes()
    path.write_bytes(text.replace(b"XdataType=int32_t", b"XdataType=float  "))
    with pytest.raises(errors.NotSupportedError, match="dataType=short and XdataType=float"):
        xfblas.open(path)
    with xfblas.open(path, engine="Gemm") as device:
        xfblas.matmul(np.ones((2, 2), np.int16), np.ones((2, 2), np.int16), device=device)


@pytest.mark.parametrize("preset", ["default_short", "seed_short"])
def test_one_row_of_x_for_all_of_c(build, generator, preset):
    path = build("--preset", preset, "--xvec", 1)
    arguments = type("Arguments", (), {"xclbin": str(path), "lib": None, "cfg": None})
    l3.createFcn(arguments, l3.parse_cfg(path))
    try:
        a, b, c = (integers(generator, np.int16, 128, 128) for _ in range(3))
        row = integers(generator, np.int32, 128)
        repeated = np.ascontiguousarray(np.broadcast_to(row, (128, 128)))
        expected = oracle.fcn(a, b, row, (1, 9))
        for x in (row, repeated):
            for matrix in (a, b, c, x):
                l3.sendMat(matrix)
            l3.fcnOp(a, b, c, x, 1, 9)
            l3.getMat(c)
            np.testing.assert_array_equal(c, expected)
            l3.freeMat(x)
        different = repeated.copy()
        different[7, 3] += 1
        l3.sendMat(different)
        for call in (l3.fcnOp, lambda *names: l3.fcnOpByAddress(2, 10, 18, 26, *names)):
            with pytest.raises(errors.InvalidValueError, match="X has rows that differ"):
                call(a, b, c, different)
    finally:
        l3.destroy()


@pytest.mark.parametrize("count", [2, 3, 16, 64])
def test_instructions_of_a_launch(build, generator, count):
    path = build("--num-instr", count)
    a = integers(generator, np.int16, 8, 8)
    with xfblas.open(path) as device:
        assert device.instructions_per_launch == count
        unit = device.compute_units[0]
        places = [unit.send(a), *(unit.empty((8, 8)) for _ in range(70))]
        for before, after in pairwise(places):
            unit.fcn(before, places[0], after)
        expected = a
        for _ in range(70):
            expected = oracle.fcn(expected, a)
        np.testing.assert_array_equal(places[-1].read(), expected)


def test_a_public_configuration_is_taken_as_it_is(build, tmp_path, generator):
    cfg = tmp_path / "config_info.dat"
    cfg.write_text(
        "GEMX_gemmMBlocks=4\nGEMX_gemmKBlocks=4\nGEMX_gemmNBlocks=4\nGEMX_splitMesh=1\n"
        "GEMX_keepMacBits=1\nGEMX_macBits=48\nGEMX_XdataType=short\nGEMX_XddrWidth=32\n"
        "GEMX_dataType=short\nGEMX_ddrWidth=32\nGEMX_numInstr=16\nGEMX_part=u200\n"
        "GEMX_runGemv=0\nGEMX_runGemm=0\nGEMX_runFcn=1\nGEMX_numKernels=1\n"
    )
    path = build("--from", cfg)
    written = dict(word.split("=", 1) for word in path.with_suffix(".dat").read_text().split())
    public = dict(word.split("=", 1) for word in cfg.read_text().split())
    assert {key: written.get(key) for key in public} == {**public, "GEMX_splitMesh": None}
    a, b, c = (integers(generator, np.int16, 128, 128) for _ in range(3))
    x = integers(generator, np.int16, 128, 128)
    arguments = type("Arguments", (), {"xclbin": str(path), "lib": None, "cfg": str(cfg)})
    l3.createFcn(arguments, l3.parse_cfg(cfg))
    try:
        for matrix in (a, b, c, x):
            l3.sendMat(matrix)
        l3.fcnOp(a, b, c, x, 1, 5)
        l3.getMat(c)
        np.testing.assert_array_equal(c, oracle.fcn(a, b, x, (1, 5)))
    finally:
        l3.destroy()


def test_a_configuration_of_another_x_does_not_fit(build, tmp_path):
    path = build("--x-data-type", "short")
    other = build()
    with pytest.raises(errors.ImageError, match=r"XdataType is int32_t in .* but short"):
        xfblas.open(path, cfg=other.with_suffix(".dat"))


def test_biases_that_x_does_not_hold(build):
    path = build("--x-data-type", "short")
    model = network_of(30000.0)
    lists = {"wgt_scale": [1.0], "bias_scale": [1.0], "post_scale": [[1, 0]]}
    with xfblas.open(path) as device:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(model, compute_unit=unit, **lists)
        np.testing.assert_array_equal(runtime.predict(np.ones((2, 3)), 1.0), [[30003], [30003]])
        with pytest.raises(errors.NotSupportedError, match=r"bias of d1 .* 70000.* int16"):
            xfblas.KerasRT(network_of(70000.0), compute_unit=unit, **lists).predict(
                np.ones((2, 3)), 1.0
            )


def network_of(bias):
    from xfblas.graph import Layer, Network

    layer = Layer("d1", np.ones((3, 1), np.float32), np.array([bias], np.float32), "linear", 1.0)
    return Network("model", (layer,), "linear", (3,))
