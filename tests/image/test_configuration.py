"""What an image was built for: values, limits and paddings of a config_info.dat."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xfblas
from xfblas.errors import ImageError, InvalidValueError
from xfblas.image.configuration import (
    ENGINES,
    NUMBERS,
    Configuration,
    parse_options,
)
from xfblas.image.images import specification

# Of the public library's u200 image for int16.
OF_GEMX = """\
GEMX_gemmMBlocks=4
GEMX_gemmKBlocks=4
GEMX_gemmNBlocks=4
GEMX_splitMesh=1
GEMX_keepMacBits=1
GEMX_macBits=48
GEMX_XdataType=short
GEMX_XddrWidth=32
TEST_MEMCPY=0
GEMX_dataType=short
GEMX_ddrWidth=32
GEMX_numInstr=16
GEMX_part=u200
GEMX_runGemv=0
GEMX_runGemm=1
GEMX_runFcn=0
GEMX_numKernels=1
GEMX_fpgaDdrBanks=XCL_MEM_DDR_BANK0,XCL_MEM_DDR_BANK3
"""

configurations = st.builds(
    Configuration,
    data_type=st.sampled_from(["short", "float", "int8"]),
    x_data_type=st.sampled_from(["short", "float", "int8", "int32_t"]),
    xvec=st.booleans(),
    engines=st.frozensets(st.sampled_from(ENGINES)),
    part=st.sampled_from(["", "u200", "u250"]),
    **{n.attribute: st.integers(n.minimum, n.maximum) for n in NUMBERS},
)


def read(text: str) -> Configuration:
    return Configuration.from_options(parse_options(text, "file.dat"))


def test_a_public_file_is_read():
    configuration = read(OF_GEMX)
    assert configuration == Configuration(
        data_type="short",
        x_data_type="short",
        ddr_width=32,
        x_ddr_width=32,
        m_blocks=4,
        k_blocks=4,
        n_blocks=4,
        instructions_per_launch=16,
        engines=frozenset({"Gemm"}),
        part="u200",
    )
    assert configuration.paddings == (128, 128, 128)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "dataType=double",
            "file.dat line 3: dataType is 'double', expected short or float or",
        ),
        ("dataType=short XdataType=long", "line 3: XdataType is 'long', expected"),
        (
            "dataType=short ddrWidth=0",
            "line 3: ddrWidth is '0', expected a whole number from 1",
        ),
        ("dataType=short ddrWidth=-1", "line 3: ddrWidth is '-1'"),
        ("dataType=short ddrWidth=1.5", "line 3: ddrWidth is '1.5'"),
        ("dataType=short ddrWidth=1_0", "line 3: ddrWidth is '1_0'"),
        ("dataType=short ddrWidth=\u0662", "line 3: ddrWidth is '\u0662'"),
        ("dataType=short ddrWidth=" + "9" * 5000, "line 3: ddrWidth is '9"),
        ("dataType=short XddrWidth=0", "line 3: XddrWidth is '0'"),
        ("dataType=short gemmMBlocks=0", "line 3: gemmMBlocks is '0'"),
        ("dataType=short gemmKBlocks=0", "line 3: gemmKBlocks is '0'"),
        ("dataType=short gemmNBlocks=four", "line 3: gemmNBlocks is 'four'"),
        ("dataType=short numInstr=1", "numInstr is '1', expected a whole number from 2 to 64"),
        (
            "dataType=short numInstr=65",
            "numInstr is '65', expected a whole number from 2 to 64",
        ),
        ("dataType=short numKernels=0", "line 3: numKernels is '0'"),
        (
            "dataType=short runFcn=2",
            "line 3: runFcn is '2', expected a whole number from 0 to 1",
        ),
        ("dataType=short XVEC=yes", "line 3: XVEC is 'yes'"),
        ("part=u200", "file.dat names no dataType, expected short or float or int8"),
    ],
)
def test_values_that_cannot_be_used_are_named_with_their_line(word, message):
    with pytest.raises(ImageError, match=message):
        read("\n\n" + word)


def test_plain_mappings_are_taken_too():
    configuration = Configuration.from_options({"GEMX_dataType": "float", "BLAS_ddrWidth": 16})
    assert (configuration.dtype_name, configuration.ddr_width) == ("float32", 16)
    with pytest.raises(ImageError, match=r"^there is no dataType"):
        Configuration.from_options({})
    with pytest.raises(ImageError, match=r"^ddrWidth is '0'"):
        Configuration.from_options({"dataType": "float", "BLAS_ddrWidth": 0})
    with pytest.raises(ImageError, match="GEMX_ddrWidth is 2, but BLAS_ddrWidth is 1"):
        Configuration.from_options({"BLAS_ddrWidth": 1, "GEMX_ddrWidth": 2})


def test_what_a_file_does_not_say():
    short = read("BLAS_dataType=short BLAS_ddrWidth=32")
    assert short == Configuration("short", "int32_t", ddr_width=32, x_ddr_width=32)
    assert (short.instructions_per_launch, short.kernel_count, short.engines) == (16, 1, set())
    assert read("dataType=float").x_data_type == "float"
    assert read("dataType=int8").mac_bits == 32


@pytest.mark.parametrize(
    ("data_type", "dtype"), [("short", "int16"), ("float", "float32"), ("int8", "int8")]
)
def test_names_of_element_types(data_type, dtype):
    assert read(f"dataType={data_type}").dtype_name == dtype


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *(("short", "short"), ("int16_t", "short"), ("int", "int32_t"), ("int32_t", "int32_t")),
        *(("float", "float"), ("int8", "int8"), ("int8_t", "int8")),
    ],
)
def test_spellings_of_the_type_of_x(spelling, name):
    assert read(f"dataType=short XdataType={spelling}").x_data_type == name


@pytest.mark.parametrize(
    ("width", "blocks", "paddings", "chain"),
    [
        (1, (1, 1, 1), (1, 1, 1), 1),
        (32, (4, 4, 4), (128, 128, 128), 128),
        (8, (1, 2, 3), (8, 16, 24), 24),
        (8, (5, 4, 3), (40, 32, 24), 32),
    ],
)
def test_paddings(width, blocks, paddings, chain):
    m, k, n = blocks
    configuration = Configuration(
        "short", "int32_t", ddr_width=width, m_blocks=m, k_blocks=k, n_blocks=n
    )
    assert configuration.paddings == paddings
    assert configuration.chain_padding == chain


def test_the_default_images_need_no_padding():
    for name in ("default_short", "default_float"):
        configuration = specification(name).configuration
        assert (*configuration.paddings, configuration.chain_padding) == (1, 1, 1, 1)
    assert specification("seed_short").configuration.paddings == (128, 128, 128)


@given(configurations, st.sampled_from(["BLAS_", "GEMX_"]))
def test_a_configuration_comes_back_from_its_text(configuration, prefix):
    assert read(configuration.to_text(prefix)) == configuration


def test_the_text_is_complete():
    words = specification("seed_short").configuration.to_text("GEMX_").split()
    assert {
        "GEMX_dataType=short",
        "GEMX_XdataType=int32_t",
        "GEMX_ddrWidth=32",
        "GEMX_XddrWidth=16",
        "GEMX_gemmMBlocks=4",
        "GEMX_gemmKBlocks=4",
        "GEMX_gemmNBlocks=4",
        "GEMX_macBits=48",
        "GEMX_keepMacBits=1",
        "GEMX_XVEC=0",
        "GEMX_numInstr=16",
        "GEMX_numKernels=1",
        "GEMX_runGemm=1",
        "GEMX_runGemv=1",
        "GEMX_runFcn=1",
        "GEMX_argInstrWidth=1",
        "GEMX_instructionSizeBytes=64",
        "GEMX_part=u200",
        "GEMX_fpgaDdrBanks=XCL_MEM_DDR_BANK0,XCL_MEM_DDR_BANK1,XCL_MEM_DDR_BANK2",
    } == set(words)
    default = specification("default_short").configuration.to_text().split()
    # A word of one int16 is 2 of an instruction's 64 bytes.
    assert "BLAS_argInstrWidth=32" in default
    with pytest.raises(InvalidValueError, match="prefix is 'X_'"):
        specification("seed_short").configuration.to_text("X_")


@pytest.mark.parametrize(
    "change",
    [
        {"data_type": "double"},
        {"x_data_type": "int"},
        {"ddr_width": 0},
        {"ddr_width": 1.0},
        {"ddr_width": True},
        {"instructions_per_launch": 1},
        {"instructions_per_launch": 65},
        {"kernel_count": 0},
        {"engines": frozenset({"Spmv"})},
        {"part": "u 200"},
    ],
)
def test_values_out_of_range_are_refused(change):
    with pytest.raises(InvalidValueError, match=next(iter(change)).removesuffix("s")):
        replace(Configuration("short", "int32_t"), **change)


@given(st.text())
def test_any_text_gives_a_configuration_or_an_image_error(text):
    for options in (text, "BLAS_dataType=short " + text):
        with suppress(ImageError):
            read(options)


@pytest.mark.parametrize("character", ["\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u2028"])
def test_words_end_where_they_end_in_c(tmp_path, character):
    """At white space of ASCII alone: these belong to the word, in both readers."""
    text = specification("default_short").configuration.to_text()
    path = tmp_path / "config_info.dat"
    path.write_text(f"{text}BLAS_odd=1{character}BLAS_runGemm=0\n", encoding="utf-8")
    options = parse_options(path.read_text(encoding="utf-8"))
    assert options["BLAS_odd"] == f"1{character}BLAS_runGemm=0"
    assert options["BLAS_runGemm"] == "1"
    with xfblas.open(xfblas.image_path("default_short"), path, engine="Gemm") as device:
        assert device.engine == "Gemm"
