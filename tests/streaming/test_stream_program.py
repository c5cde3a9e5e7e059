"""The C interface: the example in C++ with its generated header, and calls that are wrong."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from xfblas._xfblas import ffi, lib

import xfblas
from xfblas.image.boards import read_board
from xfblas.image.stream_header import c_header
from xfblas.image.stream_plan import budget_of, plan_network
from xfblas.streaming.images import image_in_memory
from xfblas.streaming.weight_sources import write_text_files

pytestmark = pytest.mark.native
ROOT = Path(__file__).parents[2]
SIZES = [784, 64, 10]


@pytest.fixture(scope="module")
def network():
    return plan_network(SIZES, "tanh", "float", budget_of(read_board("u250"), "float"))


@pytest.fixture(scope="module")
def image(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "stream.xclbin"
    with image_in_memory(read_board("u250"), network) as found:
        path.write_bytes(found.read_bytes())
    return path


def weights():
    generator = np.random.default_rng(5)
    pairs = [(784, 64), (64, 10)]
    return [
        (
            generator.normal(size=pair).astype(np.float32) / np.float32(pair[0] ** 0.5),
            generator.normal(size=pair[1]).astype(np.float32),
        )
        for pair in pairs
    ]


def test_the_program_of_forty_lines(network, image, tmp_path):
    """Compiles against the generated header and gives what Python gives."""
    library = ROOT / "lib/libxfblas.so"
    if not library.is_file():
        pytest.skip("lib/libxfblas.so is not built: make lib")
    source = ROOT / "apps/mlp_stream/mlp.cpp"
    assert len(source.read_text().splitlines()) <= 40
    (tmp_path / "stream_mlp.h").write_text(c_header(network))
    write_text_files(tmp_path / "weights", weights())
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}"]
    command += [f"-I{ROOT / 'host_cpp/include'}", source, "-o", tmp_path / "mlp"]
    command += [f"-L{library.parent}", "-lxfblas", f"-Wl,-rpath,{library.parent}"]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run(
        [tmp_path / "mlp", image, tmp_path / "weights"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with xfblas.StreamingMLP(xclbin=image) as mlp:
        found = mlp.load_weights(weights()).predict(np.ones((2, 784)), verbose=0)
    assert np.float32(done.stdout.split()).tobytes() == found.tobytes()
    wrong = subprocess.run(
        [tmp_path / "mlp", xfblas.image_path("default_short"), tmp_path / "weights"],
        capture_output=True,
        text=True,
    )
    assert wrong.returncode == 1 and "no numLayers" in wrong.stderr


@pytest.mark.parametrize("data_type", ["float", "short"])
def test_the_header_is_plain_c(data_type, tmp_path):
    header = c_header(plan_network([3, 4, 5, 6], "relu", data_type, 9))
    (tmp_path / "stream_mlp.h").write_text(header)
    (tmp_path / "main.c").write_text(
        '#include "stream_mlp.h"\n'
        "int main(void) { stream_outputs o = {0}; return stream_run(0, 0, SIZE_LAYER_3, &o); }\n"
    )
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    command += [f"-I{tmp_path}", f"-I{ROOT / 'host_cpp/include'}", tmp_path / "main.c"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Caller:
    """An opened image, and calls with arguments of which some are wrong."""

    def __init__(self, image):
        self.slot = ffi.new("xfblasHandle_t *")
        null = ffi.NULL
        status = lib.xfblasCreate(self.slot, str(image).encode(), null, b"Stream", 1, b"native", 0)
        assert status == 0, ffi.string(lib.xfblasLastError())
        self.layers = weights()
        self.rows, self.x = np.ones((3, 784), np.float32), np.zeros((3, 10), np.float32)

    def load(self, **changes):
        sizes = changes.get("sizes", SIZES)
        sides = [
            ffi.new(
                "void *[]", [ffi.cast("void *", ffi.from_buffer(pair[i])) for pair in self.layers]
            )
            for i in range(2)
        ]
        values = {
            "sizes": ffi.new("unsigned int[]", sizes),
            "count": len(sizes),
            "weights": sides[0],
            "biases": sides[1],
            "formats": ffi.NULL,
        }
        values |= {name: value for name, value in changes.items() if name != "sizes"}
        return self.status(lib.xfblasStreamLoad(self.slot[0], *values.values()))

    def run(self, **changes):
        nothing = ffi.new("void *[]", [ffi.NULL] * 2)
        places = ffi.new("void *[]", [ffi.NULL, ffi.cast("void *", ffi.from_buffer(self.x))])
        values = {
            "rows": ffi.from_buffer(self.rows),
            "count": 3,
            "columns": 784,
            "sums": nothing,
            "activations": places,
        }
        return self.status(lib.xfblasStreamRun(self.slot[0], *(values | changes).values()))

    def status(self, status):
        return "" if status == 0 else ffi.string(lib.xfblasLastError()).decode()


def test_wrong_calls(image):
    caller, null = Caller(image), ffi.NULL
    assert "never loaded" in caller.run()
    for changes, message in (
        ({"sizes": [784, 63, 10]}, "of layers 784, 63, 10, but the image has 784, 64, 10"),
        ({"sizes": [784, 64]}, "but the image has 784, 64, 10"),
        ({"sizes": SIZES, "weights": null}, "is NULL"),
        ({"biases": ffi.new("void *[]", [null, null])}, "biases of layer 1 is NULL"),
        ({"weights": ffi.new("void *[]", [ffi.cast("void *", 5)] * 2)}, "weights of layer 1 is"),
    ):
        assert message in caller.load(**changes)
        assert "never loaded" in caller.run()
    assert caller.load() == "" == caller.run()
    expected = caller.x.copy()
    assert expected.any()
    for changes, message in (
        ({"columns": 783}, "rows have 783 columns, but the image takes 784"),
        ({"rows": null}, "rows is NULL"),
        ({"rows": ffi.cast("void *", 12)}, "rows is"),
        ({"count": 1 << 50}, "which no memory holds"),
        ({"activations": null}, "is NULL"),
        ({"activations": ffi.new("void *[]", [null] * 2)}, "no output is wanted"),
        ({"activations": ffi.new("void *[]", [null, ffi.cast("void *", 9)])}, "x2 is"),
    ):
        assert message in caller.run(**changes), message
    assert caller.run() == "" and (caller.x == expected).all()
    layer = ffi.new("xfblasStreamLayer_t *")
    assert lib.xfblasStreamGetLayer(caller.slot[0], 2, layer) == 0
    assert (layer.layers, layer.inputs, layer.outputs) == (2, 64, 10)
    for number in (0, 3):
        assert lib.xfblasStreamGetLayer(caller.slot[0], number, layer) != 0
    info = ffi.new("xfblasInfo_t *")
    assert lib.xfblasGetInfo(caller.slot[0], info) == 0 and info.numKernels == 0
    place = ffi.new("void **")
    assert "takes no matrices" in caller.status(lib.xfblasMalloc(caller.slot[0], place, 1, 1, 4, 0))
    assert "takes no matrices" in caller.status(lib.xfblasExecuteAsync(caller.slot[0], 1))
    assert lib.xfblasStreamUnload(caller.slot[0]) == 0 and "never loaded" in caller.run()
    assert lib.xfblasDestroy(caller.slot) == 0 and "handle is NULL" in caller.run()


def test_other_engines_stream_nothing():
    with xfblas.open() as device:
        handle = device._handle._device
        assert lib.xfblasStreamUnload(handle) != 0
        assert b"opened for the Fcn engine, expected Stream" in ffi.string(lib.xfblasLastError())
