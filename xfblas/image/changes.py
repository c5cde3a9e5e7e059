"""What the command line changes in a configuration: an option for each key that engines honour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .boards import board_names, read_board
from .configuration import Configuration, parse_options
from .element_types import ELEMENT_TYPES, SPELLINGS, X_TYPES
from .options import PREFIXES
from .regular_file import read_regular

SWITCHES = {"0": False, "1": True}


def _engines(text: str) -> frozenset[str]:
    return frozenset(word.strip().capitalize() for word in text.split(","))


@dataclass(frozen=True)
class Option:
    """An option of ``xfblas xclbin build``, for an attribute of :class:`Configuration`."""

    flags: tuple[str, ...]
    attribute: str
    type: Callable
    help: str


OPTIONS = (
    Option(("--data-type",), "data_type", str, "dataType, of elements: short, float or int8"),
    Option(("--x-data-type",), "x_data_type", str, "XdataType, of X: int32_t, short, int8, float"),
    Option(("--ddr-width",), "ddr_width", int, "ddrWidth: elements in a memory word"),
    Option(("--x-ddr-width",), "x_ddr_width", int, "XddrWidth: elements of X in a memory word"),
    *(
        Option(
            (f"--{letter}-blocks",),
            f"{letter}_blocks",
            int,
            f"gemm{letter.upper()}Blocks: memory words of a tile along {letter}",
        )
        for letter in "mkn"
    ),
    Option(("--mac-bits",), "mac_bits", int, "macBits: 48, of int8 32"),
    Option(("--xvec",), "xvec", str, "XVEC: 1 where Fcn takes X as one row for all of C, else 0"),
    Option(
        ("--num-instr",),
        "instructions_per_launch",
        int,
        "numInstr: instructions of a launch, 2 to 64; public images have 16",
    ),
    Option(
        ("--num-cu", "--num-kernels"),
        "kernel_count",
        int,
        "numKernels: compute units of each engine, with a bank each",
    ),
    Option(("--engine",), "engines", _engines, "runFcn, runGemm, runGemv: such as fcn,gemm,gemv"),
    Option(("--part",), "part", str, "part: name of the card, such as u200"),
)


def read_source(path: Path) -> tuple[Configuration, str]:
    """The configuration of a config_info.dat and the prefix of its keys.

    Raises:
        ImageError: the file cannot be used; names the line.
        OSError: it cannot be read.
    """
    options = parse_options(read_regular(path).decode("utf-8", "replace"), str(path))
    if options.get("keepMacBits") == "0":
        # The width of sums says nothing then, in public images too.
        options.pop("macBits", None)
    prefix = next(
        (prefix for prefix in PREFIXES for key in options if key.startswith(prefix)), None
    )
    return Configuration.from_options(options), prefix or PREFIXES[0]


def changed(base: Configuration, given: Mapping) -> Configuration:
    """A configuration with the values that were given, and what follows from them.

    Args:
        base: what it is without them.
        given: by attribute; None leaves the base's.

    Raises:
        InvalidValueError: a value cannot be used.
    """
    values = {option.attribute: given[option.attribute] for option in OPTIONS}
    values = {name: value for name, value in values.items() if value is not None}
    spelled = {"xvec": SWITCHES, "data_type": SPELLINGS, "x_data_type": SPELLINGS}
    for name in spelled.keys() & values.keys():
        values[name] = spelled[name].get(values[name], values[name])
    data_type = values.get("data_type")
    if data_type in ELEMENT_TYPES:
        values = {
            "x_data_type": ELEMENT_TYPES[data_type].addends[0],
            "mac_bits": ELEMENT_TYPES[data_type].mac_bits,
        } | values
    if base.machine is not None and ({"data_type", "part"} & set(values)):
        values["machine"] = _machine(values.get("part", base.part), data_type or base.data_type)
    found = replace(base, **values)
    if {"ddr_width", "data_type", "x_data_type"} & set(values) and "x_ddr_width" not in values:
        # A memory word of X has as many bytes as one of A, but at least one element.
        word_bytes = found.ddr_width * X_TYPES[found.data_type].bytes
        width = max(1, word_bytes // X_TYPES[found.x_data_type].bytes)
        found = replace(found, x_ddr_width=width)
    return found


def _machine(part: str, data_type: str):
    """The sizes of a board's engine; None where they are not known."""
    known = part in board_names() and data_type in ELEMENT_TYPES
    return read_board(part).machine(data_type) if known else None
