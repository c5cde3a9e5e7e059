"""Many compute units, threads and hosts give the bytes of native.

Programs of every kind on the genuine runtime are the functional tests': ``pytest --target xrt``.
"""

import pytest

from . import kernels


def test_one_compute_unit(emulate, folder, fcn_image, generator):
    library = kernels.engine_library("fcn").read_bytes()
    image = kernels.write_image(folder / "one.xclbin", library, units=1)
    assert "are equal" in emulate("equal.py", image, "Fcn", int(generator.integers(2**31)), 10)


def test_four_compute_units(emulate, folder, fcn_image, generator):
    library = kernels.engine_library("fcn").read_bytes()
    image = kernels.write_image(folder / "four.xclbin", library, units=4)
    assert "are equal" in emulate("equal.py", image, "Fcn", int(generator.integers(2**31)), 10)


def test_eight_threads(emulate, fcn_image):
    assert emulate("threads.py", fcn_image, 8, 20) == "all equal\n"


def test_two_hosts_at_once(start, fcn_image):
    hosts = [start("equal.py", fcn_image, "Fcn", seed, 20) for seed in (1, 1000)]
    for host in hosts:
        assert host.wait() == 0, host.errors


def test_small_arena(emulate, fcn_image, generator):
    """Memory of one MiB, so that a wrong offset or size of a transfer is outside."""
    environment = {"XFBLAS_XRT_ARENA_MB": "1"}
    seed = int(generator.integers(2**31))
    emulate("equal.py", fcn_image, "Fcn", seed, 10, environment=environment)


@pytest.mark.parametrize("runs", [400, pytest.param(10_000, marks=pytest.mark.hw)])
def test_no_run_is_lost(emulate, folder, fcn_image, runs):
    library = kernels.engine_library("fcn").read_bytes()
    image = kernels.write_image(folder / "soak.xclbin", library, units=4)
    output = emulate("soak.py", image, runs, seconds=600)
    assert output == f"{runs} runs on 4 compute units\n"


@pytest.mark.hw
def test_many_random_programs(emulate, fcn_image, generator):
    seed = int(generator.integers(2**31))
    assert "are equal" in emulate("equal.py", fcn_image, "Fcn", seed, 1000, seconds=600)
