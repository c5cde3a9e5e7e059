"""Exported projects by other compilers, on other machines, with every driver."""

import contextlib
import os
import subprocess

import projects
import pytest

import xfblas

pytestmark = pytest.mark.native

HERE = projects.ROOT / "tests/export_c"
MACHINES = ["", *projects.EMULATORS]
PARTS = "xfblas_model xfblas_blob xfblas_coding xfblas_errors model_blob"
OWN = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-ffp-contract=off"]
SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=all -g"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two trainings of one model, exported, and one of them in bytes."""
    folder = tmp_path_factory.mktemp("projects")
    for name, seed, bits in (("first", 0, 16), ("second", 5, 16), ("bytes", 0, 8)):
        with xfblas.compile(projects.network(seed), projects.rows(), bits=bits) as model:
            xfblas.write_c_project(model, folder / name, samples=40, rows=16)
    return folder


@pytest.mark.parametrize("machine", projects.EMULATORS)
@pytest.mark.parametrize("kind, dtype", [("first", "short"), ("bytes", "int8")])
def test_machines_of_arm(folders, machine, kind, dtype):
    projects.need_machine(machine)
    model = projects.register_model(dtype=dtype, machine=machine)
    files = [folders / "second/model.bin", folders / "second/vectors.bin"]
    options = [f"MODEL={model}", "DRIVER=model", f"FOLDER=build-{machine}"]
    if kind == "first":
        options.append("ARGUMENTS=" + " ".join(map(str, files)))
    done = projects.make(folders / kind, *options, machine=machine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") == (2 if kind == "first" else 1)


def harness(folders, tmp_path, compiler, model, flags=(), link=("-lstdc++", "-lm", "-lpthread")):
    first = folders / "first"
    program = tmp_path / "harness"
    sources = [first / f"{part}.c" for part in [*PARTS.split(), "driver_model"]]
    command = [compiler, *OWN, *flags, f"-I{first}", *sources, HERE / "harness.c", model]
    projects.run([*command, "-o", program, *link])
    return [program, folders / "second/model.bin", folders / "second/vectors.bin"]


@pytest.mark.parametrize("machine", MACHINES)
def test_misuse_reloads_and_faults(folders, tmp_path, machine):
    projects.need_machine(machine)
    compiler = f"{machine}-gcc" if machine else "gcc"
    model = projects.register_model(machine=machine)
    command = harness(folders, tmp_path, compiler, model, ["-O2"])
    out = projects.run([*projects.runner(machine).split(), *command])
    assert out.endswith("PASS\n"), out


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_sanitizers(folders, tmp_path, compiler):
    projects.need(compiler, compiler)
    plus = {"gcc": "g++", "clang": "clang++"}[compiler]
    # Fibers change stacks, which the address sanitizer of the C side does not look at.
    model = projects.register_model(compiler=plus, name=compiler)
    command = harness(folders, tmp_path, compiler, model, SANITIZERS.split())
    environment = {**os.environ, "ASAN_OPTIONS": "detect_stack_use_after_return=0"}
    out = projects.run(command, env=environment)
    assert out.endswith("PASS\n"), out


@pytest.mark.parametrize("machine", MACHINES)
def test_bare_metal_needs_nothing(folders, tmp_path, machine):
    """Freestanding objects call memcpy and memset alone, which every such library has."""
    projects.need_machine(machine)
    compiler = f"{machine}-gcc" if machine else "gcc"
    first = folders / "first"
    flags = ["-Os", "-ffreestanding", "-fno-builtin", "-ffunction-sections", "-nostdlib"]
    sources = [first / f"{part}.c" for part in [*PARTS.split(), "driver_bare_metal"]]
    linked = tmp_path / "library.o"
    projects.run([compiler, *OWN, *flags, f"-I{first}", "-r", *sources, "-o", linked])
    nm = f"{machine}-nm" if machine else "nm"
    wanted = {line.split()[-1] for line in projects.run([nm, "-u", linked]).splitlines()}
    # Of the compiler's own library: numbers of a machine without them, and exchanges.
    helpers = {name for name in wanted if name.startswith(("__aeabi_", "__aarch64_swp"))}
    assert wanted - helpers <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}, wanted


