"""What is missing or wrong around the program: one line that says what to do."""

import os
import subprocess
import sys

import pytest

from xfblas.emulation import build, runtime
from xfblas.emulation.settings import Settings
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.image.kinds import Mode

from . import kernels
from .conftest import EMULATE, PROGRAMS


def run(*command, **environment):
    """What a command prints, with variables changed; None removes one."""
    variables = {k: v for k, v in (os.environ | environment).items() if v is not None}
    return subprocess.run(
        [str(word) for word in command], env=variables, capture_output=True, text=True
    )


def opened(image, **environment):
    return run(sys.executable, PROGRAMS / "open.py", image, **environment).stdout.strip()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--"], "the program to run is missing"),
        (["--devices", "0", "--", "true"], "devices is 0, expected 1 to 16"),
        (["--timeout-ms", "0", "--", "true"], "timeout is 0 ms, expected 1 ms or more"),
        (["--platform", "a\tb", "--", "true"], "platform is 'a\\tb', expected ASCII"),
        (["--", "no-such-program"], "'no-such-program' cannot be run: No such file"),
    ],
)
def test_command_line(options, words):
    result = run(*EMULATE, *options)
    assert result.returncode == 2
    assert result.stderr.startswith("xfblas: ") and result.stderr.count("\n") == 1
    assert words in result.stderr


def test_exit_code_and_arguments():
    script = "import sys; print(sys.argv[1:]); sys.exit(9)"
    result = run(*EMULATE, "--", sys.executable, "-c", script, "--devices", "a b")
    assert result.returncode == 9
    assert result.stdout == "['--devices', 'a b']\n"


def test_no_compiler(tmp_path):
    result = run(*EMULATE, "--", "true", CXX="no-such-compiler", XDG_CACHE_HOME=tmp_path)
    assert result.returncode == 2
    assert "no-such-compiler is not installed (Debian: apt-get install g++)" in result.stderr


def test_compiler_that_fails(tmp_path):
    result = run(*EMULATE, "--", "true", CXX="false", XDG_CACHE_HOME=tmp_path)
    assert result.returncode == 2
    assert "the device process cannot be built with false" in result.stderr
    assert list((tmp_path / "xfblas").iterdir()) == []


def test_built_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = build.build()
    monkeypatch.setattr(build, "_compile", None)
    assert build.build() == first


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_what_is_damaged_is_built_again(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # The compiler's work is not what is tested here.
    monkeypatch.setattr(
        build, "_compile", lambda _, *words: words[words.index("-o") + 1].write_bytes(b"built" * 99)
    )
    found = build.build()
    if damage == "missing":
        found.stub.unlink()
    else:
        found.stub.write_bytes(b"built" * 98 + (b"" if damage == "cut" else b"other"))
    assert build.build() == found and found.stub.read_bytes() == b"built" * 99
    assert len(list((tmp_path / "xfblas").iterdir())) == 1


def test_no_runtime(monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "folders", lambda: [tmp_path])
    with pytest.raises(NotSupportedError, match="apt-get install libxrt1"):
        runtime.find_software_emulation()
    (tmp_path / runtime.CORE).touch()
    with pytest.raises(NotSupportedError, match="has no software emulation"):
        runtime.find_software_emulation()
    (tmp_path / runtime.SOFTWARE_EMULATION).touch()
    assert runtime.find_software_emulation() == tmp_path / runtime.SOFTWARE_EMULATION


def test_settings():
    assert '"NumDevices": "3"' in Settings("card", 3).to_emconfig()
    with pytest.raises(InvalidValueError, match="devices is 17"):
        Settings(devices=17)


def test_library_that_is_no_runtime(tmp_path, moody_image):
    library = tmp_path / runtime.CORE
    library.write_bytes(b"no library")
    line = opened(moody_image, LD_LIBRARY_PATH=tmp_path)
    assert line.startswith("NotSupportedError: target xrt needs the Xilinx Runtime (Debian 12: ")
    assert str(library) in line


def test_library_of_an_older_runtime(tmp_path, moody_image):
    kernels.compile_library("int nothing;", tmp_path / runtime.CORE)
    line = opened(moody_image, LD_LIBRARY_PATH=tmp_path)
    assert "libxrt_coreutil.so.2 has no xrtDeviceOpen: target xrt needs XRT 2022.1" in line


def test_no_card(folder, moody_library):
    """What XRT throws where a part of it is missing is told as its failure."""
    image = kernels.write_image(folder / "card.xclbin", moody_library, mode=Mode.PR)
    line = opened(image, XCL_EMULATION_MODE=None, XILINX_XRT=None)
    assert "Error: XRT cannot open device 0: " in line
    line = opened(image, XCL_EMULATION_MODE=None, XILINX_XRT="/nowhere")
    assert "NotSupportedError: XRT cannot open device 0: " in line
    assert "source XRT's setup.sh first" in line


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"XCL_EMULATION_MODE": "sw"}, "is 'sw', expected sw_emu or hw_emu"),
        ({"XCL_EMULATION_MODE": "sw_emu"}, "but XILINX_VITIS is not set: run the program by"),
        (
            {"XCL_EMULATION_MODE": "sw_emu", "XILINX_VITIS": "/nowhere"},
            "there is no device process below XILINX_VITIS",
        ),
        (
            {"XCL_EMULATION_MODE": "sw_emu", "EMCONFIG_PATH": "/nowhere"},
            "EMCONFIG_PATH says /nowhere/emconfig.json, which cannot be read",
        ),
        ({"XFBLAS_TIMEOUT_MS": "soon"}, "XFBLAS_TIMEOUT_MS is 'soon', expected a whole number"),
        ({"XFBLAS_TIMEOUT_MS": "-1"}, "XFBLAS_TIMEOUT_MS is '-1'"),
        ({"XFBLAS_XRT_ARENA_MB": "0"}, "XFBLAS_XRT_ARENA_MB is '0', expected a whole number"),
    ],
)
def test_variables(moody_image, variables, words):
    line = opened(moody_image, **variables)
    assert words in line and "\n" not in line


def test_unknown_target(moody_image):
    script = f"import xfblas; xfblas.open({str(moody_image)!r}, target='fpga')"
    assert "expected native, csim or xrt" in run(sys.executable, "-c", script).stderr


def test_the_folder_of_the_runtime_lends_no_other_library():
    """It is the system's with Debian's package, with a Python of its own."""
    program = "import os; print(*os.listdir(os.environ['LD_LIBRARY_PATH'].partition(':')[0]))"
    done = run(*EMULATE, sys.executable, "-c", program)
    names = done.stdout.split()
    assert any(name.startswith("libxrt_swemu.so") for name in names), done.stderr
    assert {name[:4] for name in names} == {"libx"}
