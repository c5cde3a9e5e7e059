"""Emulated hosts: each is a program of its own, run as ``xfblas emu`` runs it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import packages
import pytest

from xfblas.emulation.runtime import find_software_emulation
from xfblas.errors import NotSupportedError

from . import kernels

PROGRAMS = Path(__file__).parent / "programs"
RUN_FOLDERS = Path("/tmp")
EMULATE = (sys.executable, "-m", "xfblas", "emu")


def pytest_collection_modifyitems(items):
    try:
        find_software_emulation()
    except NotSupportedError as error:
        reason = packages.missing(f"the Xilinx Runtime: {error}", "libxrt1")
        for item in items:
            if "xrt" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("xrt")


@pytest.fixture(scope="session")
def fcn_image(folder):
    """The Fcn engine's own kernel on two compute units."""
    library = kernels.engine_library("fcn")
    return kernels.write_image(folder / "fcn.xclbin", library.read_bytes())


@pytest.fixture(scope="session")
def gemm_image(folder):
    """The Gemm engine's own kernel on two compute units."""
    library = kernels.engine_library("gemm")
    return kernels.write_image(folder / "gemm.xclbin", library.read_bytes(), "Gemm")


@pytest.fixture(scope="session")
def moody_library(folder):
    return kernels.compile_library(kernels.MOODY, folder / "moody.so").read_bytes()


@pytest.fixture(scope="session")
def moody_image(folder, moody_library):
    """A kernel that misbehaves when it is told to, on two compute units."""
    return kernels.write_image(folder / "moody.xclbin", moody_library)


class Host:
    """A program under emulation."""

    def __init__(self, program, *arguments, options=(), environment=None):
        command = [*EMULATE, *options, "--", sys.executable, PROGRAMS / program, *arguments]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",  # XRT prints what it finds in damaged images
            start_new_session=True,
            env=os.environ | (environment or {}),
        )
        self.output = self.errors = ""

    def line(self) -> str:
        """The next line the program prints."""
        return self.process.stdout.readline().rstrip("\n")

    def wait(self, seconds=120) -> int:
        """Its exit code; the run folder must be gone then."""
        self.output, self.errors = self.process.communicate(timeout=seconds)
        assert self.run_folders() == [], "files are left"
        return self.process.returncode

    def run_folders(self):
        return list(RUN_FOLDERS.glob(f"xfblas-emulation-{self.process.pid}-*"))

    def processes(self) -> list[int]:
        """What lives in its run folder's environment: the program, devices and workers."""
        marker = f"xfblas-emulation-{self.process.pid}-".encode()
        return [number for number in all_processes() if marker in environment_of(number)]


def all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def environment_of(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/environ").read_bytes()
    except OSError:
        return b""


def wait_until(condition, seconds=5.0):
    """Waits for a condition and tells whether it came true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def start():
    """Starts emulated hosts, and ends those that a failing test leaves behind."""
    hosts = []

    def started(program, *arguments, **keywords):
        hosts.append(Host(program, *arguments, **keywords))
        return hosts[-1]

    yield started
    for host in hosts:
        if host.process.poll() is None:
            host.process.kill()
        for number in host.processes():
            os.kill(number, 9)


@pytest.fixture
def emulate(start):
    """Runs an emulated host to its end, which must be a good one, and gives what it printed."""

    def run(program, *arguments, seconds=120, **keywords):
        host = start(program, *arguments, **keywords)
        code = host.wait(seconds)
        assert code == 0, f"exit code {code}\n{host.output}\n{host.errors}"
        return host.output

    return run
