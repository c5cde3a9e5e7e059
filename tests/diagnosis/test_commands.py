"""xfblas doctor and xfblas verify."""

import json
from dataclasses import replace

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.cli import main
from xfblas.device import default_images
from xfblas.diagnosis import doctor, facts, verify


def test_doctor_prints_text_and_json(capsys, tmp_path):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for word in ("CPU", "XRT", "emulation", "default_short.xclbin", "next"):
        assert word in text
    broken = tmp_path / "broken.xclbin"
    broken.write_bytes(b"xclbin2")
    assert main(["doctor", "--json", str(broken)]) == 1
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


def test_doctor_says_why_tiles_are_not_taken(capsys, monkeypatch):
    here = facts.native()

    def told(**native):
        monkeypatch.setattr(facts, "native", lambda: {**here, **native})
        main(["doctor"])
        return [line[11:] for line in capsys.readouterr().out.splitlines() if line[:3] == "AMX"]

    assert told(without_amx="a reason") == ["a reason"]
    both = {"instruction_sets": ["amx", "avx2"], "without_amx": None}
    assert told(instruction_set="avx2", **both) == ["not used, for XFBLAS_ISA is avx2"]
    assert told(instruction_set="amx", **both) == []


def test_doctor_advises_a_blas_library(monkeypatch):
    without = {**facts.native(), "blas": None}
    monkeypatch.setattr(facts, "native", lambda: without)
    assert any("libopenblas0" in advice for advice in doctor.examine()["next"])


def test_doctor_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(facts, "folders", list)
    monkeypatch.setattr(facts.shutil, "which", lambda name: None)
    monkeypatch.setattr(facts.keras_backends, "is_installed", lambda name: False)
    found = doctor.examine()
    assert found["xrt"]["library"] is None
    assert not found["emulation"]["ready"]
    advice = " ".join(found["next"])
    assert "libxrt1" in advice and "g++" in advice and "pip install keras jax" in advice


def test_doctor_tells_of_cards(monkeypatch):
    card = {"bdf": "0000:3b:00.1", "driver": None, "platform": None}
    monkeypatch.setattr(facts, "cards", lambda: [card])
    assert any("no driver" in advice for advice in doctor.examine()["next"])


def test_verify_finds_all_layers_equal(capsys):
    assert main(["verify", "--target", "csim"]) == 0
    text = capsys.readouterr().out
    assert text.count("equal") == len(verify.CASES) + 1


def test_verify_without_a_card_runs_what_can_run(capsys, monkeypatch):
    monkeypatch.setattr(facts, "cards", list)
    assert main(["verify"]) == 0
    text = capsys.readouterr().out
    assert "native (int16), compared with the arithmetic in numpy" in text
    assert "csim (int16), compared with native" in text
    assert "xrt was left out: there is no card" in text
    assert text.endswith("all layers are equal on native and csim\n")
    layers = 3 * len(verify.CASES) + len(verify.FLOAT_CASES)
    assert text.count("equal") == layers + 1
    assert all(f"native ({dtype})" in text for dtype in verify.DTYPES)


def test_verify_of_an_image_without_kernels(capsys, monkeypatch):
    """An image for a card: native takes its sizes, and nothing here runs its kernels."""
    monkeypatch.setattr(facts, "cards", list)
    assert main(["verify", str(xfblas.image_path("seed_short"))]) == 0
    text = capsys.readouterr().out
    assert "csim was left out: " in text and text.endswith("all layers are equal on native\n")


@pytest.mark.parametrize(
    ("library", "expected"),
    [(None, "there is a card, but no libxrt"), ("libxrt.so", "opened xrt, unit 1")],
)
def test_verify_with_a_card(capsys, monkeypatch, library, expected):
    card = {"bdf": "0000:3b:00.1", "driver": "xocl", "platform": None}
    monkeypatch.setattr(facts, "cards", lambda: [card])
    monkeypatch.setattr(facts, "xrt", lambda: {"library": library})
    right = verify.verify

    def opened(image, target="native", device=0, unit=0, trust=False, dtype=verify.DTYPES[0]):
        outcomes = right(image, dtype=dtype)
        return [*outcomes, verify.Outcome(f"opened {target}, unit {unit}", 0, 1, "")]

    monkeypatch.setattr(verify, "verify", opened)
    monkeypatch.setattr(verify, "unit_count", lambda *_: 2)
    assert main(["verify"]) == 0
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("wrong", range(len(verify.CASES)))
def test_verify_finds_what_is_wrong_with_native(capsys, monkeypatch, wrong):
    """The vectors tell every field of the epilogue from another one."""
    cases = list(verify.CASES)
    case = cases[wrong]
    changed = {
        "floor and wrap": {"options": {"round": True, "saturate": True}},
        "scale and shift": {"post": (6, 17)},
        "ReLU": {"prelu": (1, 0)},
        "leaky ReLU": {"prelu": (410, 10)},
        "round and saturate": {"options": {"round": False, "saturate": True}},
        "no bias": {"has_bias": True},
        "48-bit wrap": {"post": (65535, 46)},
    }[case.name]
    exact = verify._exact()
    monkeypatch.setattr(verify, "_exact", lambda *_: exact)
    cases[wrong] = replace(case, **changed)
    monkeypatch.setattr(verify, "CASES", tuple(cases))
    assert main(["verify", "--target", "native"]) == 1
    assert f"the first differing layer is {wrong + 1} on native" in capsys.readouterr().out


@pytest.mark.parametrize("is_source_tree", [True, False])
def test_make_is_offered_in_the_source_tree_alone(capsys, monkeypatch, tmp_path, is_source_tree):
    if not is_source_tree:
        monkeypatch.setattr(default_images, "SOURCE_TREE", tmp_path)
    monkeypatch.setattr(default_images, "DIRECTORY", tmp_path)
    monkeypatch.setattr(facts, "images", lambda paths: [])
    monkeypatch.setattr(facts, "cards", list)
    ready = {"library": "libxrt.so", "version": "2", "can_emulate": True}
    monkeypatch.setattr(facts, "xrt", lambda: ready)
    main(["doctor"])
    text = capsys.readouterr().out
    assert ("make image" in text) == ("make run" in text) == is_source_tree
    assert ("install xfblas again" in text) == ("xfblas emu" in text) != is_source_tree
    with pytest.raises(errors.ImageError) as told:
        xfblas.image_path("default_short")
    assert ("make image" in str(told.value)) == is_source_tree


def test_verify_without_the_source_tree(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(facts, "cards", list)
    monkeypatch.setattr(default_images, "SOURCE_TREE", tmp_path)
    assert main(["verify"]) == 0
    text = capsys.readouterr().out
    assert "csim was left out: the kernels' sources are not in this installation" in text


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
    assert "the first differing layer is 4 on native" in text
    assert "layer 4 leaky ReLU" in text and "row 0, column 0" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.xclbin"],
        ["--device", "99", "--target", "csim"],
        ["--compute-unit", "9", "--target", "native"],
        ["--target", "moon"],
    ],
)
def test_verify_tells_errors_in_a_line(capsys, arguments):
    assert main(["verify", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
