"""The streaming kernels by themselves: bytes, depths of streams, jobs that are refused, cycles."""

import re
import subprocess

import pragma_lint
import pytest
import stream_networks as networks
from kernels import HW
from stream_kernel import PAGE, StreamKernel, require_oracle
from test_sources import BANNED, INTERFACE

from xfblas.image.boards import read_board
from xfblas.performance.stream_estimate import estimate_stream

STREAM = HW / "stream"
SOURCES = [
    *sorted(STREAM.glob("*.[hc]pp")),
    HW / "include/xfblas/float_activation.hpp",
    HW / "include/xfblas/stream_job.hpp",
]
DEPTHS = (None, 1)
DTYPES = ("float", "short")


def kernel_of(name, data_type, **options):
    sizes, activations, multipliers = networks.NETWORKS[name]
    return StreamKernel(sizes, activations, data_type, multipliers, **options)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("data_type", DTYPES)
@pytest.mark.parametrize("name", ["one", "awkward", "wide", "deep"])
def test_streams_of_any_depth(name, data_type, depth):
    """No deadlock, nothing is left in a stream (the simulation fails else), and the same bytes."""
    generator = networks.new_generator()
    kernel = kernel_of(name, data_type, depth=depth)
    for count in (1, 1000, 3):
        layers = networks.random_layers(generator, kernel.network)
        kernel.load(layers)
        for _ in range(2):
            rows = networks.random_rows(generator, kernel.network, count)
            require_oracle(kernel.run(rows, layers)[0], rows, layers)
    last = kernel.network.outputs[-1]
    require_oracle(kernel.run(rows, layers, (last,))[0], rows, layers)


@pytest.mark.parametrize("board", ["kv260", "u50", "small"])
def test_memory_words_of_any_width(board):
    generator = networks.new_generator()
    kernel = kernel_of("awkward", "short", board=board)
    layers = networks.random_layers(generator, kernel.network)
    kernel.load(layers)
    rows = networks.random_rows(generator, kernel.network, 9)
    require_oracle(kernel.run(rows, layers)[0], rows, layers)


def test_refused_jobs():
    """A job that is none changes nothing but its status."""
    generator = networks.new_generator()
    kernel = kernel_of("awkward", "float")
    layers = networks.random_layers(generator, kernel.network)
    kernel.load(layers)
    first, pages = kernel.first_page, len(kernel.memory) // PAGE
    row = 2  # beats of 5 floats
    good = [2, 2, 1, first, first + 1, 2 + row, 0, 0]
    wrong = [
        (1, {0: 3}),
        (1, {0: 0}),
        (2, {1: 3}),
        (3, {5: 3}),
        (3, {2: 2}),
        (3, {3: first - 1}),
        (3, {3: pages}),
        (3, {6: 1, 4: pages}),
        (3, {6: 1, 4: 0}),
        (3, {7: first}),
        (3, {3: 2**32 - 1}),
    ]
    for status, changes in wrong:
        job = [changes.get(place, value) for place, value in enumerate(good)]
        before = kernel.memory[2 * PAGE :].copy()
        assert kernel.raw_launch(job)[0] == status, job
        assert (kernel.memory[2 * PAGE :] == before).all()
    rows = networks.random_rows(generator, kernel.network, 2)
    require_oracle(kernel.run(rows, layers)[0], rows, layers)


def require_cycles(kernel, generator, counts=(1, 2, 10, 200)):
    board = read_board("u250")
    layers = networks.random_layers(generator, kernel.network)
    loaded = kernel.load(layers)
    estimated = estimate_stream(board, kernel.network, 1).load_cycles
    assert abs(estimated / loaded - 1) < 0.05
    for count in counts:
        for outputs in (kernel.network.outputs, kernel.network.outputs[-1:]):
            rows = networks.random_rows(generator, kernel.network, count)
            found, cycles = kernel.run(rows, layers, outputs)
            require_oracle(found, rows, layers)
            estimated = estimate_stream(board, kernel.network, count, outputs).cycles
            # One row through a layer or two takes less than 100 cycles, of which 5 % are too few.
            tolerance = max(0.05 * cycles, 8)
            assert abs(estimated - cycles) < tolerance, (count, outputs, cycles, estimated)


