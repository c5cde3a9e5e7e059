"""Building a streaming network's image by v++: what is called, with a stand-in for the tools."""

import os
import subprocess
import sys

import pytest
from kernels import HW

from xfblas.image.boards import board_names, read_board

ROOT = HW.parent
TOOL = """#!/bin/sh
echo "$(basename $0) $*" >>"$CALLS"
[ "$1" = --version ] && echo "Vitis v++ v$VITIS"
for word; do [ "$last" = --work_dir ] && mkdir -p "$word" && : >"$word/$word.xo"; last=$word; done
exit 0
"""


def build(tmp_path, *words, version):
    """The calls of v++ and its kin, in their order."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("v++", "emconfigutil"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    calls = tmp_path / "calls"
    environment = os.environ | {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "VITIS": version,
    }
    command = ["make", "-f", "hw/xclbin.mk", f"PYTHON={sys.executable}", "ENGINE=stream", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line for line in calls.read_text().splitlines() if "--version" not in line]


@pytest.mark.parametrize("board", board_names())
@pytest.mark.parametrize("target", ["hw", "hw_emu"])
def test_a_kernel_for_each_layer(board, target, tmp_path):
    words = [f"PLATFORM={board}", f"TARGET={target}", "LAYERS=12,8,5", "ACTIVATION=relu,tanh"]
    calls = build(tmp_path, *words, "DTYPE=short", version="2022.1")
    compiled = [line for line in calls if line.startswith("v++ -c")]
    linked = next(line for line in calls if line.startswith("v++ -l"))
    is_single = board == "kv260"
    names = ["streamKernel"] if is_single else ["streamKernel", "layer1", "layer2"]
    assert [line.split(" -k ")[1].split()[0] for line in compiled] == names
    assert all(
        f"-t {target} --platform {read_board(board).text('platform')}" in c for c in compiled
    )
    folder = HW / f"build/{board}-stream-12-8-5-relu-tanh-short-{target}"
    assert linked.count(".xo") == len(names)
    assert ("emconfigutil" in calls[-1]) == (target == "hw_emu")
    link = (folder / "link.cfg").read_text()
    assert ("stream_connect=layer1_1.to:layer2_1.from" in link) != is_single
    for line in compiled:
        assert (ROOT / line.split()[-1]).is_file()
    if not is_single:
        assert "-DXFBLAS_STREAM_NUMBER=2 -DXFBLAS_STREAM_NAME=layer2" in compiled[2]
        assert link.count("nk=") == 3 and link.count("stream_connect=") == 3


def test_the_mode_of_newer_tools(tmp_path):
    calls = build(tmp_path, "TARGET=hw", "LAYERS=7,3", "DTYPE=float", version="2024.1")
    assert [line.split("--config ")[1].split()[0] for line in calls[:2]] == [
        "streamKernel.cfg",
        "layer1.cfg",
    ]
    text = (HW / "build/u250-stream-7-3-tanh-float-hw/layer1.cfg").read_text()
    assert "syn.top=layer1" in text and "-DXFBLAS_STREAM_NUMBER=1" in text
    assert "stream/layer_kernel.cpp" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["LAYERS=7"], "layers has 1 sizes"),
        (["LAYERS=7,x"], "layers has 'x'"),
        (["DTYPE=int8"], "dtype is 'int8'"),
        (["ACTIVATION=elu"], "activation of layer 1 is 'elu'"),
        (["OUTPUTS=s9"], "outputs has 's9'"),
        (["PLATFORM=u1"], "no board is called 'u1'"),
    ],
)
def test_impossible_networks_fail_with_a_sentence(words, message):
    command = ["make", "-f", "hw/xclbin.mk", f"PYTHON={sys.executable}", "ENGINE=stream"]
    done = subprocess.run(
        [*command, "TARGET=emu", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode and f"manager.py: {message}" in done.stderr
