"""Damaged tables, special files, and frames with values that are not there."""

import os

import numpy as np
import pandas
import pytest

import xfblas
from xfblas import tables
from xfblas.cli import main
from xfblas.errors import ImageError, InvalidValueError
from xfblas.graph import Layer, Network
from xfblas.image.container import read as read_image

HEADERS = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (50, 4)",
    b"(\n",
    b"[" * 3000,
    b"\xff" * 50,
    b"0777",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (True, 4)}",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000000000000, 4)}",
    b"{'descr': '<f4,,', 'fortran_order': False, 'shape': (1, 4)}",
)


@pytest.mark.parametrize("header", HEADERS)
def test_damaged_headers_of_arrays(tmp_path, header):
    header = header.ljust(117) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (tmp_path / "x.npy").write_bytes(start + header + bytes(800))
    with pytest.raises(InvalidValueError, match=r"x\.npy is not an array of numbers"):
        tables.open_table(tmp_path / "x.npy")


def test_damaged_pages_of_parquet_files(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    path = tmp_path / "x.parquet"
    parquet.write_table(pyarrow.table({"a": [float(i) for i in range(50)]}), path)
    good = path.read_bytes()
    path.write_bytes(good[:4] + bytes(60) + good[64:])
    table = tables.open_table(path)
    for read in (lambda: tables.all_rows(table), lambda: table.texts("a")):
        with pytest.raises(InvalidValueError, match=r"x\.parquet is damaged"):
            read()


def test_special_files_are_no_images(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in ("/dev/zero", "/dev/null", tmp_path / "fifo", tmp_path):
        with pytest.raises(ImageError, match="it is no regular file"):
            read_image(path)
        with pytest.raises(ImageError):
            xfblas.open(path)
        for call in (xfblas.read_graph, xfblas.load, tables.open_table):
            with pytest.raises(InvalidValueError):
                call(path)


def test_endless_files_are_no_text(tmp_path):
    weights = "apps/mlp_keras/models/digits/best_model.h5"
    with pytest.raises(InvalidValueError, match=r"/dev/zero.*is no regular file"):
        xfblas.read_network(weights, "/dev/zero")


@pytest.mark.parametrize("dtype", ("Int64", "boolean", "Float32", "string"))
def test_a_missing_value_of_a_nullable_column_is_named(dtype):
    layer = Layer("d", np.ones((2, 2), "f4"), np.zeros(2, "f4"), "linear", 1.0)
    network = Network("n", (layer,), "linear", (2,))
    values = [1, None, 0] if dtype != "string" else ["1", None, "0"]
    column = pandas.Series(values, dtype=dtype)
    frame = pandas.DataFrame({"age": [1.0, 2.0, 3.0], "height": column})
    frame.index = [10, 20, 30]
    with xfblas.compile(network, np.eye(2), bits=32) as model:
        for x in (frame, [frame], {"input": frame}):
            with pytest.raises(InvalidValueError, match="no value in column height at row 20"):
                model.predict(x, verbose=0)
        for x in (frame.to_numpy(), frame.to_numpy().tolist()):
            with pytest.raises(InvalidValueError, match=r"no value at \(1, 1\)"):
                model.predict(x, verbose=0)
    with pytest.raises(InvalidValueError, match="no value in column height at row 20"):
        network.forward(frame)


def test_endless_files_of_commands(tmp_path, capsys):
    for command in (
        ["info", "/dev/zero"],
        ["build", str(tmp_path / "o.xclbin"), "--from", "/dev/zero"],
        ["build", str(tmp_path / "o.xclbin"), "--library", "/dev/zero"],
        ["build", str(tmp_path / "o.xclbin"), "--section", "77:/dev/zero"],
    ):
        assert main(["xclbin", *command]) == 2
        assert "it is no regular file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
