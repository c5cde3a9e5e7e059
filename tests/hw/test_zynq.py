"""The Zynq tops: their builds, their block designs, and what their one memory port asks for."""

import re
import shutil
import subprocess
import sys

import packages
import pragma_lint
import pytest
from kernels import HW
from test_sources import INTERFACE, SOURCES

from xfblas.image.boards import read_board

ZYNQ = HW / "zynq"
BOARDS = {
    "ultra96v2": "xczu3eg-sbva484-1-i",
    "pynq-z2": "xc7z020clg400-1",
    "kv260": "xck26-sfvc784-2LV-c",
    "zcu102": "xczu9eg-ffvb1156-2-e",
}


def shown(*options):
    command = ["make", "-n", "-f", str(ZYNQ / "bitstream.mk"), *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("top, kernel", [("master", "fcnMaster"), ("stream", "fcnStream")])
@pytest.mark.parametrize("board", BOARDS)
def test_commands(board, top, kernel):
    done = shown(f"BOARD={board}", f"TOP={top}", "VITIS=2022.2")
    assert done.returncode == 0, done.stderr
    folder = f"bitstream-{board}-short-{top}"
    clock = read_board(board).number("clock_mhz")
    for words in (
        f"configure.py --board {board} --engine fcn --dtype short",
        f"XFBLAS_TOP={top} XFBLAS_KERNEL={kernel}",
        f"XFBLAS_PART={BOARDS[board]} XFBLAS_CLOCK_MHZ={clock} vitis_hls -f",
        f"-tclargs xfblas_{top} {BOARDS[board]} {top} {kernel} {clock} 4",
        # PYNQ looks for the one beside the other.
        f"{folder}/xfblas_{top}.bit",
        f"{folder}/xfblas_{top}.hwh",
    ):
        assert words in done.stdout
    assert "vitis-run --mode hls --tcl" in shown(f"BOARD={board}", "VITIS=2024.2").stdout


@pytest.mark.parametrize(
    "option, words",
    [
        ("BOARD=u250", "BOARD is 'u250', expected one of kv260 pynq-z2 ultra96v2 zcu102"),
        ("TOP=both", "TOP is 'both', expected master or stream"),
        ("DTYPE=float", "DTYPE is 'float', expected short or int8"),
    ],
)
def test_wrong_options(option, words):
    done = shown(option)
    assert done.returncode != 0 and words in done.stderr


#: Vivado's commands, of which the scripts see the names alone; every connection is kept.
STAND_IN = """
proc unknown {args} { lappend ::called $args; return "" }
proc get_property {args} { return "100%%" }
proc glob {args} { return wrapper.v }
proc get_bd_intf_pins {name} { return $name }
proc get_bd_pins {name} { return $name }
set argv {%s}
source %s
foreach call $::called { puts $call }
"""


@pytest.mark.parametrize("top", ["master", "stream"])
@pytest.mark.parametrize("board", BOARDS)
def test_block_designs_run_to_their_end(tmp_path, board, top):
    if shutil.which("tclsh") is None:
        packages.skip_without("tclsh", "tcl")
    assert (ZYNQ / f"boards/{board}.xdc").is_file()
    arguments = f"xfblas part {top} fcn{top.title()} 100 4 {ZYNQ}/boards/{board}"
    script = tmp_path / "run.tcl"
    script.write_text(STAND_IN % (arguments, ZYNQ / "block_design.tcl"))
    done = subprocess.run(["tclsh", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    connected = re.findall(r"^connect_bd_intf_net (\S+) (\S+)$", done.stdout, re.MULTILINE)
    ends = [end for pair in connected for end in pair]
    assert len(ends) == len(set(ends)), "a port has two connections"
    wanted = {"xfblas_0/s_axi_control", "xfblas_0/m_axi_memory"}
    wanted |= {"xfblas_0/rows", "xfblas_0/results"} if top == "stream" else set()
    assert wanted <= set(ends)
    assert {end for end in ends if end.startswith("xfblas_0/")} == wanted
    clocked = re.findall(r"^connect_bd_net ps/(?:pl_clk0|FCLK_CLK0) (\S+)$", done.stdout, re.M)
    assert {"xfblas_0/ap_clk", "to_memory/aclk", "to_registers/aclk"} <= set(clocked)
    assert ("axi_dma_0/m_axi_mm2s_aclk" in clocked) == (top == "stream")
    assert "write_bitstream" in done.stdout and "report_utilization" in done.stdout


def test_the_ip_script_runs_to_its_end(tmp_path):
    if shutil.which("tclsh") is None:
        packages.skip_without("tclsh", "tcl")
    script = tmp_path / "run.tcl"
    settings = ["HW", "TOP", "KERNEL", "PART", "CLOCK_MHZ"]
    script.write_text(
        "".join(f"set ::env(XFBLAS_{name}) {name.lower()}\n" for name in settings)
        + "proc unknown {args} { puts $args }\nproc exit {} {}\n"
        + f"source {ZYNQ}/ip.tcl\n"
    )
    done = subprocess.run(["tclsh", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "set_top kernel" in done.stdout and "export_design -format ip_catalog" in done.stdout


@pytest.mark.parametrize("top", ["master", "stream"])
def test_compiles_for_synthesis(tmp_path, top):
    """With __SYNTHESIS__, against declarations of the vendor's classes, and without exceptions."""
    board = ["--board", "ultra96v2", "--engine", "fcn", "--dtype", "short"]
    configure = [sys.executable, HW / "configure.py", *board, "--output", tmp_path]
    subprocess.run(configure, check=True)
    command = ["g++", "-std=c++14", "-D__SYNTHESIS__", "-fno-exceptions", "-fno-rtti"]
    command += ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas"]
    command += ["-Wno-unused-label", f"-I{INTERFACE}", f"-I{HW / 'include'}", f"-I{tmp_path}"]
    done = subprocess.run([*command, ZYNQ / f"fcn_{top}.cpp"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_sources_are_lint_free():
    own = [ZYNQ / name for name in ("whole_words.hpp", "run_stream.hpp", "fcn_master.cpp")]
    assert pragma_lint.lint([*SOURCES, *own, ZYNQ / "fcn_stream.cpp"]) == []


def test_the_readme_states_every_board():
    text = (ZYNQ / "README.md").read_text()
    for board, part in BOARDS.items():
        described = read_board(board)
        assert part == described.text("part")
        row = next(line for line in text.splitlines() if part in line)
        for dtype in ("short", "int8"):
            assert described.text(f"{dtype}.array") in row
        assert f"{described.number('clock_mhz')} MHz" in row


CHECKED = """
#include <cstdio>
#include "whole_words.hpp"

using namespace xfblas;

int main() {
  Instruction product{}, plain{};
  product.opcode = opcode_fcn, product.a = 2, product.b = 3, product.c = 4;
  product.m = product.k = product.n = product.lda = product.ldb = product.ldc = 16;
  product.post = pack_post(1, 0);
  Instruction map = map_instruction(FeatureMap{}), window = product;
  window.opcode = opcode_window;
  const Instruction pairs[4][2] = {{product, plain}, {map, plain}, {window, map}, {product, map}};
  for (const auto& pair : pairs)
    std::printf("%u ", unsigned(WholeWordProduct::check(pair[0], pair[1], 1024)));
}
"""


def test_feature_maps_are_left_to_the_cards(tmp_path):
    """What walks over one is refused, and so is the product behind a Map."""
    configure = [sys.executable, HW / "configure.py", "--board", "pynq-z2", "--engine", "fcn"]
    subprocess.run([*configure, "--dtype", "short", "--output", tmp_path], check=True)
    (tmp_path / "checked.cpp").write_text(CHECKED)
    command = ["g++", "-std=c++14", "-w", f"-I{HW / 'include'}", f"-I{ZYNQ}", f"-I{tmp_path}"]
    command += [str(tmp_path / "checked.cpp"), "-o", str(tmp_path / "checked")]
    subprocess.run(command, check=True)
    shown = subprocess.run([tmp_path / "checked"], check=True, capture_output=True, text=True)
    assert shown.stdout.split() == ["0", "1", "1", "1"]
