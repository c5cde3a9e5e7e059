"""The words of a config_info.dat: prefixes, copies and line numbers."""

import copy
import pickle

import pytest

from xfblas.errors import ImageError
from xfblas.image.configuration import Configuration, Options, parse_options

OF_GEMX = """\
GEMX_gemmMBlocks=4
GEMX_gemmKBlocks=4
GEMX_macBits=48
TEST_MEMCPY=0
GEMX_ddrWidth=32
GEMX_part=u200
"""


def test_words_may_stand_on_one_line_with_any_white_space():
    text = "\ufeff  BLAS_dataType=short\tBLAS_ddrWidth=8 \r\n\r\nBLAS_runFcn=1"
    assert parse_options(text) == {
        "BLAS_dataType": "short",
        "BLAS_ddrWidth": "8",
        "BLAS_runFcn": "1",
    }


def test_a_key_is_found_under_either_prefix():
    options = parse_options(OF_GEMX)
    for key in ("GEMX_ddrWidth", "BLAS_ddrWidth", "ddrWidth"):
        assert options[key] == options.get(key) == "32"
        assert key in options
    assert options["TEST_MEMCPY"] == "0"
    assert "BLAS_none" not in options
    assert options.get("BLAS_none") is None
    assert options.get("BLAS_none", "7") == "7"
    assert 5 not in options
    with pytest.raises(KeyError, match="BLAS_none"):
        options["BLAS_none"]
    assert list(options)[:2] == ["GEMX_gemmMBlocks", "GEMX_gemmKBlocks"]
    assert isinstance(options, dict)


def test_setting_and_removing_reach_the_key_under_either_prefix():
    options = parse_options(OF_GEMX)
    size = len(options)
    options["BLAS_ddrWidth"] = "8"
    options.update(BLAS_part="u250")
    assert options.setdefault("BLAS_macBits", "1") == "48"
    assert options["GEMX_ddrWidth"] == "8"
    assert len(options) == size
    del options["BLAS_ddrWidth"]
    assert options.pop("BLAS_part") == "u250"
    assert options.pop("BLAS_part", None) is None
    assert len(options) == size - 2


@pytest.mark.parametrize(
    "copied",
    [
        Options.copy,
        copy.copy,
        copy.deepcopy,
        lambda options: pickle.loads(pickle.dumps(options)),
    ],
)
def test_copies_keep_both_prefixes_and_the_lines(copied):
    options = copied(parse_options("GEMX_dataType=short\nGEMX_ddrWidth=0", "file.dat"))
    assert options["BLAS_ddrWidth"] == "0"
    with pytest.raises(ImageError, match=r"file.dat line 2: ddrWidth"):
        Configuration.from_options(options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nBLAS_ddrWidth", "file.dat line 2: 'BLAS_ddrWidth' is not NAME=value"),
        ("a=1\n\n =4", "file.dat line 3: '=4' is not NAME=value"),
        ("BLAS_=4", "line 1: 'BLAS_=4' is not NAME=value"),
        ("BLAS_a=", "line 1: 'BLAS_a=' is not NAME=value"),
        ("BLAS_a = 4", "line 1: 'BLAS_a' is not NAME=value"),
        ("x" * 5000, r"line 1: 'x{60}\.\.\.' is not NAME=value"),
        ("\0\1\2", "line 1: .* is not NAME=value"),
        ("BLAS_a=1 b=2\nBLAS_a=2", "line 2: BLAS_a is '2' here and '1' on line 1"),
        ("BLAS_a=1\nBLAS_a=1\nBLAS_a=2", "line 3: BLAS_a is '2' here and '1' on line 1"),
        ("BLAS_a=1\nb=1\nGEMX_a=2", "line 3: GEMX_a is '2' here and '1' on line 1"),
    ],
)
def test_words_that_cannot_be_read_are_named_with_their_line(text, message):
    with pytest.raises(ImageError, match=message):
        parse_options(text, "file.dat")


def test_a_key_may_be_repeated_with_the_same_value():
    assert parse_options("BLAS_a=1\nBLAS_a=1 GEMX_a=1") == {"BLAS_a": "1"}
    assert parse_options("") == {}


def test_a_value_that_was_set_later_is_on_no_line():
    options = parse_options("BLAS_dataType=short\nBLAS_ddrWidth=8", "file.dat")
    options["GEMX_ddrWidth"] = "0"
    with pytest.raises(ImageError, match=r"^file.dat: ddrWidth is '0'"):
        Configuration.from_options(options)
