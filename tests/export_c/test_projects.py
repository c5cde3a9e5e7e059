"""write_c_project: C that predicts what Python does, bit for bit, on the kernels' own source."""

import dataclasses
import itertools

import numpy as np
import projects
import pytest

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError

pytestmark = pytest.mark.native


def export(tmp_path, net, x=None, samples=40, name="project", rows=16, **options):
    data = projects.rows(features=net.input_units)
    with xfblas.compile(net, data, **options) as model:
        folder = tmp_path / name
        xfblas.write_c_project(model, folder, x, samples=samples, rows=rows)
    return folder


def passes(done):
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nPASS\n" in done.stdout and " 0 of " in done.stdout
    return True


#: What a blob can hold: each is another way in or out.
MODELS = {
    "plain": (projects.network(0), {}),
    "linear": (projects.network(0, output="linear"), {}),
    "sigmoid": (projects.network(0, output="sigmoid"), {}),
    "elu": (projects.network(0, output="elu"), {}),
    "tanh inside": (projects.network(0, activation="tanh"), {}),
    "table inside": (projects.network(0, activation="elu"), {}),
    "leaky": (projects.network(0, activation="leaky_relu"), {}),
    "bytes": (projects.network(0), {"bits": 8}),
    "bytes, low digits": (projects.network(0), {"bits": 8, "goal": 60.0}),
    "low digits, copies, windows": (projects.network(0), {"goal": 120.0, "growth": 4.0}),
    "softmax by tables": (projects.network(0), {"softmax": "stable"}),
    "legacy softmax of bytes": (projects.network(0), {"softmax": "legacy", "bits": 8}),
    "argmax": (projects.network(0), {"softmax": "argmax"}),
    "gemx": (projects.network(0), {"method": "gemx"}),
    "legacy": (projects.network(0), {"legacy": True}),
    "one layer": (projects.network(0, (5, 3)), {}),
    "wide": (projects.network(0, (33, 40, 1), output="linear"), {}),
    "centered": (
        dataclasses.replace(projects.network(0), center=np.linspace(-1e5, 1e5, 7)),
        {},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_bit_is_the_same(tmp_path, name):
    net, options = MODELS[name]
    x = None
    if name == "centered":
        x = (projects.rows() + np.linspace(-1e5, 1e5, 7)).astype(np.float32)
    folder = export(tmp_path, net, x, **options)
    dtype = "int8" if options.get("bits") == 8 else "short"
    assert passes(
        projects.make(folder, "DRIVER=model", f"MODEL={projects.register_model(dtype=dtype)}")
    )


def test_the_stream_top_gives_the_same(tmp_path):
    for name, number in (("plain", 0), ("softmax by tables", 1)):
        net, options = MODELS[name]
        folder = export(tmp_path, net, name=str(number), **options)
        model = projects.register_model("stream")
        assert passes(projects.make(folder, "DRIVER=model", f"MODEL={model}"))


@pytest.mark.parametrize("top", ["master", "stream"])
def test_other_weights_in_the_same_program(tmp_path, top):
    first = export(tmp_path, projects.network(0), name="first")
    second = export(tmp_path, projects.network(5), name="second")
    files = f"ARGUMENTS={second / 'model.bin'} {second / 'vectors.bin'}"
    model = projects.register_model(top)
    done = projects.make(first, "DRIVER=model", f"MODEL={model}", files)
    assert passes(done) and done.stdout.count("PASS") == 2
    # And vectors of the first do not pass with weights of the second.
    files = f"ARGUMENTS={second / 'model.bin'} {first / 'vectors.bin'}"
    done = projects.make(first, "DRIVER=model", f"MODEL={model}", files)
    assert done.returncode != 0 and "FAIL" in done.stdout


def changed(content, place, value):
    return content[:place] + value + content[place + len(value) :]


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda b: b"", "another size than its header says"),
        (lambda b: b[:100], "another size"),
        (lambda b: b[:-8], "another size"),
        (lambda b: b + bytes(8), "another size"),
        (lambda b: b"nothing." + b[8:], "not written by xfblas export-c"),
        (lambda b: changed(b, 4, b"\2"), "another version"),
        (lambda b: changed(b, len(b) // 2, bytes([b[len(b) // 2] ^ 1])), "corrupt"),
        (lambda b: changed(b, 12, b"\0\0\0\0"), "corrupt"),
    ],
)
def test_wrong_blobs_are_told(tmp_path, change, words):
    folder = export(tmp_path, projects.network(0))
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(change((folder / "model.bin").read_bytes()))
    files = f"ARGUMENTS={wrong} {folder / 'vectors.bin'}"
    done = projects.make(folder, "DRIVER=model", f"MODEL={projects.register_model()}", files)
    assert done.returncode != 0 and words in done.stdout
    assert done.stdout.count("PASS") == 1  # that of its own weights, before


@pytest.mark.parametrize("other", [((7, 9, 5), {}), ((8, 9, 4), {}), ((7, 9, 4), {"bits": 8})])
def test_blobs_of_other_models_are_told(tmp_path, other):
    folder = export(tmp_path, projects.network(0))
    sizes, options = other
    second = export(tmp_path, projects.network(0, sizes), name="second", **options)
    files = f"ARGUMENTS={second / 'model.bin'} {second / 'vectors.bin'}"
    done = projects.make(folder, "DRIVER=model", f"MODEL={projects.register_model()}", files)
    assert done.returncode != 0 and "other inputs, outputs or element types" in done.stdout


@pytest.mark.parametrize(
    "fault, words", [("1", "did not end in time"), ("2", "did not end in time")]
)
def test_a_kernel_that_never_ends(tmp_path, fault, words):
    folder = export(tmp_path, projects.network(0))
    done = projects.make(
        folder,
        "DRIVER=model",
        f"MODEL={projects.register_model()}",
        "CFLAGS=-O1 -DXFBLAS_TIMEOUT_MICROSECONDS=20000u",
        environment={"XFBLAS_MODEL_FAULT": fault},
    )
    assert done.returncode != 0 and words in done.stdout


def test_a_dma_that_moves_less_than_a_run(tmp_path):
    folder = export(tmp_path, projects.network(0), rows=32)
    make = [folder, "DRIVER=model", f"MODEL={projects.register_model('stream')}"]
    narrow = {"XFBLAS_MODEL_FAULT": "4"}
    # 32 rows of 16 bytes are one more than 9 bits count.
    assert passes(projects.make(*make, "CFLAGS=-DXFBLAS_DMA_MOST_BYTES=0x1ff", environment=narrow))
    (folder / "build-model/xfblas_model.o").unlink()
    done = projects.make(*make, "CFLAGS=-DXFBLAS_DMA_MOST_BYTES=0xf")
    assert done.returncode != 0 and "does not fit" in done.stdout
    (folder / "build-model/xfblas_model.o").unlink()
    done = projects.make(*make, "CFLAGS=-DXFBLAS_DMA_MOST_BYTES=0x200", environment=narrow)
    assert done.returncode != 0 and "FAIL" in done.stdout


def test_a_dma_that_fails(tmp_path):
    folder = export(tmp_path, projects.network(0))
    model = projects.register_model("stream")
    done = projects.make(
        folder, "DRIVER=model", f"MODEL={model}", environment={"XFBLAS_MODEL_FAULT": "3"}
    )
    assert done.returncode != 0 and "the DMA reported an error" in done.stdout


@pytest.mark.parametrize(
    "options, words",
    [
        (["DRIVER=nothing"], "DRIVER is 'nothing', expected one of"),
        (["DRIVER=model"], "DRIVER=model needs MODEL="),
        (["DRIVER=model", "MODEL=nothing.o"], "it is 'nothing.o'"),
    ],
)
def test_wrong_options_of_make(tmp_path, options, words):
    folder = export(tmp_path, projects.network(0))
    done = projects.make(folder, *options)
    assert done.returncode != 0 and words in done.stderr


def test_too_little_memory(tmp_path):
    folder = export(tmp_path, projects.network(0))
    done = projects.make(
        folder,
        "DRIVER=model",
        f"MODEL={projects.register_model()}",
        environment={"XFBLAS_MODEL_BYTES": "16384"},
    )
    assert done.returncode != 0 and "does not fit" in done.stdout


def test_builds_that_round_otherwise_are_refused(tmp_path):
    folder = export(tmp_path, projects.network(0))
    done = projects.make(
        folder, "DRIVER=model", f"MODEL={projects.register_model()}", "CFLAGS=-O2 -ffast-math"
    )
    assert done.returncode != 0
    assert "change how floats are rounded" in done.stdout or "FAIL" in done.stdout


def test_models_that_are_no_chain(keras_model, tmp_path):
    model = keras_model("branched")
    data = [projects.rows(20, size[1]) for size in model.input_shape]
    with (
        xfblas.compile(model, data) as compiled,
        pytest.raises(UnsupportedModelError, match="is no chain of dense layers"),
    ):
        xfblas.write_c_project(compiled, tmp_path / "x")
    with (
        xfblas.compile(projects.network(0), bits=32) as compiled,
        pytest.raises(UnsupportedModelError, match="computes in float32"),
    ):
        xfblas.write_c_project(compiled, tmp_path / "x")
    with (
        xfblas.compile(projects.network(0, output="log_softmax"), projects.rows()) as compiled,
        pytest.raises(UnsupportedModelError, match="log_softmax takes a row as a whole"),
    ):
        xfblas.write_c_project(compiled, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"rows": 0}, "rows is 0"),
        ({"samples": 0}, "samples is 0"),
        ({"x": np.zeros((3, 5))}, "x"),
        ({"x": np.zeros((0, 7))}, "x has no rows"),
        ({"x": np.full((2, 7), np.nan)}, "x"),
        ({"folder": ""}, "folder"),
        ({"folder": 3}, "folder"),
        ({"model": "m.xfblas"}, "expected a CompiledModel"),
    ],
)
def test_wrong_arguments(tmp_path, arguments, words):
    with xfblas.compile(projects.network(0), projects.rows()) as model:
        given = {"model": model, "folder": tmp_path / "x", **arguments}
        with pytest.raises(InvalidValueError, match=words):
            xfblas.write_c_project(**given)
    assert not (tmp_path / "x").exists()


def test_registers_are_those_of_the_kernels():
    """The pragmas of both tops have the offsets of the header, where each has its own place."""
    from xfblas.export_c.registers import REGISTERS

    sources = projects.ROOT / "hw/zynq"
    for top in ("fcn_master.cpp", "fcn_stream.cpp"):
        text = (sources / top).read_text()
        for port, name in (("rd", "READ_BASE_LOW"), ("wr", "WRITE_BASE_LOW"), ("amount", "AMOUNT")):
            offset = REGISTERS[f"XFBLAS_REGISTER_{name}"]
            assert f"s_axilite port={port} bundle=control offset=0x{offset:x}\n" in text
        # One memory port for both, and no port of a tensor.
        assert text.count("bundle=memory") == 2 and text.count("m_axi") == 2
    places = {
        name: value for name, value in REGISTERS.items() if name.startswith("XFBLAS_REGISTER_")
    }
    places.pop("XFBLAS_REGISTER_BYTES")
    for one, other in itertools.combinations(places.values(), 2):
        assert one != other and one % 4 == 0