@pytest.mark.parametrize("data_type", DTYPES)
@pytest.mark.parametrize("name", ["awkward", "wide", "deep", "digits"])
def test_cycles_of_the_model(name, data_type):
    """The closed form agrees within 5 % with the cycle-approximate run."""
    require_cycles(kernel_of(name, data_type), networks.new_generator())


@pytest.mark.exhaustive
def test_random_networks():
    """Any sizes and multipliers: bytes at both depths, and cycles."""
    generator = networks.new_generator()
    functions = ["linear", "relu", "tanh", "sigmoid"]
    for _ in range(8):
        count = int(generator.integers(1, 5))
        sizes = [int(2 ** generator.uniform(0, 8)) for _ in range(count + 1)]
        activations = [functions[place] for place in generator.integers(0, 4, count)]
        data_type = DTYPES[generator.integers(0, 2)]
        multipliers = int(count * 2 ** generator.uniform(0, 10))
        print(sizes, activations, data_type, multipliers)
        kernel = StreamKernel(sizes, activations, data_type, multipliers)
        require_cycles(kernel, generator, (1, 30))
        shallow = StreamKernel(sizes, activations, data_type, multipliers, depth=1)
        layers = networks.random_layers(generator, shallow.network)
        shallow.load(layers)
        rows = networks.random_rows(generator, shallow.network, 20)
        require_oracle(shallow.run(rows, layers)[0], rows, layers)


@pytest.mark.parametrize("data_type", DTYPES)
def test_compiles_for_synthesis(data_type):
    """Both forms, against declarations of the vendor's classes and without exceptions."""
    kernel = kernel_of("awkward", data_type)
    layers = [
        [f"-DXFBLAS_STREAM_NUMBER={number}", f"-DXFBLAS_STREAM_NAME=layer{number}"]
        for number in range(1, len(kernel.network.layers) + 1)
    ]
    tops = [("stream_kernel.cpp", []), ("mover_kernel.cpp", [])]
    for source, defines in [*tops, *(("layer_kernel.cpp", each) for each in layers)]:
        command = ["g++", "-std=c++14", "-D__SYNTHESIS__", "-fno-exceptions", "-fno-rtti"]
        command += ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Werror=vla"]
        command += ["-Wno-unknown-pragmas", "-Wno-unused-label", f"-I{INTERFACE}"]
        command += [f"-I{HW / 'include'}", f"-I{STREAM}", f"-I{kernel.folder}", *defines]
        done = subprocess.run([*command, str(STREAM / source)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_kernels_are_lint_free():
    # Who reads the first link stands behind a macro; the test below looks at that.
    found = pragma_lint.lint(SOURCES)
    assert found == ["stream_kernel.cpp: link_0 of run_chain has 0 processes that read it"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_banned(path):
    text = pragma_lint.without_comments(path.read_text())
    for pattern, what in BANNED.items():
        found = re.search(pattern, text)
        assert not found, f"{found.group()}: {what}"


def test_each_stream_of_a_layer_has_one_writer_and_one_reader():
    """What the lint cannot see behind a macro, by what the functions do with their arguments."""
    macro = (STREAM / "kernel.hpp").read_text().split("#define XFBLAS_STREAM_LAYER", 1)[1]
    macro = macro.replace("\\\n", " ").replace("_##number", "").replace("##number", "")
    declared = re.findall(r"stream<[^;]*?> (\w+)\(", macro)
    writers, readers = [], []
    for function, arguments in re.findall(r"XFBLAS_PROCESS\((\w+)<[^>]*>,([^)]*)\)", macro):
        text = (STREAM / f"{function}.hpp").read_text()
        parameters, body = re.search(
            rf"^void {function}\((.*?)\) {{(.*?)^}}", text, re.S | re.M
        ).groups()
        names = re.findall(r"&\s*(\w+)", parameters)
        for stream, name in zip(re.findall(r"\w+", arguments), names, strict=True):
            reads = rf"\b{name}\.read\(|pass_beats\({name},|accept_row<L>\({name},"
            reads += (
                rf"|load_weights<L>\({name},|multiply_row<L>\({name},|finish_row<L>\(order, {name},"
            )
            (readers if re.search(reads, body) else writers).append(stream)
    assert sorted(declared) == sorted(set(writers) - {"to"}) == sorted(set(readers) - {"from"})
    assert len(writers) == len(set(writers)) and len(readers) == len(set(readers))
