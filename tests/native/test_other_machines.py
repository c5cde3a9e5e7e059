"""The engine's parts built by other compilers and for other machines, which emulators run."""

import shutil
import subprocess

import building
import numpy as np
import oracle
import packages
import problems
import pytest

import xfblas

pytestmark = pytest.mark.hw

ROUNDS = 150


def need(program, package):
    if shutil.which(program) is None:
        packages.skip_without(program, package)


def solve(command, isa, folder, wanted):
    """Runs the problems and compares each C with the reference."""
    file = folder / "problems"
    file.write_bytes(b"".join(problem.to_bytes(path) for problem, path in wanted))
    done = subprocess.run([*command, isa, file], capture_output=True)
    assert done.returncode == 0, done.stderr
    place = 0
    for problem, path in wanted:
        m, n = len(problem.a), problem.b.shape[1]
        leading = n + problem.spare.get("c", 0)
        wide = np.frombuffer(done.stdout, problem.a.dtype, m * leading, place)
        place += wide.nbytes
        c, between = np.hsplit(wide.reshape(m, leading), [n])
        np.testing.assert_array_equal(c, problem.expected(), f"{isa}, path {path}, {problem}")
        assert (between == 55).all(), "wrote behind a row of C"
    assert place == len(done.stdout)


def problems_with_paths(generator, hardest):
    """Random problems on every path that is exact for them on this instruction set."""
    unfit = {problems.SPLIT, problems.ESTIMATED} - {hardest}
    wanted = []
    for _ in range(ROUNDS):
        problem = problems.random_problem(generator, generator.choice([np.int16, np.int8]))
        paths = [-1, *problem.exact_paths()]
        wanted += [(problem, path) for path in paths if path not in unfit]
    return wanted


#: Machines of ARM by the prefix of their tools: the emulator.
MACHINES = {"aarch64-linux-gnu": "qemu-aarch64", "arm-linux-gnueabihf": "qemu-arm"}


def need_machine(machine):
    need(f"{machine}-g++", f"g++-{machine}")
    need(MACHINES[machine], "qemu-user")


@pytest.mark.parametrize("optimization", ["-O0", "-O2", "-O3"])
@pytest.mark.parametrize("machine", MACHINES)
def test_arm(tmp_path, generator, machine, optimization):
    need_machine(machine)
    flags = [optimization, "-Wno-psabi", "-Wno-narrowing"]
    program = building.build_parts(
        tmp_path / "solve", f"{machine}-g++", flags, "solve.cpp", ["-static"]
    )
    wanted = problems_with_paths(generator, problems.SPLIT)
    command = [MACHINES[machine], program]
    solve(command, "portable", tmp_path, wanted)
    solve(command, "amx_twin", tmp_path, [(problem, problems.TILES) for problem, _ in wanted[::4]])


@pytest.fixture(scope="module")
def arm_library(tmp_path_factory):
    """The whole library for a machine of ARM."""
    built = {}

    def get(machine):
        need_machine(machine)
        if machine not in built:
            path = tmp_path_factory.mktemp(machine) / "libxfblas.so"
            flags = ("-O2", "-Wno-psabi", "-Wno-narrowing")
            built[machine] = building.build_library(path, f"{machine}-g++", flags)
        return built[machine]

    return get


@pytest.mark.parametrize("source", ["apps/gemm/gemm.c", "tests/capi/misuse.c"])
@pytest.mark.parametrize("machine", MACHINES)
def test_the_library_on_arm(arm_library, tmp_path, machine, source):
    """Products, and every way to misuse the interface, on 64 and on 32 bits."""
    library = arm_library(machine)
    program = tmp_path / "program"
    command = [f"{machine}-gcc", "-std=c11", f"-I{building.ROOT / 'host_cpp/include'}"]
    command += [building.ROOT / source, library, "-o", program]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}"], check=True)
    images = [xfblas.image_path("default_short"), xfblas.image_path("seed_short")]
    images = images[: 1 + ("misuse" in source)]
    command = [MACHINES[machine], "-L", f"/usr/{machine}", program, *images, "native"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("optimization", ["-O0", "-O3"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_other_compilers(tmp_path, generator, instruction_sets, compiler, optimization):
    need(compiler, compiler.replace("clang++", "clang"))
    program = building.build_parts(
        tmp_path / "solve", compiler, [optimization, "-Werror"], "solve.cpp", []
    )
    for isa in instruction_sets:
        solve([program], isa.decode(), tmp_path, problems_with_paths(generator, isa.hardest))


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_no_code_for_newer_cpus_is_shared(tmp_path, compiler):
    """What one of these files gives to all, as templates of the standard library, needs its CPU."""
    need(compiler, compiler.replace("clang++", "clang"))
    need("nm", "binutils")
    for source in (building.ROOT / "host_cpp/src/native/isa").glob("*.cpp"):
        built = tmp_path / f"{source.stem}.o"
        includes = [f"-I{building.ROOT / name}" for name in building.FOLDERS]
        command = [compiler, "-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", *includes]
        subprocess.run([*command, "-c", source, "-o", built], check=True)
        listed = subprocess.run(["nm", "-C", built], capture_output=True, text=True).stdout
        assert "_kernels()" in listed
        assert [line for line in listed.splitlines() if line[17:18] in "WVu"] == []


def layers_of_a_file(generator, count):
    """Random layers as replay.c reads them, and what the oracle makes of each."""
    parts = [np.int32(count).tobytes()]
    for _ in range(count):
        m, k, n = (int(generator.integers(1, most)) for most in (20, 90, 40))
        round_, saturate = (bool(generator.integers(2)) for _ in range(2))
        post = int(generator.integers(0, 65536)), int(generator.integers(0, 50))
        prelu = int(generator.integers(-512, 512)), int(generator.integers(0, 32))
        a, b = (generator.integers(-(2**15), 2**15, s).astype(np.int16) for s in ((m, k), (k, n)))
        x = generator.integers(-(2**31), 2**31, n).astype(np.int32)
        c = oracle.fcn(a, b, x, post, prelu, round_, saturate)
        # A bias row; the flags of xfblas.h.
        fields = np.int32([m, k, n, 4 | round_ | saturate << 1, *post, *prelu])
        parts += [part.tobytes() for part in (fields, a, b, x, c)]
    return b"".join(parts)


@pytest.mark.parametrize("machine", MACHINES)
def test_layers_on_arm(arm_library, tmp_path, generator, machine):
    """The engine's own arithmetic through the whole library: the oracle's bytes."""
    library, program = arm_library(machine), tmp_path / "replay"
    source = building.ROOT / "tests/native/replay.c"
    command = [f"{machine}-gcc", "-std=c11", "-Wall", f"-I{building.ROOT / 'host_cpp/include'}"]
    rpath = f"-Wl,-rpath,{library.parent}"
    subprocess.run([*command, source, library, "-o", program, rpath], check=True)
    file = tmp_path / "layers"
    file.write_bytes(layers_of_a_file(generator, 60))
    command = [MACHINES[machine], "-L", f"/usr/{machine}", program]
    command += [xfblas.image_path("default_short"), file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "0 of 60 layers differ" in done.stdout, done.stdout
