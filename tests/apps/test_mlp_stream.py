"""The streaming app: its data, its training, and what it prints."""

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import digits
import numpy as np
import pytest
import training

from xfblas.errors import InvalidValueError

APP = Path(__file__).parents[2] / "apps/mlp_stream"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.fixture
def folder(tmp_path):
    """Files of MNIST's kind, one of each spelling: 30 rows to train, 20 to test."""
    generator = np.random.default_rng(3)
    for share, rows in (("train", 30), ("t10k", 20)):
        images = generator.integers(0, 256, (rows, 28, 28)).astype(np.uint8)
        labels = (np.arange(rows) % 10).astype(np.uint8)
        (tmp_path / f"{share}-{IMAGES}").write_bytes(idx(images))
        (tmp_path / f"{share}-{LABELS.replace('-idx', '.idx')}.gz").write_bytes(
            gzip.compress(idx(labels))
        )
    return tmp_path


def test_files_of_mnist(folder):
    rows, classes, test_rows, test_classes = digits.mnist(folder)
    assert rows.shape == (30, 784) and test_rows.shape == (20, 784)
    assert rows.dtype == np.float32 and rows.min() >= 0 and rows.max() == 1
    assert classes.tolist() == [*range(10)] * 3 and test_classes.tolist() == [*range(10)] * 2
    first = (folder / f"train-{IMAGES}").read_bytes()[16:18]
    assert (rows[0, :2] == np.frombuffer(first, np.uint8) / np.float32(255)).all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (f"train-{IMAGES}", None, f"has no train-{IMAGES}"),
        (f"train-{IMAGES}", b"", "is no idx file"),
        (f"train-{IMAGES}", b"\0\0\x0d\3" + bytes(12), "is no idx file of bytes"),
        (f"train-{IMAGES}", b"\0\0\x08\3\0", "ends within its sizes"),
        (f"train-{IMAGES}", idx(np.zeros((30, 28, 28), np.uint8))[:-1], "has 23519 bytes"),
        (f"train-{IMAGES}", idx(np.zeros((30, 28, 27), np.uint8)), r"expected \(rows, 28, 28\)"),
        (f"t10k-{IMAGES}", idx(np.zeros((21, 28, 28), np.uint8)), "21 test images and 20 labels"),
        (f"t10k-{LABELS}", idx(np.full(20, 10, np.uint8)), "labels go up to 10"),
        (f"t10k-{LABELS}", gzip.compress(b"abc", mtime=0)[:-3], "cannot be read"),
    ],
)
def test_damaged_files(folder, name, content, message):
    (folder / name).unlink(missing_ok=True)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InvalidValueError, match=message):
        digits.mnist(folder)


def test_training_learns():
    rows, classes, test_rows, test_classes = digits.scikit_digits()
    layers = training.train(rows, classes, [784, 64, 10], epochs=10)
    found = training.forward(test_rows, layers)["x2"].argmax(1)
    assert (found == test_classes).mean() > 0.95


def run(*arguments):
    command = [sys.executable, APP / "mlp.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_app(tmp_path, folder):
    done = run("--mnist", folder, "--out", tmp_path / "out", "--epochs", "1", "--target", "native")
    assert done.returncode == 0, done.stderr
    for told in ("30 rows to train, 20 to test", "s1: largest difference", "sha256", "u250 short"):
        assert told in done.stdout
    assert {path.name for path in (tmp_path / "out/weights").iterdir()} == {
        "layer1.txt",
        "layer2.txt",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mnist", "nowhere"], "nowhere has no train-images"),
        (["--epochs", "0"], "epochs is 0"),
        (["--xclbin", "nowhere.xclbin"], "nowhere.xclbin"),
    ],
)
def test_wrong_arguments(arguments, message, tmp_path):
    done = run("--out", tmp_path, "--epochs", "1", *arguments)
    assert done.returncode and message in done.stderr and "Traceback" not in done.stderr