@contextlib.contextmanager
def board(tmp_path, model, address, size=1 << 22):
    """Files that the model answers as registers and memory."""
    server = tmp_path / "server"
    sources = f"-I{projects.ROOT / 'xfblas/export_c/sources'}"
    projects.run(
        ["g++", "-O1", sources, HERE / "register_server.cpp", model, "-o", server, "-lpthread"]
    )
    registers, memory = tmp_path / "registers", tmp_path / "memory"
    registers.write_bytes(bytes(4096))
    memory.write_bytes(b"\xa5" * size)
    command = [server, registers, memory, hex(address)]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield registers, memory
        finally:
            registers.unlink()
            process.wait(20)


@pytest.mark.parametrize("machine", MACHINES)
def test_linux_by_uio_and_udmabuf(folders, tmp_path, machine):
    projects.need_machine(machine)
    with board(tmp_path, projects.register_model(), 0x840000000) as (registers, memory):
        environment = {
            "XFBLAS_UIO": str(registers),
            "XFBLAS_UDMABUF": str(memory),
            "XFBLAS_UDMABUF_ADDRESS": "0x840000000",
            "XFBLAS_UDMABUF_BYTES": "0x400000",
        }
        files = f"ARGUMENTS={folders / 'second/model.bin'} {folders / 'second/vectors.bin'}"
        options = ["DRIVER=linux", f"FOLDER=build-linux-{machine}", files]
        done = projects.make(folders / "first", *options, machine=machine, environment=environment)
    assert done.returncode == 0 and done.stdout.count("PASS") == 2, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["XFBLAS_UIO", "XFBLAS_UDMABUF"])
def test_linux_without_a_board(folders, tmp_path, name):
    environment = {name: str(tmp_path / "nothing")}
    done = projects.make(folders / "first", "DRIVER=linux", environment=environment)
    assert done.returncode != 0 and "FAIL" in done.stdout and "could not be opened" in done.stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_bare_metal_at_fixed_addresses(folders, tmp_path, machine):
    projects.need_machine(machine)
    compiler, base = f"{machine}-gcc" if machine else "gcc", 0x51000000
    flags = ["-DXFBLAS_BASE=0x50000000u", f"-DXFBLAS_MEMORY_BASE={base:#x}u"]
    flags += ["-DXFBLAS_MEMORY_BYTES=0x400000u", "-DXFBLAS_BARE_METAL", "-Os"]
    # Looks are counted, and an emulated one takes a while.
    flags += ["-DXFBLAS_TIMEOUT_MICROSECONDS=2000000000u"]
    first, program = folders / "first", tmp_path / "program"
    sources = [first / f"{part}.c" for part in [*PARTS.split(), "driver_bare_metal", "main"]]
    own = [flag for flag in OWN if flag not in ("-std=c99", "-pedantic")]
    command = [compiler, *own, *flags, f"-I{first}", *sources, HERE / "board.c"]
    projects.run([*command, "-o", program])
    with board(tmp_path, projects.register_model(), base) as (registers, memory):
        environment = {"BOARD_REGISTERS": str(registers), "BOARD_MEMORY": str(memory)}
        command = [*projects.runner(machine).split(), program]
        out = projects.run(command, env={**os.environ, **environment})
    assert "PASS" in out


def test_the_xilinx_runtime(folders, tmp_path):
    """Over memories of its own for host and device: every range that matters is synchronized."""
    first, program = folders / "first", tmp_path / "program"
    stand_in, interface = tmp_path / "stand_in.o", f"-I{HERE / 'interface'}"
    header = f"-I{projects.ROOT / 'xfblas/export_c/sources'}"
    source = HERE / "xrt_stand_in.cpp"
    projects.run(["g++", "-O1", interface, header, "-c", source, "-o", stand_in])
    sources = [first / f"{part}.c" for part in [*PARTS.split(), "driver_xrt", "main"]]
    command = ["gcc", *OWN, "-O1", interface, f"-I{first}", *sources, stand_in]
    link = ["-lstdc++", "-lm", "-lpthread"]
    projects.run([*command, projects.register_model(), "-o", program, *link])
    files = [folders / "second/model.bin", folders / "second/vectors.bin"]
    environment = {**os.environ, "XFBLAS_XRT_BYTES": str(1 << 22)}
    assert projects.run([program, *files], env=environment).count("PASS") == 2
    for name, value in (
        ("XFBLAS_XCLBIN", "other.xclbin"),
        ("XFBLAS_KERNEL", "gemm"),
        ("XFBLAS_DEVICE", "3"),
        ("XFBLAS_XRT_BYTES", str(1 << 30)),
        ("XFBLAS_XRT_BYTES", "4096"),
    ):
        done = subprocess.run(
            [program], env={**environment, name: value}, capture_output=True, text=True
        )
        assert done.returncode == 1 and "FAIL" in done.stdout
