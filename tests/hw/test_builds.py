"""The commands that build images: shown for every board and tool, run where no Vitis is needed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xfblas.image.boards import board_names, read_board

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments, show=True):
    return subprocess.run(
        [
            "make",
            *(["-n"] if show else []),
            "-f",
            "hw/xclbin.mk",
            f"PYTHON={sys.executable}",
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize("target", ["hw", "hw_emu"])
@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
def test_classic_commands(board, target, engine):
    done = make(f"TARGET={target}", f"PLATFORM={board}", f"ENGINE={engine}", "VITIS=2022.1")
    assert done.returncode == 0, done.stderr
    platform, clock = read_board(board).text("platform"), read_board(board).text("clock_mhz")
    compile_line = next(line for line in done.stdout.splitlines() if "v++ -c" in line)
    link_line = next(line for line in done.stdout.splitlines() if "v++ -l" in line)
    for line in (compile_line, link_line):
        assert f"-t {target} --platform {platform}" in line
        assert f"--kernel_frequency {clock}" in line
    assert f"-k {engine}Kernel" in compile_line
    assert "link.cfg" in link_line
    assert ("emconfigutil" in done.stdout) == (target == "hw_emu")


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize(
    ("version", "has_mode", "has_frequency"),
    [
        ("2022.1", False, False),
        ("2022.2", False, False),
        ("2023.1", True, False),
        ("2023.2", True, True),
        ("2024.1", True, True),
        ("2024.2", True, True),
        ("2025.1", True, True),
        ("2025.2", True, True),
    ],
)
def test_commands_follow_the_version(board, version, has_mode, has_frequency):
    """All that Vitis is called with, for each board and version."""
    done = make("TARGET=hw", f"PLATFORM={board}", f"VITIS={version}")
    assert done.returncode == 0, done.stderr
    folder, platform = f"hw/build/{board}-fcn-short-hw", read_board(board).text("platform")
    hertz = 1_000_000 * read_board(board).number("clock_mhz")
    frequency = f"--freqhz {hertz}" if has_frequency else f"--kernel_frequency {hertz // 10**6}"
    temporary = f"--save-temps --temp_dir {folder}/temporary"
    lines = " ".join(done.stdout.replace("\\\n", " ").split())
    classic = (
        f"v++ -c -t hw --platform {platform} -k fcnKernel -I hw/include -I {folder} {frequency}"
    )
    newer = f"cd {folder} && v++ -c --mode hls --config hls_config.cfg --work_dir fcnKernel"
    assert lines.count("v++ -") == 2
    assert (newer in lines, classic in lines) == (has_mode, not has_mode)
    assert (
        f"v++ -l -t hw --platform {platform} --config {folder}/link.cfg {frequency} --jobs 4 "
        f"{temporary} -o {folder}/fcn.xclbin {folder}/fcnKernel.xo"
    ) in lines


@pytest.mark.skipif(shutil.which("v++") is not None, reason="Vitis is installed here")
def test_without_vitis_a_line_says_so():
    done = make("TARGET=hw", show=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1 and "v++ is not on PATH" in lines[0]


def test_configuration_and_script_for_vitis(tmp_path):
    command = [sys.executable, ROOT / "hw/vitis.py", "--board", "u50", "--engine", "gemm"]
    subprocess.run([*command, "--folder", tmp_path], check=True)
    configuration = (tmp_path / "hls_config.cfg").read_text()
    assert "part=xcu50-fsvh2104-2-e" in configuration
    assert "syn.top=gemmKernel" in configuration and "clock=" in configuration
    assert "set_top gemmKernel" in (tmp_path / "run_hls.tcl").read_text()


def test_more_units_than_the_board_has():
    done = make("TARGET=emu", "PLATFORM=kv260", "NUM_CU=7", show=False)
    assert done.returncode != 0 and "the board kv260 has 1" in done.stderr
