"""xfblas doctor and xfblas verify."""

import json

import numpy as np
import pytest

import xfblas
from xfblas.cli import main
from xfblas.diagnosis import facts, report, verify


def test_doctor_prints_text_and_json(capsys, tmp_path):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("CPU", "XRT", "emulation", "default_short.xclbin", "next"):
        assert word in text
    broken = tmp_path / "broken.xclbin"
    broken.write_bytes(b"xclbin2")
    assert main(["doctor", "--json", str(broken)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == xfblas.__version__
    assert "error" in found["images"][-1]
    assert any("broken.xclbin" in advice for advice in found["next"])


def test_doctor_names_the_native_engine(capsys, monkeypatch):
    main(["doctor", "--json"])
    native = json.loads(capsys.readouterr().out)["native"]
    engine = xfblas.native_engine()
    assert native["instruction_set"] == engine.instruction_set in native["instruction_sets"]
    assert native["threads"] == engine.threads >= 1
    main(["doctor"])
    text = capsys.readouterr().out
    assert f"{engine.instruction_set} of " in text and f"; {engine.threads} threads" in text
    assert (engine.blas or "no BLAS") in text
    monkeypatch.setattr(facts, "native", lambda: {"error": "XFBLAS_ISA is sse9"})
    main(["doctor"])
    assert "correct the environment: XFBLAS_ISA is sse9" in capsys.readouterr().out


def test_doctor_advises_a_blas_library(monkeypatch):
    without = {**facts.native(), "blas": None}
    monkeypatch.setattr(facts, "native", lambda: without)
    assert any("libopenblas0" in advice for advice in report.examine()["next"])


def test_doctor_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(facts, "folders", list)
    monkeypatch.setattr(facts.shutil, "which", lambda name: None)
    monkeypatch.setattr(facts, "_is_installed", lambda name: False)
    found = report.examine()
    assert found["xrt"]["library"] is None
    assert not found["emulation"]["ready"]
    advice = " ".join(found["next"])
    assert "libxrt1" in advice and "g++" in advice and "xfblas[keras]" in advice


def test_doctor_tells_of_cards(monkeypatch):
    card = {"bdf": "0000:3b:00.1", "driver": None, "platform": None}
    monkeypatch.setattr(facts, "cards", lambda: [card])
    assert any("no driver" in advice for advice in report.examine()["next"])


def test_verify_finds_all_layers_equal(capsys):
    assert main(["verify", "--target", "csim"]) == 0
    text = capsys.readouterr().out
    assert text.count("equal") == len(verify.CASES) + 1


def test_verify_names_the_first_differing_layer(capsys, monkeypatch):
    right = verify._run
    calls = []

    def broken(unit):
        results = right(unit)
        if not calls:
            results[3] = results[3] ^ np.int16(1)
        calls.append(unit)
        return results

    monkeypatch.setattr(verify, "_run", broken)
    assert main(["verify", "--target", "native"]) == 1
    text = capsys.readouterr().out
    assert "the first differing layer is 4" in text
    assert "layer 4 leaky ReLU" in text and "row 0, column 0" in text


@pytest.mark.parametrize("arguments", [["missing.xclbin"], ["--device", "99", "--target", "csim"]])
def test_verify_tells_errors_in_a_line(capsys, arguments):
    assert main(["verify", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
