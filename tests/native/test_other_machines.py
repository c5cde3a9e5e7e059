"""The engine's parts built by other compilers and for other machines, which emulators run."""

import shutil
import subprocess

import building
import numpy as np
import packages
import problems
import pytest

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


@pytest.mark.parametrize("optimization", ["-O0", "-O2", "-O3"])
def test_aarch64(tmp_path, generator, optimization):
    need("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu")
    need("qemu-aarch64", "qemu-user")
    program = building.build_parts(
        tmp_path / "solve", "aarch64-linux-gnu-g++", [optimization], "solve.cpp", ["-static"]
    )
    wanted = problems_with_paths(generator, problems.SPLIT)
    solve(["qemu-aarch64", program], "portable", tmp_path, wanted)


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
