"""xfblas verify --report and --vectors: one file that tells what was compared, and how it ended."""

import getpass
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.cli import main
from xfblas.compiled.saved_vectors import read_vectors
from xfblas.diagnosis import facts, report, vectors, verify
from xfblas.graph import Layer, Network

pytestmark = pytest.mark.native
SIZES = (6, 9, 4)


@pytest.fixture(autouse=True)
def _without_cards(monkeypatch):
    monkeypatch.setattr(facts, "cards", list)


@pytest.fixture(scope="module")
def network():
    generator = np.random.default_rng(3)
    layers = tuple(
        Layer(f"d{i}", generator.normal(0, 0.4, SIZES[i : i + 2]), np.zeros(SIZES[i + 1]), name, s)
        for i, (name, s) in enumerate((("relu", 0.0), ("linear", 1.0)))
    )
    return Network("mlp", layers, "softmax", (SIZES[0],))


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(4).normal(size=(40, SIZES[0])).astype(np.float32)


@pytest.fixture
def saved(tmp_path, network, rows):
    def save(bits):
        with xfblas.compile(network, rows, bits=bits) as model:
            model.save_vectors(tmp_path / f"v{bits}.npz", rows[:5])
        return str(tmp_path / f"v{bits}.npz")

    return save


def read(path):
    return json.loads(Path(path).read_text())


def test_report_of_the_package(tmp_path, capsys):
    path = tmp_path / "report.json"
    assert main(["verify", "--target", "native", "--report", str(path)]) == 0
    found = read(path)
    assert found["format"] == report.FORMAT and found["xfblas"] == xfblas.__version__
    assert found["verdict"] == "all layers are equal on native"
    assert capsys.readouterr().out.endswith(found["verdict"] + "\n")
    (part,) = found["parts"]
    assert [layer["name"] for layer in part["layers"]] == [case.name for case in verify.CASES]
    for layer in part["layers"]:
        assert layer["equal"] and layer["found"] == layer["expected"]
        assert re.fullmatch("[0-9a-f]{64}", layer["found"])
    for name in ("system", "cpu", "native", "xrt", "cards", "environment", "time"):
        assert name in found


def test_report_of_an_image(tmp_path):
    image, path = xfblas.image_path("seed_short"), tmp_path / "report.json"
    assert main(["verify", str(image), "--target", "native", "--report", str(path)]) == 0
    told = read(path)["image"]
    assert told["name"] == "seed_short.xclbin" and len(told["sha256"]) == 64
    assert (told["platform"] and told["engines"] == ["Fcn", "Gemm", "Gemv"]) or told["engines"]


@pytest.mark.parametrize("bits", [16, 8, 32])
def test_vectors_are_replayed(saved, tmp_path, capsys, bits):
    path = tmp_path / "report.json"
    options = ["--vectors", saved(bits), "--target", "native", "--report", str(path)]
    assert main(["verify", *options]) == 0
    found = read(path)
    (part,) = found["parts"]
    names = [layer["name"] for layer in part["layers"]]
    assert names[:2] == ["d0", "d1"] and names[-1].startswith("output ")
    assert found["vectors"]["name"] == f"v{bits}.npz"
    assert "the saved vectors" in capsys.readouterr().out


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("layer", [0, 1])
def test_first_layer_and_element(saved, monkeypatch, tmp_path, capsys, bits, layer):
    """A unit that computes something else: the first layer, row and column are named."""
    file, path = saved(bits), tmp_path / "report.json"
    real = read_vectors(file)
    changed = real.expected[layer].copy()
    changed[3, 2] = np.nextafter(changed[3, 2], np.float32(np.inf))
    real.expected[layer] = changed
    monkeypatch.setattr(vectors, "read_vectors", lambda _: real)
    options = ["--vectors", file, "--target", "native", "--report", str(path)]
    assert main(["verify", *options]) == 1
    verdict = read(path)["verdict"]
    assert verdict.startswith(
        f"the first differing layer is {layer + 1} on native: d{layer}, row 3"
    )
    assert "column 2: " in verdict and verdict in capsys.readouterr().out


def test_floats_differ_by_roundings_alone(saved, monkeypatch):
    file = saved(32)
    for factor, status in ((1 + 2.0**-22, 0), (1.001, 1)):
        real = read_vectors(file)
        real.expected[1] = real.expected[1] * np.float32(factor)
        monkeypatch.setattr(vectors, "read_vectors", lambda _, real=real: real)
        assert main(["verify", "--vectors", file, "--target", "native"]) == status


def test_a_card_that_fails_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "has_card", lambda: True)
    monkeypatch.setattr(facts, "xrt", lambda: {"library": "/opt/xrt/lib/libxrt_coreutil.so.2"})

    def count(*_):
        raise errors.ExecutionError(f"XRT cannot load {tmp_path}/fcn.xclbin on device 0: busy")

    monkeypatch.setattr(verify, "unit_count", count)
    path = tmp_path / "report.json"
    assert main(["verify", "--report", str(path)]) == 1
    found = read(path)
    assert found["verdict"] == "failed: xrt: XRT cannot load fcn.xclbin on device 0: busy"
    assert found["parts"][-1]["failed"] and found["xrt"]["library"] == "libxrt_coreutil.so.2"


