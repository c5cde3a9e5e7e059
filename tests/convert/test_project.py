"""Projects in folders: what convert writes, build goes on from; by Python and by commands."""

import json
import subprocess

import numpy as np
import pytest

import xfblas
from xfblas.cli import main
from xfblas.convert import build as building
from xfblas.convert.synthesis_report import read_synthesis_report
from xfblas.errors import ExecutionError, InvalidValueError
from xfblas.image.boards import find_board

ROWS = np.random.default_rng(8).standard_normal((60, 5)).astype(np.float32)

CSYNTH = """<?xml version="1.0"?>
<profile>
  <UserAssignments><TargetClockPeriod>4.00</TargetClockPeriod></UserAssignments>
  <PerformanceEstimates>
    <SummaryOfTimingAnalysis><EstimatedClockPeriod>2.920</EstimatedClockPeriod></SummaryOfTimingAnalysis>
    <SummaryOfOverallLatency><Best-caseLatency>undef</Best-caseLatency></SummaryOfOverallLatency>
  </PerformanceEstimates>
  <AreaEstimates>
    <Resources><BRAM_18K>210</BRAM_18K><DSP>1061</DSP><FF>90211</FF><LUT>81012</LUT><URAM>0</URAM></Resources>
    <AvailableResources><DSP>12288</DSP><LUT>1728000</LUT></AvailableResources>
  </AreaEstimates>
</profile>
"""


@pytest.fixture
def configured(keras, tmp_path):
    """A configuration in a folder beside its model and rows."""
    L = keras.layers
    model = keras.Sequential([keras.Input((5,)), L.Dense(4, "tanh"), L.Dense(3, "softmax")])
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "rows.npy", ROWS)
    path = tmp_path / "config.json"
    given = {"KerasModel": "m.keras", "OutputDir": "out", "InputData": "rows.npy", "Part": "xcu50"}
    path.write_text(json.dumps(given))
    return path


def test_commands(configured, capsys):
    folder = configured.parent / "out"
    assert main(["convert", "-c", str(configured)]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith(f"next: xfblas build -p {folder}\n")
    assert main(["build", "-p", str(folder), "--no-csim", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    with xfblas.convert_from_config(configured) as converted:
        assert report == converted.build(csim=False)
        expected = converted.predict(ROWS)
    assert xfblas.build_project(folder, csim=False) == report
    with xfblas.load(folder / "myproject.xfblas") as model:
        np.testing.assert_array_equal(model.predict(ROWS, verbose=0), expected)


@pytest.mark.native
def test_build_runs_the_vectors_of_the_project(configured, capsys):
    folder = configured.parent / "out"
    assert main(["convert", "-c", str(configured)]) == 0
    assert main(["build", "-p", str(folder)]) == 0
    assert "csim: 60 rows, the same bytes as native" in capsys.readouterr().out
    assert main(["build", "-p", str(folder), "--csim-rows", "2"]) == 0
    printed = capsys.readouterr()
    assert "csim: the first 2 of 60 rows, the same bytes as native" in printed.out
    assert "csim ran the first 2 of 60 rows of input_data_tb" in printed.err


def test_outputs_that_a_project_should_give(configured, capsys):
    given = json.loads(configured.read_text()) | {"OutputPredictions": "wanted.npy"}
    configured.write_text(json.dumps(given))
    folder = configured.parent / "out"
    np.save(configured.parent / "wanted.npy", ROWS[:, :3])
    assert main(["convert", "-c", str(configured)]) == 0
    assert main(["build", "-p", str(folder), "--no-csim"]) == 0
    printed = capsys.readouterr().out
    assert "60 rows, largest difference from output_data_tb" in printed
    assert "labels differ" in printed
    np.save(configured.parent / "wanted.npy", ROWS)
    assert main(["convert", "-c", str(configured)]) == 2
    assert "has shape (60, 5), expected (60, 3)" in capsys.readouterr().err


def test_folders_without_a_project(configured, tmp_path, capsys):
    assert main(["build", "-p", str(tmp_path)]) == 2
    assert "--project is" in capsys.readouterr().err
    for text in ("[]", "{", '{"ProjectName": "../m", "Board": "u200"}', '{"ProjectName": "m"}'):
        (tmp_path / "project.json").write_text(text)
        with pytest.raises(InvalidValueError, match=r"project\.json does not describe a project"):
            xfblas.build_project(tmp_path)


@pytest.mark.parametrize(
    ("given", "board"),
    [
        ({}, "u200"),
        ({"part": "xcu250-figd2104-2-e"}, "u250"),
        ({"part": "XCU55C"}, "u55c"),
        ({"platform": "xilinx_u50_gen3x16_xdma_201920_3"}, "u50"),
        ({"platform": "xilinx_u200_xdma_201830_2"}, "u200"),
        ({"board": "kv260", "part": "xck26-sfvc784-2LV-c"}, "kv260"),
    ],
)
def test_boards_by_other_names(given, board):
    assert find_board(**given) == board


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"part": "xcu9"}, "part is 'xcu9', expected that of a board: .*xcu50"),
        ({"platform": ""}, "platform is '', expected that of a board"),
        ({"board": "u50", "part": "xcu250"}, "board means u50, part means u250: expected one"),
    ],
)
def test_boards_that_there_are_not(given, match):
    with pytest.raises(InvalidValueError, match=match):
        find_board(**given)


def test_what_synthesis_found(configured, monkeypatch, tmp_path):
    """v++ as a program that leaves its report; the cycles stay those of the model."""

    def run(command, cwd, check):
        folder = cwd / f"hw/build/{command[3].partition('=')[2]}-fcn-short-hw"
        assert "TARGET=hw" in command and not check
        (folder / "syn").mkdir(parents=True)
        (folder / "syn/csynth.xml").write_text(CSYNTH)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(building, "KERNELS", tmp_path / "hw")
    monkeypatch.setattr(building, "_require_vitis", lambda: None)
    monkeypatch.setattr(building.subprocess, "run", run)
    with xfblas.convert_from_config(configured) as converted:
        report = converted.build(csim=False, bitfile=True)
        cycles = converted.build(csim=False)["CSynthesisReport"]
    found = report["CSynthesisReport"]
    assert found["EstimatedClockPeriod"] == "2.920" and found["DSP"] == "1061"
    assert found["AvailableLUT"] == "1728000" and found["ResourceSource"].endswith("csynth.xml")
    assert found["BestLatency"] == cycles["BestLatency"] and "cycle model" in found["Source"]
    assert report["Xclbin"].endswith("u50-fcn-short-hw/fcn.xclbin")


@pytest.mark.parametrize("text", ["", "<profile>", "<other/>"])
def test_reports_that_are_none(tmp_path, text):
    assert read_synthesis_report(tmp_path) == {}
    (tmp_path / "csynth.xml").write_text(text)
    with pytest.raises(ExecutionError, match=r"csynth\.xml is no report of Vitis HLS"):
        read_synthesis_report(tmp_path)