def test_an_image_that_cannot_be_used(tmp_path, capsys):
    image, path = tmp_path / "broken.xclbin", tmp_path / "report.json"
    image.write_bytes(b"xclbin2\0" + bytes(50))
    assert main(["verify", str(image), "--report", str(path)]) == 2
    found = read(path)
    assert found["verdict"].startswith("failed: ") and found["error"] in found["verdict"]
    assert "broken.xclbin" in capsys.readouterr().err


def test_nothing_private(tmp_path, monkeypatch):
    """Names of folders, which tell who somebody is, stay here."""
    home = tmp_path / "home" / "a b" / "jane.doe"
    (home / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XFBLAS_EMULATION_SHIM", str(home / "shim"))
    monkeypatch.chdir(home / "project")
    image = home / "project" / "fcn.xclbin"
    image.write_bytes(b"nothing")
    for given in (str(image), "fcn.xclbin", "../project/fcn.xclbin"):
        assert main(["verify", given, "--report", "report.json"]) == 2
        text = Path("report.json").read_text()
        for word in ("jane", "project", "home", str(tmp_path), getpass.getuser() + "/"):
            assert word not in text, word
        assert "fcn.xclbin" in text
    assert main(["verify", "--target", "native", "--report", "report.json"]) == 0
    assert "jane" not in Path("report.json").read_text()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home/jane/x/fcn.xclbin: it is damaged", "fcn.xclbin: it is damaged"),
        ("'/home/jane/x.bin', and ../jane/y.bin", "'x.bin', and y.bin"),
        ("1 / 2 and 3/4", "1 / 2 and 4"),
        ("no path", "no path"),
    ],
)
def test_folders_are_left_out(text, kept):
    assert report._without_places({"a": [text]}) == {"a": [kept]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "expected a file that save_vectors wrote"),
        (b"PK\3\4 not a zip", "expected a file that save_vectors wrote"),
    ],
)
def test_files_that_are_no_vectors(tmp_path, content, message):
    path = tmp_path / "v.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.InvalidValueError, match=message):
        read_vectors(path)


def test_vectors_that_are_cut_or_newer(saved, tmp_path):
    whole = Path(saved(16)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(errors.InvalidValueError, match="save_vectors wrote"):
        read_vectors(tmp_path / "cut.npz")
    with np.load(saved(16)) as file:
        arrays = dict(file)
    for about, message in (({"version": 9}, "version is 9"), ({"format": "x"}, "format is 'x'")):
        told = json.loads(arrays["about"].tobytes()) | about
        changed = arrays | {"about": np.frombuffer(json.dumps(told).encode(), np.uint8)}
        np.savez(tmp_path / "new.npz", **changed)
        with pytest.raises(errors.InvalidValueError, match=message):
            read_vectors(tmp_path / "new.npz")


def test_an_array_is_no_vectors(tmp_path):
    np.save(tmp_path / "v.npy", np.zeros(3))
    with pytest.raises(errors.InvalidValueError, match="save_vectors wrote: it holds one array"):
        read_vectors(tmp_path / "v.npy")


def test_vectors_need_rows(network, rows, tmp_path):
    with xfblas.compile(network, rows) as model:
        with pytest.raises(errors.InvalidValueError, match="x has no rows"):
            model.save_vectors(tmp_path / "v.npz", rows[:0])
        assert not (tmp_path / "v.npz").exists()


def test_report_is_no_input(saved):
    file = saved(16)
    assert main(["verify", "--vectors", file, "--report", file]) == 2
    assert read_vectors(file).about["name"] == "mlp"


@pytest.mark.parametrize("dtype", verify.DTYPES[:2])
@pytest.mark.parametrize("field", ["post", "prelu", "options", "has_bias"])
def test_vectors_tell_every_field(monkeypatch, dtype, field):
    """Of each element type: another value of any field of any layer is seen."""
    other = {"post": (7, 16), "prelu": (300, 9), "options": {"round": True}, "has_bias": None}
    seen = 0
    for number, case in enumerate(verify.CASES):
        expected = verify._exact(dtype)[number]
        value = (not case.has_bias) if field == "has_bias" else other[field]
        changed = list(verify.CASES)
        changed[number] = replace(case, **{field: value})
        with monkeypatch.context() as patched:
            patched.setattr(verify, "CASES", tuple(changed))
            seen += not np.array_equal(verify._exact(dtype)[number], expected)
    assert seen >= len(verify.CASES) - 1


def test_a_folder_that_is_not_there_is_told_first(tmp_path, capsys):
    assert main(["verify", "--report", str(tmp_path / "nowhere" / "r.json")]) == 2
    told = capsys.readouterr()
    assert "--report is" in told.err and "no folder" in told.err and not told.out
